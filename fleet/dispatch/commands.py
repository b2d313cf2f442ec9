"""What people and other programs may ask of the fleet; each command changes a draft or is refused, with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from dataclasses import dataclass

import msgspec

from fleet.dispatch.doubles import refuse_doubles
from fleet.dispatch.exits import ResolveAssist, call_again, resolve_by_hand
from fleet.dispatch.pace import slow_road, unslow_road
from fleet.dispatch.settle import SettleParcels, settle
from fleet.errors import RefusedError, UnknownThingError
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import ParcelId, PointId, RunId, StationId, VehicleId
from fleet.model.order import OrderPurpose
from fleet.model.run import Lot, Run, RunPhase
from fleet.model.site import Site
from fleet.model.twin import Liveness
from fleet.roads.site_roads import SiteRoads
from fleet.state.archive import NO_PAST, Past
from fleet.state.attention import reopen, resolve_assist, resolve_for_run, vehicle_subject
from fleet.state.draft import Draft
from fleet.state.fleet_state import RunView


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A run as somebody asks for it.

    Attributes:
        run_id: the caller's own name for it, or empty: then we number it.
        parcel_ids: may be empty where only `parcel_count` is known; then ids are made from the run's.
    """

    run_id: str
    station_id: StationId
    point_id: PointId
    parcel_ids: tuple[ParcelId, ...]
    parcel_count: int
    mass_kg: float
    volume_m3: float
    ready_s: float
    due_s: float
    priority: int = 1
    brand: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitRuns:
    """Accept all of these runs, or none. The same key with the same content answers as the first time."""

    key: str
    runs: tuple[RunRequest, ...]


@dataclass(frozen=True, slots=True)
class CancelRun:
    run_id: RunId
    why: str


@dataclass(frozen=True, slots=True)
class HoldVehicle:
    """Send nothing to the vehicle any more; it stands where it is allowed to."""

    vehicle_id: VehicleId
    why: str


@dataclass(frozen=True, slots=True)
class ReleaseVehicle:
    vehicle_id: VehicleId
    why: str


@dataclass(frozen=True, slots=True)
class RecallVehicle:
    """Bring everything aboard back; the present leg is finished first."""

    vehicle_id: VehicleId
    why: str


@dataclass(frozen=True, slots=True)
class CloseRoad:
    """For a time. A road is directed; `both_ways` means the street, here and in what else is done to roads."""

    road_key: str
    until_s: float
    why: str
    both_ways: bool = False


@dataclass(frozen=True, slots=True)
class ReopenRoad:
    road_key: str
    why: str
    both_ways: bool = False


@dataclass(frozen=True, slots=True)
class SlowRoad:
    """A temporary speed limit; road that is released already is driven as it was told."""

    road_key: str
    speed_mps: float
    until_s: float
    why: str
    both_ways: bool = False


@dataclass(frozen=True, slots=True)
class UnslowRoad:
    road_key: str
    why: str
    both_ways: bool = False


