"""Times of day, on nights when the clocks change too."""

from __future__ import annotations

from datetime import date

import pytest

from fleet.clock import from_utc_text
from fleet.config import local_time_s

SPRING, AUTUMN = date(2025, 3, 30), date(2025, 10, 26)  # Europe: 02:00 becomes 03:00, 03:00 becomes 02:00


@pytest.mark.parametrize(
    ("day", "clock_time", "time_zone", "utc"),
    [
        (date(2025, 7, 1), "06:30", "Europe/Vaduz", "2025-07-01T04:30Z"),
        (date(2025, 1, 7), "06:30", "Europe/Vaduz", "2025-01-07T05:30Z"),
        (date(2025, 7, 1), "06:30", "Asia/Shanghai", "2025-06-30T22:30Z"),
        (date(2025, 7, 1), "00:00:15", "UTC", "2025-07-01T00:00:15Z"),
        (date(2025, 12, 31), "24:00", "UTC", "2026-01-01T00:00Z"),
        (SPRING, "06:30", "Europe/Berlin", "2025-03-30T04:30Z"),
        (AUTUMN, "06:30", "Europe/Berlin", "2025-10-26T05:30Z"),
    ],
)
def test_a_time_of_day_is_local_to_the_site(day: date, clock_time: str, time_zone: str, utc: str) -> None:
    assert local_time_s(day, clock_time, time_zone) == from_utc_text(utc)


@pytest.mark.parametrize("clock_time", ["02:00", "02:01", "02:30", "02:59:59", "03:00"])
def test_a_time_that_the_clocks_skip_is_the_moment_they_jump(clock_time: str) -> None:
    assert local_time_s(SPRING, clock_time, "Europe/Berlin") == from_utc_text("2025-03-30T01:00Z")


def test_a_jump_of_half_an_hour_is_found_too() -> None:
    day = date(2025, 10, 5)  # Lord Howe Island: 02:00 becomes 02:30
    assert local_time_s(day, "02:10", "Australia/Lord_Howe") == from_utc_text("2025-10-04T15:30Z")


def test_a_jump_over_midnight_is_found_too() -> None:
    day = date(2025, 9, 7)  # Chile: 00:00 becomes 01:00
    assert local_time_s(day, "00:30", "America/Santiago") == from_utc_text("2025-09-07T04:00Z")


def test_a_time_that_the_clocks_show_twice_is_the_first() -> None:
    assert local_time_s(AUTUMN, "02:30", "Europe/Berlin") == from_utc_text("2025-10-26T00:30Z")
    assert local_time_s(AUTUMN, "03:00", "Europe/Berlin") == from_utc_text("2025-10-26T02:00Z")


@pytest.mark.parametrize("day", [SPRING, AUTUMN, date(2025, 6, 1)])
def test_a_later_time_of_day_is_never_an_earlier_moment(day: date) -> None:
    times = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(0, 60, 10)]
    moments = [local_time_s(day, clock_time, "Europe/Berlin") for clock_time in times]
    assert moments == sorted(moments)


@pytest.mark.parametrize("text", ["", "6:30", "06.30", "24:01", "25:00", "06:60", "06:30Z", "noon", "-1:00", "06:30\n"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it as"):
        local_time_s(SPRING, text, "Europe/Berlin")
