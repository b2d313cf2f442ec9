"""The same program on other maps: any extract can be a site."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fleet.config.builtin import builtin_type
from fleet.maps.invent import Wish, invent_site
from fleet.maps.osm import import_map
from fleet.model.run import RunPhase
from fleet.roads.permit import RoadProfile
from vehicle_sim.harness import Options, Outcome, simulate
from vehicle_sim.scenario import Scenario

MORNING = """
name = "morning"
site = "site.toml"
start = "2026-03-02T06:00"
duration = "2h"

[demand]
runs = 16
parcels = 1000
told_before = "20m"

[[demand.wave]]
share = 1.0
ready = "06:20"
spread = "5m"
due_after = "90m"
"""
PROFILE = RoadProfile(frozenset(builtin_type("post_8").road_classes), 40.0 / 3.6)


def a_morning(map_path: Path, folder: Path, wish: Wish) -> Outcome:
    graph, _ = import_map(map_path)
    text = invent_site(graph, map_path, PROFILE, wish, name=map_path.name.partition(".")[0])
    (folder / "site.toml").write_text(text, encoding="utf-8")
    (folder / "scenario.toml").write_text(MORNING, encoding="utf-8")
    return simulate(Scenario.load(folder / "scenario.toml"), graph, 1, Options(solver_steps=10))


@pytest.mark.needs("shared")
def test_a_morning_in_hangzhou_is_planned_and_driven(shared: Path, tmp_path: Path) -> None:
    wish = Wish(points=16, vehicles=6, time_zone="Asia/Shanghai")
    outcome = a_morning(shared / "maps" / "hangzhou-core.osm.pbf", tmp_path, wish)
    assert outcome.violations == []
    assert {view.phase for view in outcome.state.runs.values()} == {RunPhase.DELIVERED}
    named = [point.name for point in outcome.scenario.site.points.values() if re.search("[\u4e00-\u9fff]", point.name)]
    assert len(named) >= 10


def test_a_morning_in_the_centre_of_helsinki_keeps_its_turn_restrictions(tmp_path: Path) -> None:
    map_path = Path(__file__).parents[2] / "configs" / "maps" / "helsinki-centre.osm.pbf"
    wish = Wish(stations=1, points=10, vehicles=3, time_zone="Europe/Helsinki")
    outcome = a_morning(map_path, tmp_path, wish)
    assert outcome.violations == []
    assert {view.phase for view in outcome.state.runs.values()} == {RunPhase.DELIVERED}
