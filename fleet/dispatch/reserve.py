"""Bays and chargers: who may use which, and never more than there are."""

from __future__ import annotations

from fleet.model import event as ev
from fleet.model.ids import StationId, VehicleId
from fleet.model.site import Site
from fleet.state.draft import Draft


def bay_of(station_id: StationId) -> str:
    return f"bay:{station_id}"


def charger_of(station_id: StationId) -> str:
    return f"charger:{station_id}"


def capacity(site: Site, resource: str) -> int:
    """How many vehicles a resource takes at the same time; none where the site no longer has its station."""
    kind, _, name = resource.partition(":")
    station = site.stations.get(StationId(name))
    if station is None:
        return 0
    return station.loading_bays if kind == "bay" else station.chargers


def reserve(draft: Draft, site: Site, resource: str, vehicle_id: VehicleId) -> bool:
    """Hold one unit for the vehicle; False where all are held by others."""
    holders = draft.state.reservations.get(resource, ())
    if vehicle_id in holders:
        return True
    if len(holders) >= capacity(site, resource):
        return False
    draft.emit(ev.Reserved(resource=resource, vehicle_id=vehicle_id))
    return True


def free(draft: Draft, site: Site, resource: str, vehicle_id: VehicleId) -> None:
    """Give the unit back, and have a look at those who may be waiting for it."""
    if not draft.state.holds(resource, vehicle_id):
        return
    draft.emit(ev.Freed(resource=resource, vehicle_id=vehicle_id))
    station_id = resource.partition(":")[2]
    for vehicle in site.vehicles.values():
        if vehicle.home_station == station_id:
            draft.touch(vehicle.id)
