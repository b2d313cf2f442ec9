"""Drives along the order a vehicle holds: from edge to edge, to the end of the base, around nothing.

Discrete events only: the end of each edge, the end of each braking. What lies between is computed on demand. A
vehicle brakes for the end of its base only if nothing further was released by the time it gets there.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Protocol

from fleet.model.ids import VehicleId
from fleet.model.place import Place
from fleet.model.vehicle import VehicleType
from fleet.wire.messages import OrderNode
from vehicle_sim.ground import Ground
from vehicle_sim.held_order import HeldOrder, Hop
from vehicle_sim.motion import Charge, Roll, change_loss_s, empty_at_s
from vehicle_sim.timers import Timer, Timers
from vehicle_sim.world import World, WorldEventKind

ARRIVED_M = 0.05


class Phase(StrEnum):
    STANDING = "standing"
    ROLLING = "rolling"
    BRAKING = "braking"  # at the end of an edge, because something there makes it stop
    HALTING = "halting"  # between nodes, because somebody said stop


class Rider(Protocol):
    """Who rides along and decides; the vehicle."""

    def touched(self) -> None:
        """Something worth telling has changed."""
        ...

    def entered(self, hop: Hop) -> None:
        """Drives onto a piece of its way."""
        ...

    def arrived(self, node: OrderNode) -> None:
        """Stands at a node with actions to be done."""
        ...

    def stood(self) -> None:
        """Has come to a stand."""
        ...

    def may_move(self) -> bool:
        """Nobody holds the vehicle back."""
        ...

    def load_kg(self) -> float: ...

    def zone_speed_mps(self, edge: int) -> float:
        """How fast zones let a road be driven; 0 where they block it."""
        ...


class Driver:
    """The wheels and the battery of one vehicle.

    Attributes:
        place: where it stands, or where the present roll began.
        odometer_m: driven in all.
        blocked_at: the edge it waits for, if an obstacle is on it.
        stops_for_want_of_base: stands that a longer base would have spared.
    """

    def __init__(
        self,
        vehicle_id: VehicleId,
        vehicle_type: VehicleType,
        world: World,
        place: Place,
        soc_fraction: float,
        rider: Rider,
    ) -> None:
        self.vehicle_id = vehicle_id
        self.type = vehicle_type
        self.place = place
        self.phase = Phase.STANDING
        self.order: HeldOrder | None = None
        self.odometer_m = 0.0
        self.driven_wh = 0.0
        self.blocked_at: Hop | None = None
        self.stops_for_want_of_base = 0
        self.is_empty = False
        self._has_sagged = False
        self._runs_dry = False
        self._world = world
        self._ground: Ground = world.ground
        self._timers: Timers = world.timers
        self._rider = rider
        self._roll: Roll | None = None
        self._timer: Timer | None = None
        self._brake_from_mps = 0.0
        self._brake_since_s = 0.0
        battery = vehicle_type.battery
        self.charge = Charge(battery.energy_wh * soc_fraction, self._timers.now_s(), battery.hotel_w, battery.energy_wh)
        self.energy_at_start_wh = self.charge.energy_wh
        world.obstacles.on_opened(self._road_opened)

    # ---- what others ask

    @property
    def is_driving(self) -> bool:
        return self.phase is not Phase.STANDING

    def here(self) -> Place:
        """Where the vehicle is at this moment."""
        if self._roll is None:
            return self.place
        return Place(self._roll.edge, self._roll.offset_m(self._timers.now_s()))

    def speed_mps(self) -> float:
        return self._roll.speed_at_mps(self._timers.now_s()) if self._roll else 0.0

    def energy_wh(self) -> float:
        """What is in the battery at this moment."""
        now_s = self._timers.now_s()
        used_wh = 0.0
        if self._roll is not None:
            driven_m = self._roll.offset_m(now_s) - self._roll.from_m
            used_wh = self.type.battery.drive_wh(driven_m, self._rider.load_kg())
        return max(self.charge.at(now_s) - used_wh, 0.0)

    def since_node_m(self) -> float:
        """Driven since the last node, as far as it has left it."""
        here = self.here()
        hop = self.order.hops[0] if self.order and self.order.hops else None
        if hop is None or hop.part.edge != here.edge or not hop.part.from_m <= here.offset_m <= hop.part.to_m:
            return 0.0
        return here.offset_m - hop.part.from_m

    def wants_base(self) -> bool:
        """On the last edge of the base, or at its end, and the way goes on."""
        order = self.order
        if order is None or not order.has_horizon:
            return False
        return len(order.hops) < 2 or not order.hops[1].is_released

    # ---- what others tell

    def go_on(self) -> None:
        """Roll if there is road, it is open and nobody holds the vehicle back; harmless at any time."""
        hop = self.order.next_released if self.order else None
        if hop is None or not self._rider.may_move() or self.is_empty:
            return
        if self.phase is Phase.STANDING:
            self._leave(hop, 0.0)
        elif self.phase is Phase.BRAKING and self.order and not self.order.last_node.actions:
            self._leave(hop, self._speed_left_mps())

    def halt(self) -> None:
        """Brake and stand wherever that is."""
        if self.phase is not Phase.ROLLING or self._roll is None:
            return
        now_s = self._timers.now_s()
        self._roll = self._metered(self._roll.braked_at(now_s, self.type.accel_mps2))
        self.phase = Phase.HALTING
        self._set_timer(self._roll.end_s)

    def end_at_next_node(self) -> None:
        """Give up all of the way but the piece it is on."""
        if self.order and self.phase is Phase.ROLLING:
            while len(self.order.hops) > 1:
                self.order.hops.pop()

    def drop_order(self) -> None:
        """Forget what was left of the way."""
        if self.order:
            self.order.hops.clear()
        self._unblock()

    def draw(self, draw_w: float) -> None:
        """From now on this power is drawn from the battery; negative while charging."""
        self.charge = self.charge.drawing(self._timers.now_s(), draw_w)

    def sag(self, share: float) -> None:
        """Find so much of a full battery gone, or all that was left."""
        now_s = self._timers.now_s()
        self._has_sagged = True
        if self._roll is not None:
            rest = self._metered(self._roll)
            self._roll = Roll(rest.edge, rest.from_m, rest.to_m, rest.speed_mps, max(now_s, rest.start_s))
        present = self.charge.drawing(now_s, self.charge.draw_w)
        self.charge = present.less(min(share * self.type.battery.energy_wh, present.energy_wh))
        if self.phase is Phase.ROLLING:
            self._time_roll()
        self._rider.touched()

    def refilled(self, energy_wh: float = 0.0) -> None:
        """There is charge again, at least so much."""
        self.is_empty = self._has_sagged = False
        present = self.charge.drawing(self._timers.now_s(), self.charge.draw_w)
        self.charge = present.less(min(present.energy_wh - energy_wh, 0.0))

    def is_moved(self, place: Place) -> None:
        """Somebody else has brought the vehicle elsewhere."""
        assert self.phase is Phase.STANDING
        self.place = place

    # ---- the way

    def _leave(self, hop: Hop, speed_mps: float) -> None:
        """Enter the next edge of the base, unless something stands on it."""
        if self._world.obstacles.is_blocked(hop.part.edge) or self._rider.zone_speed_mps(hop.part.edge) <= 0.0:
            self._stand_before(hop, speed_mps)
            return
        self._unblock()
        begin_m = hop.part.from_m
        if self.place.edge == hop.part.edge and hop.part.from_m <= self.place.offset_m <= hop.part.to_m:
            begin_m = self.place.offset_m
        self._world.record(WorldEventKind.EDGE_ENTERED, vehicle=self.vehicle_id, place=self._ground.key(hop.part.edge))
        start_s = self._timers.now_s() + change_loss_s(speed_mps, self.speed_on_mps(hop), self.type.accel_mps2)
        self._roll = Roll(hop.part.edge, begin_m, hop.part.to_m, self.speed_on_mps(hop), start_s)
        was_standing = self.phase is Phase.STANDING
        self.phase = Phase.ROLLING
        self._time_roll()
        self._rider.entered(hop)
        if was_standing:
            self._rider.touched()

    def _time_roll(self) -> None:
        """Be called at the end of the present roll, or where the battery ends before it."""
        assert self._roll is not None
        empty_s = empty_at_s(self.charge, self.type.battery, self._roll, self._rider.load_kg())
        self._runs_dry = empty_s < self._roll.end_s
        self._set_timer(min(self._roll.end_s, empty_s))

    def speed_on_mps(self, hop: Hop) -> float:
        """How fast it drives a piece of its way."""
        asked_mps, zone_mps = hop.edge.speed_mps_max or math.inf, self._rider.zone_speed_mps(hop.part.edge)
        return min(asked_mps, zone_mps or math.inf, self.type.speed_mps_max, self._ground.speed_mps(hop.part.edge))

    def _set_timer(self, at_s: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._timers.call_at(at_s, self._due)

    def _due(self) -> None:
        """The present piece of motion is over."""
        match self.phase:
            case Phase.ROLLING if self._runs_dry:
                self._run_dry()
            case Phase.ROLLING:
                self._pass_node()
            case Phase.HALTING:
                self._come_to_halt()
            case Phase.BRAKING:
                self._stand()
            case Phase.STANDING:
                pass

    def _end_roll(self) -> float:
        """Take the present roll off the road and into the books; gives its speed."""
        roll = self._roll
        assert roll is not None
        self._roll = self._metered(roll)
        self.place, self._roll = Place(roll.edge, self._roll.from_m), None
        return roll.speed_mps

    def _metered(self, roll: Roll) -> Roll:
        """Book what the present roll has driven so far; gives the rest of `roll`."""
        present = self._roll
        assert present is not None
        now_s = self._timers.now_s()
        offset_m = present.to_m if now_s >= present.end_s else present.offset_m(now_s)
        driven_m = offset_m - present.from_m
        used_wh = self.type.battery.drive_wh(driven_m, self._rider.load_kg())
        self.odometer_m += driven_m
        self.driven_wh += used_wh
        self.charge = self.charge.less(used_wh)
        return Roll(roll.edge, offset_m, max(roll.to_m, offset_m), roll.speed_mps, roll.start_s)

    def _pass_node(self) -> None:
        """The end of an edge is reached; go on without braking if one may."""
        order = self.order
        assert order is not None
        speed_mps = self._end_roll()
        order.last_node = order.hops.popleft().node
        hop = order.next_released
        if hop and not order.last_node.actions and self._rider.may_move():
            self._leave(hop, speed_mps)
        else:
            self._brake(speed_mps)
        self._rider.touched()

    def _brake(self, speed_mps: float) -> None:
        self.phase = Phase.BRAKING
        self._brake_from_mps = speed_mps
        self._brake_since_s = self._timers.now_s()
        self._set_timer(self._brake_since_s + change_loss_s(speed_mps, 0.0, self.type.accel_mps2))

    def _speed_left_mps(self) -> float:
        loss_s = change_loss_s(self._brake_from_mps, 0.0, self.type.accel_mps2)
        share = (self._timers.now_s() - self._brake_since_s) / loss_s if loss_s else 1.0
        return self._brake_from_mps * max(1.0 - share, 0.0)

    def _stand(self) -> None:
        """Stands at a node."""
        order = self.order
        assert order is not None
        self.phase = Phase.STANDING
        if order.last_node.actions:
            self._rider.arrived(order.last_node)
        elif order.has_horizon and order.next_released is None:
            self.stood_for_base()
        else:
            order.stood_at_base_end = not order.hops
        self._rider.stood()
        self._rider.touched()

    def stood_for_base(self) -> None:
        """Count a stand that more base in time would have spared."""
        self.stops_for_want_of_base += 1
        node_id = self.order.last_node.node_id if self.order else ""
        self._world.record(WorldEventKind.STOOD_FOR_BASE, vehicle=self.vehicle_id, place=node_id)

    def _come_to_halt(self) -> None:
        """Stands between nodes, or at one if braking took it that far."""
        order = self.order
        assert order is not None
        self._end_roll()
        if order.hops and order.hops[0].part.to_m - self.place.offset_m <= ARRIVED_M:
            order.last_node = order.hops.popleft().node
            self._stand()
            return
        self.phase = Phase.STANDING
        self._rider.stood()
        self._rider.touched()

    # ---- obstacles and an empty battery

    def _stand_before(self, hop: Hop, speed_mps: float) -> None:
        is_news = self.blocked_at is not hop
        self.blocked_at = hop
        if self.phase is not Phase.STANDING:
            self._brake(speed_mps)
        if is_news:
            self._rider.touched()

    def _unblock(self) -> None:
        if self.blocked_at is not None:
            self.blocked_at = None
            self._rider.touched()

    def _road_opened(self, edge: int) -> None:
        if self.blocked_at is not None and self.blocked_at.part.edge == edge:
            self._unblock()
            self.go_on()

    def _run_dry(self) -> None:
        self._end_roll()
        self.is_empty = True
        self.phase = Phase.STANDING
        self._world.record(WorldEventKind.BATTERY_EMPTY, vehicle=self.vehicle_id)
        if not self._has_sagged:  # nobody can foresee that
            self._world.violate("S12", self.vehicle_id, "stands with an empty battery")
        self._rider.stood()
        self._rider.touched()
