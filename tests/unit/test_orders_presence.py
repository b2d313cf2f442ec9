"""Whether a vehicle is there, by the connection topic and by silence, and what that means for its order."""

from __future__ import annotations

import pytest

from fleet.controller.inbox import Facts
from fleet.controller.turn import Due
from fleet.dispatch.reserve import bay_of
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.order import ActionKind, OrderPhase
from fleet.model.twin import Liveness
from fleet.roads.site_roads import SiteRoads
from fleet.wire.messages import (
    Connection,
    ConnectionState,
    EmergencyStop,
    ErrorLevel,
    InstantActions,
    OperatingMode,
    Safety,
)
from fleet.wire.messages import Order as OrderMessage
from tests.nouns import DEPOT, VAN_1, Office, a_header, a_state, an_error, driving, loaded, opened, the_order
from tests.unit.test_controller_turn import ask, submit

C = ConnectionState


def says(office: Office, *words: ConnectionState, after_s: float = 1.0) -> None:
    """The connection topic says so, one turn each."""
    for word in words:
        office.turn(Facts(connections=[(VAN_1, Connection(header=a_header(), state=word))]), after_s=after_s)


def causes(office: Office) -> list[AssistCause]:
    return [assist.cause for assist in office.state.assists.values()]


@pytest.fixture
def office(roads: SiteRoads) -> Office:
    """Van 1 is under way to the far end of town and has shown its order; its base is shorter than its way."""
    office = Office(roads, loaded(roads))
    office.turn(due=Due(vehicles=(VAN_1,)))
    [order] = office.state.orders.values()
    office.hear(VAN_1, driving(order, 0))
    assert the_order(office).phase is OrderPhase.ACTIVE
    office.sent.clear()
    return office


def told_orders(office: Office) -> list[OrderMessage]:
    return [message for _, message in office.sent if isinstance(message, OrderMessage)]


@pytest.mark.vda5050("3.3")
def test_a_vehicle_whose_line_broke_keeps_its_order_and_is_told_nothing(office: Office) -> None:
    before = the_order(office)
    says(office, C.CONNECTION_BROKEN)
    office.turn(due=Due(vehicles=(VAN_1,)), after_s=60.0)
    assert the_order(office) == before
    assert office.sent == []


@pytest.mark.vda5050("3.3")
def test_a_vehicle_whose_line_broke_while_it_is_loaded_keeps_its_bay(roads: SiteRoads) -> None:
    office = Office(roads, opened(roads))
    ask(office, submit("r-1"))
    assert office.state.holds(bay_of(DEPOT), VAN_1)
    says(office, C.CONNECTION_BROKEN)
    office.turn(due=Due(silent=((VAN_1, Liveness.STALE), (VAN_1, Liveness.LOST))), after_s=120.0)
    assert office.state.holds(bay_of(DEPOT), VAN_1)
    assert the_order(office).phase is OrderPhase.ISSUED


@pytest.mark.vda5050("3.4")
@pytest.mark.parametrize("gone", [C.CONNECTION_BROKEN, C.OFFLINE])
def test_a_vehicle_that_is_back_is_told_nothing_before_it_has_said_a_state(
    office: Office, gone: ConnectionState
) -> None:
    says(office, gone, C.ONLINE)
    assert not office.state.twin(VAN_1).can_take_orders
    [(_, request)] = office.sent
    assert isinstance(request, InstantActions)
    assert request.actions[0].action_type == ActionKind.STATE_REQUEST.value
    office.hear(VAN_1, driving(the_order(office), 0))
    assert office.state.twin(VAN_1).can_take_orders


@pytest.mark.vda5050("3.4", "11.3")
def test_a_vehicle_that_is_back_without_its_order_has_lost_it(office: Office) -> None:
    order = the_order(office)
    says(office, C.CONNECTION_BROKEN, C.ONLINE)
    office.hear(VAN_1, a_state())
    ended = office.state.ended_order(VAN_1, order.id)
    assert ended is not None
    assert ended.phase is OrderPhase.VANISHED
    assert causes(office) == [AssistCause.ORDER_VANISHED]


@pytest.mark.vda5050("3.5")
def test_a_vehicle_that_never_says_it_is_back_is_back_with_its_states_and_that_is_noted(office: Office) -> None:
    says(office, C.CONNECTION_BROKEN)
    office.hear(VAN_1, driving(the_order(office), 0))
    assert ev.ConnectionChanged(vehicle_id=VAN_1, connection="ONLINE", by_state=True) in office.events
    assert office.state.twin(VAN_1).can_take_orders


