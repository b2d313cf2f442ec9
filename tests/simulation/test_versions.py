"""A day of fifteen vehicles, each version with each character, on a bad line; and the same day on a good one.

What comes back is handed in again, as its customer would. Ordinary runs of the tests live a short day of two hours, one
wave of parcels; the whole one is for campaigns.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from fleet.model.custody import CustodyKind
from fleet.model.ids import VehicleId
from fleet.model.run import OPEN_PHASES
from fleet.roads.graph import RoadGraph
from tests.interop.official import faults_of
from vehicle_sim.harness import Options, Outcome, simulate
from vehicle_sim.scenario import Scenario
from vehicle_sim.timers import Timers
from vehicle_sim.vehicle import SimVehicle

CONFIGS = Path(__file__).parents[2] / "configs"
IS_CAMPAIGN = int(os.environ.get("FLEET_CAMPAIGN", "1")) > 1
SEEDS = range(1, 4 if IS_CAMPAIGN else 2)
SHORT_DAY = (
    (r'duration = "9h"', 'duration = "2h"'),
    (r"runs = \d+", "runs = 30"),
    (r"parcels = [\d_]+", "parcels = 6_600"),
    (r"share = 0\.5\nready = \"06:20\"", 'share = 1.0\nready = "06:20"'),
    (r"share = 0\.5\nready = \"10:30\"", 'share = 0.0\nready = "06:20"'),
    (r'until = "8h"', 'until = "2h"'),
    (r'at = "5h"', 'at = "95m"'),
)
"""What the short day changes in the scenario file."""
Told = Mapping[tuple[str, str], set[bytes]]


@dataclass(frozen=True, slots=True, repr=False)
class Day:
    """A day, and what vehicles were told on it, by version and topic."""

    outcome: Outcome
    told: Told


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    text = (CONFIGS / "scenarios" / "versions.toml").read_text(encoding="utf-8")
    text = text.replace('"../versions.toml"', f'"{CONFIGS / "versions.toml"}"')
    for pattern, instead in () if IS_CAMPAIGN else SHORT_DAY:
        text, count = re.subn(pattern, instead, text)
        assert count == 1, pattern
    path = tmp_path_factory.mktemp("versions") / "versions.toml"
    path.write_text(text, encoding="utf-8")
    return Scenario.load(path)


@pytest.fixture(scope="module", params=SEEDS)
def days(request: pytest.FixtureRequest, versions: Scenario, liechtenstein: RoadGraph) -> tuple[Day, Day]:
    """The day as it is, and the same without any fault."""
    return _lived(versions, liechtenstein, request.param, None), _lived(versions, liechtenstein, request.param, "none")


def _lived(versions: Scenario, roads: RoadGraph, seed: int, profile: str | None) -> Day:
    told: defaultdict[tuple[str, str], set[bytes]] = defaultdict(set)

    def overhear(vehicles: Mapping[VehicleId, SimVehicle], timers: Timers) -> None:
        for vehicle in vehicles.values():
            setattr(vehicle, "on_message", _noting(vehicle, told))  # noqa: B010  an ear of its own for each

    outcome = simulate(versions, roads, seed, Options(profile=profile, meddle=overhear, sends_again=True))
    return Day(outcome, told)


def _noting(vehicle: SimVehicle, told: defaultdict[tuple[str, str], set[bytes]]) -> Callable[..., None]:
    hear, version = vehicle.on_message, vehicle.vehicle.vda5050_version

    def note(topic: str, payload: bytes, *, retained: bool) -> None:
        told[version, topic.rpartition("/")[2]].add(payload)
        hear(topic, payload, retained=retained)

    return note


def test_all_versions_and_characters_take_part(versions: Scenario) -> None:
    vehicles = versions.site.vehicles.values()
    pairs = {(v.vda5050_version, v.manufacturer) for v in vehicles}
    assert len(pairs) == len(vehicles) == 15
    assert {character.name for character in versions.characters.values()} == {
        "sloppy", "forgetful", "strict", "stubborn",
    }  # fmt: skip


@pytest.mark.vda5050("3.4", "6.3a", "6.4", "6.5", "9.2", "10.2", "10.3")
def test_every_promise_is_kept_and_every_parcel_delivered_once(days: tuple[Day, Day]) -> None:
    for day in days:
        outcome = day.outcome
        assert outcome.violations == []
        assert outcome.is_over
        assert {custody.kind for custody in outcome.world.custody.values()} == {CustodyKind.POINT}
        assert not {view.phase for view in outcome.runs.values()} & OPEN_PHASES
    rough, _ = days
    hits = rough.outcome.fault_hits
    assert hits["broker_down"] == 2
    assert min(hits["state_drop"], hits["duplicate"], hits["reorder"]) > 100


@pytest.mark.vda5050("10.3")
def test_every_parcel_ends_where_it_ends_without_faults(days: tuple[Day, Day]) -> None:
    rough, calm = days
    assert rough.outcome.world.custody == calm.outcome.world.custody


@pytest.mark.vda5050("0.4", "4.2", "4.3", "4.4", "4.5")
def test_no_vehicle_has_anything_to_refuse_on_a_good_line_however_strict_it_is(days: tuple[Day, Day]) -> None:
    _, calm = days
    assert calm.outcome.orders_rejected == 0


def test_each_version_and_each_character_had_something_to_do(days: tuple[Day, Day]) -> None:
    for day in days:
        assert {version for version, topic in day.told if topic == "order"} == {"2.0.0", "2.1.0", "3.0.0"}
        site = day.outcome.scenario.site
        driven = {site.vehicles[VehicleId(event.vehicle)].manufacturer for event in day.outcome.truth.driven}
        assert driven == {vehicle.manufacturer for vehicle in site.vehicles.values()}


@pytest.mark.vda5050("13.9")
def test_vehicles_with_wide_corridors_use_the_room_beside_their_lanes(days: tuple[Day, Day]) -> None:
    for day in days:
        assert day.outcome.notes["S33: room beside a lane looked at"] > 0
        assert day.outcome.notes["S33: room used with leave"] > 0


def test_what_we_say_breaks_no_rule(days: tuple[Day, Day]) -> None:
    for day in days:
        assert day.outcome.schema_violations == {}
        assert day.outcome.heard_violations != {}  # sloppy vehicles are about


@pytest.mark.needs("shared")
def test_what_we_say_passes_the_official_schemas_of_each_version(days: tuple[Day, Day], shared: Path) -> None:
    for day in days:
        for (version, name), payloads in sorted(day.told.items()):
            assert faults_of(shared, name, sorted(payloads), version) == [], (version, name)
