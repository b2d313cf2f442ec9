"""Dispatch's decisions become orders, updates and instant actions, with the message each is sent as.

Every piece of road is checked once more, by code that shares nothing with the router, at the moment it is released.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import assert_never

from fleet.dispatch.intent import Ask, Cancel, Deliver, Extend, GoHome, Intent, Load, Recant, Reroute, TryAgain
from fleet.dispatch.pace import pace, slowed, top_speed_mps
from fleet.dispatch.release import first_base
from fleet.dispatch.room import corridor_m, free_room, is_wide, kept_out, wait_for_room
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import ActionId, OrderId, RunId, TripId, VehicleId
from fleet.model.order import ActionKind, Order, OrderPurpose, PathEdge, PathNode, StopAction
from fleet.model.place import Place
from fleet.model.twin import Twin
from fleet.orders.asked import INSTANT, ask
from fleet.orders.build import Terms, order_message, update_message
from fleet.orders.course import points_max
from fleet.orders.fit import Untellable, at_most, is_offered, stretch_too_long, window
from fleet.orders.handover import loading_refused
from fleet.orders.sound import refuse_unsound
from fleet.orders.way import SHORTEST_PIECE_M, cut_again, end_node, way_of
from fleet.roads.graph import RoadGraph
from fleet.roads.permit import RoadProfile
from fleet.roads.refuse import Refusal, may_drive, may_go_through, may_turn
from fleet.roads.route import NoRoute, Route
from fleet.roads.site_roads import SiteRoads, point_node_id, station_node_id
from fleet.state.attention import raise_assist, resolve_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.telemetry.names import their_name
from fleet.telemetry.profiles import profile

ORDER = "order"
RETRY_S = 60.0


def carry_out(draft: Draft, roads: SiteRoads, vehicle_id: VehicleId, intent: Intent) -> None:
    """Note the order or action that the intent leads to, and the message that tells it."""
    twin = draft.state.twin(vehicle_id)
    match intent:
        case Load():
            runs = draft.state.trip(intent.trip_id).trip.run_ids
            node_id = station_node_id(twin.vehicle.home_station)
            _issue(draft, roads, twin, intent.trip_id, OrderPurpose.LOAD, node_id, ActionKind.PICK, runs)
        case Deliver():
            node_id = point_node_id(intent.visit.point_id)
            runs = intent.visit.run_ids
            _issue(draft, roads, twin, intent.trip_id, OrderPurpose.DELIVER, node_id, ActionKind.DROP, runs)
        case GoHome():
            node_id = station_node_id(twin.vehicle.home_station)
            runs = tuple(sorted(twin.aboard))
            _issue(draft, roads, twin, intent.trip_id, OrderPurpose.RETURN, node_id, ActionKind.DROP, runs)
        case Extend():
            _extend(draft, roads, draft.state.orders[intent.order_id], intent.released)
        case Reroute():
            _reroute(draft, roads, draft.state.orders[intent.order_id], intent.why, intent.around)
        case Cancel():
            draft.emit(ev.OrderCancelling(order_id=intent.order_id, why=intent.why))
            ask(draft, vehicle_id, ActionKind.CANCEL_ORDER, order_id=intent.order_id)
        case Recant():
            ask(draft, vehicle_id, ActionKind.CANCEL_ORDER, order_id=intent.order_id)
        case TryAgain():
            kind = ActionKind.SKIP_RETRY if intent.gives_up else ActionKind.RETRY
            ask(draft, vehicle_id, kind, about=intent.action_id)
        case Ask():
            _ask_if_offered(draft, twin, intent.kind)
        case _:
            assert_never(intent)


# New orders -----------------------------------------------------------------------------------------------------------


def _issue(
    draft: Draft,
    roads: SiteRoads,
    twin: Twin,
    trip_id: TripId | None,
    purpose: OrderPurpose,
    goal_node_id: str,
    kind: ActionKind,
    run_ids: tuple[RunId, ...],
) -> None:
    order = _new_order(draft, roads, twin, trip_id, purpose, goal_node_id)
    if order is None:
        return
    if purpose is OrderPurpose.LOAD:
        run_ids = _as_many_as_it_takes(draft, twin, run_ids)
    actions = _stop_actions(draft, twin, kind, run_ids)
    order = replace(order, actions=actions)
    held = kept_out(draft.state, roads.graph, order)
    open_way = order if held is None else replace(order, path=order.path[: held.index])
    released = first_base(open_way, roads.site.limits)
    if held is not None and not released:
        wait_for_room(draft, roads, order, held)
        return
    if _is_refused(draft, roads, order, released):
        draft.wake(twin.vehicle.id, draft.now_s + RETRY_S)
        return
    terms = _terms(roads, twin)
    told = stretch_too_long(order, terms) or window(None, order, released, terms)
    if isinstance(told, Untellable):
        _call_for_limit(draft, order, told)
        return
    order = replace(order, released=told.released, announced=told.announced)
    order = replace(order, wide=_wide(draft, roads, order, 0, told.released))
    message = order_message(order, terms)
    refuse_unsound(None, order, message)
    draft.emit(ev.OrderIssued(order=order))
    _road_is_released(draft, twin)
    draft.send(twin.vehicle.id, ORDER, order.id, 0, message)


def _wide(draft: Draft, roads: SiteRoads, order: Order, first: int, last: int) -> tuple[int, ...]:
    """Pieces, new in its base, that the vehicle is told with room beside its lane without having to ask for it."""
    twin = draft.state.twin(order.vehicle_id)
    spoken = profile(twin)
    if not spoken.takes_trajectories or spoken.asks_leave or not is_wide(corridor_m(roads, twin)):
        return ()
    return free_room(draft.state, roads, order, first, last)


def _stop_actions(draft: Draft, twin: Twin, kind: ActionKind, run_ids: tuple[RunId, ...]) -> tuple[StopAction, ...]:
    return tuple(
        StopAction(
            action_id=ActionId(draft.next_id("a", i)),
            kind=kind,
            run_id=run_id,
            parcel_count=_count(draft, twin, run_id, kind),
        )
        for i, run_id in enumerate(run_ids)
    )


def _as_many_as_it_takes(draft: Draft, twin: Twin, run_ids: tuple[RunId, ...]) -> tuple[RunId, ...]:
    """Runs beyond what the vehicle can be told at one node look for another trip."""
    most = at_most(profile(twin).limits, run_ids)
    for run_id in run_ids[most:]:
        draft.emit(ev.RunReleased(run_id=run_id, why=f"{twin.vehicle.id} takes {most} actions at a node"))
        draft.want_plan(f"{run_id} was one action too many for {twin.vehicle.id}")
    return run_ids[:most]


def _road_is_released(draft: Draft, twin: Twin) -> None:
    subject = vehicle_subject(twin.vehicle.id)
    resolve_assist(draft, AssistCause.RELEASE_REFUSED, subject, "road is released again")
    resolve_assist(draft, AssistCause.VEHICLE_LIMITS, subject, "it could be told an order")


def _call_for_limit(draft: Draft, order: Order, trouble: Untellable) -> None:
    """An order that the vehicle cannot be told; what nobody has begun to load goes to another one."""
    vehicle_id = order.vehicle_id
    detail = f"{vehicle_id} cannot be told its {order.purpose} order: {trouble}"
    raise_assist(draft, AssistCause.VEHICLE_LIMITS, vehicle_subject(vehicle_id), detail)
    draft.wake(vehicle_id, draft.now_s + RETRY_S)
    if order.purpose is OrderPurpose.LOAD and order.trip_id is not None:
        draft.emit(ev.VehicleHeld(vehicle_id=vehicle_id, why=detail))
        loading_refused(draft, order.trip_id)
        draft.want_plan(f"{vehicle_id} cannot be told to load")


def _new_order(
    draft: Draft, roads: SiteRoads, twin: Twin, trip_id: TripId | None, purpose: OrderPurpose, goal_node_id: str
) -> Order | None:
    type_id = twin.vehicle.type_id
    goal = roads.place(type_id, goal_node_id)
    if goal is None or twin.place is None:
        _no_way(draft, twin, f"{goal_node_id} or its own place is unknown")
        return None
    path: tuple[PathEdge, ...] = ()
    if twin.node_id != goal_node_id:
        route = roads.route(type_id, twin.place, goal, _closed(draft, roads, twin) - {twin.place.edge})
        if isinstance(route, NoRoute):
            _no_way(draft, twin, f"to {goal_node_id}: {route.reason}")
            return None
        path = _way(draft, roads, twin, route, roads.path_node(type_id, goal_node_id))
    return Order(
        id=_next_order_id(draft, twin),
        vehicle_id=twin.vehicle.id,
        trip_id=trip_id,
        purpose=purpose,
        start=_standing_node(roads, twin, twin.place),
        goal=goal,
        path=path,
        actions=(),
        released=0,
        announced=0,
        issued_s=draft.now_s,
    )


def _next_order_id(draft: Draft, twin: Twin) -> OrderId:
    """Never one that its vehicle shows already: it would be taken to have the order before it was told."""
    order_id, limits = OrderId(draft.next_id("o")), profile(twin).limits
    while twin.strange_order and their_name(order_id, limits) == twin.strange_order:
        draft.emit(ev.OrderIdPassed(vehicle_id=twin.vehicle.id, order_id=order_id))
        order_id = OrderId(draft.next_id("o"))
    return order_id


def _way(draft: Draft, roads: SiteRoads, twin: Twin, route: Route, goal: PathNode) -> tuple[PathEdge, ...]:
    """The pieces of a route as this vehicle can be told them, none faster than it says it can go or may go now."""
    pieces = way_of(roads.graph, route, goal, top_speed_mps(roads, twin), points_max(profile(twin)))
    return slowed(draft.state, pieces)


def _terms(roads: SiteRoads, twin: Twin) -> Terms:
    return Terms(roads.site.map_id, roads.graph, replace(profile(twin), corridor_m=corridor_m(roads, twin)))


def _standing_node(roads: SiteRoads, twin: Twin, place: Place) -> PathNode:
    """The node a vehicle stands at, by the name it uses itself."""
    if roads.place(twin.vehicle.type_id, twin.node_id) is not None:
        return roads.path_node(twin.vehicle.type_id, twin.node_id)
    return replace(end_node(roads.graph, place.edge, place.offset_m), node_id=twin.node_id)


def _count(draft: Draft, twin: Twin, run_id: RunId, kind: ActionKind) -> int:
    lot = draft.state.run(run_id).run.lot
    if kind is ActionKind.PICK:
        return lot.parcel_count
    return sum(draft.state.custody[parcel].holder == twin.vehicle.id for parcel in lot.parcel_ids)


def _no_way(draft: Draft, twin: Twin, detail: str) -> None:
    raise_assist(draft, AssistCause.NO_ROUTE, vehicle_subject(twin.vehicle.id), detail)


# Updates --------------------------------------------------------------------------------------------------------------


def _extend(draft: Draft, roads: SiteRoads, order: Order, target: int) -> None:
    if target <= order.released or _is_cut_anew(draft, roads, order, target):
        return
    is_known = draft.state.open_assist(vehicle_subject(order.vehicle_id), AssistCause.RELEASE_REFUSED) is not None
    if _is_refused(draft, roads, order, target):
        draft.wake(order.vehicle_id, draft.now_s + RETRY_S)
        if not is_known:  # roads may have changed since the way was found; a second refusal is for the person
            _reroute(draft, roads, order, "the way before was refused")
        return
    order = pace(draft, roads, order, "released again at the speed of now")
    update_id, twin = order.update_id + 1, draft.state.twin(order.vehicle_id)
    terms = _terms(roads, twin)
    told = window(order, replace(order, update_id=update_id), target, terms)
    if isinstance(told, Untellable):
        _call_for_limit(draft, order, told)
        return
    draft.emit(
        ev.OrderExtended(
            order_id=order.id,
            update_id=update_id,
            released=told.released,
            announced=told.announced,
            wide=_wide(draft, roads, order, order.released, told.released),
        )
    )
    _road_is_released(draft, twin)
    after = draft.state.orders[order.id]
    message = update_message(order, after, terms)
    refuse_unsound(order, after, message)
    draft.send(order.vehicle_id, ORDER, order.id, update_id, message)


def _is_cut_anew(draft: Draft, roads: SiteRoads, order: Order, target: int) -> bool:
    """A way that was cut for a vehicle that took longer curves, or any, is cut for what it takes now.

    Its factsheet may come under way, or it may have refused them: told by its nodes alone, it would leave the road at
    each bend.
    """
    spoken = profile(draft.state.twin(order.vehicle_id))
    last = target + spoken.horizon_edges
    rest = order.path[order.released : last]
    way = cut_again(roads.graph, rest, points_max(spoken))
    if way == rest:
        return False
    path, why = (*way, *order.path[last:]), "the vehicle takes no such curves any more"
    draft.emit(ev.OrderRerouted(order_id=order.id, kept=order.released, path=path, why=why))
    return True


def _reroute(draft: Draft, roads: SiteRoads, order: Order, why: str, around: tuple[str, ...] = ()) -> None:
    """Another way behind the base; what is released stays as it is."""
    twin = draft.state.twin(order.vehicle_id)
    place = twin.place
    if order.released:
        last = order.path[order.released - 1]
        place = Place(last.edge, last.to_m)
    if place is None:
        return
    type_id = twin.vehicle.type_id
    closed = _closed(draft, roads, twin) | roads.closed_edges(around)
    route = roads.route(type_id, place, order.goal, closed - {place.edge})
    if isinstance(route, NoRoute):
        _no_way(draft, twin, f"to {order.last_node_id}: {route.reason}")
        return
    path = _way(draft, roads, twin, route, order.path[-1].end)  # the goal's name may be gone from the site
    draft.emit(ev.OrderRerouted(order_id=order.id, kept=order.released, path=path, why=why))


def _is_refused(draft: Draft, roads: SiteRoads, order: Order, target: int) -> bool:
    """Whether something forbids the release of the way up to `target`; then a person is called."""
    refusal = _refusal(draft, roads, order, target)
    if refusal is not None:
        raise_assist(draft, AssistCause.RELEASE_REFUSED, vehicle_subject(order.vehicle_id), refusal.reason)
    return refusal is not None


def _refusal(draft: Draft, roads: SiteRoads, order: Order, target: int) -> Refusal | None:
    """Why a piece of road that would be new in the base may not be driven on now, or not after the one before it."""
    profile = RoadProfile.of(roads.site.type_of(order.vehicle_id))
    closed = _closed(draft, roads, draft.state.twin(order.vehicle_id))
    here = draft.state.twin(order.vehicle_id).place if not order.released else None
    if order.released:
        here = order.path[order.released - 1].end_place
    for piece in order.path[order.released : target]:
        known = roads.graph.edge_by_key(piece.road_key)  # its number may be another road's in another edition
        if known is None or known != piece.edge:
            return Refusal(f"{piece.edge_id}: the map is another one than the order was made with")
        is_on_it = here is not None and here.edge == known  # whoever is on a closed road may leave it
        refusal = may_drive(roads.graph, profile, known, closed - {known} if is_on_it else closed)
        if refusal is None and here is not None:
            refusal = _joins(roads.graph, profile, here, piece, closed)
        if refusal is not None:
            return Refusal(f"{piece.edge_id}: {refusal.reason}")
        here = piece.end_place
    way = [edge for edge, _ in groupby(piece.edge for piece in order.path[:target])]
    return may_go_through(roads.graph, way)


def refusal_of_untold(draft: Draft, roads: SiteRoads, order: Order) -> Refusal | None:
    """Why the part of the base that its vehicle has not shown to have may no longer be driven; None where it may."""
    return _refusal(draft, roads, replace(order, released=order.accepted), order.released)


def _joins(
    graph: RoadGraph, profile: RoadProfile, here: Place, piece: PathEdge, closed: frozenset[int]
) -> Refusal | None:
    """Why a vehicle cannot, or must not, go on along the piece from here."""
    if here.edge == piece.edge and abs(here.offset_m - piece.from_m) <= SHORTEST_PIECE_M:
        return None
    left_m = float(graph.edge_length_m[here.edge]) - here.offset_m
    if left_m > SHORTEST_PIECE_M or piece.from_m > 0.0:
        return Refusal("it does not begin where the one before it ends")
    return may_turn(graph, profile, here.edge, piece.edge, closed)


def _closed(draft: Draft, roads: SiteRoads, twin: Twin) -> frozenset[int]:
    """For everybody, and for this vehicle alone."""
    shut = (shut.road_key for shut in twin.shut if shut.until_s > draft.now_s)
    return roads.closed_edges((*(key for key in draft.state.closures if draft.state.is_closed(key)), *shut))


def _ask_if_offered(draft: Draft, twin: Twin, kind: ActionKind) -> None:
    """What a vehicle does not list in its factsheet is not asked of it (section 4.5)."""
    if is_offered(profile(twin), kind):
        ask(draft, twin.vehicle.id, kind)
        return
    detail = f"{twin.vehicle.id} does not offer {kind}; name it in `fields` of its [[profile]], or see its maker"
    raise_assist(draft, AssistCause.VEHICLE_LIMITS, vehicle_subject(twin.vehicle.id), detail)


__all__ = ["INSTANT", "ORDER", "carry_out", "refusal_of_untold"]
