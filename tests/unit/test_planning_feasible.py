"""The judge finds every planted fault, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fleet.model.ids import PointId, RunId, StationId, TripId, VehicleId
from fleet.model.trip import Plan, Reason, Stop, Trip, Unassigned
from fleet.planning.feasible import Breach, violations
from fleet.planning.greedy import propose
from fleet.planning.problem import Held, Problem
from tests.small_fleet import LEG_S, SIX_S, problem, run, station, trip_ids, vehicle

NEVER = float("nan")


def two_trips() -> tuple[Problem, Plan]:
    """Two full vans that load one after the other at the only bay; the second also carries a small run."""
    runs = [run("a", 0, parcels=440), run("b", 2, parcels=400), run("c", 4, parcels=40)]
    runs = [replace(it, due_s=SIX_S + 2000.0) for it in runs]
    facts = problem(runs, [vehicle("van-1"), vehicle("van-2")])
    plan = propose(facts, trip_ids())
    assert violations(facts, plan) == []
    assert len(plan.trips) == 2
    return facts, plan


def change(plan: Plan, index: int, **changes: object) -> Plan:
    trips = list(plan.trips)
    trips[index] = replace(trips[index], **changes)  # type: ignore[arg-type]
    return replace(plan, trips=tuple(trips))


def shifted(trip: Trip, by_s: float) -> Trip:
    stops = tuple(replace(stop, arrive_s=stop.arrive_s + by_s, leave_s=stop.leave_s + by_s) for stop in trip.stops)
    return replace(
        trip,
        charge_from_s=trip.charge_from_s + by_s,
        charge_until_s=trip.charge_until_s + by_s,
        load_from_s=trip.load_from_s + by_s,
        depart_s=trip.depart_s + by_s,
        return_s=trip.return_s + by_s,
        stops=stops,
    )


def first_stop(plan: Plan, index: int, **changes: object) -> Plan:
    stop, *rest = plan.trips[index].stops
    return change(plan, index, stops=(replace(stop, **changes), *rest))  # type: ignore[arg-type]


def run_twice(plan: Plan) -> Plan:
    stop = plan.trips[1].stops[0]
    return first_stop(plan, 1, run_ids=(*stop.run_ids, stop.run_ids[0]))


FAULTS: dict[str, tuple[Breach, Callable[[Plan], Plan]]] = {
    "the same run twice": (Breach.RUN_TWICE, run_twice),
    "a run that is planned and unassigned": (
        Breach.RUN_TWICE,
        lambda plan: replace(
            plan, unassigned=(Unassigned(run_id=RunId("a"), reason=Reason.NO_VEHICLE_FREE, detail=""),)
        ),
    ),
    "a forgotten run": (Breach.RUN_FORGOTTEN, lambda plan: replace(plan, trips=plan.trips[:1])),
    "an invented run": (Breach.RUN_UNKNOWN, lambda plan: first_stop(plan, 0, run_ids=(RunId("ghost"),))),
    "an unknown vehicle": (Breach.VEHICLE_UNKNOWN, lambda plan: change(plan, 0, vehicle_id=VehicleId("ghost"))),
    "the wrong station": (Breach.WRONG_STATION, lambda plan: change(plan, 0, station_id=StationId("south"))),
    "the wrong point": (Breach.WRONG_POINT, lambda plan: first_stop(plan, 0, point_id=PointId("point-6"))),
    "a trip without stops": (Breach.EMPTY, lambda plan: change(plan, 0, stops=())),
    "an id for two trips": (Breach.TRIP_ID_TWICE, lambda plan: change(plan, 0, id=plan.trips[1].id)),
    "a time that is none": (Breach.NOT_A_TIME, lambda plan: change(plan, 0, return_s=NEVER)),
    "loading before a run is ready": (
        Breach.NOT_READY,
        lambda plan: replace(plan, trips=(shifted(plan.trips[0], -60.0), plan.trips[1])),
    ),
    "a departure before loading is over": (
        Breach.LOADS_TOO_FAST,
        lambda plan: change(plan, 0, load_from_s=plan.trips[0].load_from_s + 30.0),
    ),
    "driving too fast": (
        Breach.DRIVES_TOO_FAST,
        lambda plan: change(plan, 1, return_s=plan.trips[1].return_s - 5.0),
    ),
    "unloading too fast": (
        Breach.UNLOADS_TOO_FAST,
        lambda plan: first_stop(plan, 1, arrive_s=plan.trips[1].stops[0].arrive_s + 20.0),
    ),
    "two vehicles in one bay": (
        Breach.BAYS_FULL,
        lambda plan: replace(plan, trips=(plan.trips[0], shifted(plan.trips[1], -60.0))),
    ),
    "a vehicle on two trips at once": (
        Breach.VEHICLE_BUSY,
        lambda plan: change(plan, 1, vehicle_id=plan.trips[0].vehicle_id),
    ),
    "charging while it loads": (
        Breach.OUT_OF_ORDER,
        lambda plan: change(plan, 0, charge_until_s=plan.trips[0].load_from_s + 60.0),
    ),
    "two stops at one point": (
        Breach.POINT_TWICE,
        lambda plan: change(plan, 0, stops=(plan.trips[0].stops[0], plan.trips[0].stops[0])),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_judge_finds_a_planted_fault(fault: str) -> None:
    facts, plan = two_trips()
    code, plant = FAULTS[fault]
    assert code in {violation.code for violation in violations(facts, plant(plan))}


def test_too_much_aboard_is_found_in_parcels_kilograms_and_cubic_metres() -> None:
    facts, plan = two_trips()
    small = tuple(replace(it, parcels_max=100, mass_kg_max=100.0, volume_m3_max=1.0) for it in facts.vehicles)
    codes = {violation.code for violation in violations(replace(facts, vehicles=small), plan)}
    assert codes == {Breach.TOO_MANY_PARCELS, Breach.TOO_HEAVY, Breach.TOO_BIG}


def test_a_trip_that_ends_below_the_reserve_is_found() -> None:
    facts, plan = two_trips()
    tired = tuple(replace(it, energy_wh=4_000.0) for it in facts.vehicles)
    codes = {violation.code for violation in violations(replace(facts, vehicles=tired), plan)}
    assert codes == {Breach.OUT_OF_ENERGY}


def test_too_little_charging_is_found() -> None:
    facts = problem([run("a", 5)], [vehicle(energy_wh=4_500.0)])
    plan = propose(facts, trip_ids())
    short = change(plan, 0, charge_until_s=plan.trips[0].charge_until_s - 60.0)
    assert [violation.code for violation in violations(facts, short)] == [Breach.OUT_OF_ENERGY]


def test_charging_where_there_is_no_charger_is_found() -> None:
    facts = problem([run("a", 5)], [vehicle(energy_wh=4_500.0)])
    plan = propose(facts, trip_ids())
    bare = replace(facts, stations=(station(chargers=0),))
    assert Breach.NO_CHARGER in {violation.code for violation in violations(bare, plan)}


def test_a_charger_that_others_hold_is_found() -> None:
    facts = problem([run("a", 5)], [vehicle(energy_wh=4_500.0)])
    plan = propose(facts, trip_ids())
    held = replace(station(), chargers_held=(Held(from_s=SIX_S, until_s=SIX_S + 60.0),))
    codes = [violation.code for violation in violations(replace(facts, stations=(held,)), plan)]
    assert codes == [Breach.CHARGERS_FULL]


def test_a_vehicle_that_is_not_back_yet_is_found() -> None:
    facts, plan = two_trips()
    late = tuple(replace(it, available_s=SIX_S + 3600.0) for it in facts.vehicles)
    assert {it.code for it in violations(replace(facts, vehicles=late), plan)} == {Breach.VEHICLE_BUSY}


def test_lateness_has_a_price_but_is_no_fault() -> None:
    facts, plan = two_trips()
    late = replace(facts, runs=tuple(replace(it, due_s=SIX_S) for it in facts.runs))
    assert violations(late, plan) == []


def test_the_wildest_plan_is_judged_without_an_error() -> None:
    facts, _ = two_trips()
    stop = Stop(point_id=PointId("nowhere"), run_ids=(RunId("ghost"),), arrive_s=NEVER, leave_s=-LEG_S)
    trip = Trip(
        id=TripId(""),
        vehicle_id=VehicleId("van-1"),
        station_id=StationId("nowhere"),
        charge_from_s=NEVER,
        charge_until_s=0.0,
        load_from_s=1e300,
        depart_s=-1e300,
        stops=(stop, stop),
        return_s=0.0,
    )
    plan = Plan(trips=(trip, trip), unassigned=(), cost=two_trips()[1].cost, made_by="nobody")
    assert violations(facts, plan)
