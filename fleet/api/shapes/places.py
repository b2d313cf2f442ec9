"""Stations, points and roads."""

from __future__ import annotations

from fleet.api.shapes.base import Shape


class StationOut(Shape):
    station_id: str
    name: str
    lat: float
    lon: float
    vehicles: int
    loading_bays: int
    loading_bays_taken: int
    chargers: int
    chargers_taken: int
    open_runs: int


class StationsOut(Shape):
    stations: list[StationOut]


class PointOut(Shape):
    point_id: str
    name: str
    lat: float
    lon: float
    open_runs: int


class PointsOut(Shape):
    points: list[PointOut]


class ClosureOut(Shape):
    road_key: str
    until_at: str
    why: str


class ClosuresOut(Shape):
    closures: list[ClosureOut]


class SlowRoadOut(Shape):
    road_key: str
    kmh: float
    until_at: str
    why: str


class SlowRoadsOut(Shape):
    slow_roads: list[SlowRoadOut]
