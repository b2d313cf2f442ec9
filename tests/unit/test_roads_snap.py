from __future__ import annotations

from pathlib import Path

import pytest

from fleet.roads.route import Router
from fleet.roads.snap import END_CLEARANCE_M, NotReachable, Snap, Snapper
from tests.drawn_map import VAN, DrawnMap, draw, latlon

SPOTS = {
    "a": (0.0, 0.0),
    "b": (200.0, 0.0),
    "c": (200.0, 150.0),
    "d": (0.0, 150.0),
    "e": (200.0, 400.0),
    "f": (0.0, 230.0),
}
RING: dict[str, dict[str, str]] = {"ab": {}, "bc": {}, "cd": {}, "da": {}, "df": {}}  # df: where to turn round


def snap(drawn: DrawnMap, x_m: float, y_m: float, *, left: bool = False, limit_m: float = 100.0) -> Snap | NotReachable:
    return Snapper(Router(drawn.graph, VAN), left_hand_traffic=left).snap(*latlon(x_m, y_m), limit_m=limit_m)


@pytest.mark.parametrize(
    ("y_m", "left", "road"), [(-9.0, False, "ab"), (9.0, False, "ba"), (-9.0, True, "ba"), (9.0, True, "ab")]
)
def test_a_vehicle_stops_at_the_kerb_that_faces_the_point(y_m: float, left: bool, road: str, tmp_path: Path) -> None:
    drawn = draw(tmp_path, SPOTS, RING)
    found = snap(drawn, 80.0, y_m, left=left)
    assert isinstance(found, Snap)
    assert found.place.edge == drawn.edge(road)
    assert found.place.offset_m == pytest.approx(80.0 if road == "ab" else 120.0, abs=0.1)
    assert found.distance_m == pytest.approx(9.0, abs=0.1)
    assert not found.passed_over


def test_on_a_one_way_street_a_vehicle_stops_on_whichever_side_it_can(tmp_path: Path) -> None:
    drawn = draw(tmp_path, SPOTS, RING | {"ab": {"oneway": "yes"}})
    found = snap(drawn, 80.0, 9.0)
    assert isinstance(found, Snap)
    assert found.place.edge == drawn.edge("ab")


def test_a_place_keeps_clear_of_the_ends_of_its_road(tmp_path: Path) -> None:
    found = snap(draw(tmp_path, SPOTS, RING), 1.0, -9.0)
    assert isinstance(found, Snap)
    assert found.place.offset_m == END_CLEARANCE_M


def test_a_place_on_a_very_short_road_is_in_its_middle(tmp_path: Path) -> None:
    drawn = draw(tmp_path, SPOTS | {"x": (206.0, 0.0)}, RING | {"bx": {}})
    found = snap(drawn, 205.0, -1.0)
    assert isinstance(found, Snap)
    assert found.place.offset_m == pytest.approx(3.0, abs=0.05)


def test_a_nearer_road_that_is_not_ours_is_passed_over_and_named(tmp_path: Path) -> None:
    drawn = draw(tmp_path, SPOTS | {"x": (0.0, -30.0), "y": (200.0, -30.0)}, RING | {"xy": {"access": "private"}})
    found = snap(drawn, 100.0, -25.0)
    assert isinstance(found, Snap)
    assert found.place.edge == drawn.edge("ab")
    assert found.passed_over == "5 m: access=private: unnamed residential road (way 6)"


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"access": "private"}, "access=private: unnamed residential road (way 6)"),
        ({"highway": "track"}, "road class track not allowed: unnamed track road (way 6)"),
        ({"oneway": "yes"}, "cut off, not in the connected part of the roads: unnamed residential road (way 6)"),
        ({"tunnel": "yes"}, "no stopping on a bridge, tunnel, roundabout, slip road or motorway"),
    ],
)
def test_a_point_that_no_road_serves_is_told_why(tags: dict[str, str], reason: str, tmp_path: Path) -> None:
    found = snap(draw(tmp_path, SPOTS, RING | {"ce": tags}), 210.0, 350.0)
    assert isinstance(found, NotReachable)
    assert found.reason.startswith(reason)
    assert found.reason.endswith("the nearest usable road is 200 m away")


def test_a_point_far_from_all_roads_is_told_how_far(tmp_path: Path) -> None:
    found = snap(draw(tmp_path, SPOTS, RING), 100.0, -140.0)
    assert found == NotReachable("nearest road is 140 m away, the limit is 100 m")


def test_on_a_map_without_a_road_for_us_nothing_is_served(tmp_path: Path) -> None:
    found = snap(draw(tmp_path, SPOTS, {"ab": {"highway": "motorway"}}), 100.0, 5.0)
    assert found == NotReachable("no road of this map may be used")
