"""Vehicles of each character in each version, with and without what the site file could say of them, in trouble.

What the site file does not say has to be found out on the way; what a make does of its own accord comes on top of all
that befalls vehicles, the line and the daemon. Ordinary runs live one day of each; campaigns many, and storms as well.
"""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import pytest

from tests.simulation.block_town import SCENARIO, block_town
from tests.simulation.test_characters import HABITS, OF_BOTH_MAKES, VERSIONS
from vehicle_sim.characters import CHARACTERS
from vehicle_sim.harness import Outcome, simulate

SEEDS = max(int(os.environ.get("FLEET_SEEDS", "100")) // 100, 1)
PROFILES = ("trouble",) if SEEDS == 1 else ("trouble", "storm", "crash-storm")
MAKES = [(name, habits) for name in sorted(CHARACTERS) for habits in sorted({"", HABITS.get(name, "")})]
CELLS = list(product(MAKES, VERSIONS))
"""Each make in each version; in ordinary runs each has a seed of its own, so that all see other troubles."""
FAULTS = '\n[faults]\nprofile = "{profile}"\n'


def a_day(folder: Path, make: tuple[str, str], version: str, profile: str, seed: int) -> Outcome:
    name, habits = make
    scenario = SCENARIO + OF_BOTH_MAKES.format(name=name) + FAULTS.format(profile=profile)
    return simulate(*block_town(folder, scenario, version=version, profile=habits), seed)


def all_is_well(outcome: Outcome) -> bool:
    """No promise is broken, and what is still open waits for a person."""
    is_seen_to = set(outcome.state.open_runs) <= outcome.waiting and not outcome.state.quarantine
    return outcome.violations == [] and outcome.schema_violations == {} and outcome.is_over and is_seen_to


@pytest.mark.vda5050("0.5", "5.12", "6.8")
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("cell", "make", "version"), [(i, make, version) for i, (make, version) in enumerate(CELLS)])
def test_every_promise_is_kept_by_any_make_in_any_version_whatever_befalls_it(
    tmp_path: Path, cell: int, make: tuple[str, str], version: str, profile: str
) -> None:
    for seed in range(1 + cell, 1 + cell + SEEDS):
        outcome = a_day(tmp_path, make, version, profile, seed)
        assert outcome.violations == [], f"seed {seed}"
        assert all_is_well(outcome), f"seed {seed}"


FOUND = [
    (("sloppy", ""), "2.0.0", "trouble", 10),  # a cancel in a list that it does not read
    (("strict", ""), "2.1.0", "trouble", 3),  # told without what its factsheet asks for; refused, and then taken
    (("strict", ""), "2.1.0", "trouble", 10),
    (("stubborn", ""), "3.0.0", "trouble", 2),  # drove on into what was only announced
    (("stubborn", ""), "3.0.0", "storm", 3),
]


@pytest.mark.parametrize(("make", "version", "profile", "seed"), FOUND)
def test_what_once_broke_a_promise_is_overcome(
    tmp_path: Path, make: tuple[str, str], version: str, profile: str, seed: int
) -> None:
    assert all_is_well(a_day(tmp_path, make, version, profile, seed))
