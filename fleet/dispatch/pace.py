"""How fast road may be driven: the least of the legal limit, the vehicle's and a temporary one (checklist 13.8).

A base cannot be slowed afterwards, so a temporary limit is for road that is released after it began: ways are made with
it, and what is not released of ways under way bears it from the turn in which it begins. Ways and travel times are
found without it: a slow road is no reason to plan another way.
"""

from __future__ import annotations

from dataclasses import replace

from fleet.model import event as ev
from fleet.model.order import Order, OrderPhase, PathEdge
from fleet.model.twin import Twin
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState


def top_speed_mps(roads: SiteRoads, twin: Twin) -> float:
    """What the vehicle can do by its type, or by its own word where that is less."""
    speed_mps = roads.site.vehicle_types[twin.vehicle.type_id].speed_mps_max
    return min(speed_mps, twin.learned.speed_mps_max or speed_mps)


def slowed(state: FleetState, pieces: tuple[PathEdge, ...]) -> tuple[PathEdge, ...]:
    """Pieces of a new way, none faster than the temporary limit of its road."""
    if not state.slow_roads:
        return pieces
    return tuple(_slowed(state, piece, piece.speed_mps) for piece in pieces)


def slow_road(draft: Draft, roads: SiteRoads, road_key: str, speed_mps: float, until_s: float, why: str) -> None:
    """From now on this road is released at such a speed only."""
    draft.emit(ev.RoadSlowed(road_key=road_key, speed_mps=speed_mps, until_s=until_s, why=why))
    _pace_all(draft, roads, road_key, f"{road_key} is slow: {why}")


def unslow_road(draft: Draft, roads: SiteRoads, road_key: str, why: str) -> None:
    """A temporary limit is over."""
    draft.emit(ev.RoadUnslowed(road_key=road_key, why=why))
    _pace_all(draft, roads, road_key, f"{road_key} is slow no more: {why}")


def pace(draft: Draft, roads: SiteRoads, order: Order, why: str, road_key: str = "") -> Order:
    """The order with the speeds of now on what is not released of it, on one road or on all that are slow."""
    twin = draft.state.twin(order.vehicle_id)
    ahead = order.path[order.released :]
    keys = {road_key} if road_key else set(draft.state.slow_roads)
    if not any(piece.road_key in keys for piece in ahead):
        return order
    top_mps = top_speed_mps(roads, twin)
    paced = tuple(
        _slowed(draft.state, piece, min(float(roads.graph.edge_speed_mps[piece.edge]), top_mps))
        if piece.road_key in keys
        else piece
        for piece in ahead
    )
    if paced == ahead:
        return order
    speeds_mps = tuple(piece.speed_mps for piece in paced)
    draft.emit(ev.OrderPaced(order_id=order.id, kept=order.released, speeds_mps=speeds_mps, why=why))
    return draft.state.orders[order.id]


def _pace_all(draft: Draft, roads: SiteRoads, road_key: str, why: str) -> None:
    for order_id in sorted(draft.state.orders):
        order = draft.state.orders[order_id]
        if order.phase is OrderPhase.CANCELLING or order.vehicle_id not in roads.site.vehicles:
            continue
        if pace(draft, roads, order, why, road_key) is not order:
            draft.touch(order.vehicle_id)


def _slowed(state: FleetState, piece: PathEdge, speed_mps: float) -> PathEdge:
    slow = state.slow_road(piece.road_key)
    least_mps = min(speed_mps, slow.speed_mps) if slow is not None else speed_mps
    return piece if least_mps == piece.speed_mps else replace(piece, speed_mps=least_mps)
