"""Brokers of three kinds behind one face, so that one set of promises is held by all of them.

Mosquitto comes twice, in MQTT 3.1.1 and 5, and the one in memory once with the manners of each of the real ones.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import getpass
import hashlib
import random
import shutil
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from fleet.model.site import MqttVersion
from fleet.wire import nats
from fleet.wire.broker_url import BrokerUrl
from fleet.wire.link import Link, LinkListener, Will
from fleet.wire.login import Login
from fleet.wire.manners import MOSQUITTO, MOSQUITTO_IN_5, NATS, Manners
from fleet.wire.memory import MemoryBroker, MemoryLink
from fleet.wire.mqtt import LineLimits, MqttLink
from fleet.wire.network import Latency
from fleet.wire.rights import Rights, mosquitto_list
from fleet.wire.subscription import Subscription
from tests.interop.guest import Entrance, Guest, MemoryGuest, PlainGuest, password_of
from tests.interop.heard import PATIENCE_S, Heard
from tests.needs import needs, require
from tests.patience import until, until_it_works

QUICK = LineLimits(retry_s_min=0.02, retry_s_max=0.1)
REAL_KINDS = ["nats", *(pytest.param(kind, marks=needs("mosquitto")) for kind in ("mosquitto", "mosquitto-5"))]
IN_MEMORY = {"memory-nats": NATS, "memory-mosquitto": MOSQUITTO, "memory-mosquitto-5": MOSQUITTO_IN_5}
EVERY_KIND = [*IN_MEMORY, *REAL_KINDS]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """How a broker is set up; 0 and None leave it as it is.

    Attributes:
        is_persistent: it keeps over a restart what it remembers.
        certificate: file of a certificate and its key; it then speaks TLS only. For mosquitto.
    """

    users: Mapping[str, Rights] | None = None
    is_persistent: bool = False
    certificate: Path | None = None
    queued_max: int = 0
    in_flight_max: int = 0
    repeats_after_s: int = 0
    pending_bytes_max: int = 0
    packet_bytes_max: int = 0
    payload_bytes_max: int = 0

    def manners(self, of: Manners) -> Manners:
        """The row of a broker that is set up like this, as far as it can be."""
        can = {
            "queued_max": of.queued_max,
            "in_flight_max": of.in_flight_max,
            "repeats_after_s": of.repeats_after_s,
            "pending_bytes_max": of.pending_bytes_max,
            "packet_bytes_max": True,
            "payload_bytes_max": of is not NATS,
        }
        changes = {name: getattr(self, name) for name, has_it in can.items() if has_it and getattr(self, name)}
        return replace(of, **changes)


class Rig(ABC):
    """A broker with what a test may do to it.

    Attributes:
        manners: what is expected of it where brokers differ.
    """

    manners: Manners

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._running: dict[Link, asyncio.Task[None]] = {}
        self._guests: list[Guest] = []

    @abstractmethod
    def link(self, client_id: str, subscriptions: Sequence[Subscription] = (), will: Will | None = None) -> Link: ...

    @abstractmethod
    def new_guest(self, entrance: Entrance) -> Guest: ...

    @abstractmethod
    async def stop(self, *, is_asked: bool = False) -> None:
        """The broker dies, or ends because it is told to."""

    @abstractmethod
    async def start(self) -> None: ...

    async def guest(
        self,
        client_id: str,
        *subscriptions: Subscription,
        is_clean: bool = True,
        will: Will | None = None,
        keepalive_s: int = 60,
        user: str | None = None,
        acknowledges: bool = True,
    ) -> Guest:
        """A client that is in and listens. Some brokers make one wait whose id was in use a moment ago."""
        entrance = Entrance(
            client_id=client_id,
            is_clean=is_clean,
            will=will,
            keepalive_s=keepalive_s,
            user=user,
            acknowledges=acknowledges,
        )
        guest = self.stranger(entrance)
        await self.let_in(guest)
        if subscriptions:
            await guest.subscribe(*subscriptions)
        return guest

    def stranger(self, entrance: Entrance) -> Guest:
        """Somebody who has not connected yet, and is shown out in the end."""
        self._guests.append(self.new_guest(entrance))
        return self._guests[-1]

    async def let_in(self, guest: Guest) -> None:
        await until_it_works(guest.enter, f"{guest.entrance.client_id} to be let in")

    async def join(self, client_id: str, *subscriptions: Subscription, will: Will | None = None) -> tuple[Link, Heard]:
        """A client of ours that is up."""
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
        for guest in self._guests:
            await guest.vanish()


class MemoryRig(Rig):
    def __init__(self, tasks: asyncio.TaskGroup, house: House, of: Manners) -> None:
        super().__init__(tasks)
        self.manners = house.manners(of)
        self._is_persistent = house.is_persistent
        self.broker = MemoryBroker(
            random.Random(1), Latency(0.0, 0.001), reconnect_s=0.001, manners=self.manners, rights=house.users
        )

    def link(self, client_id: str, subscriptions: Sequence[Subscription] = (), will: Will | None = None) -> Link:
        return MemoryLink(self.broker, client_id, subscriptions, will)

    def new_guest(self, entrance: Entrance) -> Guest:
        return MemoryGuest(self.broker, entrance)

    async def stop(self, *, is_asked: bool = False) -> None:
        self.broker.stop(keep_retained=self._is_persistent, is_asked=is_asked)

    async def start(self) -> None:
        self.broker.start()


class MqttRig(Rig):
    """A broker that is a process of its own."""

    def __init__(self, tasks: asyncio.TaskGroup, url: BrokerUrl, mqtt: MqttVersion = MqttVersion.V3_1_1) -> None:
        super().__init__(tasks)
        self.url = url
        self.mqtt = mqtt
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def launch(self) -> subprocess.Popen[bytes]: ...

    def link(self, client_id: str, subscriptions: Sequence[Subscription] = (), will: Will | None = None) -> Link:
        return MqttLink(self.url, client_id, subscriptions, random.Random(1), will, QUICK, Login(mqtt=self.mqtt))

    def new_guest(self, entrance: Entrance) -> Guest:
        return PlainGuest(self.url, entrance, self.mqtt)

    async def start(self) -> None:
        self._process = self.launch()
        await asyncio.to_thread(until, lambda: nats.listens(self.url.port), f"{self.url} to come up")

    async def stop(self, *, is_asked: bool = False) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM if is_asked else signal.SIGKILL)
        await asyncio.to_thread(self._process.wait, PATIENCE_S)


class NatsRig(MqttRig):
    """The configuration of our embedded broker, changed only in what a test asks for."""

    def __init__(self, tasks: asyncio.TaskGroup, folder: Path, house: House, port: int) -> None:
        super().__init__(tasks, BrokerUrl(nats.LOOPBACK, port))
        self.manners = manners = house.manners(NATS)
        folder.mkdir(parents=True, exist_ok=True)
        self._store = None if house.is_persistent else folder / "js"
        self._config = nats.write_config(folder, "contract", port)
        settings = self._config.read_text()
        settings = settings.replace("max_payload: 1MB", f"max_payload: {manners.packet_bytes_max}")
        settings = settings.replace('ack_wait: "30s"', f'ack_wait: "{manners.repeats_after_s:.0f}s"')
        settings = settings.replace("max_ack_pending: 1024", f"max_ack_pending: {manners.in_flight_max}")
        settings += f"max_pending: {manners.pending_bytes_max}\n"
        if house.users is not None:
            listed = "\n".join(_nats_user(user, rights) for user, rights in house.users.items())
            settings += f"authorization {{ users = [\n{listed}\n] }}\n"
        self._config.write_text(settings)

    def launch(self) -> subprocess.Popen[bytes]:
        return nats.launch(self._config)

    async def stop(self, *, is_asked: bool = False) -> None:
        await super().stop(is_asked=is_asked)
        if self._store is not None:
            shutil.rmtree(self._store, ignore_errors=True)


class MosquittoRig(MqttRig):
    def __init__(
        self, tasks: asyncio.TaskGroup, folder: Path, house: House, program: Path, port: int, mqtt: MqttVersion
    ) -> None:
        super().__init__(tasks, BrokerUrl("127.0.0.1", port), mqtt)
        self.manners = house.manners(MOSQUITTO_IN_5 if mqtt is MqttVersion.V5 else MOSQUITTO)
        config = folder / "mosquitto.conf"
        self._command = [str(program), "-c", str(config)]
        settings = [
            f"user {getpass.getuser()}",  # root would change to a user who cannot read this folder
            f"listener {port} 127.0.0.1",
            "set_tcp_nodelay true",
            f"persistence {str(house.is_persistent).lower()}",
            f"persistence_location {folder}/",
            f"max_queued_messages {self.manners.queued_max}",
            f"max_inflight_messages {self.manners.in_flight_max}",
            f"allow_anonymous {str(house.users is None).lower()}",
        ]
        if house.certificate is not None:
            self.url = replace(self.url, is_secure=True)
            settings += [f"certfile {house.certificate}", f"keyfile {house.certificate}"]
        if house.packet_bytes_max:
            settings.append(f"max_packet_size {house.packet_bytes_max}")
        if house.payload_bytes_max:
            settings.append(f"message_size_limit {house.payload_bytes_max}")
        if house.users is not None:
            (folder / "users").write_text("".join(map(_mosquitto_user, house.users)))
            (folder / "rights").write_text(mosquitto_list(house.users))
            settings += [f"password_file {folder / 'users'}", f"acl_file {folder / 'rights'}"]
        config.write_text("\n".join(settings) + "\n")

    def launch(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stderr=subprocess.DEVNULL)


def _mosquitto_user(user: str) -> str:
    """A line of a password file: PBKDF2 as mosquitto_passwd makes it."""
    salt = b"twelve bytes"
    key = hashlib.pbkdf2_hmac("sha512", password_of(user).encode(), salt, 101)
    return f"{user}:$7$101${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}\n"


def _nats_user(user: str, rights: Rights) -> str:
    says, hears = (", ".join(map(_subject, filters)) for filters in (rights.says, rights.hears))
    permissions = f"publish: {{allow: [{says}]}}, subscribe: {{allow: [{hears}]}}"
    return f'{{user: "{user}", password: "{password_of(user)}", permissions: {{{permissions}}}}}'


def _subject(topic_filter: str) -> str:
    """A filter in the words of NATS."""
    words = {"+": "*", "#": ">"}
    return '"' + ".".join(words.get(level, level.replace(".", "//")) for level in topic_filter.split("/")) + '"'


OpenRig = Callable[..., contextlib.AbstractAsyncContextManager[Rig]]


def opener(kind: str, folder: Path) -> OpenRig:
    """Opens a broker of a kind."""
    mosquitto = require("mosquitto") if kind.startswith("mosquitto") else None
    return functools.partial(open_rig, kind, folder, mosquitto, _free_port())


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextlib.asynccontextmanager
async def open_rig(
    kind: str, folder: Path, mosquitto: Path | None, port: int, house: House | None = None
) -> AsyncIterator[Rig]:
    """A broker of a kind, up; all its links and itself are gone afterwards. Port 0 is any that is free."""
    house, port = house or House(), port or _free_port()
    async with asyncio.TaskGroup() as tasks:
        rig: Rig
        if kind in IN_MEMORY:
            rig = MemoryRig(tasks, house, IN_MEMORY[kind])
        elif kind == "nats":
            rig = NatsRig(tasks, folder, house, port)
        else:
            assert mosquitto is not None
            mqtt = MqttVersion.V5 if kind == "mosquitto-5" else MqttVersion.V3_1_1
            rig = MosquittoRig(tasks, folder, house, mosquitto, port, mqtt)
        await rig.start()
        try:
            yield rig
        finally:
            await rig.close()
            await rig.stop()
