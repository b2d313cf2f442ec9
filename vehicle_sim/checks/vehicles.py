"""Promises about what vehicles do with what they are told."""

from __future__ import annotations

from collections import defaultdict

from fleet.model.ids import VehicleId
from fleet.wire.link import Topic
from fleet.wire.messages import Order
from vehicle_sim.checks.base import Check, Glance
from vehicle_sim.world import WorldEvent, WorldEventKind


class NobodyLeavesItsBase(Check):
    """S31: no vehicle enters a road that was never released to it, whatever its make takes a horizon for.

    A vehicle that does not heed `released` must be told no horizon.
    """

    id = "S31"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        self._released: defaultdict[str, set[str]] = defaultdict(set)
        glance.world.observe(self._happened)

    def sent_order(self, topic: Topic, order: Order, payload: bytes) -> None:
        keys = self._released[order.order_id]
        graph = self.glance.roads.graph
        for i, edge in enumerate(order.edges):
            if edge.released:
                keys.update(graph.edge_key(part.edge) for part in self.roads_of(order, i))

    def _happened(self, event: WorldEvent) -> None:
        if event.kind is not WorldEventKind.EDGE_ENTERED:
            return
        order = self.glance.vehicles[VehicleId(event.vehicle)].order
        order_id = order.order_id if order else ""
        if event.place not in self._released[order_id]:
            self.violate(f"enters {event.place}, which {order_id} has not released", event.vehicle)
