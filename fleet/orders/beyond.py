"""A vehicle behind the end of its base: it is where it was never let, so it is told nothing until a person has looked.

Its states say so by a node further along its order than any that was ever released, or by a position well on the road
that was only announced. What was released counts as it was sent, not as it was confirmed: a refused update may have
been taken all the same.
"""

from __future__ import annotations

import math

from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import VehicleId
from fleet.model.order import Order, PathEdge
from fleet.orders.follow import passed_edges
from fleet.orders.introduce import take_heedlessness
from fleet.roads.graph import RoadGraph
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import raise_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.telemetry.locate import locate
from fleet.wire.messages import VehicleState

BEYOND_M = 30.0
"""Further behind the end of its base than braking and a position's error explain."""
ON_ROAD_M = 15.0


def take_beyond(draft: Draft, roads: SiteRoads, vehicle_id: VehicleId, state: VehicleState) -> None:
    """Call a person for a vehicle that has left its base; once, until its order is over or a person says go on."""
    order = draft.state.active_order(vehicle_id)
    if order is None or draft.state.twin(vehicle_id).beyond:
        return
    if takes_for_released(order, state):
        take_heedlessness(draft, roads.site, vehicle_id)
    where = where_beyond(order, state, roads.graph)
    if where:
        draft.emit(ev.BeyondBaseChanged(vehicle_id=vehicle_id, where=where))
        raise_assist(draft, AssistCause.BEYOND_BASE, vehicle_subject(vehicle_id), f"{order.id}: {where}")


def takes_for_released(order: Order, state: VehicleState) -> bool:
    """Whether the vehicle's own list has a node as released that never was: it will not stop where its base ends."""
    if state.order_id != order.id:
        return False
    let_to = max(order.released, order.exposed)
    return any(node.released and let_to < node.sequence_id // 2 <= order.announced for node in state.node_states)


def where_beyond(order: Order, state: VehicleState, graph: RoadGraph) -> str:
    """Where the vehicle is behind the end of its base, in words; empty where it is not."""
    let_to = max(order.released, order.exposed)
    if state.order_id != order.id or let_to >= len(order.path):
        return ""
    index = state.last_node_sequence_id // 2
    if state.last_node_id and index > let_to:
        return f"it is at {state.last_node_id}, node {index} of its way, and was let to node {let_to}"
    if passed_edges(order, state) < let_to - 1:
        return ""
    beyond_m = _beyond_m(order.path[:let_to], order.path[let_to : order.announced], state, graph)
    return f"it is {beyond_m:.0f} m behind the end of what it was let into" if beyond_m > BEYOND_M else ""


def _beyond_m(base: tuple[PathEdge, ...], ahead: tuple[PathEdge, ...], state: VehicleState, graph: RoadGraph) -> float:
    """How far along the announced road the vehicle says it is; 0 where it may as well be within its base."""
    position = state.position
    if position is None or not position.is_localized or not base or not ahead:
        return 0.0
    if math.hypot(base[-1].end.x_m - position.x_m, base[-1].end.y_m - position.y_m) <= BEYOND_M:
        return 0.0
    where = (position.x_m, position.y_m, position.theta_rad)
    within = {piece.edge for piece in base[-2:]}
    released = locate(graph, within, *where)
    pieces = [piece for piece in ahead if piece.edge not in within]
    found = locate(graph, [piece.edge for piece in pieces], *where)
    if released is not None and released[1] <= BEYOND_M:
        goes_on = base[-1].edge == released[0].edge == ahead[0].edge
        return max(released[0].offset_m - base[-1].to_m, 0.0) if goes_on else 0.0
    if found is None or found[1] > ON_ROAD_M:
        return 0.0
    place, beyond_m = found[0], 0.0
    for piece in ahead:
        if piece.edge == place.edge:
            return beyond_m + max(place.offset_m - piece.from_m, 0.0)
        beyond_m += piece.length_m
    return 0.0
