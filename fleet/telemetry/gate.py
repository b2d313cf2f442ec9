"""Drops the late and the doubled, before anything is believed.

Section 2.5 of our protocol checklist: header ids count per vehicle and topic, but some vehicles share one counter
between topics or repeat it, and a restarted one begins again at zero. So a message is late only when both its header
id and its time stamp are older; gaps mean nothing. The connection topic is exempt: a last will carries the header of
the connect, and a retained message arrives again after our own reconnect.

What was said before a restart carries a higher number than what is said after it; there the time alone decides, as far
back as any network delays a message. What is older than that comes from a clock that was set back.

After a clock was set back, what was said before it looks like a restart: an older number with a newer time. A restart
counts from the beginning, so what was heard already or fills a gap among the latest numbers is none.

A clock that was wrong by more than any network delays a message, and was put right, leaves messages behind that look
newer than all that follow. For as long as such a message may be on its way, what bears the clock that was left is late.

A vehicle that restarts with its clock set back says nothing that is newer than before. It is believed again when its
messages have come in order among themselves for longer than any network delays a message.

One odd message, of a number far ahead or a clock hours ahead, makes all that follow look late as well. They are
believed sooner, after a few in a row, because each of them bears a clock that was known before, by which it was sent
just now and after the odd one had come in. What was held up or is said again was not.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum

from fleet.model.ids import VehicleId
from fleet.wire.messages import Header

WRAP = 2**32
STEADY_S = 900.0
STEADY_COUNT = 20
CLOCK_DRIFT_S = 60.0
RECENT = 64
FRESH_S = 5.0
"""A message that is heard within so long after it was sent, by a clock that is known, was not held up."""
FRESH_COUNT = 3


class Verdict(StrEnum):
    """What becomes of an inbound message."""

    TAKE = "take"
    LATE = "late"
    DOUBLED = "doubled"
    RESTARTED = "restarted"  # taken, and the vehicle counts from anew


@dataclass(frozen=True, slots=True)
class _Last:
    header_id: int
    sent_s: float
    digest: int
    came_s: float


@dataclass(frozen=True, slots=True)
class _Behind:
    """Messages in a row that are all older than the newest, but in order among themselves.

    Attributes:
        fresh: how many of the latest of them were sent after the newest had come in.
    """

    last: _Last
    since_s: float
    count: int
    fresh: int


@dataclass(frozen=True, slots=True)
class _Restart:
    """The first message after a restart: when it was sent and when it came in."""

    sent_s: float
    came_s: float

    def comes_after(self, message: _Last, now_s: float) -> bool:
        """Whether a message that comes in now was sent before it and has been on its way since."""
        return 0.0 < self.sent_s - message.sent_s <= STEADY_S and now_s - self.came_s <= STEADY_S


@dataclass(frozen=True, slots=True)
class _Clock:
    """How far a vehicle's clock is ahead of ours, by the quickest of its messages; and the one before it.

    Attributes:
        left_s: how far ahead the clock was that it had before.
        changed_s: when the change was noticed, by our clock.
    """

    ahead_s: float
    left_s: float | None = None
    changed_s: float = 0.0

    def is_left(self, sent_s: float, now_s: float) -> bool:
        """Whether a message that comes in now bears the clock that was left, and was sent while it was in use."""
        if self.left_s is None or now_s - self.changed_s > STEADY_S:
            return False
        bears_left, bears_present = (
            -STEADY_S <= sent_s - now_s - clock_s <= CLOCK_DRIFT_S for clock_s in (self.left_s, self.ahead_s)
        )
        return bears_left and not bears_present and sent_s - self.left_s <= self.changed_s

    def is_fresh(self, message: _Last, last: _Last) -> bool:
        """Whether a message comes straight from its vehicle, which sent it when the last one had come in already."""
        known = (self.ahead_s,) if self.left_s is None else (self.ahead_s, self.left_s)
        return any(
            abs(message.sent_s - message.came_s - clock_s) <= FRESH_S and message.sent_s - clock_s > last.came_s
            for clock_s in known
        )

    def after(self, sent_s: float, now_s: float) -> _Clock:
        ahead_s = sent_s - now_s
        if abs(ahead_s - self.ahead_s) > STEADY_S:
            return _Clock(ahead_s, self.ahead_s, now_s)
        return replace(self, ahead_s=max(ahead_s, self.ahead_s))


class HeaderGate:
    """Remembers the newest header of each vehicle and topic.

    Attributes:
        reusers: vehicles that have said different things under the same number; they are heard all the same.
    """

    def __init__(self) -> None:
        self.reusers: set[VehicleId] = set()
        self._last: dict[tuple[VehicleId, str], _Last] = {}
        self._behind: dict[tuple[VehicleId, str], _Behind] = {}
        self._restarts: dict[tuple[VehicleId, str], _Restart] = {}
        self._recent: dict[tuple[VehicleId, str], deque[_Last]] = {}
        self._clocks: dict[tuple[VehicleId, str], _Clock] = {}

    def restarted(self, vehicle_id: VehicleId, sent_s: float, now_s: float) -> None:
        """A vehicle has begun anew and says so: its numbers count from anew, and what it said before is late.

        Args:
            sent_s: when it said so, by its own clock, which may be another than before.
        """
        for key in [key for key in self._last if key[0] == vehicle_id]:
            del self._last[key]
            self._behind.pop(key, None)
            self._clocks.pop(key, None)
            self._restarts[key] = _Restart(sent_s, now_s)

    def judge(self, vehicle_id: VehicleId, topic_name: str, header: Header, payload: bytes, now_s: float) -> Verdict:
        """What becomes of a message that came in at `now_s`."""
        if topic_name == "connection":
            return Verdict.TAKE
        key = (vehicle_id, topic_name)
        now = _Last(header.header_id, header.sent_s, hash(payload), now_s)
        clock = self._clocks.get(key)
        if clock is not None and clock.is_left(now.sent_s, now_s):
            return Verdict.LATE
        last = self._last.get(key)
        verdict = _compare(last, now)
        if last is not None and last.header_id == now.header_id and verdict is Verdict.TAKE:
            self.reusers.add(vehicle_id)
        restart, recent = self._restarts.get(key), self._recent.setdefault(key, deque(maxlen=RECENT))
        if verdict is Verdict.RESTARTED:
            verdict = _unless_it_is_old(recent, now)
        if verdict is Verdict.TAKE and last is not None and now.sent_s < last.sent_s and _is_known(recent, now):
            verdict = Verdict.DOUBLED
        if verdict is Verdict.TAKE and restart is not None and restart.comes_after(now, now_s):
            verdict = Verdict.LATE
        if verdict is Verdict.LATE:
            verdict = self._reconsidered(key, now)
        if verdict is Verdict.RESTARTED:
            self._restarts[key] = _Restart(now.sent_s, now_s)
            recent.clear()
        if verdict in (Verdict.TAKE, Verdict.RESTARTED):
            self._last[key] = now
            self._clocks[key] = _Clock(now.sent_s - now_s) if clock is None else clock.after(now.sent_s, now_s)
            self._behind.pop(key, None)
            recent.append(now)
        return verdict

    def _reconsidered(self, key: tuple[VehicleId, str], now: _Last) -> Verdict:
        """What becomes of a message that looks late, seen with those before it that did."""
        last, clock = self._last.get(key), self._clocks.get(key)
        is_fresh = last is not None and clock is not None and clock.is_fresh(now, last)
        behind = self._behind.get(key)
        if behind is None or _compare(behind.last, now) is not Verdict.TAKE:
            behind = _Behind(now, now.came_s, 0, 0)
        fresh = behind.fresh + 1 if is_fresh else 0
        self._behind[key] = behind = replace(behind, last=now, count=behind.count + 1, fresh=fresh)
        if fresh >= FRESH_COUNT:
            return Verdict.TAKE
        is_steady = behind.count >= STEADY_COUNT and now.came_s - behind.since_s >= STEADY_S
        return Verdict.RESTARTED if is_steady else Verdict.LATE


def _compare(last: _Last | None, now: _Last) -> Verdict:
    if last is None:
        return Verdict.TAKE
    if now.header_id == last.header_id and now.digest == last.digest:
        return Verdict.DOUBLED
    is_older_id = (now.header_id - last.header_id) % WRAP > WRAP // 2
    if now.sent_s < last.sent_s and (is_older_id or now.header_id == last.header_id):
        return Verdict.LATE
    return Verdict.RESTARTED if is_older_id else Verdict.TAKE


def _unless_it_is_old(recent: deque[_Last], now: _Last) -> Verdict:
    """A seeming restart: heard already, or held up since before the clock was set back, or a restart after all."""
    if _is_known(recent, now):
        return Verdict.DOUBLED
    is_new_number = all(last.header_id != now.header_id for last in recent)
    fills_a_gap = is_new_number and 0 < (now.header_id - recent[0].header_id) % WRAP <= WRAP // 2
    return Verdict.LATE if fills_a_gap else Verdict.RESTARTED


def _is_known(recent: deque[_Last], now: _Last) -> bool:
    return any((last.header_id, last.digest) == (now.header_id, now.digest) for last in recent)
