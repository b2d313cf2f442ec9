"""Vehicles: what they can carry, how fast, how far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fleet.model.ids import StationId, VehicleId, VehicleTypeId
from fleet.model.profile import NO_HABITS, STATE_INTERVAL_S_MAX, Habits, Learned

SAME = 0.01

LENGTH_M_MAX = 6.0
"""Of any vehicle: places where one may be left standing leave room for no longer ones."""


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


ORDER_INTERVAL_S_MAX = 60.0
"""Whoever takes an order more seldom stands at the end of each base."""


def misfits(configured: VehicleType, learned: Learned) -> Iterator[str]:
    """Where a vehicle says it is larger or weaker than its type in the site file, in words; it is sent no faster."""
    figures = (
        ("long", "m", learned.length_m, configured.length_m),
        ("wide", "m", learned.width_m, configured.width_m),
    )
    for word, unit, told, ours in figures:
        if told is not None and told > ours + SAME:
            yield f"it is {told:g} {unit} {word} by its factsheet, {ours:g} {unit} by the site file"
    if learned.speed_mps_max is not None and learned.speed_mps_max < configured.speed_mps_max - SAME:
        told_mps, our_mps = learned.speed_mps_max, configured.speed_mps_max
        yield f"it drives {told_mps:g} m/s at most by its factsheet, {our_mps:g} m/s by the site file"
    seconds = (
        ("says its state", "defaultStateInterval", learned.state_interval_s or 0.0, STATE_INTERVAL_S_MAX),
        ("takes an order", "minOrderInterval", learned.limits.order_interval_s_min, ORDER_INTERVAL_S_MAX),
    )
    for what, name, told_s, most_s in seconds:
        if told_s > most_s:
            yield f"it {what} every {told_s:g} s only by {name} of its factsheet, more than {most_s:g} s; see its unit"


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
