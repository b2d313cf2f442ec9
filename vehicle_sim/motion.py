"""How a vehicle moves along its road and what that takes of its battery: pure, and linear piece by piece.

A vehicle rolls along each edge at one speed. Speeding up and braking cost time, not extra road: a start from
standstill begins `change_loss_s(0, v)` late, a stop is over `change_loss_s(v, 0)` after the place was reached. So the
time at which the end of each edge is reached is known exactly when the edge is entered, and the place and the charge
at any moment between can be computed on demand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from fleet.model.vehicle import Battery

SECONDS_PER_HOUR = 3600.0


def change_loss_s(from_mps: float, to_mps: float, accel_mps2: float) -> float:
    """Time lost by a change of speed, against making it at once at the end of the slower piece.

    While the speed changes by dv in dv/a seconds the faster piece is driven at the mean of both speeds; the loss is
    dv / a * (1 - mean / faster) = dv^2 / (2 * a * faster). From or to standstill that is v / (2 * a).
    """
    faster_mps = max(from_mps, to_mps)
    if faster_mps <= 0.0:
        return 0.0
    return (to_mps - from_mps) ** 2 / (2.0 * accel_mps2 * faster_mps)


def braking_m(speed_mps: float, accel_mps2: float) -> float:
    """Road needed to come to a stand."""
    return speed_mps**2 / (2.0 * accel_mps2)


@dataclass(frozen=True, slots=True)
class Roll:
    """One way along one edge at one speed.

    Attributes:
        edge: index of the directed edge.
        from_m, to_m: offsets on it; `from_m <= to_m`.
        speed_mps: > 0.
        start_s: when the wheels turn at that speed; before it the vehicle is at `from_m`.
    """

    edge: int
    from_m: float
    to_m: float
    speed_mps: float
    start_s: float

    @property
    def end_s(self) -> float:
        return self.start_s + (self.to_m - self.from_m) / self.speed_mps

    def offset_m(self, at_s: float) -> float:
        driven_m = (at_s - self.start_s) * self.speed_mps
        return min(max(self.from_m + driven_m, self.from_m), self.to_m)

    def speed_at_mps(self, at_s: float) -> float:
        return self.speed_mps if self.start_s <= at_s < self.end_s else 0.0

    def braked_at(self, at_s: float, accel_mps2: float) -> Roll:
        """The roll that brakes from now on: half the speed on average, to the stop or the end of the edge."""
        from_m = self.offset_m(at_s)
        speed_mps = self.speed_at_mps(at_s)
        to_m = min(from_m + braking_m(speed_mps, accel_mps2), self.to_m)
        return Roll(self.edge, from_m, to_m, max(speed_mps, self.speed_mps) / 2.0, at_s)


@dataclass(frozen=True, slots=True)
class Charge:
    """What is in the battery: a value at a moment and the power drawn since.

    Attributes:
        energy_wh: at `at_s`.
        draw_w: > 0 empties, < 0 charges.
        full_wh: energy when full; never exceeded.
    """

    energy_wh: float
    at_s: float
    draw_w: float
    full_wh: float

    def at(self, now_s: float) -> float:
        used_wh = self.draw_w * (now_s - self.at_s) / SECONDS_PER_HOUR
        return min(max(self.energy_wh - used_wh, 0.0), self.full_wh)

    def drawing(self, now_s: float, draw_w: float) -> Charge:
        """The same battery when from now on another power is drawn."""
        return Charge(self.at(now_s), now_s, draw_w, self.full_wh)

    def less(self, used_wh: float) -> Charge:
        """The same battery after some energy was taken at once."""
        return replace(self, energy_wh=self.energy_wh - used_wh)


def empty_at_s(charge: Charge, battery: Battery, roll: Roll, load_kg: float) -> float:
    """When the battery would be empty if the roll went on for ever; infinite where nothing is drawn."""
    rolling_w = charge.draw_w + battery.drive_wh(roll.speed_mps, load_kg) * SECONDS_PER_HOUR
    if rolling_w <= 0.0:
        return math.inf
    return roll.start_s + charge.at(roll.start_s) * SECONDS_PER_HOUR / rolling_w
