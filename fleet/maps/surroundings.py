"""What lies on or beside roads without being one: rails, crossings of footways, bus stops, roads of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from osmium.osm import Node, Way

from fleet.maps.records import Edge
from fleet.roads.plane import LocalPlane
from fleet.roads.stops import BUS_STOP_CLEAR_M, CLEAR_M, KeepOut, around

RAILS = frozenset({"rail", "tram", "light_rail", "narrow_gauge", "subway", "funicular", "preserved"})
ROADS_OF_OTHERS = frozenset({"busway", "bus_guideway", "raceway", "escape"})
HALTS = frozenset({"bus_stop", "tram_stop", "platform", "stop_position", "halt"})
TRACK_SIDE_M = 3.5
"""A track this close to the middle of a road lies in it, or its trams pass over who stands there."""
HALT_SIDE_M = 15.0
"""A stop this close to a road is one of that road."""

LatLons = tuple[tuple[float, float], ...]


@dataclass(slots=True)
class Surroundings:
    """What was read beside the roads.

    Attributes:
        crossings: nodes at which a mapped way for people on foot or bicycles crosses.
        rails: nodes of tracks.
        arms: nodes of roads that are left out, and are driven by others nevertheless.
        tracks: the lines of tracks on the ground.
        halts: where buses and trams stop.
    """

    crossings: set[int] = field(default_factory=set)
    rails: set[int] = field(default_factory=set)
    arms: set[int] = field(default_factory=set)
    tracks: list[LatLons] = field(default_factory=list)
    halts: list[tuple[float, float]] = field(default_factory=list)

    def note_way(self, way: Way, tags: Mapping[str, str], *, is_left_out: bool) -> None:
        refs = [node.ref for node in way.nodes]
        if tags.get("railway") in RAILS and _is_on_the_ground(tags):
            self.rails.update(refs)
            line = tuple((node.location.lat, node.location.lon) for node in way.nodes if node.location.valid())
            if len(line) > 1:
                self.tracks.append(line)
        if "crossing" in {tags.get(key) for key in ("footway", "path", "cycleway", "bridleway")}:
            self.crossings.update(refs)
        if is_left_out and _is_driven_by_others(tags):
            self.arms.update(refs)

    def note_node(self, node: Node, tags: Mapping[str, str]) -> None:
        if is_halt(tags):
            self.halts.append((node.location.lat, node.location.lon))

    def keep_outs(self, edges: Sequence[Edge], plane: LocalPlane) -> dict[int, list[KeepOut]]:
        """Stretches of edges that lie on or close to tracks, or at stops of buses and trams."""
        roads = np.array([shapely.LineString(edge.points) for edge in edges])
        tree = shapely.STRtree(roads)
        found: dict[int, list[KeepOut]] = {}
        for track in _flat(self.tracks, plane):
            band = track.buffer(TRACK_SIDE_M)
            for index in sorted(tree.query(band, predicate="intersects").tolist()):
                found.setdefault(index, []).extend(_within(roads[index], band))
        for halt in _points(self.halts, plane):
            for index in sorted(tree.query(halt, predicate="dwithin", distance=HALT_SIDE_M).tolist()):
                found.setdefault(index, []).append(around(float(roads[index].project(halt)), BUS_STOP_CLEAR_M))
        return found


def is_halt(tags: Mapping[str, str]) -> bool:
    return not HALTS.isdisjoint({tags.get("highway"), tags.get("railway"), tags.get("public_transport")})


def _is_driven_by_others(tags: Mapping[str, str]) -> bool:
    is_theirs = tags.get("highway") in ROADS_OF_OTHERS or "emergency" in tags.get("service", "")
    return is_theirs or ("highway" in tags and tags.get("oneway") in {"reversible", "alternating"})


def _is_on_the_ground(tags: Mapping[str, str]) -> bool:
    """Tracks on bridges and in tunnels meet no road."""
    is_under = tags.get("layer", "0").startswith("-") or tags.get("location") == "underground"
    return not is_under and tags.get("tunnel", "no") == "no" and tags.get("bridge", "no") == "no"


def _flat(lines: Sequence[LatLons], plane: LocalPlane) -> list[shapely.LineString]:
    return [shapely.LineString(np.column_stack(plane.to_xy(*np.array(line).T))) for line in lines]


def _points(halts: Sequence[tuple[float, float]], plane: LocalPlane) -> list[shapely.Point]:
    if not halts:
        return []
    return [shapely.Point(*spot) for spot in np.column_stack(plane.to_xy(*np.array(halts).T))]


def _within(road: shapely.LineString, band: shapely.Polygon) -> list[KeepOut]:
    """Stretches of a road inside a band around a track, with room to both sides."""
    inside = shapely.get_parts(road.intersection(band))
    stretches = []
    for part in inside:
        ends = [float(road.project(shapely.Point(xy))) for xy in part.coords]
        stretches.append((min(ends) - CLEAR_M, max(ends) + CLEAR_M))
    return stretches
