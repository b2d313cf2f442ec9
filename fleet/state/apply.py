"""State and event give the next state; nothing else writes a state.

`apply` never fails on an event that was journalled, and never looks at the clock: what it needs is in the event or in
the trade time that the journal kept beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from immutables import Map

from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.change import replace
from fleet.model.custody import CUSTODY_LIFECYCLE, Custody, CustodyKind
from fleet.model.ids import ActionId, ParcelId, RunId, TripId, VehicleId
from fleet.model.order import ORDER_LIFECYCLE, ActionPhase, EndedOrder, Order, OrderPhase, StopAction
from fleet.model.run import OPEN_PHASES, RUN_LIFECYCLE, RunPhase, phase_by_custody
from fleet.model.trip import TRIP_LIFECYCLE, TripPhase
from fleet.model.twin import Blocked, Instant, Liveness, Twin
from fleet.state.fleet_state import (
    ARCHIVED,
    ARCHIVED_LATE,
    Closure,
    FleetState,
    RequestKey,
    RunView,
    Settlement,
    TripView,
    Visit,
)

ENDED_ORDERS_KEPT = 8

E = TypeVar("E", bound=ev.Event)
Applier = Callable[[FleetState, Any, float], FleetState]
APPLIERS: dict[type[ev.Event], Applier] = {}


def apply(state: FleetState, event: ev.Event, now_s: float) -> FleetState:
    """The state after `event`, which happened at trade time `now_s`."""
    if state.now_s != now_s:
        state = replace(state, now_s=now_s)
    return APPLIERS[type(event)](state, event, now_s)


def on(kind: type[E]) -> Callable[[Callable[[FleetState, E, float], FleetState]], Applier]:
    """Register the one function that applies events of this kind."""

    def register(function: Callable[[FleetState, E, float], FleetState]) -> Applier:
        APPLIERS[kind] = function
        return function

    return register


# What several appliers need ---------------------------------------------------------------------------------------


def _count(state: FleetState, kind: str) -> FleetState:
    return replace(state, counters=state.counters.set(kind, state.counters.get(kind, 0) + 1))


def _twin(state: FleetState, vehicle_id: VehicleId, **changes: Any) -> FleetState:
    twin = replace(state.twin(vehicle_id), **changes)
    return replace(state, twins=state.twins.set(vehicle_id, twin))


def _order(state: FleetState, order: Order) -> FleetState:
    return replace(state, orders=state.orders.set(order.id, order))


def _run(state: FleetState, view: RunView, phase: RunPhase | None = None, **changes: Any) -> FleetState:
    if phase is not None and phase is not view.phase:
        changes["phase"] = RUN_LIFECYCLE.move(view.phase, phase)
        if RUN_LIFECYCLE.is_final(phase):
            changes["ended_s"] = state.now_s
    view = replace(view, **changes)
    state = replace(state, runs=state.runs.set(view.run.id, view))
    if view.phase in OPEN_PHASES:
        return state
    open_runs = state.open_runs.delete(view.run.id) if view.run.id in state.open_runs else state.open_runs
    unassigned = state.unassigned.delete(view.run.id) if view.run.id in state.unassigned else state.unassigned
    return replace(state, open_runs=open_runs, unassigned=unassigned)


def _trip_phase(state: FleetState, trip_id: TripId, phase: TripPhase, **changes: Any) -> FleetState:
    view = state.trip(trip_id)
    view = replace(view, phase=TRIP_LIFECYCLE.move(view.phase, phase), **changes)
    return replace(state, trips=state.trips.set(trip_id, view))


def _custody(state: FleetState, parcels: tuple[ParcelId, ...], kind: CustodyKind, holder: str) -> FleetState:
    with_changes = state.custody.mutate()
    to = Custody(kind, holder)
    for parcel_id in parcels:
        CUSTODY_LIFECYCLE.move(with_changes[parcel_id].kind, kind)
        with_changes[parcel_id] = to
    return replace(state, custody=with_changes.finish())


def _leave_plan(state: FleetState, vehicle_id: VehicleId, trip_id: TripId) -> FleetState:
    rest = tuple(planned for planned in state.planned.get(vehicle_id, ()) if planned != trip_id)
    return replace(state, planned=state.planned.set(vehicle_id, rest))


def _without_run(state: FleetState, view: RunView) -> FleetState:
    """The run's planned trip without it; a trip left with nothing is withdrawn."""
    if view.trip_id is None or state.trip(view.trip_id).phase is not TripPhase.PLANNED:
        return state
    planned = state.trip(view.trip_id)
    stops = tuple(
        replace(stop, run_ids=tuple(run_id for run_id in stop.run_ids if run_id != view.run.id))
        for stop in planned.trip.stops
    )
    trip = replace(planned.trip, stops=tuple(stop for stop in stops if stop.run_ids))
    changed = replace(planned, trip=trip, visits_left=_visits(trip.stops))
    state = replace(state, trips=state.trips.set(trip.id, changed))
    if trip.stops:
        return state
    state = _leave_plan(state, trip.vehicle_id, trip.id)
    return _trip_phase(state, trip.id, TripPhase.WITHDRAWN, closed_s=state.now_s)


