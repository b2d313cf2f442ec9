"""The order a vehicle holds, and what it checks before it takes one.

A vehicle checks as strictly as a real one: shape first, then whether it knows the roads, whether they join, and
whether the order begins where it stands.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise

from fleet.model.place import Place
from fleet.wire.messages import (
    EdgeState,
    ErrorReference,
    NodePosition,
    NodeState,
    Order,
    OrderEdge,
    OrderNode,
)
from vehicle_sim import complaints
from vehicle_sim.complaints import Complaint
from vehicle_sim.curve import geometry_fault
from vehicle_sim.finder import Finder, told_of
from vehicle_sim.ground import RoadPart

START_REACH_M = 5.0
ACTIONS_KNOWN = frozenset({"pick", "drop"})


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an order is not taken."""

    complaint: Complaint
    description: str
    references: tuple[ErrorReference, ...] = ()


@dataclass(frozen=True, slots=True)
class Hop:
    """One edge of an order, the piece of road it means, and the node at its end; and how states show the two."""

    edge: OrderEdge
    part: RoadPart
    node: OrderNode
    edge_state: EdgeState
    node_state: NodeState

    @classmethod
    def of(cls, edge: OrderEdge, part: RoadPart, node: OrderNode) -> Hop:
        return cls(
            edge,
            part,
            node,
            EdgeState(edge_id=edge.edge_id, sequence_id=edge.sequence_id, released=edge.released),
            NodeState(node_id=node.node_id, sequence_id=node.sequence_id, released=node.released),
        )

    @property
    def is_released(self) -> bool:
        return self.node.released


@dataclass(slots=True)
class HeldOrder:
    """An order on its way to be done.

    Attributes:
        hops: what is left to be driven, base first, then horizon.
        last_node: the last node that was reached.
        told: the last message about it.
        stood_at_base_end: it came to a stand where its base ended, on a node without actions.
    """

    order_id: str
    update_id: int
    last_node: OrderNode
    hops: deque[Hop] = field(default_factory=deque)
    is_cancelled: bool = False
    stood_at_base_end: bool = False
    told: Order | None = None

    @property
    def next_released(self) -> Hop | None:
        return self.hops[0] if self.hops and self.hops[0].is_released else None

    @property
    def base_end(self) -> OrderNode:
        """The node at which an update has to begin."""
        released = [hop.node for hop in self.hops if hop.is_released]
        return released[-1] if released else self.last_node

    @property
    def has_horizon(self) -> bool:
        return bool(self.hops) and not self.hops[-1].is_released

    def extend(self, order: Order, hops: list[Hop]) -> None:
        """Replace the horizon by what an update brings."""
        self.hops = deque(hop for hop in self.hops if hop.is_released)
        self.hops.extend(hops)
        self.update_id, self.told = order.order_update_id, order


def read_new(order: Order, finder: Finder, here: Place, last_node_id: str | None) -> HeldOrder | Rejection:
    """A new order for a vehicle that stands here with nothing left to do.

    Args:
        last_node_id: None where it is not at that node any more, nor on the way from it; then only nearness counts.
    """
    if fault := _shape_fault(order):
        return fault
    first = order.nodes[0]
    if first.sequence_id != 0:
        return refuse(
            order, complaints.NOT_STITCHED, f"an update of order {order.order_id}, which this vehicle does not hold"
        )
    if first.node_id != last_node_id and not _is_near(first.position, finder.ground.pose(here)):
        return refuse(
            order, complaints.OUT_OF_REACH, f"node {first.node_id} is out of reach", ("nodeId", first.node_id)
        )
    hops = _read_hops(order, finder, here, is_new=True)
    if isinstance(hops, Rejection):
        return hops
    return HeldOrder(order.order_id, order.order_update_id, first, deque(hops), told=order)


