"""A factsheet field for field, named as VDA 5050 3.0 names it; any part may be missing, as on real vehicles."""

from __future__ import annotations

import msgspec

from fleet.wire.standard.shapes import EmptyShape, Number, Shape


class TypeShape(Shape):
    series_name: str | None = None
    mobile_robot_kinematics: str | None = None
    mobile_robot_class: str | None = None
    maximum_load_mass: float | None = None
    localization_types: tuple[str, ...] | None = None
    navigation_types: tuple[str, ...] | None = None


class PhysicalShape(Shape):
    minimum_speed: float | None = None
    maximum_speed: float | None = None
    maximum_acceleration: float | None = None
    maximum_deceleration: float | None = None
    minimum_height: float | None = None
    maximum_height: float | None = None
    width: float | None = None
    length: float | None = None


class TextLimitsShape(Shape):
    maximum_message_length: Number | None = None
    maximum_id_length: Number | None = None
    id_numerical_only: bool | None = None


class TimingShape(Shape):
    minimum_order_interval: float | None = None
    minimum_state_interval: float | None = None
    default_state_interval: float | None = None


class ListLimitsShape(Shape):
    order_nodes: Number | None = msgspec.field(default=None, name="order.nodes")
    order_edges: Number | None = msgspec.field(default=None, name="order.edges")
    node_actions: Number | None = msgspec.field(default=None, name="node.actions")
    edge_actions: Number | None = msgspec.field(default=None, name="edge.actions")
    action_parameters: Number | None = msgspec.field(default=None, name="actions.actionsParameters")
    instant_actions: Number | None = None
    knots: Number | None = msgspec.field(default=None, name="trajectory.knotVector")
    control_points: Number | None = msgspec.field(default=None, name="trajectory.controlPoints")
    zones: Number | None = msgspec.field(default=None, name="zoneSet.zones")  # 3.0


class LimitsShape(Shape):
    maximum_string_lengths: TextLimitsShape | None = None
    maximum_array_lengths: ListLimitsShape | None = None
    timing: TimingShape | None = None


class OptionalParameterShape(Shape):
    parameter: str | None = None
    support: str | None = None


class ParameterShape(Shape, kw_only=True):
    key: str | None = None
    value_data_type: str | None = None
    is_optional: bool | None = None


class OfferShape(Shape):
    action_type: str | None = None
    action_scopes: tuple[str, ...] | None = None
    action_parameters: tuple[ParameterShape, ...] | None = None
    blocking_types: tuple[str, ...] | str | None = None  # the schemas of 2.x are at odds with themselves here
    pause_allowed: bool | None = None  # 3.0
    cancel_allowed: bool | None = None  # 3.0


class FeaturesShape(Shape):
    optional_parameters: tuple[OptionalParameterShape, ...] | None = None
    mobile_robot_actions: tuple[OfferShape, ...] | None = None


class FactsheetShape(Shape):
    type_specification: TypeShape | None = None
    physical_parameters: PhysicalShape | None = None
    protocol_limits: LimitsShape | None = None
    protocol_features: FeaturesShape | None = None
    mobile_robot_geometry: EmptyShape | None = None
    load_specification: EmptyShape | None = None
