"""The road graph: junctions, directed edges, their lengths, limits and shapes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import IntFlag
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fleet.model.place import Place
from fleet.roads.plane import LocalPlane

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Ids = NDArray[np.int64]
Bools = NDArray[np.bool_]


class NodeFlag(IntFlag):
    """What stands at a node."""

    JUNCTION = 1  # three roads or more meet
    SIGNAL = 2
    CROSSING = 4  # for people on foot
    RAIL = 8  # a level crossing
    BARRIER = 16
    BORDER = 32  # the extract ends here; the road goes on
    BUS_STOP = 64
    MOUTH = 128  # a bridge, tunnel or another stretch begins here that nobody may stand on


class EdgeFlag(IntFlag):
    """What an edge is, or passes between its two ends."""

    BRIDGE = 1
    TUNNEL = 2
    ROUNDABOUT = 4
    LINK = 8
    SIGNAL = 16  # one that faces this direction
    CROSSING = 32
    RAIL = 64
    BANNED = 128  # a sign forbids to stop, at one of its kerbs at least
    TRACKS = 256  # rails lie in the road


NO_STOPPING = EdgeFlag.BRIDGE | EdgeFlag.TUNNEL | EdgeFlag.ROUNDABOUT | EdgeFlag.LINK
NO_STANDING = NO_STOPPING | EdgeFlag.BANNED | EdgeFlag.TRACKS
"""Nor may a base end where a sign or rails forbid to stand; people may still be served there, at their own risk."""


@dataclass(frozen=True, slots=True, eq=False)
class TextColumn:
    """One text per row, most of them alike: a code per row into a list of distinct texts; "" = not tagged."""

    codes: Ints
    values: tuple[str, ...]

    @classmethod
    def of(cls, texts: list[str]) -> TextColumn:
        values = tuple(sorted(set(texts)))
        code = {text: i for i, text in enumerate(values)}
        return cls(np.array([code[text] for text in texts], np.int32), values)

    def __getitem__(self, row: int) -> str:
        return self.values[int(self.codes[row])]

    def among(self, texts: AbstractSet[str]) -> Bools:
        """Rows whose text is one of `texts`."""
        return np.array([value in texts for value in self.values], np.bool_)[self.codes]


@dataclass(frozen=True, kw_only=True, eq=False)  # no slots: the look-up tables below are made when first asked for
class RoadGraph:
    """Nodes and directed edges of one map; a two-way road is two edges, each the other's `edge_reverse`.

    A node stands at every end of a drivable way, where drivable ways meet, where a barrier stands and where the
    extract ends. Attributes change only at nodes. All arrays are read-only by custom: nobody writes to them.

    Attributes:
        plane: the metric plane that all x_m, y_m are in.
        edition: sha256 of the map file.
        node_osm, node_lat, node_lon, node_x_m, node_y_m, node_flags: (n_nodes,); ids ascending, flags of `NodeFlag`.
        node_barrier: OSM barrier value, "" where none.
        node_access: the most specific access tag of the barrier as "key=value", "" where none.
        edge_from, edge_to: (n_edges,) node indices.
        edge_way: OSM way id.
        edge_length_m: along the polyline, > 0.
        edge_speed_mps: legal limit, tagged or the class default, > 0.
        edge_flags: of `EdgeFlag`.
        edge_reverse: the edge of the same road the other way, -1 on one-way roads.
        edge_class: OSM highway value. edge_name: street name.
        edge_access, edge_vehicle, edge_motor_vehicle: tag values that hold for this direction.
        edge_conditional: conditional access tags as "key=value|key=value".
        stand_start: (n_edges + 1,) where each edge's lawful and safe stretches to stand on begin in stand_from_m and
            stand_to_m, in driving direction (`fleet.roads.stops` says what counts).
        shape_start: (n_edges + 1,) where each edge's points begin in shape_x_m, shape_y_m.
        forbidden_turns: (k, 2) directed edges that must not follow one another.
        forbidden_paths: rows of three or more directed edges that must not be driven in a row.
    """

    plane: LocalPlane
    edition: str
    node_osm: Ids
    node_lat: Floats
    node_lon: Floats
    node_x_m: Floats
    node_y_m: Floats
    node_flags: Ints
    node_barrier: TextColumn
    node_access: TextColumn
    edge_from: Ints
    edge_to: Ints
    edge_way: Ids
    edge_length_m: Floats
    edge_speed_mps: Floats
    edge_flags: Ints
    edge_reverse: Ints
    edge_class: TextColumn
    edge_name: TextColumn
    edge_access: TextColumn
    edge_vehicle: TextColumn
    edge_motor_vehicle: TextColumn
    edge_conditional: TextColumn
    stand_start: Ids
    stand_from_m: Floats
    stand_to_m: Floats
    shape_start: Ids
    shape_x_m: Floats
    shape_y_m: Floats
    forbidden_turns: Ints
    forbidden_paths: tuple[tuple[int, ...], ...]

    @property
    def node_count(self) -> int:
        return len(self.node_osm)

    @property
    def edge_count(self) -> int:
        return len(self.edge_from)

    @cached_property
    def edge_stop_m(self) -> Floats:
        """Offset of the last lawful and safe standing place on each edge, NaN where there is none."""
        last = self.stand_start[1:] - 1
        stops_m = np.full(self.edge_count, np.nan)
        has_one = last >= self.stand_start[:-1]
        stops_m[has_one] = self.stand_to_m[last[has_one]]
        return stops_m

    @property
    def safe_stop(self) -> Bools:
        """Edges on which a base may end."""
        return np.isfinite(self.edge_stop_m)

    def standing(self, edge: int) -> list[tuple[float, float]]:
        """Stretches of the edge on which a vehicle may stand, as offsets from and to, in driving direction."""
        piece = slice(int(self.stand_start[edge]), int(self.stand_start[edge + 1]))
        return list(zip(self.stand_from_m[piece].tolist(), self.stand_to_m[piece].tolist(), strict=True))

    def stop_place(self, edge: int) -> Place | None:
        """The last place on the edge where a vehicle may stand if nothing more is released."""
        stop_m = float(self.edge_stop_m[edge])
        return Place(edge, stop_m) if math.isfinite(stop_m) else None

    def edge_has(self, flag: EdgeFlag) -> Bools:
        """Edges with any of the flags."""
        return (self.edge_flags & int(flag)).astype(np.bool_)

    def node_has(self, flag: NodeFlag) -> Bools:
        """Nodes with any of the flags."""
        return (self.node_flags & int(flag)).astype(np.bool_)

    def node_key(self, node: int) -> str:
        """A name of the node that outlives this process and this edition of the map: "n" and the OSM id."""
        return f"n{self.node_osm[node]}"

    def edge_key(self, edge: int) -> str:
        """A name of the edge that outlives this process: "e<from>-<to>-<way>" in OSM ids.

        Where one way joins two nodes more than once, the second is ".2" and so on.
        """
        return self._edge_keys[edge]

    def edge_by_key(self, key: str) -> int | None:
        """The edge of that name, if this map has it."""
        return self._edges_by_key.get(key)

    def node_by_key(self, key: str) -> int | None:
        """The node of that name, if this map has it."""
        return self._nodes_by_key.get(key)

    def exits(self, node: int) -> Ints:
        """Edges that leave the node, ascending."""
        order, start = self._exit_index
        return order[start[node] : start[node + 1]]

    def polyline(self, edge: int) -> Floats:
        """Points of the edge in driving direction: (n_points, 2), x and y in metres, at least two points."""
        piece = slice(int(self.shape_start[edge]), int(self.shape_start[edge + 1]))
        return np.column_stack((self.shape_x_m[piece], self.shape_y_m[piece]))

    def point_at(self, place: Place) -> tuple[float, float, float]:
        """Where a place is: x and y in metres, heading in radians counter-clockwise from x, -pi to pi."""
        points = self.polyline(place.edge)
        steps = np.diff(points, axis=0)
        lengths_m = np.hypot(steps[:, 0], steps[:, 1])
        ends_m = np.cumsum(lengths_m)
        i = min(int(np.searchsorted(ends_m, place.offset_m)), len(steps) - 1)
        share = (place.offset_m - (ends_m[i] - lengths_m[i])) / lengths_m[i] if lengths_m[i] else 0.0
        x_m, y_m = points[i] + min(max(share, 0.0), 1.0) * steps[i]
        return float(x_m), float(y_m), math.atan2(steps[i, 1], steps[i, 0])

    def latlon_at(self, place: Place) -> tuple[float, float]:
        """WGS 84 degrees of a place."""
        x_m, y_m, _ = self.point_at(place)
        lat, lon = self.plane.to_latlon(x_m, y_m)
        return float(lat), float(lon)

    def describe(self, edge: int) -> str:
        """What people call the edge: street name and way."""
        name = self.edge_name[edge] or f"unnamed {self.edge_class[edge]} road"
        return f"{name} (way {self.edge_way[edge]})"

    @cached_property
    def forbidden_pairs(self) -> frozenset[tuple[int, int]]:
        """`forbidden_turns` to look up in."""
        return frozenset((int(edge), int(onto)) for edge, onto in self.forbidden_turns)

    @cached_property
    def _edge_keys(self) -> list[str]:
        seen: Counter[str] = Counter()
        keys = []
        for start, end, way in zip(self.edge_from, self.edge_to, self.edge_way, strict=True):
            key = f"e{self.node_osm[start]}-{self.node_osm[end]}-{way}"
            seen[key] += 1
            keys.append(key if seen[key] == 1 else f"{key}.{seen[key]}")
        return keys

    @cached_property
    def _edges_by_key(self) -> dict[str, int]:
        return {key: edge for edge, key in enumerate(self._edge_keys)}

    @cached_property
    def _nodes_by_key(self) -> dict[str, int]:
        return {self.node_key(node): node for node in range(self.node_count)}

    @cached_property
    def _exit_index(self) -> tuple[Ints, Ids]:
        order = np.argsort(self.edge_from, kind="stable").astype(np.int32)
        start = np.searchsorted(self.edge_from[order], np.arange(self.node_count + 1))
        return order, start.astype(np.int64)
