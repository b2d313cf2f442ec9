"""Two hours of ten vehicles with everything going wrong a little, again and again."""

from __future__ import annotations

import os

import pytest

from fleet.journal.replay import all_records
from fleet.model.run import OPEN_PHASES
from fleet.roads.graph import RoadGraph
from vehicle_sim.harness import Options, simulate
from vehicle_sim.scenario import Scenario

SEEDS = int(os.environ.get("FLEET_SEEDS", "200"))


@pytest.mark.vda5050("2.2", "6.2", "6.8", "13.11")
@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_every_promise_is_kept_whatever_goes_wrong(small: Scenario, liechtenstein: RoadGraph, seed: int) -> None:
    outcome = simulate(small, liechtenstein, seed, Options(profile="storm"))
    again = f"repeat with: vehicle-sim run configs/scenarios/small.toml --seed {seed} --profile storm"
    assert outcome.violations == [], again
    assert outcome.schema_violations == {}, again
    records = all_records(outcome.store, outcome.scenario.site.id)
    assert [record.body for record in records if record.type == "ItemQuarantined"] == [], again
    assert outcome.is_over, f"runs are still open; {again}"
    assert all(view.phase not in OPEN_PHASES for view in outcome.state.runs.values()), again
