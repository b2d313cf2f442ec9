from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from fleet.maps.cache import cache_file, load_or_import, read_cache, write_cache
from fleet.roads.graph import RoadGraph, TextColumn
from tests.drawn_map import DrawnMap, draw

SPOTS = {"a": (0.0, 0.0), "b": (100.0, 0.0), "c": (200.0, 0.0), "d": (200.0, 100.0)}


@pytest.fixture
def drawn(tmp_path: Path) -> DrawnMap:
    roads = {"ab": {"name": "春华路"}, "bc": {"access": "no"}, "cd": {}, "bd": {}}
    return draw(tmp_path, SPOTS, roads, bans=[("ab", "bc", "cd", "no_left_turn"), ("ab", "b", "bd", "no_left_turn")])


def alike(one: RoadGraph, other: RoadGraph) -> bool:
    return all(_alike(getattr(one, field.name), getattr(other, field.name)) for field in fields(RoadGraph))


def _alike(one: object, other: object) -> bool:
    if isinstance(one, TextColumn) and isinstance(other, TextColumn):
        return one.values == other.values and np.array_equal(one.codes, other.codes)
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    return one == other


def test_a_map_comes_back_from_the_cache_as_it_went_in(drawn: DrawnMap, tmp_path: Path) -> None:
    kept = tmp_path / "cache" / "map.npz"
    assert drawn.graph.forbidden_paths
    assert write_cache(kept, drawn.graph, drawn.summary)
    found = read_cache(kept)
    assert found is not None
    assert alike(found[0], drawn.graph)
    assert found[1] == drawn.summary


def test_the_second_start_reads_the_cache(drawn: DrawnMap, tmp_path: Path) -> None:
    load_or_import(drawn.path, tmp_path / "cache")
    told: list[str] = []
    graph, _ = load_or_import(drawn.path, tmp_path / "cache", lambda stage, _count: told.append(stage))
    assert told == []
    assert alike(graph, drawn.graph)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 nonsense", None])
def test_a_damaged_cache_is_built_again(damage: bytes | None, drawn: DrawnMap, tmp_path: Path) -> None:
    load_or_import(drawn.path, tmp_path)
    kept = cache_file(tmp_path, drawn.graph.edition)
    kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2] if damage is None else damage)
    graph, _ = load_or_import(drawn.path, tmp_path)
    assert alike(graph, drawn.graph)
    assert read_cache(kept) is not None


def test_a_changed_map_is_another_edition(drawn: DrawnMap, tmp_path: Path) -> None:
    load_or_import(drawn.path, tmp_path)
    drawn.path.write_text(drawn.path.read_text(encoding="utf-8").replace("春华路", "秋实路"), encoding="utf-8")
    graph, _ = load_or_import(drawn.path, tmp_path)
    assert "秋实路" in graph.edge_name.values
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_a_cache_of_another_format_is_built_again(drawn: DrawnMap, tmp_path: Path) -> None:
    kept = tmp_path / "map.npz"
    np.savez(kept, node_osm=drawn.graph.node_osm)
    assert read_cache(kept) is None


def test_a_cache_that_cannot_be_written_does_not_stop_the_start(drawn: DrawnMap, tmp_path: Path) -> None:
    in_the_way = tmp_path / "a file, no folder"
    in_the_way.write_text("")
    graph, _ = load_or_import(drawn.path, in_the_way)
    assert alike(graph, drawn.graph)


def test_no_unfinished_file_is_left_behind(drawn: DrawnMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    assert not write_cache(tmp_path / "cache" / "map.npz", drawn.graph, replace(drawn.summary, edges=0))
    assert list((tmp_path / "cache").iterdir()) == []
