"""Which function applies which kind of event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fleet.model import event as ev
from fleet.state.fleet_state import FleetState

E = TypeVar("E", bound=ev.Event)
Applier = Callable[[FleetState, Any, float], FleetState]
APPLIERS: dict[type[ev.Event], Applier] = {}


def on(kind: type[E]) -> Callable[[Callable[[FleetState, E, float], FleetState]], Applier]:
    """Register the one function that applies events of this kind."""

    def register(function: Callable[[FleetState, E, float], FleetState]) -> Applier:
        APPLIERS[kind] = function
        return function

    return register
