"""The factsheet of VDA 5050 2.x, as far as we use it."""

from __future__ import annotations

import msgspec

from fleet.wire.messages import Factsheet, Header, ProtocolLimits
from fleet.wire.shapes import EmptyShape, Number, Shape
from fleet.wire.sheet import (
    ListLimitsShape,
    OfferShape,
    OptionalParameterShape,
    at_most,
    list_limits_shape,
    offer_shapes,
    optional_parameter_shapes,
    read_offers,
    read_optional_parameters,
    with_list_limits,
)


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
    height_min: float | None = None
    height_max: float | None = None
    width: float | None = None
    length: float | None = None


class TextLimitsShape(Shape):
    msg_len: Number | None = None
    id_len: Number | None = None
    id_numerical_only: bool | None = None


class TimingShape(Shape):
    min_order_interval: float | None = None
    min_state_interval: float | None = None
    default_state_interval: float | None = None


class LimitsShape(Shape):
    max_string_lens: TextLimitsShape | None = None
    max_array_lens: ListLimitsShape | None = None
    timing: TimingShape | None = None


class FeaturesShape(Shape):
    optional_parameters: tuple[OptionalParameterShape, ...] | None = None
    agv_actions: tuple[OfferShape, ...] | None = None


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
        actions=read_offers(features.agv_actions),
        optional_parameters=read_optional_parameters(features.optional_parameters),
    )


def _limits(shape: LimitsShape) -> ProtocolLimits:
    texts = shape.max_string_lens or TextLimitsShape()
    timing = shape.timing or TimingShape()
    limits = ProtocolLimits(
        message_bytes_max=at_most(texts.msg_len),
        id_chars_max=at_most(texts.id_len),
        ids_are_numbers=bool(texts.id_numerical_only),
        order_interval_s_min=max(timing.min_order_interval or 0.0, 0.0),
        state_interval_s_default=timing.default_state_interval,
    )
    return with_list_limits(limits, shape.max_array_lens or ListLimitsShape())


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
            height_min=sheet.height_m,  # a vehicle that lifts nothing is as low as it is high; 2.0.0 must be told
            height_max=sheet.height_m,
            width=sheet.width_m,
            length=sheet.length_m,
        ),
        protocol_limits=_limits_shape(sheet.limits),
        protocol_features=FeaturesShape(
            optional_parameters=optional_parameter_shapes(sheet.optional_parameters),
            agv_actions=offer_shapes(sheet.actions, says_what_interrupts=False),
        ),
        agv_geometry=EmptyShape(),
        load_specification=EmptyShape(),
    )


def _limits_shape(limits: ProtocolLimits) -> LimitsShape:
    return LimitsShape(
        max_string_lens=TextLimitsShape(
            msg_len=limits.message_bytes_max or None,
            id_len=limits.id_chars_max or None,
            id_numerical_only=limits.ids_are_numbers or None,
        ),
        max_array_lens=list_limits_shape(limits, has_zones=False),
        timing=TimingShape(
            min_order_interval=limits.order_interval_s_min,
            min_state_interval=0.0,
            default_state_interval=limits.state_interval_s_default,
        ),
    )
