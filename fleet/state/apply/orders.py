"""Events of orders and instant actions."""

from __future__ import annotations

from fleet.model import event as ev
from fleet.model.change import replace
from fleet.model.ids import ActionId, VehicleId
from fleet.model.order import ORDER_LIFECYCLE, ActionKind, ActionPhase, EndedOrder, OrderPhase, StopAction
from fleet.model.twin import Instant
from fleet.state.apply.changes import count, with_order, with_room, with_twin
from fleet.state.apply.registry import on
from fleet.state.fleet_state import FleetState

ENDED_ORDERS_KEPT = 8


@on(ev.OrderIssued)
def _order_issued(state: FleetState, event: ev.OrderIssued, now_s: float) -> FleetState:
    complaints = state.twin(event.order.vehicle_id).complaints
    order = replace(event.order, old_complaints=complaints, exposed=event.order.released)
    state = with_room(count(with_order(state, order), "o"), order)
    counters = state.counters.set("a", state.counters.get("a", 0) + len(order.actions))
    plug = replace(state.twin(order.vehicle_id).plug, asked=None)  # it has other things to do now
    return with_twin(replace(state, counters=counters), order.vehicle_id, order_id=order.id, plug=plug, told_s=now_s)


@on(ev.OrderIdPassed)
def _order_id_passed(state: FleetState, event: ev.OrderIdPassed, now_s: float) -> FleetState:
    return count(state, "o")


