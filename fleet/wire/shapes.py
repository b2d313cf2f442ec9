"""What the versions of VDA 5050 write alike: field for field, names as on the wire, header left out.

What a master does not use is not listed; unknown fields are skipped on the way in. Enumerations stay text
here, because an unknown word must not cost the whole message: each version's `words` map them. What only people look
at stays `Raw` and is read by itself, so that a fault in it does not cost the message either.
"""

from __future__ import annotations

from typing import Annotated, dataclass_transform

import msgspec

Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
NOTHING = msgspec.Raw(b"")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Shape(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", omit_defaults=True):
    """Base of all wire shapes; what is None is not written."""


class EmptyShape(Shape):
    """An object that must be there and that we have nothing to say in."""


class ConnectionShape(Shape):
    connection_state: str


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


class NodeStateShape(Shape):
    node_id: str
    sequence_id: Number
    released: bool


class EdgeStateShape(Shape):
    edge_id: str
    sequence_id: Number
    released: bool


class VelocityShape(Shape):
    vx: float | None = None
    vy: float | None = None


class LoadShape(Shape):
    load_id: str | None = None
    load_type: str | None = None
    load_position: str | None = None
    weight: float | None = None


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