def _visits(stops: tuple[Any, ...]) -> tuple[Visit, ...]:
    return tuple(Visit(stop.point_id, stop.run_ids) for stop in stops)


# Area and runs ------------------------------------------------------------------------------------------------------


@on(ev.AreaOpened)
def _area_opened(state: FleetState, event: ev.AreaOpened, now_s: float) -> FleetState:
    return replace(state, token=state.token or event.token, epoch=event.epoch, map_sha256=event.map_sha256)


@on(ev.VehicleEnrolled)
def _vehicle_enrolled(state: FleetState, event: ev.VehicleEnrolled, now_s: float) -> FleetState:
    known = state.twins.get(event.vehicle.id)
    twin = Twin(vehicle=event.vehicle) if known is None else replace(known, vehicle=event.vehicle)
    return replace(state, twins=state.twins.set(event.vehicle.id, twin))


@on(ev.RunsAccepted)
def _runs_accepted(state: FleetState, event: ev.RunsAccepted, now_s: float) -> FleetState:
    runs, open_runs, custody = state.runs.mutate(), state.open_runs.mutate(), state.custody.mutate()
    for run in event.runs:
        runs[run.id] = RunView(run=run, accepted_s=now_s)
        open_runs[run.id] = None
        at_station = Custody(CustodyKind.STATION, run.station_id)
        for parcel_id in run.lot.parcel_ids:
            custody[parcel_id] = at_station
    for handed in event.again:
        if (earlier := runs.get(handed.from_run)) is not None:  # it may be archived
            runs[handed.from_run] = replace(earlier, handed_on=(*earlier.handed_on, handed))
    state = replace(state, runs=runs.finish(), open_runs=open_runs.finish(), custody=custody.finish())
    counters = state.counters.set("run", state.counters.get("run", 0) + len(event.runs))
    state = replace(state, counters=counters)
    if not event.key:
        return state
    return replace(state, keys=state.keys.set(event.key, RequestKey(event.digest, tuple(r.id for r in event.runs))))


@on(ev.RunsArchived)
def _runs_archived(state: FleetState, event: ev.RunsArchived, now_s: float) -> FleetState:
    runs, trips = state.runs.mutate(), state.trips.mutate()
    custody, keys, counters = state.custody.mutate(), state.keys.mutate(), state.counters.mutate()
    for run_id in event.run_ids:
        view = runs.pop(run_id)
        for parcel_id in view.parcel_ids:
            del custody[parcel_id]
        if view.delivered_s is not None and view.delivered_s > view.run.due_s:
            counters[ARCHIVED_LATE] = counters.get(ARCHIVED_LATE, 0) + 1
    for trip_id in event.trip_ids:
        del trips[trip_id]
    for key in event.keys:
        del keys[key]
    counters[ARCHIVED] = counters.get(ARCHIVED, 0) + len(event.run_ids)
    return replace(
        state,
        runs=runs.finish(),
        trips=trips.finish(),
        custody=custody.finish(),
        keys=keys.finish(),
        counters=counters.finish(),
    )