@pytest.mark.vda5050("3.7")
def test_a_vehicle_that_takes_its_leave_with_an_order_keeps_it_and_a_person_is_called(office: Office) -> None:
    order = the_order(office)
    says(office, C.OFFLINE)
    assert causes(office) == [AssistCause.VEHICLE_OFFLINE]
    office.turn(due=Due(vehicles=(VAN_1,)), after_s=60.0)
    assert the_order(office) == order
    assert office.sent == []


@pytest.mark.vda5050("3.7")
def test_its_person_need_not_come_when_it_is_back_but_nothing_is_released_before_it_has_said_where_it_is(
    office: Office,
) -> None:
    says(office, C.OFFLINE, C.ONLINE)
    assert causes(office) == []
    assert not office.state.twin(VAN_1).can_take_orders
    office.turn(due=Due(vehicles=(VAN_1,)), after_s=60.0)
    assert told_orders(office) == []
    office.hear(VAN_1, driving(the_order(office), the_order(office).released))
    assert [order.order_update_id for order in told_orders(office)] == [1]


def test_a_vehicle_that_takes_its_leave_with_nothing_to_do_calls_nobody(roads: SiteRoads) -> None:
    office = Office(roads, opened(roads))
    says(office, C.OFFLINE)
    assert causes(office) == []


@pytest.mark.vda5050("3.2")
@pytest.mark.parametrize(
    "said",
    [
        {"safety": Safety(emergency_stop=EmergencyStop.MANUAL, field_violation=False)},
        {"mode": OperatingMode.MANUAL},
        {"errors": (an_error("motor", ErrorLevel.FATAL),)},
        {"paused": True},
    ],
    ids=["e-stop", "mode", "fault", "paused"],
)
def test_a_vehicle_that_is_online_is_fit_only_by_its_state(roads: SiteRoads, said: dict[str, object]) -> None:
    office = Office(roads, opened(roads))
    says(office, C.ONLINE)
    office.hear(VAN_1, a_state(**said))  # type: ignore[arg-type]  # by field name
    assert office.state.twin(VAN_1).connection == "ONLINE"
    assert not office.state.twin(VAN_1).can_take_orders
    office.hear(VAN_1, a_state())
    assert office.state.twin(VAN_1).can_take_orders


@pytest.mark.vda5050("3.2")
def test_a_vehicle_that_is_online_and_says_no_state_is_silent(roads: SiteRoads) -> None:
    office = Office(roads, opened(roads))
    office.turn(due=Due(silent=((VAN_1, Liveness.STALE),)))
    says(office, C.ONLINE)
    assert office.state.twin(VAN_1).liveness is Liveness.STALE
    assert not office.state.twin(VAN_1).can_take_orders


@pytest.mark.vda5050("3.6", "9.8")
def test_a_stale_vehicle_is_asked_for_its_state(roads: SiteRoads) -> None:
    office = Office(roads, opened(roads))
    office.turn(due=Due(silent=((VAN_1, Liveness.STALE),)))
    [(to, request)] = office.sent
    assert isinstance(request, InstantActions)
    assert (to, request.actions[0].action_type) == (VAN_1, ActionKind.STATE_REQUEST.value)


@pytest.mark.vda5050("3.6")
def test_a_hibernating_vehicle_is_neither_stale_nor_lost(roads: SiteRoads) -> None:
    office = Office(roads, opened(roads))
    says(office, C.HIBERNATING)
    office.turn(due=Due(silent=((VAN_1, Liveness.STALE), (VAN_1, Liveness.LOST))), after_s=600.0)
    assert office.state.twin(VAN_1).liveness is Liveness.FRESH
    assert causes(office) == []


def test_a_vehicle_that_was_thought_lost_and_hibernates_needs_nobody(roads: SiteRoads) -> None:
    office = Office(roads, opened(roads))
    office.turn(due=Due(silent=((VAN_1, Liveness.LOST),)))
    says(office, C.HIBERNATING)
    assert causes(office) == []


@pytest.mark.vda5050("3.9", "10.8")
def test_an_order_that_is_not_ours_is_neither_extended_nor_cancelled_and_a_person_is_called(roads: SiteRoads) -> None:
    office = Office(roads, opened(roads))
    office.turn(Facts(link_came_up=True))
    office.sent.clear()
    office.hear(VAN_1, a_state(order="theirs", left=[("n9", 2)]))
    ask(office, submit("r-1", "r-2"))
    assert causes(office) == [AssistCause.FOREIGN_ORDER]
    assert [to for to, _ in office.sent if to == VAN_1] == []
