"""Vehicles of each character on a line that loses three states in ten, doubles messages and lets them overtake."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fleet.model.ids import VehicleId
from fleet.model.run import RunPhase
from tests.simulation.block_town import SCENARIO, block_town
from vehicle_sim.characters import CHARACTERS
from vehicle_sim.harness import Options, Outcome, simulate
from vehicle_sim.outcome import Meddling
from vehicle_sim.timers import Timers
from vehicle_sim.vehicle import SimVehicle

SEEDS = max(int(os.environ.get("FLEET_SEEDS", "100")) // 100, 1)
VERSIONS = ("2.0.0", "2.1.0", "3.0.0")
HABITS = {
    "sloppy": "instant_actions_alias = true",
    "loose": "instant_actions_alias = true",
    "stubborn": "horizon_edges = 0",
}
"""What the site file says of such a make."""
OF_BOTH_MAKES = '[characters]\nmakers = "{name}"\nbuilders = "{name}"\n'
ROUGH = '\n[faults]\nprofile = "rough"\n'
SHORT_BASE = "\n[limits]\nexposure_m = 200.0\nexposure_s = 25.0\n"


def a_day(
    folder: Path,
    name: str,
    version: str,
    seed: int,
    faults: str = ROUGH,
    habits: str | None = None,
    more: str = "",
    meddle: Meddling | None = None,
) -> Outcome:
    scenario = SCENARIO + OF_BOTH_MAKES.format(name=name) + faults
    profile = HABITS.get(name, "") if habits is None else habits
    return simulate(*block_town(folder, scenario, more, version, profile), seed, Options(meddle=meddle))


SLOPPY_LINES = ("1.4", "2.3", "2.5", "2.8", "3.5", "4.6", "9.2", "10.2", "10.3", "10.10")
PROVEN = {
    "exact": ("10.3",),
    "sloppy": SLOPPY_LINES,
    "loose": ("2.8",),
    "forgetful": ("2.5", "11.3"),
    "strict": ("0.4", "4.2"),
    "stubborn": ("5.12", "8.1"),
}
OF_EACH_CHARACTER = [pytest.param(name, marks=pytest.mark.vda5050(*PROVEN[name])) for name in sorted(CHARACTERS)]


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", OF_EACH_CHARACTER)
def test_every_parcel_is_delivered_once_by_vehicles_of_any_character(
    tmp_path: Path, name: str, version: str, seed: int
) -> None:
    outcome = a_day(tmp_path, name, version, seed)
    assert outcome.violations == []
    assert outcome.schema_violations == {}
    assert outcome.is_over
    assert {view.phase for view in outcome.runs.values()} == {RunPhase.DELIVERED}


@pytest.mark.vda5050("0.5")
def test_a_vehicle_that_looks_for_instant_actions_under_the_old_name_hears_them_if_the_site_file_tells_of_it(
    tmp_path: Path,
) -> None:
    def heard(habits: str) -> int:
        street: dict[VehicleId, SimVehicle] = {}
        a_day(tmp_path, "sloppy", "2.0.0", 1, faults="", habits=habits, meddle=lambda them, _: street.update(them))
        return sum(vehicle.instant.heard_count for vehicle in street.values())

    assert heard(habits="") == 0
    assert heard(HABITS["sloppy"]) > 0


@pytest.mark.vda5050("0.4", "4.2", "4.3", "4.4", "4.5")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_strict_vehicle_has_nothing_to_refuse_on_a_good_line(tmp_path: Path, version: str) -> None:
    outcome = a_day(tmp_path, "strict", version, 1, faults="")
    assert (outcome.orders_rejected, outcome.violations) == (0, [])


@pytest.mark.vda5050("5.12")
def test_a_vehicle_that_does_not_heed_what_is_released_leaves_its_base_unless_the_site_file_tells_of_it(
    tmp_path: Path,
) -> None:
    """The tester is tested: without its profile such a vehicle drives on into the horizon when it can hear nobody."""

    def breaks(habits: str) -> set[str]:
        outcome = a_day(
            tmp_path, "stubborn", "2.1.0", 1, faults="", habits=habits, more=SHORT_BASE, meddle=_deaf_with_a_horizon
        )
        return {violation.check for violation in outcome.violations}

    assert "S31" in breaks(habits="")
    assert "S31" not in breaks(HABITS["stubborn"])


def _deaf_with_a_horizon(vehicles: Mapping[VehicleId, SimVehicle], timers: Timers) -> None:
    """Each vehicle loses the line as soon as it has been told of road that is not released."""
    for vehicle in vehicles.values():
        setattr(vehicle, "on_message", _then_deaf(vehicle))  # noqa: B010  an ear of its own for each


def _then_deaf(vehicle: SimVehicle) -> Callable[..., None]:
    hear = vehicle.on_message

    def hear_and_go(topic: str, payload: bytes, *, retained: bool) -> None:
        hear(topic, payload, retained=retained)
        if b'"released":false' in payload:
            vehicle.go_silent(300.0)

    return hear_and_go