def read_update(order: Order, finder: Finder, held: HeldOrder, here: Place) -> list[Hop] | Rejection:
    """What an update with a higher number adds behind the base."""
    if fault := _shape_fault(order):
        return fault
    first, base_end = order.nodes[0], held.base_end
    if held.is_cancelled:
        return refuse(order, complaints.CANCELLED, f"order {order.order_id} was cancelled")
    if (first.node_id, first.sequence_id) != (base_end.node_id, base_end.sequence_id):
        return refuse(
            order,
            complaints.NOT_STITCHED,
            f"begins at {first.node_id} ({first.sequence_id}), not at {base_end.node_id} ({base_end.sequence_id})",
            ("nodeId", first.node_id),
        )
    released = [hop for hop in held.hops if hop.is_released]
    return _read_hops(order, finder, released[-1].part.end if released else here)


def _shape_fault(order: Order) -> Rejection | None:
    """Section 6.6 of VDA 5050 2.1.0: how nodes and edges stand in a row."""
    nodes, edges = order.nodes, order.edges
    if not nodes or len(edges) != len(nodes) - 1:
        return refuse(order, complaints.MALFORMED, f"{len(nodes)} nodes and {len(edges)} edges make no way")
    for before, after in pairwise(nodes):
        if after.sequence_id != before.sequence_id + 2:
            return refuse(
                order, complaints.MALFORMED, f"node {after.node_id} breaks the sequence", ("nodeId", after.node_id)
            )
        if after.released and not before.released:
            return refuse(order, complaints.MALFORMED, "released behind the horizon", ("nodeId", after.node_id))
    for (before, after), edge in zip(pairwise(nodes), edges, strict=True):
        if edge.sequence_id != before.sequence_id + 1 or edge.released != after.released:
            return refuse(order, complaints.MALFORMED, f"edge {edge.edge_id} is out of step", ("edgeId", edge.edge_id))
        if (edge.start_node_id, edge.end_node_id) != (before.node_id, after.node_id):
            return refuse(
                order, complaints.MALFORMED, f"edge {edge.edge_id} names other nodes", ("edgeId", edge.edge_id)
            )
    if not nodes[0].released:
        return refuse(order, complaints.MALFORMED, "nothing is released")
    return _action_fault(order)


def _action_fault(order: Order) -> Rejection | None:
    for node in order.nodes:
        for action in node.actions:
            if action.action_type not in ACTIONS_KNOWN:
                text = f"action {action.action_type} is not known here"
                return refuse(order, complaints.NO_SUCH_ACTION, text, ("actionId", action.action_id))
    if any(edge.actions for edge in order.edges):
        return refuse(order, complaints.NO_SUCH_ACTION, "no actions are done on edges")
    return None


def _read_hops(order: Order, finder: Finder, start: Place, *, is_new: bool = False) -> list[Hop] | Rejection:
    hops: list[Hop] = []
    here = start
    for edge, (before, node) in zip(order.edges, pairwise(order.nodes), strict=True):
        about = ("edgeId", edge.edge_id)
        told = told_of(edge, before.position, node.position)
        # It may stand a little way into the first piece already, within the reach of its first node.
        part = finder.onward(here, told, START_REACH_M if is_new and not hops else 0.0) if told is not None else None
        if told is None or (part is None and not finder.anywhere(told)):
            return refuse(order, complaints.NO_SUCH_ROAD, f"edge {edge.edge_id} is not on the map", about)
        if part is None:
            return refuse(order, complaints.MALFORMED, f"edge {edge.edge_id} does not join", about)
        if fault := geometry_fault(edge, before.position, node.position, finder.ground.line(part)):
            return refuse(order, complaints.MALFORMED, f"edge {edge.edge_id} {fault}", about)
        hops.append(Hop.of(edge, part, node))
        here = part.end
    return hops


def _is_near(position: NodePosition | None, pose: tuple[float, float, float]) -> bool:
    if position is None:
        return False
    reach_m = max(position.deviation_m or 0.0, START_REACH_M)
    return math.hypot(position.x_m - pose[0], position.y_m - pose[1]) <= reach_m


def refuse(order: Order, complaint: Complaint, description: str, *more: tuple[str, str]) -> Rejection:
    """A rejection that names the order and update, and what more is said to be wrong."""
    pairs = (("orderId", order.order_id), ("orderUpdateId", str(order.order_update_id)), *more)
    return Rejection(complaint, description, tuple(ErrorReference(key=key, value=value) for key, value in pairs))
