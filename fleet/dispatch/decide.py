"""What to do now with one vehicle: its order, its trip, its rest.

`decide` looks at folded state only, notes what follows at once (a trip begins, a bay is held, a person is called) and
returns what the vehicle shall be told, or None. It is asked again after each answer has been carried out, until it
has nothing to say.
"""

from __future__ import annotations

from dataclasses import replace

from fleet.dispatch import energy
from fleet.dispatch.charge import charging_step, is_tied, stop_charging_first
from fleet.dispatch.fitness import call_if_stopped, give_up, stop_heedless, wake_up
from fleet.dispatch.intent import Cancel, Deliver, GoHome, Intent, Load, Recant, Reroute, TryAgain
from fleet.dispatch.release import comes_to_its_end_s, extension
from fleet.dispatch.reserve import bay_of, charger_of, free, reserve
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.custody import CustodyKind
from fleet.model.ids import PointId, RunId, VehicleId
from fleet.model.order import ActionKind, ActionPhase, Order, OrderPhase, OrderPurpose
from fleet.model.place import Place
from fleet.model.run import RunPhase
from fleet.model.trip import TripPhase
from fleet.model.twin import INTERVENED, Liveness, Twin
from fleet.planning.gone import point_gone
from fleet.planning.present import ready_again_s
from fleet.roads.route import NoRoute
from fleet.roads.site_roads import SiteRoads, station_node_id
from fleet.state.attention import raise_assist, resolve_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.state.fleet_state import RunView, TripView, Visit
from fleet.telemetry.profiles import profile

RETRY_S = 60.0
REFUSALS_MAX = 2
UNLOAD_RETRY_S = 300.0
CRITICAL_WAIT_S = 30.0
NEXT_ACTION_S = 60.0
RETRIALS_MAX, RETRIAL_PAUSE_S = 2, 15.0
AT_HAND = frozenset({ActionPhase.RUNNING, ActionPhase.RETRIABLE})
OVERDUE_S = 300.0
WORD_S = 30.0


def decide(draft: Draft, roads: SiteRoads, vehicle_id: VehicleId) -> Intent | None:
    """What the vehicle shall be told now."""
    twin = draft.state.twin(vehicle_id)
    order = draft.state.active_order(vehicle_id)
    if (cancel := stop_for_closed(draft, vehicle_id)) is not None:
        return cancel
    call_if_stopped(draft, twin, roads.site.policy)
    if order is not None and (banned := _banned_under(draft, order)):
        _call_for_closed(draft, vehicle_id, f"it is on {banned}, which was closed, and drives on to leave it")
    if twin.foreign_order:
        return _revived(draft, twin)
    if order is not None and (twin.can_take_orders or twin.beyond) and (cancel := stop_heedless(twin, order)):
        return cancel
    if not twin.can_take_orders:
        return wake_up(draft, twin) or give_up(twin, order)
    if order is not None:
        return _under_order(draft, roads, twin, order)
    if twin.has_order_left or twin.instant(ActionKind.CANCEL_ORDER):
        return None
    if twin.refusal is not None and twin.refusal.again_s > draft.now_s:
        draft.wake(vehicle_id, twin.refusal.again_s)
        return None
    if _awaits_its_word(draft, twin):
        return None
    if _is_too_soon(draft, twin):
        return None
    if twin.trip_id is not None and is_tied(twin):
        return stop_charging_first(draft, twin)
    if twin.trip_id is not None:
        return _in_trip(draft, roads, twin, draft.state.trip(twin.trip_id))
    return _at_rest(draft, roads, twin)


def _awaits_its_word(draft: Draft, twin: Twin) -> bool:
    """It refused an order, and may have taken a later copy of it since: what it says when asked is waited for."""
    asked = twin.instant(ActionKind.STATE_REQUEST)
    if twin.refusal is None or twin.refusal.is_of_update or asked is None or draft.now_s >= asked.issued_s + WORD_S:
        return False
    draft.wake(twin.vehicle.id, asked.issued_s + WORD_S)
    return True


