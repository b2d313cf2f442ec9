"""The factsheet of VDA 5050 2.1.0, as far as we use it; any part may be missing, as on real vehicles."""

from __future__ import annotations

import msgspec

from fleet.wire.messages import Factsheet, Header, OfferedAction, ProtocolLimits
from fleet.wire.v2.shapes import Number, Shape


class TypeShape(Shape):
    series_name: str | None = None
    agv_kinematic: str | None = None
    agv_class: str | None = None
    max_load_mass: float | None = None
    localization_types: tuple[str, ...] | None = None
    navigation_types: tuple[str, ...] | None = None


class PhysicalShape(Shape):
    speed_min: float | None = None
    speed_max: float | None = None
    acceleration_max: float | None = None
    deceleration_max: float | None = None
    height_max: float | None = None
    width: float | None = None
    length: float | None = None


class TextLimitsShape(Shape):
    msg_len: Number | None = None
    id_len: Number | None = None


class ListLimitsShape(Shape):
    order_nodes: Number | None = msgspec.field(default=None, name="order.nodes")
    order_edges: Number | None = msgspec.field(default=None, name="order.edges")
    node_actions: Number | None = msgspec.field(default=None, name="node.actions")


class TimingShape(Shape):
    min_order_interval: float | None = None
    min_state_interval: float | None = None
    default_state_interval: float | None = None


class LimitsShape(Shape):
    max_string_lens: TextLimitsShape | None = None
    max_array_lens: ListLimitsShape | None = None
    timing: TimingShape | None = None


class AgvActionShape(Shape):
    action_type: str | None = None
    action_scopes: tuple[str, ...] | None = None


class FeaturesShape(Shape):
    optional_parameters: tuple[msgspec.Raw, ...] | None = None
    agv_actions: tuple[AgvActionShape, ...] | None = None


class EmptyShape(Shape):
    """An object that must be there and that we have nothing to say in."""


class FactsheetShape(Shape):
    type_specification: TypeShape | None = None
    physical_parameters: PhysicalShape | None = None
    protocol_limits: LimitsShape | None = None
    protocol_features: FeaturesShape | None = None
    agv_geometry: EmptyShape | None = None
    load_specification: EmptyShape | None = None


_DECODER = msgspec.json.Decoder(FactsheetShape)


def read_factsheet(header: Header, payload: bytes) -> Factsheet:
    shape = _DECODER.decode(payload)
    kind = shape.type_specification or TypeShape()
    body = shape.physical_parameters or PhysicalShape()
    features = shape.protocol_features or FeaturesShape()
    return Factsheet(
        header=header,
        series_name=kind.series_name or "",
        load_kg_max=kind.max_load_mass,
        speed_mps_max=body.speed_max,
        accel_mps2_max=body.acceleration_max,
        decel_mps2_max=body.deceleration_max,
        length_m=body.length,
        width_m=body.width,
        height_m=body.height_max,
        limits=_limits(shape.protocol_limits or LimitsShape()),
        actions=tuple(
            OfferedAction(action_type=a.action_type, scopes=a.action_scopes or ())
            for a in features.agv_actions or ()
            if a.action_type is not None
        ),
    )


def _limits(shape: LimitsShape) -> ProtocolLimits:
    texts = shape.max_string_lens or TextLimitsShape()
    lists = shape.max_array_lens or ListLimitsShape()
    timing = shape.timing or TimingShape()
    return ProtocolLimits(
        message_bytes_max=max(texts.msg_len or 0, 0),
        id_chars_max=max(texts.id_len or 0, 0),
        order_nodes_max=max(lists.order_nodes or 0, 0),
        order_edges_max=max(lists.order_edges or 0, 0),
        node_actions_max=max(lists.node_actions or 0, 0),
        order_interval_s_min=max(timing.min_order_interval or 0.0, 0.0),
        state_interval_s_default=timing.default_state_interval,
    )


def factsheet_shape(sheet: Factsheet) -> FactsheetShape:
    """The sheet in the standard's words; a car-like vehicle takes the nearest of its closed lists."""
    return FactsheetShape(
        type_specification=TypeShape(
            series_name=sheet.series_name,
            agv_kinematic="THREEWHEEL",
            agv_class="CARRIER",
            max_load_mass=sheet.load_kg_max,
            localization_types=("NATURAL",),
            navigation_types=("AUTONOMOUS",),
        ),
        physical_parameters=PhysicalShape(
            speed_min=0.0,
            speed_max=sheet.speed_mps_max,
            acceleration_max=sheet.accel_mps2_max,
            deceleration_max=sheet.decel_mps2_max,
            height_max=sheet.height_m,
            width=sheet.width_m,
            length=sheet.length_m,
        ),
        protocol_limits=_limits_shape(sheet.limits),
        protocol_features=FeaturesShape(
            optional_parameters=(), agv_actions=tuple(_action_shape(offer) for offer in sheet.actions)
        ),
        agv_geometry=EmptyShape(),
        load_specification=EmptyShape(),
    )


def _limits_shape(limits: ProtocolLimits) -> LimitsShape:
    return LimitsShape(
        max_string_lens=TextLimitsShape(msg_len=limits.message_bytes_max or None, id_len=limits.id_chars_max or None),
        max_array_lens=ListLimitsShape(
            order_nodes=limits.order_nodes_max or None,
            order_edges=limits.order_edges_max or None,
            node_actions=limits.node_actions_max or None,
        ),
        timing=TimingShape(
            min_order_interval=limits.order_interval_s_min,
            min_state_interval=0.0,
            default_state_interval=limits.state_interval_s_default,
        ),
    )


def _action_shape(offer: OfferedAction) -> AgvActionShape:
    return AgvActionShape(action_type=offer.action_type, action_scopes=offer.scopes)
