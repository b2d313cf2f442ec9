"""A vehicle refused an order or an update: what is tried instead, or why a person is called.

Each refusal is met once, for its number is burnt with it; what is tried instead has a new one. The table is
`orders.rejections`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.order import ActionKind, Order, OrderPurpose
from fleet.model.refusal import Reaction
from fleet.model.twin import MAP_DISABLED
from fleet.orders.handover import loading_refused
from fleet.orders.presence import request
from fleet.orders.rejections import HORIZON, TOTAL_MAX, UPDATES_TOTAL_MAX, Patience, patience_with, to_leave_out
from fleet.orders.way import end_node
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import raise_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.telemetry.locate import locate
from fleet.wire.messages import VehicleError, VehicleState

SHUT_FOR_S = 3600.0
BESIDE_ROAD_M = 5.0
NO_UPDATE_HELPS = frozenset({Reaction.OUR_BUG, Reaction.BEGIN_ANEW, Reaction.ENABLE_MAP, Reaction.ASK_A_PERSON})
ENOUGH = 2
"""So many refused updates end an order (`dispatch.under_order.REFUSALS_MAX`)."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """One refusal, with all that it may be met by."""

    draft: Draft
    roads: SiteRoads
    order: Order
    error: VehicleError
    state: VehicleState


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remedy:
    """What is tried instead.

    Attributes:
        events: that make the difference.
    """

    avoids: tuple[str, ...] = ()
    window_edges: int = 0
    events: tuple[ev.Event, ...] = field(default=())


NOTHING_TO_CHANGE = _Remedy()


def order_refused(draft: Draft, roads: SiteRoads, order: Order, error: VehicleError, state: VehicleState) -> None:
    """A new order was refused, and is over; its id is burnt."""
    patience = patience_with(error, order, state)
    remedy = _taken(_Refused(draft, roads, order, error, state), patience, update_id=0)
    request(draft, order.vehicle_id, ActionKind.STATE_REQUEST)
    if remedy is None:
        _call(draft, order, f"rejected {order.id}: {_words(error)}")
        draft.want_plan(f"{order.vehicle_id} rejects orders")
    if order.purpose is OrderPurpose.LOAD and order.trip_id is not None:
        loading_refused(draft, order.trip_id)
        draft.want_plan(f"{order.vehicle_id} refused to load")


def update_refused(draft: Draft, roads: SiteRoads, order: Order, error: VehicleError, state: VehicleState) -> None:
    """An update was refused: its number is burnt, the base is what was accepted; the order goes on, or is ended."""
    patience = patience_with(error, order, state)
    detail = _words(error)
    greatest = max(order.update_id, state.order_update_id)
    counts = ENOUGH if patience.reaction in NO_UPDATE_HELPS else 1
    draft.emit(ev.UpdateRefused(order_id=order.id, update_id=greatest, why=detail, counts=counts))
    remedy = _taken(_Refused(draft, roads, order, error, state), patience, update_id=greatest)
    subject = vehicle_subject(order.vehicle_id)
    raise_assist(draft, AssistCause.ORDER_REJECTED, subject, f"{order.id}.{order.update_id}: {detail}")
    if remedy is None and counts == ENOUGH:
        draft.emit(ev.VehicleHeld(vehicle_id=order.vehicle_id, why=f"refused {order.id}.{order.update_id}: {detail}"))


def refuses_for_good(draft: Draft, order: Order) -> bool:
    """Whether a vehicle that refused the updates of an order would refuse those of the next as well."""
    refusal = draft.state.twin(order.vehicle_id).refusal
    return refusal is None or refusal.total >= UPDATES_TOTAL_MAX


def _taken(refused: _Refused, patience: Patience, update_id: int) -> _Remedy | None:
    """Note how the refusal is met; None where only a person can help."""
    draft, order = refused.draft, refused.order
    last = draft.state.twin(order.vehicle_id).refusal
    count = last.count + 1 if last is not None and last.reaction is patience.reaction else 1
    total = last.total + 1 if last is not None else 1
    is_worth_it = count <= patience.tries and total <= TOTAL_MAX
    remedy = REMEDIES[patience.reaction](refused) if is_worth_it else None
    for event in remedy.events if remedy is not None else ():
        draft.emit(event)
    again_s = draft.now_s + patience.wait_s
    draft.emit(
        ev.RefusalTaken(
            vehicle_id=order.vehicle_id,
            order_id=order.id,
            update_id=update_id,
            kind=refused.error.error_type,
            reaction=patience.reaction,
            again_s=again_s,
            avoids=remedy.avoids if remedy is not None else (),
            window_edges=remedy.window_edges if remedy is not None else 0,
        )
    )
    draft.wake(order.vehicle_id, again_s)
    return remedy


def _call(draft: Draft, order: Order, why: str) -> None:
    raise_assist(draft, AssistCause.ORDER_REJECTED, vehicle_subject(order.vehicle_id), why)
    draft.emit(ev.VehicleHeld(vehicle_id=order.vehicle_id, why=why))


def _words(error: VehicleError) -> str:
    return f"{error.error_type}: {error.description or 'no description'}"


# What is tried --------------------------------------------------------------------------------------------------------


def _nobody_can(refused: _Refused) -> _Remedy | None:
    return None


def _the_same_again(refused: _Refused) -> _Remedy | None:
    """With a new number, from what its state shows, after the wait that the table asks for."""
    return NOTHING_TO_CHANGE


def _stitch_again(refused: _Refused) -> _Remedy | None:
    """To the base it holds; after the second refusal without a horizon, which some makes drive into (section 5.12)."""
    twin = refused.draft.state.twin(refused.order.vehicle_id)
    is_first = twin.refusal is None or twin.refusal.reaction is not Reaction.STITCH_AGAIN
    return NOTHING_TO_CHANGE if is_first else _Remedy(avoids=(HORIZON,))


def _simplify(refused: _Refused) -> _Remedy | None:
    twin = refused.draft.state.twin(refused.order.vehicle_id)
    parts = to_leave_out(refused.error, twin.avoids, twin.learned.required)
    return _Remedy(avoids=parts) if parts else None


def _shorten(refused: _Refused) -> _Remedy | None:
    told = refused.order.announced - refused.order.accepted
    return _Remedy(window_edges=max(told // 2, 1)) if told > 1 else None


def _shut_road(refused: _Refused) -> _Remedy | None:
    """The edge it names, or those of the order that lead into the node it names."""
    named = {ref.key: ref.value for ref in refused.error.references}
    keys = [
        piece.road_key
        for piece in refused.order.path
        if piece.edge_id == named.get("edgeId") or piece.end.node_id == named.get("nodeId")
    ]
    until_s = refused.draft.now_s + SHUT_FOR_S
    shut = (
        ev.RoadShut(vehicle_id=refused.order.vehicle_id, road_key=key, until_s=until_s, why=_words(refused.error))
        for key in dict.fromkeys(keys)
    )
    return _Remedy(events=tuple(shut)) if keys else None


def _start_where_it_stands(refused: _Refused) -> _Remedy | None:
    """A node of its own at the reported position, where that is on a road it can be on (section 5.5)."""
    twin, at = refused.draft.state.twin(refused.order.vehicle_id), refused.state.position
    if at is None or not at.is_localized or twin.place is None:
        return None
    graph = refused.roads.graph
    edges = (twin.place.edge, *(piece.edge for piece in refused.order.path[:1]))
    back = (int(graph.edge_reverse[edge]) for edge in edges)  # it may stand there the other way round
    found = locate(graph, (*edges, *(edge for edge in back if edge >= 0)), at.x_m, at.y_m, at.theta_rad)
    if found is None or found[1] > BESIDE_ROAD_M:
        return None
    place = found[0]
    node_id = end_node(graph, place.edge, place.offset_m).node_id
    return _Remedy(events=(ev.VehiclePlaced(vehicle_id=twin.vehicle.id, node_id=node_id, place=place),))


def _enable_map(refused: _Refused) -> _Remedy | None:
    """`orders.maps` asks for it as soon as the vehicle shows the map disabled; nobody but a person can bring one."""
    is_there = refused.draft.state.twin(refused.order.vehicle_id).map_word == MAP_DISABLED
    return NOTHING_TO_CHANGE if is_there else None


REMEDIES: Mapping[Reaction, Callable[[_Refused], _Remedy | None]] = MappingProxyType(
    {
        Reaction.OUR_BUG: _nobody_can,
        Reaction.SIMPLIFY: _simplify,
        Reaction.RESYNCHRONISE: _the_same_again,
        Reaction.STITCH_AGAIN: _stitch_again,
        Reaction.SHUT_ROAD: _shut_road,
        Reaction.START_WHERE_IT_STANDS: _start_where_it_stands,
        Reaction.WAIT_UNTIL_IDLE: _the_same_again,
        Reaction.WAIT_FOR_MODE: _the_same_again,
        Reaction.ENABLE_MAP: _enable_map,
        Reaction.SHORTEN: _shorten,
        Reaction.BEGIN_ANEW: _the_same_again,
        Reaction.CANCEL_IS_DONE: _the_same_again,
        Reaction.ASK_A_PERSON: _nobody_can,
    }
)
