"""What the versions of VDA 5050 write alike: field for field, header left out, and named as 3.0 names it.

A version that has another name for a field says so in its own `shapes`. What a master does not use is not listed;
unknown fields are skipped on the way in. Enumerations stay text here, because an unknown word must not cost the whole
message: each version's `words` map them. What only people look at stays `Raw` and is read by itself, so that a fault in
it does not cost the message either.
"""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar, dataclass_transform

import msgspec

from fleet.wire.header import Count

Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
NOTHING = msgspec.Raw(b"")
Room = TypeVar("Room")
"""How the room around a node is told: a radius, or an ellipse."""
Edge = TypeVar("Edge")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Shape(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", omit_defaults=True):
    """Base of all wire shapes; what is None is not written."""


class EmptyShape(Shape):
    """An object that must be there and that we have nothing to say in."""


# What is told ---------------------------------------------------------------------------------------------------------


class ControlPointShape(Shape):
    x: float
    y: float
    weight: float | None = None


class TrajectoryShape(Shape, kw_only=True):
    degree: int | None = None
    knot_vector: tuple[float, ...] | None = None
    control_points: tuple[ControlPointShape, ...]


class ActionParameterShape(Shape):
    key: str
    value: str | float | int | bool


class ActionShape(Shape, kw_only=True):
    action_type: str
    action_id: str
    blocking_type: str
    action_parameters: tuple[ActionParameterShape, ...] | None = None
    retriable: bool | None = None  # 3.0


class InstantActionsShape(Shape, kw_only=True):
    actions: tuple[ActionShape, ...]
    instant_actions: tuple[ActionShape, ...] | None = None  # the name of 1.1, which some clients of 2.0 still read


class NodePositionShape(Shape, Generic[Room], kw_only=True):
    x: float
    y: float
    theta: float | None = None
    allowed_deviation_xy: Room | None = msgspec.field(default=None, name="allowedDeviationXY")
    allowed_deviation_theta: float | None = None
    map_id: str


class NodeShape(Shape, Generic[Room], kw_only=True):
    node_id: str
    sequence_id: Count
    released: bool
    node_position: NodePositionShape[Room] | None = None
    actions: tuple[ActionShape, ...]


class OrderShape(Shape, Generic[Room, Edge]):
    order_id: str
    order_update_id: Count
    nodes: tuple[NodeShape[Room], ...]
    edges: tuple[Edge, ...]


# What is said ---------------------------------------------------------------------------------------------------------


class ConnectionShape(Shape):
    connection_state: str


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
    action_result: str | None = None


class PositionShape(Shape):
    x: float
    y: float
    theta: float
    map_id: str
    localized: bool


class VelocityShape(Shape):
    vx: float | None = None
    vy: float | None = None


class LoadShape(Shape):
    load_id: str | None = None
    load_type: str | None = None
    load_position: str | None = None
    weight: float | None = None


class PowerShape(Shape):
    state_of_charge: float
    charging: bool
    range: float | None = None


class SafetyShape(Shape):
    active_emergency_stop: str
    field_violation: bool


class ReferenceShape(Shape):
    reference_key: str
    reference_value: str


class ErrorShape(Shape, kw_only=True):
    error_type: str
    error_references: tuple[ReferenceShape, ...] | None = None
    error_description: str | None = None
    error_level: str


class MapShape(Shape):
    map_id: str
    map_version: str
    map_status: str


class InformationShape(Shape, kw_only=True):
    info_type: str
    info_references: tuple[ReferenceShape, ...] | None = None
    info_descriptor: str | None = None
    info_level: str
