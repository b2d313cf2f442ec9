"""Vehicles that the site file lists no longer, and what is left of them."""

from __future__ import annotations

from fleet.dispatch.exits import is_under_orders
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import VehicleId
from fleet.model.site import Site
from fleet.model.twin import Liveness, Twin
from fleet.state.attention import raise_assist, resolve_assist, vehicle_subject
from fleet.state.draft import Draft


def see_to_removed(draft: Draft, site: Site) -> None:
    """At a start: nobody hears or moves these vehicles, so their plans go to others and a person ends what they did."""
    for vehicle_id in sorted(draft.state.twins):
        if vehicle_id in site.vehicles:
            subject = vehicle_subject(vehicle_id)
            resolve_assist(draft, AssistCause.VEHICLE_REMOVED, subject, "it is in the site file again")
        else:
            _removed(draft, draft.state.twin(vehicle_id))


def _removed(draft: Draft, twin: Twin) -> None:
    vehicle_id, subject = twin.vehicle.id, vehicle_subject(twin.vehicle.id)
    if twin.liveness is not Liveness.UNHEARD:
        draft.emit(ev.LivenessChanged(vehicle_id=vehicle_id, liveness=Liveness.UNHEARD))
    for view in draft.state.planned_trips(vehicle_id):
        for run_id in view.trip.run_ids:
            draft.emit(ev.RunReleased(run_id=run_id, why=f"{vehicle_id} is no longer in the site"))
    for cause in AssistCause:
        if cause not in (AssistCause.VEHICLE_REMOVED, AssistCause.QUARANTINED):
            resolve_assist(draft, cause, subject, "it is no longer in the site")
    if is_under_orders(twin):
        raise_assist(draft, AssistCause.VEHICLE_REMOVED, subject, _left_behind(twin, vehicle_id))


def _left_behind(twin: Twin, vehicle_id: VehicleId) -> str:
    aboard = f"{', '.join(sorted(twin.aboard))} aboard" if twin.aboard else "nothing known to be aboard"
    doing = ", ".join(filter(None, (twin.order_id, twin.trip_id)))
    return (
        f"is no longer in the site file, with {aboard}{f' and {doing} not ended' if doing else ''};"
        f" end it with `fleet vehicle end-order {vehicle_id}`, then settle its parcels, or list it again"
    )
