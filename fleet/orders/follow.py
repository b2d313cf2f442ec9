"""An order against what its vehicle says: progress, acceptance, rejection, end.

Progress is read from `lastNodeSequenceId` and the shrinking lists, never from positions or from a sequence of
messages: a state may skip any number of nodes (QoS 0 loses messages), and the result is the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from fleet.model import event as ev
from fleet.model.ids import ActionId, VehicleId
from fleet.model.order import ActionKind, ActionPhase, EndedOrder, Order, OrderPhase, StopAction
from fleet.model.place import Place
from fleet.model.twin import Instant, Twin
from fleet.telemetry.intake import ABOUT_NUMBERS, REJECTIONS, complaint_of, has_order_left, kind_of
from fleet.wire.messages import ActionState, ActionStatus, OperatingMode, VehicleError, VehicleState

CANCEL_IS_DONE = kind_of("noOrderToCancel")
PAUSES = {ActionKind.START_PAUSE: True, ActionKind.STOP_PAUSE: False}
"""What `paused` shows where it was done, by whomever: a person may press the button (section 9.6)."""
LINGERS, LOADS_LAG_S = "done, and its load is still shown", 30.0
CANCEL_IS_HEARD_S = 30.0
"""After so long a vehicle that complains of no order to cancel, without saying for which cancel, means ours."""
AUTOMATIC_MODES = frozenset({OperatingMode.AUTOMATIC, OperatingMode.SEMIAUTOMATIC, OperatingMode.INTERVENED})
ACTION_PHASES = {
    ActionStatus.WAITING: ActionPhase.PENDING,
    ActionStatus.INITIALIZING: ActionPhase.PENDING,
    ActionStatus.RUNNING: ActionPhase.RUNNING,
    ActionStatus.PAUSED: ActionPhase.RUNNING,
    ActionStatus.RETRIABLE: ActionPhase.RETRIABLE,
    ActionStatus.FINISHED: ActionPhase.FINISHED,
    ActionStatus.FAILED: ActionPhase.FAILED,
}


def order_events(order: Order, state: VehicleState, now_s: float = math.inf) -> Iterator[ev.Event]:
    """What a state tells about the order its vehicle holds.

    Args:
        now_s: when it came in; a load that is still shown some while after it was handed over is no longer waited for.
    """
    if state.order_id != order.id:
        yield from _not_shown(order, state)
        return
    if state.order_update_id > order.update_seen and state.order_update_id <= order.update_id:
        yield ev.OrderSeen(order_id=order.id, update_id=state.order_update_id)
    yield from _progress(order, state)
    yield from _actions(order, state, now_s)
    if not any(_is_lingering(order, action, state, now_s) for action in order.actions):
        yield from _end(order, state)


def instant_events(twin: Twin, state: VehicleState, now_s: float) -> Iterator[ev.InstantMoved]:
    """How the instant actions go on that we wait for."""
    shown = {action.action_id: action for action in (*state.action_states, *state.instant_action_states)}
    for instant in twin.instants:
        phase, result = _instant_phase(instant, shown.get(instant.action_id), state, now_s)
        if phase is not instant.phase:
            yield ev.InstantMoved(
                vehicle_id=twin.vehicle.id,
                action_id=instant.action_id,
                phase=phase,
                result=result,
                is_shown=instant.action_id in shown,
            )


def _instant_phase(
    instant: Instant, shown: ActionState | None, state: VehicleState, now_s: float
) -> tuple[ActionPhase, str]:
    if instant.phase.is_over:
        return instant.phase, ""
    if shown is None and _is_told_void(instant, state, now_s):
        return ActionPhase.FINISHED, "there was nothing to cancel"
    if shown is None:
        # Its last state was lost, or the vehicle restarted. What it led to, the vehicle's own state shows.
        is_gone = instant.phase is ActionPhase.RUNNING
        return (ActionPhase.FINISHED, "no longer shown") if is_gone else (instant.phase, "")
    if shown.status is ActionStatus.FAILED and _is_void_cancel(instant, state):
        return ActionPhase.FINISHED, "there was nothing to cancel"
    if PAUSES.get(instant.kind) is state.paused and shown.status in (ActionStatus.FAILED, ActionStatus.RUNNING):
        return ActionPhase.FINISHED, "it is so already"
    phase = ACTION_PHASES[shown.status]
    if not phase.is_over:
        return ActionPhase.RUNNING, ""  # it is shown, so it need not be said again
    return phase, shown.result or reason_of(instant.action_id, state)


def reason_of(action_id: str, state: VehicleState) -> str:
    """Why an action failed that does not say so itself, by the error that names it (section 12.9)."""
    about = (
        error
        for error in state.errors
        if any(ref.key in ("actionId", "instantActionId") and ref.value == action_id for ref in error.references)
    )
    return next((f"{error.error_type}: {error.description or ''}".rstrip(": ") for error in about), "")


def _is_void_cancel(instant: Instant, state: VehicleState) -> bool:
    """A failed cancel is success where there was nothing to cancel (section 8.5)."""
    if instant.kind is not ActionKind.CANCEL_ORDER:
        return False
    return any(kind_of(error.error_type) == CANCEL_IS_DONE for error in state.errors) or not has_order_left(state)


def _is_told_void(instant: Instant, state: VehicleState, now_s: float) -> bool:
    """Some vehicles answer a cancel that finds no order by an error alone, and never show the action."""
    if instant.kind is not ActionKind.CANCEL_ORDER:
        return False
    told = [error for error in state.errors if kind_of(error.error_type) == CANCEL_IS_DONE]
    about = {ref.value for error in told for ref in error.references if ref.key in ("actionId", "instantActionId")}
    if instant.action_id in about:
        return True
    return bool(told) and not about and not has_order_left(state) and now_s >= instant.issued_s + CANCEL_IS_HEARD_S


def passed_edges(order: Order, state: VehicleState) -> int:
    """Edges of the order that are behind the vehicle; never fewer than were known before."""
    if not state.last_node_id:
        return order.passed
    index = state.last_node_sequence_id // 2
    if not 0 <= index <= len(order.path) or state.last_node_id != node_id(order, index):
        return order.passed
    return max(min(index, order.released), order.passed)


def node_id(order: Order, index: int) -> str:
    """The id of the order's node `index`, 0 being its first."""
    return order.start.node_id if index == 0 else order.path[index - 1].end.node_id


