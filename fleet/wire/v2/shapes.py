"""What VDA 5050 2.x names otherwise than `fleet.wire.standard.shapes`, or has in another order."""

from __future__ import annotations

import msgspec

from fleet.wire.header import Count
from fleet.wire.standard import shapes as standard
from fleet.wire.standard.shapes import (
    NOTHING,
    ActionShape,
    EdgeStateShape,
    ErrorShape,
    LoadShape,
    MapShape,
    NodeStateShape,
    Number,
    Shape,
    TrajectoryShape,
    VelocityShape,
)


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


class ActionStateShape(standard.ActionStateShape, kw_only=True):
    action_result: str | None = msgspec.field(default=None, name="resultDescription")


class PositionShape(standard.PositionShape):
    localized: bool = msgspec.field(name="positionInitialized")


class PowerShape(standard.PowerShape):
    state_of_charge: float = msgspec.field(name="batteryCharge")
    range: float | None = msgspec.field(default=None, name="reach")


class SafetyShape(standard.SafetyShape):
    active_emergency_stop: str = msgspec.field(name="eStop")


class InformationShape(standard.InformationShape, kw_only=True):
    info_descriptor: str | None = msgspec.field(default=None, name="infoDescription")


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
    battery_state: PowerShape
    operating_mode: str
    errors: tuple[ErrorShape, ...]
    information: msgspec.Raw = NOTHING
    safety_state: SafetyShape


class VisualizationShape(Shape):
    agv_position: PositionShape | None = None
    velocity: VelocityShape | None = None
