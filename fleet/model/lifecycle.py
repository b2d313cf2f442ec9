"""A state machine as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from fleet.errors import LifecycleError

State = TypeVar("State", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Lifecycle(Generic[State]):
    """A state machine written as a table: which states may follow which."""

    name: str
    moves: Mapping[State, frozenset[State]]

    def move(self, current: State, target: State) -> State:
        if target not in self.moves[current]:
            raise LifecycleError(self.name, current, target)
        return target

    def allows(self, current: State, target: State) -> bool:
        return target in self.moves[current]

    def is_final(self, current: State) -> bool:
        return not self.moves[current]