def _is_too_soon(draft: Draft, twin: Twin) -> bool:
    """Whether the vehicle wants more time between two orders or updates (section 4.3); what waits is told as one."""
    again_s = twin.told_s + profile(twin).limits.order_interval_s_min
    if not twin.told_s or draft.now_s >= again_s:
        return False
    draft.wake(twin.vehicle.id, again_s)
    return True


def stop_for_closed(draft: Draft, vehicle_id: VehicleId) -> Cancel | None:
    """The end of an order whose base holds a road that people have closed; a person is called as well.

    The one decision that is made for every vehicle, whoever holds it and whatever is wrong with it.
    """
    order = draft.state.active_order(vehicle_id)
    if order is None or not (banned := _banned_ahead(draft, order)):
        return None
    _call_for_closed(draft, vehicle_id, f"{banned} in its base was closed")
    return Cancel(order.id, f"{banned} was closed")


# Under an order -------------------------------------------------------------------------------------------------------


def _under_order(draft: Draft, roads: SiteRoads, twin: Twin, order: Order) -> Intent | None:
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
    ahead = order.path[order.released :]
    if (word := _word_on_failure(draft, twin, order)) is not None:
        return word
    if (failed := _failed(draft, twin, order)) is not None:
        return failed
    if _is_stopped_by_fault(twin, order):
        return None
    is_closed = (_is_closed(draft, twin, piece.road_key) and not order.ends_on(piece) for piece in ahead)
    open_count = next((i for i, closed in enumerate(is_closed) if closed), None)
    if open_count is not None and _may_ask_again(draft, twin):
        return Reroute(order.id, f"{ahead[open_count].road_key} is closed")
    if open_count is not None:
        order = replace(order, path=order.path[: order.released + open_count])
    accel_mps2 = roads.site.type_of(twin.vehicle.id).accel_mps2
    released = extension(order, roads.site.limits, draft.now_s, accel_mps2)
    if released is not None and _is_too_soon(draft, twin):
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


def _revived(draft: Draft, twin: Twin) -> Recant | None:
    """An order of ours that was over is cancelled again where a late copy has reached its vehicle; once."""
    ended = draft.state.ended_order(twin.vehicle.id, twin.foreign_order)
    subject = vehicle_subject(twin.vehicle.id)
    has_failed = draft.state.open_assist(subject, AssistCause.ORDER_REJECTED) is not None
    if ended is None or has_failed or twin.instant(ActionKind.CANCEL_ORDER) or twin.liveness is not Liveness.FRESH:
        return None
    return Recant(ended.id)


def _leads_nowhere(roads: SiteRoads, order: Order) -> bool:
    """A delivery to a point that the site no longer has, and nobody has begun to unload there."""
    if order.purpose is not OrderPurpose.DELIVER or PointId(order.last_node_id.partition(":")[2]) in roads.site.points:
        return False
    is_there = order.passed == len(order.path) or any(a.phase is not ActionPhase.PENDING for a in order.actions)
    return not is_there


def _banned_ahead(draft: Draft, order: Order) -> str:
    """A road in the base that was closed by people since it was released; empty where there is none.

    This is looked at whether or not the vehicle may be told anything else: one that is held or silent drives on too.
    The road that the vehicle is on is none of them: there is no way but to drive on and leave it.
    """
    if not draft.state.closures or order.phase is OrderPhase.CANCELLING:
        return ""
    ahead = list(order.path[order.passed : order.released])
    here = _edge_under(draft, order)
    while ahead and ahead[0].edge == here:
        ahead.pop(0)
    return next((piece.edge_id for piece in ahead if draft.state.is_banned(piece.road_key)), "")


def _edge_under(draft: Draft, order: Order) -> int | None:
    """The road edge that the vehicle is on: it stands where it began, or is on its way from the last node."""
    place = draft.state.twin(order.vehicle_id).place
    if order.update_seen < 0 or order.passed >= order.released:
        return None if place is None else place.edge
    return order.path[order.passed].edge


def _banned_under(draft: Draft, order: Order) -> str:
    """The road the vehicle is on and still has to leave, where people have closed it since."""
    if order.passed >= len(order.path):
        return ""
    piece = order.path[order.passed]
    is_on_it = piece.edge == _edge_under(draft, order)
    return piece.edge_id if is_on_it and draft.state.is_banned(piece.road_key) else ""