@on(ev.OrderExtended)
def _order_extended(state: FleetState, event: ev.OrderExtended, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    changed = replace(
        order,
        update_id=event.update_id,
        released=event.released,
        announced=event.announced,
        extended_s=now_s,
        exposed=max(order.exposed, event.released),
        old_complaints=state.twin(order.vehicle_id).complaints,
        wants_base=False,
        wide=tuple(sorted({*order.wide, *event.wide})),  # room told with a refused update is still its own
    )
    return with_twin(with_room(with_order(state, changed), changed), order.vehicle_id, told_s=now_s)


@on(ev.BaseRequested)
def _base_requested(state: FleetState, event: ev.BaseRequested, now_s: float) -> FleetState:
    return with_order(state, replace(state.orders[event.order_id], wants_base=True))


@on(ev.OrderRerouted)
def _order_rerouted(state: FleetState, event: ev.OrderRerouted, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    path = (*order.path[: event.kept], *event.path)
    wide = tuple(index for index in order.wide if index < event.kept)
    return with_order(state, replace(order, path=path, announced=min(order.announced, event.kept), wide=wide))


@on(ev.OrderPaced)
def _order_paced(state: FleetState, event: ev.OrderPaced, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    ahead = zip(order.path[event.kept :], event.speeds_mps, strict=True)
    paced = (replace(piece, speed_mps=speed_mps) for piece, speed_mps in ahead)
    return with_order(state, replace(order, path=(*order.path[: event.kept], *paced)))


@on(ev.OrderSeen)
def _order_seen(state: FleetState, event: ev.OrderSeen, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    phase = OrderPhase.ACTIVE if order.phase is OrderPhase.ISSUED else order.phase
    passed_s = order.passed_s or now_s
    accepted = order.released if event.update_id == order.update_id else order.accepted
    refusal = state.twin(order.vehicle_id).refusal
    if refusal is not None and not refusal.is_of_update:
        state = with_twin(state, order.vehicle_id, refusal=None)
    return with_order(
        state, replace(order, update_seen=event.update_id, phase=phase, passed_s=passed_s, accepted=accepted)
    )


@on(ev.UpdateRefused)
def _update_refused(state: FleetState, event: ev.UpdateRefused, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    announced = min(order.announced, order.accepted)
    return with_order(
        state,
        replace(
            order,
            released=order.accepted,
            announced=announced,
            update_id=max(order.update_id, event.update_id),
            update_seen=event.update_id,
            refusals=order.refusals + event.counts,
        ),
    )


@on(ev.NodePassed)
def _node_passed(state: FleetState, event: ev.NodePassed, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    state = with_order(state, replace(order, passed=event.passed, passed_s=now_s))
    return with_twin(state, order.vehicle_id, place=event.place, node_id=event.node_id, forgotten=0)


@on(ev.ActionMoved)
def _action_moved(state: FleetState, event: ev.ActionMoved, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    actions = _with_phase(order.actions, event.action_id, event.phase, event.result)
    return with_order(state, replace(order, actions=actions, acted_s=now_s))


def _with_phase(
    actions: tuple[StopAction, ...], action_id: ActionId, phase: ActionPhase, result: str
) -> tuple[StopAction, ...]:
    return tuple(
        replace(action, phase=phase, result=result) if action.action_id == action_id else action for action in actions
    )


@on(ev.OrderCancelling)
def _order_cancelling(state: FleetState, event: ev.OrderCancelling, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    return with_order(state, replace(order, phase=ORDER_LIFECYCLE.move(order.phase, OrderPhase.CANCELLING)))


@on(ev.OrderEnded)
def _order_ended(state: FleetState, event: ev.OrderEnded, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    ORDER_LIFECYCLE.move(order.phase, event.phase)
    last = EndedOrder(id=order.id, phase=event.phase, actions=order.actions)
    ended = (*state.ended_orders.get(order.vehicle_id, ()), last)[-ENDED_ORDERS_KEPT:]
    state = replace(
        state,
        orders=state.orders.delete(order.id),
        roomy=state.roomy.delete(order.vehicle_id) if order.vehicle_id in state.roomy else state.roomy,
        ended_orders=state.ended_orders.set(order.vehicle_id, ended),
    )
    forgotten = state.twin(order.vehicle_id).forgotten
    match event.phase:
        case OrderPhase.VANISHED:
            forgotten += 1
        case OrderPhase.FINISHED:
            forgotten = 0
            state = with_twin(state, order.vehicle_id, refusal=None)
    return with_twin(state, order.vehicle_id, order_id=None, forgotten=forgotten, beyond="")


@on(ev.EndedActionSeen)
def _ended_action_seen(state: FleetState, event: ev.EndedActionSeen, now_s: float) -> FleetState:
    ended = tuple(
        replace(order, actions=_with_phase(order.actions, event.action_id, event.phase, event.result))
        for order in state.ended_orders.get(event.vehicle_id, ())
    )
    return replace(state, ended_orders=state.ended_orders.set(event.vehicle_id, ended))


@on(ev.InstantIssued)
def _instant_issued(state: FleetState, event: ev.InstantIssued, now_s: float) -> FleetState:
    twin = state.twin(event.vehicle_id)
    instant = Instant(
        action_id=event.action_id,
        kind=event.kind,
        issued_s=now_s,
        order_id=event.order_id,
        about=event.about,
        tries=event.tries,
    )
    if event.kind in (ActionKind.RETRY, ActionKind.SKIP_RETRY) and event.about is not None:
        state = _with_retry(state, event.vehicle_id, event.about, now_s)
    plug = twin.plug.after_asking(event.kind, now_s)
    zones = replace(twin.zones, asked=twin.zones.told) if event.kind is ActionKind.ENABLE_ZONE_SET else twin.zones
    asked = with_twin(
        state,
        event.vehicle_id,
        instants=(*twin.instants, instant),
        plug=plug,
        zones=zones,
        cleared_s=now_s if event.kind is ActionKind.CLEAR_INSTANT_ACTIONS else twin.cleared_s,
        map_asked_s=now_s if event.kind is ActionKind.ENABLE_MAP else twin.map_asked_s,
    )
    return count(asked, "a")


def _with_retry(state: FleetState, vehicle_id: VehicleId, action_id: ActionId, now_s: float) -> FleetState:
    order = state.active_order(vehicle_id)
    if order is None:
        return state
    actions = (replace(a, retries=a.retries + 1) if a.action_id == action_id else a for a in order.actions)
    return with_order(state, replace(order, actions=tuple(actions), acted_s=now_s))


@on(ev.InstantMoved)
def _instant_moved(state: FleetState, event: ev.InstantMoved, now_s: float) -> FleetState:
    twin = state.twin(event.vehicle_id)
    moved = (
        replace(instant, phase=event.phase) if instant.action_id == event.action_id else instant
        for instant in twin.instants
    )
    still_open = tuple(i for i in moved if not i.phase.is_over)
    hears = twin.hears_instants or event.is_shown
    return with_twin(state, event.vehicle_id, instants=still_open, hears_instants=hears)
