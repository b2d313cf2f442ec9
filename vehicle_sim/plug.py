"""Charging at a station's charger."""

from __future__ import annotations

import math

from fleet.model.ids import VehicleId
from fleet.model.place import Station
from vehicle_sim.driver import Driver
from vehicle_sim.world import STOP_REACH_M, World, WorldEventKind


class Plug:
    """The plug of one vehicle.

    Attributes:
        fault: "fails": no charging begins, and it says so; "mute": nor does it here, but nothing is said.
    """

    def __init__(self, vehicle_id: VehicleId, driver: Driver, world: World) -> None:
        self._vehicle_id = vehicle_id
        self._driver = driver
        self._world = world
        self._station: Station | None = None
        self.fault = ""
        self._since_wh = 0.0
        self._charged_wh = 0.0

    @property
    def is_charging(self) -> bool:
        return self._station is not None

    @property
    def charged_wh(self) -> float:
        """Gained at chargers in all, up to this moment."""
        present_wh = self._driver.energy_wh() - self._since_wh if self.is_charging else 0.0
        return self._charged_wh + present_wh

    def start(self) -> str:
        """Begin to charge; gives why not, or empty."""
        if self.is_charging:
            return ""
        if self._driver.is_driving:
            return "driving"
        station = self._station_here()
        if station is None:
            return "no charger here"
        if self.fault:
            return "the charger gives no power" if self.fault == "fails" else ""
        self._station = station
        self._world.berths.occupy(f"charger:{station.id}", self._vehicle_id, station.chargers)
        battery = self._driver.type.battery
        self._driver.draw(battery.hotel_w - min(station.charger_w, battery.charge_w_max))
        self._since_wh = self._driver.charge.energy_wh
        self._driver.refilled()
        self._world.record(WorldEventKind.CHARGING_STARTED, vehicle=self._vehicle_id, place=station.id)
        return ""

    def stop(self) -> None:
        station, self._station = self._station, None
        if station is None:
            return
        self._driver.draw(self._driver.type.battery.hotel_w)
        self._charged_wh += self._driver.charge.energy_wh - self._since_wh
        self._world.berths.vacate(f"charger:{station.id}", self._vehicle_id)
        self._world.record(WorldEventKind.CHARGING_STOPPED, vehicle=self._vehicle_id, place=station.id)

    def _station_here(self) -> Station | None:
        here = self._driver.here()
        reach = ((self._world.away_m(here, f"station:{s.id}"), s.id) for s in self._world.site.stations.values())
        away_m, station_id = min(reach, default=(math.inf, ""))
        station = next((s for s in self._world.site.stations.values() if s.id == station_id), None)
        return station if station and away_m <= STOP_REACH_M and station.chargers else None
