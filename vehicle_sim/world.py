"""The ground truth: where each parcel, clerk and obstacle really is, whatever anybody believes.

Vehicles act here and nowhere else. An act that cannot be (parcels that are not there, a place where the vehicle is
not) fails; when only a wrong command can have led to it, it is also kept as a violation. Checkers listen to the
events; nothing here knows the controller.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fleet.model.custody import Custody, CustodyKind
from fleet.model.ids import ParcelId, PointId, RunId, StationId, VehicleId
from fleet.model.place import PickupPoint, Place, Station
from fleet.model.run import Run
from fleet.model.site import Site
from vehicle_sim.berths import Berths
from vehicle_sim.chronicle import Chronicle, Violation, WorldEvent, WorldEventKind
from vehicle_sim.finder import Finder
from vehicle_sim.ground import Ground
from vehicle_sim.obstacles import Obstacles
from vehicle_sim.staff import Staff
from vehicle_sim.timers import Timers

__all__ = ["Refused", "TrueLot", "Violation", "World", "WorldEvent", "WorldEventKind"]

PARCEL_KG = 1.2
STOP_REACH_M = 110.0
"""People carry parcels at most this far between a vehicle and their door: the snapping limit and a little."""


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


class World(Chronicle):
    """Parcels, and all that surrounds them.

    Attributes:
        invents_lots: a pick of an unknown run makes its lot, named as the controller names parcels without ids; for
            vehicles that serve a daemon whose runs nobody told us.
        custody: where each parcel is.
        lot_of: the run in which each parcel was handed in last; what comes back goes out again in another.
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
        super().__init__(timers)
        self.site = site
        self.ground = ground
        self.finder = Finder(ground)
        self.timers = timers
        self.invents_lots = invents_lots
        self.staff = Staff(site.points, timers, self, seed)
        self.staff.no_show_share, self.staff.no_show_until_s = no_show_share, no_show_until_s
        self.obstacles = Obstacles(ground, timers, self)
        self.berths = Berths(self)
        self.lots: dict[RunId, TrueLot] = {}
        self.custody: dict[ParcelId, Custody] = {}
        self.lot_of: dict[ParcelId, RunId] = {}
        self.delivered_at_s: dict[ParcelId, float] = {}
        self._places: dict[VehicleId, Callable[[], Place]] = {}
        self._aboard: dict[VehicleId, list[RunId]] = {}
        self._picked_by: dict[RunId, str] = {}
        self._door_xy = {f"station:{s.id}": _xy(ground, s) for s in site.stations.values()}
        self._door_xy |= {f"point:{p.id}": _xy(ground, p) for p in site.points.values()}

    def add_vehicle(self, vehicle_id: VehicleId, where: Callable[[], Place]) -> None:
        self._places[vehicle_id] = where
        self._aboard[vehicle_id] = []

    def expect(self, runs: Iterable[Run]) -> None:
        """These lots stand ready at their stations; parcels that were handed in before stay where they are."""
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

    def away_m(self, place: Place, stop_id: str) -> float:
        """How far a place is from the door of "station:..." or "point:..."."""
        x_m, y_m, _ = self.ground.pose(place)
        door_x_m, door_y_m = self._door_xy[stop_id]
        return math.hypot(x_m - door_x_m, y_m - door_y_m)

    def aboard_of(self, vehicle_id: VehicleId, run_id: RunId) -> tuple[ParcelId, ...]:
        lot = self.lots.get(run_id)
        mine = Custody(CustodyKind.VEHICLE, vehicle_id)
        return tuple(parcel for parcel in self.parcels_of(lot) if self.custody[parcel] == mine) if lot else ()

    def parcels_of(self, lot: TrueLot) -> tuple[ParcelId, ...]:
        """The lot's parcels, without those that were handed in again in a later one."""
        return tuple(parcel for parcel in lot.parcel_ids if self.lot_of[parcel] == lot.run_id)

    def lots_aboard(self, vehicle_id: VehicleId) -> list[TrueLot]:
        return [self.lots[run_id] for run_id in self._aboard[vehicle_id]]

    # ---- from station to vehicle

    def pick(
        self, vehicle_id: VehicleId, run_id: RunId, station_id: StationId, count: int, action_id: str
    ) -> int | Refused:
        """Load a lot; gives the number of parcels loaded."""
        refusal = self.pick_refusal(vehicle_id, run_id, station_id, count, action_id)
        if refusal:
            return self._refuse(vehicle_id, run_id, refusal)
        parcels = self.lots[run_id].parcel_ids
        self._move(parcels, CustodyKind.VEHICLE, vehicle_id)
        self._aboard[vehicle_id].append(run_id)
        self._picked_by[run_id] = action_id
        self.record(WorldEventKind.PICKED, vehicle=vehicle_id, run=run_id, parcels=parcels, place=station_id)
        return len(parcels)

    def pick_refusal(
        self, vehicle_id: VehicleId, run_id: RunId, station_id: StationId, count: int, action_id: str
    ) -> str:
        """Why this lot cannot be loaded here and now, or empty."""
        if station_id not in self.site.stations:
            return self._wrong("S3", vehicle_id, f"pick of {run_id}: there is no station {station_id!r}")
        if (away_m := self.away_m(self._places[vehicle_id](), f"station:{station_id}")) > STOP_REACH_M:
            return self._wrong("S3", vehicle_id, f"pick of {run_id} {away_m:.0f} m away from station {station_id}")
        lot = self.lots.get(run_id) or self._invented(run_id, station_id, count)
        if lot is None:
            return self._wrong("S1", vehicle_id, f"pick of {run_id}: nobody handed in such a lot")
        if count != len(lot.parcel_ids):
            return self._wrong("S4", vehicle_id, f"pick of {run_id}: {count} asked, it has {len(lot.parcel_ids)}")
        here = Custody(CustodyKind.STATION, station_id)
        elsewhere = {self.custody[parcel] for parcel in lot.parcel_ids} - {here}
        is_aboard = elsewhere == {Custody(CustodyKind.VEHICLE, vehicle_id)}
        if is_aboard and self._picked_by.get(run_id) == action_id:  # the same order again, after a restart forgot it
            return f"pick of {run_id}: it is aboard already"
        if elsewhere:
            held = min(f"{custody.kind} {custody.holder}" for custody in elsewhere)
            check = "S3" if any(custody.kind is CustodyKind.POINT for custody in elsewhere) else "S4"
            return self._wrong(check, vehicle_id, f"pick of {run_id} at {station_id}: its parcels are at {held}")
        return ""

    # ---- from vehicle to point or station

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
            self.delivered_at_s.update(dict.fromkeys(parcels, self.timers.now_s()))
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

    # ---- within

    def _add_lot(self, lot: TrueLot) -> None:
        self.lots[lot.run_id] = lot
        new = tuple(parcel for parcel in lot.parcel_ids if parcel not in self.custody)
        self._move(new, CustodyKind.STATION, lot.station_id)
        self.lot_of.update(dict.fromkeys(lot.parcel_ids, lot.run_id))

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
        self.custody.update(dict.fromkeys(parcels, Custody(kind, holder)))

    def _refuse(self, vehicle_id: VehicleId, run_id: RunId, reason: str) -> Refused:
        self.record(WorldEventKind.REFUSED, vehicle=vehicle_id, run=run_id, detail=reason)
        return Refused(reason)

    def _wrong(self, check: str, vehicle_id: VehicleId, detail: str) -> str:
        self.violate(check, vehicle_id, detail)
        return detail


def _xy(ground: Ground, door: Station | PickupPoint) -> tuple[float, float]:
    x_m, y_m = ground.graph.plane.to_xy(door.lat, door.lon)
    return float(x_m), float(y_m)
