"""Why a run is where it is: reasons from committed state, and its part of the journal."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Iterable, Iterator

import msgspec

from fleet.api import shapes as s
from fleet.api.vehicle_views import phase_of
from fleet.api.views import assists_out, forecast_s, late_s, trip_out
from fleet.clock import utc_text
from fleet.journal.commit import Store
from fleet.journal.record import Record
from fleet.model.ids import RunId
from fleet.model.run import RUN_LIFECYCLE, RunPhase
from fleet.model.trip import TripPhase
from fleet.state.fleet_state import FleetState, RunView, TripView

PAGE = 1000
SCANNED_MAX = 200_000
CLOCK_SLACK_S = 60.0
"""By so much a clock may have been set back between two starts; trade time counts up otherwise."""
HISTORY_MAX = 200


def why_out(
    state: FleetState,
    view: RunView,
    shown: s.RunOut,
    history: list[s.HistoryOut],
    history_from_seq: int,
    now_s: float,
) -> s.WhyOut:
    trip = state.trips.get(view.trip_id) if view.trip_id is not None else None
    return s.WhyOut(
        run=shown,
        reasons=list(reasons(state, view, now_s)),
        trip=trip_out(state, trip) if trip else None,
        history=history,
        history_from_seq=history_from_seq,
    )


def reasons(state: FleetState, view: RunView, now_s: float) -> Iterator[s.ReasonOut]:
    """Everything that explains the run's present, the nearest cause first."""
    yield s.ReasonOut(code=f"phase:{view.phase}", text=_phase_text(view))
    unassigned = state.unassigned.get(view.run.id)
    if unassigned is not None:
        yield s.ReasonOut(code=f"unassigned:{unassigned.reason}", text=unassigned.detail)
    trip = state.trips.get(view.trip_id) if view.trip_id is not None else None
    if trip is not None:
        yield from _trip_reasons(state, view, trip)
    yield from _lateness(state, view, now_s)
    if view.recalled:
        yield s.ReasonOut(code="recalled", text=view.recalled)
    if view.cause and view.cause != view.recalled:
        yield s.ReasonOut(code="cause", text=view.cause)
    if view.attempts:
        yield s.ReasonOut(code="attempts", text=f"{view.attempts} visits at which nobody took it")
    if view.refused:
        yield s.ReasonOut(code="refused", text=f"{len(view.refused)} parcels were refused at the point")
    if view.missing:
        yield s.ReasonOut(code="missing", text=f"{len(view.missing)} parcels were looked for and not found")
    for settled in view.settlements:
        yield s.ReasonOut(code="settled", text=f"by a person's word {settled}")
    for assist in assists_out(state, now_s, f"run:{view.run.id}"):
        yield s.ReasonOut(code=f"assist:{assist.cause}", text=f"{assist.detail}; {assist.remedy}")


def _phase_text(view: RunView) -> str:
    match view.phase:
        case RunPhase.REQUESTED:
            return "it is accepted and waits for a trip"
        case RunPhase.ASSIGNED:
            return f"it is planned into {view.trip_id}, which has not begun"
        case RunPhase.LOADING:
            return "it is being loaded"
        case RunPhase.UNDER_WAY:
            return "it rides on its vehicle"
        case RunPhase.DELIVERED:
            return f"all {view.delivered_count} parcels were handed over"
        case RunPhase.PARTLY_DELIVERED:
            return (
                f"{view.delivered_count} of {view.run.lot.parcel_count} parcels were handed over, the rest comes back"
            )
        case RunPhase.RETURNED:
            return "its parcels came back to the station"
        case RunPhase.LOST:
            return f"{len(view.missing)} of {view.run.lot.parcel_count} parcels are missing"
        case RunPhase.CANCELLED:
            return "it was cancelled"
        case RunPhase.TRANSFERRING:
            return "it changes vehicles"


