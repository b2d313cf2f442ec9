"""Scenario files and the demand they ask for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from fleet.errors import ConfigError
from tests.simulation.block_town import SCENARIO as BLOCKS
from tests.simulation.block_town import block_town
from vehicle_sim.demand import draw_demand, nearest_station
from vehicle_sim.faults import FaultKind
from vehicle_sim.scenario import Scenario, duration_s

SCENARIOS = Path(__file__).parents[2] / "configs" / "scenarios"
SITE = SCENARIOS.parent / "liechtenstein.toml"


def scenario_file(folder: Path, **replaced: str) -> Path:
    lines = {
        "name": '"test"',
        "site": f'"{SITE}"',
        "start": '"2026-03-02T06:00"',
        "duration": '"2h"',
        "demand": '{ parcels = 100, runs = 5, wave = [{ share = 1.0, ready = "06:30" }] }',
    } | replaced
    path = folder / "test.toml"
    path.write_text("\n".join(f"{key} = {value}" for key, value in lines.items()), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "seconds"), [("8h", 28800.0), ("90m", 5400.0), ("1h30m", 5400.0), ("45s", 45.0), ("1.5h", 5400.0)]
)
def test_durations_read_as_people_write_them(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize(
    ("name", "vehicles", "points", "runs", "parcels"),
    [("small", 10, 24, 24, 1200), ("town", 6, 50, 150, 10_000), ("demo", 12, 40, 84, 8000)],
)
def test_the_bundled_scenarios_ask_for_what_they_promise(
    name: str, vehicles: int, points: int, runs: int, parcels: int
) -> None:
    scenario = Scenario.load(SCENARIOS / f"{name}.toml")
    told = draw_demand(scenario, seed=1)
    assert (len(scenario.site.vehicles), len(scenario.site.points)) == (vehicles, points)
    assert len(told) == runs
    assert sum(each.run.lot.parcel_count for each in told) == parcels


def test_start_and_end_are_local_to_the_site() -> None:
    scenario = Scenario.load(SCENARIOS / "small.toml")
    assert scenario.start_s == 1772427600.0  # 2026-03-02T05:00Z, an hour behind Vaduz
    assert scenario.end_s - scenario.start_s == 7200.0


def test_each_station_gets_vehicles_when_only_some_take_part(tmp_path: Path) -> None:
    scenario = Scenario.load(scenario_file(tmp_path, vehicles="4"))
    assert Counter(vehicle.home_station for vehicle in scenario.site.vehicles.values()) == {"vaduz": 2, "schaan": 2}


def test_the_same_seed_draws_the_same_demand_and_another_seed_another() -> None:
    scenario = Scenario.load(SCENARIOS / "small.toml")
    assert draw_demand(scenario, 1) == draw_demand(scenario, 1)
    assert draw_demand(scenario, 1) != draw_demand(scenario, 2)


def test_runs_are_told_before_they_are_ready_start_at_the_nearest_station_and_weigh_what_they_should() -> None:
    scenario = Scenario.load(SCENARIOS / "small.toml")
    for told in draw_demand(scenario, 3):
        run = told.run
        assert scenario.start_s <= told.told_s <= run.ready_s < run.due_s
        assert run.station_id == nearest_station(scenario.site, scenario.site.points[run.point_id])
        assert run.lot.mass_kg == pytest.approx(1.2 * run.lot.parcel_count)
        assert run.lot.volume_m3 == pytest.approx(run.lot.parcel_count / 110, abs=1e-4)


def test_waves_share_the_day_and_parcel_ids_are_unique() -> None:
    scenario = Scenario.load(SCENARIOS / "town.toml")
    runs = [told.run for told in draw_demand(scenario, 1)]
    first = sum(run.lot.parcel_count for run in runs if run.ready_s < scenario.local_s("09:00"))
    assert first == pytest.approx(4500, rel=0.02)
    parcels = [parcel for run in runs for parcel in run.lot.parcel_ids]
    assert len(set(parcels)) == len(parcels) == 10_000


def test_what_a_run_cannot_hold_becomes_several_runs(tmp_path: Path) -> None:
    demand = '{ parcels_per_point = 500, parcels_per_run_max = 200, wave = [{ share = 1.0, ready = "06:30" }] }'
    scenario = Scenario.load(scenario_file(tmp_path, demand=demand))
    counts = [told.run.lot.parcel_count for told in draw_demand(scenario, 1)]
    assert max(counts) <= 200
    assert len(counts) > len(scenario.site.points)


def test_scripted_faults_count_from_the_start(tmp_path: Path) -> None:
    fault = '[{ kind = "silence", vehicle = "FA-001", at = "10m", lasts = "5m" }]'
    scenario = Scenario.load(scenario_file(tmp_path, fault=fault))
    (event,) = scenario.fault_plan(1).events
    assert (event.kind, event.at_s - scenario.start_s, event.for_s) == (FaultKind.SILENCE, 600.0, 300.0)


def test_faults_end_after_three_quarters_of_the_day_unless_said_otherwise(tmp_path: Path) -> None:
    scenario = Scenario.load(scenario_file(tmp_path))
    assert scenario.fault_plan(1, "storm").until_s == scenario.start_s + 5400.0


@pytest.mark.parametrize(
    ("replaced", "sentence"),
    [
        ({"duration": '"soon"'}, "duration: found 'soon', needs a duration"),
        ({"start": '"tomorrow"'}, "start: found 'tomorrow'"),
        ({"colour": '"red"'}, "colour: is not a known key"),
        ({"vehicles": "99"}, "vehicles: found 99, the site liechtenstein has 12"),
        ({"faults": '{ profile = "thunder" }'}, "faults.profile: found 'thunder'"),
        ({"fault": '[{ kind = "silence", at = "1m" }]'}, "needs vehicle, as its kind is silence"),
        ({"fault": '[{ kind = "silence", vehicle = "X", at = "1m" }]'}, "'X' does not take part"),
        ({"demand": '{ parcels = 5, wave = [{ share = 0.4, ready = "06:30" }] }'}, "add up to 1"),
        ({"demand": '{ parcels = 5, wave = [{ share = 1.0, ready = "half six" }] }'}, "found 'half six'"),
        ({"demand": '{ wave = [{ share = 1.0, ready = "06:30" }] }'}, "either parcels_per_point or parcels"),
    ],
)
def test_what_is_wrong_with_a_scenario_is_said_in_a_sentence(
    tmp_path: Path, replaced: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Scenario.load(scenario_file(tmp_path, **replaced))
    assert sentence in str(caught.value)


def test_a_scenario_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Scenario.load(tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"x = \xff", f"x = {'9' * 5000}".encode(), b"x = " + b"[" * 5000])
def test_a_scenario_that_no_parser_can_swallow_is_told_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"odd\.toml: is no TOML"):
        Scenario.load(tmp_path / "odd.toml")


def test_a_trouble_takes_the_first_of_its_ways_unless_it_names_another_and_knows_no_others(tmp_path: Path) -> None:
    def variant_of(line: str) -> str:
        fault = f'\n[[fault]]\nkind = "reboot"\nvehicle = "VAN-1"\nat = "10m"\n{line}\n'
        return block_town(tmp_path, BLOCKS + fault)[0].fault_plan(1).events[0].variant

    assert variant_of("") == "keeps"
    assert variant_of('variant = "lost"') == "lost"
    with pytest.raises(ConfigError, match="keeps, forgets, lost, mid_handover"):
        variant_of('variant = "explodes"')
