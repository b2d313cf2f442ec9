"""What really came in at the controller's line, whatever the controller makes of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from fleet.model.ids import VehicleId
from fleet.wire.link import LinkListener, Topic


@dataclass(slots=True)
class Hearing:
    """Listens at the door of one controller after the other.

    Attributes:
        up_since_s: since when the line is up without a break; infinite while it is down.
        state_s: when the last state of each vehicle came in.
    """

    now_s: Callable[[], float]
    up_since_s: float = math.inf
    state_s: dict[VehicleId, float] = field(default_factory=dict)

    def before(self, listener: LinkListener) -> LinkListener:
        """A listener that hears the same and hands it on."""
        return _Ear(self, listener)


@dataclass(slots=True)
class _Ear:
    hearing: Hearing
    listener: LinkListener

    def on_link_up(self) -> None:
        self.hearing.up_since_s = self.hearing.now_s()
        self.listener.on_link_up()

    def on_link_down(self, reason: str) -> None:
        self.hearing.up_since_s = math.inf
        self.listener.on_link_down(reason)

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if topic.endswith("/state") and (parsed := Topic.parse(topic)) is not None:
            self.hearing.state_s[VehicleId(parsed.serial_number)] = self.hearing.now_s()
        self.listener.on_message(topic, payload, retained=retained)