@on(ev.RunCancelled)
def _run_cancelled(state: FleetState, event: ev.RunCancelled, now_s: float) -> FleetState:
    view = state.run(event.run_id)
    state = _without_run(state, view)
    return _run(state, view, RunPhase.CANCELLED, trip_id=None, cause=event.why)


@on(ev.RunRecalled)
def _run_recalled(state: FleetState, event: ev.RunRecalled, now_s: float) -> FleetState:
    view = state.run(event.run_id)
    state = _run(state, view, recalled=event.why, cause=event.why)
    if view.trip_id is None:
        return state
    trip = state.trip(view.trip_id)
    visits = (Visit(v.point_id, tuple(r for r in v.run_ids if r != event.run_id)) for v in trip.visits_left)
    left = tuple(visit for visit in visits if visit.run_ids)
    return replace(state, trips=state.trips.set(trip.trip.id, replace(trip, visits_left=left)))


@on(ev.RunReleased)
def _run_released(state: FleetState, event: ev.RunReleased, now_s: float) -> FleetState:
    view = state.run(event.run_id)
    state = _without_run(state, view)
    return _run(state, view, RunPhase.REQUESTED, trip_id=None)


# Plan and trips -----------------------------------------------------------------------------------------------------


@on(ev.PlanAdopted)
def _plan_adopted(state: FleetState, event: ev.PlanAdopted, now_s: float) -> FleetState:
    trips, runs = state.trips.mutate(), state.runs.mutate()
    for trip_ids in state.planned.values():
        for trip_id in trip_ids:
            for run_id in trips[trip_id].trip.run_ids:
                runs[run_id] = replace(runs[run_id], phase=RunPhase.REQUESTED, trip_id=None)
            del trips[trip_id]
    by_vehicle: dict[VehicleId, list[TripId]] = {}
    for trip in sorted(event.plan.trips, key=lambda trip: (trip.load_from_s, trip.id)):
        trips[trip.id] = TripView(trip=trip, visits_left=_visits(trip.stops))
        by_vehicle.setdefault(trip.vehicle_id, []).append(trip.id)
        for run_id in trip.run_ids:
            phase = RUN_LIFECYCLE.move(runs[run_id].phase, RunPhase.ASSIGNED)
            runs[run_id] = replace(runs[run_id], phase=phase, trip_id=trip.id)
    known = {trip.id for trip in event.plan.trips} - set(state.trips)
    return replace(
        state,
        trips=trips.finish(),
        runs=runs.finish(),
        planned=Map({vehicle_id: tuple(trip_ids) for vehicle_id, trip_ids in by_vehicle.items()}),
        plan_version=event.version,
        plan_cost=event.plan.cost,
        plan_made_by=event.plan.made_by,
        unassigned=Map({unassigned.run_id: unassigned for unassigned in event.plan.unassigned}),
        counters=state.counters.set("trip", state.counters.get("trip", 0) + len(known)),
    )


@on(ev.PlanRefused)
def _plan_refused(state: FleetState, event: ev.PlanRefused, now_s: float) -> FleetState:
    return state


@on(ev.TripStarted)
def _trip_started(state: FleetState, event: ev.TripStarted, now_s: float) -> FleetState:
    state = _leave_plan(state, event.vehicle_id, event.trip_id)
    state = _trip_phase(state, event.trip_id, TripPhase.LOADING, started_s=now_s)
    for run_id in state.trip(event.trip_id).trip.run_ids:
        state = _run(state, state.run(run_id), RunPhase.LOADING)
    return _twin(state, event.vehicle_id, trip_id=event.trip_id)


@on(ev.TripMoved)
def _trip_moved(state: FleetState, event: ev.TripMoved, now_s: float) -> FleetState:
    if event.phase is TripPhase.UNDER_WAY:
        return _trip_phase(state, event.trip_id, event.phase, departed_s=now_s)
    if event.phase is not TripPhase.CLOSED:
        return _trip_phase(state, event.trip_id, event.phase)
    state = _trip_phase(state, event.trip_id, event.phase, closed_s=now_s, visits_left=())
    return _twin(state, state.trip(event.trip_id).trip.vehicle_id, trip_id=None)


