"""Vehicles: what they can carry, how fast, how far."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fleet.model.ids import StationId, VehicleId, VehicleTypeId
from fleet.model.profile import NO_HABITS, Habits

LENGTH_M_MAX = 6.0
"""Of any vehicle: places where one may be left standing leave room for no longer ones."""
WIDTH_M_MAX = 2.55
"""Of any vehicle: wider ones need a permit of their own on public roads (directive 96/53/EC, GB 1589)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """Energy on board and what driving takes of it.

    Drive energy is `length_m * (empty_wh_per_m + load_wh_per_m_kg * load_kg)`, standing costs `hotel_w`.

    Attributes:
        energy_wh: when full.
        reserve_fraction: never planned to fall below this share (0-1).
        reserve_m: and this much driving on top of it.
    """

    energy_wh: float
    empty_wh_per_m: float
    load_wh_per_m_kg: float
    hotel_w: float
    charge_w_max: float
    reserve_fraction: float
    reserve_m: float

    def drive_wh(self, length_m: float, load_kg: float) -> float:
        return length_m * (self.empty_wh_per_m + self.load_wh_per_m_kg * load_kg)

    def reserve_wh(self) -> float:
        return self.energy_wh * self.reserve_fraction + self.reserve_m * self.empty_wh_per_m

    def on_a_bad_day(self, consumption_factor: float) -> Battery:
        """The same battery where driving takes so many times as much: cold, wind, worn tyres."""
        return replace(
            self,
            empty_wh_per_m=self.empty_wh_per_m * consumption_factor,
            load_wh_per_m_kg=self.load_wh_per_m_kg * consumption_factor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleType:
    """What all vehicles of one type share.

    Attributes:
        road_classes: OSM highway values it may drive on.
        speed_mps_max: top speed.
        accel_mps2: speeding up and braking alike.
    """

    id: VehicleTypeId
    mass_kg_max: float
    volume_m3_max: float
    parcels_max: int
    speed_mps_max: float
    accel_mps2: float
    length_m: float
    width_m: float
    road_classes: frozenset[str]
    battery: Battery


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """One vehicle of the site, as the site file lists it; `habits` are those of its make."""

    id: VehicleId
    manufacturer: str
    serial_number: str
    vda5050_version: str
    interface_name: str
    type_id: VehicleTypeId
    home_station: StationId
    habits: Habits = NO_HABITS
