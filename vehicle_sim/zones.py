"""The zones a vehicle was told of, and which roads they touch."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fleet.model.place import Place
from fleet.wire.messages import Zone, ZoneSet, ZoneSetState, ZoneType
from vehicle_sim.ground import Ground

LOOK_EVERY_M = 5.0


class Zones:
    """The zone sets of one vehicle. Of those of one map at most one counts at a time."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._sets: dict[str, ZoneSet] = {}
        self._enabled: dict[str, str] = {}
        self._speed_mps: dict[int, float] = {}

    def take(self, zone_set: ZoneSet) -> None:
        """Keep a zone set; it counts once it is enabled, or at once where it replaces one that counts."""
        self._sets[zone_set.zone_set_id] = zone_set
        self._speed_mps.clear()

    def enable(self, zone_set_id: str) -> bool:
        """Let a set count from now on; False where there is none of that id."""
        zone_set = self._sets.get(zone_set_id)
        if zone_set is None:
            return False
        self._enabled[zone_set.map_id] = zone_set_id
        self._speed_mps.clear()
        return True

    def delete(self, zone_set_id: str) -> bool:
        zone_set = self._sets.pop(zone_set_id, None)
        if zone_set is not None and self._enabled.get(zone_set.map_id) == zone_set_id:
            del self._enabled[zone_set.map_id]
        self._speed_mps.clear()
        return zone_set is not None

    def states(self) -> tuple[ZoneSetState, ...]:
        return tuple(
            ZoneSetState(zone_set_id=key, map_id=each.map_id, is_enabled=self._enabled.get(each.map_id) == key)
            for key, each in self._sets.items()
        )

    def speed_mps(self, edge: int) -> float:
        """How fast a road may be driven: infinite where no zone says otherwise, 0 where it is blocked."""
        if not self._enabled:
            return math.inf
        if edge not in self._speed_mps:
            self._speed_mps[edge] = self._slowest_on(edge)
        return self._speed_mps[edge]

    def _slowest_on(self, edge: int) -> float:
        zones = [zone for key in self._enabled.values() for zone in self._sets[key].zones]
        length_m = self._ground.length_m(edge)
        count = max(math.ceil(length_m / LOOK_EVERY_M), 1)
        poses = [self._ground.pose(Place(edge, length_m * (i + 0.5) / count)) for i in range(count)]
        touching = (zone for zone in zones if any(is_inside(zone.outline, x_m, y_m) for x_m, y_m, _ in poses))
        return min((_speed_mps(zone) for zone in touching), default=math.inf)


def is_inside(outline: Sequence[tuple[float, float]], x_m: float, y_m: float) -> bool:
    """Whether a point lies in a polygon: a ray from it crosses the outline an odd number of times."""
    inside = False
    for (ax_m, ay_m), (bx_m, by_m) in zip(outline, (*outline[1:], outline[0]), strict=True):
        if (ay_m > y_m) != (by_m > y_m) and x_m < ax_m + (y_m - ay_m) / (by_m - ay_m) * (bx_m - ax_m):
            inside = not inside
    return inside


def _speed_mps(zone: Zone) -> float:
    if zone.zone_type is ZoneType.BLOCKED:
        return 0.0
    return math.inf if zone.speed_mps_max is None else zone.speed_mps_max