@on(ev.StopDone)
def _stop_done(state: FleetState, event: ev.StopDone, now_s: float) -> FleetState:
    view = state.trip(event.trip_id)
    left = view.visits_left[1:]
    if event.deferred:
        left = (*left, Visit(event.point_id, event.deferred))
    state = replace(state, trips=state.trips.set(event.trip_id, replace(view, visits_left=left)))
    for run_id in (*event.deferred, *event.given_up):
        run = state.run(run_id)
        state = _run(state, run, attempts=run.attempts + 1, cause=event.why)
    return state


# Reservations -------------------------------------------------------------------------------------------------------


@on(ev.Reserved)
def _reserved(state: FleetState, event: ev.Reserved, now_s: float) -> FleetState:
    holders = (*state.reservations.get(event.resource, ()), event.vehicle_id)
    return replace(state, reservations=state.reservations.set(event.resource, holders))


@on(ev.Freed)
def _freed(state: FleetState, event: ev.Freed, now_s: float) -> FleetState:
    holders = tuple(v for v in state.reservations.get(event.resource, ()) if v != event.vehicle_id)
    return replace(state, reservations=state.reservations.set(event.resource, holders))


# Orders -------------------------------------------------------------------------------------------------------------


@on(ev.OrderIssued)
def _order_issued(state: FleetState, event: ev.OrderIssued, now_s: float) -> FleetState:
    order = replace(event.order, old_complaints=state.twin(event.order.vehicle_id).complaints)
    state = _count(_order(state, order), "o")
    counters = state.counters.set("a", state.counters.get("a", 0) + len(order.actions))
    plug = replace(state.twin(order.vehicle_id).plug, asked=None)  # it has other things to do now
    return _twin(replace(state, counters=counters), order.vehicle_id, order_id=order.id, plug=plug)


