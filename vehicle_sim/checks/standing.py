"""The promise about where a vehicle is left standing that hears nothing more, counted from the bytes it is sent."""

from __future__ import annotations

import math

from fleet.model.place import Place
from fleet.roads.graph import EdgeFlag, NodeFlag, RoadGraph
from fleet.wire.link import Topic
from fleet.wire.messages import Order, OrderNode
from vehicle_sim.checks.base import Check, Glance
from vehicle_sim.ground import RoadPart

FREE_M = 12.5
"""Of a junction and the like: 5 m by the road code, 6 m of vehicle, and most of the 2 m by which it may stop short."""
NO_PLACE = EdgeFlag.BRIDGE | EdgeFlag.TUNNEL | EdgeFlag.ROUNDABOUT | EdgeFlag.LINK | EdgeFlag.BANNED | EdgeFlag.TRACKS
HAZARD = NodeFlag.SIGNAL | NodeFlag.CROSSING | NodeFlag.RAIL | NodeFlag.BARRIER | NodeFlag.BUS_STOP | NodeFlag.JUNCTION
BETWEEN_ENDS = EdgeFlag.SIGNAL | EdgeFlag.CROSSING | EdgeFlag.RAIL
SLACK_M = 0.6


class BasesEndWhereOneMayStand(Check):
    """S30: whatever a vehicle is sent, the last place it may go to is its goal or one where it may stand."""

    id = "S30"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        site = glance.roads.site
        self._goals = {f"station:{name}" for name in site.stations} | {f"point:{name}" for name in site.points}
        doors = (glance.roads.path_node(type_id, name) for type_id in glance.roads.types for name in self._goals)
        self._doors = {(door.x_m, door.y_m) for door in doors}
        self._known: dict[RoadPart, str] = {}

    def sent_order(self, topic: Topic, order: Order, payload: bytes) -> None:
        released = [edge for edge in order.edges if edge.released]
        self.glance.notes["S30: ends of bases looked at"] += 1
        if not released or self._is_goal(order.nodes[len(released)]):
            return
        parts = self.roads_of(order, len(released) - 1)
        if why := self._why_not(parts[0]) if parts else "is on no map":
            edge_id = released[-1].edge_id
            text = f"{order.order_id}.{order.order_update_id} lets it stand at the end of {edge_id}, which {why}"
            self.violate(text, topic.serial_number)

    def _is_goal(self, node: OrderNode) -> bool:
        """A door, by its name or by where it is: some vehicles know it by another name."""
        at = node.position
        return node.node_id in self._goals or (at is not None and (at.x_m, at.y_m) in self._doors)

    def _why_not(self, part: RoadPart) -> str:
        if part not in self._known:
            self._known[part] = why_not_there(self.glance.roads.graph, part)
        return self._known[part]


def why_not_there(graph: RoadGraph, part: RoadPart) -> str:
    """Why nobody may stand at the end of a piece of road, or empty; found by walking to either side of it."""
    if graph.edge_flags[part.edge] & int(NO_PLACE):
        return "is no road to stand on"
    if graph.edge_class[part.edge].startswith(("motorway", "trunk")):
        return "is a fast road"
    if graph.edge_flags[part.edge] & int(BETWEEN_ENDS) and not _is_a_known_place(graph, part.end):
        return "has a signal, a crossing or rails somewhere"
    length_m = float(graph.edge_length_m[part.edge])
    ends = ((int(graph.edge_from[part.edge]), part.to_m), (int(graph.edge_to[part.edge]), length_m - part.to_m))
    near = [node for start, away_m in ends for node in _within(graph, start, away_m)]
    bad = sorted(node for node in near if _is_hazard(graph, node))
    return f"is close to {graph.node_key(bad[0])}" if bad else ""


def _is_a_known_place(graph: RoadGraph, place: Place) -> bool:
    """What lies between the ends of an edge is not in the graph, only the stretches that were found with it."""
    return any(from_m - SLACK_M <= place.offset_m <= to_m + SLACK_M for from_m, to_m in graph.standing(place.edge))


def _within(graph: RoadGraph, start: int, away_m: float) -> dict[int, float]:
    """Nodes that are no farther than `FREE_M` along roads in any direction, from so far before `start`."""
    found: dict[int, float] = {}
    todo = [(start, away_m)]
    while todo:
        node, at_m = todo.pop()
        if at_m >= FREE_M or at_m >= found.get(node, math.inf):
            continue
        found[node] = at_m
        todo += [(int(graph.edge_to[e]), at_m + float(graph.edge_length_m[e])) for e in graph.exits(node).tolist()]
    return found


def _is_hazard(graph: RoadGraph, node: int) -> bool:
    neighbours = {int(graph.edge_to[edge]) for edge in graph.exits(node).tolist()}
    return bool(graph.node_flags[node] & int(HAZARD)) or len(neighbours) > 2
