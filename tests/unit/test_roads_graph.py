from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from fleet.model.place import Place
from fleet.roads.graph import EdgeFlag, NodeFlag, TextColumn
from fleet.roads.stops import CLEAR_M
from tests.drawn_map import DrawnMap, draw

CORNER = {"a": (0.0, 0.0), "b": (100.0, 0.0), "c": (100.0, 50.0), "d": (300.0, 50.0), "e": (100.0, -80.0)}


@pytest.fixture
def corner(tmp_path: Path) -> DrawnMap:
    """A road with a bend from a to c, one on to d, and a side road at b."""
    return draw(tmp_path, CORNER, {"abc": {"name": "Städtle"}, "cd": {"name": "文三路"}, "be": {}})


@pytest.mark.vda5050("13.5")
def test_ways_are_cut_where_roads_meet(corner: DrawnMap) -> None:
    keys = {f"e{ord(a)}-{ord(b)}-{way}" for a, b, way in [("a", "b", 1), ("b", "c", 1), ("c", "d", 2), ("b", "e", 3)]}
    back = {f"e{ord(b)}-{ord(a)}-{way}" for a, b, way in [("a", "b", 1), ("b", "c", 1), ("c", "d", 2), ("b", "e", 3)]}
    assert set(corner.edge_keys()) == keys | back


@pytest.mark.vda5050("13.5")
def test_a_two_way_road_is_two_edges_that_know_each_other(corner: DrawnMap) -> None:
    there, back = corner.edges("ab", "ba")
    assert (corner.graph.edge_reverse[there], corner.graph.edge_reverse[back]) == (back, there)


def test_lengths_are_metres_along_the_road(corner: DrawnMap) -> None:
    assert np.allclose(corner.graph.edge_length_m[list(corner.edges("ab", "cb", "cd"))], (100, 50, 200), atol=0.02)


def test_every_key_finds_its_edge_and_its_node_again(corner: DrawnMap) -> None:
    graph = corner.graph
    assert [graph.edge_by_key(key) for key in corner.edge_keys()] == list(range(graph.edge_count))
    assert all(graph.node_by_key(graph.node_key(node)) == node for node in range(graph.node_count))
    assert graph.edge_by_key("e1-2-3") is None


def test_parallel_edges_of_one_way_have_keys_of_their_own(tmp_path: Path) -> None:
    ring = draw(tmp_path, {"a": (0, 0), "b": (50, 0), "c": (50, 50), "d": (-50, 0)}, {"abca": {}, "ad": {}})
    keys = ring.edge_keys()
    assert sorted(keys)[-2:] == ["e97-97-1", "e97-97-1.2"]
    assert all(re.fullmatch(r"[A-Za-z0-9_.:-]+", key) for key in keys)


@pytest.mark.vda5050("13.3")
def test_a_place_lies_on_its_road_and_heads_the_way_it_drives(corner: DrawnMap) -> None:
    graph = corner.graph
    x_m, y_m, heading_rad = graph.point_at(Place(corner.edge("cb"), 20.0))
    ax_m, ay_m, _ = graph.point_at(Place(corner.edge("ab"), 0.0))
    assert (x_m - ax_m, y_m - ay_m) == pytest.approx((100, 30), abs=0.05)
    assert heading_rad == pytest.approx(-math.pi / 2, abs=1e-3)


def test_the_end_of_an_edge_is_its_last_point(corner: DrawnMap) -> None:
    graph, edge = corner.graph, corner.edge("cd")
    end = graph.point_at(Place(edge, float(graph.edge_length_m[edge])))[:2]
    assert end == pytest.approx(tuple(graph.polyline(edge)[-1]))
    assert graph.latlon_at(Place(edge, 0.0)) == pytest.approx((graph.node_lat[2], graph.node_lon[2]), abs=1e-8)


def test_streets_are_called_by_their_names(corner: DrawnMap) -> None:
    assert corner.graph.describe(corner.edge("cd")) == "文三路 (way 2)"
    assert corner.graph.describe(corner.edge("be")) == "unnamed residential road (way 3)"


def test_a_base_may_end_before_a_junction_and_at_the_end_of_a_road(corner: DrawnMap) -> None:
    graph = corner.graph
    before_b, at_d = graph.stop_place(corner.edge("ab")), graph.stop_place(corner.edge("cd"))
    assert before_b is not None
    assert at_d is not None
    assert (before_b.offset_m, at_d.offset_m) == pytest.approx((100 - CLEAR_M, 200), abs=0.02)
    assert graph.safe_stop.all()


@pytest.mark.parametrize("tags", [{"tunnel": "yes"}, {"bridge": "viaduct"}, {"junction": "roundabout"}])
def test_no_base_ends_in_a_tunnel_on_a_bridge_or_in_a_roundabout(tags: dict[str, str], tmp_path: Path) -> None:
    drawn = draw(tmp_path, CORNER, {"ab": {}, "bcd": tags})
    assert drawn.graph.stop_place(drawn.edge("bd")) is None
    assert drawn.graph.stop_place(drawn.edge("ab")) is not None


def test_a_base_keeps_clear_of_a_crossing_on_the_road_ahead(tmp_path: Path) -> None:
    spots = {"a": (0, 0), "b": (100, 0), "c": (104, 0), "d": (200, 0)}
    drawn = draw(tmp_path, spots, {"ab": {}, "bcd": {"maxspeed": "30"}}, {"c": {"highway": "crossing"}})
    ahead, back = drawn.graph.stop_place(drawn.edge("ab")), drawn.graph.stop_place(drawn.edge("db"))
    assert ahead is not None
    assert back is not None
    assert (ahead.offset_m, back.offset_m) == pytest.approx((104 - CLEAR_M, 96 - CLEAR_M), abs=0.05)


def test_a_long_road_is_cut_at_its_bends_so_that_a_base_can_end_on_the_way(tmp_path: Path) -> None:
    spots = {letter: (120.0 * i, 0.0) for i, letter in enumerate("abcdefgh")}
    drawn = draw(tmp_path, spots, {"abcdefgh": {}})
    assert drawn.graph.edge_length_m.max() == pytest.approx(240.0, abs=0.05)
    assert drawn.graph.edge_count == 2 * 4
    assert not drawn.graph.node_has(NodeFlag.JUNCTION).any()
    tunnel = draw(tmp_path, spots, {"abcdefgh": {"tunnel": "yes"}})
    assert tunnel.graph.edge_count == 2


def test_signals_and_crossings_are_known_to_the_roads_that_pass_them(tmp_path: Path) -> None:
    marks = {"b": {"highway": "traffic_signals"}, "c": {"highway": "crossing"}}
    drawn = draw(tmp_path, {"a": (0, 0), "b": (80, 0), "c": (90, 0), "d": (100, 0)}, {"abcd": {}}, marks)
    towards, away = drawn.edges("ad", "da")
    signal, crossing = drawn.graph.edge_has(EdgeFlag.SIGNAL), drawn.graph.edge_has(EdgeFlag.CROSSING)
    assert (signal[towards], signal[away]) == (True, False)
    assert (crossing[towards], crossing[away]) == (True, True)


def test_a_junction_is_where_three_roads_meet(corner: DrawnMap) -> None:
    junctions = corner.graph.node_osm[corner.graph.node_has(NodeFlag.JUNCTION)]
    assert junctions.tolist() == [ord("b")]


def test_a_text_column_gives_back_what_was_put_in() -> None:
    column = TextColumn.of(["b", "", "a", "b"])
    assert [column[i] for i in range(4)] == ["b", "", "a", "b"]
    assert column.among({"b", "x"}).tolist() == [True, False, False, True]
