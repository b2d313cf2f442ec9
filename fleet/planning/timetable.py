"""Times for a station's day: when each trip charges, loads, leaves, arrives and returns.

Vehicles come with an ordered list of trips. Bays and chargers are given out in the order in which vehicles could
use them; where several wait for the same bay, the trip that must leave first goes first. Every trip leaves as
early as its runs, its vehicle, charger and bay allow: no pickup point opens later than that.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fleet.planning.bookings import Bookings
from fleet.planning.ground import Ground, Route, Shape
from fleet.planning.problem import Held

Routes = Mapping[int, Sequence[Route]]  # vehicle index -> its trips in order


class Timed(NamedTuple):
    """A trip with its times; `energy_wh` is what is left after it, `cost` its price."""

    shape: Shape
    charge_from_s: float
    charge_until_s: float
    load_from_s: float
    depart_s: float
    return_s: float
    energy_wh: float
    cost: float


class _Next(NamedTuple):
    """A vehicle waiting for its next trip, ordered by when it can load, then by how pressed the trip is."""

    load_from_s: float
    latest_s: float
    vehicle: int
    charge_from_s: float
    charge_until_s: float


class Timetable:
    """A station's day: earliest feasible times for the trips of its vehicles.

    Attributes:
        trips: for each vehicle its trips in order; cut short where one is impossible.
        impossible: vehicle and position of trips that can never leave: too large, too far, no charger, no bay.
        bays, chargers: all that is booked, so that one more trip can be tried.
        cost: of all trips; inf where one is impossible.
    """

    def __init__(self, ground: Ground, station: int, routes: Routes) -> None:
        facts = ground.problem.stations[station]
        self.trips: dict[int, list[Timed]] = {vehicle: [] for vehicle in routes}
        self.impossible: list[tuple[int, int]] = []
        self.bays = Bookings(facts.loading_bays, _spans(facts.bays_held))
        self.chargers = Bookings(facts.chargers, _spans(facts.chargers_held))
        self._ground, self._routes = ground, routes
        self._fill()
        self.cost = math.inf if self.impossible else sum(trip.cost for day in self.trips.values() for trip in day)

    def state_after(self, vehicle: int, count: int) -> tuple[float, float]:
        """When the vehicle is free, and with how much energy, after its first `count` trips."""
        if count:
            last = self.trips[vehicle][count - 1]
            return last.return_s, last.energy_wh
        facts = self._ground.problem.vehicles[vehicle]
        return max(facts.available_s, self._ground.problem.now_s), facts.energy_wh

    def _fill(self) -> None:
        waiting: list[_Next] = []
        for vehicle in sorted(self._routes):
            self._queue(vehicle, waiting)
        while waiting:
            head = heapq.heappop(waiting)
            shape = self._next_shape(head.vehicle)
            if self._is_free(head, shape):  # else somebody took the bay or charger since this vehicle looked
                self._book(head, self._timed(head, shape))
            self._queue(head.vehicle, waiting)

    def _queue(self, vehicle: int, waiting: list[_Next]) -> None:
        position = len(self.trips[vehicle])
        if position == len(self._routes[vehicle]):
            return
        if head := self._look(vehicle, self._next_shape(vehicle)):
            heapq.heappush(waiting, head)
        else:
            self.impossible.append((vehicle, position))

    def _next_shape(self, vehicle: int) -> Shape:
        facts = self._ground.problem.vehicles[vehicle]
        return self._ground.shape(facts.type_index, self._routes[vehicle][len(self.trips[vehicle])])

    def _look(self, vehicle: int, shape: Shape) -> _Next | None:
        """When the trip could load, with what is free now; None if never."""
        if not self._ground.fits(vehicle, shape):
            return None
        from_s, energy_wh = self.state_after(vehicle, len(self.trips[vehicle]))
        charge_s = self._ground.charge_s(vehicle, energy_wh, shape)
        if charge_s > 0.0:
            from_s = self.chargers.earliest(from_s, charge_s) if charge_s < math.inf else math.inf
        until_s = from_s + charge_s
        if until_s == math.inf:
            return None
        load_from_s = self.bays.earliest(max(until_s, shape.ready_s), shape.load_s)
        return _Next(load_from_s, shape.latest_s, vehicle, from_s, until_s) if load_from_s < math.inf else None

    def _is_free(self, head: _Next, shape: Shape) -> bool:
        if not self.bays.is_free(head.load_from_s, head.load_from_s + shape.load_s):
            return False
        is_charged = head.charge_until_s > head.charge_from_s
        return not is_charged or self.chargers.is_free(head.charge_from_s, head.charge_until_s)

    def _book(self, head: _Next, trip: Timed) -> None:
        self.trips[head.vehicle].append(trip)
        self.bays.book(trip.load_from_s, trip.depart_s)
        if trip.charge_until_s > trip.charge_from_s:
            self.chargers.book(trip.charge_from_s, trip.charge_until_s)

    def _timed(self, head: _Next, shape: Shape) -> Timed:
        ground = self._ground
        depart_s = head.load_from_s + shape.load_s
        charge_s = head.charge_until_s - head.charge_from_s
        _, energy_wh = self.state_after(head.vehicle, len(self.trips[head.vehicle]))
        return Timed(
            shape=shape,
            charge_from_s=head.charge_from_s if charge_s > 0.0 else head.load_from_s,
            charge_until_s=head.charge_until_s if charge_s > 0.0 else head.load_from_s,
            load_from_s=head.load_from_s,
            depart_s=depart_s,
            return_s=depart_s + shape.round_s,
            energy_wh=energy_wh + ground.charged_wh(head.vehicle, charge_s) - ground.energy_wh(head.vehicle, shape),
            cost=ground.cost_of(shape, depart_s),
        )


def _spans(held: tuple[Held, ...]) -> list[tuple[float, float]]:
    return [(span.from_s, span.until_s) for span in held]
