"""Parcels change hands: what the end of an action at a stop means for custody, and what the end of an order means.

"Delivered" needs evidence: the drop of the order we gave, finished, at the run's own pickup point.
"""

from __future__ import annotations

from fleet.dispatch.reserve import bay_of
from fleet.dispatch.settle import unsure
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.custody import Custody, CustodyKind
from fleet.model.ids import ParcelId, PointId, RunId, StationId, TripId, VehicleId
from fleet.model.order import ActionKind, ActionPhase, Order, OrderPhase, OrderPurpose, StopAction
from fleet.model.run import RunPhase
from fleet.model.trip import TripPhase
from fleet.roads.site_roads import point_node_id
from fleet.state.attention import raise_assist, resolve_assist, resolve_for_run, vehicle_subject
from fleet.state.draft import Draft
from fleet.state.fleet_state import RunView
from fleet.wire.messages import VehicleState

NO_STAFF = "no_staff"
FORGOTTEN_MAX = 3


def parcels_aboard(draft: Draft, order: Order, run_id: RunId) -> tuple[ParcelId, ...]:
    """The run's parcels that ride on the order's vehicle."""
    view = draft.state.run(run_id)
    custody = draft.state.custody
    return tuple(p for p in view.run.lot.parcel_ids if custody[p].holder == order.vehicle_id)


def action_ended(draft: Draft, order: Order, action: StopAction) -> None:
    """A parcel action came to its end; called once, in the turn that journals that end."""
    if action.phase is not ActionPhase.FINISHED:
        return
    match order.purpose:
        case OrderPurpose.LOAD:
            _loaded(draft, order, action)
        case OrderPurpose.DELIVER:
            _delivered(draft, order, action)
        case OrderPurpose.RETURN:
            _returned(draft, order, action)


def _loaded(draft: Draft, order: Order, action: StopAction) -> None:
    run = draft.state.run(action.run_id).run
    here = Custody(CustodyKind.STATION, run.station_id)
    if any(draft.state.custody[parcel] != here for parcel in run.lot.parcel_ids):
        doubt_hand_over(draft, order.vehicle_id, action, f"{action.action_id} finished, but not all was there to load")
        return
    told = count_in(action.result)
    if told is not None and told != run.lot.parcel_count:
        why = f"{told} of {run.lot.parcel_count} parcels loaded on {order.vehicle_id}"
        unsure(draft, run.id, run.lot.parcel_ids, why)
        draft.emit(ev.VehicleHeld(vehicle_id=order.vehicle_id, why=f"{run.id}: {why}"))
        return
    draft.emit(
        ev.ParcelsLoaded(
            run_id=run.id,
            vehicle_id=order.vehicle_id,
            parcel_ids=run.lot.parcel_ids,
            action_id=action.action_id,
        )
    )
    resolve_assist(draft, AssistCause.PICK_FAILED, f"run:{run.id}", f"loaded on {order.vehicle_id}")


def _delivered(draft: Draft, order: Order, action: StopAction) -> None:
    run = draft.state.run(action.run_id).run
    aboard = parcels_aboard(draft, order, run.id)
    refused = tuple(p for p in refused_in(action.result) if p in aboard)
    if not _adds_up(action.result, aboard):
        unsure(draft, run.id, aboard, f"{action.result!r} for {len(aboard)} parcels at {order.last_node_id}")
        return
    if order.last_node_id != point_node_id(run.point_id):
        unsure(draft, run.id, aboard, f"unloaded at {order.last_node_id}, bound for {run.point_id}")
        return
    draft.emit(
        ev.ParcelsDelivered(
            run_id=run.id,
            vehicle_id=order.vehicle_id,
            point_id=run.point_id,
            parcel_ids=tuple(p for p in aboard if p not in refused),
            refused=refused,
            action_id=action.action_id,
        )
    )
    resolve_for_run(draft, run.id, "delivered")


