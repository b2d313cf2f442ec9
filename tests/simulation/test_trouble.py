"""A small town's morning in which vehicles restart, are towed, stopped and lied to, and people do the wrong thing."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from fleet.model.ids import PointId, VehicleId
from fleet.roads.graph import RoadGraph
from tests.simulation.block_town import SCENARIO, block_town
from vehicle_sim.faults import VARIANTS, FaultKind, draw_plan, rates_of
from vehicle_sim.harness import Options, OtherSite, Outcome, simulate
from vehicle_sim.scenario import Scenario

SEEDS = int(os.environ.get("FLEET_SEEDS", "30"))
SEEDS_ON_REAL_ROADS = sorted({25, *range(1, SEEDS // 10 + 1)})
Town = tuple[Scenario, RoadGraph]
EVERY_VARIANT = [(kind, variant) for kind, variants in VARIANTS.items() for variant in variants]
SCRIPTED = """
[[fault]]
kind = "{kind}"
variant = "{variant}"
vehicle = "{vehicle}"
at = "{at}"
lasts = "{lasts}"
"""


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return block_town(tmp_path_factory.mktemp("troubled"), SCENARIO + '\n[faults]\nprofile = "trouble"\n')


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return block_town(tmp_path_factory.mktemp("town"))


def all_is_well(outcome: Outcome) -> bool:
    """No promise is broken, and what is still open waits for a person."""
    open_runs = set(outcome.state.open_runs)
    return (
        outcome.violations == [] and not outcome.state.quarantine and outcome.is_over and open_runs <= outcome.waiting
    )


@pytest.mark.vda5050("6.8", "11.1", "13.12")
@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_every_promise_is_kept_whatever_befalls_vehicles_and_whatever_people_ask(troubled: Town, seed: int) -> None:
    outcome = simulate(*troubled, seed)
    assert outcome.violations == []
    assert outcome.schema_violations == {}
    assert all_is_well(outcome)


@pytest.mark.parametrize("seed", SEEDS_ON_REAL_ROADS)
def test_every_promise_is_kept_on_real_roads_too(small: Scenario, liechtenstein: RoadGraph, seed: int) -> None:
    """Two-way streets, turning places and doors a few metres behind a node: a town of blocks has none of them."""
    outcome = simulate(small, liechtenstein, seed, Options(profile="trouble"))
    assert outcome.violations == [], f"vehicle-sim run configs/scenarios/small.toml --seed {seed} --profile trouble"
    assert all_is_well(outcome)


@pytest.mark.parametrize(("kind", "variant"), EVERY_VARIANT)
@pytest.mark.parametrize("vehicle", ["VAN-1", "BOX-1"])
def test_each_trouble_by_itself_befalls_somebody_and_is_overcome(
    tmp_path_factory: pytest.TempPathFactory, kind: FaultKind, variant: str, vehicle: str
) -> None:
    waits_for_its_moment = kind in (FaultKind.OPERATOR, FaultKind.ROADWORKS) or variant == "mid_handover"
    under_way = {"VAN-1": "10m", "BOX-1": "14m"}[vehicle]
    at = "3m30s" if waits_for_its_moment else under_way
    fault = SCRIPTED.format(kind=kind, variant=variant, vehicle=vehicle, at=at, lasts="90s")
    outcome = simulate(*block_town(tmp_path_factory.mktemp(variant), SCENARIO + fault), 1)
    assert outcome.fault_hits[f"{kind}:{variant}"] == 1
    assert outcome.violations == []
    assert all_is_well(outcome)


def test_the_profile_draws_every_trouble_in_each_of_its_ways() -> None:
    plans = [draw_plan(rates_of("roadworks"), seed, ["van-1", "van-2"], ["p"], 0.0, 3600.0) for seed in range(60)]
    drawn = {(event.kind, event.variant) for plan in plans for event in plan.events}
    assert set(EVERY_VARIANT) <= drawn


def test_the_same_seed_of_trouble_writes_the_same_journal(troubled: Town) -> None:
    first, second = (simulate(*troubled, 5) for _ in range(2))
    area = first.scenario.site.id
    assert first.store.head(area) == second.store.head(area)
    assert first.fault_hits == second.fault_hits


@pytest.mark.parametrize("after_s", [120.0, 500.0, 900.0])
def test_a_vehicle_that_left_the_site_file_over_a_restart_leaves_nobody_else_waiting(
    town: Town, after_s: float
) -> None:
    scenario, graph = town
    vehicles = {key: vehicle for key, vehicle in scenario.site.vehicles.items() if key != VehicleId("BOX-1")}
    other = OtherSite(after_s, replace(scenario.site, vehicles=vehicles))
    outcome = simulate(scenario, graph, 1, Options(other_site=other))
    assert outcome.crashes == 1
    assert outcome.violations == []


@pytest.mark.parametrize("after_s", [120.0, 500.0, 900.0])
def test_a_point_that_left_the_site_file_over_a_restart_breaks_no_promise(town: Town, after_s: float) -> None:
    scenario, graph = town
    points = {key: point for key, point in scenario.site.points.items() if key != PointId("point-2")}
    other = OtherSite(after_s, replace(scenario.site, points=points))
    outcome = simulate(scenario, graph, 1, Options(other_site=other))
    assert outcome.crashes == 1
    assert outcome.violations == []


@pytest.mark.parametrize("seed", [219, 464, 871, 905, 1270, 1343, 1352, 1438, 1646, 1862])
def test_what_once_broke_a_promise_is_overcome(troubled: Town, seed: int) -> None:
    """A lot loaded twice by one order, a hold lifted over hands at work, a settled late copy of a run in a plan."""
    assert all_is_well(simulate(*troubled, seed))
