"""Times of day as people say them, on nights when the clocks change too."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def local_time_s(day: date, clock_time: str, time_zone: str) -> float:
    """The trade time of a local time of day.

    A time that the clocks skip is the moment they jump; a time they show twice is the first of the two. So a later
    time of day is never an earlier moment, and a window never ends before it begins.

    Args:
        day: the local date.
        clock_time: "06:30" or "06:30:15"; "24:00" is the end of the day.
        time_zone: IANA name.

    Raises:
        ValueError: the text is no time of day.
    """
    local = datetime.combine(day, time()) + _since_midnight(clock_time)
    zone = ZoneInfo(time_zone)
    moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local:
        return moment.timestamp()
    return _jump_s(local, zone)


def _since_midnight(clock_time: str) -> timedelta:
    found = re.fullmatch(r"(\d\d):([0-5]\d)(?::([0-5]\d))?", clock_time)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (99, 0, 0)
    since = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if since > timedelta(days=1):
        raise ValueError(f'{clock_time!r} is no time of day; write it as "06:30"')
    return since


def _jump_s(local: datetime, zone: ZoneInfo) -> float:
    """The moment at which the clocks skip a local time, found to the second."""
    before_s = local.replace(tzinfo=zone, fold=1).timestamp()  # with the offset that holds after the jump
    after_s = local.replace(tzinfo=zone, fold=0).timestamp()
    offset = datetime.fromtimestamp(before_s, zone).utcoffset()
    low, high = round(before_s), round(after_s)
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return float(high)
