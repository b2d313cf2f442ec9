"""A forgetful vehicle: on the way of every so many orders it restarts, and knows nothing of what it was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vehicle_sim.vehicle import SimVehicle


class Lapses:
    """When one vehicle forgets, by its own character."""

    def __init__(self, vehicle: SimVehicle) -> None:
        self._vehicle = vehicle
        self._orders = 0

    def took_order(self) -> None:
        """One more order was taken."""
        every = self._vehicle.character.forgets_after_orders
        self._orders += 1
        if every and self._orders % every == 0:
            timers = self._vehicle.world.timers
            timers.call_at(timers.now_s() + self._vehicle.character.restart_after_s, self._forget)

    def _forget(self) -> None:
        """Only on the way: it is the road that shakes it."""
        vehicle = self._vehicle
        if vehicle.driver.is_driving and not vehicle.is_off:
            vehicle.ailments.reboot("forgets", vehicle.character.restart_s)
