"""Vehicles with corridors wider than their lane: nobody is let in beside them, and nobody waits for ever."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.dispatch import room, under_order
from fleet.orders import answers, carry_out
from fleet.roads.graph import RoadGraph
from tests.simulation.block_town import SCENARIO, block_town
from tests.simulation.test_planted_bugs import instead_of
from vehicle_sim.harness import Options, Outcome, simulate
from vehicle_sim.scenario import Scenario

SEEDS = max(int(os.environ.get("FLEET_SEEDS", "100")) // 100, 1)
MEETS = (3, 5, 1, 2, 4, 6)
"""Seeds of days that may bring vehicles together on one street, the likeliest first."""
BUSY = SCENARIO.replace("runs = 6", "runs = 8").replace("parcels = 900", "parcels = 1200")
ANOTHER = """
[[vehicle]]
manufacturer = "makers"
serial_number = "VAN-2"
vda5050_version = "2.1.0"
type = "zto_5"
home_station = "depot"
"""
WIDE = "corridor_m = 2.5\ntrajectory = true"
LOOKED_AT, WITH_LEAVE = "S33: room beside a lane looked at", "S33: room used with leave"
Town = tuple[Scenario, RoadGraph]


def town(folder: Path, version: str, faults: str = "none") -> Town:
    scenario = BUSY + f'\n[faults]\nprofile = "{faults}"\n'
    return block_town(folder, scenario, ANOTHER, version, WIDE)


def a_day(street: Town, seed: int = MEETS[0]) -> Outcome:
    return simulate(*street, seed, Options(solver_steps=0))


def broken(outcome: Outcome) -> set[str]:
    return {violation.check for violation in outcome.violations}


def is_found(street: Town) -> bool:
    return any("S33" in broken(a_day(street, seed)) for seed in MEETS)


@pytest.mark.vda5050("13.9")
@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
@pytest.mark.parametrize(("version", "shown"), [("2.1.0", LOOKED_AT), ("3.0.0", WITH_LEAVE)])
def test_room_beside_a_lane_is_held_alone_whatever_goes_wrong(
    tmp_path: Path, version: str, shown: str, seed: int
) -> None:
    outcome = a_day(town(tmp_path, version, "storm"), seed)
    assert outcome.violations == []
    assert outcome.schema_violations == {}
    assert outcome.is_over, "nobody waits for ever"
    assert outcome.notes[shown] > 0


@pytest.mark.vda5050("13.9", "6.11")
def test_room_that_is_asked_for_and_taken_back_in_time_makes_nobody_wait(tmp_path: Path) -> None:
    outcome = a_day(town(tmp_path, "3.0.0"))
    assert outcome.notes[WITH_LEAVE] > 0
    assert (outcome.violations, outcome.stops_for_want_of_base) == ([], 0)


def nobody_else(*args: object, **more: object) -> Iterator[object]:
    return iter(())


def test_room_told_and_entered_without_looking_who_is_there_is_found(tmp_path: Path) -> None:
    street = town(tmp_path, "2.1.0")
    assert "S33" not in broken(a_day(street))
    unseen = instead_of(room, "_claims", nobody_else)
    begins = instead_of(carry_out, "kept_out", lambda *args: None)
    goes_on = instead_of(under_order, "kept_out", lambda *args: None)
    with unseen, begins, goes_on:
        assert is_found(street)


def test_leave_that_is_given_to_whoever_asks_is_found(tmp_path: Path) -> None:
    with instead_of(answers, "is_free_for_a_while", lambda *args: True):
        assert is_found(town(tmp_path, "3.0.0"))
