"""What follows from how a vehicle is: it is woken, its order given up, or a person called."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fleet.controller.inbox import Facts
from fleet.controller.turn import Due
from fleet.dispatch.fitness import WAKE_AHEAD_S
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.order import ActionKind, OrderPhase
from fleet.model.profile import ActionOffer, Habits, Learned
from fleet.orders.hibernation import Hibernate, WakeUp
from fleet.roads.site_roads import SiteRoads
from fleet.state.fleet_state import FleetState
from fleet.wire.messages import (
    ActionStatus,
    Connection,
    ConnectionState,
    EmergencyStop,
    InstantActions,
    OperatingMode,
    Power,
    Safety,
)
from fleet.wire.messages import Order as OrderMessage
from tests.nouns import (
    NOW_S,
    VAN_1,
    VAN_2,
    Office,
    a_header,
    a_plan,
    a_run,
    a_state,
    a_trip,
    a_vehicle,
    after,
    an_order,
    driving,
    loaded,
    on_its_way,
    opened,
    standing_at,
    the_order,
)
from tests.unit.test_controller_turn import ask, submit

STOP = Safety(emergency_stop=EmergencyStop.AUTOACK, field_violation=False)
FIELD = Safety(emergency_stop=EmergencyStop.NONE, field_violation=True)
SLEEPY = Learned(
    has_factsheet=True, actions=(ActionOffer(kind="startHibernation"), ActionOffer(kind="stopHibernation"))
)


@pytest.fixture
def office(roads: SiteRoads) -> Office:
    """Van 1 is on its way and has shown its order."""
    return on_its_way(roads)


@pytest.fixture
def home(roads: SiteRoads) -> Office:
    """Van 1 stands at its station, can hibernate, and has nothing to do."""
    return Office(roads, after(opened(roads), [ev.ProfileLearned(vehicle_id=VAN_1, learned=SLEEPY)]))


def causes(office: Office) -> list[AssistCause]:
    return [assist.cause for assist in office.state.assists.values()]


def asked(office: Office) -> list[str]:
    return [m.actions[0].action_type for to, m in office.sent if to == VAN_1 and isinstance(m, InstantActions)]


def wait(office: Office, seconds: float) -> None:
    office.turn(due=Due(vehicles=(VAN_1,)), after_s=seconds)


def connects(office: Office, word: ConnectionState) -> None:
    office.turn(Facts(connections=[(VAN_1, Connection(header=a_header(), state=word))]))


# Stopped --------------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("11.4")
@pytest.mark.parametrize("safety", [STOP, FIELD], ids=["emergency stop", "protective field"])
def test_a_stop_that_is_soon_over_calls_nobody(office: Office, safety: Safety) -> None:
    before = the_order(office)
    office.hear(VAN_1, driving(before, 0, safety=safety))
    assert not office.state.twin(VAN_1).can_take_orders
    wait(office, 28.0)
    assert causes(office) == []
    office.hear(VAN_1, driving(before, 0))
    wait(office, 60.0)
    assert causes(office) == []
    assert the_order(office).id == before.id


@pytest.mark.vda5050("11.4")
def test_a_stop_that_lasts_calls_a_person_and_the_order_is_kept_and_not_extended(office: Office) -> None:
    before = the_order(office)
    office.hear(VAN_1, driving(before, 0, safety=STOP))
    wait(office, 31.0)
    assert causes(office) == [AssistCause.VEHICLE_FAULT]
    assert the_order(office) == before
    assert office.sent == []
    office.hear(VAN_1, driving(before, 0))
    assert causes(office) == []


# Driven by people -----------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("11.1", "11.2", "6.10", "14.3")
def test_an_order_that_its_vehicle_kept_while_people_drove_it_is_never_gone_on_with(office: Office) -> None:
    old = the_order(office)
    office.hear(VAN_1, driving(old, 0, mode=OperatingMode.MANUAL))
    assert the_order(office).phase is OrderPhase.CANCELLING
    assert AssistCause.VEHICLE_NOT_AUTOMATIC in causes(office)
    office.hear(VAN_1, driving(old, 0))
    assert not [m for _, m in office.sent if isinstance(m, OrderMessage)]
    cancel = office.state.twin(VAN_1).instant(ActionKind.CANCEL_ORDER)
    assert cancel is not None
    office.hear(VAN_1, driving(old, 0, left=(), edges=(), actions={cancel.action_id: ActionStatus.FINISHED}))
    [anew] = [m for _, m in office.sent if isinstance(m, OrderMessage)]
    assert anew.order_id != old.id


@pytest.mark.vda5050("11.1", "11.2", "14.3")
def test_an_order_cleared_by_hand_is_over_its_parcels_stay_aboard_and_a_new_one_has_a_new_id(office: Office) -> None:
    old = the_order(office)
    office.hear(VAN_1, a_state(order=old.id, mode=OperatingMode.MANUAL))
    assert office.state.orders.get(old.id) is None
    assert office.state.twin(VAN_1).aboard == {"run-1"}
    office.hear(VAN_1, a_state(order=old.id, at="", position=standing_at(150.0, 0.0)))
    [anew] = [m for _, m in office.sent if isinstance(m, OrderMessage)]
    assert anew.order_id != old.id


@pytest.mark.vda5050("11.m2")
def test_a_vehicle_that_people_intervene_on_keeps_its_order(office: Office) -> None:
    office.hear(VAN_1, driving(the_order(office), 0, mode=OperatingMode.INTERVENED))
    assert the_order(office).phase is OrderPhase.ACTIVE
    assert causes(office) == []


@pytest.mark.vda5050("2.8")
def test_a_mode_that_nobody_knows_ends_no_order_and_takes_none(office: Office) -> None:
    office.hear(VAN_1, driving(the_order(office), 0, mode=OperatingMode.UNKNOWN))
    assert the_order(office).phase is OrderPhase.ACTIVE
    assert not office.state.twin(VAN_1).can_take_orders


# Not where it is ------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("11.5")
def test_a_vehicle_that_charges_in_the_middle_of_a_trip_leaves_the_plug_before_its_next_order(roads: SiteRoads) -> None:
    office = Office(roads, loaded(roads))
    plugged = a_state(power=Power(soc_fraction=0.8, is_charging=True))
    office.hear(VAN_1, plugged)
    assert asked(office) == [ActionKind.STOP_CHARGING.value]
    assert not [m for _, m in office.sent if isinstance(m, OrderMessage)]
    office.hear(VAN_1, plugged)
    assert not [m for _, m in office.sent if isinstance(m, OrderMessage)]
    office.hear(VAN_1, a_state())
    assert [m for _, m in office.sent if isinstance(m, OrderMessage)]


@pytest.mark.vda5050("11.5")
def test_a_vehicle_that_cannot_stop_charging_gets_its_order_all_the_same(roads: SiteRoads) -> None:
    office = Office(roads, loaded(roads))
    plugged = a_state(power=Power(soc_fraction=0.8, is_charging=True))
    office.hear(VAN_1, plugged)
    stop = office.state.twin(VAN_1).instant(ActionKind.STOP_CHARGING)
    assert stop is not None
    office.hear(VAN_1, a_state(power=plugged.power, actions={stop.action_id: ActionStatus.FINISHED}))
    assert not [m for _, m in office.sent if isinstance(m, OrderMessage)]
    wait(office, 61.0)
    assert [m for _, m in office.sent if isinstance(m, OrderMessage)]
    assert asked(office).count(ActionKind.STOP_CHARGING.value) == 1


# Gauges of two words --------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("11.6")
@pytest.mark.parametrize(("coarse", "leaves"), [(True, True), (False, False)])
def test_a_battery_that_can_say_no_more_than_good_is_full_at_that(
    roads: SiteRoads, *, coarse: bool, leaves: bool
) -> None:
    van = a_vehicle()
    habits = Habits(has_coarse_gauge=coarse)
    enrolled = ev.VehicleEnrolled(vehicle=type(van)(**{n: getattr(van, n) for n in van.__slots__} | {"habits": habits}))
    office = Office(roads, after(opened(roads), [enrolled]))
    office.hear(VAN_1, a_state(power=Power(soc_fraction=0.2, is_charging=True)))
    office.hear(VAN_1, a_state(power=Power(soc_fraction=0.8, is_charging=True)))
    assert (ActionKind.STOP_CHARGING.value in asked(office)) is coarse


@pytest.mark.vda5050("11.6")
def test_a_battery_that_says_bad_goes_to_the_charger(roads: SiteRoads) -> None:
    office = Office(roads, opened(roads))
    office.hear(VAN_1, a_state(power=Power(soc_fraction=0.2, is_charging=False)))
    assert asked(office) == [ActionKind.START_CHARGING.value]


# Hibernating ----------------------------------------------------------------------------------------------------------


def test_people_let_an_idle_vehicle_sleep_and_it_is_no_longer_waited_for(home: Office) -> None:
    ask(home, Hibernate(VAN_1, "night"))
    assert asked(home) == [ActionKind.START_HIBERNATION.value]
    connects(home, ConnectionState.HIBERNATING)
    assert not home.state.twin(VAN_1).is_asked


def refusal(office: Office, command: Hibernate | WakeUp) -> str:
    [(_, answer)] = ask(office, command).results
    return str(answer) if isinstance(answer, Exception) else ""


@pytest.mark.vda5050("11.8")
@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda state: after(state, [ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned())]), "does not offer"),
        (
            lambda state: after(state, [ev.WorkLeftChanged(vehicle_id=VAN_1, has_order_left=True, foreign_order="")]),
            "is not idle",
        ),
        (lambda state: after(state, [ev.ConnectionChanged(vehicle_id=VAN_1, connection="HIBERNATING")]), "already"),
        (lambda state: after(state, [ev.VehicleHeld(vehicle_id=VAN_1, why="tyre")]), "cannot be told"),
        (lambda state: after(state, [ev.OrderIssued(order=an_order("n1", "point:p1"))]), "is not idle"),
    ],
    ids=["cannot", "busy", "asleep", "held", "under an order not seen yet"],
)
def test_who_cannot_sleep_now_is_not_told_to(home: Office, spoil: Callable[[FleetState], FleetState], why: str) -> None:
    home.state = spoil(home.state)
    assert why in refusal(home, Hibernate(VAN_1, "night"))
    assert asked(home) == []


def test_who_is_awake_is_not_woken(home: Office) -> None:
    assert "does not hibernate" in refusal(home, WakeUp(VAN_1, "inspection"))


def test_a_sleeping_vehicle_is_woken_some_minutes_before_its_trip(home: Office) -> None:
    connects(home, ConnectionState.HIBERNATING)
    starts_s = NOW_S + 3600.0
    trip = a_trip("trip-1", VAN_1)
    late = type(trip)(
        **{n: getattr(trip, n) for n in trip.__slots__} | {"load_from_s": starts_s, "charge_from_s": starts_s}
    )
    runs = ev.RunsAccepted(key="", digest="", runs=(a_run(),))
    home.state = after(home.state, [runs, ev.PlanAdopted(version=1, why="", plan=a_plan(late))], home.now_s)
    wait(home, 60.0)
    assert asked(home) == []
    wait(home, starts_s - WAKE_AHEAD_S - home.now_s)
    assert asked(home) == [ActionKind.STOP_HIBERNATION.value]
    connects(home, ConnectionState.ONLINE)
    home.hear(VAN_1, a_state())
    assert home.state.twin(VAN_1).can_take_orders


def test_a_sleeping_vehicle_is_planned_for(home: Office) -> None:
    connects(home, ConnectionState.HIBERNATING)
    home.state = after(home.state, [ev.VehicleHeld(vehicle_id=VAN_2, why="tyre")])
    ask(home, submit("r-1"))
    assert asked(home) == [ActionKind.STOP_HIBERNATION.value]


def test_a_vehicle_that_has_done_with_waking_is_awake_though_it_does_not_say_so(home: Office) -> None:
    connects(home, ConnectionState.HIBERNATING)
    ask(home, WakeUp(VAN_1, "inspection"))
    waking = home.state.twin(VAN_1).instant(ActionKind.STOP_HIBERNATION)
    assert waking is not None
    home.hear(VAN_1, a_state(actions={waking.action_id: ActionStatus.FINISHED}))
    assert home.state.twin(VAN_1).can_take_orders
