"""What only VDA 5050 3.0 has, or has in another order; the rest is in `fleet.wire.standard.shapes`."""

from __future__ import annotations

import msgspec

from fleet.wire.header import Count
from fleet.wire.standard.shapes import (
    NOTHING,
    ActionShape,
    ActionStateShape,
    EdgeStateShape,
    ErrorShape,
    LoadShape,
    MapShape,
    NodeStateShape,
    Number,
    PositionShape,
    PowerShape,
    SafetyShape,
    Shape,
    TrajectoryShape,
    VelocityShape,
)


class EllipseShape(Shape):
    a: float
    b: float
    theta: float


class CorridorShape(Shape):
    left_width: float
    right_width: float
    corridor_reference_point: str | None = None
    release_required: bool | None = None
    release_loss_behavior: str | None = None


class EdgeShape(Shape, kw_only=True):
    edge_id: str
    sequence_id: Count
    released: bool
    maximum_speed: float | None = None
    length: float | None = None
    trajectory: TrajectoryShape | None = None
    corridor: CorridorShape | None = None
    actions: tuple[ActionShape, ...]


class VertexShape(Shape):
    x: float
    y: float


class ZoneShape(Shape, kw_only=True):
    zone_id: str
    zone_type: str
    vertices: tuple[VertexShape, ...]
    maximum_speed: float | None = None


class ZonesShape(Shape):
    map_id: str
    zone_set_id: str
    zones: tuple[ZoneShape, ...]


class ZoneSetShape(Shape):
    zone_set: ZonesShape


class ResponseShape(Shape):
    request_id: str
    grant_type: str
    lease_expiry: str | None = None


class ResponsesShape(Shape):
    responses: tuple[ResponseShape, ...]


class PlannedPathShape(Shape):
    trajectory: TrajectoryShape
    traversed_nodes: tuple[str, ...] | None = None


class WaypointShape(Shape, kw_only=True):
    x: float
    y: float
    theta: float | None = None
    eta: str


class IntermediatePathShape(Shape):
    polyline: tuple[WaypointShape, ...]


class ZoneSetStateShape(Shape):
    zone_set_id: str
    map_id: str
    zone_set_status: str


class ZoneRequestShape(Shape):
    request_id: str
    request_type: str
    zone_id: str
    zone_set_id: str
    request_status: str


class EdgeRequestShape(Shape):
    request_id: str
    request_type: str
    edge_id: str
    sequence_id: Number
    request_status: str


class StateShape(Shape, kw_only=True):
    maps: tuple[MapShape, ...] | None = None
    zone_sets: tuple[ZoneSetStateShape, ...] | None = None
    order_id: str
    order_update_id: Number
    last_node_id: str
    last_node_sequence_id: Number
    node_states: tuple[NodeStateShape, ...]
    edge_states: tuple[EdgeStateShape, ...]
    planned_path: msgspec.Raw = NOTHING
    intermediate_path: msgspec.Raw = NOTHING
    mobile_robot_position: PositionShape | None = None
    velocity: VelocityShape | None = None
    loads: tuple[LoadShape, ...] | None = None
    driving: bool
    paused: bool | None = None
    new_base_request: bool | None = None
    zone_requests: tuple[ZoneRequestShape, ...] | None = None
    edge_requests: tuple[EdgeRequestShape, ...] | None = None
    distance_since_last_node: float | None = None
    action_states: tuple[ActionStateShape, ...]
    instant_action_states: tuple[ActionStateShape, ...] | None = None  # must be there, and is written always
    power_supply: PowerShape
    operating_mode: str
    errors: tuple[ErrorShape, ...]
    information: msgspec.Raw = NOTHING
    safety_state: SafetyShape


class VisualizationShape(Shape, kw_only=True):
    reference_state_header_id: Count | None = None
    planned_path: msgspec.Raw = NOTHING
    intermediate_path: msgspec.Raw = NOTHING
    mobile_robot_position: PositionShape | None = None
    velocity: VelocityShape | None = None
