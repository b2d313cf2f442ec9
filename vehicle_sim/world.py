"""The ground truth: where each parcel, clerk and obstacle really is, whatever anybody believes.

Vehicles act here and nowhere else. An act that cannot be (parcels that are not there, a place where the vehicle is
not) fails; when only a wrong command can have led to it, it is also kept as a violation. Checkers listen to the
events; nothing here knows the controller.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from fleet.model.custody import Custody, CustodyKind
from fleet.model.ids import ParcelId, PointId, RunId, StationId, VehicleId
from fleet.model.place import PickupPoint, Place, Station
from fleet.model.run import Run
from fleet.model.site import Site
from vehicle_sim.ground import Ground
from vehicle_sim.timers import Timers

PARCEL_KG = 1.2
STOP_REACH_M = 110.0
"""People carry parcels at most this far between a vehicle and their door: the snapping limit and a little."""
STAFF_WAIT_SIGMA = 0.8


class WorldEventKind(StrEnum):
    PICKED = "picked"
    DROPPED = "dropped"
    REFUSED = "refused"
    STAFF_MISSING = "staff_missing"
    EDGE_ENTERED = "edge_entered"
    STOOD_FOR_BASE = "stood_for_base"
    CHARGING_STARTED = "charging_started"
    CHARGING_STOPPED = "charging_stopped"
    ROAD_BLOCKED = "road_blocked"
    ROAD_OPENED = "road_opened"
    CLERK_AWAY = "clerk_away"
    SILENT = "silent"
    HEARD = "heard"
    ORDER_REJECTED = "order_rejected"
    BATTERY_EMPTY = "battery_empty"
    OVERFLOW = "overflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldEvent:
    """Something that physically happened. Empty fields do not apply."""

    time_s: float
    kind: WorldEventKind
    vehicle: str = ""
    run: str = ""
    parcels: tuple[ParcelId, ...] = ()
    place: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must never happen; `check` is an invariant's id."""

    time_s: float
    check: str
    vehicle: str
    detail: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An act that cannot be, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueLot:
    """A lot as it really is; `point_id` is None where nobody told us the destination."""

    run_id: RunId
    station_id: StationId
    point_id: PointId | None
    parcel_ids: tuple[ParcelId, ...]
    mass_kg: float


