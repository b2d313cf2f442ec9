"""The line to the vehicles: what a link must do, and how topics are named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

MAJOR = re.compile("v[0-9]{1,4}")


class LinkListener(Protocol):
    """Who hears what arrives; called on the event loop and never blocking."""

    def on_link_up(self) -> None:
        """The line is up and all subscriptions are granted."""
        ...

    def on_link_down(self, reason: str) -> None:
        """The line is down; told again when it does not come up for another reason."""
        ...

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says in our name when we vanish."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


class Link(Protocol):
    """One client's line to a broker.

    Messages may be lost, doubled or late; nothing may be built on their arrival.
    """

    async def run(self, listener: LinkListener) -> None:
        """Keep the line up, with retries, until cancelled."""
        ...

    async def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """Hand a message to the line.

        Raises:
            LinkDownError: the line is down; nothing was sent.
        """
        ...

    @property
    def is_up(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Topic:
    """`interface/vMAJOR/manufacturer/serial/name`, section 6.3 of VDA 5050 2.1.0."""

    interface_name: str
    major: int
    manufacturer: str
    serial_number: str
    name: str

    def text(self) -> str:
        return f"{self.interface_name}/v{self.major}/{self.manufacturer}/{self.serial_number}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Topic | None:
        """The parts of a topic, or None where it is not one of VDA 5050."""
        parts = text.split("/")
        if len(parts) != 5 or not all(parts) or MAJOR.fullmatch(parts[1]) is None:
            return None
        return cls(parts[0], int(parts[1][1:]), parts[2], parts[3], parts[4])
