"""Streets that people slow or close in both directions: who heeds zones is told, and nobody drives too fast."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from fleet.dispatch import pace
from fleet.model import event as ev
from fleet.model.order import PathEdge
from fleet.orders.guard import Guard
from fleet.state.fleet_state import FleetState
from tests.simulation.block_town import SCENARIO, block_town
from tests.simulation.test_planted_bugs import instead_of
from tests.simulation.test_trouble import all_is_well
from vehicle_sim.harness import Outcome, simulate

SEEDS = max(int(os.environ.get("FLEET_SEEDS", "60")) // 20, 1)
DRIVEN = "S32: driven under a temporary limit"


def a_day(folder: Path, profile: str, version: str, seed: int) -> Outcome:
    return simulate(*block_town(folder, f'{SCENARIO}\n[faults]\nprofile = "{profile}"\n', "", version), seed)


def happened(outcome: Outcome) -> Counter[str]:
    """How often streets were told as zones, and shown by vehicles as zones that they heed."""
    records = outcome.store.records(outcome.scenario.site.id, 0, 1_000_000)
    found: Counter[str] = Counter()
    for event in (record.event() for record in records):
        found[type(event).__name__] += 1
        if isinstance(event, ev.ZonesTold):
            found["closed"] += bool(event.road_keys)
            found["slow"] += bool(event.slow_keys)
        if isinstance(event, ev.ZonesShown):
            found["heeded"] += event.is_enabled
    return found


@pytest.mark.vda5050("13.8", "13.12")
@pytest.mark.parametrize("version", ["2.1.0", "3.0.0"])
def test_vehicles_keep_to_limits_and_zones_and_every_promise_is_kept(tmp_path: Path, version: str) -> None:
    seen: Counter[str] = Counter()
    for seed in range(1, SEEDS + 1):
        outcome = a_day(tmp_path, "one-fault:roadworks", version, seed)
        assert outcome.violations == [], seed
        assert outcome.schema_violations == {}
        assert all_is_well(outcome)
        seen += happened(outcome)
        seen[DRIVEN] += outcome.notes[DRIVEN]
    assert min(seen["RoadSlowed"], seen["RoadUnslowed"], seen["OrderPaced"], seen["RoadClosed"], seen[DRIVEN]) > 0
    zones = (seen["closed"], seen["slow"], seen["heeded"])
    assert all(zones) if version == "3.0.0" else not any(zones)


@pytest.mark.parametrize("version", ["2.1.0", "3.0.0"])
@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_every_promise_is_kept_when_roadworks_come_on_top_of_all_other_trouble(
    tmp_path: Path, seed: int, version: str
) -> None:
    outcome = a_day(tmp_path, "roadworks", version, seed)
    assert outcome.violations == []
    assert outcome.schema_violations == {}
    assert all_is_well(outcome)


def test_a_vehicle_that_was_told_the_old_speed_is_found(tmp_path: Path) -> None:
    """The tester is tested: nobody thinks of the limit, and the last look at orders is taken away as well."""

    def forgets(state: FleetState, piece: PathEdge, speed_mps: float) -> PathEdge:
        return piece

    with instead_of(pace, "_slowed", forgets), instead_of(Guard, "faults", lambda *args: []):
        days = (a_day(tmp_path, "one-fault:roadworks", "2.1.0", seed) for seed in range(1, 11))
        assert any(violation.check == "S32" for day in days for violation in day.violations)


def test_an_order_at_the_old_speed_is_held_back_at_the_last_moment(tmp_path: Path) -> None:
    def forgets(state: FleetState, piece: PathEdge, speed_mps: float) -> PathEdge:
        return piece

    with instead_of(pace, "_slowed", forgets):
        day = a_day(tmp_path, "one-fault:roadworks", "2.1.0", 1)
    first = next(violation for violation in day.violations)
    assert first.check == "S21"
    assert "for now the limit is" in first.detail
