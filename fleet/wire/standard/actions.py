"""Actions, and how far they are, read into our words and written from them.

Where versions use other words for the same, their table of words is handed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from fleet.wire.messages import Action, ActionParameter, ActionState, ActionStatus, BlockingType, InstantActions
from fleet.wire.standard import shapes
from fleet.wire.standard.words import STATUS_UNKNOWN

_INSTANT = msgspec.json.Decoder(shapes.InstantActionsShape)
_StateShape = TypeVar("_StateShape", bound=shapes.ActionStateShape)


def read_actions(actions: Iterable[shapes.ActionShape], blocking: Mapping[str, BlockingType]) -> tuple[Action, ...]:
    return tuple([_read_action(action, blocking) for action in actions])


def _read_action(shape: shapes.ActionShape, blocking: Mapping[str, BlockingType]) -> Action:
    if shape.blocking_type not in blocking:
        raise ValueError(f"blockingType {shape.blocking_type!r} is unknown")
    return Action(
        action_id=shape.action_id,
        action_type=shape.action_type,
        blocking_type=blocking[shape.blocking_type],
        parameters=tuple([ActionParameter(key=p.key, value=p.value) for p in shape.action_parameters or ()]),
        is_retriable=shape.retriable,
    )


def action_shapes(
    actions: Iterable[Action], blocking: Mapping[BlockingType, str], *, with_retriable: bool = False
) -> tuple[shapes.ActionShape, ...]:
    return tuple(
        [
            shapes.ActionShape(
                action_type=action.action_type,
                action_id=action.action_id,
                blocking_type=blocking[action.blocking_type],
                action_parameters=_parameter_shapes(action.parameters),
                retriable=action.is_retriable if with_retriable else None,
            )
            for action in actions
        ]
    )


def _parameter_shapes(parameters: Iterable[ActionParameter]) -> tuple[shapes.ActionParameterShape, ...] | None:
    return tuple([shapes.ActionParameterShape(key=p.key, value=p.value) for p in parameters]) or None


def read_instant_actions(payload: bytes, blocking: Mapping[str, BlockingType]) -> InstantActions:
    return InstantActions(actions=read_actions(_INSTANT.decode(payload).actions, blocking))


def instant_actions_shape(instant: InstantActions, blocking: Mapping[BlockingType, str]) -> shapes.InstantActionsShape:
    return shapes.InstantActionsShape(actions=action_shapes(instant.actions, blocking))


def read_action_states(
    states: Iterable[shapes.ActionStateShape], statuses: Mapping[str, ActionStatus]
) -> tuple[ActionState, ...]:
    return tuple(
        [
            ActionState(
                action_id=shape.action_id,
                status=statuses.get(shape.action_status, STATUS_UNKNOWN),
                action_type=shape.action_type,
                result=shape.action_result,
            )
            for shape in states
        ]
    )


def action_state_shapes(
    states: Iterable[ActionState], shape: type[_StateShape], statuses: Mapping[ActionStatus, str]
) -> tuple[_StateShape, ...]:
    return tuple(
        [
            shape(
                action_id=state.action_id,
                action_type=state.action_type,
                action_status=statuses[state.status],
                action_result=state.result,
            )
            for state in states
        ]
    )