def _returned(draft: Draft, order: Order, action: StopAction) -> None:
    view = draft.state.run(action.run_id)
    aboard = parcels_aboard(draft, order, action.run_id)
    kind, _, station = order.last_node_id.partition(":")
    if kind != "station" or not _adds_up(action.result, aboard):
        unsure(draft, action.run_id, aboard, f"{action.result!r} for {len(aboard)} parcels at {order.last_node_id}")
        return
    draft.emit(
        ev.ParcelsReturned(
            run_id=action.run_id,
            vehicle_id=order.vehicle_id,
            station_id=StationId(station),
            parcel_ids=aboard,
            action_id=action.action_id,
            why=why_returned(view),
        )
    )
    resolve_for_run(draft, action.run_id, "returned to the station")


def why_returned(view: RunView) -> str:
    """The fault a returned run names."""
    if view.missing:
        return view.cause
    if view.refused:
        return f"{len(view.refused)} of {view.run.lot.parcel_count} parcels were refused at {view.run.point_id}"
    return view.recalled or view.cause or "the vehicle came back without having been at the point"


def _adds_up(result: str, aboard: tuple[ParcelId, ...]) -> bool:
    """Whether what a hand-over says of itself fits what was aboard; one that says nothing is believed."""
    refused = refused_in(result)
    told = count_in(result)
    return set(refused) <= set(aboard) and (told is None or told + len(refused) == len(aboard))


def count_in(result: str) -> int | None:
    """How many parcels changed hands by an action's own word: "loaded=100", "delivered=97 refused=a,b,c"."""
    for word in result.split():
        key, _, value = word.partition("=")
        if key in ("loaded", "delivered") and value.isdecimal():
            return int(value)
    return None


def refused_in(result: str) -> tuple[ParcelId, ...]:
    """Parcels that a drop's result lists as not taken: "delivered=97 refused=a,b,c"."""
    for word in result.split():
        key, _, value = word.partition("=")
        if key == "refused":
            return tuple(ParcelId(parcel) for parcel in value.split(",") if parcel)
    return ()


# The end of an order ------------------------------------------------------------------------------------------------


def order_ended(draft: Draft, order: Order, policy_retries: int, state: VehicleState) -> None:
    """An order is over, as this state shows; `order` as it was just before, with the last word on its actions.

    What follows from a refusal is in `orders.refused`.
    """
    phase, why = _last_end(draft, order)
    if phase is OrderPhase.FINISHED:
        _finished(draft, order, policy_retries)
    elif phase is OrderPhase.VANISHED:
        _vanished(draft, order, why, state.last_node_id)
        return
    elif phase is OrderPhase.CANCELLED:
        _cancelled(draft, order, state)


def _last_end(draft: Draft, order: Order) -> tuple[OrderPhase, str]:
    for entry in reversed(draft.entries):
        if isinstance(entry.event, ev.OrderEnded) and entry.event.order_id == order.id:
            return entry.event.phase, entry.event.why
    raise ValueError(f"order {order.id} has not ended in this turn")


def _finished(draft: Draft, order: Order, policy_retries: int) -> None:
    if order.purpose is OrderPurpose.RETURN:
        failed = [action for action in order.actions if action.phase is ActionPhase.FAILED]
        if failed:
            subject = vehicle_subject(order.vehicle_id)
            resolve_assist(draft, AssistCause.DROP_FAILED, subject, "tried again")
            raise_assist(draft, AssistCause.DROP_FAILED, subject, f"not unloaded: {failed[0].result}")
        else:
            resolve_assist(draft, AssistCause.DROP_FAILED, vehicle_subject(order.vehicle_id), "unloaded")
    if order.purpose is OrderPurpose.DELIVER and order.trip_id is not None:
        _visit_over(draft, order, order.trip_id, policy_retries)


def _visit_over(draft: Draft, order: Order, trip_id: TripId, policy_retries: int) -> None:
    failed = [action for action in order.actions if action.phase is ActionPhase.FAILED]
    deferred: list[RunId] = []
    given_up: list[RunId] = []
    for action in failed:
        again = draft.state.run(action.run_id).attempts < policy_retries
        (deferred if again else given_up).append(action.run_id)
        cause = AssistCause.NO_STAFF if NO_STAFF in action.result else AssistCause.DROP_FAILED
        raise_assist(draft, cause, f"run:{action.run_id}", f"{order.last_node_id}: {action.result}")
    why = "; ".join(sorted({f"{order.last_node_id}: {action.result}" for action in failed}))
    draft.emit(
        ev.StopDone(
            trip_id=trip_id,
            point_id=PointId(order.last_node_id.partition(":")[2]),
            deferred=tuple(deferred),
            given_up=tuple(given_up),
            why=why,
        )
    )


