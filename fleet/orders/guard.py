"""The last look at an order before it leaves: whether it says what may be said.

Nothing of the code that finds ways, releases road or writes messages is used here. The message is read as its vehicle
will read it, and held against the map, the site and the state at this very moment. What is wrong is told in words;
whoever asks sends such a message to nobody.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import shapely
from shapely.ops import substring

from fleet.model.ids import OrderId, VehicleId
from fleet.model.order import Order
from fleet.model.profile import WireLimits
from fleet.roads.graph import NO_STANDING, NodeFlag, RoadGraph
from fleet.roads.permit import RoadProfile
from fleet.roads.refuse import may_drive
from fleet.roads.site_roads import SiteRoads
from fleet.roads.stops import CLEAR_M, NO_STOPPING_CLASSES
from fleet.state.fleet_state import FleetState
from fleet.telemetry.names import their_name
from fleet.telemetry.profiles import profile
from fleet.wire import messages as wire

JOIN_M = 0.6
"""A scrap of road this short may be left out between two pieces."""
AT_STOP_M = 0.6
AT_NODE_M = 0.01
SPEED_SLACK_MPS = 0.011
STRAYS_M_MAX, AT_START_M = 1.0, 5.0
"""How far what is told of a road may be from it; at the first node, from where the vehicle is believed to stand."""
KEEP_CLEAR = int(NodeFlag.JUNCTION | NodeFlag.SIGNAL | NodeFlag.CROSSING | NodeFlag.RAIL | NodeFlag.BARRIER)


@dataclass(slots=True)
class Told:
    """What a vehicle was sent of its present order: the names of all that was released, by sequence id."""

    order_id: str
    names: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    edge: int
    from_m: float
    to_m: float


class Guard:
    """Judges what is about to be sent; remembers, for each vehicle, what was sent of its present order."""

    def __init__(self, roads: SiteRoads) -> None:
        self._roads = roads
        self._told: dict[VehicleId, Told] = {}

    def faults(
        self,
        vehicle_id: VehicleId,
        order_id: OrderId,
        message: wire.Order,
        state: FleetState,
        decided_s: float = math.inf,
    ) -> list[str]:
        """Why the order must not be sent; empty where it may.

        Args:
            order_id: our own name of it; some vehicles know it by another.
            decided_s: when it was decided; temporary limits that began later are not for it.
        """
        order = state.orders.get(order_id)
        if order is None or order.vehicle_id != vehicle_id:
            return [f"{order_id} is no order of {vehicle_id}"]
        if shape := list(_shape_faults(message)):
            return shape
        told = self._told.get(vehicle_id)
        faults = list(_stitch_faults(message, order, told if told and told.order_id == message.order_id else None))
        limits = profile(state.twin(vehicle_id)).limits
        faults += _name_faults(message, order, self._roads.site.map_id, limits)
        faults += _road_faults(message, order, state, self._roads)
        faults += _course_faults(message, order, self._roads.graph)
        faults += _pace_faults(message, order, state, self._roads.graph, decided_s)
        return [*faults, *_end_faults(message, order, self._roads.graph)]

    def sent(self, vehicle_id: VehicleId, message: wire.Order) -> None:
        """It was sent; what comes next must go on from it."""
        told = self._told.get(vehicle_id)
        if told is None or told.order_id != message.order_id:
            told = self._told[vehicle_id] = Told(message.order_id)
        first = message.nodes[0].sequence_id
        told.names = {number: name for number, name in told.names.items() if number <= first} | _released(message)


def may_stand(graph: RoadGraph, edge: int, offset_m: float) -> bool:
    """Whether a base may end at this place of the road."""
    if graph.edge_flags[edge] & int(NO_STANDING) or graph.edge_class[edge] in NO_STOPPING_CLASSES:
        return False
    if not any(from_m - AT_STOP_M <= offset_m <= to_m + AT_STOP_M for from_m, to_m in graph.standing(edge)):
        return False
    length_m = float(graph.edge_length_m[edge])
    ends = ((graph.edge_from[edge], offset_m), (graph.edge_to[edge], length_m - offset_m))
    return all(not graph.node_flags[node] & KEEP_CLEAR or away_m >= CLEAR_M - AT_STOP_M for node, away_m in ends)


def _released(message: wire.Order) -> dict[int, str]:
    nodes = {node.sequence_id: node.node_id for node in message.nodes if node.released}
    return nodes | {edge.sequence_id: edge.edge_id for edge in message.edges if edge.released}


def _shape_faults(message: wire.Order) -> Iterator[str]:
    """Whether it is a way at all, and its base the first part of it."""
    nodes, edges = message.nodes, message.edges
    if not nodes or len(edges) != len(nodes) - 1:
        yield f"{len(nodes)} nodes and {len(edges)} edges make no way"
        return
    if not nodes[0].released:
        yield "nothing of it is released"
    for i, (before, after) in enumerate(pairwise(nodes)):
        if (edges[i].sequence_id, after.sequence_id) != (before.sequence_id + 1, before.sequence_id + 2):
            yield f"{after.node_id} does not follow {before.node_id}"
        if (after.released and not before.released) or edges[i].released != after.released:
            yield f"{after.node_id} is released behind a part that is not"


def _stitch_faults(message: wire.Order, order: Order, told: Told | None) -> Iterator[str]:
    """An update goes on from the base that the vehicle holds, and changes nothing of it."""
    first = message.nodes[0]
    expected = 2 * order.accepted if message.order_update_id else 0
    if first.sequence_id != expected and message.order_update_id > order.update_seen:
        yield f"begins at {first.node_id} ({first.sequence_id}), not at the end of the base ({expected})"
    if message.order_update_id > order.update_id:
        yield f"update {message.order_update_id} was never decided"
    base = told.names if told is not None else {}
    if base.get(first.sequence_id, first.node_id) != first.node_id:
        yield f"begins at {first.node_id}; what was sent has {base[first.sequence_id]} there"


def _name_faults(message: wire.Order, order: Order, map_id: str, limits: WireLimits) -> Iterator[str]:
    """What is released is what was decided, node by node, on the map that is ours.

    A node is known by its place: a vehicle that takes no long ids is told others than ours, wherever ours are too long.
    """
    decided = [order.start, *(piece.end for piece in order.path[: order.released])]
    for node in message.nodes:
        place, number = node.position, node.sequence_id // 2
        if place is None or place.map_id != map_id:
            yield f"{node.node_id} has no place on map {map_id}"
        elif node.released and number >= len(decided):
            yield f"releases {node.node_id}, which was not decided"
        elif (
            node.released and math.dist((place.x_m, place.y_m), (decided[number].x_m, decided[number].y_m)) > AT_NODE_M
        ):
            yield f"releases {node.node_id} elsewhere than was decided"
        elif node.released and node.node_id != their_name(decided[number].node_id, limits):
            yield f"releases {node.node_id} for {decided[number].node_id}"


def _road_faults(message: wire.Order, order: Order, state: FleetState, roads: SiteRoads) -> Iterator[str]:
    """Every released piece may be driven now, joins the one before it, and is not faster than the road."""
    graph, vehicle_type = roads.graph, roads.site.type_of(order.vehicle_id)
    profile = RoadProfile.of(vehicle_type)
    here = state.twin(order.vehicle_id).place
    on_it = {here.edge} if here is not None else set()
    # Behind what it has shown to have it cannot be: this message may be the first to lead there.
    known_to = min(order.passed + 1, order.accepted)
    on_it |= {piece.edge for piece in order.path[max(order.passed - 1, 0) : known_to]}
    before: _Part | None = None
    for edge in message.edges:
        if not edge.released:
            return
        part = _part_of(graph, edge, order)
        if part is None:
            yield f"{edge.edge_id} is no road of this map"
            return
        if (refusal := may_drive(graph, profile, part.edge)) is not None:
            yield f"{edge.edge_id}: {refusal.reason}"
        is_ahead = edge.sequence_id // 2 >= order.passed and part.edge not in on_it
        if is_ahead and state.is_banned(graph.edge_key(part.edge)):
            yield f"{edge.edge_id} was closed by people"
        limit_mps = min(float(graph.edge_speed_mps[part.edge]), vehicle_type.speed_mps_max)
        if edge.speed_mps_max is None or edge.speed_mps_max > limit_mps + SPEED_SLACK_MPS:
            yield f"{edge.edge_id} is told at {edge.speed_mps_max} m/s, the limit is {limit_mps:.2f}"
        if before is not None and not _joins(graph, before, part):
            yield f"{edge.edge_id} does not go on where the piece before it ends"
        before = part


def _course_faults(message: wire.Order, order: Order, graph: RoadGraph) -> Iterator[str]:
    """Whoever drives as told, along the curve or straight from node to node, stays on the road."""
    for edge, before, after in zip(message.edges, message.nodes, message.nodes[1:], strict=False):
        part = _part_of(graph, edge, order)
        if not edge.released or part is None or before.position is None or after.position is None:
            return
        points = edge.trajectory.points if edge.trajectory is not None else (before.position, after.position)
        told = shapely.LineString([(point.x_m, point.y_m) for point in points])
        road = substring(shapely.LineString(graph.polyline(part.edge)), part.from_m, part.to_m)
        strays_m = shapely.hausdorff_distance(told, road)
        if strays_m > (STRAYS_M_MAX if edge.sequence_id > 1 else AT_START_M):
            yield f"{edge.edge_id} is told {strays_m:.0f} m off its road"


def _pace_faults(
    message: wire.Order, order: Order, state: FleetState, graph: RoadGraph, decided_s: float
) -> Iterator[str]:
    """Road that is released under a temporary speed limit is told at that speed at most."""
    for edge in message.edges if state.slow_roads else ():
        part = _part_of(graph, edge, order) if edge.released else None
        slow = state.slow_road(graph.edge_key(part.edge)) if part is not None else None
        if slow is None or slow.first_s >= decided_s:
            continue
        limit_mps = slow.speed_mps if slow.since_s < decided_s else slow.loosest_mps
        if edge.speed_mps_max is None or edge.speed_mps_max > limit_mps + SPEED_SLACK_MPS:
            yield f"{edge.edge_id} is told at {edge.speed_mps_max} m/s, for now the limit is {limit_mps:.2f}"


def _part_of(graph: RoadGraph, edge: wire.OrderEdge, order: Order) -> _Part | None:
    """The piece of road an edge means: by its name, else as decided where its vehicle takes no such names."""
    key, at, span = edge.edge_id.rpartition("@")
    index = graph.edge_by_key(key if at else edge.edge_id)
    if index is None:
        number = edge.sequence_id // 2
        piece = order.path[number] if number < len(order.path) else None
        known = graph.edge_by_key(piece.road_key) if piece is not None else None
        return None if piece is None or known is None else _Part(known, piece.from_m, piece.to_m)
    if not at:
        return _Part(index, 0.0, float(graph.edge_length_m[index]))
    from_dm, _, to_dm = span.partition("-")
    if not (from_dm.isdecimal() and to_dm.isdecimal()):
        return None
    return _Part(index, int(from_dm) / 10.0, int(to_dm) / 10.0)


def _joins(graph: RoadGraph, before: _Part, part: _Part) -> bool:
    if before.edge == part.edge and abs(before.to_m - part.from_m) <= JOIN_M:
        return True
    left_m = float(graph.edge_length_m[before.edge]) - before.to_m
    meets = left_m <= JOIN_M and part.from_m <= JOIN_M and graph.edge_to[before.edge] == graph.edge_from[part.edge]
    return bool(meets) and (before.edge, part.edge) not in graph.forbidden_pairs


def _end_faults(message: wire.Order, order: Order, graph: RoadGraph) -> Iterator[str]:
    """The base ends at a lawful, safe place, at the order's goal, or where the vehicle stands already."""
    released = [edge for edge in message.edges if edge.released]
    if not released:
        return
    last, node = released[-1], message.nodes[len(released)]
    if node.sequence_id == 2 * len(order.path):  # it is where the order's last node was decided to be
        return
    part = _part_of(graph, last, order)
    if part is not None and not may_stand(graph, part.edge, part.to_m):
        yield f"its base ends at {node.node_id}, where nobody may stand"
