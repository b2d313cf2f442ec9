"""Carries out a plan of faults on the vehicles, roads and clerks of one simulation."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping

from fleet.model.ids import PointId, VehicleId
from fleet.model.place import Place
from fleet.wire.messages import OperatingMode
from vehicle_sim.faults import FaultEvent, FaultKind, FaultPlan
from vehicle_sim.lawful import Law
from vehicle_sim.timers import Timers
from vehicle_sim.vehicle import SimVehicle
from vehicle_sim.world import World, WorldEventKind

RETRY_S = 30.0
"""A road is blocked before a vehicle that is about to enter one; where it is not, a little later."""
WATCH_S = 5.0
"""Parcels change hands for a minute or two; so often it is looked whether they do."""


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
        self.hits: Counter[str] = Counter()

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
                    self.hits[event.kind.value] += 1
            case FaultKind.ROAD_BLOCKED:
                self._block(event)
            case FaultKind.CLERK_AWAY:
                self._world.staff.go_away(PointId(event.target), event.at_s + event.for_s)
                self.hits[event.kind.value] += 1
            case FaultKind.CRASH | FaultKind.BROKER_DOWN:
                self.hits[event.kind.value] += 1
                if self._elsewhere:
                    self._elsewhere(event)
            case FaultKind.OPERATOR | FaultKind.ROADWORKS:
                if self._elsewhere:
                    self._elsewhere(event)
            case _:
                if vehicle := self._vehicles.get(VehicleId(event.target)):
                    self._upset(event, vehicle)

    def _block(self, event: FaultEvent) -> None:
        """Block a road by its key, or the next one that a vehicle is about to enter."""
        vehicle = self._vehicles.get(VehicleId(event.target))
        edge = vehicle.next_edge() if vehicle else self._world.ground.graph.edge_by_key(event.target)
        now_s = self._timers.now_s()
        if edge is not None:
            self._world.obstacles.block(edge, now_s + event.for_s)
            self.hits[event.kind.value] += 1
        elif vehicle and now_s + RETRY_S + event.for_s < self._plan.until_s:
            self._at(now_s + RETRY_S, event)

    # ---- what befalls a vehicle itself

    def _upset(self, event: FaultEvent, vehicle: SimVehicle) -> None:
        ill = vehicle.ailments
        match event.kind:
            case FaultKind.REBOOT if event.variant == "mid_handover" and not vehicle.handling.has_hands_at_work:
                self._later(event, WATCH_S)
                return
            case FaultKind.REBOOT:
                ill.reboot(event.variant, event.for_s)
            case FaultKind.MANUAL:
                ill.go_manual(event.for_s, clears=event.variant == "clears")
            case FaultKind.TOWED:
                ill.go_manual(event.for_s)
                self._timers.call_at(self._timers.now_s() + event.for_s / 2.0, lambda: self._tow(event, vehicle))
                return
            case FaultKind.STOPPED:
                ill.stop(event.variant, event.for_s)
            case FaultKind.ORDERS_REFUSED:
                ill.refuse(event.variant, event.for_s)
            case FaultKind.CHARGER_DEAD:
                ill.break_charger(event.variant, event.for_s)
            case FaultKind.BATTERY_SAG:
                ill.sag()
            case FaultKind.CLOCK_WRONG:
                ill.set_clock_wrong(event.variant, event.for_s)
        self._note(event)

    def _note(self, event: FaultEvent) -> None:
        self.hits[event.name] += 1
        self._world.record(WorldEventKind.TROUBLE, vehicle=event.target, detail=f"{event.name} {event.for_s:.0f} s")

    def _later(self, event: FaultEvent, wait_s: float) -> None:
        at_s = self._timers.now_s() + wait_s
        if at_s + event.for_s < self._plan.until_s:
            self._at(at_s, event)

    def _tow(self, event: FaultEvent, vehicle: SimVehicle) -> None:
        """Set it down elsewhere; not while people are at its doors."""
        if not vehicle.ailments.can_be_moved:
            if vehicle.mode is not OperatingMode.AUTOMATIC:
                self._timers.call_at(self._timers.now_s() + WATCH_S, lambda: self._tow(event, vehicle))
            return
        place, home_node_id = vehicle.home
        match event.variant:
            case "home":
                vehicle.ailments.is_towed(place, home_node_id)
            case "no_node":
                vehicle.ailments.is_towed(self._somewhere(event, vehicle), "")
            case _:
                vehicle.ailments.is_towed(self._somewhere(event, vehicle), None)
        self._note(event)

    def _somewhere(self, event: FaultEvent, vehicle: SimVehicle) -> Place:
        """A lawful place to stand, on any road that is open to it."""
        graph = self._world.ground.graph
        rng = random.Random(f"tow:{event.target}:{event.at_s}")
        law = Law(graph, vehicle.type.road_classes)
        edges = [edge for edge in range(graph.edge_count) if law.may_use(edge)]
        while True:
            place = graph.stop_place(rng.choice(edges))
            if place is not None:
                return place