Command = (
    SubmitRuns
    | CancelRun
    | SettleParcels
    | HoldVehicle
    | ReleaseVehicle
    | RecallVehicle
    | CloseRoad
    | ReopenRoad
    | SlowRoad
    | UnslowRoad
    | ResolveAssist
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command led to; `is_repeat` where the same was asked before and nothing changed."""

    run_ids: tuple[RunId, ...] = ()
    is_repeat: bool = False


class KeyReusedError(RefusedError):
    """The idempotency key was used for another request."""


def perform(draft: Draft, roads: SiteRoads, command: Command, past: Past = NO_PAST) -> Answer:
    """Carry the command out on the draft.

    Args:
        past: what history holds of the names in the command that the state no longer has.

    Raises:
        RefusedError: the fleet's state does not allow it.
        UnknownThingError: it names something that is not there.
    """
    match command:
        case SubmitRuns():
            return _submit(draft, roads.site, command, past)
        case CancelRun():
            return _cancel(draft, command, past)
        case SettleParcels():
            return Answer((command.run_id,), is_repeat=not settle(draft, roads.site, command))
        case HoldVehicle():
            draft.state.twin(command.vehicle_id)
            draft.emit(ev.VehicleHeld(vehicle_id=command.vehicle_id, why=command.why))
            draft.want_plan(f"{command.vehicle_id} is held")
        case ReleaseVehicle():
            _release_vehicle(draft, command)
        case RecallVehicle():
            _recall_vehicle(draft, command)
        case CloseRoad():
            for key in _directions(roads, command):
                draft.emit(ev.RoadClosed(road_key=key, until_s=command.until_s, why=command.why))
            _roads_changed(draft, command.why)
        case ReopenRoad():
            for key in _directions(roads, command, draft.state.closures):
                reopen(draft, key, command.why)
            _roads_changed(draft, command.why)
        case SlowRoad():
            for key in _directions(roads, command):
                slow_road(draft, roads, key, command.speed_mps, command.until_s, command.why)
        case UnslowRoad():
            for key in _directions(roads, command, draft.state.slow_roads):
                unslow_road(draft, roads, key, command.why)
        case ResolveAssist():
            resolve_by_hand(draft, roads.site, command)
    return Answer()


def digest_of(command: SubmitRuns) -> str:
    """What the same request has in common, whenever it is made."""
    return hashlib.sha256(msgspec.json.encode(command.runs)).hexdigest()


def _submit(draft: Draft, site: Site, command: SubmitRuns, past: Past) -> Answer:
    digest = digest_of(command)
    known = (draft.state.keys.get(command.key) or past.keys.get(command.key)) if command.key else None
    if known is not None:
        if known.digest != digest:
            raise KeyReusedError(f"key {command.key!r} was used for another request; take a new key")
        return Answer(known.run_ids, is_repeat=True)
    runs: list[Run] = []
    for request in command.runs:
        runs.append(_run(draft, site, request, len(runs)))
    again = refuse_doubles(draft.state, runs, past)
    draft.emit(ev.RunsAccepted(key=command.key, digest=digest, runs=tuple(runs), again=again))
    draft.want_plan(f"{len(runs)} runs came in")
    return Answer(tuple(run.id for run in runs))


def _run(draft: Draft, site: Site, request: RunRequest, ahead: int) -> Run:
    if request.station_id not in site.stations:
        raise UnknownThingError("station", request.station_id)
    if request.point_id not in site.points:
        raise UnknownThingError("point", request.point_id)
    if not request.ready_s < request.due_s:
        raise RefusedError(f"run to {request.point_id}: due before it is ready; give a later due time")
    run_id = RunId(request.run_id or draft.next_id("run", ahead))
    parcels = request.parcel_ids or made_up_parcels(run_id, request.parcel_count)
    if not parcels:
        raise RefusedError(f"run {run_id}: a lot of no parcels; give parcel ids or a count")
    return Run(
        id=run_id,
        station_id=request.station_id,
        point_id=request.point_id,
        lot=Lot(parcel_ids=parcels, mass_kg=request.mass_kg, volume_m3=request.volume_m3),
        ready_s=request.ready_s,
        due_s=request.due_s,
        priority=request.priority,
        brand=request.brand,
    )


def made_up_parcels(run_id: RunId, count: int) -> tuple[ParcelId, ...]:
    """Names for the parcels of a lot of which only the number is known."""
    return tuple(ParcelId(f"{run_id}.{i + 1:03d}") for i in range(count))


def _cancel(draft: Draft, command: CancelRun, past: Past) -> Answer:
    """Before loading it is over at once; aboard, it comes back; while it changes hands, it is too late."""
    if command.run_id in past.runs and command.run_id not in draft.state.runs:
        return _cancel_archived(command.run_id, past.runs[command.run_id])
    view = draft.state.run(command.run_id)
    match view.phase:
        case RunPhase.CANCELLED:
            return Answer((command.run_id,), is_repeat=True)
        case RunPhase.REQUESTED | RunPhase.ASSIGNED:
            draft.emit(ev.RunCancelled(run_id=command.run_id, why=command.why))
            resolve_for_run(draft, command.run_id, f"cancelled: {command.why}")
            draft.want_plan(f"{command.run_id} is cancelled")
        case RunPhase.UNDER_WAY if not _is_being_delivered(draft, view):
            draft.emit(ev.RunRecalled(run_id=command.run_id, why=f"cancelled: {command.why}"))
        case _:
            raise RefusedError(f"run {command.run_id} is {view.phase}; it can no longer be cancelled")
    return Answer((command.run_id,))


def _cancel_archived(run_id: RunId, phase: RunPhase) -> Answer:
    if phase is not RunPhase.CANCELLED:
        raise RefusedError(f"run {run_id} is {phase}; it can no longer be cancelled")
    return Answer((run_id,), is_repeat=True)


def _is_being_delivered(draft: Draft, view: RunView) -> bool:
    if view.trip_id is None:
        return False
    order = draft.state.active_order(draft.state.trip(view.trip_id).trip.vehicle_id)
    if order is None or order.purpose is not OrderPurpose.DELIVER:
        return False
    return any(action.run_id == view.run.id for action in order.actions)


def _release_vehicle(draft: Draft, command: ReleaseVehicle) -> None:
    """Whoever releases it has seen to it. What it said in quarantine was left aside, so it must speak first."""
    vehicle_id = command.vehicle_id
    subject = vehicle_subject(vehicle_id)
    draft.state.twin(vehicle_id)
    if subject in draft.state.quarantine:
        draft.emit(ev.LivenessChanged(vehicle_id=vehicle_id, liveness=Liveness.UNHEARD))
    draft.emit(ev.VehicleReleased(vehicle_id=vehicle_id, why=command.why))
    for cause in (AssistCause.QUARANTINED, AssistCause.ORDER_REJECTED, AssistCause.ORDER_VANISHED):
        resolve_assist(draft, cause, subject, f"released: {command.why}")
    call_again(draft, vehicle_id)
    draft.touch(vehicle_id)
    draft.want_plan(f"{vehicle_id} is released")


def _recall_vehicle(draft: Draft, command: RecallVehicle) -> None:
    twin = draft.state.twin(command.vehicle_id)
    for run_id in sorted(twin.aboard):
        view = draft.state.run(run_id)
        if view.phase is RunPhase.UNDER_WAY and not _is_being_delivered(draft, view):
            draft.emit(ev.RunRecalled(run_id=run_id, why=f"recalled: {command.why}"))
    draft.touch(command.vehicle_id)


def _directions(
    roads: SiteRoads, command: CloseRoad | ReopenRoad | SlowRoad | UnslowRoad, known: Container[str] = ()
) -> list[str]:
    """The directed roads that are meant; of a one-way street there is but one.

    Args:
        known: roads that the map may have lost: what was closed once can be opened all the same.
    """
    graph, key = roads.graph, command.road_key
    edge = graph.edge_by_key(key)
    if edge is None and key not in known:
        raise UnknownThingError("road", key)
    back = int(graph.edge_reverse[edge]) if edge is not None and command.both_ways else -1
    return [key, graph.edge_key(back)] if back >= 0 else [key]


def _roads_changed(draft: Draft, why: str) -> None:
    for vehicle_id, twin in draft.state.twins.items():
        if twin.order_id is not None:
            draft.touch(vehicle_id)
    draft.want_plan(f"roads changed: {why}")
