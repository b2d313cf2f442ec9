"""Dies at a chosen store write: before it is committed, after it, or after the next message was sent.

A crash is a `BaseException`, so that nothing in the controller can catch it, and the controller object is thrown away
afterwards as a killed process would be. The store survives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fleet.journal.commit import Commit, Lease, Row, Saved, Store
from fleet.journal.record import Head, Record
from fleet.wire.link import Link, LinkListener
from vehicle_sim.faults import CrashMoment


class CrashError(BaseException):
    """The controller's process is gone."""


@dataclass(frozen=True, slots=True)
class CrashPoint:
    """The `write`-th write of the whole simulation, counted from 1, and where in it."""

    write: int
    moment: CrashMoment


@dataclass(slots=True)
class Crasher:
    """Decides when the process dies.

    Attributes:
        points: writes at which it dies, each once.
        writes: store writes so far, over all lives of the controller.
        crashes: how often it died.
    """

    points: frozenset[CrashPoint] = frozenset()
    writes: int = 0
    crashes: int = 0
    _armed: CrashMoment | None = None
    _after_send: bool = False
    _on_crash: list[Callable[[], None]] = field(default_factory=list)

    def on_crash(self, listener: Callable[[], None]) -> None:
        self._on_crash.append(listener)

    def arm(self, moment: CrashMoment) -> None:
        """Die at the next write."""
        self._armed = moment

    def before_write(self) -> None:
        self.writes += 1
        if self._is_due(CrashMoment.BEFORE_COMMIT):
            self._die()

    def after_write(self) -> None:
        if self._is_due(CrashMoment.AFTER_COMMIT):
            self._die()
        if self._is_due(CrashMoment.AFTER_SEND):
            self._after_send = True

    def after_send(self) -> None:
        if self._after_send:
            self._die()

    def _is_due(self, moment: CrashMoment) -> bool:
        return self._armed is moment or CrashPoint(self.writes, moment) in self.points

    def _die(self) -> None:
        self._armed, self._after_send = None, False
        self.points = frozenset(point for point in self.points if point.write != self.writes)
        self.crashes += 1
        for listener in self._on_crash:
            listener()
        raise CrashError


class CrashStore:
    """A store whose process may die at any write. `written` hears every commit that took place."""

    def __init__(self, inner: Store, crasher: Crasher, written: Callable[[Commit], None]) -> None:
        self._inner = inner
        self._crasher = crasher
        self._written = written

    def acquire(self, area: str, owner: str, now_s: float, ttl_s: float, *, by_force: bool = False) -> Lease:
        self._crasher.before_write()
        lease = self._inner.acquire(area, owner, now_s, ttl_s, by_force=by_force)
        self._crasher.after_write()
        return lease

    def renew(self, lease: Lease, expires_s: float) -> None:
        self._inner.renew(lease, expires_s)

    def load(self, area: str) -> Saved:
        return self._inner.load(area)

    def write(self, commits: list[Commit]) -> list[Exception | None]:
        self._crasher.before_write()
        outcomes = self._inner.write(commits)
        for commit, outcome in zip(commits, outcomes, strict=True):
            if outcome is None:
                self._written(commit)
        self._crasher.after_write()
        return outcomes

    def head(self, area: str) -> Head:
        return self._inner.head(area)

    def records(self, area: str, after_seq: int, limit: int) -> list[Record]:
        return self._inner.records(area, after_seq, limit)

    def rows(self, table: str, area: str) -> list[Row]:
        return self._inner.rows(table, area)

    def rows_of(self, table: str, area: str, names: Sequence[str]) -> list[Row]:
        return self._inner.rows_of(table, area, names)

    def write_snapshot(self, area: str, epoch: int, head: Head, body: str) -> None:
        self._inner.write_snapshot(area, epoch, head, body)

    def drop_bodies(self, area: str, epoch: int, before_s: float, kept: Sequence[str], limit: int) -> int:
        return self._inner.drop_bodies(area, epoch, before_s, kept, limit)

    def close(self) -> None:
        """The store outlives its controllers."""


class CrashLink:
    """A link that tells what is sent, and after which the process may die; `before` hears what comes in first."""

    def __init__(
        self,
        inner: Link,
        crasher: Crasher,
        sent: Callable[[str, bytes], None],
        before: Callable[[LinkListener], LinkListener],
    ) -> None:
        self._inner = inner
        self._before = before
        self._crasher = crasher
        self._sent = sent

    async def run(self, listener: LinkListener) -> None:
        await self._inner.run(self._before(listener))

    async def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        self._sent(topic, payload)
        await self._inner.publish(topic, payload, qos=qos, retain=retain)
        self._crasher.after_send()

    @property
    def is_up(self) -> bool:
        return self._inner.is_up
