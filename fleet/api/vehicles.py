"""Vehicles: looked at, held, released, recalled, and their orders ended by hand."""

from __future__ import annotations

from fastapi import APIRouter

from fleet.api import shapes as s
from fleet.api.reception import Actor, Front, Reception
from fleet.api.runs import Why
from fleet.api.vehicle_views import vehicle_detail, vehicle_out
from fleet.api.views import in_order_of_names
from fleet.dispatch.commands import HoldVehicle, RecallVehicle, ReleaseVehicle
from fleet.model.ids import VehicleId
from fleet.orders.end_order import EndOrder
from fleet.orders.hibernation import Hibernate, WakeUp

router = APIRouter(prefix="/vehicles", tags=["vehicles"])


@router.get("")
async def list_vehicles(front: Front) -> s.VehiclesOut:
    """All vehicles, by name."""
    state, now_s, area = front.state, front.now_s, front.area
    twins = [state.twins[vehicle_id] for vehicle_id in sorted(state.twins, key=in_order_of_names)]
    found = [vehicle_out(state, t, area.ear.heard.get(t.vehicle.id), area.roads.graph, now_s) for t in twins]
    return s.VehiclesOut(vehicles=found)


@router.get("/{vehicle_id}")
async def show_vehicle(front: Front, vehicle_id: str) -> s.VehicleDetail:
    """One vehicle with its order, its trips and what it needs a person for."""
    return _shown(front, VehicleId(vehicle_id))


@router.post("/{vehicle_id}/pause")
async def pause_vehicle(front: Front, vehicle_id: str, body: Why, actor: Actor = "api") -> s.VehicleDetail:
    """Send it nothing more; it stands at the end of what it was let into."""
    await front.ask(HoldVehicle(VehicleId(vehicle_id), body.why), actor)
    return _shown(front, VehicleId(vehicle_id))


@router.post("/{vehicle_id}/resume")
async def resume_vehicle(front: Front, vehicle_id: str, body: Why, actor: Actor = "api") -> s.VehicleDetail:
    """End a pause, or a quarantine."""
    await front.ask(ReleaseVehicle(VehicleId(vehicle_id), body.why), actor)
    return _shown(front, VehicleId(vehicle_id))


@router.post("/{vehicle_id}/recall")
async def recall_vehicle(front: Front, vehicle_id: str, body: Why, actor: Actor = "api") -> s.VehicleDetail:
    """Bring everything aboard back; the present leg is finished first."""
    await front.ask(RecallVehicle(VehicleId(vehicle_id), body.why), actor)
    return _shown(front, VehicleId(vehicle_id))


@router.post("/{vehicle_id}/end-order")
async def end_order(front: Front, vehicle_id: str, body: Why, actor: Actor = "api") -> s.VehicleDetail:
    """Declare its order and trip over, while it is paused, silent or out of the site; its parcels are to be settled."""
    await front.ask(EndOrder(VehicleId(vehicle_id), body.why), actor)
    return _shown(front, VehicleId(vehicle_id))


@router.post("/{vehicle_id}/hibernate")
async def hibernate_vehicle(front: Front, vehicle_id: str, body: Why, actor: Actor = "api") -> s.VehicleDetail:
    """Let it sleep while it is idle; it is woken for its next trip. Refused where its factsheet does not offer that."""
    await front.ask(Hibernate(VehicleId(vehicle_id), body.why), actor)
    return _shown(front, VehicleId(vehicle_id))


@router.post("/{vehicle_id}/wake")
async def wake_vehicle(front: Front, vehicle_id: str, body: Why, actor: Actor = "api") -> s.VehicleDetail:
    """Wake it from hibernation."""
    await front.ask(WakeUp(VehicleId(vehicle_id), body.why), actor)
    return _shown(front, VehicleId(vehicle_id))


def _shown(front: Reception, vehicle_id: VehicleId) -> s.VehicleDetail:
    area = front.area
    twin = front.state.twin(vehicle_id)
    return vehicle_detail(front.state, twin, area.ear.heard.get(vehicle_id), area.roads.graph, front.now_s)
