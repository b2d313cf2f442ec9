"""A broker and its links inside one process, for simulation and tests.

It keeps the promises of MQTT and none beyond: order per connection, retained messages, last wills, one client
per id, nothing kept for a client that is away. All it needs of the running loop is timers and the time, so
under virtual time the same seed gives the same deliveries. Messages come by callback: no task, no socket.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fleet.errors import LinkDownError
from fleet.wire.link import LinkListener, Will
from fleet.wire.network import Faults, Latency, Line, Network, Traffic
from fleet.wire.subscription import Audience, Subscription, granted_qos


class MemoryBroker:
    """The broker; must be made while its event loop runs.

    Args:
        rng: all chance of the broker and its links is drawn from it.
        latency: of every delivery.
        faults: asked for every delivery; None for a perfect network.
        reconnect_s: what a link waits at least, and twice of it at most, before it tries again.
    """

    def __init__(
        self,
        rng: random.Random,
        latency: Latency | None = None,
        faults: Faults | None = None,
        reconnect_s: float = 1.0,
    ) -> None:
        self.traffic = Traffic()
        self.network = Network(asyncio.get_running_loop(), rng, latency or Latency(), faults, self.traffic)
        self.reconnect_s = reconnect_s
        self.is_running = True
        self._sessions: dict[str, _Session] = {}
        self._audience: Audience[Line] = Audience()
        self._barred_until_s: dict[str, float] = {}
        self._retained: dict[str, tuple[bytes, int]] = {}

    @property
    def retained(self) -> Mapping[str, bytes]:
        return {topic: payload for topic, (payload, _) in self._retained.items()}

    def is_connected(self, client_id: str) -> bool:
        return client_id in self._sessions

    def start(self) -> None:
        """Come back after a stop; links return when their next try is due."""
        self.is_running = True

    def stop(self, *, keep_retained: bool = True) -> None:
        """Die: every line breaks, and no will is spoken."""
        self.is_running = False
        if not keep_retained:
            self._retained.clear()
        for session in tuple(self._sessions.values()):
            session.break_off("the broker stopped")
            self._forget(session)

    def cut(self, client_id: str, *, for_s: float = 0.0, noticed_after_s: float = 0.0) -> None:
        """Break a client's line without a farewell.

        Args:
            client_id: who; one that is not connected stays out all the same.
            for_s: how long it cannot come back; `math.inf` until `admit`.
            noticed_after_s: when the broker notices and speaks the will; the client's return ends it too.
        """
        if for_s > 0.0:
            self._barred_until_s[client_id] = self.network.loop.time() + for_s
        if client_id not in self._sessions:
            return
        session = self._sessions[client_id]
        session.break_off("the line was cut")
        if noticed_after_s > 0.0:
            self.network.loop.call_later(noticed_after_s, self._notice, session)
        else:
            self._notice(session)

    def admit(self, client_id: str) -> None:
        """Let a client that was cut come back at its next try."""
        self._barred_until_s.pop(client_id, None)

    def connect(self, link: MemoryLink) -> _Session | None:
        """A new session, or None while the broker is down or the client is barred.

        Whoever holds the client id is thrown out and its will spoken, as MQTT asks.
        """
        if not self.is_running or self._barred_until_s.get(link.client_id, 0.0) > self.network.loop.time():
            return None
        if (previous := self._sessions.get(link.client_id)) is not None:
            self._notice(previous)
            previous.break_off("another client took the id")
        session = _Session(link, Line(self.network, link), link.will)
        self._sessions[link.client_id] = session
        self._audience.add(session.line, link.subscriptions)
        for topic, (payload, qos) in self._retained.items():
            granted = granted_qos(link.subscriptions, topic)
            if granted is not None:
                session.line.send(topic, payload, qos=min(qos, granted), retained=True)
        return session

    def disconnect(self, session: _Session) -> None:
        """A farewell: the will stays unspoken."""
        session.line.is_open = False
        self._forget(session)

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """Hand a message to everyone who listens; tests may speak here without being a client."""
        self.traffic.published += 1
        if retain:
            self._retained.pop(topic, None)  # the newest stands last: replay keeps the order of speaking
            if payload:
                self._retained[topic] = payload, qos
        for line, granted in self._audience.of(topic).items():
            line.send(topic, payload, qos=min(qos, granted), retained=False)

    def _notice(self, session: _Session) -> None:
        """Speak the will of a client that is gone, once."""
        if self._forget(session) and (will := session.will) is not None:
            self.publish(will.topic, will.payload, qos=will.qos, retain=will.retain)

    def _forget(self, session: _Session) -> bool:
        """Whether the session was still known."""
        if self._sessions.get(session.link.client_id) is not session:
            return False
        del self._sessions[session.link.client_id]
        self._audience.remove(session.line, session.link.subscriptions)
        return True


@dataclass(frozen=True, slots=True, eq=False)
class _Session:
    """One client from connect to disconnect, with the will it had at connect."""

    link: MemoryLink
    line: Line
    will: Will | None

    def break_off(self, reason: str) -> None:
        if self.line.is_open:
            self.line.is_open = False
            self.link.lose(reason)


class MemoryLink:
    """A `Link` to a `MemoryBroker`; `open`, `send` and `close` serve callers that are no coroutines.

    `will` may be changed; a new connection takes the new one, so that its header can be fresh.
    """

    def __init__(
        self,
        broker: MemoryBroker,
        client_id: str,
        subscriptions: Sequence[Subscription] = (),
        will: Will | None = None,
    ) -> None:
        self.client_id = client_id
        self.subscriptions = tuple(subscriptions)
        self.will = will
        self._broker = broker
        self._listener: LinkListener | None = None
        self._session: _Session | None = None

    @property
    def is_up(self) -> bool:
        return self._session is not None

    async def run(self, listener: LinkListener) -> None:
        """Keep the line up until cancelled; ends with a farewell, so the will stays unspoken."""
        self.open(listener)
        try:
            await asyncio.get_running_loop().create_future()  # never done: callbacks do the work
        finally:
            self.close()

    def open(self, listener: LinkListener) -> None:
        """Connect, and keep reconnecting, until `close`."""
        self._listener = listener
        self._connect()

    def close(self) -> None:
        session, self._session, self._listener = self._session, None, None
        if session is not None:
            self._broker.disconnect(session)

    async def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        self.send(topic, payload, qos=qos, retain=retain)

    def send(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """`publish` for callers that are no coroutines.

        Raises:
            LinkDownError: the line is down; nothing was sent.
        """
        if self._session is None:
            raise LinkDownError(f"{self.client_id} has no line to the broker")
        self._broker.publish(topic, payload, qos=qos, retain=retain)

    def hear(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Called by the line."""
        if self._listener is not None:
            self._listener.on_message(topic, payload, retained=retained)

    def lose(self, reason: str) -> None:
        """Called by the broker when it breaks the line."""
        self._session = None
        if self._listener is not None:
            self._try_later()
            self._listener.on_link_down(reason)

    def _connect(self) -> None:
        if self._listener is None or self._session is not None:
            return
        self._session = self._broker.connect(self)
        if self._session is None:
            self._try_later()
        else:
            self._listener.on_link_up()

    def _try_later(self) -> None:
        network = self._broker.network
        wait_s = self._broker.reconnect_s * (1.0 + network.rng.random())
        network.loop.call_later(wait_s, self._connect)
