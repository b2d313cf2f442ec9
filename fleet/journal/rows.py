"""What people query: rows for runs, trips, parcels and assists that a turn has changed."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fleet.journal.commit import Row
from fleet.model import event as ev
from fleet.model.ids import ParcelId, RunId, TripId
from fleet.state.archive import ArchivedRun, ArchivedTrip, custody_counts
from fleet.state.fleet_state import FleetState


class _Touched:
    """Ids that some events name; kept in order, so that the same turn writes the same rows."""

    def __init__(self) -> None:
        self.runs: dict[RunId, None] = {}
        self.trips: dict[TripId, None] = {}
        self.parcels: dict[ParcelId, RunId] = {}

    def run(self, run_ids: Iterable[RunId]) -> None:
        self.runs.update(dict.fromkeys(run_ids))

    def trip(self, trip_ids: Iterable[TripId]) -> None:
        self.trips.update(dict.fromkeys(trip_ids))

    def lot(self, run_id: RunId, parcel_ids: Iterable[ParcelId]) -> None:
        self.run([run_id])
        self.parcels.update(dict.fromkeys(parcel_ids, run_id))

    def take(self, event: ev.Event, before: FleetState) -> None:
        match event:
            case ev.RunsAccepted():
                for run in event.runs:
                    self.lot(run.id, run.lot.parcel_ids)
            case ev.PlanAdopted():
                old = sorted(trip_id for trip_ids in before.planned.values() for trip_id in trip_ids)
                self.trip([*old, *(trip.id for trip in event.plan.trips)])
                self.run(r for trip_id in old if trip_id in before.trips for r in before.trips[trip_id].trip.run_ids)
                self.run(run_id for trip in event.plan.trips for run_id in trip.run_ids)
            case ev.TripStarted() | ev.TripMoved() | ev.StopDone():
                self.trip([event.trip_id])
                if isinstance(event, ev.StopDone):
                    self.run((*event.deferred, *event.given_up))
            case (
                ev.ParcelsLoaded()
                | ev.ParcelsDelivered()
                | ev.ParcelsReturned()
                | ev.ParcelsUnsure()
                | ev.ParcelsSettled()
            ):
                self.lot(event.run_id, event.parcel_ids)
            case ev.RunCancelled() | ev.RunRecalled() | ev.RunReleased():
                self.run([event.run_id])
                known = before.runs.get(event.run_id)
                self.trip([known.trip_id] if known is not None and known.trip_id is not None else [])


def changed_rows(before: FleetState, after: FleetState, events: Iterable[ev.Event]) -> dict[str, tuple[Row, ...]]:
    """Rows to write over, by table, after the turn that led from `before` to `after`."""
    touched = _Touched()
    assists: dict[str, Row] = {}
    archived = _Archived()
    for event in events:
        touched.take(event, before)
        if isinstance(event, ev.AssistRaised):
            assists[event.assist.id] = _assist_row(event)
        elif isinstance(event, ev.AssistResolved):
            known = before.assists.get(event.assist_id)
            row = assists.get(event.assist_id) or (_assist_row(ev.AssistRaised(assist=known)) if known else None)
            if row is not None:
                assists[event.assist_id] = {**row, "resolved_s": after.now_s, "resolution": event.resolution}
        elif isinstance(event, ev.TripStarted):
            touched.run(after.trip(event.trip_id).trip.run_ids)
        elif isinstance(event, ev.RunsArchived):
            archived.take(event, before)
    tables = {
        "run": (*(_run_row(after, run_id) for run_id in touched.runs), *archived.runs),
        "trip": (*(row for trip_id in touched.trips if (row := _trip_row(before, after, trip_id))), *archived.trips),
        "custody": tuple(_custody_row(after, parcel_id, run_id) for parcel_id, run_id in touched.parcels.items()),
        "assist": tuple(assists.values()),
    }
    return {name: rows for name, rows in tables.items() if rows}


def _run_row(state: FleetState, run_id: RunId) -> Row:
    view = state.run(run_id)
    return {
        "run_id": run_id,
        "brand": view.run.brand,
        "phase": view.phase.value,
        "station_id": view.run.station_id,
        "point_id": view.run.point_id,
        "parcels": view.run.lot.parcel_count,
        "ready_s": view.run.ready_s,
        "due_s": view.run.due_s,
        "trip_id": view.trip_id,
        "delivered_s": view.delivered_s,
        "cause": view.cause,
        "archived": None,
    }


def _trip_row(before: FleetState, after: FleetState, trip_id: TripId) -> Row | None:
    """A planned trip that a new plan dropped is withdrawn; it is in no state any more."""
    view = after.trips.get(trip_id)
    shown = view or before.trips.get(trip_id)
    if shown is None:
        return None
    return {
        "trip_id": trip_id,
        "vehicle_id": shown.trip.vehicle_id,
        "phase": view.phase.value if view else "withdrawn",
        "load_from_s": shown.trip.load_from_s,
        "depart_s": shown.trip.depart_s,
        "return_s": shown.trip.return_s,
        "archived": None,
    }


def _custody_row(state: FleetState, parcel_id: ParcelId, run_id: RunId) -> Row:
    custody = state.custody[parcel_id]
    return {"parcel_id": parcel_id, "kind": custody.kind.value, "holder": custody.holder, "run_id": run_id}


class _Archived:
    """The last rows of what leaves the state; only they hold all that there is to know of it, as JSON."""

    def __init__(self) -> None:
        self.runs: list[Row] = []
        self.trips: list[Row] = []

    def take(self, event: ev.RunsArchived, before: FleetState) -> None:
        for run_id in event.run_ids:
            view = before.run(run_id)
            trip = before.trips.get(view.trip_id) if view.trip_id is not None else None
            whole = ArchivedRun(view, custody_counts(before, view), trip.trip.vehicle_id if trip else "")
            self.runs.append({**_run_row(before, run_id), "archived": msgspec.json.encode(whole).decode()})
        for trip_id in event.trip_ids:
            parcels = sum(before.run(run_id).run.lot.parcel_count for run_id in before.trip(trip_id).trip.run_ids)
            carried = ArchivedTrip(before.trip(trip_id), parcels)
            row = _trip_row(before, before, trip_id) or {}
            self.trips.append({**row, "archived": msgspec.json.encode(carried).decode()})


def _assist_row(event: ev.AssistRaised) -> Row:
    assist = event.assist
    return {
        "assist_id": assist.id,
        "cause": assist.cause.value,
        "subject": assist.subject,
        "detail": assist.detail,
        "raised_s": assist.raised_s,
        "deadline_s": assist.deadline_s,
        "resolved_s": None,
        "resolution": "",
    }