class World:
    """Parcels, staff, bays, chargers and roads.

    Args:
        no_show_share: share of visits at which no staff come at all, before `no_show_until_s`.
        invents_lots: a pick of an unknown run makes its lot, named as the controller names parcels without ids; for
            vehicles that serve a daemon whose runs nobody told us.
    """

    def __init__(
        self,
        site: Site,
        ground: Ground,
        timers: Timers,
        seed: int = 0,
        *,
        no_show_share: float = 0.0,
        no_show_until_s: float = math.inf,
        invents_lots: bool = False,
    ) -> None:
        self.site = site
        self.ground = ground
        self.timers = timers
        self.no_show_share = no_show_share
        self.no_show_until_s = no_show_until_s
        self.invents_lots = invents_lots
        self.lots: dict[RunId, TrueLot] = {}
        self.custody: dict[ParcelId, Custody] = {}
        self.delivered_at_s: dict[ParcelId, float] = {}
        self.violations: list[Violation] = []
        self.counts: Counter[WorldEventKind] = Counter()
        self._seed = seed
        self._observers: list[Callable[[WorldEvent], None]] = []
        self._places: dict[VehicleId, Callable[[], Place]] = {}
        self._aboard: dict[VehicleId, list[RunId]] = {}
        self._visits: Counter[PointId] = Counter()
        self._away_until_s: dict[PointId, float] = {}
        self._blocked: Counter[int] = Counter()
        self._held: dict[str, list[VehicleId]] = {}
        self._on_road_opened: list[Callable[[int], None]] = []
        self._door_xy = {f"station:{s.id}": _xy(ground, s) for s in site.stations.values()}
        self._door_xy |= {f"point:{p.id}": _xy(ground, p) for p in site.points.values()}

    # ---- who is told, who is here

    def observe(self, observer: Callable[[WorldEvent], None]) -> None:
        self._observers.append(observer)

    def record(self, kind: WorldEventKind, **fields: object) -> None:
        event = WorldEvent(time_s=self.timers.now_s(), kind=kind, **fields)  # type: ignore[arg-type]  # same names
        self.counts[kind] += 1
        for observer in self._observers:
            observer(event)

    def violate(self, check: str, vehicle: str, detail: str) -> None:
        self.violations.append(Violation(self.timers.now_s(), check, vehicle, detail))

    def add_vehicle(self, vehicle_id: VehicleId, where: Callable[[], Place]) -> None:
        self._places[vehicle_id] = where
        self._aboard[vehicle_id] = []

    def expect(self, runs: Iterable[Run]) -> None:
        """These lots stand ready at their stations."""
        for run in runs:
            self._add_lot(
                TrueLot(
                    run_id=run.id,
                    station_id=run.station_id,
                    point_id=run.point_id,
                    parcel_ids=run.lot.parcel_ids,
                    mass_kg=run.lot.mass_kg,
                )
            )

    # ---- parcels

    def pick(self, vehicle_id: VehicleId, run_id: RunId, station_id: StationId, count: int) -> int | Refused:
        """Load a lot; gives the number of parcels loaded."""
        refusal = self.pick_refusal(vehicle_id, run_id, station_id, count)
        if refusal:
            return self._refuse(vehicle_id, run_id, refusal)
        parcels = self.lots[run_id].parcel_ids
        self._move(parcels, CustodyKind.VEHICLE, vehicle_id)
        self._aboard[vehicle_id].append(run_id)
        self.record(WorldEventKind.PICKED, vehicle=vehicle_id, run=run_id, parcels=parcels, place=station_id)
        return len(parcels)

    def pick_refusal(self, vehicle_id: VehicleId, run_id: RunId, station_id: StationId, count: int) -> str:
        """Why this lot cannot be loaded here and now, or empty."""
        if station_id not in self.site.stations:
            return self._wrong("S3", vehicle_id, f"pick of {run_id}: there is no station {station_id!r}")
        if (away_m := self.away_m(self._places[vehicle_id](), f"station:{station_id}")) > STOP_REACH_M:
            return self._wrong("S3", vehicle_id, f"pick of {run_id} {away_m:.0f} m away from station {station_id}")
        lot = self.lots.get(run_id) or self._invented(run_id, station_id, count)
        if lot is None:
            return self._wrong("S1", vehicle_id, f"pick of {run_id}: nobody handed in such a lot")
        if count != len(lot.parcel_ids):
            return self._wrong("S4", vehicle_id, f"pick of {run_id}: {count} parcels asked, it has {lot.parcel_ids}")
        here = Custody(CustodyKind.STATION, station_id)
        elsewhere = {self.custody[parcel] for parcel in lot.parcel_ids} - {here}
        if elsewhere:
            held = min(f"{custody.kind} {custody.holder}" for custody in elsewhere)
            check = "S3" if any(custody.kind is CustodyKind.POINT for custody in elsewhere) else "S4"
            return self._wrong(check, vehicle_id, f"pick of {run_id} at {station_id}: its parcels are at {held}")
        return ""

    def drop(self, vehicle_id: VehicleId, run_id: RunId, stop_id: str) -> int | Refused:
        """Hand over what is aboard of a lot, at "station:..." or "point:..."; gives the number of parcels."""
        refusal = self.drop_refusal(vehicle_id, run_id, stop_id)
        if refusal:
            return self._refuse(vehicle_id, run_id, refusal)
        kind, _, holder = stop_id.partition(":")
        parcels = self.aboard_of(vehicle_id, run_id)
        self._move(parcels, CustodyKind.POINT if kind == "point" else CustodyKind.STATION, holder)
        self._aboard[vehicle_id].remove(run_id)
        if kind == "point":
            for parcel in parcels:
                self.delivered_at_s[parcel] = self.timers.now_s()
        self.record(WorldEventKind.DROPPED, vehicle=vehicle_id, run=run_id, parcels=parcels, place=stop_id)
        return len(parcels)

    def drop_refusal(self, vehicle_id: VehicleId, run_id: RunId, stop_id: str) -> str:
        """Why this lot cannot be handed over here and now, or empty."""
        if stop_id not in self._door_xy:
            return self._wrong("S3", vehicle_id, f"drop of {run_id}: there is no {stop_id}")
        if (away_m := self.away_m(self._places[vehicle_id](), stop_id)) > STOP_REACH_M:
            return self._wrong("S3", vehicle_id, f"drop of {run_id} {away_m:.0f} m away from {stop_id}")
        if not self.aboard_of(vehicle_id, run_id):
            return self._wrong("S3", vehicle_id, f"drop of {run_id} at {stop_id}: nothing of it is aboard")
        point_id = self.lots[run_id].point_id
        if stop_id.startswith("point:") and point_id is not None and stop_id != f"point:{point_id}":
            return self._wrong("S3", vehicle_id, f"drop of {run_id} at {stop_id}, but it is for point:{point_id}")
        return ""

    def aboard_of(self, vehicle_id: VehicleId, run_id: RunId) -> tuple[ParcelId, ...]:
        lot = self.lots.get(run_id)
        mine = Custody(CustodyKind.VEHICLE, vehicle_id)
        return tuple(parcel for parcel in lot.parcel_ids if self.custody[parcel] == mine) if lot else ()

    def lots_aboard(self, vehicle_id: VehicleId) -> list[TrueLot]:
        return [self.lots[run_id] for run_id in self._aboard[vehicle_id]]

    # ---- staff

    def staff_wait_s(self, vehicle_id: VehicleId, point_id: PointId) -> float:
        """How long a vehicle that has just stopped here waits for staff; infinite where nobody comes."""
        self._visits[point_id] += 1
        rng = random.Random(f"{self._seed}:{point_id}:{self._visits[point_id]}")
        median_s = self.site.points[point_id].staff_wait_s
        wait_s = math.exp(rng.gauss(math.log(median_s), STAFF_WAIT_SIGMA)) if median_s > 0 else 0.0
        if rng.random() < self.no_show_share and self.timers.now_s() < self.no_show_until_s:
            wait_s = math.inf
        away_s = self._away_until_s.get(point_id, -math.inf) - self.timers.now_s()
        return max(wait_s, away_s)

    def clerk_away(self, point_id: PointId, until_s: float) -> None:
        """Nobody opens at this point until then."""
        self._away_until_s[point_id] = max(until_s, self._away_until_s.get(point_id, until_s))
        self.record(WorldEventKind.CLERK_AWAY, place=point_id)

    # ---- bays and chargers

    def occupy(self, resource: str, vehicle_id: VehicleId, capacity: int) -> None:
        """Stand in a bay or at a charger; one vehicle too many shows a wrong command."""
        held = self._held.setdefault(resource, [])
        if vehicle_id not in held:
            held.append(vehicle_id)
        if len(held) > capacity:
            self.record(WorldEventKind.OVERFLOW, vehicle=vehicle_id, place=resource)
            self._wrong("S13", vehicle_id, f"{resource} has {capacity} places and holds {', '.join(held)}")

    def vacate(self, resource: str, vehicle_id: VehicleId) -> None:
        held = self._held.get(resource, [])
        if vehicle_id in held:
            held.remove(vehicle_id)

    # ---- roads

    def block(self, edge: int, until_s: float) -> None:
        """Something stands on the road until then."""
        self._blocked[edge] += 1
        self.record(WorldEventKind.ROAD_BLOCKED, place=self.ground.key(edge))
        self.timers.call_at(until_s, lambda: self._open(edge))

    def is_blocked(self, edge: int) -> bool:
        return self._blocked[edge] > 0

    def on_road_opened(self, listener: Callable[[int], None]) -> None:
        self._on_road_opened.append(listener)

    def _open(self, edge: int) -> None:
        self._blocked[edge] -= 1
        if not self._blocked[edge]:
            self.record(WorldEventKind.ROAD_OPENED, place=self.ground.key(edge))
            for listener in self._on_road_opened:
                listener(edge)

    # ---- within

    def _add_lot(self, lot: TrueLot) -> None:
        self.lots[lot.run_id] = lot
        for parcel in lot.parcel_ids:
            self.custody[parcel] = Custody(CustodyKind.STATION, lot.station_id)

    def _invented(self, run_id: RunId, station_id: StationId, count: int) -> TrueLot | None:
        if not self.invents_lots or count < 1:
            return None
        parcels = tuple(ParcelId(f"{run_id}.{i:03d}") for i in range(1, count + 1))
        lot = TrueLot(
            run_id=run_id, station_id=station_id, point_id=None, parcel_ids=parcels, mass_kg=count * PARCEL_KG
        )
        self._add_lot(lot)
        return lot

    def _move(self, parcels: tuple[ParcelId, ...], kind: CustodyKind, holder: str) -> None:
        for parcel in parcels:
            self.custody[parcel] = Custody(kind, holder)

    def away_m(self, place: Place, stop_id: str) -> float:
        """How far a place is from the door of "station:..." or "point:..."."""
        x_m, y_m, _ = self.ground.pose(place)
        door_x_m, door_y_m = self._door_xy[stop_id]
        return math.hypot(x_m - door_x_m, y_m - door_y_m)

    def _refuse(self, vehicle_id: VehicleId, run_id: RunId, reason: str) -> Refused:
        self.record(WorldEventKind.REFUSED, vehicle=vehicle_id, run=run_id, detail=reason)
        return Refused(reason)

    def _wrong(self, check: str, vehicle_id: VehicleId, detail: str) -> str:
        self.violate(check, vehicle_id, detail)
        return detail


def _xy(ground: Ground, door: Station | PickupPoint) -> tuple[float, float]:
    x_m, y_m = ground.graph.plane.to_xy(door.lat, door.lon)
    return float(x_m), float(y_m)
