"""One MQTT client in the hands of a test: it may withhold acknowledgements, vanish, or stop reading.

`PlainGuest` speaks MQTT 3.1.1 or 5 over a socket, without a library between; `MemoryGuest` does the same to the broker
in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from fleet.errors import LinkDownError
from fleet.model.site import MqttVersion
from fleet.wire.broker_url import BrokerUrl
from fleet.wire.link import Will
from fleet.wire.memory import MemoryBroker, MemoryLink
from fleet.wire.subscription import Subscription
from tests.interop.heard import PATIENCE_S, Heard

REFUSED = 0x80
CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 0x20, 0x30, 0x40, 0x90, 0xD0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """How a guest connects.

    Attributes:
        acknowledges: whether it confirms what it hears at QoS 1.
    """

    client_id: str
    is_clean: bool = True
    will: Will | None = None
    keepalive_s: int = 60
    user: str | None = None
    acknowledges: bool = True

    def named(self, client_id: str) -> Entrance:
        return replace(self, client_id=client_id)

    def as_user(self, user: str | None) -> Entrance:
        return replace(self, client_id=f"{self.client_id}-2", user=user)


class Guest(ABC):
    """A client in a test's hands.

    Attributes:
        had_session: the broker says that it remembers this client.
        is_open: the connection stands, as far as the guest can know.
    """

    def __init__(self, entrance: Entrance) -> None:
        self.entrance = entrance
        self.had_session = False
        self.is_open = False
        self.heard = Heard()

    @property
    def payloads(self) -> list[bytes]:
        return self.heard.payloads

    async def until(self, is_so: Callable[[], bool], speak: Callable[[], Awaitable[None]] | None = None) -> None:
        await self.heard.until(is_so, speak)

    @abstractmethod
    async def enter(self) -> bool:
        """Connect; whether the broker lets it in."""

    @abstractmethod
    async def subscribe(self, *wanted: Subscription) -> tuple[int, ...]:
        """The broker's answer to each: the quality granted, or `REFUSED`."""

    @abstractmethod
    async def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """Say it, and at QoS 1 wait until the broker says that it has it."""

    @abstractmethod
    async def publish_unacknowledged(self, topic: str, payload: bytes) -> None:
        """Say it at QoS 1 and vanish before the acknowledgement arrives."""

    @abstractmethod
    async def leave(self) -> None:
        """A farewell."""

    @abstractmethod
    async def vanish(self) -> None:
        """The connection breaks without a farewell, and the broker sees it break."""

    @abstractmethod
    async def fall_silent(self) -> None:
        """Nothing more comes from it, and the connection does not break."""

    @abstractmethod
    async def stop_reading(self) -> None: ...

    @abstractmethod
    async def read_on(self) -> None: ...


class PlainGuest(Guest):
    """MQTT 3.1.1 or 5 over a socket; in 5 it says no properties but how long its session lasts, and reads none."""

    def __init__(self, url: BrokerUrl, entrance: Entrance, mqtt: MqttVersion = MqttVersion.V3_1_1) -> None:
        super().__init__(entrance)
        self._url = url
        self._mqtt = mqtt
        self._nothing = b"\0" if mqtt is MqttVersion.V5 else b""
        self._ids = itertools.count(1)
        self._answers: dict[tuple[int, int], bytes] = {}
        self._unacknowledged: list[bytes] = []
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._pinging: asyncio.Task[None] | None = None

    async def enter(self) -> bool:
        await self.vanish()
        self._reader, self._writer = await asyncio.open_connection(self._url.host, self._url.port, limit=4096)
        self._write(connect_packet(self.entrance, self._mqtt))
        try:
            async with asyncio.timeout(PATIENCE_S):
                _, answer = await self._read()
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return False
        self.had_session = bool(answer[0] & 1)
        self.is_open = answer[1] == 0
        if self.is_open:
            self._reading = asyncio.get_running_loop().create_task(self._read_forever())
            self._pinging = asyncio.get_running_loop().create_task(self._ping_forever())
            for packet in self._unacknowledged:
                self._write(bytes([packet[0] | 0x08]) + packet[1:])
        return self.is_open

    async def subscribe(self, *wanted: Subscription) -> tuple[int, ...]:
        number = next(self._ids)
        filters = b"".join(text(each.filter.encode()) + bytes([each.qos]) for each in wanted)
        self._write(packet(0x82, number.to_bytes(2, "big") + self._nothing + filters))
        answer = await self._answer(SUBACK, number)
        return tuple(self._after_properties(answer))

    async def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        number = next(self._ids)
        self._write(publish_packet(topic, self._nothing + payload, qos, retain, number))
        await self._drain()
        if qos:
            await self._answer(PUBACK, number)

    async def publish_unacknowledged(self, topic: str, payload: bytes) -> None:
        said = publish_packet(topic, self._nothing + payload, 1, False, next(self._ids))
        self._unacknowledged.append(said)
        self._write(said)
        await self._drain()
        await self.vanish()

    async def leave(self) -> None:
        self._write(b"\xe0\x00")
        await self.vanish()

    async def vanish(self) -> None:
        self.is_open = False
        for task in (self._reading, self._pinging):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    async def fall_silent(self) -> None:
        assert self._pinging is not None
        self._pinging.cancel()

    async def stop_reading(self) -> None:
        self._may_read.clear()

    async def read_on(self) -> None:
        self._may_read.set()

    def _write(self, said: bytes) -> None:
        assert self._writer is not None
        self._writer.write(said)

    async def _drain(self) -> None:
        assert self._writer is not None
        with contextlib.suppress(ConnectionError):  # whether it was taken is told by the answer alone
            await self._writer.drain()

    async def _answer(self, kind: int, number: int) -> bytes:
        await self.heard.until(lambda: (kind, number) in self._answers or not self.is_open)
        if (kind, number) not in self._answers:
            raise LinkDownError(f"{self.entrance.client_id} was thrown out")
        return self._answers.pop((kind, number))

    async def _ping_forever(self) -> None:
        while True:
            await asyncio.sleep(self.entrance.keepalive_s / 2.0)  # the pace of MQTT, not a wait of the test
            self._write(b"\xc0\x00")

    async def _read_forever(self) -> None:
        try:
            while True:
                await self._may_read.wait()
                kind, body = await self._read()
                self._take(kind, body)
        except (asyncio.IncompleteReadError, OSError):
            self.is_open = False
            self.heard.on_link_down("the broker closed the connection")

    async def _read(self) -> tuple[int, bytes]:
        kind = (await self._reader.readexactly(1))[0]
        length = shift = 0
        while True:
            part = (await self._reader.readexactly(1))[0]
            length |= (part & 0x7F) << shift
            shift += 7
            if part < 0x80:
                return kind, await self._reader.readexactly(length)

    def _take(self, kind: int, body: bytes) -> None:
        if kind & 0xF0 == PUBLISH:
            end = 2 + int.from_bytes(body[:2], "big")
            qos = kind >> 1 & 3
            number, payload = (body[end : end + 2], body[end + 2 :]) if qos else (b"", body[end:])
            if qos and self.entrance.acknowledges:
                self._write(packet(PUBACK, number))
            self.heard.on_message(body[2:end].decode(), self._after_properties(payload), retained=bool(kind & 1))
        elif kind in (PUBACK, SUBACK):
            self._answers[kind, int.from_bytes(body[:2], "big")] = body[2:]
            self.heard.nudge()

    def _after_properties(self, content: bytes) -> bytes:
        return content[1 + content[0] :] if self._mqtt is MqttVersion.V5 else content


