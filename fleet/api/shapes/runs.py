"""Runs, and what became of asking for some."""

from __future__ import annotations

from fleet.api.shapes.base import Shape


class UnassignedOut(Shape):
    run_id: str
    reason: str
    detail: str


class RunOut(Shape):
    run_id: str
    phase: str
    brand: str
    station_id: str
    point_id: str
    parcels: int
    mass_kg: float
    volume_m3: float
    priority: int
    ready_at: str
    due_at: str
    accepted_at: str
    trip_id: str | None
    vehicle_id: str | None
    forecast_at: str | None
    """when it should be handed over, by its trip; null where it has none, or is over"""
    late_s: float | None
    """by how much it was or will be late; 0 in time; null where nobody can say"""
    delivered_at: str | None
    delivered_parcels: int
    refused_parcels: list[str]
    missing_parcels: list[str]
    """looked for by a person and not found"""
    recalled: str | None
    cause: str | None
    attempts: int
    unassigned: UnassignedOut | None
    can_cancel: bool


class RunPage(Shape):
    runs: list[RunOut]
    next: str | None
    """give it as `after` to go on; null at the end"""
    total: int


class RunDetail(RunOut):
    custody: dict[str, int]
    """holder, as "vehicle:van-3", or "run:r-9" for those handed in again in that run -> parcels"""


class RunsAnswer(Shape):
    runs: list[RunOut]
    is_repeat: bool
    seq: int


class DryRunAnswer(Shape):
    """What would become of the runs; nothing was accepted."""

    runs: list[RunOut]
    cost_now: float
    cost_then: float
