"""From trips to routes and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import chain

from fleet.model.ids import RunId, TripId, VehicleId
from fleet.model.trip import Plan, PlanCost, Stop, Trip, Unassigned
from fleet.planning.cost import cost
from fleet.planning.day import Day
from fleet.planning.ground import Ground, Route
from fleet.planning.problem import Problem
from fleet.planning.timetable import Timed

NewTripId = Callable[[], TripId]
_NO_COST = PlanCost(late_s=0.0, drive_s=0.0, trips=0, unassigned=0, total=0.0)


def routes_of(problem: Problem, trips: Iterable[Trip]) -> dict[int, list[Route]]:
    """What is left of announced trips: known runs, each once, on vehicles that may still be planned."""
    vehicles = {it.id: index for index, it in enumerate(problem.vehicles) if it.allowed}
    runs = {it.id: index for index, it in enumerate(problem.runs)}
    routes: dict[int, list[Route]] = {}
    seen: set[int] = set()
    for trip in sorted(trips, key=lambda trip: (trip.load_from_s, trip.id)):
        vehicle = vehicles.get(trip.vehicle_id)
        if vehicle is None:
            continue
        home = problem.vehicles[vehicle].station
        found = [runs[run_id] for run_id in trip.run_ids if run_id in runs]
        route = [run for run in dict.fromkeys(found) if run not in seen and problem.runs[run].station == home]
        seen.update(route)
        if route:
            routes.setdefault(vehicle, []).append(side_by_side(problem, route))
    return routes


def side_by_side(problem: Problem, route: Iterable[int]) -> Route:
    """The route with all runs for a point at its first stop there."""
    stops: dict[int, list[int]] = {}
    for run in route:
        stops.setdefault(problem.runs[run].point, []).append(run)
    return tuple(chain.from_iterable(stops.values()))


def plan_of(
    ground: Ground,
    days: Iterable[Day],
    unassigned: Iterable[Unassigned],
    known: Iterable[Trip],
    new_trip_id: NewTripId,
    made_by: str,
) -> Plan:
    """The plan that the days make; a trip keeps its id from `known` if it has the same vehicle and runs."""
    problem = ground.problem
    ids = {_identity(trip.vehicle_id, trip.run_ids): trip.id for trip in known}
    trips = []
    for day in days:
        for vehicle, timed_trips in day.table.trips.items():
            for timed in timed_trips:
                run_ids = [problem.runs[run].id for run in timed.shape.route]
                known_id = ids.get(_identity(problem.vehicles[vehicle].id, run_ids))
                trips.append(_trip(problem, vehicle, timed, known_id or new_trip_id()))
    trips.sort(key=lambda trip: (trip.load_from_s, trip.vehicle_id))
    plan = Plan(trips=tuple(trips), unassigned=tuple(unassigned), cost=_NO_COST, made_by=made_by)
    return replace(plan, cost=cost(problem, plan))


def named(plan: Plan, known: Iterable[TripId], new_trip_id: NewTripId) -> Plan:
    """The plan with an id of ours for each trip whose id nobody knows; for plans from another process."""
    ours = set(known)
    trips = tuple(trip if trip.id in ours else replace(trip, id=new_trip_id()) for trip in plan.trips)
    return replace(plan, trips=trips)


def _identity(vehicle_id: VehicleId, run_ids: Iterable[RunId]) -> tuple[VehicleId, frozenset[RunId]]:
    return vehicle_id, frozenset(run_ids)


def _trip(problem: Problem, vehicle: int, timed: Timed, trip_id: TripId) -> Trip:
    facts, shape = problem.vehicles[vehicle], timed.shape
    stops = tuple(
        Stop(
            point_id=problem.points[point].id,
            run_ids=tuple(problem.runs[run].id for run in runs),
            arrive_s=timed.depart_s + arrive_s,
            leave_s=timed.depart_s + leave_s,
        )
        for point, runs, arrive_s, leave_s in zip(shape.points, shape.stops, shape.arrive_s, shape.leave_s, strict=True)
    )
    return Trip(
        id=trip_id,
        vehicle_id=facts.id,
        station_id=problem.stations[facts.station].id,
        charge_from_s=timed.charge_from_s,
        charge_until_s=timed.charge_until_s,
        load_from_s=timed.load_from_s,
        depart_s=timed.depart_s,
        stops=stops,
        return_s=timed.return_s,
    )
