from __future__ import annotations

from dataclasses import replace

import numpy as np

from fleet.model.trip import Plan, Reason
from fleet.planning.cost import cost, late_runs
from fleet.planning.feasible import violations
from fleet.planning.greedy import propose, rebase
from fleet.planning.problem import Held, Problem, Travel
from tests.small_fleet import SIX_S, battery, morning, problem, run, station, town, trip_ids, vehicle


def planned(facts: Problem, prefix: str = "trip") -> Plan:
    plan = propose(facts, trip_ids(prefix))
    assert violations(facts, plan) == []
    return plan


def only_reason(facts: Problem) -> Reason:
    (left,) = planned(facts).unassigned
    return left.reason


def test_one_run_leaves_as_soon_as_it_is_loaded() -> None:
    (trip,) = planned(problem([run("a", 0, ready_s=SIX_S + 600.0)])).trips
    assert (trip.load_from_s, trip.depart_s) == (SIX_S + 600.0, SIX_S + 1080.0)
    assert trip.stops[0].arrive_s == SIX_S + 1380.0


def test_a_trip_waits_until_its_last_run_is_ready() -> None:
    facts = problem([run("a", 3), run("b", 3, ready_s=SIX_S + 900.0)])
    assert all(trip.load_from_s >= SIX_S + 900.0 for trip in planned(facts).trips if "b" in trip.run_ids)


def test_two_runs_for_one_point_are_one_stop() -> None:
    (trip,) = planned(problem([run("a", 2), run("b", 2), run("c", 4)])).trips
    assert sorted(len(stop.run_ids) for stop in trip.stops) == [1, 2]


def test_a_full_vehicle_comes_back_for_a_second_trip() -> None:
    plan = planned(problem([run(str(i), i, parcels=200) for i in range(4)]))
    assert len(plan.trips) == 2
    first, second = plan.trips
    assert second.load_from_s >= first.return_s


def test_two_vehicles_load_one_after_the_other_at_a_single_bay() -> None:
    runs = [replace(run(name, 0, parcels=450), due_s=SIX_S + 2000.0) for name in ("a", "b")]
    first, second = planned(problem(runs, [vehicle("van-1"), vehicle("van-2")])).trips
    assert second.load_from_s == first.depart_s


def test_a_bay_that_others_hold_is_waited_for() -> None:
    busy = replace(station(), bays_held=(Held(from_s=SIX_S - 60.0, until_s=SIX_S + 700.0),))
    (trip,) = planned(problem([run("a", 0)], stations=[busy])).trips
    assert trip.load_from_s == SIX_S + 700.0


def test_a_vehicle_short_of_energy_charges_first() -> None:
    (trip,) = planned(problem([run("a", 5)], [vehicle(energy_wh=4_500.0)])).trips
    assert trip.charge_until_s > trip.charge_from_s
    assert trip.load_from_s >= trip.charge_until_s


def test_runs_of_a_station_ride_on_its_own_vehicles() -> None:
    runs = [run("a", 0, station_index=0), run("b", 0, station_index=1)]
    fleet = [vehicle("van-1"), vehicle("van-2", station_index=1)]
    plan = planned(problem(runs, fleet, [station(), station("south", 1)]))
    assert {(trip.vehicle_id, trip.run_ids) for trip in plan.trips} == {("van-1", ("a",)), ("van-2", ("b",))}


def test_a_lot_that_no_vehicle_can_lift_says_so() -> None:
    assert only_reason(problem([run("a", 0, parcels=700)], [vehicle(parcels=1000)])) is Reason.TOO_HEAVY


def test_a_lot_that_fits_no_vehicle_says_so() -> None:
    bulky = replace(run("a", 0), volume_m3=6.0)
    assert only_reason(problem([bulky])) is Reason.TOO_BIG


def test_a_lot_of_too_many_parcels_says_so() -> None:
    assert only_reason(problem([replace(run("a", 0), parcels=451)])) is Reason.TOO_MANY_PARCELS


