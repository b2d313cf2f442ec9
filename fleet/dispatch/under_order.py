"""What to do with the order that a vehicle has: more road, another way, another try, or its end."""

from __future__ import annotations

from dataclasses import replace

from fleet.dispatch import energy
from fleet.dispatch.intent import Cancel, Intent, Reroute, TryAgain
from fleet.dispatch.patience import RETRY_S, is_too_soon, may_ask_again
from fleet.dispatch.release import comes_to_its_end_s, extension
from fleet.dispatch.room import kept_out, to_drive_round, wait_for_room
from fleet.model.ids import PointId
from fleet.model.order import ActionKind, ActionPhase, Order, OrderPhase, OrderPurpose
from fleet.model.place import Place
from fleet.model.size import braking_mps2
from fleet.model.twin import Twin
from fleet.roads.route import NoRoute
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft

REFUSALS_MAX = 2
CRITICAL_WAIT_S = 30.0
NEXT_ACTION_S = 60.0
RETRIALS_MAX, RETRIAL_PAUSE_S = 2, 15.0
AT_HAND = frozenset({ActionPhase.RUNNING, ActionPhase.RETRIABLE})


def under_order(draft: Draft, roads: SiteRoads, twin: Twin, order: Order) -> Intent | None:
    if order.phase is not OrderPhase.ACTIVE:
        return None
    if not order.is_confirmed:
        return None
    if _leads_nowhere(roads, order):
        return Cancel(order.id, f"{order.last_node_id} is no longer in the site file")
    if order.refusals >= REFUSALS_MAX:
        return Cancel(order.id, f"{order.refusals} updates were refused")
    if twin.blocked is not None:
        return _blocked(draft, roads, twin, order)
    if (word := _word_on_failure(draft, twin, order)) is not None:
        return word
    if (failed := _failed(draft, twin, order)) is not None:
        return failed
    if _is_stopped_by_fault(twin, order):
        return None
    return _onward(draft, roads, twin, order)


def _onward(draft: Draft, roads: SiteRoads, twin: Twin, order: Order) -> Intent | None:
    """More of its way, as far as that is open; another way where it is not."""
    held = kept_out(draft.state, roads.graph, order)
    if held is not None:
        wait_for_room(draft, roads, order, held)
        if around := to_drive_round(draft.state, roads, order, held):
            why = f"{held.by} has the room beside its lane there, and does not go on"
            return Reroute(order.id, why, around)
    ahead = order.path[order.released :]
    rest = order.rest_of_road
    is_closed = (i >= rest and _is_closed(draft, twin, piece.road_key) for i, piece in enumerate(ahead))
    open_count = next((i for i, closed in enumerate(is_closed) if closed), None)
    if open_count is not None and may_ask_again(draft, twin):
        return Reroute(order.id, f"{ahead[open_count].road_key} is closed")
    if open_count is not None:
        order = replace(order, path=order.path[: order.released + open_count])
    if held is not None:
        order = replace(order, path=order.path[: held.index])
    accel_mps2 = braking_mps2(roads.site.type_of(twin.vehicle.id), twin.learned)
    released = extension(order, roads.site.limits, draft.now_s, accel_mps2)
    if released is not None and is_too_soon(draft, twin):
        return None
    if released is not None:
        return energy.onward(draft, roads, twin, order, released)
    look_again_s = comes_to_its_end_s(order, roads.site.limits, draft.now_s, accel_mps2)
    if look_again_s is not None:
        draft.wake(twin.vehicle.id, look_again_s)
    return None


def _is_closed(draft: Draft, twin: Twin, road_key: str) -> bool:
    return draft.state.is_closed(road_key) or twin.is_shut(road_key, draft.now_s)


def _word_on_failure(draft: Draft, twin: Twin, order: Order) -> TryAgain | None:
    """What becomes of an action that failed and may be tried again: some tries, with a pause, then it has failed."""
    waiting = next((action for action in order.actions if action.phase is ActionPhase.RETRIABLE), None)
    if waiting is None or twin.instant(ActionKind.RETRY) or twin.instant(ActionKind.SKIP_RETRY):
        return None
    again_s = order.acted_s + RETRIAL_PAUSE_S
    if draft.now_s < again_s:
        draft.wake(twin.vehicle.id, again_s)
        return None
    return TryAgain(waiting.action_id, gives_up=waiting.retries >= RETRIALS_MAX)


def _is_stopped_by_fault(twin: Twin, order: Order) -> bool:
    return bool(twin.critical) and order.issued_s < twin.critical_s


def _failed(draft: Draft, twin: Twin, order: Order) -> Cancel | None:
    """Nobody says that an order has failed: a fault that stops it and stays, or hands that stopped after a failure.

    A fault that was there before the order came does not end it: with those of that level a vehicle takes new orders.
    """
    if _is_stopped_by_fault(twin, order) and not _is_at_work(order):
        until_s = twin.critical_s + CRITICAL_WAIT_S
        if draft.now_s >= until_s:
            return Cancel(order.id, f"the vehicle does not go on: {', '.join(twin.critical)}")
        draft.wake(twin.vehicle.id, until_s)
    phases = {action.phase for action in order.actions}
    if ActionPhase.FAILED in phases and ActionPhase.PENDING in phases and not phases & AT_HAND:
        until_s = order.acted_s + NEXT_ACTION_S
        if draft.now_s >= until_s:
            return Cancel(order.id, "nothing more is done after an action that failed")
        draft.wake(twin.vehicle.id, until_s)
    return None


def _leads_nowhere(roads: SiteRoads, order: Order) -> bool:
    """A delivery to a point that the site no longer has, and nobody has begun to unload there."""
    if order.purpose is not OrderPurpose.DELIVER or PointId(order.last_node_id.partition(":")[2]) in roads.site.points:
        return False
    is_there = order.passed == len(order.path) or any(a.phase is not ActionPhase.PENDING for a in order.actions)
    return not is_there


def _blocked(draft: Draft, roads: SiteRoads, twin: Twin, order: Order) -> Intent | None:
    """Wait, then look for another permitted way; a person is called in any case."""
    if twin.blocked is None or _is_at_work(order):
        return None
    wait_until_s = twin.blocked.since_s + roads.site.policy.blocked_wait_s
    if draft.now_s < wait_until_s:
        draft.wake(twin.vehicle.id, wait_until_s)
        return None
    draft.wake(twin.vehicle.id, draft.now_s + RETRY_S)
    if twin.place is None or _stands_before(roads, twin.place, twin.blocked.edge_id):
        return None
    shut = (shut.road_key for shut in twin.shut if shut.until_s > draft.now_s)
    closed = roads.closed_edges((*(key for key in draft.state.closures if draft.state.is_closed(key)), *shut))
    way = roads.route(twin.vehicle.type_id, twin.place, order.goal, closed - {twin.place.edge})
    if isinstance(way, NoRoute):
        return None
    return Cancel(order.id, f"blocked on {twin.blocked.edge_id}, another way is open")


def _is_at_work(order: Order) -> bool:
    """It has arrived, or parcels change hands: what stands in its way may be the clerk."""
    has_arrived = order.passed == len(order.path)
    return has_arrived or any(action.phase is not ActionPhase.PENDING for action in order.actions)


def _stands_before(roads: SiteRoads, place: Place, edge_id: str) -> bool:
    """The obstacle is on the very edge that the vehicle stands on: there is no way but forward."""
    return roads.graph.edge_by_key(edge_id.partition("@")[0]) == place.edge