def _call_for_closed(draft: Draft, vehicle_id: VehicleId, detail: str) -> None:
    raise_assist(draft, AssistCause.ROAD_CLOSED, vehicle_subject(vehicle_id), detail)


def _may_ask_again(draft: Draft, twin: Twin) -> bool:
    """A way that was not found is looked for again after a while, not in every turn."""
    subject = vehicle_subject(twin.vehicle.id)
    known = draft.state.open_assist(subject, AssistCause.NO_ROUTE)
    if known is None:
        return True
    if draft.now_s < known.raised_s + RETRY_S:
        draft.wake(twin.vehicle.id, known.raised_s + RETRY_S)
        return False
    resolve_assist(draft, AssistCause.NO_ROUTE, subject, "a way is looked for again")
    return True


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


# In a trip ------------------------------------------------------------------------------------------------------------


def _in_trip(draft: Draft, roads: SiteRoads, twin: Twin, view: TripView) -> Intent | None:
    if view.phase is TripPhase.LOADING:
        _end_loading(draft, roads, twin, view)
        view = draft.state.trip(view.trip.id)
        if view.phase is not TripPhase.UNDER_WAY:
            return _at_rest(draft, roads, draft.state.twin(twin.vehicle.id))
    return _next_visit(draft, roads, twin, view)


def _end_loading(draft: Draft, roads: SiteRoads, twin: Twin, view: TripView) -> None:
    """The loading is over: leave with what is aboard, or not at all."""
    for run_id in view.trip.run_ids:
        run = draft.state.run(run_id)
        is_ours = run.phase is RunPhase.LOADING and run.trip_id == view.trip.id
        if is_ours and run_id not in twin.aboard and not _is_unsure(draft, run):
            draft.emit(ev.RunReleased(run_id=run_id, why="it was not loaded"))
            resolve_assist(draft, AssistCause.PICK_FAILED, f"run:{run_id}", "was tried again")
            raise_assist(draft, AssistCause.PICK_FAILED, f"run:{run_id}", f"not loaded on {twin.vehicle.id}")
            draft.want_plan(f"{run_id} was not loaded")
    phase = TripPhase.UNDER_WAY if twin.aboard else TripPhase.CLOSED
    draft.emit(ev.TripMoved(trip_id=view.trip.id, phase=phase))
    free(draft, roads.site, bay_of(view.trip.station_id), twin.vehicle.id)


def _is_unsure(draft: Draft, run: RunView) -> bool:
    """Nobody knows whether its parcels are aboard: it waits for a person, and for no other vehicle."""
    return any(draft.state.custody[parcel].kind is CustodyKind.ASSIST for parcel in run.run.lot.parcel_ids)


def _next_visit(draft: Draft, roads: SiteRoads, twin: Twin, view: TripView) -> Intent | None:
    for visit in view.visits_left:
        wanted = tuple(run_id for run_id in visit.run_ids if _is_to_deliver(draft, twin, run_id))
        if visit.point_id not in roads.site.points:
            _give_up(draft, view, visit, wanted)
            continue
        wished = replace(visit, run_ids=wanted)
        if wanted and not energy.covers_visit(draft, roads, twin, wished):
            energy.give_up_visit(draft, twin, wished)
            return _next_visit(draft, roads, twin, draft.state.trip(view.trip.id))
        if wanted:
            return Deliver(view.trip.id, wished) if _may_ask_again(draft, twin) else None
        skipped = ev.StopDone(
            trip_id=view.trip.id, point_id=visit.point_id, deferred=(), given_up=(), why="nothing aboard for it"
        )
        draft.emit(skipped)
    if not _is_home(twin) or twin.aboard:
        return _go_home(draft, roads, twin, view)
    draft.emit(ev.TripMoved(trip_id=view.trip.id, phase=TripPhase.CLOSED))
    resolve_assist(draft, AssistCause.LOW_BATTERY, vehicle_subject(twin.vehicle.id), "it is home")
    return _at_rest(draft, roads, draft.state.twin(twin.vehicle.id))


