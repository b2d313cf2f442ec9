"""A thousand vehicles, each with a state and five positions a second: one controller keeps up with them."""

from __future__ import annotations

import time

import pytest

from fleet.controller.ear import Ear
from fleet.controller.inbox import Inbox
from fleet.controller.stats import Stats
from fleet.telemetry.liveness import Watch
from fleet.wire import codec
from fleet.wire.link import Topic
from fleet.wire.messages import Position, Power, Visualization
from tests.nouns import NOW_S, Office, a_header, a_state, opened, town

VANS = tuple(f"van-{number}" for number in range(1000))
TURNS = 10
SHOWN_EACH_S = 5
HERE = Position(x_m=150.0, y_m=0.0, theta_rad=0.0, map_id="town", is_localized=True)


class Second:
    """A clock that stands in one second of trade."""

    trade_s = NOW_S

    def trade_now_s(self) -> float:
        return self.trade_s

    def machine_now_s(self) -> float:
        return self.trade_s

    def machine_wall_s(self) -> float:
        return self.trade_s

    async def sleep_until(self, trade_s: float) -> None:
        raise AssertionError("nobody waits here")


def said_in_a_second(number: int) -> list[tuple[str, bytes]]:
    """What all of them say in the second of that number, spread evenly."""
    said = []
    for name in VANS:
        topic = Topic("uagv", 2, "acme", name, "state").text()
        power = Power(soc_fraction=0.8 - number / 100.0, is_charging=False)
        state = a_state(header=a_header(number, NOW_S + number, name), position=HERE, power=power)
        said.append((topic, codec.encode_state(state)))
        for shown in range(SHOWN_EACH_S):
            header = a_header(SHOWN_EACH_S * number + shown, NOW_S + number + shown / SHOWN_EACH_S, name)
            moved = Visualization(header=header, position=HERE, speed_mps=5.0)
            said.append((topic.removesuffix("state") + "visualization", codec.encode_visualization(moved)))
    return said


@pytest.mark.vda5050("1.10")
def test_a_second_of_a_thousand_vehicles_is_taken_in_within_a_second() -> None:
    roads = town(vehicles=VANS)
    office, clock, inbox, stats = Office(roads, opened(roads)), Second(), Inbox(), Stats()
    ear = Ear(roads.site, clock, inbox, Watch(35.0, 120.0), stats)
    took_s = []
    for number in range(1, 5):
        said = said_in_a_second(number)
        clock.trade_s = NOW_S + number
        began_s = time.process_time()
        for turn in range(TURNS):
            for topic, payload in said[turn * len(said) // TURNS : (turn + 1) * len(said) // TURNS]:
                ear.on_message(topic, payload, retained=False)
            office.turn(inbox.take(), after_s=1.0 / TURNS)
        took_s.append(time.process_time() - began_s)
    assert stats.dropped == {}
    assert all(office.state.twin(name).soc_fraction == pytest.approx(0.76) for name in roads.site.vehicles)
    assert min(took_s) < 1.0
