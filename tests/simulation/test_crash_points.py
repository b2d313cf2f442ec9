"""The controller is killed at every store write, before and after its commit and after the next message is sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fleet.roads.graph import RoadGraph
from tests.simulation.block_town import SCENARIO, block_town
from vehicle_sim.crash import CrashPoint
from vehicle_sim.faults import CrashMoment
from vehicle_sim.harness import Options, Outcome, simulate
from vehicle_sim.scenario import Scenario

CHUNKS = 24
SEED = 1
FIVE_RUNS = SCENARIO.replace("runs = 6", "runs = 5").replace("parcels = 900", "parcels = 750")
"""A trip of each vehicle: each write is one more day to live through, and each day has all the writes."""
Town = tuple[Scenario, RoadGraph]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return block_town(tmp_path_factory.mktemp("town"), FIVE_RUNS)


@pytest.fixture(scope="module")
def undisturbed(town: Town) -> Outcome:
    return simulate(*town, SEED, Options(solver_steps=0))


def points(writes: int, chunk: int) -> Iterator[CrashPoint]:
    every = [CrashPoint(write, moment) for write in range(1, writes + 1) for moment in CrashMoment]
    yield from every[chunk::CHUNKS]


def custody(outcome: Outcome) -> dict[str, object]:
    return {parcel: outcome.state.custody[parcel] for parcel in outcome.state.custody}


def test_the_scenario_writes_often_enough_to_be_worth_killing(undisturbed: Outcome) -> None:
    assert undisturbed.writes >= 150
    assert len({held.trip.vehicle_id for held in undisturbed.state.trips.values()}) == 2
    assert undisturbed.violations == []
    assert undisturbed.is_over


@pytest.mark.vda5050("2.2", "5.4")
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_kill_at_any_write_changes_nothing_in_the_end(town: Town, undisturbed: Outcome, chunk: int) -> None:
    for point in points(undisturbed.writes, chunk):
        outcome = simulate(*town, SEED, Options(solver_steps=0, crash_points=frozenset({point})))
        assert outcome.violations == [], point
        assert outcome.is_over, point
        assert custody(outcome) == custody(undisturbed), point


def test_kills_at_two_writes_change_nothing_in_the_end(town: Town, undisturbed: Outcome) -> None:
    pairs = [(write, write + gap) for write in range(2, undisturbed.writes - 8, 11) for gap in (1, 2, 5)]
    for first, second in pairs:
        moments = {CrashPoint(first, CrashMoment.AFTER_COMMIT), CrashPoint(second, CrashMoment.BEFORE_COMMIT)}
        outcome = simulate(*town, SEED, Options(solver_steps=0, crash_points=frozenset(moments)))
        assert outcome.crashes == 2, (first, second)
        assert outcome.violations == [], (first, second)
        assert custody(outcome) == custody(undisturbed), (first, second)