def _give_up(draft: Draft, view: TripView, visit: Visit, run_ids: tuple[RunId, ...]) -> None:
    """The visit cannot be made for ever: what is aboard for it comes back."""
    why = point_gone(visit.point_id)
    for run_id in run_ids:
        raise_assist(draft, AssistCause.RUN_UNSERVED, f"run:{run_id}", why)
    done = ev.StopDone(trip_id=view.trip.id, point_id=visit.point_id, deferred=(), given_up=run_ids, why=why)
    draft.emit(done)


def _is_to_deliver(draft: Draft, twin: Twin, run_id: RunId) -> bool:
    run = draft.state.run(run_id)
    return run_id in twin.aboard and not run.recalled and run.phase is RunPhase.UNDER_WAY


def _go_home(draft: Draft, roads: SiteRoads, twin: Twin, view: TripView | None) -> Intent | None:
    failed = draft.state.open_assist(vehicle_subject(twin.vehicle.id), AssistCause.DROP_FAILED)
    if failed is not None and _is_home(twin) and draft.now_s < failed.raised_s + UNLOAD_RETRY_S:
        draft.wake(twin.vehicle.id, failed.raised_s + UNLOAD_RETRY_S)
        return None
    if twin.place is None:
        detail = f"stands at {twin.node_id or 'an unknown node'}, which is no known place"
        raise_assist(draft, AssistCause.NO_ROUTE, vehicle_subject(twin.vehicle.id), detail)
        return None
    if not _may_ask_again(draft, twin):
        return None
    if not _is_home(twin):
        energy.tell_way_home(draft, roads, twin)
    return GoHome(view.trip.id if view else None)


def _is_home(twin: Twin) -> bool:
    return twin.node_id == station_node_id(twin.vehicle.home_station)


# At rest --------------------------------------------------------------------------------------------------------------


def _at_rest(draft: Draft, roads: SiteRoads, twin: Twin) -> Intent | None:
    if not _is_home(twin) or twin.aboard:
        return _go_home(draft, roads, twin, None)
    planned = draft.state.planned_trips(twin.vehicle.id)
    upcoming = planned[0] if planned else None
    step = charging_step(draft, roads, twin, upcoming) if twin.mode != INTERVENED else None
    if step is not None:
        return step
    if upcoming is None or twin.is_charging or twin.is_asked:
        return None
    return _start(draft, roads, twin, upcoming)


def _start(draft: Draft, roads: SiteRoads, twin: Twin, view: TripView) -> Intent | None:
    """Begin the next trip as soon as it is time, its lots are ready and a bay is free."""
    ready_s = max(ready_again_s(draft.state, draft.state.run(run_id)) for run_id in view.trip.run_ids)
    start_s = max(view.trip.load_from_s, ready_s)
    if draft.now_s < start_s:
        draft.wake(twin.vehicle.id, start_s)
        return None
    vehicle_id = twin.vehicle.id
    if not energy.covers_trip(draft, roads, twin, view.trip):
        draft.want_plan(f"{vehicle_id} has too little charge for {view.trip.id}")
        draft.wake(vehicle_id, draft.now_s + RETRY_S)
        return None
    if not reserve(draft, roads.site, bay_of(view.trip.station_id), vehicle_id):
        if draft.now_s > start_s + OVERDUE_S:
            draft.want_plan(f"{view.trip.id} waits for a bay")
        draft.wake(vehicle_id, draft.now_s + RETRY_S)
        return None
    free(draft, roads.site, charger_of(view.trip.station_id), vehicle_id)
    draft.emit(ev.TripStarted(trip_id=view.trip.id, vehicle_id=vehicle_id))
    return Load(view.trip.id)


def overdue(draft: Draft, vehicle_id: VehicleId) -> bool:
    """A planned trip should have begun long ago: its vehicle cannot take orders, or everything is late."""
    planned = draft.state.planned_trips(vehicle_id)
    return bool(planned) and draft.now_s > planned[0].trip.load_from_s + OVERDUE_S
