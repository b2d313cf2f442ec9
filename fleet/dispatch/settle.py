"""What nobody is sure of, and how a person settles it: where parcels are, by somebody who has looked."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.errors import RefusedError, UnknownThingError
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.custody import CustodyKind
from fleet.model.ids import ParcelId, RunId, VehicleId
from fleet.model.run import OPEN_PHASES, RunPhase
from fleet.model.site import Site
from fleet.state.attention import raise_assist, resolve_assist, resolve_for_run
from fleet.state.draft import Draft
from fleet.state.fleet_state import RunView

UNSURE_KINDS = frozenset({CustodyKind.STATION, CustodyKind.VEHICLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleParcels:
    """A person tells where parcels of a run are that nobody was sure of.

    Attributes:
        at: their pickup point, their station, a vehicle, or missing.
        vehicle_id: on which they are; given only with `CustodyKind.VEHICLE`.
        parcel_ids: which ones; empty for all of the run that nobody is sure of.
        tries_again: a lot found whole at its station waits for another trip, instead of counting as returned.
    """

    run_id: RunId
    at: CustodyKind
    why: str
    vehicle_id: VehicleId | None = None
    parcel_ids: tuple[ParcelId, ...] = ()
    tries_again: bool = False


def unsure(draft: Draft, run_id: RunId, parcel_ids: tuple[ParcelId, ...], why: str) -> None:
    """Nobody can say where these parcels are; what lies at its point stays there."""
    movable = tuple(p for p in parcel_ids if draft.state.custody[p].kind in UNSURE_KINDS)
    assist_id = raise_assist(draft, AssistCause.PARCELS_UNSURE, f"run:{run_id}", why)
    if movable:
        draft.emit(ev.ParcelsUnsure(run_id=run_id, parcel_ids=movable, assist_id=assist_id, why=why))
    if draft.state.run(run_id).phase is RunPhase.ASSIGNED:  # no vehicle is sent to load what may be elsewhere
        draft.emit(ev.RunReleased(run_id=run_id, why=why))


def settle(draft: Draft, site: Site, command: SettleParcels) -> bool:
    """Carry it out; False where the very same was settled before and nothing changed.

    Raises:
        RefusedError: nobody is unsure of these parcels, or they cannot be there.
        UnknownThingError: it names a run, parcel or vehicle that is not there.
    """
    view = draft.state.run(command.run_id)
    named = _named(view, command.parcel_ids)
    waiting = tuple(p for p in named if draft.state.custody[p].kind is CustodyKind.ASSIST)
    if not waiting or (command.parcel_ids and waiting != named):
        if _was_said_before(view, command):
            return False
        raise RefusedError(_nothing_unsure(draft, view, named, waiting))
    holder = _holder(draft, site, view, command, waiting)
    if command.tries_again:
        _refuse_half_a_lot(draft, view, command, waiting)
    draft.emit(
        ev.ParcelsSettled(
            run_id=command.run_id,
            parcel_ids=waiting,
            at=command.at,
            holder=holder,
            why=command.why,
            tries_again=command.tries_again,
        )
    )
    _follow_up(draft, command)
    return True


def _named(view: RunView, parcel_ids: tuple[ParcelId, ...]) -> tuple[ParcelId, ...]:
    """The parcels that the command is about, in the order of their lot."""
    for parcel_id in parcel_ids:
        if parcel_id not in view.parcel_ids:
            raise UnknownThingError(f"parcel of run {view.run.id}", parcel_id)
    return tuple(p for p in view.parcel_ids if not parcel_ids or p in parcel_ids)


def _was_said_before(view: RunView, command: SettleParcels) -> bool:
    """A request that is sent twice, because its answer was lost, changes nothing the second time."""
    return any(
        said.at is command.at
        and (command.at is not CustodyKind.VEHICLE or said.holder == command.vehicle_id)
        and (not command.parcel_ids or set(command.parcel_ids) == set(said.parcel_ids))
        and said.tries_again is command.tries_again
        for said in view.settlements
    )


def _nothing_unsure(draft: Draft, view: RunView, named: tuple[ParcelId, ...], waiting: tuple[ParcelId, ...]) -> str:
    certain = next(p for p in named if p not in waiting)
    custody = draft.state.custody[certain]
    where = f"{custody.kind}:{custody.holder}"
    if not waiting:
        return f"run {view.run.id} has nothing to settle here: {certain} is at {where}, and nobody is unsure of it"
    return f"nobody is unsure of parcel {certain}, it is at {where}; name only those that wait for a person"


def _holder(draft: Draft, site: Site, view: RunView, command: SettleParcels, waiting: tuple[ParcelId, ...]) -> str:
    """The id of the place that the parcels are at."""
    if (command.vehicle_id is not None) is not (command.at is CustodyKind.VEHICLE):
        raise RefusedError("name a vehicle if the parcels are aboard one, and none otherwise")
    match command.at:
        case CustodyKind.POINT:
            return view.run.point_id
        case CustodyKind.STATION:
            return view.run.station_id
        case CustodyKind.MISSING:
            return draft.state.custody[waiting[0]].holder
        case CustodyKind.VEHICLE if command.vehicle_id is not None:
            return _vehicle(draft, site, view, command.vehicle_id)
        case _:
            raise RefusedError("a settlement names a place; leave the assist open while nobody knows")


def _vehicle(draft: Draft, site: Site, view: RunView, vehicle_id: VehicleId) -> VehicleId:
    """A vehicle that can still bring the parcels somewhere, and brings those nobody takes back to their station."""
    draft.state.twin(vehicle_id)
    if vehicle_id not in site.vehicles:
        raise RefusedError(f"{vehicle_id} is no longer in the site; have the parcels taken off it, then settle where")
    home = site.vehicles[vehicle_id].home_station
    if home != view.run.station_id:
        raise RefusedError(f"{vehicle_id} belongs to {home}, the parcels to {view.run.station_id}; settle them there")
    return vehicle_id


def _refuse_half_a_lot(draft: Draft, view: RunView, command: SettleParcels, waiting: tuple[ParcelId, ...]) -> None:
    """A vehicle is asked for whole lots; and a run that was recalled is not to be delivered after all."""
    if command.at is not CustodyKind.STATION:
        raise RefusedError("only a lot that is at its station can be tried again")
    kinds = {draft.state.custody[p].kind for p in view.parcel_ids if p not in waiting}
    if kinds - {CustodyKind.STATION}:
        raise RefusedError(f"not all of run {view.run.id} is at its station; only a whole lot can be tried again")
    if view.recalled:
        raise RefusedError(f"run {view.run.id} was {view.recalled}; it can be settled as returned only")


def _follow_up(draft: Draft, command: SettleParcels) -> None:
    """Whoever was called for these parcels need not come any more, and somebody may have news to act on."""
    view = draft.state.run(command.run_id)
    subject = f"run:{command.run_id}"
    if all(draft.state.custody[p].kind is not CustodyKind.ASSIST for p in view.parcel_ids):
        resolve_assist(draft, AssistCause.PARCELS_UNSURE, subject, f"settled: {command.why}")
    if view.phase not in OPEN_PHASES:
        resolve_for_run(draft, command.run_id, f"settled: {command.why}")
    if command.tries_again:
        draft.want_plan(f"{command.run_id} is to be tried again")
    if command.vehicle_id is not None:
        draft.touch(command.vehicle_id)
