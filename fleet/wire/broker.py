"""The broker that comes with the fleet: a nats-server of our own, as a child process that may outlive us.

Its place, port and name are chosen once and kept in the data directory. A daemon that was killed leaves its broker
running, so vehicles keep their lines, and the next daemon adopts it. Brokers may lose everything at any moment:
nothing is built on what this one remembers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import secrets
import socket
import subprocess
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil

from fleet.errors import BrokerError
from fleet.wire import nats
from fleet.wire.broker_url import BrokerUrl

log = logging.getLogger(__name__)

PORT_MIN, PORT_COUNT = 20_000, 10_000  # below the range from which systems draw ports for outgoing connections
READY_S_MAX = 10.0
STOP_S_MAX = 5.0
LOOK_EVERY_S, END_LOOK_EVERY_S = 0.1, 0.01
RETRY_S_MIN, RETRY_S_MAX = 0.1, 10.0
STEADY_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class _Record:
    """`broker.json`: what the next daemon must know."""

    nonce: str
    port: int
    pid: int | None = None


class EmbeddedBroker:
    """A broker on loopback, its files in `data_dir/broker`. Start, then watch; stop ends it, a crash of ours does not.

    Args:
        data_dir: where the folder `broker` is made.
        port: for MQTT; None keeps the port of the last time, or finds a free one the first time.
        rng: jitter of retries.
    """

    def __init__(self, data_dir: Path, port: int | None = None, rng: random.Random | None = None) -> None:
        self.was_adopted = False
        self.restarts = 0
        self._folder = data_dir.resolve() / "broker"
        self._wanted_port = port
        self._rng = rng or random.Random(0)
        self._record: _Record | None = None
        self._process: psutil.Process | None = None
        self._child: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def running(
        cls, data_dir: Path, port: int | None = None, rng: random.Random | None = None
    ) -> AsyncIterator[EmbeddedBroker]:
        """A broker that is started or adopted, watched inside, and stopped in the end.

        Raises:
            BrokerError: another process holds the port, or the server does not come up.
        """
        broker = cls(data_dir, port, rng)
        await broker.start()
        # Not a TaskGroup: it would wrap whatever the caller raises, and the watch fails for no reason of its own.
        watching = asyncio.get_running_loop().create_task(broker.watch(), name="watch-broker")
        try:
            yield broker
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await broker.stop()

    @property
    def url(self) -> BrokerUrl:
        assert self._record is not None, "start first"
        return BrokerUrl(nats.LOOPBACK, self._record.port)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def is_alive(self) -> bool:
        if self._child is not None and self._child.poll() is not None:
            return False
        return self._process is not None and nats.is_alive(self._process)

    async def start(self) -> None:
        """Adopt the broker that a killed daemon left behind, or start one; return when it accepts connections.

        Raises:
            BrokerError: another process holds the port, or the server does not come up.
        """
        self._record = record = self._load_record()
        for process in nats.left_behind(nats.config_path(self._folder)):
            if self._process is None and await asyncio.to_thread(nats.answers_as, process, record.nonce, record.port):
                self._adopt(process)
            else:  # frozen, or on a port that is no longer wanted: two servers must not share a store
                await _end(process)
        if self._process is None:
            await self._launch()

    async def watch(self) -> None:
        """Start the broker again, on the same port, whenever it dies; until cancelled."""
        loop = asyncio.get_running_loop()
        failures, up_since_s = 0, loop.time()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self.is_alive:
                continue
            failures = 0 if loop.time() - up_since_s > STEADY_AFTER_S else failures + 1
            log.warning("broker_died", extra={"pid": self.pid, "failures": failures})
            await asyncio.sleep(self._retry_s(failures))
            try:
                await self._launch()
            except BrokerError as fault:
                log.error("broker_not_restarted", extra={"reason": str(fault)})
                continue
            self.restarts += 1
            up_since_s = loop.time()

    async def stop(self) -> None:
        """End the broker, gently at first; its port and store stay for the next time."""
        process, self._process = self._process, None
        if process is not None:
            await _end(process)
        if self._child is not None:
            await asyncio.to_thread(self._child.wait)
            self._child = None
        if self._record is not None:
            self._keep(replace(self._record, pid=None))

    def _retry_s(self, failures: int) -> float:
        longest_s = min(RETRY_S_MIN * 2.0 ** min(failures, 30), RETRY_S_MAX)
        return longest_s * self._rng.uniform(0.5, 1.0)

    def _adopt(self, process: psutil.Process) -> None:
        assert self._record is not None
        self._process, self.was_adopted = process, True
        self._keep(replace(self._record, pid=process.pid))
        log.info("broker_adopted", extra={"pid": process.pid, "port": self._record.port})

    async def _launch(self) -> None:
        assert self._record is not None
        port = self._record.port
        await self._until_free(port)
        config = nats.write_config(self._folder, self._record.nonce, port)
        self._child = nats.launch(config)
        self._process, self.was_adopted = psutil.Process(self._child.pid), False
        self._keep(replace(self._record, pid=self._child.pid))
        await self._until_ready()
        log.info("broker_started", extra={"pid": self._child.pid, "port": port})

    async def _until_free(self, port: int) -> None:
        """A server that was just ended may hold the port a moment longer than it can be seen."""
        for _ in range(round(STOP_S_MAX / END_LOOK_EVERY_S)):
            if not nats.listens(port):
                return
            if (holder := nats.holder_of(port)) is not None:
                raise _held(port, holder, self._folder)
            await asyncio.sleep(END_LOOK_EVERY_S)
        raise _held(port, "a process that we may not see", self._folder)

    async def _until_ready(self) -> None:
        assert self._record is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_S_MAX):
                while self.is_alive:
                    if await asyncio.to_thread(nats.listens, self._record.port):
                        return
                    await asyncio.sleep(0.01)
        reason = self._last_words()
        await self.stop()
        raise BrokerError(f"the broker on port {self._record.port} did not come up: {reason}")

    def _last_words(self) -> str:
        texts = [
            p.read_text(errors="replace") for p in map(self._folder.joinpath, ("nats.out", "nats.log")) if p.exists()
        ]
        lines = [line for text in texts for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else f"it says nothing in {self._folder}"

    def _load_record(self) -> _Record:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            kept = _Record(**json.loads(self._record_path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            nonce = f"fleet-{secrets.token_hex(8)}"
            kept = _Record(nonce, self._wanted_port or _free_port(nonce))
        record = kept if self._wanted_port is None else replace(kept, port=self._wanted_port)
        self._keep(record)
        return record

    def _keep(self, record: _Record) -> None:
        self._record = record
        draft = self._record_path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(record)) + "\n")
        draft.replace(self._record_path)

    @property
    def _record_path(self) -> Path:
        return self._folder / "broker.json"


def left_in(data_dir: Path) -> BrokerUrl | None:
    """Where the broker of a data directory listens, or listened; None where there never was one."""
    try:
        record = _Record(**json.loads((data_dir / "broker" / "broker.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return BrokerUrl(nats.LOOPBACK, record.port)


async def _end(process: psutil.Process) -> None:
    """End a server: ask, wait, and kill if asking does not help."""
    for end in (process.terminate, process.kill):
        with contextlib.suppress(psutil.NoSuchProcess):
            end()
        for _ in range(round(STOP_S_MAX / END_LOOK_EVERY_S)):
            if not nats.is_alive(process):  # also one that is dead but not yet buried by its parent
                return
            await asyncio.sleep(END_LOOK_EVERY_S)


def _held(port: int, holder: str, folder: Path) -> BrokerError:
    record = folder / "broker.json"
    remedy = f"end it, or name another broker.embedded_port; where none is named, delete {record} for a new one"
    return BrokerError(f"port {port} is held by {holder}; {remedy}")


def _free_port(nonce: str) -> int:
    """A port that nobody holds now; fleets on one machine look in different places first."""
    first = int(nonce.rpartition("-")[2], 16)
    for offset in range(PORT_COUNT):
        port = PORT_MIN + (first + offset) % PORT_COUNT
        with contextlib.suppress(OSError), socket.socket() as trial:
            trial.bind((nats.LOOPBACK, port))
            return port
    raise BrokerError(f"no port is free between {PORT_MIN} and {PORT_MIN + PORT_COUNT}")
