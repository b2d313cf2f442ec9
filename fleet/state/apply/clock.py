"""A journal that was written for a while by a clock far ahead: what was reckoned by it is put back (docs/clocks.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from immutables import Map

from fleet.model import event as ev
from fleet.model.change import replace
from fleet.model.run import Run
from fleet.state.apply.registry import on
from fleet.state.fleet_state import Closure, FleetState, SlowRoad

LEFT_ALONE = (Run, SlowRoad)
"""Windows are what customers said, whatever our clock was; and no road is opened because a clock was wrong."""


@on(ev.ClockTurnedBack)
def _clock_turned_back(state: FleetState, event: ev.ClockTurnedBack, now_s: float) -> FleetState:
    turned = {
        field.name: put_back(getattr(state, field.name), event.from_s, event.by_s)
        for field in fields(state)
        if field.name != "now_s"
    }
    return replace(state, **turned)


def put_back(value: Any, from_s: float, by_s: float) -> Any:
    """The same with all instants from `from_s` on that much earlier; no other figure of a state is as large."""
    if isinstance(value, float):
        return value - by_s if value >= from_s else value
    if isinstance(value, LEFT_ALONE) or (isinstance(value, Closure) and not value.is_obstacle):
        return value  # how long an obstacle closes a road is reckoned by us, from when it was met
    if isinstance(value, Map):
        return Map({key: put_back(held, from_s, by_s) for key, held in value.items()})
    if isinstance(value, tuple):
        return tuple(put_back(held, from_s, by_s) for held in value)
    if is_dataclass(value) and not isinstance(value, type):
        return _with_fields(value, {f.name: put_back(getattr(value, f.name), from_s, by_s) for f in fields(value)})
    return value


def _with_fields(value: Any, held: Mapping[str, Any]) -> Any:
    changed = {name: new for name, new in held.items() if new != getattr(value, name)}
    return replace(value, **changed) if changed else value
