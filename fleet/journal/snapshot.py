"""The whole state as text, so that a start need not read a journal from its beginning.

Snapshots are a convenience, never the truth: one that this program cannot read is passed over, and the journal is
read from the beginning instead.
"""

from __future__ import annotations

from dataclasses import fields
from types import GenericAlias
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from immutables import Map

from fleet.state.fleet_state import FleetState

_HINTS: dict[str, Any] = get_type_hints(FleetState)


def snapshot_text(state: FleetState) -> str:
    """The state as JSON; equal states give equal texts."""
    plain = {field.name: _plain(getattr(state, field.name)) for field in fields(FleetState)}
    return msgspec.json.encode(plain).decode()


def state_of(text: str) -> FleetState | None:
    """The state of a snapshot, or None where this program cannot read it."""
    try:
        raw = msgspec.json.decode(text.encode(), type=dict[str, msgspec.Raw])
        values = {name: _value(_HINTS[name], raw[name]) for name in _HINTS}
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError):
        return None
    return FleetState(**values)


def _plain(value: object) -> object:
    if isinstance(value, Map):
        return {key: value[key] for key in sorted(value)}
    return value


def _value(hint: Any, raw: msgspec.Raw) -> Any:
    if get_origin(hint) is Map:
        return Map(msgspec.json.decode(raw, type=GenericAlias(dict, get_args(hint))))
    return msgspec.json.decode(raw, type=hint)
