"""Drops the late and the doubled, before anything is believed.

Section 2.5 of our protocol checklist: header ids count per vehicle and topic, but some vehicles share one counter
between topics or repeat it, and a restarted one begins again at zero. So a message is late only when both its header
id and its time stamp are older; gaps mean nothing. The connection topic is exempt: a last will carries the header of
the connect, and a retained message arrives again after our own reconnect.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fleet.model.ids import VehicleId
from fleet.wire.messages import Header

WRAP = 2**32


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


class HeaderGate:
    """Remembers the newest header of each vehicle and topic."""

    def __init__(self) -> None:
        self._last: dict[tuple[VehicleId, str], _Last] = {}

    def judge(self, vehicle_id: VehicleId, topic_name: str, header: Header, payload: bytes) -> Verdict:
        if topic_name == "connection":
            return Verdict.TAKE
        key = (vehicle_id, topic_name)
        last = self._last.get(key)
        now = _Last(header.header_id, header.sent_s, hash(payload))
        verdict = _compare(last, now)
        if verdict in (Verdict.TAKE, Verdict.RESTARTED):
            self._last[key] = now
        return verdict

    def forget(self, vehicle_id: VehicleId) -> None:
        """A vehicle came online again: its counters may have begun anew."""
        for key in [key for key in self._last if key[0] == vehicle_id]:
            del self._last[key]


def _compare(last: _Last | None, now: _Last) -> Verdict:
    if last is None:
        return Verdict.TAKE
    if now.header_id == last.header_id and now.digest == last.digest:
        return Verdict.DOUBLED
    is_older_id = (now.header_id - last.header_id) % WRAP > WRAP // 2
    if now.sent_s < last.sent_s and (is_older_id or now.header_id == last.header_id):
        return Verdict.LATE
    if is_older_id:
        return Verdict.RESTARTED
    return Verdict.TAKE
