"""The demo's morning: what is drawn from a seed, and what goes wrong in it."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from fleet.cli.demo.morning import BATCH, batches, draw_morning
from fleet.cli.demo.options import DemoOptions, default_site, start_s
from fleet.cli.demo.trouble import victims, write_scenario
from fleet.config import load
from fleet.model.site import Site
from tests.needs import REPOSITORY


@pytest.fixture(scope="module")
def site() -> Site:
    return load(REPOSITORY / "configs/liechtenstein.toml")


@pytest.mark.parametrize("seed", range(5))
def test_the_morning_has_8000_parcels_in_more_than_80_runs(site: Site, seed: int) -> None:
    asked = draw_morning(site, seed)
    assert sum(run.parcels for run in asked) == 8_000
    assert len(asked) > 80
    assert min(run.parcels for run in asked) >= 1


def test_every_point_and_both_stations_take_part(site: Site) -> None:
    asked = draw_morning(site, 1)
    assert {run.point_id for run in asked} == set(site.points)
    assert {run.station_id for run in asked} == set(site.stations)


def test_runs_are_ready_around_half_past_six_and_due_90_minutes_later(site: Site) -> None:
    opens_s = start_s(site)
    for run in draw_morning(site, 3):
        assert opens_s + 5 * 60 <= run.ready_s <= opens_s + 45 * 60
        assert run.due_s - run.ready_s == 90 * 60


def test_the_same_seed_gives_the_same_morning_and_another_one_another(site: Site) -> None:
    assert draw_morning(site, 1) == draw_morning(site, 1)
    assert draw_morning(site, 1) != draw_morning(site, 2)


def test_each_run_is_handed_in_once_under_a_key_of_its_own(site: Site) -> None:
    asked = draw_morning(site, 1)
    sent = batches(asked, 1)
    assert [run["run_id"] for _, runs in sent for run in runs] == [run.run_id for run in asked]
    assert len({key for key, _ in sent}) == len(sent)
    assert all(len(runs) <= BATCH for _, runs in sent)


def test_three_things_go_wrong(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    write_scenario(path, default_site(), site, draw_morning(site, 1), with_faults=True)
    faults = tomllib.loads(path.read_text())["fault"]
    assert Counter(fault["kind"] for fault in faults) == Counter(["road_blocked", "silence", "clerk_away"])


def test_nothing_goes_wrong_where_that_was_not_asked_for(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    write_scenario(path, default_site(), site, draw_morning(site, 1), with_faults=False)
    assert "fault" not in tomllib.loads(path.read_text())


@pytest.mark.parametrize("seed", range(10))
def test_a_shut_shop_alone_stays_below_the_returns_that_are_allowed(site: Site, seed: int) -> None:
    asked = draw_morning(site, seed)
    blocked, silent, closed = victims(site, asked)
    assert blocked != silent
    assert sum(run.point_id == closed for run in asked) <= 0.05 * len(asked)


def test_another_map_is_laid_over_the_site_of_all_children(tmp_path: Path) -> None:
    other = REPOSITORY / "configs/maps/helsinki-centre.osm.pbf"
    options = DemoOptions(out=tmp_path, site=default_site(), map=other)
    assert options.load_site().map_path == other
    assert DemoOptions(out=tmp_path, site=default_site()).environment == {}
