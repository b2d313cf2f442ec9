"""Vehicles, their orders, and how they are spoken to."""

from __future__ import annotations

from fleet.api.shapes.assists import AssistOut
from fleet.api.shapes.base import Shape
from fleet.api.shapes.trips import TripOut


class HeardOut(Shape):
    """The last a vehicle said; for display, decisions are made from journalled facts only."""

    at: str
    age_s: float
    speed_mps: float | None
    clock_ahead_s: float
    """how far its clock is ahead of ours, by its last state, messages' time on the way included"""


class PositionOut(Shape):
    lat: float
    lon: float
    heading_rad: float | None
    """counter-clockwise from east"""
    source: str
    """"vehicle": as it says itself; "node": the last node it reported"""


class BlockedOut(Shape):
    edge_id: str
    since_at: str


class OrderOut(Shape):
    order_id: str
    purpose: str
    phase: str
    trip_id: str | None
    run_ids: list[str]
    issued_at: str
    update_id: int
    is_confirmed: bool
    edges: int
    edges_passed: int
    edges_released: int
    length_m: float
    base_left_m: float


class VehicleOut(Shape):
    vehicle_id: str
    phase: str
    manufacturer: str
    type_id: str
    vda5050_version: str
    home_station: str
    liveness: str
    connection: str
    mode: str
    soc_fraction: float
    is_charging: bool
    is_stopped: bool
    is_paused: bool
    is_localized: bool
    """it knows where it is, by its own word"""
    beyond_base: str | None
    """where it is behind the end of what it was let into; then nothing is sent to it"""
    held: str | None
    fatal: list[str]
    blocked: BlockedOut | None
    foreign_order: str | None
    node_id: str
    trip_id: str | None
    order_id: str | None
    aboard: list[str]
    heard: HeardOut | None
    position: PositionOut | None


class VehiclesOut(Shape):
    vehicles: list[VehicleOut]


class ProfileOut(Shape):
    """How a vehicle is spoken to: by the site file, its factsheet, and how its messages are said, in this order."""

    version: str
    """the text that its messages bear, and ours to it"""
    topic_major: int
    has_factsheet: bool
    unspoken_version: str | None
    """of its last message, where nobody here speaks that one; then nothing is sent to it"""
    horizon_edges: int
    takes_trajectories: bool
    stitches_with_actions: bool
    corridor_m: float
    limits: dict[str, float]
    """what it can take in one message or in a time, where it is limited"""
    state_interval_s: float | None
    actions: list[str]
    """that its factsheet offers; empty where it does not say"""
    zones: list[str]
    """types of zones that it heeds"""
    contradictions: list[str]
    """where site file and vehicle disagree"""


class OwnWayOut(Shape):
    """What the vehicle itself means to do; for display only."""

    points: list[tuple[float, float]]
    """lon, lat along the way that it plans"""
    arrival_at: str | None
    """when it expects to be at the end of that"""


class VehicleDetail(VehicleOut):
    profile: ProfileOut
    own_way: OwnWayOut | None
    order: OrderOut | None
    way: list[tuple[float, float]]
    """lon, lat of the nodes of its order, from its start on"""
    trip: TripOut | None
    planned_trips: list[TripOut]
    assists: list[AssistOut]
