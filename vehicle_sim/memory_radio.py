"""A vehicle's line to the broker inside this process."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.wire.memory import MemoryBroker, MemoryLink

NOTICED_AFTER_S = 22.5
"""A broker gives a silent client up after one and a half keepalives of 15 s."""


@dataclass(frozen=True, slots=True)
class MemoryRadio:
    """A `Radio` over a `MemoryLink`."""

    broker: MemoryBroker
    link: MemoryLink

    def send(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
        self.link.send(topic, payload, qos=qos, retain=retain)

    def silence(self, for_s: float) -> None:
        self.broker.cut(self.link.client_id, for_s=for_s, noticed_after_s=NOTICED_AFTER_S)
