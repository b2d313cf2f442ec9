"""What has been over for long leaves the state, and what is remembered of it when somebody names it again.

A state that kept everything would grow for ever, and its snapshots with it. Runs leave with their parcels and the trips
that served them, never before everything about them is settled; tables and journal keep them for good.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from fleet.model import event as ev
from fleet.model.custody import Custody, CustodyKind
from fleet.model.ids import ParcelId, RunId, TripId
from fleet.model.order import ActionPhase
from fleet.model.run import RunPhase
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState, RequestKey, RunView, TripView

RUNS_AT_ONCE, PARCELS_AT_ONCE, TRIPS_AT_ONCE = 20, 2_000, 100
"""No turn archives more than about this, so that none is long."""

UNSETTLED = frozenset({CustodyKind.VEHICLE, CustodyKind.ASSIST})


@dataclass(frozen=True, slots=True)
class ArchivedRun:
    """A run as it left the state, with how many of its parcels were where: "point:p1", "station:depot".

    Attributes:
        vehicle_id: the vehicle of its last trip, or empty.
    """

    view: RunView
    custody: dict[str, int]
    vehicle_id: str


@dataclass(frozen=True, slots=True)
class ArchivedTrip:
    """A trip as it left the state, with how many parcels it carried."""

    view: TripView
    parcels: int


@dataclass(frozen=True, slots=True)
class Lying:
    """Where a parcel was left, and in which run."""

    custody: Custody
    run_id: RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What history holds of the runs, keys and parcels that a command names and the state no longer has."""

    runs: Mapping[RunId, RunPhase] = field(default_factory=dict)
    keys: Mapping[str, RequestKey] = field(default_factory=dict)
    parcels: Mapping[ParcelId, Lying] = field(default_factory=dict)


NO_PAST = Past()


def custody_counts(state: FleetState, view: RunView) -> dict[str, int]:
    """How many of a run's parcels are where; those that a later run has now are counted as "run:..." of that one."""
    counts = Counter(f"{c.kind}:{c.holder}" for p in view.parcel_ids if (c := state.custody.get(p)))
    for handed in view.handed_on:
        counts[f"run:{handed.to_run}"] += len(handed.parcel_ids)
    return dict(sorted(counts.items()))


# What leaves ----------------------------------------------------------------------------------------------------------


def archive_ended(draft: Draft, keep_s: float) -> bool:
    """Have runs and trips that have been over for `keep_s` leave the state; tells whether more of them are left.

    A trip leaves when all its runs may, and a run with the last trip that names it, so that whatever is still in the
    state finds everything that it names there.
    """
    leaving = _Leaving(draft, draft.now_s - keep_s)
    for view in leaving.old_trips():
        if leaving.is_full:
            break
        leaving.take_trip(view)
    for run_view in leaving.old_runs():
        if leaving.is_full:
            break
        leaving.take_alone(run_view)
    if leaving.run_ids or leaving.trip_ids:
        event = ev.RunsArchived(
            run_ids=tuple(leaving.run_ids), trip_ids=tuple(leaving.trip_ids), keys=tuple(leaving.keys())
        )
        draft.emit(event)
    return leaving.is_full


def _revivable(state: FleetState) -> set[RunId]:
    """Runs of remembered orders that a vehicle never carried out: a late copy may still make it do so."""
    ended = (order for orders in state.ended_orders.values() for order in orders)
    actions = (action for order in ended for action in order.actions)
    return {action.run_id for action in actions if action.phase is not ActionPhase.FINISHED}


class _Leaving:
    """The selection; in the order in which things ended, so that the same state always gives the same.

    Attributes:
        named: how many trips that stay name each run.
    """

    def __init__(self, draft: Draft, until_s: float) -> None:
        self._state = draft.state
        self._base = draft.base
        self._until_s = until_s
        self._revivable = _revivable(draft.state)
        self._subjects = {assist.subject for assist in self._state.assists.values()} | set(self._state.quarantine)
        self._parcels = 0
        self.run_ids: dict[RunId, None] = {}
        self.trip_ids: dict[TripId, None] = {}
        self.named = Counter(run_id for view in self._state.trips.values() for run_id in set(view.trip.run_ids))

    @property
    def is_full(self) -> bool:
        too_many = self._parcels >= PARCELS_AT_ONCE or len(self.trip_ids) >= TRIPS_AT_ONCE
        return too_many or len(self.run_ids) >= RUNS_AT_ONCE

    def old_trips(self) -> list[TripView]:
        old = [view for view in self._state.trips.values() if self._is_old(view.closed_s) and self._was_there(view)]
        return sorted(old, key=lambda view: (view.closed_s, view.trip.id))

    def old_runs(self) -> list[RunView]:
        old = (view for view in self._state.runs.values() if self._is_old(view.ended_s))
        return sorted(old, key=lambda view: (view.ended_s, view.run.id))

    def take_trip(self, view: TripView) -> None:
        """The trip and those of its runs that no other one names; nothing while one of them has to stay."""
        runs = [self._state.runs[run_id] for run_id in dict.fromkeys(view.trip.run_ids)]
        if not all(map(self._may_leave, runs)):
            return
        self.trip_ids[view.trip.id] = None
        for run in runs:
            self.named[run.run.id] -= 1
            if not self.named[run.run.id]:
                self._take_run(run)

    def take_alone(self, view: RunView) -> None:
        """A run that no trip names."""
        if view.run.id not in self.run_ids and not self.named[view.run.id] and self._may_leave(view):
            self._take_run(view)

    def _take_run(self, view: RunView) -> None:
        self.run_ids[view.run.id] = None
        self._parcels += view.run.lot.parcel_count

    def keys(self) -> list[str]:
        """Keys of which no run stays."""

        def is_over(known: RequestKey) -> bool:
            return all(run_id in self.run_ids or run_id not in self._state.runs for run_id in known.run_ids)

        return sorted(key for key, known in self._state.keys.items() if is_over(known))

    def _may_leave(self, view: RunView) -> bool:
        """Over for long, nobody is called for it, and every parcel of it is where it is to stay."""
        if not self._is_old(view.ended_s) or view.run.id in self._revivable:
            return False
        if f"run:{view.run.id}" in self._subjects:
            return False
        is_unsettled = any(self._state.custody[parcel].kind in UNSETTLED for parcel in view.parcel_ids)
        return not is_unsettled and self._base.runs.get(view.run.id) is view

    def _was_there(self, view: TripView) -> bool:
        """What this very turn has changed stays for another one: the tables are to show how it left."""
        return self._base.trips.get(view.trip.id) is view

    def _is_old(self, ended_s: float | None) -> bool:
        return ended_s is not None and ended_s <= self._until_s
