"""Charging: when it begins and ends, and what happens when a charger does not do its part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import pytest

from fleet.controller.turn import Due
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import RunId, VehicleId
from fleet.model.order import ActionKind
from fleet.model.plug import Plug
from fleet.model.run import RunPhase
from fleet.model.site import Policy
from fleet.planning.present import problem_of
from fleet.roads.site_roads import SiteRoads
from fleet.state.fleet_state import FleetState
from fleet.wire.messages import ActionStatus, InstantActions, Power
from tests.nouns import (
    DEPOT,
    NOW_S,
    VAN_1,
    VAN_2,
    Office,
    Shown,
    a_plan,
    a_run,
    a_site,
    a_state,
    a_trip,
    after,
    failed,
    opened,
    town,
)

START, STOP = ActionKind.START_CHARGING, ActionKind.STOP_CHARGING
CHARGER = f"charger:{DEPOT}"


@pytest.fixture
def office(roads: SiteRoads, two_vans: FleetState) -> Office:
    """Van 1 stands at its station, nearly empty; the other one is well charged."""
    return Office(roads, after(two_vans, [charge(0.2)]))


def charge(soc_fraction: float, vehicle_id: VehicleId = VAN_1, *, is_charging: bool = False) -> ev.Event:
    return ev.ChargeChanged(vehicle_id=vehicle_id, soc_fraction=soc_fraction, is_charging=is_charging)


def asked(office: Office, vehicle_id: VehicleId = VAN_1) -> list[str]:
    """The charging actions that the vehicle was sent, in order."""
    said = [m.actions[0].action_type for v, m in office.sent if v == vehicle_id and isinstance(m, InstantActions)]
    return [kind for kind in said if kind in (START.value, STOP.value)]


def answer(office: Office, shown: Shown, *, soc: float = 0.2, is_charging: bool = False, after_s: float = 1.0) -> None:
    """Van 1 says how the action goes that it was asked for, and what is in its battery."""
    running = {str(instant.action_id): shown for instant in office.state.twin(VAN_1).instants}
    power = Power(soc_fraction=soc, is_charging=is_charging)
    office.hear(VAN_1, a_state(actions=running, power=power), after_s=after_s)


def wait(office: Office, minutes: float, vehicles: Iterable[VehicleId] = (VAN_1,)) -> None:
    """Look at the vehicles once a second, as a fleet full of news would."""
    for _ in range(int(minutes * 60)):
        office.turn(due=Due(vehicles=tuple(vehicles)))


def causes(office: Office) -> set[AssistCause]:
    return {assist.cause for assist in office.state.assists.values()}


def fail_to_start(office: Office) -> None:
    office.turn(due=Due(vehicles=(VAN_1,)))
    answer(office, failed("the charger gives no power"))


# The charger does not begin -------------------------------------------------------------------------------------------


def test_a_vehicle_whose_charging_failed_is_not_asked_again_at_once(office: Office) -> None:
    fail_to_start(office)
    wait(office, 1.9)
    assert asked(office) == [START.value]


def test_it_is_asked_again_after_two_then_five_then_ten_minutes(office: Office) -> None:
    fail_to_start(office)
    told_s = []
    for _ in range(40 * 60):
        office.turn(due=Due(vehicles=(VAN_1,)))
        if office.state.twin(VAN_1).instants:
            told_s.append(office.now_s)
            answer(office, failed("the charger gives no power"))
    gaps = [round((late - early) / 60.0) for early, late in pairwise(told_s)]
    assert gaps == [5, 10, 10, 10]


def test_a_dead_charger_costs_a_few_events_an_hour(office: Office) -> None:
    events = 0
    for _ in range(3600):
        office.turn(due=Due(vehicles=(VAN_1,)))
        events += len(office.events)
        if office.state.twin(VAN_1).instants:
            answer(office, failed("the charger gives no power"))
            events += len(office.events)
    assert events < 60


def test_a_vehicle_that_says_done_and_does_not_charge_has_failed_as_well(office: Office) -> None:
    office.turn(due=Due(vehicles=(VAN_1,)))
    answer(office, ActionStatus.FINISHED)
    wait(office, 2.5)
    assert asked(office) == [START.value]
    assert office.state.twin(VAN_1).plug.failures == 1


def test_another_vehicle_uses_the_charger_meanwhile(office: Office) -> None:
    office.state = after(office.state, [charge(0.2, VAN_2)])
    fail_to_start(office)
    office.turn(due=Due(vehicles=(VAN_1, VAN_2)))
    assert asked(office, VAN_2) == [START.value]
    assert office.state.reservations[CHARGER] == (VAN_2,)


def test_one_failure_calls_nobody(office: Office) -> None:
    fail_to_start(office)
    assert causes(office) == set()


def test_the_second_failure_calls_a_person(office: Office) -> None:
    fail_to_start(office)
    wait(office, 2.1)
    answer(office, failed("the charger gives no power"))
    assert causes(office) == {AssistCause.CHARGER_FAULT}


def test_plans_do_not_count_on_a_charger_that_failed_twice(office: Office) -> None:
    plug = Plug(failed=START, failures=2, failed_s=NOW_S)
    twin = replace(office.state.twin(VAN_1), plug=plug)
    state = replace(office.state, twins=office.state.twins.set(VAN_1, twin))
    powers = {v.id: v.battery.charge_w_max for v in problem_of(state, office.roads, NOW_S).vehicles}
    assert powers[VAN_1] == 0.0
    assert powers[VAN_2] > 0.0


def broken(office: Office) -> None:
    fail_to_start(office)
    wait(office, 2.1)
    answer(office, failed("the charger gives no power"))


def test_a_charge_that_rises_at_last_ends_the_trouble(office: Office) -> None:
    broken(office)
    wait(office, 5.1)
    answer(office, ActionStatus.FINISHED, is_charging=True)
    assert office.state.twin(VAN_1).plug.failures == 2
    answer(office, ActionStatus.FINISHED, soc=0.22, is_charging=True, after_s=60.0)
    assert office.state.twin(VAN_1).plug.failures == 0
    assert causes(office) == set()


def test_a_vehicle_that_stops_charging_by_itself_is_not_plugged_in_again_at_once(office: Office) -> None:
    office.turn(due=Due(vehicles=(VAN_1,)))
    answer(office, ActionStatus.FINISHED, is_charging=True)
    answer(office, ActionStatus.FINISHED, is_charging=False)
    wait(office, 1.9)
    assert asked(office) == [START.value]


def test_a_vehicle_at_a_charger_that_gives_nothing_leaves_it(office: Office) -> None:
    office.turn(due=Due(vehicles=(VAN_1,)))
    answer(office, ActionStatus.FINISHED, is_charging=True)
    wait(office, 10.0)
    assert asked(office) == [START.value, STOP.value]
    assert office.state.twin(VAN_1).plug.failures == 1


def test_a_vehicle_that_gains_charge_stays(office: Office) -> None:
    office.turn(due=Due(vehicles=(VAN_1,)))
    answer(office, ActionStatus.FINISHED, is_charging=True)
    for step in range(1, 30):
        answer(office, ActionStatus.FINISHED, soc=0.2 + step / 100.0, is_charging=True, after_s=40.0)
    assert asked(office) == [START.value]


# The charger does not end ---------------------------------------------------------------------------------------------


def full(office: Office) -> None:
    """Van 1 is charged and is asked to leave its charger."""
    office.state = after(office.state, [charge(0.95, is_charging=True)])
    office.turn(due=Due(vehicles=(VAN_1,)))


def test_a_vehicle_that_cannot_leave_its_charger_is_asked_again_after_a_while(office: Office) -> None:
    full(office)
    answer(office, failed("locked"), soc=0.95, is_charging=True)
    wait(office, 1.9)
    assert asked(office) == [STOP.value]
    wait(office, 0.2)
    assert asked(office) == [STOP.value, STOP.value]


def test_a_vehicle_that_says_it_has_left_and_still_charges_is_not_asked_each_second(office: Office) -> None:
    full(office)
    answer(office, ActionStatus.FINISHED, soc=0.95, is_charging=True)
    wait(office, 2.9)
    assert asked(office) == [STOP.value]


def stuck(office: Office) -> None:
    full(office)
    answer(office, failed("locked"), soc=0.95, is_charging=True)
    wait(office, 2.1)
    answer(office, failed("locked"), soc=0.95, is_charging=True)


def test_a_vehicle_that_cannot_leave_its_charger_twice_calls_a_person_and_is_not_planned(office: Office) -> None:
    stuck(office)
    assert causes(office) == {AssistCause.CHARGER_FAULT}
    allowed = {v.id: v.allowed for v in problem_of(office.state, office.roads, office.now_s).vehicles}
    assert allowed == {VAN_1: False, VAN_2: True}


def test_plans_do_not_count_on_the_charger_it_occupies(office: Office) -> None:
    stuck(office)
    [station] = problem_of(office.state, office.roads, office.now_s).stations
    [held] = station.chargers_held
    assert held.until_s > office.now_s + 1800.0


def test_a_vehicle_that_left_its_charger_at_last_is_planned_again(office: Office) -> None:
    stuck(office)
    wait(office, 5.1)
    answer(office, ActionStatus.FINISHED, soc=0.95)
    assert causes(office) == set()
    assert all(v.allowed for v in problem_of(office.state, office.roads, office.now_s).vehicles)


def test_what_a_vehicle_does_as_asked_is_no_failure_whatever_it_calls_it(office: Office) -> None:
    """A stop where nothing is plugged in any more."""
    full(office)
    answer(office, failed("not charging"), soc=0.95)
    assert office.state.twin(VAN_1).plug.failures == 0


# Before a trip --------------------------------------------------------------------------------------------------------


def planned(
    soc_fraction: float, load_from_s: float = NOW_S, vehicles: tuple[str, ...] = (VAN_1,), chargers: int = 1
) -> Office:
    """Van 1 has a trip to make, planned when there was more in its battery."""
    site = replace(a_site(vehicles=vehicles, chargers=chargers), policy=Policy(charge_below_fraction=0.05))
    roads = SiteRoads(site, town().graph)
    trip = replace(a_trip("trip-1", VAN_1), load_from_s=load_from_s, return_s=load_from_s + 900.0)
    office = Office(roads, after(opened(roads), [charge(soc_fraction)]))
    run = ev.RunsAccepted(key="", digest="", runs=(a_run("run-1"),))
    office.state = after(office.state, [run, ev.PlanAdopted(version=1, why="", plan=a_plan(trip))])
    return office


def test_a_vehicle_with_too_little_charge_for_its_next_trip_charges_while_there_is_time() -> None:
    office = planned(0.17, NOW_S + 3600.0)
    office.turn(due=Due(vehicles=(VAN_1,)))
    assert asked(office) == [START.value]


def test_a_trip_is_not_begun_by_a_vehicle_that_lacks_the_charge_for_it_it_charges_first() -> None:
    office = planned(0.17)
    office.turn(due=Due(vehicles=(VAN_1,)))
    assert asked(office) == [START.value]
    assert office.state.run(RunId("run-1")).phase is RunPhase.ASSIGNED


def test_another_vehicle_takes_the_trip_of_one_that_lacks_the_charge_and_cannot_get_it() -> None:
    office = planned(0.17, vehicles=(VAN_1, VAN_2), chargers=0)
    office.turn(due=Due(vehicles=(VAN_1,)))
    assert office.state.run(RunId("run-1")).phase is RunPhase.LOADING
    assert office.state.twin(VAN_2).trip_id is not None


def test_a_trip_begins_once_there_is_charge_enough() -> None:
    office = planned(0.17)
    office.turn(due=Due(vehicles=(VAN_1,)))
    answer(office, ActionStatus.FINISHED, soc=0.17, is_charging=True)
    for step in range(1, 40):
        is_charging = asked(office)[-1:] == [START.value]
        answer(office, ActionStatus.FINISHED, soc=0.17 + step / 100.0, is_charging=is_charging, after_s=40.0)
    assert office.state.run(RunId("run-1")).phase is RunPhase.LOADING


def test_a_vehicle_that_left_its_charger_for_a_trip_is_not_plugged_in_again_before_it() -> None:
    """Its planned charge lasts until loading begins, and it is told to stop some moments earlier."""
    office = planned(0.3, NOW_S + 300.0)
    [view] = office.state.planned_trips(VAN_1)
    trip = replace(view.trip, charge_until_s=view.trip.load_from_s)
    office.state = replace(office.state, trips=office.state.trips.set(trip.id, replace(view, trip=trip)))
    office.state = after(office.state, [charge(0.3, is_charging=True)])
    for _ in range(300):
        office.turn(due=Due(vehicles=(VAN_1,)))
        is_stopping = asked(office)[-1:] == [STOP.value]
        answer(office, ActionStatus.FINISHED, soc=0.3, is_charging=not is_stopping, after_s=0.0)
    assert asked(office) == [STOP.value]
    assert office.state.run(RunId("run-1")).phase is RunPhase.LOADING


def test_a_vehicle_that_can_never_charge_enough_leaves_its_run_to_a_person() -> None:
    office = planned(0.1)
    plug = Plug(failed=START, failures=2, failed_s=NOW_S)
    twin = replace(office.state.twin(VAN_1), plug=plug)
    office.state = replace(office.state, twins=office.state.twins.set(VAN_1, twin))
    office.turn(due=Due(vehicles=(VAN_1,)))
    assert office.state.run(RunId("run-1")).phase is RunPhase.REQUESTED
    assert AssistCause.RUN_UNSERVED in causes(office)
