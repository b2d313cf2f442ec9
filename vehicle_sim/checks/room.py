"""The promise about room beside the lane, counted from what vehicles hold themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from fleet.model.ids import VehicleId
from fleet.state.fleet_state import FleetState
from fleet.wire.link import Topic
from fleet.wire.messages import Order, OrderEdge
from vehicle_sim.checks.base import Check, Glance
from vehicle_sim.ground import RoadPart
from vehicle_sim.vehicle import SimVehicle
from vehicle_sim.world import WorldEvent, WorldEventKind

LANE_SIDE_M = 1.5
TOUCH_M = 0.5
"""Two pieces that share so little of a road only meet."""


class RoomIsHeldAlone(Check):
    """S33: nobody is let into road beside which another vehicle may leave its lane, in either direction.

    A vehicle may leave its lane where it was told a wide corridor without having to ask, and where it has leave by its
    own word; and it has the road that was released to it and that it has not passed.
    """

    id = "S33"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        self._released: defaultdict[VehicleId, set[tuple[str, int, str]]] = defaultdict(set)
        self._is_of_use = False
        self._found: set[tuple[str, str, str]] = set()
        glance.world.observe(self._happened)

    def sent_order(self, topic: Topic, order: Order, payload: bytes) -> None:
        known = self._released[VehicleId(topic.serial_number)]
        known.update((order.order_id, edge.sequence_id, edge.edge_id) for edge in order.edges if edge.released)
        self._is_of_use |= any(
            e.corridor and max(e.corridor.left_m, e.corridor.right_m) > LANE_SIDE_M for e in order.edges
        )
        self._look()

    def moved(self, before: FleetState, after: FleetState) -> None:
        self._look()

    def _happened(self, event: WorldEvent) -> None:
        if event.kind is WorldEventKind.EDGE_ENTERED:
            self._look()

    def _look(self) -> None:
        if not self._is_of_use:
            return
        vehicles = self.glance.vehicles
        for owner_id, owner in vehicles.items():
            for part in self._room(owner):
                self.glance.notes["S33: room beside a lane looked at"] += 1
                for other_id, other in vehicles.items():
                    if other_id != owner_id and any(self._share(part, theirs) for theirs in self._road(other)):
                        self._tell(owner, other, part)

    def _tell(self, owner: SimVehicle, other: SimVehicle, part: RoadPart) -> None:
        what = (owner.order.order_id if owner.order else "", other.order.order_id if other.order else "", str(part))
        if what not in self._found:
            self._found.add(what)
            where = self.glance.world.ground.key(part.edge)
            self.violate(f"may leave its lane on {where}, where {other.id} has road", owner.id)

    def _room(self, vehicle: SimVehicle) -> Iterator[RoadPart]:
        """Where the vehicle may be beside its lane."""
        for hop in vehicle.order.hops if vehicle.order else ():
            needs_leave = hop.edge.corridor is not None and hop.edge.corridor.needs_leave
            if _is_wide(hop.edge) and not needs_leave and self._is_sent(vehicle, hop.edge):
                yield hop.part
        for hop in vehicle.leaves.used():
            self.glance.notes["S33: room used with leave"] += 1
            yield hop.part

    def _road(self, vehicle: SimVehicle) -> Iterator[RoadPart]:
        for hop in vehicle.order.hops if vehicle.order else ():
            if self._is_sent(vehicle, hop.edge):
                yield hop.part

    def _is_sent(self, vehicle: SimVehicle, edge: OrderEdge) -> bool:
        """It was released, not merely taken for released; nor what was announced before another way was found."""
        assert vehicle.order is not None
        return (vehicle.order.order_id, edge.sequence_id, edge.edge_id) in self._released[vehicle.id]

    def _share(self, one: RoadPart, other: RoadPart) -> bool:
        """Whether two pieces lie side by side, or one over the other."""
        graph = self.glance.roads.graph
        from_m, to_m = other.from_m, other.to_m
        if int(graph.edge_reverse[one.edge]) == other.edge:
            length_m = float(graph.edge_length_m[other.edge])
            from_m, to_m = length_m - other.to_m, length_m - other.from_m
        elif one.edge != other.edge:
            return False
        return min(one.to_m, to_m) - max(one.from_m, from_m) > TOUCH_M


def _is_wide(edge: OrderEdge) -> bool:
    return edge.corridor is not None and max(edge.corridor.left_m, edge.corridor.right_m) > LANE_SIDE_M
