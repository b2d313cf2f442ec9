"""Vehicles of each character on a line that loses three states in ten, doubles messages and lets them overtake."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fleet.model.run import RunPhase
from tests.simulation.block_town import SCENARIO, block_town
from vehicle_sim.characters import CHARACTERS
from vehicle_sim.harness import Outcome, simulate

SEEDS = max(int(os.environ.get("FLEET_SEEDS", "100")) // 50, 1)
VERSIONS = ("2.1.0",)
HABITS = {"sloppy": "instant_actions_alias = true", "stubborn": "horizon_edges = 0"}
"""What the site file says of such a make."""
OF_BOTH_MAKES = '[characters]\nmakers = "{name}"\nbuilders = "{name}"\n'
ROUGH = '\n[faults]\nprofile = "rough"\n'
GONE_SILENT = '\n[[fault]]\nkind = "silence"\nvehicle = "VAN-1"\nat = "10m"\nlasts = "9m"\n'


def a_day(folder: Path, name: str, version: str, seed: int, faults: str = ROUGH, habits: str | None = None) -> Outcome:
    scenario = SCENARIO + OF_BOTH_MAKES.format(name=name) + faults
    profile = HABITS.get(name, "") if habits is None else habits
    return simulate(*block_town(folder, scenario, version=version, profile=profile), seed)


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", sorted(CHARACTERS))
def test_every_parcel_is_delivered_once_by_vehicles_of_any_character(
    tmp_path: Path, name: str, version: str, seed: int
) -> None:
    outcome = a_day(tmp_path, name, version, seed)
    assert outcome.violations == []
    assert outcome.schema_violations == {}
    assert outcome.is_over
    assert {view.phase for view in outcome.runs.values()} == {RunPhase.DELIVERED}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_strict_vehicle_has_nothing_to_refuse_on_a_good_line(tmp_path: Path, version: str) -> None:
    outcome = a_day(tmp_path, "strict", version, 1, faults="")
    assert (outcome.orders_rejected, outcome.violations) == (0, [])


def test_a_vehicle_that_does_not_heed_what_is_released_is_found_beyond_its_base_unless_the_site_file_says_so(
    tmp_path: Path,
) -> None:
    """The tester is tested: without its profile such a vehicle drives on when it can hear nobody."""
    known = a_day(tmp_path, "stubborn", "2.1.0", 1, GONE_SILENT)
    unknown = a_day(tmp_path, "stubborn", "2.1.0", 1, GONE_SILENT, habits="")
    assert known.violations == []
    assert "S31" in {violation.check for violation in unknown.violations}
