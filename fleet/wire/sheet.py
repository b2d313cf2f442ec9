"""Parts of a factsheet that all versions of VDA 5050 write alike; any part may be missing, as on real vehicles."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fleet.wire.messages import OfferedAction, OptionalParameter, ProtocolLimits
from fleet.wire.shapes import Number, Shape


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


def at_most(told: float | None) -> int:
    """A limit as we write it: nothing told, or nothing sensible, is no limit."""
    return max(int(told or 0), 0)


def with_list_limits(limits: ProtocolLimits, lists: ListLimitsShape) -> ProtocolLimits:
    return msgspec.structs.replace(
        limits,
        order_nodes_max=at_most(lists.order_nodes),
        order_edges_max=at_most(lists.order_edges),
        node_actions_max=at_most(lists.node_actions),
        edge_actions_max=at_most(lists.edge_actions),
        action_parameters_max=at_most(lists.action_parameters),
        instant_actions_max=at_most(lists.instant_actions),
        knots_max=at_most(lists.knots),
        control_points_max=at_most(lists.control_points),
        zones_max=at_most(lists.zones),
    )


def list_limits_shape(limits: ProtocolLimits, *, has_zones: bool) -> ListLimitsShape:
    return ListLimitsShape(
        order_nodes=limits.order_nodes_max or None,
        order_edges=limits.order_edges_max or None,
        node_actions=limits.node_actions_max or None,
        edge_actions=limits.edge_actions_max or None,
        action_parameters=limits.action_parameters_max or None,
        instant_actions=limits.instant_actions_max or None,
        knots=limits.knots_max or None,
        control_points=limits.control_points_max or None,
        zones=(limits.zones_max or None) if has_zones else None,
    )


def read_optional_parameters(told: Iterable[OptionalParameterShape] | None) -> tuple[OptionalParameter, ...]:
    return tuple(
        [
            OptionalParameter(name=shape.parameter, is_required=shape.support == "REQUIRED")
            for shape in told or ()
            if shape.parameter
        ]
    )


def optional_parameter_shapes(parameters: Iterable[OptionalParameter]) -> tuple[OptionalParameterShape, ...]:
    support = {True: "REQUIRED", False: "SUPPORTED"}
    return tuple([OptionalParameterShape(parameter=p.name, support=support[p.is_required]) for p in parameters])


def read_offers(told: Iterable[OfferShape] | None) -> tuple[OfferedAction, ...]:
    return tuple([_read_offer(shape, shape.action_type) for shape in told or () if shape.action_type is not None])


def _read_offer(shape: OfferShape, action_type: str) -> OfferedAction:
    blocking = shape.blocking_types or ()
    return OfferedAction(
        action_type=action_type,
        scopes=shape.action_scopes or (),
        blocking_types=(blocking,) if isinstance(blocking, str) else blocking,
        required_keys=tuple([p.key for p in shape.action_parameters or () if p.key and not p.is_optional]),
    )


def offer_shapes(offers: Iterable[OfferedAction], *, says_what_interrupts: bool) -> tuple[OfferShape, ...]:
    """What is offered; that all of it can be paused and cancelled must be said in 3.0."""
    interrupts = True if says_what_interrupts else None
    return tuple(
        [
            OfferShape(
                action_type=offer.action_type,
                action_scopes=offer.scopes,
                action_parameters=_parameter_shapes(offer.required_keys),
                blocking_types=offer.blocking_types or None,
                pause_allowed=interrupts,
                cancel_allowed=interrupts,
            )
            for offer in offers
        ]
    )


def _parameter_shapes(keys: Iterable[str]) -> tuple[ParameterShape, ...] | None:
    return tuple([ParameterShape(key=key, value_data_type="STRING", is_optional=False) for key in keys]) or None
