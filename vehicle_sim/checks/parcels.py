"""Promises about runs and parcels: nothing is lost, nothing is delivered twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fleet.journal.archive import Archive
from fleet.journal.commit import Commit, Row
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.custody import Custody, CustodyKind
from fleet.model.event import Event
from fleet.model.ids import ParcelId, VehicleId
from fleet.model.run import OPEN_PHASES, RunPhase
from fleet.state.archive import UNSETTLED
from fleet.state.attention import vehicle_subject
from fleet.state.fleet_state import FleetState
from vehicle_sim.checks.base import Check, Glance
from vehicle_sim.chronicle import WorldEvent, WorldEventKind

SETTLED = frozenset({CustodyKind.STATION, CustodyKind.POINT})


class AcceptedRunsStay(Check):
    """S1: a run acknowledged to the caller is in the store for ever after, with the same content, archived or not."""

    id = "S1"

    def ended(self, state: FleetState) -> None:
        area = self.glance.roads.site.id
        rows = {row["run_id"]: row for row in self.glance.store.rows("run", area)}
        archived = {each.view.run.id: each.view for each in Archive(self.glance.store, area).runs()}
        for run_id in sorted(set(archived) & set(state.runs)):
            self.violate(f"run {run_id} is archived and in the state")
        for run_id, run in self.glance.acked.items():
            row, view = rows.get(run_id), archived.get(run_id) or state.runs.get(run_id)
            if row is None or view is None:
                self.violate(f"run {run_id} was accepted and is gone")
            elif view.run.lot.parcel_ids != run.lot.parcel_ids or row["point_id"] != run.point_id:
                self.violate(f"run {run_id} is not what was accepted")
            elif row["phase"] != view.phase:
                self.violate(f"run {run_id} is {view.phase}, its row says {row['phase']}")


class KeysAreUsedOnce(Check):
    """S2: the same idempotency key never creates two runs, whatever crashes in between."""

    id = "S2"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        self._keys: Counter[str] = Counter()
        self._runs: Counter[str] = Counter()

    def committed(self, commit: Commit, events: Sequence[Event]) -> None:
        for event in events:
            if not isinstance(event, ev.RunsAccepted):
                continue
            self._keys[event.key] += 1
            if self._keys[event.key] > 1:
                self.violate(f"key {event.key} was accepted twice")
            for run in event.runs:
                self._runs[run.id] += 1
                if self._runs[run.id] > 1:
                    self.violate(f"run {run.id} was accepted twice")


class DeliveredOnce(Check):
    """S3: a run is delivered at most once, and what the store calls delivered really is there."""

    id = "S3"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        self._delivered: Counter[ParcelId] = Counter()

    def committed(self, commit: Commit, events: Sequence[Event]) -> None:
        for event in events:
            if not isinstance(event, ev.ParcelsDelivered):
                continue
            for parcel in event.parcel_ids:
                self._delivered[parcel] += 1
                really = self.glance.world.custody.get(parcel)
                if self._delivered[parcel] > 1:
                    self.violate(f"parcel {parcel} was recorded as delivered twice", event.vehicle_id)
                if really is None or (really.kind, really.holder) != (CustodyKind.POINT, event.point_id):
                    self.violate(f"parcel {parcel} is recorded at {event.point_id} but is {really}", event.vehicle_id)


class OnePlaceEach(Check):
    """S4: each parcel is in one place, and what the store says of it was true; in the end it is true."""

    id = "S4"

    def committed(self, commit: Commit, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case ev.ParcelsLoaded():
                    self._compare(event.parcel_ids, CustodyKind.VEHICLE, event.vehicle_id)
                case ev.ParcelsReturned():
                    self._compare(event.parcel_ids, CustodyKind.STATION, event.station_id)

    def _compare(self, parcels: tuple[ParcelId, ...], kind: CustodyKind, holder: str) -> None:
        for parcel in parcels:
            really = self.glance.world.custody.get(parcel)
            if really is None or (really.kind, really.holder) != (kind, holder):
                self.violate(f"parcel {parcel} is recorded at {kind} {holder} but is {really}")

    def ended(self, state: FleetState) -> None:
        rows = {
            ParcelId(str(row["parcel_id"])): row for row in self.glance.store.rows("custody", self.glance.roads.site.id)
        }
        for parcel in sorted(state.custody):
            custody = state.custody[parcel]
            really = self.glance.world.custody.get(parcel)
            if self._is_out_of_reach(state, custody):
                continue
            if custody.kind is not CustodyKind.ASSIST and custody != really:
                self.violate(f"parcel {parcel} ends as {custody} and is {really}")
            if (rows[parcel]["kind"], rows[parcel]["holder"]) != (custody.kind, custody.holder):
                self.violate(f"parcel {parcel}: table and state differ")
        for parcel in sorted(set(rows) - set(state.custody)):
            self._archived(parcel, rows[parcel])

    def _is_out_of_reach(self, state: FleetState, custody: Custody) -> bool:
        """Aboard a vehicle that left the site file, for which a person is called: nobody can hear what it does."""
        if custody.kind is not CustodyKind.VEHICLE or self.glance.is_listed(VehicleId(custody.holder)):
            return False
        subject = vehicle_subject(VehicleId(custody.holder))
        return state.open_assist(subject, AssistCause.VEHICLE_REMOVED) is not None

    def _archived(self, parcel: ParcelId, row: Row) -> None:
        """Only what is where it was to stay may have left the state."""
        really = self.glance.world.custody.get(parcel)
        is_true = really is not None and (row["kind"], row["holder"]) == (really.kind, really.holder)
        if row["kind"] in UNSETTLED or (row["kind"] in SETTLED and not is_true):
            self.violate(f"parcel {parcel} was archived at {row['kind']} {row['holder']} and is {really}")


class NeverReassigned(Check):
    """S5: what is aboard a vehicle never gets onto another one without a recorded transfer."""

    id = "S5"

    def moved(self, before: FleetState, after: FleetState) -> None:
        if before.custody is after.custody:
            return
        for run_id in after.open_runs:
            view = after.runs[run_id]
            for parcel in view.run.lot.parcel_ids[:1]:
                was, now = before.custody.get(parcel), after.custody[parcel]
                if was is None or was == now:
                    continue
                if was.kind is CustodyKind.VEHICLE and now.kind is CustodyKind.VEHICLE:
                    self.violate(f"parcel {parcel} moved from {was.holder} to {now.holder}")


class CancelledIsNotDelivered(Check):
    """S16: a run that was cancelled before loading is never loaded, one that was called back is never delivered."""

    id = "S16"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        self._cancelled: set[str] = set()
        self._recalled: set[str] = set()
        glance.world.observe(self._happened)

    def committed(self, commit: Commit, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case ev.RunCancelled():
                    self._cancelled.add(event.run_id)
                case ev.RunRecalled():
                    self._recalled.add(event.run_id)
                case ev.ParcelsDelivered() if event.run_id in self._cancelled | self._recalled:
                    self.violate(f"{event.run_id} was cancelled and is delivered", event.vehicle_id)

    def _happened(self, event: WorldEvent) -> None:
        if event.kind is WorldEventKind.PICKED and event.run in self._cancelled:
            self.violate(f"{event.run} was cancelled and is loaded", event.vehicle)
        is_handed_over = event.kind is WorldEventKind.DROPPED and event.place.startswith("point:")
        if is_handed_over and event.run in self._cancelled | self._recalled:
            self.violate(f"{event.run} was cancelled and is handed over at {event.place}", event.vehicle)


class EveryRunEnds(Check):
    """L1: in the end every accepted run is delivered, returned, cancelled, or waits for a person with a reason."""

    id = "L1"

    def ended(self, state: FleetState) -> None:
        subjects = {assist.subject for assist in state.assists.values()}
        for run_id in sorted(state.open_runs):
            view = state.runs[run_id]
            holders = {state.custody[parcel].holder for parcel in view.run.lot.parcel_ids}
            if view.trip_id is not None:
                holders.add(state.trip(view.trip_id).trip.vehicle_id)
            is_known = f"run:{run_id}" in subjects or any(f"vehicle:{holder}" in subjects for holder in holders)
            if view.phase in OPEN_PHASES and not is_known:
                self.violate(f"run {run_id} is still {view.phase} and nobody was called")
        for row in self.glance.store.rows("run", self.glance.roads.site.id):
            if row["phase"] == RunPhase.RETURNED and not row["cause"]:
                self.violate(f"run {row['run_id']} was returned and names no fault")
