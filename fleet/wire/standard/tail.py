"""The long tail of a state: what only people look at, read so that a fault in it costs itself and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import msgspec

Part = TypeVar("Part")
Shape = TypeVar("Shape")

_ENCODER = msgspec.json.Encoder()
_ITEMS = msgspec.json.Decoder(tuple[msgspec.Raw, ...])


def reader_of(shape: type[Shape], read: Callable[[Shape], Part]) -> Callable[[msgspec.Raw], Part | None]:
    """Reads one object; None where there is none, or none that can be read."""
    decoder = msgspec.json.Decoder(shape)

    def read_one(raw: msgspec.Raw) -> Part | None:
        try:
            return read(decoder.decode(raw)) if raw else None
        except (ValueError, OverflowError):  # every fault of msgspec is a ValueError, and no year is endless
            return None

    return read_one


def list_reader_of(shape: type[Shape], read: Callable[[Shape], Part]) -> Callable[[msgspec.Raw], tuple[Part, ...]]:
    """Reads a list, without those that cannot be read. It hardly ever changes, hence is remembered by its bytes."""
    read_one = reader_of(shape, read)

    @lru_cache(maxsize=1024)
    def read_all(text: bytes) -> tuple[Part, ...]:
        try:
            items = _ITEMS.decode(text)
        except ValueError:
            return ()
        return tuple([part for item in items if (part := read_one(item)) is not None])

    return lambda raw: read_all(bytes(raw)) if raw else ()


def raw_of(shape: object) -> msgspec.Raw:
    """What was shaped, as it is written."""
    return msgspec.Raw(_ENCODER.encode(shape))
