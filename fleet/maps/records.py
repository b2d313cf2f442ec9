"""What an import reads of roads, before it is a graph."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.maps.tags import Lane
from fleet.roads.graph import Floats


@dataclass(frozen=True, slots=True)
class NodeFeatures:
    """What stands at a node: `NodeFlag`s, the barrier and what its access tag says, the way a signal faces.

    `signal_faces` is "forward" or "backward" along the node's way; anything else is both.
    """

    flags: int
    barrier: str
    access: str
    signal_faces: str


NOTHING_THERE = NodeFeatures(0, "", "", "")


@dataclass(frozen=True, slots=True)
class RoadNode:
    """A node of a road as read."""

    osm_id: int
    lat: float
    lon: float
    there: NodeFeatures


@dataclass(frozen=True, slots=True)
class RoadWay:
    """A road as read: its nodes in order, and what holds along and against that order (None: one-way)."""

    osm_id: int
    refs: tuple[int, ...]
    road_class: str
    name: str
    flags: int
    forward: Lane | None
    backward: Lane | None


Piece = tuple[RoadWay, tuple[int, ...]]
"""A stretch of a way, as the nodes along it."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A directed edge to be: its nodes in driving direction, its polyline and where along it each node lies."""

    way: RoadWay
    lane: Lane
    refs: tuple[int, ...]
    forward: bool
    reverse: int
    points: Floats
    at_m: Floats
