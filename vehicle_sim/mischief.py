"""Carries out a plan of faults on the vehicles, roads and clerks of one simulation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from fleet.model.ids import PointId, VehicleId
from vehicle_sim.faults import FaultEvent, FaultKind, FaultPlan
from vehicle_sim.timers import Timers
from vehicle_sim.vehicle import SimVehicle
from vehicle_sim.world import World

RETRY_S = 30.0
"""A road is blocked before a vehicle that is about to enter one; where it is not, a little later."""


class Mischief:
    """Faults at their times. What befalls broker and controller is handed to whoever runs those.

    Args:
        elsewhere: called for kinds that neither vehicles nor world know.

    Attributes:
        hits: how often each kind really befell somebody.
    """

    def __init__(
        self,
        plan: FaultPlan,
        timers: Timers,
        world: World,
        vehicles: Mapping[VehicleId, SimVehicle],
        elsewhere: Callable[[FaultEvent], None] | None = None,
    ) -> None:
        self._plan = plan
        self._timers = timers
        self._world = world
        self._vehicles = vehicles
        self._elsewhere = elsewhere
        self.hits: Counter[FaultKind] = Counter()

    def start(self) -> None:
        """Set a timer for each fault that is still to come."""
        now_s = self._timers.now_s()
        for event in self._plan.events:
            if event.at_s >= now_s:
                self._at(event.at_s, event)

    def _at(self, at_s: float, event: FaultEvent) -> None:
        self._timers.call_at(at_s, lambda: self._befall(event))

    def _befall(self, event: FaultEvent) -> None:
        match event.kind:
            case FaultKind.SILENCE:
                if vehicle := self._vehicles.get(VehicleId(event.target)):
                    vehicle.go_silent(event.for_s)
                    self.hits[event.kind] += 1
            case FaultKind.ROAD_BLOCKED:
                self._block(event)
            case FaultKind.CLERK_AWAY:
                self._world.staff.go_away(PointId(event.target), event.at_s + event.for_s)
                self.hits[event.kind] += 1
            case _:
                self.hits[event.kind] += 1
                if self._elsewhere:
                    self._elsewhere(event)

    def _block(self, event: FaultEvent) -> None:
        """Block a road by its key, or the next one that a vehicle is about to enter."""
        vehicle = self._vehicles.get(VehicleId(event.target))
        edge = vehicle.next_edge() if vehicle else self._world.ground.graph.edge_by_key(event.target)
        now_s = self._timers.now_s()
        if edge is not None:
            self._world.obstacles.block(edge, now_s + event.for_s)
            self.hits[event.kind] += 1
        elif vehicle and now_s + RETRY_S + event.for_s < self._plan.until_s:
            self._at(now_s + RETRY_S, event)
