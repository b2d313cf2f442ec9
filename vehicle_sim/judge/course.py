"""Where the vehicle on the bench may drive: a loop that its maker names, or one on the roads of a site.

Nobody but who stands beside the vehicle knows that. Without a course it is never asked to move.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from fleet.errors import ConfigError
from fleet.wire.messages import NodePosition, OrderEdge, OrderNode, VehicleState

NEAR_M = 5.0
SLOWEST_MPS = 0.5
"""Assumed where neither the course nor the vehicle names a speed."""

NonNegative = Annotated[float, msgspec.Meta(ge=0.0)]


class CourseNode(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A place of the course; `may_stop`: a base may end here, for the vehicle may be left standing here."""

    node_id: str
    x: float
    y: float
    map_id: str
    may_stop: bool = True
    theta: float | None = None
    allowed_deviation: NonNegative = msgspec.field(name="allowedDeviationXY", default=NEAR_M)

    def position(self) -> NodePosition:
        return NodePosition(
            x_m=self.x, y_m=self.y, map_id=self.map_id, theta_rad=self.theta, deviation_m=self.allowed_deviation
        )


class CourseEdge(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The way from one node to the next."""

    edge_id: str
    length: NonNegative | None = None
    max_speed: NonNegative | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """A loop: it ends at the node at which it begins, and can be driven round after round."""

    nodes: tuple[CourseNode, ...]
    edges: tuple[CourseEdge, ...]

    @classmethod
    def read(cls, path: Path) -> Course:
        """A course from a file: a JSON list of nodes and edges in the order of travel.

        Raises:
            ConfigError: it is no such list; says where.
        """
        try:
            parts = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(parts, list) or len(parts) < 3 or len(parts) % 2 == 0:
                raise ValueError("needs a list: a node, an edge, a node, ..., a node")
            nodes = tuple(msgspec.convert(part, CourseNode) for part in parts[::2])
            edges = tuple(msgspec.convert(part, CourseEdge) for part in parts[1::2])
        except (OSError, ValueError, RecursionError) as fault:  # what msgspec finds is a ValueError
            raise ConfigError([f"--nodes {path}: {fault}"]) from fault
        if nodes[0].node_id != nodes[-1].node_id:
            text = f"ends at {nodes[-1].node_id!r}; a loop ends where it begins, at {nodes[0].node_id!r}"
            raise ConfigError([f"--nodes {path}: {text}"])
        if not (nodes[0].may_stop and nodes[-1].may_stop):
            raise ConfigError([f"--nodes {path}: the vehicle must be allowed to stop where the loop begins"])
        return cls(nodes, edges)

    def find(self, state: VehicleState) -> int | None:
        """The number of the node the vehicle stands at; None where that is none of the course."""
        for index, node in enumerate(self.nodes[:-1]):
            if node.node_id == state.last_node_id and node.may_stop and _is_near(node, state):
                return index
        return None

    def is_beside(self, state: VehicleState) -> bool:
        """Its last node is one of the course, and it is not there."""
        named = [node for node in self.nodes if node.node_id == state.last_node_id]
        return bool(named) and not any(_is_near(node, state) for node in named)

    def stops(self, start: int, count: int) -> list[int]:
        """The next places at which a base may end, as steps from `start`; round the loop if need be."""
        found: list[int] = []
        step = 0
        while len(found) < count:
            step += 1
            if self.node(start + step).may_stop:
                found.append(step)
        return found

    def node(self, index: int) -> CourseNode:
        return self.nodes[index % len(self.edges)]

    def edge(self, index: int) -> CourseEdge:
        return self.edges[index % len(self.edges)]

    def piece(
        self, start: int, steps: int, released: int, first: int = 0
    ) -> tuple[tuple[OrderNode, ...], tuple[OrderEdge, ...]]:
        """Nodes and edges of an order that begins at node `start`.

        Args:
            steps: how many edges it leads on.
            released: how many of them are released.
            first: the step an update begins at.
        """
        nodes = tuple(
            OrderNode(
                node_id=self.node(start + step).node_id,
                sequence_id=2 * step,
                released=step <= released,
                position=self.node(start + step).position(),
            )
            for step in range(first, steps + 1)
        )
        edges = tuple(
            OrderEdge(
                edge_id=self.edge(start + step).edge_id,
                sequence_id=2 * step + 1,
                released=step < released,
                start_node_id=self.node(start + step).node_id,
                end_node_id=self.node(start + step + 1).node_id,
                length_m=self.edge(start + step).length,
                speed_mps_max=self.edge(start + step).max_speed,
            )
            for step in range(first, steps)
        )
        return nodes, edges

    def length_m(self, start: int, steps: int) -> float:
        return sum(self._edge_m(start + step) for step in range(steps))

    def quickest_s(self, start: int, steps: int, speed_mps_max: float | None) -> float:
        """How long the drive takes at the speeds that are allowed."""
        total_s = 0.0
        for step in range(steps):
            speeds = [speed for speed in (self.edge(start + step).max_speed, speed_mps_max) if speed]
            total_s += self._edge_m(start + step) / min(speeds, default=SLOWEST_MPS)
        return total_s

    def drive_s(self, start: int, steps: int, speed_mps_max: float | None) -> float:
        """How long the drive may take, with starts and stops; generous."""
        return 3.0 * self.quickest_s(start, steps, speed_mps_max) + 30.0

    def _edge_m(self, index: int) -> float:
        length_m = self.edge(index).length
        if length_m is not None:
            return length_m
        a, b = self.node(index), self.node(index + 1)
        return math.hypot(b.x - a.x, b.y - a.y)


def _is_near(node: CourseNode, state: VehicleState) -> bool:
    if state.position is None:
        return True
    gap_m = math.hypot(state.position.x_m - node.x, state.position.y_m - node.y)
    return gap_m <= max(node.allowed_deviation, NEAR_M)
