"""An OSM extract becomes a road graph."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import osmium
from osmium.filter import KeyFilter, TagFilter
from osmium.osm import NODE, RELATION, WAY, Node, Relation, Way

from fleet.errors import MapError
from fleet.maps.assemble import assemble
from fleet.maps.records import NOTHING_THERE, NodeFeatures, RoadNode, RoadWay
from fleet.maps.restrictions import Restriction, read_restriction
from fleet.maps.surroundings import Surroundings, is_halt
from fleet.maps.tags import barrier_access, edge_flags, lanes, why_dropped
from fleet.roads.graph import NodeFlag, RoadGraph

Progress = Callable[[str, int], None]
"""Told the name of the stage and how many things it has read so far."""

_TELL_EVERY = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """What an import read, kept and left out.

    Attributes:
        roads_read: ways with a `highway` tag.
        roads_kept: of them, those that some vehicle may drive on.
        dropped: reason -> count, for roads and restrictions.
        cautions: what was read more strictly than tagged, or not at all -> count.
        length_m: of all roads, each direction of a two-way road counted once.
    """

    map_file: str
    edition: str
    roads_read: int
    roads_kept: int
    road_nodes: int
    restrictions_read: int
    restrictions_kept: int
    dropped: Mapping[str, int]
    cautions: Mapping[str, int]
    nodes: int
    edges: int
    length_m: float
    safe_stops: int


def import_map(path: Path, progress: Progress | None = None) -> tuple[RoadGraph, ImportSummary]:
    """Read the roads of an OSM file (.pbf, .osm, .osm.gz ...), in two passes.

    Args:
        path: of the file; any extract, roads cut at its edge included.
        progress: called now and then.

    Raises:
        MapError: the file is missing, is no OSM file, or has no drivable road.
    """
    tell = progress or (lambda _stage, _count: None)
    edition = file_sha256(path)
    counts: Counter[str] = Counter()
    beside = Surroundings()
    with reading(path):
        ways, nodes = _read_roads(path, counts, beside, tell)
        restrictions = list(_read_restrictions(path, counts))
    if not any(sum(ref in nodes for ref in way.refs) > 1 for way in ways):
        raise MapError(f"{path}: no drivable roads in it; take an extract that has ways with a highway tag")
    tell("build", 0)
    graph, notes = assemble(ways, nodes, restrictions, beside, edition)
    tell("build", graph.edge_count)
    return graph, _summary(path, graph, counts, notes, len(nodes))


def file_sha256(path: Path) -> str:
    """The edition of a map: sha256 of its file.

    Raises:
        MapError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MapError(f"{path}: {error.strerror}; give the path of an OSM file (.osm.pbf or .osm)") from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Errors of the OSM reader become map errors that name the file."""
    try:
        yield
    except (RuntimeError, ValueError, OSError) as error:
        remedy = "get the extract again, or convert it to .osm.pbf"
        raise MapError(f"{path}: not a readable OSM file ({error}); {remedy}") from error


def _read_roads(
    path: Path, counts: Counter[str], beside: Surroundings, tell: Progress
) -> tuple[list[RoadWay], dict[int, RoadNode]]:
    """Ways that may be roads, and those of their nodes that the extract has; what lies beside them is noted."""
    features: dict[int, NodeFeatures] = {}
    ways: list[RoadWay] = []
    nodes: dict[int, RoadNode] = {}
    wanted = KeyFilter("highway", "barrier", "crossing", "railway", "public_transport", "ford")
    for thing in osmium.FileProcessor(str(path), NODE | WAY).with_locations().with_filter(wanted):
        if isinstance(thing, Node):
            features[thing.id] = _node_features(thing)
            beside.note_node(thing, dict(thing.tags))
        elif isinstance(thing, Way):
            way = _road(thing, counts)
            beside.note_way(thing, dict(thing.tags), is_left_out=way is None)
            if way is None:
                continue
            ways.append(way)
            if len(ways) % _TELL_EVERY == 0:
                tell("roads", len(ways))
            for node in thing.nodes:
                if node.ref not in nodes and node.location.valid():
                    found = features.get(node.ref, NOTHING_THERE)
                    nodes[node.ref] = RoadNode(node.ref, node.location.lat, node.location.lon, found)
    return ways, nodes


def _road(way: Way, counts: Counter[str]) -> RoadWay | None:
    tags = dict(way.tags)
    if "highway" not in tags:
        return None
    counts["roads_read"] += 1
    reason = why_dropped(tags) or ("fewer than two nodes" if len(way.nodes) < 2 else None)
    if reason:
        counts[f"dropped road: {reason}"] += 1
        return None
    counts["roads_kept"] += 1
    forward, backward = lanes(tags)
    refs = tuple(node.ref for node in way.nodes)
    return RoadWay(way.id, refs, tags["highway"], tags.get("name", ""), int(edge_flags(tags)), forward, backward)


def _read_restrictions(path: Path, counts: Counter[str]) -> Iterator[Restriction]:
    for relation in osmium.FileProcessor(str(path), RELATION).with_filter(TagFilter(("type", "restriction"))):
        if not isinstance(relation, Relation):
            continue
        counts["restrictions_read"] += 1
        members = [(member.role, member.type, member.ref) for member in relation.members]
        read = read_restriction(dict(relation.tags), members)
        if isinstance(read, str):
            counts[f"dropped restriction: {read}"] += 1
        else:
            yield read


def _node_features(node: Node) -> NodeFeatures:
    tags = dict(node.tags)
    facing = tags.get("traffic_signals:direction", tags.get("direction", ""))
    access = barrier_access(tags) if "barrier" in tags else ""
    return NodeFeatures(int(_node_flags(tags)), tags.get("barrier", ""), access, facing)


def _node_flags(tags: Mapping[str, str]) -> NodeFlag:
    flags = NodeFlag(0)
    if tags.get("highway") == "traffic_signals":
        flags |= NodeFlag.SIGNAL
    if tags.get("highway") == "crossing" or tags.get("crossing", "no") not in {"no", "unmarked"}:
        flags |= NodeFlag.CROSSING
    if tags.get("railway") in {"level_crossing", "tram_level_crossing", "crossing", "tram_crossing"}:
        flags |= NodeFlag.RAIL
    if tags.get("highway") in {"mini_roundabout", "turning_circle", "turning_loop"} or tags.get("ford", "no") != "no":
        flags |= NodeFlag.MOUTH
    if is_halt(tags):
        flags |= NodeFlag.BUS_STOP
    if "barrier" in tags:
        flags |= NodeFlag.BARRIER
    return flags


def _summary(path: Path, graph: RoadGraph, counts: Counter[str], notes: Counter[str], road_nodes: int) -> ImportSummary:
    both = counts + notes
    one_way = graph.edge_reverse < 0
    return ImportSummary(
        map_file=path.name,
        edition=graph.edition,
        roads_read=both["roads_read"],
        roads_kept=both["roads_kept"],
        road_nodes=road_nodes,
        restrictions_read=both["restrictions_read"],
        restrictions_kept=both["restrictions_kept"],
        dropped={key.removeprefix("dropped "): n for key, n in sorted(both.items()) if key.startswith("dropped ")},
        cautions={key.removeprefix("caution: "): n for key, n in sorted(both.items()) if key.startswith("caution: ")},
        nodes=graph.node_count,
        edges=graph.edge_count,
        length_m=float(graph.edge_length_m[one_way].sum() + graph.edge_length_m[~one_way].sum() / 2),
        safe_stops=int(graph.safe_stop.sum()),
    )
