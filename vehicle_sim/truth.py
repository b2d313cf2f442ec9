"""What really happened, written down as JSON: where each parcel is, what each vehicle did, what must never be."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from fleet.clock import utc_text
from fleet.model.custody import Custody, CustodyKind
from fleet.model.ids import VehicleId
from vehicle_sim.timers import Timers
from vehicle_sim.vehicle import SimVehicle
from vehicle_sim.world import TrueLot, World, WorldEvent, WorldEventKind

SAMPLE_S = 10.0

Sample = tuple[float, float, float]


class LotTruth(TypedDict):
    station: str
    point: str | None
    parcels: int
    at: dict[str, int]
    delivered_s: float | None


class VehicleTruth(TypedDict):
    km: float
    energy_kwh: float
    charged_kwh: float
    soc_fraction: float
    stops_for_want_of_base: int
    states_sent: int
    way: list[Sample]


class Truth:
    """Keeps a record of the world while it turns.

    Args:
        samples: also keep where each vehicle was every `SAMPLE_S` seconds, for maps and replays.
    """

    def __init__(
        self, world: World, vehicles: Mapping[VehicleId, SimVehicle], timers: Timers, *, samples: bool = True
    ) -> None:
        self._world = world
        self._vehicles = vehicles
        self._timers = timers
        self.events: list[WorldEvent] = []
        self.driven: list[WorldEvent] = []
        self.ways: defaultdict[VehicleId, list[Sample]] = defaultdict(list)
        world.observe(self._note)
        if samples:
            self._sample()

    def as_json(self) -> dict[str, object]:
        """The whole record; keys stay as they are, others may be added."""
        lots = {lot.run_id: self._lot(lot) for lot in self._world.lots.values()}
        vehicles = {vehicle_id: self._vehicle(vehicle) for vehicle_id, vehicle in self._vehicles.items()}
        return {
            "schema": 1,
            "at": utc_text(self._timers.now_s()),
            "runs": lots,
            "parcels": self._parcels(),
            "vehicles": vehicles,
            "km": round(sum(each["km"] for each in vehicles.values()), 3),
            "energy_kwh": round(sum(each["energy_kwh"] for each in vehicles.values()), 3),
            "stops_for_want_of_base": sum(each["stops_for_want_of_base"] for each in vehicles.values()),
            "violations": [
                {"time_s": v.time_s, "check": v.check, "vehicle": v.vehicle, "detail": v.detail}
                for v in self._world.violations
            ],
            "events": [_event_json(event) for event in self.events],
            "driven_edges": [[round(event.time_s, 3), event.vehicle, event.place] for event in self.driven],
        }

    def write(self, path: Path) -> None:
        """Replace the file in one step, so that a reader never sees half of it."""
        draft = path.with_name(f"{path.name}.new")
        draft.write_text(json.dumps(self.as_json()), encoding="utf-8")
        draft.replace(path)

    def _note(self, event: WorldEvent) -> None:
        (self.driven if event.kind is WorldEventKind.EDGE_ENTERED else self.events).append(event)

    def _sample(self) -> None:
        now_s = self._timers.now_s()
        for vehicle in self._vehicles.values():
            lat, lon = self._world.ground.graph.latlon_at(vehicle.driver.here())
            way = self.ways[vehicle.id]
            if not way or way[-1][1:] != (round(lat, 6), round(lon, 6)):
                way.append((round(now_s, 1), round(lat, 6), round(lon, 6)))
        self._timers.call_at(now_s + SAMPLE_S, self._sample)

    def _parcels(self) -> dict[str, int]:
        kinds = Counter(custody.kind for custody in self._world.custody.values())
        return {
            "total": len(self._world.custody),
            "delivered": kinds[CustodyKind.POINT],
            "at_station": kinds[CustodyKind.STATION],
            "aboard": kinds[CustodyKind.VEHICLE],
        }

    def _lot(self, lot: TrueLot) -> LotTruth:
        mine = self._world.parcels_of(lot)
        at = Counter(self._world.custody[parcel] for parcel in mine)
        if handed_on := len(lot.parcel_ids) - len(mine):  # they lay at the station when they were handed in again
            at[Custody(CustodyKind.STATION, lot.station_id)] += handed_on
        times = [self._world.delivered_at_s.get(parcel) for parcel in mine] + [None] * handed_on
        known = [time_s for time_s in times if time_s is not None]
        return {
            "station": lot.station_id,
            "point": lot.point_id,
            "parcels": len(lot.parcel_ids),
            "at": {f"{custody.kind}:{custody.holder}": count for custody, count in at.items()},
            "delivered_s": max(known) if len(known) == len(times) else None,
        }

    def _vehicle(self, vehicle: SimVehicle) -> VehicleTruth:
        driver = vehicle.driver
        begun_wh = driver.energy_at_start_wh + vehicle.plug.charged_wh
        return {
            "km": round(driver.odometer_m / 1000.0, 3),
            "energy_kwh": round((begun_wh - driver.energy_wh()) / 1000.0, 3),
            "charged_kwh": round(vehicle.plug.charged_wh / 1000.0, 3),
            "soc_fraction": round(driver.energy_wh() / vehicle.type.battery.energy_wh, 4),
            "stops_for_want_of_base": driver.stops_for_want_of_base,
            "states_sent": vehicle.voice.states_sent,
            "way": self.ways[vehicle.id],
        }


def _event_json(event: WorldEvent) -> dict[str, object]:
    return {
        "time_s": round(event.time_s, 3),
        "kind": event.kind,
        "vehicle": event.vehicle,
        "run": event.run,
        "parcels": len(event.parcels),
        "place": event.place,
        "detail": event.detail,
    }
