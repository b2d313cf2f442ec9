from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from structlog.testing import capture_logs

from vehicle_sim.roll_call import CONNECT_S_MAX, TELL_EVERY_S, RollCall
from vehicle_sim.virtual_time import run_virtual

BROKER = "mqtt://127.0.0.1:1883"
Said = list[MutableMapping[str, Any]]


@dataclass(slots=True)
class Line:
    is_up: bool = True
    orders_heard: int = 0


def said_within(time_s: float, lines: list[Line]) -> Said:
    """All that is said in so many seconds."""

    async def listen() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(time_s):
                await RollCall(BROKER, lines).keep()

    with capture_logs() as said:
        run_virtual(listen())
    return list(said)


def test_vehicles_say_at_once_that_they_are_connected() -> None:
    assert said_within(1.0, [Line(), Line()]) == [
        {"event": "vehicles_connected", "connected": 2, "vehicles": 2, "broker": BROKER, "log_level": "info"}
    ]


def test_a_vehicle_that_does_not_find_its_broker_is_a_warning() -> None:
    [said] = said_within(CONNECT_S_MAX + 1.0, [Line(), Line(is_up=False)])
    assert (said["event"], said["connected"], said["log_level"]) == ("vehicles_connected", 1, "warning")


def test_vehicles_tell_each_minute_what_they_heard() -> None:
    said = said_within(2.5 * TELL_EVERY_S, [Line(orders_heard=3), Line()])
    assert [line["event"] for line in said] == ["vehicles_connected", "vehicles_at_work", "vehicles_at_work"]
    assert said[-1]["orders_heard"] == 3


def test_vehicles_that_hear_no_order_say_where_to_look() -> None:
    said = said_within(1.5 * TELL_EVERY_S, [Line()])
    assert said[-1]["event"] == "no_order_heard"
    assert said[-1]["log_level"] == "warning"
    assert "trade epoch" in said[-1]["remedy"]
