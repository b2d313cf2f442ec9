from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fleet.planning.cost import cost, late_runs
from fleet.planning.feasible import violations
from fleet.planning.greedy import propose
from fleet.planning.port import Budget
from fleet.planning.solver import improve
from tests.small_fleet import SIX_S, morning, problem, run, station, trip_ids, vehicle

ROOT = Path(__file__).parents[2]


def test_a_morning_gets_cheaper_within_steps() -> None:
    facts = morning()
    plan = propose(facts, trip_ids())
    better = improve(facts, plan, Budget(steps=300), trip_ids("new"))
    assert better is not None
    assert violations(facts, better) == []
    assert better.cost == cost(facts, better)
    assert better.cost.total <= plan.cost.total - facts.weights.gain_min
    assert late_runs(facts, better) <= late_runs(facts, plan)


@pytest.mark.parametrize("runs", [0, 1, 2])
def test_a_budget_in_steps_ends_even_with_nothing_to_win(runs: int) -> None:
    facts = problem([run(str(index), index) for index in range(runs)])
    assert improve(facts, propose(facts, trip_ids()), Budget(steps=200), trip_ids("new")) is None


def test_an_unchanged_trip_keeps_its_id() -> None:
    facts = morning(1)
    plan = propose(facts, trip_ids())
    better = improve(facts, plan, Budget(steps=300), trip_ids("new"))
    assert better is not None
    known = {(trip.vehicle_id, frozenset(trip.run_ids)): trip.id for trip in plan.trips}
    for trip in better.trips:
        assert trip.id == known.get((trip.vehicle_id, frozenset(trip.run_ids)), trip.id)
        assert (trip.id in known.values()) == ((trip.vehicle_id, frozenset(trip.run_ids)) in known)


def test_a_plan_that_missed_new_runs_is_completed() -> None:
    facts = problem([run("a", 0), run("b", 4)], [vehicle("van-1"), vehicle("van-2")], [station(bays=2)])
    old = propose(replace(facts, runs=facts.runs[:1]), trip_ids())
    now = replace(facts, now_s=SIX_S + 300.0)
    better = improve(now, old, Budget(steps=50), trip_ids("new"))
    assert better is None or violations(now, better) == []


def test_another_process_with_another_hash_seed_makes_the_same_plan() -> None:
    script = (
        "import hashlib, pickle\n"
        "from tests.small_fleet import morning, trip_ids\n"
        "from fleet.planning.greedy import propose\n"
        "from fleet.planning.port import Budget\n"
        "from fleet.planning.solver import improve\n"
        "plan = propose(morning(), trip_ids())\n"
        "better = improve(morning(), plan, Budget(steps=300), trip_ids('new'), seed=7)\n"
        "print(hashlib.sha256(repr((plan, better)).encode()).hexdigest())\n"
    )
    digests = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(  # noqa: S603  our own interpreter and script
            [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        digests.add(done.stdout.strip())
    plan = propose(morning(), trip_ids())
    better = improve(morning(), plan, Budget(steps=300), trip_ids("new"), seed=7)
    digests.add(hashlib.sha256(repr((plan, better)).encode()).hexdigest())
    assert len(digests) == 1
    assert pickle.loads(pickle.dumps(better)) == better  # noqa: S301  our own bytes
