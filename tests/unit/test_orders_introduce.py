"""How a vehicle wants to be spoken to is journalled, and people are told where the site file says otherwise."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from fleet.controller.inbox import Facts
from fleet.controller.turn import Due
from fleet.model import event as ev
from fleet.model.assist import Assist, AssistCause
from fleet.model.order import ActionKind
from fleet.model.profile import STATE_INTERVAL_S_MAX, Habits
from fleet.roads.site_roads import SiteRoads
from fleet.state.fleet_state import FleetState
from fleet.telemetry.learn import Voice
from fleet.telemetry.profiles import profile
from fleet.wire.messages import InstantActions, OfferedAction, Order, ProtocolLimits
from tests.nouns import (
    POINT_2,
    VAN_1,
    VAN_2,
    Office,
    a_header,
    a_run,
    a_state,
    after,
    driving,
    loaded,
    opened,
)
from tests.unit.test_controller_turn import ask, submit
from tests.unit.test_telemetry_learn import a_factsheet


@pytest.fixture
def office(roads: SiteRoads, two_vans: FleetState) -> Office:
    return Office(roads, two_vans)


def calls(office: Office) -> list[Assist]:
    return list(office.state.assists.values())


def spoken(version: str) -> Facts:
    """Van 1 says a state in this version."""
    return Facts(states={VAN_1: [a_state(header=msgspec.structs.replace(a_header(), version=version))]})


def unspoken(version: str) -> Facts:
    return Facts(voices={(VAN_1, "state"): Voice("state", 4, version, is_spoken=False)})


def asked(office: Office) -> list[str]:
    return [message.actions[0].action_type for _, message in office.sent if isinstance(message, InstantActions)]


def test_a_vehicle_that_speaks_as_configured_is_no_news(office: Office) -> None:
    office.turn(spoken("2.1.0"))
    assert not [event for event in office.events if isinstance(event, ev.ProfileLearned)]


@pytest.mark.vda5050("0.3", "0.4")
def test_the_version_that_a_vehicle_speaks_is_journalled_once(office: Office) -> None:
    learned = 0
    for _ in range(3):
        office.turn(spoken("2.0.0"))
        learned += sum(isinstance(event, ev.ProfileLearned) for event in office.events)
    assert learned == 1
    assert profile(office.state.twin(VAN_1)).version == "2.0.0"


@pytest.mark.vda5050("4.6")
def test_people_are_told_once_that_site_file_and_vehicle_disagree_and_until_they_agree(office: Office) -> None:
    for _ in range(3):
        office.turn(spoken("2.0.0"))
    [call] = calls(office)
    assert call.cause is AssistCause.PROFILE_CONTRADICTS
    assert call.detail == "vda5050_version is '2.1.0' in the site file, '2.0.0' in its messages"
    office.turn(spoken("2.1.0"))
    assert calls(office) == []


def test_another_contradiction_is_told_anew(office: Office) -> None:
    office.turn(spoken("2.0.0"))
    office.turn(spoken("2.2.0"))
    [call] = calls(office)
    assert "'2.2.0' in its messages" in call.detail


@pytest.mark.vda5050("0.6")
def test_nothing_is_sent_to_a_vehicle_whose_version_nobody_speaks_and_a_person_is_told_why(office: Office) -> None:
    office.turn(unspoken("4.0.0"))
    [call] = calls(office)
    assert call.cause is AssistCause.VERSION_UNKNOWN
    assert "speaks VDA 5050 '4.0.0'" in call.detail
    assert "2.1.0" in call.detail
    assert not office.state.twin(VAN_1).can_take_orders


@pytest.mark.vda5050("0.6")
def test_a_vehicle_that_can_be_read_again_needs_nobody_any_more(office: Office) -> None:
    office.turn(unspoken("4.0.0"))
    office.turn(spoken("2.1.0"))
    assert calls(office) == []
    assert office.state.twin(VAN_1).can_take_orders


@pytest.mark.vda5050("0.1", "0.4")
def test_a_vehicle_that_comes_back_in_another_major_without_its_order_gets_the_next_one_in_its_own_words(
    roads: SiteRoads,
) -> None:
    """Its software was renewed on the way; the order it lost was of the version before."""
    office = Office(roads, loaded(roads, a_run(point=POINT_2)))
    office.turn(due=Due(vehicles=(VAN_1,)))
    [first] = orders_to(office)
    office.hear(VAN_1, a_state(order=first.order_id, left=[("n2", 2)]))
    anew = msgspec.structs.replace(a_header(), version="3.0.0")
    office.hear(VAN_1, a_state(header=anew))
    [_, second] = orders_to(office)
    assert second.order_id != first.order_id
    assert profile(office.state.twin(VAN_1)).version == "3.0.0"


def orders_to(office: Office) -> list[Order]:
    return [message for _, message in office.sent if isinstance(message, Order) and not message.order_update_id]


# Factsheets -----------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("4.1")
def test_a_factsheet_is_asked_for_where_none_is_known_and_not_again(office: Office) -> None:
    office.turn(Facts(factsheets={VAN_1: a_factsheet()}))
    office.turn(Facts(link_came_up=True))
    to_van_1 = [m.actions[0].action_type for to, m in office.sent if to == VAN_1 and isinstance(m, InstantActions)]
    assert to_van_1 == [ActionKind.STATE_REQUEST.value]
    assert asked(office).count(ActionKind.FACTSHEET_REQUEST.value) == 1


@pytest.mark.vda5050("4.1")
def test_a_factsheet_that_came_is_not_waited_for_any_longer(office: Office) -> None:
    """Some vehicles send it and never show the action that asked for it."""
    office.turn(Facts(link_came_up=True))
    assert office.state.twin(VAN_1).instant(ActionKind.FACTSHEET_REQUEST) is not None
    office.turn(Facts(factsheets={VAN_1: a_factsheet()}))
    assert office.state.twin(VAN_1).instant(ActionKind.FACTSHEET_REQUEST) is None


@pytest.mark.vda5050("4.1")
def test_a_vehicle_that_never_sends_a_factsheet_is_spoken_to_as_configured(office: Office) -> None:
    office.turn(Facts(link_came_up=True))
    request = office.state.twin(VAN_1).instant(ActionKind.FACTSHEET_REQUEST)
    assert request is not None
    office.turn(Facts(unconfirmed=[(VAN_1, request.action_id, "it was sent 4 times")]))
    office.hear(VAN_1, a_state())
    assert office.state.twin(VAN_1).can_take_orders
    assert calls(office) == []


def test_the_same_factsheet_again_is_no_news(office: Office) -> None:
    sheet = a_factsheet(actions=(OfferedAction(action_type="pick"),))
    office.turn(Facts(factsheets={VAN_1: sheet}))
    office.turn(Facts(factsheets={VAN_1: sheet}))
    assert office.events == []


@pytest.mark.vda5050("3.8")
def test_a_vehicle_that_began_anew_is_asked_for_its_state_and_factsheet(office: Office) -> None:
    office.turn(Facts(factsheets={VAN_1: a_factsheet()}))
    office.turn(Facts(restarted={VAN_1}))
    assert asked(office) == [ActionKind.STATE_REQUEST.value, ActionKind.FACTSHEET_REQUEST.value]


def test_what_a_vehicle_in_quarantine_tells_of_itself_is_noted_all_the_same(office: Office) -> None:
    broken = ev.ItemQuarantined(subject=f"vehicle:{VAN_1}", error="KeyError")
    office.state = replace(office.state, quarantine=office.state.quarantine.set(broken.subject, broken.error))
    office.turn(Facts(factsheets={VAN_1: a_factsheet()}))
    assert office.state.twin(VAN_1).learned.has_factsheet


@pytest.mark.vda5050("4.8")
def test_a_vehicle_that_is_longer_or_slower_than_the_site_file_says_is_told_of(office: Office) -> None:
    office.turn(Facts(factsheets={VAN_1: a_factsheet(length_m=4.5, width_m=1.5, speed_mps_max=5.0)}))
    [call] = calls(office)
    assert call.detail == (
        "it is 4.5 m long by its factsheet, 3 m by the site file; "
        "it drives 5 m/s at most by its factsheet, 8.5 m/s by the site file"
    )
    office.turn(Facts(factsheets={VAN_1: a_factsheet(length_m=2.5, speed_mps_max=20.0)}))
    assert calls(office) == []


LARGE = [
    ({"length_m": 6.5}, "it is 6.5 m long by its factsheet, places to stand have room for 6 m"),
    ({"length_m": 3.0, "width_m": 2.7}, "it is 2.7 m wide by its factsheet, lanes have room for 2.55 m"),
]


@pytest.mark.vda5050("4.8")
@pytest.mark.parametrize(("figures", "why"), LARGE)
def test_a_vehicle_for_which_roads_have_no_room_is_sent_nowhere_and_a_person_is_told_why(
    roads: SiteRoads, figures: dict[str, float], why: str
) -> None:
    office = Office(roads, loaded(roads, a_run(point=POINT_2)))
    office.turn(Facts(factsheets={VAN_1: a_factsheet(**figures)}))
    office.turn(due=Due(vehicles=(VAN_1,)))
    assert orders_to(office) == []
    [call] = [call for call in calls(office) if call.cause is AssistCause.VEHICLE_TOO_LARGE]
    assert call.detail == why
    office.turn(Facts(factsheets={VAN_1: a_factsheet(length_m=3.0, width_m=1.5)}))
    assert calls(office) == []
    assert orders_to(office), "its maker has put it right"


@pytest.mark.vda5050("4.8")
def test_a_vehicle_that_says_on_its_way_that_roads_have_no_room_for_it_is_let_on_no_farther(roads: SiteRoads) -> None:
    office = Office(roads, loaded(roads, a_run(point=POINT_2)))
    office.turn(due=Due(vehicles=(VAN_1,)))
    [order] = office.state.orders.values()
    office.turn(Facts(factsheets={VAN_1: a_factsheet(length_m=6.5)}))
    office.sent.clear()
    for passed in range(order.released + 1):
        office.hear(VAN_1, driving(order, passed), after_s=10.0)
    assert not [message for _, message in office.sent if isinstance(message, Order)]


@pytest.mark.vda5050("4.8")
def test_runs_are_planned_for_vehicles_that_have_room(roads: SiteRoads) -> None:
    office = Office(roads, opened(roads))
    office.turn(Facts(factsheets={VAN_1: a_factsheet(length_m=6.5)}))
    ask(office, submit("r-1"))
    [view] = office.state.trips.values()
    assert view.trip.vehicle_id == VAN_2


@pytest.mark.vda5050("4.6", "4.8")
def test_the_size_that_the_site_file_gives_for_a_make_beats_a_factsheet_that_is_wrong_and_people_are_told(
    roads: SiteRoads,
) -> None:
    office = Office(roads, loaded(roads, a_run(point=POINT_2)))
    known = replace(office.state.twin(VAN_1).vehicle, habits=Habits(length_m=3.2))
    office.state = after(office.state, [ev.VehicleEnrolled(vehicle=known)])
    office.turn(Facts(factsheets={VAN_1: a_factsheet(length_m=3200.0)}))
    assert [call.detail for call in calls(office)] == ["it is 3200 m long by its factsheet, 3.2 m by the site file"]
    assert orders_to(office)


@pytest.mark.vda5050("3.6", "4.6")
def test_a_vehicle_that_counts_its_intervals_in_milliseconds_is_missed_all_the_same_and_people_are_told(
    office: Office,
) -> None:
    limits = ProtocolLimits(state_interval_s_default=30_000.0, order_interval_s_min=1000.0)
    office.turn(Facts(factsheets={VAN_1: a_factsheet(limits=limits)}))
    assert profile(office.state.twin(VAN_1)).state_interval_s == STATE_INTERVAL_S_MAX
    [call] = calls(office)
    assert "defaultStateInterval" in call.detail
    assert "minOrderInterval" in call.detail