class MemoryGuest(Guest):
    """The same at the broker in memory."""

    def __init__(self, broker: MemoryBroker, entrance: Entrance) -> None:
        super().__init__(entrance)
        self._broker = broker
        self._link = MemoryLink(
            broker,
            entrance.client_id,
            (),
            entrance.will,
            is_clean=entrance.is_clean,
            user=entrance.user or "",
            keepalive_s=entrance.keepalive_s,
            acknowledges=entrance.acknowledges,
        )

    async def enter(self) -> bool:
        self._link.open(self)
        self.is_open, self.had_session = self._link.is_up, self._link.had_session
        if not self.is_open:
            self._link.close()
        return self.is_open

    async def subscribe(self, *wanted: Subscription) -> tuple[int, ...]:
        return self._link.subscribe(*wanted)

    async def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        await self._link.publish(topic, payload, qos=qos, retain=retain)

    async def publish_unacknowledged(self, topic: str, payload: bytes) -> None:
        self._broker.lose_acknowledgement(self.entrance.client_id)
        self._link.send(topic, payload, qos=1)

    async def leave(self) -> None:
        self._link.close()
        self.is_open = False

    async def vanish(self) -> None:
        self._broker.cut(self.entrance.client_id)

    async def fall_silent(self) -> None:
        self._broker.fall_silent(self.entrance.client_id)

    async def stop_reading(self) -> None:
        self._broker.stall(self.entrance.client_id)

    async def read_on(self) -> None:
        self._broker.read_on(self.entrance.client_id)

    def on_link_up(self) -> None:
        self.heard.on_link_up()

    def on_link_down(self, reason: str) -> None:
        self.is_open = False
        self._link.close()
        self.heard.on_link_down(reason)

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        self.heard.on_message(topic, payload, retained=retained)


def connect_packet(entrance: Entrance, mqtt: MqttVersion) -> bytes:
    will, user = entrance.will, entrance.user
    is_newer = mqtt is MqttVersion.V5
    flags = 0x02 * entrance.is_clean
    tail = text(entrance.client_id.encode())
    if will is not None:
        flags |= 0x04 | will.qos << 3 | will.retain << 5
        tail += b"\0" * is_newer + text(will.topic.encode()) + text(will.payload)
    if user is not None:
        flags |= 0xC0
        tail += text(user.encode()) + text(password_of(user).encode())
    for_good = b"\x05\x11\xff\xff\xff\xff"  # its session lasts
    properties = (b"\0" if entrance.is_clean else for_good) if is_newer else b""
    head = text(b"MQTT") + bytes([5 if is_newer else 4, flags]) + entrance.keepalive_s.to_bytes(2, "big")
    return packet(0x10, head + properties + tail)


def password_of(user: str) -> str:
    """The users of a rig's broker have no secrets."""
    return f"secret of {user}"


def publish_packet(topic: str, payload: bytes, qos: int, retain: bool, number: int) -> bytes:
    head = text(topic.encode()) + (number.to_bytes(2, "big") if qos else b"")
    return packet(PUBLISH | qos << 1 | retain, head + payload)


def packet(kind: int, body: bytes) -> bytes:
    length, left = b"", len(body)
    while True:
        left, part = left >> 7, left & 0x7F
        length += bytes([part | 0x80 * (left > 0)])
        if not left:
            return bytes([kind]) + length + body


def text(content: bytes) -> bytes:
    return len(content).to_bytes(2, "big") + content