def _cancelled(draft: Draft, order: Order, state: VehicleState) -> None:
    """Hands that were at work, or may have been, are no longer told of: their outcome is a person's to find.

    Where the vehicle shows its loads, a lot that is not aboard was not loaded, and one that still is was not handed
    over; unless hands were at work on it when they were last heard of.
    """
    loads = None if state.loads is None else {load.load_id for load in state.loads}
    for action in order.actions:
        if action.phase.is_over or (action.phase is ActionPhase.PENDING and order.passed < len(order.path)):
            continue
        is_as_before = loads is not None and (action.run_id in loads) is (action.kind is ActionKind.DROP)
        if action.phase in (ActionPhase.RUNNING, ActionPhase.RETRIABLE) or not is_as_before:
            doubt_hand_over(draft, order.vehicle_id, action, f"{order.id} was cancelled")


def _vanished(draft: Draft, order: Order, why: str, last_node_id: str) -> None:
    """The vehicle no longer knows its order. Where parcels may have changed hands, nobody can be sure.

    What was released counts as driven: it may have been at its goal out of contact. Only a node before the goal that
    it names itself proves otherwise.
    """
    subject = vehicle_subject(order.vehicle_id)
    before_goal = {order.start.node_id, *(piece.end.node_id for piece in order.path[:-1])} - {order.last_node_id}
    was_seen_there = order.passed == len(order.path)
    may_have_been_there = was_seen_there or (order.is_fully_released and last_node_id not in before_goal)
    doubtful = [action for action in order.actions if not action.phase.is_over and may_have_been_there]
    if not doubtful:
        raise_assist(draft, AssistCause.ORDER_VANISHED, subject, why)
        forgotten = draft.state.twin(order.vehicle_id).forgotten
        if forgotten >= FORGOTTEN_MAX:
            why = f"forgot {forgotten} orders one after the other"
            draft.emit(ev.VehicleHeld(vehicle_id=order.vehicle_id, why=why))
        return
    for action in doubtful:
        doubt_hand_over(draft, order.vehicle_id, action, f"{order.id} vanished")


def doubt_hand_over(draft: Draft, vehicle_id: VehicleId, action: StopAction, why: str) -> None:
    """Parcels may have changed hands, or may not: a person must look, and the vehicle stays where it is."""
    custody = draft.state.custody
    for run_id, lot in draft.state.present_lots(action.run_id):
        within_reach = tuple(
            parcel
            for parcel in lot
            if custody[parcel].kind is CustodyKind.STATION or custody[parcel].holder == vehicle_id
        )
        if within_reach or (lot and run_id == action.run_id):
            unsure(draft, run_id, within_reach, f"{action.kind} on {vehicle_id} has no outcome: {why}")
    held = f"{why} while parcels changed hands"
    if draft.state.twin(vehicle_id).held != held:  # whoever holds it for less has to see that there is more
        draft.emit(ev.VehicleHeld(vehicle_id=vehicle_id, why=held))


def loading_refused(draft: Draft, trip_id: TripId) -> None:
    """Nothing of the trip is aboard: its runs look for another vehicle."""
    trip = draft.state.trip(trip_id).trip
    for run_id in trip.run_ids:
        if draft.state.run(run_id).phase is RunPhase.LOADING:
            draft.emit(ev.RunReleased(run_id=run_id, why=f"{trip.vehicle_id} refused to load"))
    draft.emit(ev.TripMoved(trip_id=trip_id, phase=TripPhase.CLOSED))
    bay = bay_of(trip.station_id)
    if draft.state.holds(bay, trip.vehicle_id):
        draft.emit(ev.Freed(resource=bay, vehicle_id=trip.vehicle_id))
