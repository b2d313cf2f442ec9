"""Whatever the day looks like, a plan is feasible and every run is accounted for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.model.trip import Reason
from fleet.planning.cost import cost
from fleet.planning.feasible import violations
from fleet.planning.greedy import propose, rebase
from fleet.planning.port import Budget
from fleet.planning.problem import Held, Problem, ProblemRun, ProblemStation, ProblemVehicle, Travel
from fleet.planning.solver import improve
from tests.small_fleet import SIX_S, battery, problem, run, station, trip_ids, vehicle

POINTS = 5


@st.composite
def runs(draw: st.DrawFn, index: int, stations: int) -> ProblemRun:
    ready_s = SIX_S + draw(st.integers(-600, 7200))
    return replace(
        run(f"run-{index}", draw(st.integers(0, POINTS - 1)), parcels=draw(st.sampled_from([1, 40, 130, 300, 900]))),
        station=draw(st.integers(0, stations - 1)),
        ready_s=ready_s,
        due_s=ready_s + draw(st.integers(0, 7200)),
        priority=draw(st.integers(1, 3)),
        volume_m3=draw(st.sampled_from([0.1, 1.3, 6.0])),
    )


@st.composite
def vehicles(draw: st.DrawFn, index: int, stations: int) -> ProblemVehicle:
    kwh = draw(st.sampled_from([3.0, 6.0, 22.0]))
    return vehicle(
        f"van-{index}",
        station_index=draw(st.integers(0, stations - 1)),
        energy_wh=kwh * 1000.0 * draw(st.sampled_from([0.3, 0.6, 1.0])),
        parcels=draw(st.sampled_from([120, 450, 1000])),
        power=battery(kwh),
        available_s=SIX_S + draw(st.integers(-3600, 3600)),
        allowed=draw(st.booleans()) or draw(st.booleans()),
    )


@st.composite
def stations(draw: st.DrawFn, index: int) -> ProblemStation:
    def held() -> tuple[Held, ...]:
        spans = draw(st.lists(st.tuples(st.integers(-600, 3600), st.integers(1, 1800)), max_size=2))
        return tuple(Held(from_s=SIX_S + begin, until_s=SIX_S + begin + length) for begin, length in spans)

    facts = station(
        f"station-{index}",
        index,
        bays=draw(st.integers(0, 2)) or draw(st.integers(0, 2)),
        chargers=draw(st.integers(0, 2)),
        load_per_parcel_s=draw(st.sampled_from([0.0, 0.7])),
    )
    return replace(facts, bays_held=held(), chargers_held=held())


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    homes = [draw(stations(index)) for index in range(draw(st.integers(1, 2)))]
    fleet = [draw(vehicles(index, len(homes))) for index in range(draw(st.integers(0, 4)))]
    lots = [draw(runs(index, len(homes))) for index in range(draw(st.integers(0, 9)))]
    facts = problem(lots, fleet, homes, POINTS)
    durations_s = facts.travel.durations_s.copy()
    size = durations_s.shape[1]
    for _ in range(draw(st.integers(0, 3))):
        begin, end = draw(st.integers(0, size - 1)), draw(st.integers(0, size - 1))
        if begin != end:
            durations_s[0, begin, end] = np.inf
    return replace(facts, travel=Travel(durations_s=durations_s, lengths_m=facts.travel.lengths_m))


@given(problems())
@settings(max_examples=150, deadline=None)
def test_any_answer_is_feasible_and_priced_truly(facts: Problem) -> None:
    plan = propose(facts, trip_ids())
    assert violations(facts, plan) == []
    assert cost(facts, plan) == plan.cost


@given(problems())
@settings(max_examples=60, deadline=None)
def test_a_run_left_behind_fits_no_vehicle_even_alone(facts: Problem) -> None:
    plan = propose(facts, trip_ids())
    left = {it.run_id: it.reason for it in plan.unassigned}
    for lonely in (replace(facts, runs=(it,)) for it in facts.runs if it.id in left):
        (still,) = propose(lonely, trip_ids()).unassigned
        assert still.reason is left[still.run_id]
        if still.reason in {Reason.TOO_HEAVY, Reason.TOO_BIG, Reason.TOO_MANY_PARCELS}:
            assert not any(_holds(it, lonely.runs[0]) for it in facts.vehicles if it.station == lonely.runs[0].station)


def _holds(van: ProblemVehicle, lot: ProblemRun) -> bool:
    return (
        van.allowed
        and van.mass_kg_max >= lot.mass_kg
        and van.volume_m3_max >= lot.volume_m3
        and van.parcels_max >= lot.parcels
    )


@given(problems(), st.integers(0, 1800), st.integers(0, 8))
@settings(max_examples=80, deadline=None)
def test_a_plan_survives_the_passing_of_time_and_lost_runs(facts: Problem, later_s: int, lost: int) -> None:
    plan = propose(facts, trip_ids())
    left = tuple(it for index, it in enumerate(facts.runs) if index != lost)
    now = replace(facts, now_s=SIX_S + later_s, runs=left, incumbent=plan.trips)
    assert violations(now, propose(now, trip_ids("new"))) == []
    assert violations(now, rebase(now, plan.trips, trip_ids("late"))) == []


@given(problems(), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_a_better_plan_is_feasible_better_and_repeatable(facts: Problem, seed: int) -> None:
    plan = propose(facts, trip_ids(), 0)
    better = improve(facts, plan, Budget(steps=5), trip_ids("new"), seed)
    assert better == improve(facts, plan, Budget(steps=5), trip_ids("new"), seed)
    if better is not None:
        assert violations(facts, better) == []
        assert better.cost.total <= plan.cost.total - facts.weights.gain_min
