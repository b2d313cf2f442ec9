"""The whole state as text, so that a start need not read a journal from its beginning.

Snapshots are a convenience, never the truth: one that this program cannot read, or that was folded by another program
than this, is passed over, and the journal is read from the beginning instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from importlib import resources
from types import GenericAlias
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from immutables import Map

from fleet.state.fleet_state import FleetState

BITE = 4000
_HINTS: dict[str, Any] = get_type_hints(FleetState)
FOLDED_BY = {"fleet.model": None, "fleet.state": ("apply.py", "fleet_state.py")}
"""The packages, and of some the files, that decide what state a history folds into."""


@cache
def program() -> str:
    """What stands on a snapshot: a digest of the code that folds, so that a changed one folds for itself again."""
    digest = hashlib.sha256()
    for package, names in FOLDED_BY.items():
        files = {file.name: file for file in resources.files(package).iterdir() if file.name.endswith(".py")}
        for name in sorted(names or files):
            digest.update(f"{package}/{name}\n".encode())
            digest.update(files[name].read_bytes())
    return digest.hexdigest()[:16]


def snapshot_text(state: FleetState) -> str:
    """The state as JSON; equal states give equal texts, also in a process where sets iterate in another order.

    May run beside the event loop: it is written in bites, as whoever encodes lets no other thread in meanwhile.
    """
    return "".join(_parts(state))


def _parts(state: FleetState) -> Iterator[str]:
    before = "{"
    for field in fields(FleetState):
        value = getattr(state, field.name)
        yield f'{before}"{field.name}":'
        if isinstance(value, Map):
            yield from _map_parts(value)
        else:
            yield _json(value)
        before = ","
    yield "}"


def _map_parts(value: Map[str, object]) -> Iterator[str]:
    keys = _sorted(value)
    before = "{"
    for first in range(0, len(keys), BITE):
        part = {key: value[key] for key in keys[first : first + BITE]}
        yield before + _json(part)[1:-1]
        before = ","
    yield "}" if keys else "{}"


def _sorted(value: Map[str, object]) -> list[str]:
    """The keys in order; sorted bites first, for putting those together takes a fraction of the time."""
    keys = list(value)
    for first in range(0, len(keys), BITE):
        keys[first : first + BITE] = sorted(keys[first : first + BITE])
    return sorted(keys)


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def state_of(text: str) -> FleetState | None:
    """The state of a snapshot, or None where this program cannot read it."""
    try:
        raw = msgspec.json.decode(text.encode(), type=dict[str, msgspec.Raw])
        values = {name: _value(_HINTS[name], raw[name]) for name in _HINTS}
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError):
        return None
    return FleetState(**values)


def _value(hint: Any, raw: msgspec.Raw) -> Any:
    if get_origin(hint) is Map:
        return Map(msgspec.json.decode(raw, type=GenericAlias(dict, get_args(hint))))
    return msgspec.json.decode(raw, type=hint)
