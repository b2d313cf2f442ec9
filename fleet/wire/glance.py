"""A table of field rules as a type that msgspec checks while it reads, in a third of the time.

It answers only "nothing is wrong here" or "look closer": what breaks a rule, and where, is told by the checks of
`kinds`. So it may be stricter than they are, and must never be laxer.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal, assert_never

import msgspec

from fleet.wire.kinds import Anything, Flag, Kind, ListOf, Number, Record, Text, Variant

_NEVER = Annotated[int, msgspec.Meta(ge=1, le=0)]
_NOT_NULL = bool | int | float | str | list[Any] | dict[str, Any]


class Glance:
    """Reads messages of one kind."""

    def __init__(self, kind: Kind) -> None:
        self._decoder = msgspec.json.Decoder(_type(kind))

    def is_sound(self, payload: bytes) -> bool:
        """Surely no rule is broken; False says nothing.

        Text that is not ASCII is left to the closer look: where a field is not in the table, it would not be read here.
        """
        if not payload.isascii():
            return False
        try:
            self._decoder.decode(payload)
        except (msgspec.DecodeError, RecursionError):
            return False
        return True


def _type(kind: Kind) -> Any:  # noqa: ANN401  types as values
    match kind:
        case Text():
            return _text(kind)
        case Number():
            return _number(kind)
        case Flag():
            return bool
        case Anything():
            return _NOT_NULL
        case ListOf():
            items: Any = list[_type(kind.item)]  # type: ignore[misc]  # made from a value
            return Annotated[items, msgspec.Meta(min_length=kind.least or None)]
        case Record():
            return _record(kind)
        case Variant():  # rare: looked at closely whenever there is one
            return _NEVER
    assert_never(kind)


def _text(kind: Text) -> Any:  # noqa: ANN401
    if kind.words is not None:
        return Literal[tuple(word for word in sorted(kind.words) if not kind.form or re.fullmatch(kind.form, word))]
    return Annotated[str, msgspec.Meta(pattern=rf"\A(?:{kind.form})\Z" if kind.form else None)]


def _number(kind: Number) -> Any:  # noqa: ANN401
    least, most = kind.least, kind.most
    if not kind.is_whole:
        return Annotated[float, msgspec.Meta(ge=least, le=most)]
    return Annotated[
        int,
        msgspec.Meta(
            ge=None if least is None else math.ceil(least),
            le=None if most is None else math.floor(most),
        ),
    ]


def _record(kind: Record) -> Any:  # noqa: ANN401
    names = {f"field_{i}": name for i, name in enumerate(kind.fields)}
    fields = [
        (own, _type(kind.fields[name]), msgspec.field(name=name.removesuffix("?"), default=msgspec.UNSET))
        if name.endswith("?")
        else (own, _type(kind.fields[name]), msgspec.field(name=name))
        for own, name in names.items()
    ]
    return msgspec.defstruct("Sound", fields, kw_only=True, gc=False)
