"""A make's own names of actions and of their parameters, put in place of ours and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from fleet.model.profile import FieldName
from fleet.wire.messages import (
    Action,
    ActionState,
    Factsheet,
    InstantActions,
    OfferedAction,
    Order,
    VehicleState,
)

Message = TypeVar("Message")
_Names = Mapping[str, str]


def with_theirs(message: Message, fields: Sequence[FieldName]) -> Message:
    """The message as the make would word it."""
    return _renamed(message, {field.ours: field.theirs for field in fields}) if fields else message


def with_ours(message: Message, fields: Sequence[FieldName]) -> Message:
    """The message as we would word it."""
    return _renamed(message, {field.theirs: field.ours for field in fields}) if fields else message


def _renamed(message: Message, names: _Names) -> Message:
    match message:
        case Order():
            nodes = tuple([replace(node, actions=_actions(node.actions, names)) for node in message.nodes])
            edges = tuple([replace(edge, actions=_actions(edge.actions, names)) for edge in message.edges])
            return replace(message, nodes=nodes, edges=edges)
        case InstantActions():
            return replace(message, actions=_actions(message.actions, names))
        case VehicleState():
            return replace(
                message,
                action_states=_states(message.action_states, names),
                instant_action_states=_states(message.instant_action_states, names),
            )
        case Factsheet():
            return replace(message, actions=tuple([_offer(offer, names) for offer in message.actions]))
        case _:
            return message


def _actions(actions: tuple[Action, ...], names: _Names) -> tuple[Action, ...]:
    return tuple(
        [
            replace(
                action,
                action_type=names.get(action.action_type, action.action_type),
                parameters=tuple([replace(p, key=names.get(p.key, p.key)) for p in action.parameters]),
            )
            for action in actions
        ]
    )


def _states(states: tuple[ActionState, ...], names: _Names) -> tuple[ActionState, ...]:
    return tuple(
        [
            state
            if state.action_type is None
            else replace(state, action_type=names.get(state.action_type, state.action_type))
            for state in states
        ]
    )


def _offer(offer: OfferedAction, names: _Names) -> OfferedAction:
    return replace(
        offer,
        action_type=names.get(offer.action_type, offer.action_type),
        required_keys=tuple([names.get(key, key) for key in offer.required_keys]),
        parameter_types=tuple([(names.get(key, key), told) for key, told in offer.parameter_types]),
    )