def place_after(order: Order, passed: int) -> Place:
    """Where on the road a vehicle stands that has driven the first `passed` edges (at least one)."""
    edge = order.path[passed - 1]
    return Place(edge.edge, edge.to_m)


def _progress(order: Order, state: VehicleState) -> Iterator[ev.Event]:
    passed = passed_edges(order, state)
    if passed > order.passed:
        place = place_after(order, passed)
        yield ev.NodePassed(order_id=order.id, passed=passed, place=place, node_id=node_id(order, passed))


def shows_load_of(action: StopAction, state: VehicleState) -> bool:
    """Whether a drop is shown as done, of a whole lot, and its load as aboard all the same (section 12.5)."""
    seen = next((each for each in state.action_states if each.action_id == action.action_id), None)
    if action.kind is not ActionKind.DROP or seen is None or seen.status is not ActionStatus.FINISHED:
        return False
    is_whole = "refused=" not in (seen.result or "")
    return is_whole and any(load.load_id == action.run_id for load in state.loads or ())


def _is_lingering(order: Order, action: StopAction, state: VehicleState, now_s: float) -> bool:
    """Loads may be shown a little later than actions: for a while that is no contradiction."""
    if action.phase.is_over or now_s == math.inf or not shows_load_of(action, state):
        return False
    return action.result != LINGERS or now_s < order.acted_s + LOADS_LAG_S


def _actions(order: Order, state: VehicleState, now_s: float) -> Iterator[ev.Event]:
    shown = {action.action_id: action for action in state.action_states}
    for action in order.actions:
        if (seen := shown.get(action.action_id)) is None or action.phase.is_over:
            continue
        phase, result = ACTION_PHASES[seen.status], seen.result or ""
        if seen.status is ActionStatus.FAILED and not result:
            result = reason_of(action.action_id, state)
        if _is_lingering(order, action, state, now_s):
            phase, result = ActionPhase.RUNNING, LINGERS
        if phase is not action.phase or (result == LINGERS and action.result != LINGERS):
            yield ev.ActionMoved(order_id=order.id, action_id=action.action_id, phase=phase, result=result)


def _end(order: Order, state: VehicleState) -> Iterator[ev.Event]:
    """The end of an order that its vehicle shows."""
    if has_order_left(state):
        return
    at_goal = order.is_fully_released and passed_edges(order, state) == len(order.path)
    if at_goal and all(_is_over(action, state) for action in order.actions):
        yield ev.OrderEnded(order_id=order.id, phase=OrderPhase.FINISHED, why="")
    elif order.phase is OrderPhase.CANCELLING:
        yield ev.OrderEnded(order_id=order.id, phase=OrderPhase.CANCELLED, why="the vehicle stands")
    elif order.phase is OrderPhase.ACTIVE and _has_lost_it(order, state):
        yield ev.OrderEnded(
            order_id=order.id,
            phase=OrderPhase.VANISHED,
            why=f"vehicle shows no way left in mode {state.mode}",
        )


