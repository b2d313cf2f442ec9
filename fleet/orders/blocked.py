"""A vehicle that cannot enter a road: the road is closed for all for a while, and a person is called."""

from __future__ import annotations

from dataclasses import replace

from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import VehicleId
from fleet.model.order import Order, OrderPhase
from fleet.model.twin import Twin
from fleet.orders.follow import passed_edges
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import raise_assist, resolve_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.telemetry.intake import UNNAMED
from fleet.wire.messages import VehicleState

BLOCKED_FOR_S = 900.0


def with_edge(event: ev.Event, order: Order | None, state: VehicleState) -> ev.Event:
    """A vehicle blocked on an edge it does not name is blocked on the one before it."""
    if not isinstance(event, ev.BlockedChanged) or event.edge_id != UNNAMED or order is None:
        return event
    ahead = order.path[passed_edges(order, state) :]
    return replace(event, edge_id=ahead[0].edge_id) if ahead else event


def take_blocked(draft: Draft, roads: SiteRoads, before: Twin, event: ev.BlockedChanged) -> None:
    """A road that one vehicle cannot enter is closed for all, until it says otherwise or time is up.

    What people have closed stays as they said. A vehicle that was told to turn back says no longer that it is blocked,
    but that is no word about the street; and its person is needed until it has found another way.
    """
    subject = vehicle_subject(event.vehicle_id)
    if event.edge_id:
        key = _road_key(event.edge_id)
        if not draft.state.is_banned(key) and _may_be_before_it(draft, roads, before, key):
            until_s = draft.now_s + BLOCKED_FOR_S
            why = f"{event.vehicle_id} is blocked"
            draft.emit(ev.RoadClosed(road_key=key, until_s=until_s, why=why, is_obstacle=True))
        raise_assist(draft, AssistCause.BLOCKED, subject, f"cannot enter {_where(roads, key)}")
        draft.want_plan(f"{key} is blocked")
        return
    if not _may_have_passed(draft, event.vehicle_id):
        if before.order_id is None and before.trip_id is None:
            resolve_assist(draft, AssistCause.BLOCKED, subject, "the vehicle no longer says so")
        return
    if before.blocked is not None:
        key = _road_key(before.blocked.edge_id)
        others = (twin.blocked for twin in draft.state.twins.values())
        is_alone = all(blocked is None or _road_key(blocked.edge_id) != key for blocked in others)
        if is_alone and draft.state.is_closed(key) and not draft.state.is_banned(key):
            draft.emit(ev.RoadReopened(road_key=key, why=f"{event.vehicle_id} is no longer blocked"))
            draft.want_plan(f"{key} is open again")
    resolve_assist(draft, AssistCause.BLOCKED, subject, "the vehicle no longer says so")


def _may_be_before_it(draft: Draft, roads: SiteRoads, twin: Twin, key: str) -> bool:
    """Whether the vehicle can know of the road: it is one of the map, and on its way, or where it has none beside it.

    What a vehicle says of any other road closes it to nobody else; there its word would count for the whole town.
    """
    order, edge = draft.state.active_order(twin.vehicle.id), roads.graph.edge_by_key(key)
    if edge is None:
        return False
    if order is not None and any(piece.road_key == key for piece in order.path):
        return True
    if twin.place is None:
        return False
    return twin.place.edge == edge or (
        order is None and not _ends(roads, edge).isdisjoint(_ends(roads, twin.place.edge))
    )


def _ends(roads: SiteRoads, edge: int) -> set[int]:
    return {int(roads.graph.edge_from[edge]), int(roads.graph.edge_to[edge])}


def _may_have_passed(draft: Draft, vehicle_id: VehicleId) -> bool:
    """Whether a vehicle that no longer says that it is blocked may go on where it was; without an order none does."""
    order = draft.state.active_order(vehicle_id)
    return order is not None and order.phase is OrderPhase.ACTIVE


def _road_key(edge_id: str) -> str:
    return edge_id.partition("@")[0]


def _where(roads: SiteRoads, road_key: str) -> str:
    edge = roads.graph.edge_by_key(road_key)
    return road_key if edge is None else f"{roads.graph.describe(edge)} ({road_key})"
