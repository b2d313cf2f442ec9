"""Where things are: a place on the road, stations, pickup points, chargers."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.model.ids import PointId, StationId


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the road: a directed edge of the road graph and the way driven on it.

    Attributes:
        edge: index of the directed edge.
        offset_m: along the edge from its start, 0 <= offset_m <= length of the edge.
    """

    edge: int
    offset_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A delivery station: parcels and vehicles start here.

    Attributes:
        lat, lon: WGS 84 degrees.
        loading_bays: vehicles that can be loaded at the same time.
        load_fixed_s: to load a trip, whatever its size.
        load_per_parcel_s: on top, for each parcel.
        chargers: vehicles that can charge at the same time.
        charger_w: power of one charger.
    """

    id: StationId
    name: str
    lat: float
    lon: float
    loading_bays: int
    load_fixed_s: float
    load_per_parcel_s: float
    chargers: int
    charger_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupPoint:
    """A neighbourhood pickup point: where runs end.

    Attributes:
        lat, lon: WGS 84 degrees.
        unload_fixed_s: a stop takes at least this long.
        unload_per_parcel_s: on top, for each parcel.
        staff_wait_s: expected wait until staff are at the door.
        no_show_s: how long a vehicle waits for staff before the unloading counts as failed.
    """

    id: PointId
    name: str
    lat: float
    lon: float
    unload_fixed_s: float
    unload_per_parcel_s: float
    staff_wait_s: float
    no_show_s: float

    def service_s(self, parcel_count: int) -> float:
        """Expected length of a stop that hands over `parcel_count` parcels."""
        return self.staff_wait_s + self.unload_fixed_s + self.unload_per_parcel_s * parcel_count
