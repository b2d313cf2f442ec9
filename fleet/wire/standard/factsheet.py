"""The factsheet, as far as we use it, read into our words and written from them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fleet.wire.messages import Factsheet, Header, OfferedAction, OptionalParameter, ProtocolLimits
from fleet.wire.standard.factsheet_shapes import (
    FactsheetShape,
    FeaturesShape,
    LimitsShape,
    ListLimitsShape,
    OfferShape,
    OptionalParameterShape,
    ParameterShape,
    PhysicalShape,
    TextLimitsShape,
    TimingShape,
    TypeShape,
)
from fleet.wire.standard.shapes import EmptyShape


def read_factsheet(header: Header, shape: FactsheetShape) -> Factsheet:
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
        limits=_read_limits(shape.protocol_limits or LimitsShape()),
        actions=_read_offers(features.mobile_robot_actions),
        optional_parameters=_read_optional_parameters(features.optional_parameters),
    )


def _read_limits(shape: LimitsShape) -> ProtocolLimits:
    texts = shape.maximum_string_lengths or TextLimitsShape()
    timing = shape.timing or TimingShape()
    limits = ProtocolLimits(
        message_bytes_max=_at_most(texts.maximum_message_length),
        id_chars_max=_at_most(texts.maximum_id_length),
        ids_are_numbers=bool(texts.id_numerical_only),
        order_interval_s_min=max(timing.minimum_order_interval or 0.0, 0.0),
        state_interval_s_default=timing.default_state_interval,
    )
    return _with_list_limits(limits, shape.maximum_array_lengths or ListLimitsShape())


def factsheet_shape(sheet: Factsheet, kind: TypeShape, *, can_be_interrupted: bool | None) -> FactsheetShape:
    """The sheet in the standard's words.

    Args:
        kind: what it calls itself, for versions have other words for that.
        can_be_interrupted: whether each action may be paused and cancelled; None where there are no words for it.
    """
    return FactsheetShape(
        type_specification=kind,
        physical_parameters=PhysicalShape(
            minimum_speed=0.0,
            maximum_speed=sheet.speed_mps_max,
            maximum_acceleration=sheet.accel_mps2_max,
            maximum_deceleration=sheet.decel_mps2_max,
            minimum_height=sheet.height_m,  # a vehicle that lifts nothing is as low as it is high; 2.0.0 must be told
            maximum_height=sheet.height_m,
            width=sheet.width_m,
            length=sheet.length_m,
        ),
        protocol_limits=_limits_shape(sheet.limits),
        protocol_features=FeaturesShape(
            optional_parameters=_optional_parameter_shapes(sheet.optional_parameters),
            mobile_robot_actions=_offer_shapes(sheet.actions, can_be_interrupted),
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
        maximum_array_lengths=_list_limits_shape(limits),
        timing=TimingShape(
            minimum_order_interval=limits.order_interval_s_min,
            minimum_state_interval=0.0,
            default_state_interval=limits.state_interval_s_default,
        ),
    )


def _at_most(told: float | None) -> int:
    """A limit as we write it: nothing told, or nothing sensible, is no limit."""
    return max(int(told or 0), 0)


def _with_list_limits(limits: ProtocolLimits, lists: ListLimitsShape) -> ProtocolLimits:
    return msgspec.structs.replace(
        limits,
        order_nodes_max=_at_most(lists.order_nodes),
        order_edges_max=_at_most(lists.order_edges),
        node_actions_max=_at_most(lists.node_actions),
        edge_actions_max=_at_most(lists.edge_actions),
        action_parameters_max=_at_most(lists.action_parameters),
        instant_actions_max=_at_most(lists.instant_actions),
        knots_max=_at_most(lists.knots),
        control_points_max=_at_most(lists.control_points),
        zones_max=_at_most(lists.zones),
    )


def _list_limits_shape(limits: ProtocolLimits) -> ListLimitsShape:
    return ListLimitsShape(
        order_nodes=limits.order_nodes_max or None,
        order_edges=limits.order_edges_max or None,
        node_actions=limits.node_actions_max or None,
        edge_actions=limits.edge_actions_max or None,
        action_parameters=limits.action_parameters_max or None,
        instant_actions=limits.instant_actions_max or None,
        knots=limits.knots_max or None,
        control_points=limits.control_points_max or None,
        zones=limits.zones_max or None,
    )


def _read_optional_parameters(told: Iterable[OptionalParameterShape] | None) -> tuple[OptionalParameter, ...]:
    return tuple(
        [
            OptionalParameter(name=shape.parameter, is_required=shape.support == "REQUIRED")
            for shape in told or ()
            if shape.parameter
        ]
    )


def _optional_parameter_shapes(parameters: Iterable[OptionalParameter]) -> tuple[OptionalParameterShape, ...]:
    support = {True: "REQUIRED", False: "SUPPORTED"}
    return tuple([OptionalParameterShape(parameter=p.name, support=support[p.is_required]) for p in parameters])


def _read_offers(told: Iterable[OfferShape] | None) -> tuple[OfferedAction, ...]:
    return tuple([_read_offer(shape, shape.action_type) for shape in told or () if shape.action_type is not None])


def _read_offer(shape: OfferShape, action_type: str) -> OfferedAction:
    blocking = shape.blocking_types or ()
    return OfferedAction(
        action_type=action_type,
        scopes=shape.action_scopes or (),
        blocking_types=(blocking,) if isinstance(blocking, str) else blocking,
        required_keys=tuple([p.key for p in shape.action_parameters or () if p.key and not p.is_optional]),
    )


def _offer_shapes(offers: Iterable[OfferedAction], can_be_interrupted: bool | None) -> tuple[OfferShape, ...]:
    return tuple(
        [
            OfferShape(
                action_type=offer.action_type,
                action_scopes=offer.scopes,
                action_parameters=_parameter_shapes(offer.required_keys),
                blocking_types=offer.blocking_types or None,
                pause_allowed=can_be_interrupted,
                cancel_allowed=can_be_interrupted,
            )
            for offer in offers
        ]
    )


def _parameter_shapes(keys: Iterable[str]) -> tuple[ParameterShape, ...] | None:
    return tuple([ParameterShape(key=key, value_data_type="STRING", is_optional=False) for key in keys]) or None
