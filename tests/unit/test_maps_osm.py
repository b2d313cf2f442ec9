from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fleet.errors import MapError
from fleet.maps.osm import ImportSummary, import_map
from fleet.roads.graph import NodeFlag, RoadGraph
from tests.drawn_map import VAN, draw
from tests.needs import needs

MAPS = Path(__file__).parents[2] / "configs" / "maps"
LINE = {"a": (0.0, 0.0), "b": (100.0, 0.0), "c": (200.0, 0.0), "d": (200.0, 100.0)}

Import = tuple[RoadGraph, ImportSummary]


@pytest.fixture(scope="module")
def helsinki() -> Import:
    return import_map(MAPS / "helsinki-centre.osm.pbf")


def test_a_missing_map_is_named_with_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(MapError, match=r"nowhere\.osm\.pbf: No such file.*give the path of an OSM file"):
        import_map(tmp_path / "nowhere.osm.pbf")


@pytest.mark.parametrize("name", ["broken.osm.pbf", "broken.osm", "broken.txt"])
def test_a_file_that_is_no_map_is_named_with_what_to_do(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"this is no map" * 99)
    with pytest.raises(MapError, match=r"broken.*not a readable OSM file.*get the extract again"):
        import_map(path)


def test_a_map_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.osm.pbf"
    path.write_bytes((MAPS / "helsinki-centre.osm.pbf").read_bytes()[:-30_000])
    with pytest.raises(MapError, match="not a readable OSM file"):
        import_map(path)


def test_a_map_without_roads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MapError, match="no drivable roads"):
        draw(tmp_path, LINE, {"ab": {"highway": "footway"}})


def test_what_was_left_out_is_counted_with_the_reason(tmp_path: Path) -> None:
    roads = {"ab": {}, "bc": {"highway": "steps"}, "cd": {"highway": "steps"}}
    drawn = draw(tmp_path, LINE, roads, bans=[("ab", "b", "bc", "no_left_turn")])
    assert (drawn.summary.roads_read, drawn.summary.roads_kept) == (3, 1)
    assert drawn.summary.dropped == {"road: highway=steps": 2, "restriction: its roads are not in the map": 1}


def test_a_road_that_leaves_the_extract_ends_at_its_edge(tmp_path: Path) -> None:
    text = draw(tmp_path, LINE, {"abcd": {}}).path.read_text(encoding="utf-8")
    cut = tmp_path / "cut.osm"
    cut.write_text(text.replace(f'<node id="{ord("c")}"', '<node id="9"'), encoding="utf-8")
    graph, _ = import_map(cut)
    assert sorted(graph.node_osm.tolist()) == [ord("a"), ord("b")]
    assert graph.node_osm[graph.node_has(NodeFlag.BORDER)].tolist() == [ord("b")]


def test_nodes_on_one_spot_make_no_edge_without_length(tmp_path: Path) -> None:
    drawn = draw(tmp_path, LINE | {"x": LINE["b"]}, {"ab": {}, "bx": {}, "xc": {}})
    assert drawn.graph.edge_length_m.min() > 0
    assert len(drawn.graph.polyline(drawn.edge("bx"))) == 2


def test_no_polyline_repeats_a_point(helsinki: Import) -> None:
    graph, _ = helsinki
    longer = np.flatnonzero(graph.edge_length_m > 0.01)
    assert all(np.any(np.diff(graph.polyline(int(edge)), axis=0), axis=1).all() for edge in longer)


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    import_map(draw(tmp_path, LINE, {"ab": {}}).path, lambda stage, _count: told.append(stage))
    assert told[-1] == "build"


def test_the_same_file_gives_the_same_graph(helsinki: Import) -> None:
    again, summary = import_map(MAPS / "helsinki-centre.osm.pbf")
    assert summary == helsinki[1]
    assert np.array_equal(again.shape_x_m, helsinki[0].shape_x_m)
    assert np.array_equal(again.edge_from, helsinki[0].edge_from)


def test_helsinki_keeps_its_restrictions(helsinki: Import) -> None:
    _, summary = helsinki
    assert (summary.restrictions_read, summary.restrictions_kept) == (45, 44)


@pytest.mark.parametrize(
    "claim",
    [
        lambda graph: graph.edge_from.max() < graph.node_count,
        lambda graph: np.array_equal(graph.edge_from[graph.edge_reverse >= 0], graph.edge_to[_back(graph)]),
        lambda graph: np.all(graph.edge_length_m > 0) and np.all(graph.edge_speed_mps > 0),
        lambda graph: np.all(graph.shape_start[1:] - graph.shape_start[:-1] >= 2),
        lambda graph: np.all(graph.edge_stop_m[graph.safe_stop] <= graph.edge_length_m[graph.safe_stop]),
        lambda graph: np.all(np.diff(graph.node_osm) > 0),
    ],
    ids=["ends", "reverses", "positive", "shapes", "stops", "ids"],
)
def test_the_arrays_of_a_real_map_fit_together(claim: Callable[[RoadGraph], bool], helsinki: Import) -> None:
    assert claim(helsinki[0])


def _back(graph: RoadGraph) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    return graph.edge_reverse[graph.edge_reverse >= 0]


@needs("shared")
def test_a_reconstructed_map_with_its_own_kind_of_restriction_is_read(shared: Path) -> None:
    graph, summary = import_map(shared / "maps" / "herrenberg-tiny.osm.pbf")
    assert summary.restrictions_kept == 39
    assert VAN.road_classes & set(graph.edge_class.values)
