"""Trips, and the plan they are in."""

from __future__ import annotations

from fleet.api.shapes.base import Shape
from fleet.api.shapes.runs import UnassignedOut


class StopOut(Shape):
    point_id: str
    run_ids: list[str]
    arrive_at: str
    leave_at: str
    is_done: bool


class TripOut(Shape):
    trip_id: str
    phase: str
    vehicle_id: str
    station_id: str
    charge_from_at: str | None
    charge_until_at: str | None
    load_from_at: str
    depart_at: str
    return_at: str
    started_at: str | None
    departed_at: str | None
    closed_at: str | None
    stops: list[StopOut]
    runs: int
    parcels: int


class TripPage(Shape):
    trips: list[TripOut]
    next: str | None
    total: int


class CostOut(Shape):
    total: float
    late_s: float
    drive_s: float
    trips: int
    unassigned: int
    moved_s: float


class PlanOut(Shape):
    version: int
    made_by: str
    cost: CostOut
    trips: list[TripOut]
    unassigned: list[UnassignedOut]
