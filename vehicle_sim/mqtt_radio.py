"""A vehicle's line to a real broker."""

from __future__ import annotations

from typing import Protocol

from fleet.errors import LinkDownError
from fleet.wire.link import LinkListener, Will
from vehicle_sim.timers import Timers

NOTICED_AFTER_S = 22.5
"""A broker gives a silent client up after one and a half keepalives of 15 s."""

TIMER_SLACK_S = 0.1
"""Timers of an ordinary loop may fire a moment early."""


class SendingLink(Protocol):
    """A link with a way to send for callers that are no coroutines, such as `MqttLink`."""

    @property
    def is_up(self) -> bool: ...

    async def run(self, listener: LinkListener) -> None: ...

    def send(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None: ...


class MqttRadio:
    """A `Radio` over a real link, and the vehicle's `LinkListener`.

    Losing the network is played: the connection stays, nothing passes in either direction, and after a while the will
    is spoken as the broker would, so that silences keep to trade time however fast that runs.
    """

    def __init__(self, link: SendingLink, will: Will, timers: Timers) -> None:
        self._link = link
        self._will = will
        self._timers = timers
        self._listener: LinkListener | None = None
        self._silent_until_s = 0.0
        self.orders_heard = 0

    async def run(self, listener: LinkListener) -> None:
        """Keep the line up until cancelled."""
        self.listen(listener)
        await self._link.run(self)

    def listen(self, listener: LinkListener) -> None:
        """Hand on to this vehicle what is heard."""
        self._listener = listener

    @property
    def is_up(self) -> bool:
        """The line itself, whether or not a silence is played on it."""
        return self._link.is_up

    @property
    def is_silent(self) -> bool:
        return self._timers.now_s() < self._silent_until_s

    def send(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
        if self.is_silent:
            raise LinkDownError(f"{self._will.topic}: no network")
        self._link.send(topic, payload, qos=qos, retain=retain)

    def silence(self, for_s: float) -> None:
        now_s = self._timers.now_s()
        self._silent_until_s = max(self._silent_until_s, now_s + for_s)
        if for_s > NOTICED_AFTER_S:
            self._timers.call_at(now_s + NOTICED_AFTER_S, self._speak_will)
        self._timers.call_at(now_s + for_s, self._come_back)

    def on_link_up(self) -> None:
        if self._listener and not self.is_silent:
            self._listener.on_link_up()

    def on_link_down(self, reason: str) -> None:
        if self._listener:
            self._listener.on_link_down(reason)

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if self._listener and not self.is_silent:
            self.orders_heard += topic.endswith("/order")
            self._listener.on_message(topic, payload, retained=retained)

    def _speak_will(self) -> None:
        if self._link.is_up:
            self._link.send(self._will.topic, self._will.payload, qos=self._will.qos, retain=self._will.retain)

    def _come_back(self) -> None:
        now_s = self._timers.now_s()
        if now_s < self._silent_until_s - TIMER_SLACK_S:
            return  # another silence lasts longer
        self._silent_until_s = now_s
        if self._link.is_up:
            self.on_link_up()
