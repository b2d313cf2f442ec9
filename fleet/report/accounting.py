"""Where is every parcel? Three books are laid side by side: what was asked, what the controller says, what is true.

No book is trusted for the others: a parcel counts as delivered only where the controller says so and it lies there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fleet.model.custody import CustodyKind
from fleet.model.ids import RunId
from fleet.model.run import OPEN_PHASES, RunPhase
from fleet.report.data import Asked, Fate, ParcelCount, RunOutcome
from fleet.report.truth import GroundTruth, TrueRun
from fleet.state.fleet_state import FleetState, RunView


@dataclass(frozen=True, slots=True)
class Books:
    """The outcome of every run, and where the three books disagree.

    Attributes:
        unasked: parcels of each run that nobody asked for.
    """

    runs: tuple[RunOutcome, ...]
    mismatches: tuple[str, ...]
    unasked: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Where:
    """How many parcels of one run are at its point, at its station, on a vehicle, missing, anywhere else."""

    point: int
    station: int
    vehicle: int
    elsewhere: int
    missing: int = 0

    @property
    def total(self) -> int:
        return self.point + self.station + self.vehicle + self.elsewhere + self.missing

    def __str__(self) -> str:
        words = [f"{self.point} delivered", f"{self.station} at the station", f"{self.vehicle} aboard"]
        words += [f"{self.missing} missing"] if self.missing else []
        return ", ".join([*words, f"{self.elsewhere} elsewhere"] if self.elsewhere else words)


def balance(asked: Sequence[Asked], state: FleetState, truth: GroundTruth | None) -> Books:
    """Account for every run asked for, and name those that nobody asked for."""
    dropped = _dropped_at_points(truth) if truth else Counter()
    outcomes: list[RunOutcome] = []
    mismatches: list[str] = []
    for each in asked:
        outcome, faults = _settle(each, state, truth, dropped[each.run_id])
        outcomes.append(outcome)
        mismatches += faults
    unasked = _unasked(asked, state, truth)
    mismatches += [f"run {run_id} was carried out, but nobody asked for it" for run_id in unasked]
    return Books(tuple(outcomes), tuple(mismatches), unasked)


def asked_of(state: FleetState) -> tuple[Asked, ...]:
    """What the controller believes was asked for; for days on which nobody kept a book of requests."""
    return tuple(
        Asked(
            run_id=view.run.id,
            station_id=view.run.station_id,
            point_id=view.run.point_id,
            parcels=view.run.lot.parcel_count,
            ready_s=view.run.ready_s,
            due_s=view.run.due_s,
        )
        for view in state.runs.values()
    )


def _settle(asked: Asked, state: FleetState, truth: GroundTruth | None, dropped: int) -> tuple[RunOutcome, list[str]]:
    view = state.runs.get(RunId(asked.run_id))
    if view is None:
        outcome = _outcome(asked, None, Fate.LOST, ParcelCount(lost=asked.parcels), "")
        return outcome, [f"run {asked.run_id} was accepted, but the journal does not know it"]
    told = _told(asked, state, view)
    real = _real(asked, truth.runs.get(asked.run_id)) if truth else told
    doubled = max(0, real.total - asked.parcels) + max(0, dropped - asked.parcels)
    faults = list(_differences(asked, view, told, real, dropped))
    if view.phase is RunPhase.CANCELLED:
        return _outcome(asked, view, Fate.CANCELLED, ParcelCount(duplicated=doubled), ""), faults
    count = _count(asked, view, told, real, doubled)
    return _outcome(asked, view, _fate(view, count), count, _vehicle(state, view)), faults


def _count(asked: Asked, view: RunView, told: _Where, real: _Where, doubled: int) -> ParcelCount:
    delivered = min(told.point, real.point, asked.parcels)
    if view.phase in OPEN_PHASES:
        gone = real.missing + real.elsewhere + max(0, asked.parcels - real.total)
        lost = max(gone, told.missing)
        return ParcelCount(
            delivered=delivered, open=max(0, asked.parcels - delivered - lost), lost=lost, duplicated=doubled
        )
    returned = min(told.station, real.station, asked.parcels - delivered)
    lost = asked.parcels - delivered - returned
    return ParcelCount(delivered=delivered, returned=returned, lost=lost, duplicated=doubled)


def _fate(view: RunView, count: ParcelCount) -> Fate:
    if count.lost:
        return Fate.LOST
    if view.phase in OPEN_PHASES:
        return Fate.OPEN
    return Fate.RETURNED if count.returned else Fate.DELIVERED


def _outcome(asked: Asked, view: RunView | None, fate: Fate, count: ParcelCount, vehicle_id: str) -> RunOutcome:
    return RunOutcome(
        asked=asked,
        fate=fate,
        vehicle_id=vehicle_id,
        delivered_s=view.delivered_s if view and fate is Fate.DELIVERED else None,
        cause=view.cause if view and fate is not Fate.DELIVERED else "",
        parcels=count,
    )


def _vehicle(state: FleetState, view: RunView) -> str:
    trip = state.trips.get(view.trip_id) if view.trip_id else None
    return trip.trip.vehicle_id if trip else ""


def _told(asked: Asked, state: FleetState, view: RunView) -> _Where:
    """As the controller's custody has it; parcels that a person looks for are elsewhere.

    Those that were handed in again lay at the station then; where they are now is told by the later run.
    """
    at = Counter(state.custody[parcel] for parcel in view.parcel_ids)
    by_place = Counter({f"{custody.kind}:{custody.holder}": count for custody, count in at.items()})
    by_place[f"{CustodyKind.STATION}:{view.run.station_id}"] += view.run.lot.parcel_count - len(view.parcel_ids)
    return _where(asked, by_place)


def _real(asked: Asked, lot: TrueRun | None) -> _Where:
    """As it is; a lot that the simulator never heard of was never touched."""
    return _Where(0, asked.parcels, 0, 0) if lot is None else _where(asked, lot.at)


def _where(asked: Asked, at: dict[str, int]) -> _Where:
    point = at.get(f"{CustodyKind.POINT}:{asked.point_id}", 0)
    station = at.get(f"{CustodyKind.STATION}:{asked.station_id}", 0)
    vehicle = sum(count for place, count in at.items() if place.startswith(f"{CustodyKind.VEHICLE}:"))
    missing = sum(count for place, count in at.items() if place.startswith(f"{CustodyKind.MISSING}:"))
    elsewhere = sum(at.values()) - point - station - vehicle - missing
    return _Where(point, station, vehicle, elsewhere, missing)


def _differences(asked: Asked, view: RunView, told: _Where, real: _Where, dropped: int) -> Iterator[str]:
    name = f"run {asked.run_id}"
    if told.total != asked.parcels:
        yield f"{name}: {asked.parcels} parcels were asked for, the controller keeps {told.total}"
    if (view.run.station_id, view.run.point_id) != (asked.station_id, asked.point_id):
        yield f"{name}: asked from {asked.station_id} to {asked.point_id}, kept otherwise"
    if dropped > asked.parcels:
        yield f"{name}: {dropped} parcels were handed over at points, it has {asked.parcels}"
    if view.phase not in OPEN_PHASES and told != real:
        yield f"{name} is {view.phase}: the controller says {told}; in truth {real}"


def _unasked(asked: Sequence[Asked], state: FleetState, truth: GroundTruth | None) -> dict[str, int]:
    known = {each.run_id for each in asked}
    kept = {str(run_id): view.run.lot.parcel_count for run_id, view in state.runs.items()}
    carried = {run_id: lot.parcels for run_id, lot in truth.runs.items()} if truth else {}
    return {run_id: parcels for run_id, parcels in {**kept, **carried}.items() if run_id not in known}


def _dropped_at_points(truth: GroundTruth) -> Counter[str]:
    dropped: Counter[str] = Counter()
    for event in truth.events:
        if event.kind == "dropped" and event.place.startswith("point:"):
            dropped[event.run] += event.parcels
    return dropped
