"""All that is known now: the fold of the journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from immutables import Map

from fleet.errors import UnknownThingError
from fleet.model.assist import Assist
from fleet.model.custody import Custody, CustodyKind
from fleet.model.ids import AssistId, OrderId, ParcelId, PointId, RunId, TripId, VehicleId
from fleet.model.order import EndedOrder, Order
from fleet.model.place import Place
from fleet.model.run import HandedOn, Run, RunPhase
from fleet.model.trip import PlanCost, Trip, TripPhase, Unassigned
from fleet.model.twin import Twin

ARCHIVED, ARCHIVED_LATE = "archived", "archived_late"
"""Counters of runs that left the state, and of those among them that were handed over late."""

NO_COST = PlanCost(late_s=0.0, drive_s=0.0, trips=0, unassigned=0, total=0.0)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a person said of parcels that nobody was sure of."""

    parcel_ids: tuple[ParcelId, ...]
    at: CustodyKind
    holder: str
    why: str
    tries_again: bool = False

    def __str__(self) -> str:
        count = len(self.parcel_ids)
        where = "missing" if self.at is CustodyKind.MISSING else f"at {self.at}:{self.holder}"
        return f"{count} {'parcel' if count == 1 else 'parcels'} {where}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run and how far it has come.

    Attributes:
        trip_id: the trip that serves it, planned or begun.
        delivered_s: trade time at which the last of it was handed over.
        cause: why it is not delivered, where that is so.
        attempts: visits at which nobody took it.
        ended_s: trade time at which it was over.
        handed_on: parcels of it that a later run has now; where they are is that run's business.
        missing: parcels that a person looked for and did not find.
        settlements: what people said of its parcels, in their order.
    """

    run: Run
    accepted_s: float
    phase: RunPhase = RunPhase.REQUESTED
    trip_id: TripId | None = None
    delivered_s: float | None = None
    delivered_count: int = 0
    refused: tuple[ParcelId, ...] = ()
    recalled: str = ""
    cause: str = ""
    attempts: int = 0
    ended_s: float | None = None
    handed_on: tuple[HandedOn, ...] = ()
    missing: tuple[ParcelId, ...] = ()
    settlements: tuple[Settlement, ...] = ()

    @property
    def parcel_ids(self) -> tuple[ParcelId, ...]:
        """Its parcels, without those that a later run has now."""
        if not self.handed_on:
            return self.run.lot.parcel_ids
        gone = {parcel_id for handed in self.handed_on for parcel_id in handed.parcel_ids}
        return tuple(parcel_id for parcel_id in self.run.lot.parcel_ids if parcel_id not in gone)


@dataclass(frozen=True, slots=True)
class Visit:
    """A stop that a trip still has to make."""

    point_id: PointId
    run_ids: tuple[RunId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TripView:
    """A trip that has begun, or is planned to."""

    trip: Trip
    phase: TripPhase = TripPhase.PLANNED
    visits_left: tuple[Visit, ...] = ()
    started_s: float | None = None
    departed_s: float | None = None
    closed_s: float | None = None


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What an idempotency key was used for."""

    digest: str
    run_ids: tuple[RunId, ...]


@dataclass(frozen=True, slots=True)
class Closure:
    until_s: float
    why: str
    is_obstacle: bool = False


