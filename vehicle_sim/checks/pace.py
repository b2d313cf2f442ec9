"""Promises about how fast vehicles drive."""

from __future__ import annotations

from fleet.model.ids import OrderId, VehicleId
from fleet.state.fleet_state import FleetState
from vehicle_sim.checks.base import Check, Glance
from vehicle_sim.world import WorldEvent, WorldEventKind

ROUNDING_MPS = 1e-6


class NobodyIsTooFast(Check):
    """S32: no vehicle drives faster than the temporary limit that was in force when its road was released."""

    id = "S32"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        self._limit_mps: dict[tuple[OrderId, int], float] = {}
        glance.world.observe(self._happened)

    def moved(self, before: FleetState, after: FleetState) -> None:
        """Note the limits of what is released; what is taken back after a refusal is noted anew with its next one."""
        if before.orders is after.orders:
            return
        for order_id, order in after.orders.items():
            known = before.orders.get(order_id)
            first = known.released if known is not None else 0
            for index in range(first, order.released):
                slow = after.slow_road(order.path[index].road_key)
                if slow is not None:
                    self._limit_mps[order_id, index] = slow.speed_mps
                else:
                    self._limit_mps.pop((order_id, index), None)

    def _happened(self, event: WorldEvent) -> None:
        if event.kind is not WorldEventKind.EDGE_ENTERED:
            return
        driver = self.glance.vehicles[VehicleId(event.vehicle)].driver
        if driver.order is None or not driver.order.hops:
            return
        hop = driver.order.hops[0]
        limit_mps = self._limit_mps.get((self.glance.our_order_id(driver.order.order_id), hop.edge.sequence_id // 2))
        if limit_mps is None:
            return
        self.glance.notes["S32: driven under a temporary limit"] += 1
        if driver.speed_on_mps(hop) > limit_mps + ROUNDING_MPS:
            text = f"drives {event.place} at {driver.speed_on_mps(hop):.1f} m/s, the limit was {limit_mps:.1f}"
            self.violate(text, event.vehicle)
