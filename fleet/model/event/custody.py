"""Where parcels are, each with its evidence."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.model.custody import CustodyKind
from fleet.model.event.base import Event
from fleet.model.ids import ActionId, AssistId, ParcelId, PointId, RunId, StationId, VehicleId


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelsLoaded(Event):
    """The vehicle's pick finished: these parcels ride on it. Evidence: the action."""

    run_id: RunId
    vehicle_id: VehicleId
    parcel_ids: tuple[ParcelId, ...]
    action_id: ActionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelsDelivered(Event):
    """The vehicle's drop finished at the run's point: these parcels are there, the refused ones still aboard."""

    run_id: RunId
    vehicle_id: VehicleId
    point_id: PointId
    parcel_ids: tuple[ParcelId, ...]
    refused: tuple[ParcelId, ...]
    action_id: ActionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelsReturned(Event):
    """Parcels nobody took are back at the station. `why` names the fault."""

    run_id: RunId
    vehicle_id: VehicleId
    station_id: StationId
    parcel_ids: tuple[ParcelId, ...]
    action_id: ActionId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelsUnsure(Event):
    """Nobody can say where these parcels are until a person has looked."""

    run_id: RunId
    parcel_ids: tuple[ParcelId, ...]
    assist_id: AssistId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelsSettled(Event):
    """A person told where parcels are that nobody was sure of; that word is the evidence.

    Attributes:
        at, holder: their custody from now on; for missing ones the assist in which they were looked for.
        tries_again: a lot that is whole at its station waits for another trip.
    """

    run_id: RunId
    parcel_ids: tuple[ParcelId, ...]
    at: CustodyKind
    holder: str
    why: str
    tries_again: bool = False
