"""How VDA 5050 2.x writes what 3.0 writes otherwise; the rest is in `fleet.wire.shapes`."""

from __future__ import annotations

import msgspec

from fleet.wire.header import Count
from fleet.wire.shapes import (
    NOTHING,
    ActionShape,
    EdgeStateShape,
    ErrorShape,
    LoadShape,
    MapShape,
    NodeStateShape,
    Number,
    ReferenceShape,
    Shape,
    TrajectoryShape,
    VelocityShape,
)


class NodePositionShape(Shape, kw_only=True):
    x: float
    y: float
    theta: float | None = None
    allowed_deviation_xy: float | None = msgspec.field(default=None, name="allowedDeviationXY")
    allowed_deviation_theta: float | None = None
    map_id: str


class NodeShape(Shape, kw_only=True):
    node_id: str
    sequence_id: Count
    released: bool
    node_position: NodePositionShape | None = None
    actions: tuple[ActionShape, ...]


class CorridorShape(Shape):
    left_width: float
    right_width: float
    corridor_ref_point: str | None = None


class EdgeShape(Shape, kw_only=True):
    edge_id: str
    sequence_id: Count
    released: bool
    start_node_id: str
    end_node_id: str
    max_speed: float | None = None
    length: float | None = None
    trajectory: TrajectoryShape | None = None
    corridor: CorridorShape | None = None
    actions: tuple[ActionShape, ...]


class OrderShape(Shape):
    order_id: str
    order_update_id: Count
    nodes: tuple[NodeShape, ...]
    edges: tuple[EdgeShape, ...]


class ActionStateShape(Shape, kw_only=True):
    action_id: str
    action_type: str | None = None
    action_status: str
    result_description: str | None = None


class PositionShape(Shape):
    x: float
    y: float
    theta: float
    map_id: str
    position_initialized: bool


class BatteryShape(Shape):
    battery_charge: float
    charging: bool
    reach: float | None = None


class SafetyShape(Shape):
    e_stop: str
    field_violation: bool


class InformationShape(Shape, kw_only=True):
    info_type: str
    info_references: tuple[ReferenceShape, ...] | None = None
    info_description: str | None = None
    info_level: str


class StateShape(Shape, kw_only=True):
    maps: tuple[MapShape, ...] | None = None
    order_id: str
    order_update_id: Number
    last_node_id: str
    last_node_sequence_id: Number
    node_states: tuple[NodeStateShape, ...]
    edge_states: tuple[EdgeStateShape, ...]
    agv_position: PositionShape | None = None
    velocity: VelocityShape | None = None
    loads: tuple[LoadShape, ...] | None = None
    driving: bool
    paused: bool | None = None
    new_base_request: bool | None = None
    distance_since_last_node: float | None = None
    action_states: tuple[ActionStateShape, ...]
    battery_state: BatteryShape
    operating_mode: str
    errors: tuple[ErrorShape, ...]
    information: msgspec.Raw = NOTHING
    safety_state: SafetyShape


class VisualizationShape(Shape):
    agv_position: PositionShape | None = None
    velocity: VelocityShape | None = None
