"""A vehicle's line to a real broker, and how it is played that the network is gone."""

from __future__ import annotations

import pytest

from fleet.errors import LinkDownError
from fleet.wire.link import LinkListener, Will
from tests.hand_timers import HandTimers
from vehicle_sim.mqtt_radio import MqttRadio

WILL = Will("uagv/v2/acme/van-1/connection", b"broken", qos=1, retain=True)


class OpenLine(HandTimers):
    """A link that is up and keeps what is sent; also the timers, moved by hand, and the vehicle that listens."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.heard: list[bytes] = []
        self.ups = 0

    @property
    def is_up(self) -> bool:
        return True

    async def run(self, listener: LinkListener) -> None: ...

    def send(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        self.sent.append(payload)

    def on_link_up(self) -> None:
        self.ups += 1

    def on_link_down(self, reason: str) -> None: ...

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        self.heard.append(payload)


@pytest.fixture
def line() -> OpenLine:
    return OpenLine()


@pytest.fixture
def radio(line: OpenLine) -> MqttRadio:
    radio = MqttRadio(line, WILL, line)
    radio.listen(line)
    return radio


def test_without_network_nothing_passes_in_either_direction(line: OpenLine, radio: MqttRadio) -> None:
    radio.silence(100.0)
    with pytest.raises(LinkDownError):
        radio.send("t", b"state", qos=0, retain=False)
    radio.on_message("t", b"order", retained=False)
    assert line.sent == line.heard == []


def test_the_broker_speaks_the_will_after_a_while_and_the_vehicle_comes_back(line: OpenLine, radio: MqttRadio) -> None:
    radio.silence(100.0)
    line.move_to(23.0)
    assert line.sent == [b"broken"]
    line.move_to(100.0)
    assert line.ups == 1
    radio.send("t", b"state", qos=0, retain=False)
    assert line.sent[-1] == b"state"


def test_a_short_silence_goes_unnoticed_by_the_broker(line: OpenLine, radio: MqttRadio) -> None:
    radio.silence(10.0)
    line.move_to(60.0)
    assert line.sent == []
    assert line.ups == 1


def test_a_silence_within_a_longer_one_does_not_end_it(line: OpenLine, radio: MqttRadio) -> None:
    radio.silence(100.0)
    radio.silence(10.0)
    line.move_to(50.0)
    assert radio.is_silent
    assert line.ups == 0


def test_a_vehicle_counts_the_orders_that_reach_it(radio: MqttRadio) -> None:
    radio.on_message("uagv/v2/acme/van-1/order", b"order", retained=False)
    radio.on_message("uagv/v2/acme/van-1/instantActions", b"actions", retained=False)
    radio.silence(100.0)
    radio.on_message("uagv/v2/acme/van-1/order", b"unheard", retained=False)
    assert radio.orders_heard == 1