def _trip_reasons(state: FleetState, view: RunView, trip: TripView) -> Iterator[s.ReasonOut]:
    vehicle_id = trip.trip.vehicle_id
    stops = [stop.point_id for stop in trip.trip.stops]
    nth = next((n for n, stop in enumerate(trip.trip.stops, start=1) if view.run.id in stop.run_ids), 0)
    text = (
        f"{trip.trip.id} of {vehicle_id} serves it at stop {nth} of {len(stops)}; plan {state.plan_version},"
        f" made by {state.plan_made_by or 'nobody'}, holds this to be the cheapest way known"
        f" (cost {state.plan_cost.total:.0f})"
    )
    yield s.ReasonOut(code="trip", text=text)
    if RUN_LIFECYCLE.is_final(view.phase):
        return
    if trip.phase is TripPhase.PLANNED:
        starts = f"loading from {utc_text(trip.trip.load_from_s)}, departure {utc_text(trip.trip.depart_s)}"
        yield s.ReasonOut(code="waits_for_start", text=starts)
    twin = state.twins.get(vehicle_id)
    if twin is not None and not twin.can_take_orders:
        phase = phase_of(twin, state.active_order(vehicle_id))
        held = f": {twin.held}" if twin.held else ""
        yield s.ReasonOut(code=f"vehicle:{phase}", text=f"{vehicle_id} is {phase}{held}")


def _lateness(state: FleetState, view: RunView, now_s: float) -> Iterator[s.ReasonOut]:
    expected_s = forecast_s(state, view, now_s)
    late = late_s(view, expected_s)
    if expected_s is None:
        if late:
            yield s.ReasonOut(code="was_late", text=f"handed over {late:.0f} s after it was due")
        elif view.run.due_s < now_s and not RUN_LIFECYCLE.is_final(view.phase):
            yield s.ReasonOut(code="overdue", text=f"it was due {now_s - view.run.due_s:.0f} s ago")
        return
    slack_s = view.run.due_s - expected_s
    word = f"{slack_s:.0f} s before it is due" if slack_s >= 0 else f"{-slack_s:.0f} s late"
    code = "in_time" if slack_s >= 0 else "will_be_late"
    yield s.ReasonOut(code=code, text=f"handing over expected at {utc_text(expected_s)}, {word}")


# History ----------------------------------------------------------------------------------------------------------


async def history_of(
    store: Store, area: str, view: RunView, head_seq: int, *, until_s: float | None = None
) -> tuple[list[s.HistoryOut], int]:
    """The run's events, read off the loop in pages; and the first number that was looked at.

    Args:
        until_s: trade time after which nothing more is looked for; None for the present.

    Raises:
        JournalError: the journal cannot be read.
    """
    last = head_seq
    if until_s is not None:
        last = await asyncio.to_thread(_first_seq, store, area, head_seq, until_s)
    seq = await asyncio.to_thread(_first_seq, store, area, last, view.accepted_s - CLOCK_SLACK_S) - 1
    seq = max(0, seq, last - SCANNED_MAX)
    first = seq + 1
    found: list[s.HistoryOut] = []
    while seq < last and len(found) < HISTORY_MAX:
        page = await asyncio.to_thread(_page, store, area, seq, view.run.id)
        if page is None:
            break
        hits, seq = page
        found += hits
    return found[:HISTORY_MAX], first


def _first_seq(store: Store, area: str, head_seq: int, at_s: float) -> int:
    """Number of the first record of this trade time or later, found by halves; the head's where there is none."""
    return bisect_left(range(1, head_seq), at_s, key=lambda seq: store.records(area, seq - 1, 1)[0].trade_s) + 1


def _page(store: Store, area: str, after_seq: int, run_id: RunId) -> tuple[list[s.HistoryOut], int] | None:
    records = store.records(area, after_seq, PAGE)
    if not records:
        return None
    return list(_about(records, run_id)), records[-1].seq


def _about(records: Iterable[Record], run_id: RunId) -> Iterator[s.HistoryOut]:
    """Records that name the run, with their bodies cut down to what is about it."""
    needle = msgspec.json.encode(run_id).decode()
    for record in records:
        if record.trace != run_id and needle not in record.body:
            continue
        body: dict[str, object] = msgspec.json.decode(record.body.encode())
        yield s.HistoryOut(
            seq=record.seq,
            at=utc_text(record.trade_s),
            type=record.type,
            actor=record.actor,
            cause=record.cause,
            data={name: _cut(value, needle) for name, value in body.items()},
        )


def _cut(value: object, needle: str) -> object:
    """A value without those parts of its lists that do not name the run."""
    if isinstance(value, dict):
        return {name: _cut(part, needle) for name, part in value.items()}
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        return [_cut(part, needle) for part in value if needle in msgspec.json.encode(part).decode()]
    if isinstance(value, list) and len(value) > 20:
        return [*value[:20], f"and {len(value) - 20} more"]
    return value
