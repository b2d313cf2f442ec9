"""Small moves that make a day cheaper: reorder a trip, move a run, swap two runs; until steps run out or none helps."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from fleet.planning.day import Day
from fleet.planning.draft import side_by_side
from fleet.planning.ground import Ground, Route

LEAST_GAIN = 1e-6
NEAR_RUNS = 8  # partners tried for a swap


def polish(day: Day, steps: int) -> None:
    """Makes the day cheaper by local moves, each judged by a whole new timetable; deterministic.

    Args:
        day: changed in place.
        steps: how many timetables may be made.
    """
    limit = day.steps + steps
    best = None
    while best is None or day.cost < best - LEAST_GAIN:
        best = day.cost
        _reorder(day, limit)
        _relocate(day, limit)
        _swap(day, limit)


def _try(day: Day, routes: dict[int, list[Route]]) -> bool:
    """Takes the routes if they are cheaper."""
    cost, before, table = day.cost, day.routes, day.table
    day.become(routes)
    if day.cost < cost - LEAST_GAIN:
        return True
    day.routes, day.table = before, table
    return False


def _reorder(day: Day, limit: int) -> None:
    """Turns round or moves pieces of each trip while that makes it cheaper at its present departure."""
    for vehicle in day.vehicles:
        for position in range(len(day.routes[vehicle])):
            better = _best_order(day, vehicle, position)
            if better != day.routes[vehicle][position] and day.steps < limit:
                routes = day.copy_routes()
                routes[vehicle][position] = better
                _try(day, routes)


def _best_order(day: Day, vehicle: int, position: int) -> Route:
    ground, facts = day.ground, day.ground.problem.vehicles[vehicle]
    trip = day.table.trips[vehicle][position]
    best, best_cost = trip.shape.route, trip.cost
    improved = True
    while improved:
        improved = False
        for route in _orders(ground, best, facts.type_index):
            shape = ground.shape(facts.type_index, route)
            cost = ground.cost_of(shape, trip.depart_s)
            if cost < best_cost - LEAST_GAIN and ground.fits(vehicle, shape):
                best, best_cost, improved = route, cost, True
                break
    return best


def _orders(ground: Ground, route: Route, type_index: int) -> Iterator[Route]:
    """2-opt (a piece turned round) and or-opt (up to three stops moved elsewhere), by whole stops."""
    stops = ground.shape(type_index, route).stops
    for begin, end in combinations(range(len(stops) + 1), 2):
        if end - begin > 1:
            yield _joined((*stops[:begin], *reversed(stops[begin:end]), *stops[end:]))
    for length in range(1, min(3, len(stops) - 1) + 1):
        for begin in range(len(stops) - length + 1):
            piece, rest = stops[begin : begin + length], (*stops[:begin], *stops[begin + length :])
            for place in range(len(rest) + 1):
                if place != begin:
                    yield _joined((*rest[:place], *piece, *rest[place:]))


def _joined(stops: tuple[Route, ...]) -> Route:
    return tuple(run for stop in stops for run in stop)


def _relocate(day: Day, limit: int) -> None:
    """Takes each run out once and puts it where it costs least."""
    for run in sorted(day.served()):
        if day.steps + 2 > limit:
            return
        cost, before, table = day.cost, day.routes, day.table
        day.become(day.without([run]))
        option = day.best(run)
        if option and day.cost + option.price < cost - LEAST_GAIN:
            day.take(option)
        if day.cost >= cost - LEAST_GAIN or run not in day.served():
            day.routes, day.table = before, table


def _swap(day: Day, limit: int) -> None:
    """Exchanges two runs of different trips that are near each other or near each other's neighbours."""
    where = {run: (v, p) for v, routes in day.routes.items() for p, route in enumerate(routes) for run in route}
    for run in sorted(where):
        for other in _near(day.ground, run, where):
            if day.steps >= limit:
                return
            is_new_pair = run < other and where[run] != where[other]
            if is_new_pair and _is_promising(day, where, run, other) and _try(day, _swapped(day, where, run, other)):
                where[run], where[other] = where[other], where[run]


def _near(ground: Ground, run: int, among: dict[int, tuple[int, int]]) -> list[int]:
    row = ground.durations[0][ground.run_nodes[run]]
    others = sorted((row[ground.run_nodes[other]], other) for other in among if other != run)
    return [other for _, other in others[:NEAR_RUNS]]


def _swapped(day: Day, where: dict[int, tuple[int, int]], run: int, other: int) -> dict[int, list[Route]]:
    routes = day.copy_routes()
    for (vehicle, position), old, new in ((where[run], run, other), (where[other], other, run)):
        route = [new if it == old else it for it in routes[vehicle][position]]
        routes[vehicle][position] = side_by_side(day.ground.problem, route)
    return routes


def _is_promising(day: Day, where: dict[int, tuple[int, int]], run: int, other: int) -> bool:
    """Whether both trips, at their present departure, fit and are cheaper together."""
    ground, routes, gain = day.ground, _swapped(day, where, run, other), 0.0
    for vehicle, position in (where[run], where[other]):
        facts, trip = ground.problem.vehicles[vehicle], day.table.trips[vehicle][position]
        shape = ground.shape(facts.type_index, routes[vehicle][position])
        if not ground.fits(vehicle, shape):
            return False
        gain += trip.cost - ground.cost_of(shape, max(trip.depart_s, shape.ready_s + shape.load_s))
    return gain > LEAST_GAIN