def _has_lost_it(order: Order, state: VehicleState) -> bool:
    """Nothing left to do although released road was not driven, or actions are gone that were not over.

    While an update is on its way, a vehicle that has driven all it knows of waits for it with nothing left to do; but
    none that is driven by hand does: its order is cleared.
    """
    passed = passed_edges(order, state)
    if state.order_update_id >= order.update_id and order.is_confirmed:
        return passed < order.released or order.is_fully_released
    return passed < order.accepted or state.mode not in AUTOMATIC_MODES


def _is_over(action: StopAction, state: VehicleState) -> bool:
    if action.phase.is_over:
        return True
    shown = next((seen for seen in state.action_states if seen.action_id == action.action_id), None)
    return shown is not None and ACTION_PHASES[shown.status].is_over


def _not_shown(order: Order, state: VehicleState) -> Iterator[ev.Event]:
    """The state shows another order: ours was refused, is still on the way, or is gone."""
    rejection = rejection_of_new(order, state)
    if rejection is not None:
        text = f"{rejection.error_type}: {rejection.description or ''}"
        yield ev.OrderEnded(order_id=order.id, phase=OrderPhase.REJECTED, why=text)
    elif order.update_seen >= 0 and not has_order_left(state):
        yield ev.OrderEnded(
            order_id=order.id,
            phase=OrderPhase.VANISHED,
            why=f"vehicle shows order {state.order_id or 'none'!r}",
        )


def revived_events(vehicle_id: VehicleId, ended: EndedOrder, state: VehicleState) -> Iterator[ev.EndedActionSeen]:
    """What hands did, or do, by a late copy of an order that was over; each action is told once."""
    shown = {action.action_id: action for action in state.action_states}
    for action in ended.actions:
        seen = shown.get(action.action_id)
        if seen is None or action.phase is ActionPhase.FINISHED:
            continue
        phase = ACTION_PHASES[seen.status]
        if phase is not action.phase and phase in (ActionPhase.RUNNING, ActionPhase.RETRIABLE, ActionPhase.FINISHED):
            yield ev.EndedActionSeen(
                vehicle_id=vehicle_id,
                order_id=ended.id,
                action_id=action.action_id,
                phase=phase,
                result=seen.result or "",
            )


def never_had(order: Order, twin: Twin, state: VehicleState) -> ev.OrderEnded | None:
    """The end of a cancelled order that its vehicle never showed: the cancel is answered, so it cannot arrive any more.

    Args:
        twin: as it is after what the state told of its instant actions.
    """
    if order.phase is not OrderPhase.CANCELLING or order.update_seen >= 0 or state.order_id == order.id:
        return None
    if twin.instant(ActionKind.CANCEL_ORDER) is not None or has_order_left(state):
        return None
    return ev.OrderEnded(order_id=order.id, phase=OrderPhase.CANCELLED, why="the vehicle never had it")


def rejection_of_new(order: Order, state: VehicleState) -> VehicleError | None:
    """The error by which the vehicle refuses an order that it never showed, if it does."""
    if state.order_id == order.id or order.update_seen >= 0:
        return None
    return next((error for error in state.errors if _rejects(error, order)), None)


def rejection_of(order: Order, state: VehicleState) -> VehicleError | None:
    """The error by which the vehicle refuses the last update of an order that it holds, if it does."""
    if state.order_id != order.id or order.is_confirmed:
        return None
    return next((error for error in state.errors if _rejects_update(error, order, state)), None)


def _rejects_update(error: VehicleError, order: Order, state: VehicleState) -> bool:
    """A late copy of an earlier update is refused as well, for its number; that is no word about the last one."""
    if not _rejects(error, order, update=True):
        return False
    is_named = any(reference.key == "orderUpdateId" for reference in error.references)
    return is_named or kind_of(error.error_type) not in ABOUT_NUMBERS or state.order_update_id > order.update_id


def _rejects(error: VehicleError, order: Order, *, update: bool = False) -> bool:
    """References are optional: where there are none, the kind of error and the missing order say enough."""
    if kind_of(error.error_type) not in REJECTIONS:
        return False
    references = {reference.key: reference.value for reference in error.references}
    if references.get("orderId", order.id) != order.id or _is_of_something_else(references, order):
        return False
    if complaint_of(error) in order.old_complaints:
        return False  # it was there before this order or update was
    return not update or references.get("orderUpdateId", str(order.update_id)) == str(order.update_id)


def _is_of_something_else(references: Mapping[str, str], order: Order) -> bool:
    """Vehicles refuse instant actions and zones in the same words: what an error names tells it from an order's."""
    if "orderId" in references:
        return False
    is_on_other_topic = references.get("topic", "order").rpartition("/")[2].lower() != "order"
    action_id = references.get("actionId")
    is_other_action = action_id is not None and order.action(ActionId(action_id)) is None
    return is_on_other_topic or is_other_action or "instantActionId" in references
