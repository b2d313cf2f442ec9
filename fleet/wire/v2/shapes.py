"""How VDA 5050 2.x writes its messages: field for field, names as on the wire, header left out.

What a master does not use is not listed; unknown fields are skipped on the way in. Enumerations stay text
here, because an unknown word must not cost the whole message: `words` maps them.
"""

from __future__ import annotations

from typing import Annotated, dataclass_transform

import msgspec

from fleet.wire.header import Count

Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Shape(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", omit_defaults=True):
    """Base of all wire shapes; what is None is not written."""


class ConnectionShape(Shape):
    connection_state: str


class NodePositionShape(Shape, kw_only=True):
    x: float
    y: float
    theta: float | None = None
    allowed_deviation_xy: float | None = msgspec.field(default=None, name="allowedDeviationXY")
    map_id: str


class ActionParameterShape(Shape):
    key: str
    value: str | float | int | bool


class ActionShape(Shape):
    action_type: str
    action_id: str
    blocking_type: str
    action_parameters: tuple[ActionParameterShape, ...] | None = None


class NodeShape(Shape, kw_only=True):
    node_id: str
    sequence_id: Count
    released: bool
    node_position: NodePositionShape | None = None
    actions: tuple[ActionShape, ...]


class EdgeShape(Shape, kw_only=True):
    edge_id: str
    sequence_id: Count
    released: bool
    start_node_id: str
    end_node_id: str
    max_speed: float | None = None
    length: float | None = None
    actions: tuple[ActionShape, ...]


class OrderShape(Shape):
    order_id: str
    order_update_id: Count
    nodes: tuple[NodeShape, ...]
    edges: tuple[EdgeShape, ...]


class InstantActionsShape(Shape):
    actions: tuple[ActionShape, ...]


class NodeStateShape(Shape):
    node_id: str
    sequence_id: Number
    released: bool


class EdgeStateShape(Shape):
    edge_id: str
    sequence_id: Number
    released: bool


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


class VelocityShape(Shape):
    vx: float | None = None
    vy: float | None = None


class LoadShape(Shape):
    load_id: str | None = None
    load_type: str | None = None
    load_position: str | None = None
    weight: float | None = None


class BatteryShape(Shape):
    battery_charge: float
    charging: bool
    reach: float | None = None


class ReferenceShape(Shape):
    reference_key: str
    reference_value: str


class ErrorShape(Shape, kw_only=True):
    error_type: str
    error_references: tuple[ReferenceShape, ...] | None = None
    error_description: str | None = None
    error_level: str


class SafetyShape(Shape):
    e_stop: str
    field_violation: bool


class MapShape(Shape):
    map_id: str
    map_version: str
    map_status: str


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
    safety_state: SafetyShape


class VisualizationShape(Shape):
    agv_position: PositionShape | None = None
    velocity: VelocityShape | None = None
