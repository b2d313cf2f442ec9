"""The factsheet of VDA 5050 3.0, as far as we use it."""

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
    mobile_robot_kinematics: str | None = None
    mobile_robot_class: str | None = None
    maximum_load_mass: float | None = None
    localization_types: tuple[str, ...] | None = None
    navigation_types: tuple[str, ...] | None = None
    supported_zones: tuple[str, ...] | None = None


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


class LimitsShape(Shape):
    maximum_string_lengths: TextLimitsShape | None = None
    maximum_array_lengths: ListLimitsShape | None = None
    timing: TimingShape | None = None


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


_DECODER = msgspec.json.Decoder(FactsheetShape)


def read_factsheet(header: Header, payload: bytes) -> Factsheet:
    shape = _DECODER.decode(payload)
    kind = shape.type_specification or TypeShape()
    body = shape.physical_parameters or PhysicalShape()
    features = shape.protocol_features or FeaturesShape()
    return Factsheet(
        header=header,
        series_name=kind.series_name or "",
        load_kg_max=kind.maximum_load_mass,
        speed_mps_max=body.maximum_speed,
        accel_mps2_max=body.maximum_acceleration,
        decel_mps2_max=body.maximum_deceleration,
        length_m=body.length,
        width_m=body.width,
        height_m=body.maximum_height,
        limits=_limits(shape.protocol_limits or LimitsShape()),
        actions=read_offers(features.mobile_robot_actions),
        optional_parameters=read_optional_parameters(features.optional_parameters),
        zone_types=kind.supported_zones or (),
    )


def _limits(shape: LimitsShape) -> ProtocolLimits:
    texts = shape.maximum_string_lengths or TextLimitsShape()
    timing = shape.timing or TimingShape()
    limits = ProtocolLimits(
        message_bytes_max=at_most(texts.maximum_message_length),
        id_chars_max=at_most(texts.maximum_id_length),
        ids_are_numbers=bool(texts.id_numerical_only),
        order_interval_s_min=max(timing.minimum_order_interval or 0.0, 0.0),
        state_interval_s_default=timing.default_state_interval,
    )
    return with_list_limits(limits, shape.maximum_array_lengths or ListLimitsShape())


def factsheet_shape(sheet: Factsheet) -> FactsheetShape:
    """The sheet in the standard's words; its lists are open in 3.0, so a car-like vehicle may say what it is."""
    return FactsheetShape(
        type_specification=TypeShape(
            series_name=sheet.series_name,
            mobile_robot_kinematics="ACKERMANN",
            mobile_robot_class="CARRIER",
            maximum_load_mass=sheet.load_kg_max,
            localization_types=("GNSS",),
            navigation_types=("AUTONOMOUS",),
            supported_zones=sheet.zone_types or None,
        ),
        physical_parameters=PhysicalShape(
            minimum_speed=0.0,
            maximum_speed=sheet.speed_mps_max,
            maximum_acceleration=sheet.accel_mps2_max,
            maximum_deceleration=sheet.decel_mps2_max,
            minimum_height=sheet.height_m,  # a vehicle that lifts nothing is as low as it is high
            maximum_height=sheet.height_m,
            width=sheet.width_m,
            length=sheet.length_m,
        ),
        protocol_limits=_limits_shape(sheet.limits),
        protocol_features=FeaturesShape(
            optional_parameters=optional_parameter_shapes(sheet.optional_parameters),
            mobile_robot_actions=offer_shapes(sheet.actions, says_what_interrupts=True),
        ),
        mobile_robot_geometry=EmptyShape(),
        load_specification=EmptyShape(),
    )


def _limits_shape(limits: ProtocolLimits) -> LimitsShape:
    return LimitsShape(
        maximum_string_lengths=TextLimitsShape(
            maximum_message_length=limits.message_bytes_max or None,
            maximum_id_length=limits.id_chars_max or None,
            id_numerical_only=limits.ids_are_numbers or None,
        ),
        maximum_array_lengths=list_limits_shape(limits, has_zones=True),
        timing=TimingShape(
            minimum_order_interval=limits.order_interval_s_min,
            minimum_state_interval=0.0,
            default_state_interval=limits.state_interval_s_default,
        ),
    )
