"""State and event give the next state; nothing else writes a state.

`apply` never fails on an event that was journalled, and never looks at the clock: what it needs is in the event or in
the trade time that the journal kept beside it.
"""

from __future__ import annotations

from fleet.model import event as ev
from fleet.model.change import replace
from fleet.state.apply import clock, custody, orders, people, runs, trips, vehicles
from fleet.state.apply.registry import APPLIERS
from fleet.state.fleet_state import FleetState

__all__ = ["APPLIERS", "apply", "clock", "custody", "orders", "people", "runs", "trips", "vehicles"]


def apply(state: FleetState, event: ev.Event, now_s: float) -> FleetState:
    """The state after `event`, which happened at trade time `now_s`."""
    if state.now_s != now_s:
        state = replace(state, now_s=now_s)
    return APPLIERS[type(event)](state, event, now_s)
