"""What people query: rows for runs, trips, parcels and assists that a turn has changed."""

from __future__ import annotations

from collections.abc import Iterable

from fleet.journal.commit import Row
from fleet.model import event as ev
from fleet.model.ids import ParcelId, RunId, TripId
from fleet.state.fleet_state import FleetState


class _Touched:
    """Ids that some events name; kept in order, so that the same turn writes the same rows."""

    def __init__(self) -> None:
        self.runs: dict[RunId, None] = {}
        self.trips: dict[TripId, None] = {}
        self.parcels: dict[ParcelId, None] = {}

    def run(self, run_ids: Iterable[RunId]) -> None:
        self.runs.update(dict.fromkeys(run_ids))

    def trip(self, trip_ids: Iterable[TripId]) -> None:
        self.trips.update(dict.fromkeys(trip_ids))

    def take(self, event: ev.Event, before: FleetState) -> None:
        match event:
            case ev.RunsAccepted():
                self.run(run.id for run in event.runs)
                self.parcels.update(dict.fromkeys(p for run in event.runs for p in run.lot.parcel_ids))
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
                self.run([event.run_id])
                self.parcels.update(dict.fromkeys(event.parcel_ids))
            case ev.RunCancelled() | ev.RunRecalled() | ev.RunReleased():
                self.run([event.run_id])
                known = before.runs.get(event.run_id)
                self.trip([known.trip_id] if known is not None and known.trip_id is not None else [])


def changed_rows(before: FleetState, after: FleetState, events: Iterable[ev.Event]) -> dict[str, tuple[Row, ...]]:
    """Rows to write over, by table, after the turn that led from `before` to `after`."""
    touched = _Touched()
    assists: dict[str, Row] = {}
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
    tables = {
        "run": tuple(_run_row(after, run_id) for run_id in touched.runs),
        "trip": tuple(row for trip_id in touched.trips if (row := _trip_row(before, after, trip_id))),
        "custody": tuple(_custody_row(after, parcel_id) for parcel_id in touched.parcels),
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
    }


def _custody_row(state: FleetState, parcel_id: ParcelId) -> Row:
    custody = state.custody[parcel_id]
    return {"parcel_id": parcel_id, "kind": custody.kind.value, "holder": custody.holder}


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
