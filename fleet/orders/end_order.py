"""A person declares what a vehicle was doing for us over: it is broken, towed, replaced, or gone from the site.

What it carried is settled by people afterwards. The vehicle itself is told to drop its order as soon as it is heard,
and gets a new one only when it is released and its own state shows nothing left.
"""

from __future__ import annotations

from dataclasses import dataclass

from fleet.dispatch.exits import is_under_orders
from fleet.dispatch.reserve import free
from fleet.dispatch.settle import unsure
from fleet.errors import RefusedError
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.custody import CustodyKind
from fleet.model.ids import ActionId, OrderId, ParcelId, RunId, VehicleId
from fleet.model.order import REQUESTS, ActionKind, ActionPhase, Order, OrderPhase
from fleet.model.run import RunPhase
from fleet.model.site import Site
from fleet.model.trip import TripPhase
from fleet.model.twin import Liveness, Twin
from fleet.orders.build import instant_message
from fleet.orders.carry_out import INSTANT
from fleet.state.attention import resolve_assist, vehicle_subject
from fleet.state.draft import Draft

OVER_WITH_IT = (
    AssistCause.VEHICLE_REMOVED,
    AssistCause.VEHICLE_OFFLINE,
    AssistCause.BEYOND_BASE,
    AssistCause.RELEASE_REFUSED,
    AssistCause.ROAD_CLOSED,
    AssistCause.ORDER_UNCONFIRMED,
    AssistCause.NO_ROUTE,
    AssistCause.BLOCKED,
    AssistCause.DROP_FAILED,
)


@dataclass(frozen=True, slots=True)
class EndOrder:
    """Declare the order and the trip of a vehicle over, wherever it is.

    Only for one that is held, not heard, or no longer in the site: it is no way to send a vehicle on.
    """

    vehicle_id: VehicleId
    why: str


def end_order(draft: Draft, site: Site, command: EndOrder) -> None:
    """Carry it out.

    Raises:
        RefusedError: the vehicle is in service, or has nothing that could be ended.
        UnknownThingError: there is no such vehicle.
    """
    twin = draft.state.twin(command.vehicle_id)
    is_here = command.vehicle_id in site.vehicles
    is_silent = twin.liveness in (Liveness.STALE, Liveness.LOST)
    if is_here and not (twin.held or is_silent):
        raise RefusedError(
            f"{command.vehicle_id} is in service; pause it first: fleet vehicle pause {command.vehicle_id}"
        )
    left_over = _left_over(draft, twin)
    if not (is_under_orders(twin) or twin.is_asked or left_over):
        raise RefusedError(f"{command.vehicle_id} has no order, no trip and nothing aboard; there is nothing to end")
    if not twin.held:
        draft.emit(ev.VehicleHeld(vehicle_id=command.vehicle_id, why=f"order ended by hand: {command.why}"))
    _forget_instants(draft, twin)
    order = draft.state.active_order(command.vehicle_id)
    _doubt(draft, twin, order, command.why)
    if order is not None:
        why = f"ended by hand: {command.why}"
        draft.emit(ev.OrderEnded(order_id=order.id, phase=OrderPhase.GIVEN_UP, why=why))
    _close_trip(draft, twin, command.why)
    if is_here and (order is not None or left_over is not None):
        _have_it_dropped(draft, command.vehicle_id, order.id if order is not None else left_over)
    for resource in sorted(draft.state.reservations):
        free(draft, site, resource, command.vehicle_id)
    for cause in OVER_WITH_IT:
        resolve_assist(draft, cause, vehicle_subject(command.vehicle_id), f"its order was ended: {command.why}")
    draft.touch(command.vehicle_id)
    draft.want_plan(f"the order of {command.vehicle_id} was ended")


def _left_over(draft: Draft, twin: Twin) -> OrderId | None:
    """An order of ours that is over for us, and that the vehicle has not dropped."""
    ended = draft.state.ended_order(twin.vehicle.id, twin.foreign_order)
    return ended.id if ended is not None else None


def _forget_instants(draft: Draft, twin: Twin) -> None:
    """What was asked before and never answered does not hold anything up any longer."""
    for instant in twin.instants:
        if instant.kind not in REQUESTS:
            draft.emit(
                ev.InstantMoved(
                    vehicle_id=twin.vehicle.id,
                    action_id=instant.action_id,
                    phase=ActionPhase.FAILED,
                    result="ended by hand",
                )
            )


def _doubt(draft: Draft, twin: Twin, order: Order | None, why: str) -> None:
    """Of all that is aboard, and all that may have changed hands unheard, nobody knows where it is now."""
    on_its_way = [] if order is None else [action.run_id for action in order.actions if not action.phase.is_over]
    for run_id in sorted({*twin.aboard, *on_its_way} & set(draft.state.runs)):
        parcels = tuple(
            parcel_id
            for parcel_id in draft.state.run(run_id).parcel_ids
            if _may_be_aboard(draft, twin, run_id, parcel_id)
        )
        if parcels:
            unsure(draft, run_id, parcels, f"{twin.vehicle.id}: its order was ended by hand: {why}")


def _may_be_aboard(draft: Draft, twin: Twin, run_id: RunId, parcel_id: ParcelId) -> bool:
    custody = draft.state.custody[parcel_id]
    if custody.kind is CustodyKind.VEHICLE:
        return custody.holder == twin.vehicle.id
    return custody.kind is CustodyKind.STATION and draft.state.run(run_id).phase is RunPhase.LOADING


def _close_trip(draft: Draft, twin: Twin, why: str) -> None:
    """Runs of which nothing was loaded look for another vehicle."""
    if twin.trip_id is None:
        return
    for run_id in draft.state.trip(twin.trip_id).trip.run_ids:
        view = draft.state.run(run_id)
        kinds = {draft.state.custody[parcel_id].kind for parcel_id in view.parcel_ids}
        is_ours = view.phase is RunPhase.LOADING and view.trip_id == twin.trip_id
        if is_ours and kinds == {CustodyKind.STATION}:
            draft.emit(ev.RunReleased(run_id=run_id, why=f"the order of {twin.vehicle.id} was ended: {why}"))
    draft.emit(ev.TripMoved(trip_id=twin.trip_id, phase=TripPhase.CLOSED))


def _have_it_dropped(draft: Draft, vehicle_id: VehicleId, order_id: OrderId | None) -> None:
    """The vehicle may know the order still: it is told to stop, whenever it is heard, held or not."""
    action_id, kind = ActionId(draft.next_id("a")), ActionKind.CANCEL_ORDER
    draft.emit(ev.InstantIssued(vehicle_id=vehicle_id, action_id=action_id, kind=kind, order_id=order_id))
    draft.send(vehicle_id, INSTANT, action_id, 0, instant_message(kind, action_id, order_id))