def test_a_station_without_vehicles_says_so() -> None:
    facts = problem([run("a", 0, station_index=1)], stations=[station(), station("south", 1)])
    assert only_reason(facts) is Reason.STATION_WITHOUT_VEHICLE


def test_a_vehicle_that_may_not_be_planned_is_not_free() -> None:
    assert only_reason(problem([run("a", 0)], [vehicle(allowed=False)])) is Reason.NO_VEHICLE_FREE


def test_a_point_without_a_way_back_is_unreachable() -> None:
    facts = problem([run("a", 0)])
    durations_s = facts.travel.durations_s.copy()
    durations_s[0, 1, 0] = np.inf
    travel = Travel(durations_s=durations_s, lengths_m=facts.travel.lengths_m)
    assert only_reason(replace(facts, travel=travel)) is Reason.POINT_UNREACHABLE


def test_a_point_beyond_a_full_battery_is_out_of_range() -> None:
    assert only_reason(problem([run("a", 5)], [vehicle(power=battery(3.0))])) is Reason.OUT_OF_RANGE


def test_an_empty_vehicle_without_a_charger_is_out_of_range() -> None:
    facts = problem([run("a", 0)], [vehicle(energy_wh=3_900.0)], [station(chargers=0)])
    assert only_reason(facts) is Reason.OUT_OF_RANGE


def test_an_announced_trip_keeps_its_id_when_nothing_changes() -> None:
    facts = problem([run("a", 0), run("b", 3)])
    plan = planned(facts)
    again = propose(replace(facts, incumbent=plan.trips), trip_ids("new"))
    assert again.trips == plan.trips
    assert again.cost.moved_s == 0.0


def test_a_new_run_leaves_the_announced_trips_of_others_alone() -> None:
    runs = [run("a", 0, parcels=400), run("b", 3, parcels=100)]
    facts = problem(runs, [vehicle("van-1"), vehicle("van-2")], [station(bays=2)])
    plan = planned(facts)
    more = replace(facts, runs=(*facts.runs, run("c", 4)), incumbent=plan.trips)
    kept = {trip.id for trip in planned(more, "new").trips} & {trip.id for trip in plan.trips}
    assert kept >= {trip.id for trip in plan.trips if "a" in trip.run_ids}


def test_a_trip_of_a_lost_vehicle_goes_to_another() -> None:
    facts = problem([run("a", 0)], [vehicle("van-1"), vehicle("van-2")])
    plan = planned(facts)
    lost = plan.trips[0].vehicle_id
    fleet = tuple(replace(it, allowed=it.id != lost) for it in facts.vehicles)
    (trip,) = planned(replace(facts, vehicles=fleet, incumbent=plan.trips), "new").trips
    assert trip.vehicle_id != lost


def test_a_plan_that_comes_late_is_brought_onto_the_present() -> None:
    facts = problem([run("a", 0), run("b", 3)])
    old = planned(facts)
    now = replace(facts, now_s=SIX_S + 900.0, runs=(facts.runs[1], run("c", 2)))
    plan = rebase(now, old.trips, trip_ids("new"))
    assert violations(now, plan) == []
    assert {run_id for trip in plan.trips for run_id in trip.run_ids} == {"b", "c"}


def test_the_same_problem_has_the_same_answer() -> None:
    assert propose(morning(), trip_ids()) == propose(morning(), trip_ids())


def test_a_morning_of_80_runs_is_all_served_and_hardly_late() -> None:
    facts = morning()
    plan = propose(facts, trip_ids())
    assert violations(facts, plan) == []
    assert plan.unassigned == ()
    assert late_runs(facts, plan) <= 4


def test_a_town_of_three_waves_is_all_served() -> None:
    facts = town()
    plan = propose(facts, trip_ids())
    assert violations(facts, plan) == []
    assert plan.unassigned == ()


def test_the_stated_cost_is_the_reckoned_cost() -> None:
    plan = planned(morning(1))
    assert cost(morning(1), plan) == plan.cost


def test_no_runs_make_an_empty_plan() -> None:
    assert planned(problem([])).trips == ()
