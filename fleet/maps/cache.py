"""Imported maps kept on disk, so that a second start takes a moment."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from itertools import accumulate, pairwise
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from fleet.maps.osm import ImportSummary, Progress, file_sha256, import_map
from fleet.roads.graph import RoadGraph, TextColumn
from fleet.roads.plane import LocalPlane

CACHE_FORMAT = 4
"""Raise it whenever the graph's arrays or the reading of tags change; older files are then left alone."""


def load_or_import(path: Path, cache_dir: Path, progress: Progress | None = None) -> tuple[RoadGraph, ImportSummary]:
    """The road graph of an OSM file, from the cache if this very file was imported before.

    A damaged cache file is built again; a cache that cannot be written costs time, not the start.

    Raises:
        MapError: as `import_map`.
    """
    kept = cache_file(cache_dir, file_sha256(path))
    if (found := read_cache(kept)) is not None:
        return found
    graph, summary = import_map(path, progress)
    write_cache(kept, graph, summary)
    return graph, summary


def cache_file(cache_dir: Path, edition: str) -> Path:
    """Where the map of that sha256 is kept."""
    return cache_dir / f"{edition[:24]}-v{CACHE_FORMAT}.npz"


def read_cache(kept: Path) -> tuple[RoadGraph, ImportSummary] | None:
    """What a cache file holds; None if it is missing, damaged or of another format."""
    try:
        with kept.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return _graph_of(arrays), ImportSummary(**json.loads(str(arrays["summary"])))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def write_cache(kept: Path, graph: RoadGraph, summary: ImportSummary) -> bool:
    """Write a cache file in one step, so that no reader ever sees half of one; False if the disk refuses."""
    arrays = _arrays_of(graph)
    arrays["summary"] = np.array(json.dumps(asdict(summary)))
    unfinished: str | None = None
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=kept.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        Path(unfinished).replace(kept)
    except OSError:
        if unfinished:
            Path(unfinished).unlink(missing_ok=True)
        return False
    return True


def _arrays_of(graph: RoadGraph) -> dict[str, NDArray[np.generic]]:
    """The graph as named arrays; a text column is two of them, the paths are one after the other."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for field in fields(graph):
        value = getattr(graph, field.name)
        match value:
            case LocalPlane():
                arrays[field.name] = np.array([value.lat, value.lon])
            case TextColumn():
                arrays[f"{field.name}.codes"] = value.codes
                arrays[f"{field.name}.values"] = np.array(value.values, np.str_)
            case tuple():
                arrays[f"{field.name}.start"] = np.array([0, *accumulate(map(len, value))], np.int64)
                arrays[field.name] = np.array([edge for path in value for edge in path], np.int32)
            case _:
                arrays[field.name] = np.asarray(value)
    return arrays


def _graph_of(arrays: Mapping[str, NDArray[np.generic]]) -> RoadGraph:
    made: dict[str, object] = {}
    for field in fields(RoadGraph):
        name = field.name
        if f"{name}.codes" in arrays:
            values = tuple(map(str, arrays[f"{name}.values"]))
            made[name] = TextColumn(cast("NDArray[np.int32]", arrays[f"{name}.codes"]), values)
        elif f"{name}.start" in arrays:
            flat = arrays[name].tolist()
            made[name] = tuple(tuple(flat[a:b]) for a, b in pairwise(arrays[f"{name}.start"].tolist()))
        elif name == "plane":
            made[name] = LocalPlane(*arrays[name].tolist())
        elif name == "edition":
            made[name] = str(arrays[name])
        else:
            made[name] = arrays[name]
    return RoadGraph(**made)  # type: ignore[arg-type]  # every field is set above, by its own name
