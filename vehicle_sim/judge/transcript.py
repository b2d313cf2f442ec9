"""Everything that was said and heard, in order: what verdicts rest on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fleet.errors import WireError
from fleet.wire import codec
from fleet.wire.link import Topic
from fleet.wire.messages import Inbound, VehicleState

SPOKEN = frozenset({"order", "instantActions", "zoneSet", "responses"})
"""Topics on which a master speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One message.

    Attributes:
        at_s: when it was said or heard, trade time.
        name: last level of its topic.
        message: what it means; None for one of ours, and for one that cannot be read.
        fault: why it cannot be read.
    """

    at_s: float
    is_ours: bool
    topic: str
    name: str
    payload: bytes
    retained: bool = False
    message: Inbound | None = None
    fault: str = ""

    @property
    def raw(self) -> dict[str, Any]:
        """The JSON object as it is on the wire; empty where it is none."""
        try:
            value = json.loads(self.payload)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


def heard(at_s: float, topic: Topic, payload: bytes, *, retained: bool) -> Entry:
    """An entry for what a vehicle said."""
    message: Inbound | None = None
    fault = ""
    try:
        message = codec.decode(topic, payload)
    except WireError as error:
        fault = error.reason
    return Entry(
        at_s=at_s,
        is_ours=False,
        topic=topic.text(),
        name=topic.name,
        payload=payload,
        retained=retained,
        message=message,
        fault=fault,
    )


@dataclass(slots=True)
class Transcript:
    """Grows at its end; a place in it is a number.

    Attributes:
        breaks_s: when our own line to the broker broke.
        cuts_s: when somebody cut the vehicle's line and mended it: what is missing then is not its fault either.
        strangers: orders and the like that somebody else sent to the vehicle.
    """

    entries: list[Entry] = field(default_factory=list)
    breaks_s: list[float] = field(default_factory=list)
    cuts_s: list[float] = field(default_factory=list)
    strangers: list[Entry] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.entries)

    def of(self, name: str, since: int = 0) -> Iterator[Entry]:
        """What the vehicle said on a topic."""
        return (entry for entry in self.entries[since:] if entry.name == name and not entry.is_ours)

    def states(self, since: int = 0) -> list[VehicleState]:
        """States that were spoken now, not kept by the broker."""
        return [
            entry.message
            for entry in self.entries[since:]
            if isinstance(entry.message, VehicleState) and not entry.retained
        ]

    def was_broken(self, from_s: float, to_s: float) -> bool:
        return any(from_s <= at_s <= to_s for at_s in (*self.breaks_s, *self.cuts_s))
