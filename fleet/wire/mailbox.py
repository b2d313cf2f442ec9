"""What the broker in memory keeps for a client that asked to be remembered: a session that outlives connections."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass

from fleet.wire.network import Line, Network


@dataclass(frozen=True, slots=True)
class _Kept:
    number: int
    topic: str
    payload: bytes
    retained: bool


class Mailbox:
    """What waits for the client, and what it has not acknowledged yet.

    Attributes:
        acknowledges: whether the client confirms what it hears.
    """

    def __init__(self, network: Network) -> None:
        self.acknowledges = True
        self._network = network
        self._line: Line | None = None
        self._waiting: deque[_Kept] = deque()
        self._unacknowledged: dict[int, _Kept] = {}
        self._on_line: dict[int, int] = {}
        self._numbers = itertools.count()

    def attach(self, line: Line) -> None:
        """The client is here: what waits is said, what it has heard without a confirmation first of all."""
        self._line = line
        line.on_arrival = self._arrived
        if self._network.manners.repeats_after_s is None:
            self._network.traffic.repeated += len(self._unacknowledged)
            self._waiting.extendleft(reversed(self._unacknowledged.values()))
            self._unacknowledged.clear()
        self._on_line.clear()
        self._fill()

    def detach(self) -> None:
        self._line = None

    def send(self, topic: str, payload: bytes, *, qos: int, retained: bool) -> None:
        """Say it, or keep it for later; at QoS 0 nothing is kept."""
        if qos == 0:
            if self._line is not None:
                self._line.send(topic, payload, qos=0, retained=retained)
            return
        queued_max = self._network.manners.queued_max
        if queued_max and len(self._waiting) >= queued_max:
            self._network.traffic.overflowed += 1
            return
        self._waiting.append(_Kept(next(self._numbers), topic, payload, retained))
        self._fill()

    def _fill(self) -> None:
        while self._line is not None and self._waiting:
            if len(self._unacknowledged) >= self._network.manners.in_flight_max:
                return
            self._say(self._line, self._waiting.popleft())

    def _say(self, line: Line, kept: _Kept) -> None:
        self._unacknowledged[kept.number] = kept
        self._on_line[line.send(kept.topic, kept.payload, qos=1, retained=kept.retained)] = kept.number
        if (wait_s := self._network.manners.repeats_after_s) is not None:
            self._network.loop.call_later(wait_s, self._repeat, kept.number)

    def _repeat(self, number: int) -> None:
        """It was not acknowledged in time."""
        if (kept := self._unacknowledged.pop(number, None)) is not None:
            self._network.traffic.repeated += 1
            self._waiting.appendleft(kept)
            self._fill()

    def _arrived(self, number: int) -> None:
        """The acknowledgement sets out; it may not get back before the line breaks."""
        if self.acknowledges and self._line is not None and number in self._on_line:
            network = self._network
            network.loop.call_later(network.latency.draw_s(network.rng), self._acknowledged, self._line, number)

    def _acknowledged(self, line: Line, number: int) -> None:
        if line is self._line and line.is_open:
            self._unacknowledged.pop(self._on_line.pop(number, -1), None)
            self._fill()
