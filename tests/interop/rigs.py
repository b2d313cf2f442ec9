"""Brokers of three kinds behind one face, so that one set of promises is held by all of them."""

from __future__ import annotations

import asyncio
import contextlib
import random
import subprocess
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from fleet.wire import nats
from fleet.wire.broker import EmbeddedBroker
from fleet.wire.broker_url import BrokerUrl
from fleet.wire.link import Link, LinkListener, Will
from fleet.wire.memory import MemoryBroker, MemoryLink
from fleet.wire.mqtt import LineLimits, MqttLink
from fleet.wire.network import Latency
from fleet.wire.subscription import Subscription
from tests.interop.heard import PATIENCE_S, Heard

QUICK = LineLimits(retry_s_min=0.02, retry_s_max=0.1)


class Rig(ABC):
    """A broker with what a test may do to it."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._running: dict[Link, asyncio.Task[None]] = {}

    @abstractmethod
    def link(self, client_id: str, subscriptions: Sequence[Subscription] = (), will: Will | None = None) -> Link: ...

    @abstractmethod
    async def stop(self) -> None:
        """The broker dies."""

    @abstractmethod
    async def start(self) -> None: ...

    @abstractmethod
    async def vanish(self, client_id: str, will: Will) -> None:
        """A client connects with a will, and its line breaks without farewell."""

    async def join(self, client_id: str, *subscriptions: Subscription, will: Will | None = None) -> tuple[Link, Heard]:
        """A client that is up."""
        link, heard = self.link(client_id, subscriptions, will), Heard()
        self.run(link, heard)
        await heard.until(lambda: "up" in heard.events)
        return link, heard

    def run(self, link: Link, listener: LinkListener) -> None:
        self._running[link] = self._tasks.create_task(link.run(listener))

    async def leave(self, link: Link) -> None:
        """A farewell."""
        task = self._running.pop(link)
        task.cancel()
        await asyncio.wait([task])

    async def close(self) -> None:
        for link in tuple(self._running):
            await self.leave(link)


class MemoryRig(Rig):
    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        super().__init__(tasks)
        self.broker = MemoryBroker(random.Random(1), Latency(0.0, 0.001), reconnect_s=0.001)

    def link(self, client_id: str, subscriptions: Sequence[Subscription] = (), will: Will | None = None) -> Link:
        return MemoryLink(self.broker, client_id, subscriptions, will)

    async def stop(self) -> None:
        self.broker.stop()

    async def start(self) -> None:
        self.broker.start()

    async def vanish(self, client_id: str, will: Will) -> None:
        link, _ = await self.join(client_id, will=will)
        self.broker.cut(client_id, for_s=1000.0)
        await self.leave(link)


class MqttRig(Rig):
    url: BrokerUrl

    def link(self, client_id: str, subscriptions: Sequence[Subscription] = (), will: Will | None = None) -> Link:
        return MqttLink(self.url, client_id, subscriptions, random.Random(1), will, QUICK)

    async def vanish(self, client_id: str, will: Will) -> None:
        reader, writer = await asyncio.open_connection(self.url.host, self.url.port)
        writer.write(connect_packet(client_id, will))
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.readexactly(4) == b"\x20\x02\x00\x00"
        writer.close()
        await writer.wait_closed()


class NatsRig(MqttRig):
    def __init__(self, tasks: asyncio.TaskGroup, folder: Path) -> None:
        super().__init__(tasks)
        self.broker = EmbeddedBroker(folder)

    async def start(self) -> None:
        await self.broker.start()
        self.url = self.broker.url

    async def stop(self) -> None:
        await self.broker.stop()


class MosquittoRig(MqttRig):
    def __init__(self, tasks: asyncio.TaskGroup, folder: Path, program: Path, port: int) -> None:
        super().__init__(tasks)
        self.url = BrokerUrl("127.0.0.1", port)
        self._command = [str(program), "-c", str(folder / "mosquitto.conf")]
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "mosquitto.conf").write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\npersistence false\n"
        )

    async def start(self) -> None:
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
        for _ in range(round(PATIENCE_S / 0.01)):
            if nats.listens(self.url.port):
                return
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        assert self._process is not None
        self._process.kill()  # asked politely, it would speak the wills of all its clients first
        await asyncio.to_thread(self._process.wait, PATIENCE_S)


def connect_packet(client_id: str, will: Will) -> bytes:
    """CONNECT of MQTT 3.1.1 with a will, a clean session and a keepalive of a minute."""
    flags = 0x02 | 0x04 | will.qos << 3 | will.retain << 5
    head = text(b"MQTT") + bytes([4, flags, 0, 60])
    body = head + text(client_id.encode()) + text(will.topic.encode()) + text(will.payload)
    assert len(body) < 128, "one byte tells the length"
    return bytes([0x10, len(body)]) + body


def text(content: bytes) -> bytes:
    return len(content).to_bytes(2, "big") + content


@contextlib.asynccontextmanager
async def open_rig(kind: str, folder: Path, mosquitto: Path | None, port: int) -> AsyncIterator[Rig]:
    """A broker of a kind, up; all its links and itself are gone afterwards."""
    async with asyncio.TaskGroup() as tasks:
        rig: Rig
        if kind == "memory":
            rig = MemoryRig(tasks)
        elif kind == "nats":
            rig = NatsRig(tasks, folder)
        else:
            assert mosquitto is not None
            rig = MosquittoRig(tasks, folder, mosquitto, port)
        await rig.start()
        try:
            yield rig
        finally:
            await rig.close()
            await rig.stop()