@on(ev.OrderExtended)
def _order_extended(state: FleetState, event: ev.OrderExtended, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    changed = replace(
        order,
        update_id=event.update_id,
        released=event.released,
        announced=event.announced,
        extended_s=now_s,
        old_complaints=state.twin(order.vehicle_id).complaints,
    )
    return _order(state, changed)


@on(ev.OrderRerouted)
def _order_rerouted(state: FleetState, event: ev.OrderRerouted, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    path = (*order.path[: event.kept], *event.path)
    return _order(state, replace(order, path=path, announced=min(order.announced, event.kept)))


@on(ev.OrderSeen)
def _order_seen(state: FleetState, event: ev.OrderSeen, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    phase = OrderPhase.ACTIVE if order.phase is OrderPhase.ISSUED else order.phase
    passed_s = order.passed_s or now_s
    accepted = order.released if event.update_id == order.update_id else order.accepted
    return _order(state, replace(order, update_seen=event.update_id, phase=phase, passed_s=passed_s, accepted=accepted))


@on(ev.UpdateRefused)
def _update_refused(state: FleetState, event: ev.UpdateRefused, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    announced = min(order.announced, order.accepted)
    return _order(
        state,
        replace(
            order,
            released=order.accepted,
            announced=announced,
            update_seen=event.update_id,
            refusals=order.refusals + 1,
        ),
    )


@on(ev.NodePassed)
def _node_passed(state: FleetState, event: ev.NodePassed, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    state = _order(state, replace(order, passed=event.passed, passed_s=now_s))
    return _twin(state, order.vehicle_id, place=event.place, node_id=event.node_id, forgotten=0)


@on(ev.ActionMoved)
def _action_moved(state: FleetState, event: ev.ActionMoved, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    actions = _with_phase(order.actions, event.action_id, event.phase, event.result)
    return _order(state, replace(order, actions=actions))


def _with_phase(
    actions: tuple[StopAction, ...], action_id: ActionId, phase: ActionPhase, result: str
) -> tuple[StopAction, ...]:
    return tuple(
        replace(action, phase=phase, result=result) if action.action_id == action_id else action for action in actions
    )


@on(ev.OrderCancelling)
def _order_cancelling(state: FleetState, event: ev.OrderCancelling, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    return _order(state, replace(order, phase=ORDER_LIFECYCLE.move(order.phase, OrderPhase.CANCELLING)))


@on(ev.OrderEnded)
def _order_ended(state: FleetState, event: ev.OrderEnded, now_s: float) -> FleetState:
    order = state.orders[event.order_id]
    ORDER_LIFECYCLE.move(order.phase, event.phase)
    last = EndedOrder(id=order.id, phase=event.phase, actions=order.actions)
    ended = (*state.ended_orders.get(order.vehicle_id, ()), last)[-ENDED_ORDERS_KEPT:]
    state = replace(
        state,
        orders=state.orders.delete(order.id),
        ended_orders=state.ended_orders.set(order.vehicle_id, ended),
    )
    forgotten = state.twin(order.vehicle_id).forgotten
    match event.phase:
        case OrderPhase.VANISHED:
            forgotten += 1
        case OrderPhase.FINISHED:
            forgotten = 0
    return _twin(state, order.vehicle_id, order_id=None, forgotten=forgotten)


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
    instant = Instant(action_id=event.action_id, kind=event.kind, issued_s=now_s)
    plug = twin.plug.after_asking(event.kind, now_s)
    return _count(_twin(state, event.vehicle_id, instants=(*twin.instants, instant), plug=plug), "a")


@on(ev.InstantMoved)
def _instant_moved(state: FleetState, event: ev.InstantMoved, now_s: float) -> FleetState:
    twin = state.twin(event.vehicle_id)
    moved = (
        replace(instant, phase=event.phase) if instant.action_id == event.action_id else instant
        for instant in twin.instants
    )
    return _twin(state, event.vehicle_id, instants=tuple(i for i in moved if not i.phase.is_over))


# Custody ------------------------------------------------------------------------------------------------------------


def _aboard(state: FleetState, vehicle_id: VehicleId, run_id: RunId, *, is_aboard: bool) -> FleetState:
    aboard = state.twin(vehicle_id).aboard
    return _twin(state, vehicle_id, aboard=aboard | {run_id} if is_aboard else aboard - {run_id})


@on(ev.ParcelsLoaded)
def _parcels_loaded(state: FleetState, event: ev.ParcelsLoaded, now_s: float) -> FleetState:
    state = _custody(state, event.parcel_ids, CustodyKind.VEHICLE, event.vehicle_id)
    state = _run(state, state.run(event.run_id), RunPhase.UNDER_WAY)
    return _aboard(state, event.vehicle_id, event.run_id, is_aboard=True)


@on(ev.ParcelsDelivered)
def _parcels_delivered(state: FleetState, event: ev.ParcelsDelivered, now_s: float) -> FleetState:
    state = _custody(state, event.parcel_ids, CustodyKind.POINT, event.point_id)
    view = state.run(event.run_id)
    phase = _phase(state, view, RunPhase.PARTLY_DELIVERED if event.refused else RunPhase.DELIVERED)
    count = view.delivered_count + len(event.parcel_ids)
    cause = "" if phase is RunPhase.DELIVERED else view.cause
    state = _run(state, view, phase, delivered_s=now_s, delivered_count=count, refused=event.refused, cause=cause)
    return _aboard(state, event.vehicle_id, event.run_id, is_aboard=bool(event.refused))


@on(ev.ParcelsReturned)
def _parcels_returned(state: FleetState, event: ev.ParcelsReturned, now_s: float) -> FleetState:
    state = _custody(state, event.parcel_ids, CustodyKind.STATION, event.station_id)
    view = state.run(event.run_id)
    state = _run(state, view, _phase(state, view, RunPhase.RETURNED), cause=event.why)
    return _aboard(state, event.vehicle_id, event.run_id, is_aboard=False)


@on(ev.ParcelsUnsure)
def _parcels_unsure(state: FleetState, event: ev.ParcelsUnsure, now_s: float) -> FleetState:
    holders = {state.custody[parcel_id].holder for parcel_id in event.parcel_ids}
    state = _custody(state, event.parcel_ids, CustodyKind.ASSIST, event.assist_id)
    left = {state.custody[parcel_id].holder for parcel_id in state.run(event.run_id).parcel_ids}
    for vehicle_id in sorted(map(VehicleId, holders - left)):
        if vehicle_id in state.twins:
            state = _aboard(state, vehicle_id, event.run_id, is_aboard=False)
    return state


def _phase(state: FleetState, view: RunView, usual: RunPhase) -> RunPhase:
    """How far a run is after a hand-over: as usual, unless a person has told of some of its parcels before."""
    if not view.settlements:
        return usual
    return phase_by_custody(view.phase, [state.custody[parcel_id].kind for parcel_id in view.run.lot.parcel_ids])


@on(ev.ParcelsSettled)
def _parcels_settled(state: FleetState, event: ev.ParcelsSettled, now_s: float) -> FleetState:
    state = _custody(state, event.parcel_ids, event.at, event.holder)
    view = state.run(event.run_id)
    kinds = [state.custody[parcel_id].kind for parcel_id in view.run.lot.parcel_ids]
    phase = phase_by_custody(view.phase, kinds, tries_again=event.tries_again)
    settled = Settlement(event.parcel_ids, event.at, event.holder, event.why, event.tries_again)
    settlements = (*view.settlements, settled)
    not_there = [str(each) for each in settlements if each.at is not CustodyKind.POINT]
    view = replace(view, settlements=settlements, cause="; ".join(not_there))
    if event.at is CustodyKind.POINT:
        count = view.delivered_count + len(event.parcel_ids)
        refused = tuple(parcel_id for parcel_id in view.refused if parcel_id not in event.parcel_ids)
        view = replace(view, delivered_s=now_s, delivered_count=count, refused=refused)
    elif event.at is CustodyKind.MISSING:
        view = replace(view, missing=(*view.missing, *event.parcel_ids))
    if phase is RunPhase.REQUESTED:
        view = replace(view, trip_id=None, attempts=0, cause="")
    if phase is RunPhase.DELIVERED:
        view = replace(view, cause="")
    state = _run(state, view, phase)
    if event.at is CustodyKind.VEHICLE:
        state = _aboard(state, VehicleId(event.holder), event.run_id, is_aboard=True)
    return state


# Vehicles -----------------------------------------------------------------------------------------------------------


@on(ev.ConnectionChanged)
def _connection_changed(state: FleetState, event: ev.ConnectionChanged, now_s: float) -> FleetState:
    return _twin(state, event.vehicle_id, connection=event.connection)


@on(ev.LivenessChanged)
def _liveness_changed(state: FleetState, event: ev.LivenessChanged, now_s: float) -> FleetState:
    if event.liveness is Liveness.FRESH:
        return _twin(state, event.vehicle_id, liveness=event.liveness, heard_epoch=state.epoch)
    return _twin(state, event.vehicle_id, liveness=event.liveness)


@on(ev.ConditionChanged)
def _condition_changed(state: FleetState, event: ev.ConditionChanged, now_s: float) -> FleetState:
    return _twin(
        state,
        event.vehicle_id,
        mode=event.mode,
        is_stopped=event.is_stopped,
        is_paused=event.is_paused,
        fatal=event.fatal,
    )


@on(ev.ComplaintsChanged)
def _complaints_changed(state: FleetState, event: ev.ComplaintsChanged, now_s: float) -> FleetState:
    return _twin(state, event.vehicle_id, complaints=event.complaints)


@on(ev.ChargeChanged)
def _charge_changed(state: FleetState, event: ev.ChargeChanged, now_s: float) -> FleetState:
    twin = state.twin(event.vehicle_id)
    plug = twin.plug
    if event.is_charging is not twin.is_charging:
        plug = plug.after_switching(now_s, is_charging=event.is_charging)
    elif event.is_charging and event.soc_fraction > twin.soc_fraction:
        plug = plug.after_rising(now_s)
    return _twin(state, event.vehicle_id, soc_fraction=event.soc_fraction, is_charging=event.is_charging, plug=plug)


@on(ev.ChargingFailed)
def _charging_failed(state: FleetState, event: ev.ChargingFailed, now_s: float) -> FleetState:
    plug = state.twin(event.vehicle_id).plug.after_failing(event.kind, now_s)
    return _twin(state, event.vehicle_id, plug=plug)


@on(ev.VehiclePlaced)
def _vehicle_placed(state: FleetState, event: ev.VehiclePlaced, now_s: float) -> FleetState:
    return _twin(state, event.vehicle_id, place=event.place, node_id=event.node_id)


@on(ev.WorkLeftChanged)
def _work_left_changed(state: FleetState, event: ev.WorkLeftChanged, now_s: float) -> FleetState:
    return _twin(state, event.vehicle_id, has_order_left=event.has_order_left, foreign_order=event.foreign_order)


@on(ev.BlockedChanged)
def _blocked_changed(state: FleetState, event: ev.BlockedChanged, now_s: float) -> FleetState:
    blocked = Blocked(event.edge_id, now_s) if event.edge_id else None
    return _twin(state, event.vehicle_id, blocked=blocked)


@on(ev.VehicleHeld)
def _vehicle_held(state: FleetState, event: ev.VehicleHeld, now_s: float) -> FleetState:
    return _twin(state, event.vehicle_id, held=event.why)


@on(ev.VehicleReleased)
def _vehicle_released(state: FleetState, event: ev.VehicleReleased, now_s: float) -> FleetState:
    subject = f"vehicle:{event.vehicle_id}"
    quarantine = state.quarantine.delete(subject) if subject in state.quarantine else state.quarantine
    return _twin(replace(state, quarantine=quarantine), event.vehicle_id, held="", forgotten=0)


# Roads and people ---------------------------------------------------------------------------------------------------


@on(ev.RoadClosed)
def _road_closed(state: FleetState, event: ev.RoadClosed, now_s: float) -> FleetState:
    closures = state.closures.mutate()
    for key in [key for key, closure in state.closures.items() if closure.until_s <= now_s]:
        del closures[key]
    closures[event.road_key] = Closure(event.until_s, event.why, event.is_obstacle)
    return replace(state, closures=closures.finish())


@on(ev.RoadReopened)
def _road_reopened(state: FleetState, event: ev.RoadReopened, now_s: float) -> FleetState:
    if event.road_key not in state.closures:
        return state
    return replace(state, closures=state.closures.delete(event.road_key))


@on(ev.AssistRaised)
def _assist_raised(state: FleetState, event: ev.AssistRaised, now_s: float) -> FleetState:
    assist = event.assist
    open_ones = (*state.assists_of.get(assist.subject, ()), assist.id)
    assists_of = state.assists_of.set(assist.subject, open_ones)
    return _count(replace(state, assists=state.assists.set(assist.id, assist), assists_of=assists_of), "assist")


@on(ev.AssistResolved)
def _assist_resolved(state: FleetState, event: ev.AssistResolved, now_s: float) -> FleetState:
    known = state.assists[event.assist_id]
    if known.cause is AssistCause.QUARANTINED and not known.subject.startswith("vehicle:"):  # that one is released
        quarantine = state.quarantine.delete(known.subject) if known.subject in state.quarantine else state.quarantine
        state = replace(state, quarantine=quarantine)
    left = tuple(assist_id for assist_id in state.assists_of[known.subject] if assist_id != event.assist_id)
    assists_of = state.assists_of.set(known.subject, left) if left else state.assists_of.delete(known.subject)
    return replace(state, assists=state.assists.delete(event.assist_id), assists_of=assists_of)


@on(ev.ItemQuarantined)
def _item_quarantined(state: FleetState, event: ev.ItemQuarantined, now_s: float) -> FleetState:
    state = replace(state, quarantine=state.quarantine.set(event.subject, event.error))
    kind, _, name = event.subject.partition(":")
    if kind == "vehicle":
        return _twin(state, VehicleId(name), held=f"quarantined: {event.error}")
    return state


@on(ev.QuarantineEnded)
def _quarantine_ended(state: FleetState, event: ev.QuarantineEnded, now_s: float) -> FleetState:
    return replace(state, quarantine=state.quarantine.delete(event.subject))
