"""A client's line to the broker inside this process; see `memory_broker`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fleet.errors import LinkDownError
from fleet.wire.link import LinkListener, Will
from fleet.wire.memory_broker import REFUSED, MemoryBroker, Session
from fleet.wire.subscription import Subscription

__all__ = ["MemoryBroker", "MemoryLink"]


class MemoryLink:
    """A `Link` to a `MemoryBroker`; `open`, `send` and `close` serve callers that are no coroutines.

    `will` may be changed; a new connection takes the new one, so that its header can be fresh.

    Args:
        is_clean: False for a client that has the broker keep its session, and that says again at its next connection
            what was not acknowledged.
        user: by which the broker knows its rights.
        keepalive_s: the longest silence that it promises.
        acknowledges: whether it confirms what it hears at QoS 1.

    Attributes:
        had_session: the broker remembered it at the last connection.
        farewell: what it says when it goes in peace, where the will stays unspoken.
    """

    def __init__(
        self,
        broker: MemoryBroker,
        client_id: str,
        subscriptions: Sequence[Subscription] = (),
        will: Will | None = None,
        *,
        is_clean: bool = True,
        user: str = "",
        keepalive_s: float = 15.0,
        acknowledges: bool = True,
    ) -> None:
        self.client_id = client_id
        self.subscriptions = tuple(subscriptions)
        self.will = will
        self.farewell: Will | None = None
        self.is_clean = is_clean
        self.user = user
        self.keepalive_s = keepalive_s
        self.acknowledges = acknowledges
        self.had_session = False
        self._broker = broker
        self._listener: LinkListener | None = None
        self._session: Session | None = None
        self._unacknowledged: list[tuple[str, bytes, bool]] = []

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
            if (last := self.farewell) is not None:
                self._broker.hear(session, last.topic, last.payload, last.qos, last.retain)
            self._broker.disconnect(session)

    async def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """Hand a message to the broker.

        Raises:
            LinkDownError: the line is down, or at QoS 1 broke before the acknowledgement; it may still have arrived.
        """
        if not self._say(topic, payload, qos, retain) and qos:
            raise LinkDownError(f"{self.client_id} lost its line before {topic} was acknowledged")

    def send(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """`publish` for callers that are no coroutines.

        Raises:
            LinkDownError: the line is down; nothing was sent.
        """
        self._say(topic, payload, qos, retain)

    def subscribe(self, *wanted: Subscription) -> tuple[int, ...]:
        """Listen to more, on this connection; the broker's answer to each.

        Raises:
            LinkDownError: the line is down.
        """
        if self._session is None:
            raise LinkDownError(f"{self.client_id} has no line to the broker")
        return self._broker.subscribe(self._session, wanted)

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

    def _say(self, topic: str, payload: bytes, qos: int, retain: bool) -> bool:
        """Whether it is acknowledged."""
        if self._session is None:
            raise LinkDownError(f"{self.client_id} has no line to the broker")
        is_acknowledged = self._broker.hear(self._session, topic, payload, qos, retain)
        if qos and not is_acknowledged and not self.is_clean:
            self._unacknowledged.append((topic, payload, retain))
        return is_acknowledged

    def _connect(self) -> None:
        if self._listener is None or self._session is not None:
            return
        self._session = self._enter()
        if self._session is None:
            self._try_later()
            return
        self._listener.on_link_up()
        unacknowledged, self._unacknowledged = self._unacknowledged, []
        for topic, payload, retain in unacknowledged:
            self._say(topic, payload, 1, retain)

    def _enter(self) -> Session | None:
        """A session in which all subscriptions are granted."""
        session = self._broker.connect(self)
        if session is None:
            return None
        self.had_session = session.had_mailbox
        if REFUSED in self._broker.subscribe(session, self.subscriptions):
            self._broker.disconnect(session)
            return None
        return session

    def _try_later(self) -> None:
        network = self._broker.network
        wait_s = self._broker.reconnect_s * (1.0 + network.rng.random())
        network.loop.call_later(wait_s, self._connect)
