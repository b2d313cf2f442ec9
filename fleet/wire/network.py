"""What befalls messages on their way inside one process: latency, order, and faults on purpose."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from fleet.wire.manners import MOSQUITTO, Manners


class Faults(Protocol):
    """Decides what befalls each delivery to each receiver."""

    def plan(self, topic: str, payload: bytes, rng: random.Random) -> Sequence[float]:
        """Extra seconds on the way, one entry per copy that arrives.

        `(0.0,)` is an ordinary delivery, `()` a lost one, two entries a doubled one. Later messages may
        overtake a copy with extra seconds. What both sides agreed to send at QoS 1 is never lost by a plan.
        """
        ...


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from sender to receiver: at least `base_s`, at most `base_s + jitter_s`, drawn evenly."""

    base_s: float = 0.002
    jitter_s: float = 0.008

    def draw_s(self, rng: random.Random) -> float:
        return self.base_s + self.jitter_s * rng.random()


@dataclass(slots=True)
class Traffic:
    """What passed; `dropped`, `doubled`, `delayed` and `overtaken` are the work of faults.

    Attributes:
        overflowed: did not fit where it had to wait.
        repeated: said again because nobody acknowledged it.
        denied: said or heard without the right to.
        oversized: said, and too large for the broker.
    """

    published: int = 0
    delivered: int = 0
    dropped: int = 0
    doubled: int = 0
    delayed: int = 0
    overtaken: int = 0
    lost_with_line: int = 0
    overflowed: int = 0
    repeated: int = 0
    denied: int = 0
    oversized: int = 0


class Hearer(Protocol):
    """Whoever stands at the end of a line."""

    def hear(self, topic: str, payload: bytes, *, retained: bool) -> None: ...


@dataclass(slots=True)
class Network:
    """What all lines of a broker share."""

    loop: asyncio.AbstractEventLoop
    rng: random.Random
    latency: Latency
    faults: Faults | None
    traffic: Traffic
    manners: Manners = MOSQUITTO

    def plan(self, topic: str, payload: bytes, qos: int) -> Sequence[float]:
        """What befalls one delivery, counted."""
        if self.faults is None:
            return (0.0,)
        plan = self.faults.plan(topic, payload, self.rng)
        if not plan and qos > 0:
            return (0.0,)
        self.traffic.dropped += not plan
        self.traffic.doubled += max(len(plan) - 1, 0)
        self.traffic.delayed += sum(extra_s > 0.0 for extra_s in plan)
        return plan


class _Delivery(NamedTuple):
    due_s: float
    number: int
    topic: str
    payload: bytes
    retained: bool


class Line:
    """The way from a broker to one client, from connect to disconnect; it keeps order.

    Attributes:
        on_arrival: told the number of each delivery that arrives.
        on_overflow: called when more waits for a client that does not read than the broker bears.
    """

    __slots__ = (
        "_hearer",
        "_is_stalled",
        "_network",
        "_number_heard",
        "_number_sent",
        "_queue",
        "_timer",
        "is_open",
        "on_arrival",
        "on_overflow",
    )

    def __init__(self, network: Network, hearer: Hearer) -> None:
        self.is_open = True
        self.on_arrival: Callable[[int], None] | None = None
        self.on_overflow: Callable[[], None] | None = None
        self._network = network
        self._hearer = hearer
        self._queue: deque[_Delivery] = deque()
        self._number_sent = 0
        self._number_heard = 0
        self._is_stalled = False
        self._timer: asyncio.TimerHandle | None = None

    def send(self, topic: str, payload: bytes, *, qos: int, retained: bool) -> int:
        """Put a message on its way, behind those before it, except for what a fault holds up; its number."""
        network = self._network
        self._number_sent += 1
        if self._is_stalled and not self._has_room(payload):
            return self._number_sent
        due_s = network.loop.time() + network.latency.draw_s(network.rng)
        if self._queue:
            due_s = max(due_s, self._queue[-1].due_s)
        for extra_s in network.plan(topic, payload, qos):
            delivery = _Delivery(due_s + extra_s, self._number_sent, topic, payload, retained)
            if extra_s > 0.0 and not self._is_stalled:
                network.loop.call_at(delivery.due_s, self._arrive, delivery)
            else:
                self._append(delivery)
        return self._number_sent

    def stall(self) -> None:
        """The client stops reading: what is said to it waits, as far as there is room."""
        self._is_stalled = True

    def read_on(self) -> None:
        self._is_stalled = False
        self.flush()

    def flush(self) -> None:
        """All that waits arrives now."""
        waiting, self._queue = self._queue, deque()
        if self._timer is not None:
            self._timer.cancel()
        for delivery in waiting:
            self._arrive(delivery)

    def _has_room(self, payload: bytes) -> bool:
        manners = self._network.manners
        if manners.queued_max and len(self._queue) >= manners.queued_max:
            self._network.traffic.overflowed += 1
            return False
        if manners.pending_bytes_max and self.on_overflow is not None:
            waiting = sum(len(delivery.payload) for delivery in self._queue)
            if waiting + len(payload) > manners.pending_bytes_max:
                self.on_overflow()
                return False
        return True

    def _append(self, delivery: _Delivery) -> None:
        self._queue.append(delivery)
        if len(self._queue) == 1:
            self._timer = self._network.loop.call_at(delivery.due_s, self._advance)

    def _advance(self) -> None:
        """Let the head of the line arrive; one timer at a time keeps the order on any event loop."""
        if self._is_stalled:
            return
        delivery = self._queue.popleft()
        if self._queue:
            self._timer = self._network.loop.call_at(self._queue[0].due_s, self._advance)
        self._arrive(delivery)

    def _arrive(self, delivery: _Delivery) -> None:
        traffic = self._network.traffic
        if not self.is_open:
            traffic.lost_with_line += 1
            return
        traffic.delivered += 1
        traffic.overtaken += delivery.number < self._number_heard
        self._number_heard = max(self._number_heard, delivery.number)
        self._hearer.hear(delivery.topic, delivery.payload, retained=delivery.retained)
        if self.on_arrival is not None:
            self.on_arrival(delivery.number)