@dataclass(frozen=True, slots=True)
class SlowRoad:
    """A temporary speed limit, in force on all road that is released after `since_s`.

    Attributes:
        first_s: since when there has been one without a gap, for limits are replaced.
        loosest_mps: the loosest since then: none was ever released faster after `first_s`.
    """

    speed_mps: float
    since_s: float
    until_s: float
    why: str
    first_s: float
    loosest_mps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetState:
    """All that is known now. Values only; `apply` makes the next one.

    Attributes:
        roomy: vehicles with an order that were let into room beside their lane.
        assists_of: the open assists of each subject, in the order in which they were raised.
    """

    now_s: float = 0.0
    token: str = ""
    epoch: int = 0
    map_sha256: str = ""
    counters: Map[str, int] = field(default_factory=Map)
    twins: Map[VehicleId, Twin] = field(default_factory=Map)
    runs: Map[RunId, RunView] = field(default_factory=Map)
    open_runs: Map[RunId, None] = field(default_factory=Map)
    custody: Map[ParcelId, Custody] = field(default_factory=Map)
    trips: Map[TripId, TripView] = field(default_factory=Map)
    planned: Map[VehicleId, tuple[TripId, ...]] = field(default_factory=Map)
    orders: Map[OrderId, Order] = field(default_factory=Map)
    ended_orders: Map[VehicleId, tuple[EndedOrder, ...]] = field(default_factory=Map)
    reservations: Map[str, tuple[VehicleId, ...]] = field(default_factory=Map)
    roomy: Map[VehicleId, None] = field(default_factory=Map)
    closures: Map[str, Closure] = field(default_factory=Map)
    slow_roads: Map[str, SlowRoad] = field(default_factory=Map)
    assists: Map[AssistId, Assist] = field(default_factory=Map)
    assists_of: Map[str, tuple[AssistId, ...]] = field(default_factory=Map)
    keys: Map[str, RequestKey] = field(default_factory=Map)
    quarantine: Map[str, str] = field(default_factory=Map)
    plan_version: int = 0
    plan_cost: PlanCost = NO_COST
    plan_made_by: str = ""
    unassigned: Map[RunId, Unassigned] = field(default_factory=Map)

    def twin(self, vehicle_id: VehicleId) -> Twin:
        if (twin := self.twins.get(vehicle_id)) is None:
            raise UnknownThingError("vehicle", vehicle_id)
        return twin

    def run(self, run_id: RunId) -> RunView:
        if (view := self.runs.get(run_id)) is None:
            raise UnknownThingError("run", run_id)
        return view

    def trip(self, trip_id: TripId) -> TripView:
        if (view := self.trips.get(trip_id)) is None:
            raise UnknownThingError("trip", trip_id)
        return view

    def present_lots(self, run_id: RunId) -> Iterator[tuple[RunId, tuple[ParcelId, ...]]]:
        """The run's parcels by the runs that have them now: itself, and later ones in which they went out again."""
        view = self.run(run_id)
        yield run_id, view.parcel_ids
        for handed in view.handed_on:
            if handed.to_run not in self.runs:
                continue
            for later, parcel_ids in self.present_lots(handed.to_run):
                yield later, tuple(parcel_id for parcel_id in parcel_ids if parcel_id in handed.parcel_ids)

    def active_order(self, vehicle_id: VehicleId) -> Order | None:
        order_id = self.twin(vehicle_id).order_id
        return None if order_id is None else self.orders[order_id]

    def ended_order(self, vehicle_id: VehicleId, order_id: str) -> EndedOrder | None:
        """One of the last orders of the vehicle that are over."""
        return next((ended for ended in self.ended_orders.get(vehicle_id, ()) if ended.id == order_id), None)

    def planned_trips(self, vehicle_id: VehicleId) -> tuple[TripView, ...]:
        """Trips of the vehicle that have not begun, in order of departure."""
        return tuple(self.trips[trip_id] for trip_id in self.planned.get(vehicle_id, ()))

    def holds(self, resource: str, vehicle_id: VehicleId) -> bool:
        return vehicle_id in self.reservations.get(resource, ())

    def is_closed(self, road_key: str) -> bool:
        closure = self.closures.get(road_key)
        return closure is not None and closure.until_s > self.now_s

    def is_banned(self, road_key: str) -> bool:
        """Closed by people, not merely said to be blocked by a vehicle."""
        return self.is_closed(road_key) and not self.closures[road_key].is_obstacle

    def slow_road(self, road_key: str) -> SlowRoad | None:
        """The temporary limit that is in force on a road."""
        slow = self.slow_roads.get(road_key)
        return slow if slow is not None and slow.until_s > self.now_s else None

    def place_of(self, vehicle_id: VehicleId) -> Place | None:
        return self.twin(vehicle_id).place

    def open_assist(self, subject: str, cause: str) -> Assist | None:
        found = (self.assists[assist_id] for assist_id in self.assists_of.get(subject, ()))
        return next((assist for assist in found if assist.cause == cause), None)
