"""Builds every part, hands each what it needs, and runs: `fleet serve`."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import random
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TextIO

import structlog
import uvicorn

from fleet.api.app import build_app, end_streams
from fleet.clock import Clock, SystemClock
from fleet.config import load
from fleet.controller import AreaController, Parts
from fleet.controller.presence import Presence, presence_subscription, presence_will
from fleet.errors import ConfigError, FleetError
from fleet.journal.store import SqlStore, sqlite_url
from fleet.journal.writer import ThreadWriter
from fleet.maps.cache import load_or_import
from fleet.model.site import ApiAddress, Site
from fleet.planning.port import Budget
from fleet.roads.site_roads import SiteRoads
from fleet.wire.broker import EmbeddedBroker
from fleet.wire.broker_url import BrokerUrl
from fleet.wire.login import Login, read_login
from fleet.wire.mqtt import LineLimits, MqttLink
from fleet.wire.subscription import Subscription
from fleet.workers.solver_process import ProcessSolver

TURN_S_MIN = 0.01
MACHINE_REACTION_S = 0.05  # from a state on the line to an order on it
SILENCE_S_MAX = 60.0  # of machine time; a vehicle says its state at least every 30 s of trade time
INBOUND_TOPICS = ("state", "visualization", "factsheet")

log = structlog.get_logger("fleet.daemon")


def serve(
    site_path: Path,
    *,
    broker: str | None = None,
    data: Path | None = None,
    api: str | None = None,
    time_factor: float | None = None,
    trade_epoch: str | None = None,
    log_format: str = "auto",
) -> int:
    """Run the daemon until it is told to stop; the process's exit code.

    Args:
        broker: `mqtt://host:port`, or None for what the site file says.
        api: `host:port`, or None for what the site file says.
        time_factor: trade seconds per second, for simulations on loopback only.
        trade_epoch: "TRADE@WALL", both ISO 8601: the trade time at a wall time; for simulations only.
    """
    configure_logging(log_format)
    try:
        site = _site(site_path, broker, data, api)
        clock = simulation_clock(site, time_factor, trade_epoch)
        site = paced_for(site, clock.factor)
        with only_one(site.data_dir):
            asyncio.run(_Daemon(site, clock).run())
    except (FleetError, OSError, BaseExceptionGroup) as error:
        return _last_words(error)
    return 0


def _last_words(error: BaseException) -> int:
    """Say why the daemon ends; what nobody foresaw keeps its trace."""
    for cause in _leaves(error):
        if not isinstance(cause, (FleetError, OSError)):
            raise error
        remedy = "" if isinstance(cause, FleetError) else "; see to the disk and the rights of the data directory"
        print(f"fleet serve: {cause}{remedy}", file=sys.stderr)  # noqa: T201 - the last words of the process
    return 1


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error


def _site(path: Path, broker: str | None, data: Path | None, api: str | None) -> Site:
    flags: dict[str, object] = {"broker.url": broker, "data.dir": str(data) if data else None}
    if api is not None:
        host, colon, port = api.rpartition(":")
        if not colon or not port.isdigit():
            raise ConfigError([f"--api: found {api!r}, needs HOST:PORT, for example 127.0.0.1:8700"])
        flags |= {"api.host": host, "api.port": int(port)}
    return load(path, os.environ, flags)


def simulation_clock(site: Site, time_factor: float | None, trade_epoch: str | None) -> SystemClock:
    """The clock of operation, or for a simulation one that runs faster.

    Raises:
        ConfigError: scaled time with a broker that others could reach, or unreadable instants.
    """
    if time_factor is None and trade_epoch is None:
        return SystemClock.started_now()
    if not site.broker.is_embedded and not BrokerUrl.parse(site.broker.url).is_loopback:
        raise ConfigError(
            [
                f"--time-factor, --trade-epoch: found with broker {site.broker.url}, needs a broker on loopback;"
                " scaled time is for simulations only"
            ]
        )
    factor = 1.0 if time_factor is None else time_factor
    if not 0 < factor <= 10_000:
        raise ConfigError([f"--time-factor: found {factor}, needs a number above 0 and up to 10000"])
    if trade_epoch is None:
        now = SystemClock.started_now()
        return SystemClock(factor, now.anchor_trade_s, now.anchor_machine_s)
    trade_s, wall_s = read_epoch(trade_epoch)
    return SystemClock.scaled(factor, trade_s, wall_s)


def paced_for(site: Site, factor: float) -> Site:
    """The site with turns that follow one another as fast in trade time as they would at factor 1.

    What the machine needs to decide and the line to carry takes more trade time then, so road is released earlier.
    """
    pace_s = max(TURN_S_MIN, site.limits.turn_machine_s_busy / max(factor, 1.0))
    reaction_s = site.limits.reaction_s + MACHINE_REACTION_S * max(factor - 1.0, 0.0)
    return replace(site, limits=replace(site.limits, turn_machine_s_busy=pace_s, reaction_s=reaction_s))


def read_epoch(text: str) -> tuple[float, float]:
    """Trade and wall instants of "TRADE@WALL".

    Raises:
        ConfigError: the text is not two instants with a zone.
    """
    try:
        trade, wall = (datetime.fromisoformat(part) for part in text.split("@"))
        if trade.tzinfo is None or wall.tzinfo is None:
            raise ValueError("an instant without a zone")
    except ValueError as error:
        fault = f"--trade-epoch: found {text!r}, needs TRADE@WALL, both ISO 8601 with a zone"
        raise ConfigError([fault]) from error
    return trade.timestamp(), wall.timestamp()


def configure_logging(log_format: str) -> None:
    """Words on a terminal, JSON in service; everything goes to standard error."""
    in_words = sys.stderr.isatty() if log_format == "auto" else log_format == "text"
    renderer = structlog.dev.ConsoleRenderer() if in_words else structlog.processors.JSONRenderer(ensure_ascii=False)
    shared: list[structlog.types.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")


@contextmanager
def only_one(data_dir: Path) -> Iterator[TextIO]:
    """Hold the data directory for this process; the lock goes with the process, however it ends.

    Raises:
        ConfigError: it is no place to write in, or another daemon holds it; names its pid.
    """
    with _lock_file(data_dir) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise ConfigError(
                [
                    f"data directory {data_dir} is in use by the daemon with pid {holder};"
                    " stop that one, or give another --data"
                ]
            ) from error
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield lock


def _lock_file(data_dir: Path) -> TextIO:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        return (data_dir / "fleet.lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            [f"data directory {data_dir} cannot be used: {error.strerror}; make it writable, or give another --data"]
        ) from error


class _Server(uvicorn.Server):
    """Leaves signals to the daemon."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True)
class _Daemon:
    site: Site
    clock: Clock

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT: then take nothing more, send nothing more, and go."""
        listener = bind(self.site.api)
        graph, _ = await asyncio.to_thread(load_or_import, self.site.map_path, self.site.data_dir / "maps")
        roads = SiteRoads(self.site, graph)
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, stopped.set)
        instance = secrets.token_hex(8)
        async with contextlib.AsyncExitStack() as stack:
            url = await stack.enter_async_context(self._broker())
            store = SqlStore(sqlite_url(self.site.data_dir / "fleet.db"))
            stack.callback(store.close)
            writer = ThreadWriter(store)
            writer.start()
            stack.callback(writer.close)
            solver = await stack.enter_async_context(ProcessSolver.running())
            line = line_of(self.site, url, instance, self._login(url))
            area = AreaController(self._parts(line, store, writer, solver, roads))
            await area.open()
            since_s, owner = self.clock.machine_wall_s(), area.parts.owner
            area.announce(Presence(self.site.id, instance, owner, since_s, line, area.stats))
            await self._serve(area, listener, stopped)
        log.info("stopped", area=self.site.id)

    @contextlib.asynccontextmanager
    async def _broker(self) -> AsyncIterator[BrokerUrl]:
        if not self.site.broker.is_embedded:
            yield BrokerUrl.parse(self.site.broker.url)
            return
        port = self.site.broker.embedded_port or None
        async with EmbeddedBroker.running(self.site.data_dir, port, random.Random()) as broker:
            log.info("broker_up", url=str(broker.url), pid=broker.pid, adopted=broker.was_adopted)
            yield broker.url

    def _login(self, url: BrokerUrl) -> Login:
        """How we show ourselves to a broker that is not our own."""
        broker = self.site.broker
        if broker.is_embedded:
            return Login()
        login = read_login(broker.user, broker.password_file, broker.ca_file, os.environ, broker.mqtt)
        if url.is_secure:
            login.tls()  # a file that cannot be used is told now
        elif login.password is not None and not url.is_loopback:
            log.warning("password_in_clear", url=str(url), remedy=f"use mqtts://{url.host} so that nobody can read it")
        return login

    def _parts(
        self, line: MqttLink, store: SqlStore, writer: ThreadWriter, solver: ProcessSolver, roads: SiteRoads
    ) -> Parts:
        return Parts(
            clock=self.clock,
            link=line,
            store=store,
            writer=writer,
            solver=solver,
            budget=Budget(wall_s=self.site.planning.budget_s),
            roads=roads,
            token=secrets.token_hex(4),
            owner=f"{socket.gethostname()}:{os.getpid()}",
            by_force=True,  # the lock on the data directory says that the owner before us is gone
        )

    async def _serve(self, area: AreaController, listener: socket.socket, stopped: asyncio.Event) -> None:
        app = build_app(area)
        server = _Server(
            uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=2, access_log=False)
        )
        host, port = listener.getsockname()[:2]
        log.info("serving", site=self.site.name, api=f"http://{host}:{port}", epoch=area.lease.epoch)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(area.run(), name="area")
            http = tasks.create_task(server.serve(sockets=[listener]), name="http")
            told = tasks.create_task(stopped.wait(), name="stop")
            await asyncio.wait([running, http, told], return_when=asyncio.FIRST_COMPLETED)
            end_streams(app)
            server.should_exit = True
            running.cancel()
            told.cancel()


def line_of(site: Site, url: BrokerUrl, instance: str, login: Login | None = None) -> MqttLink:
    """The line on which the area hears its vehicles; laid anew when all of them seem to have fallen silent.

    Its client id is its own, for two controllers of one id would throw each other out for ever.
    """
    interfaces = sorted({site.interface_name, *(vehicle.interface_name for vehicle in site.vehicles.values())})
    subscriptions = [Subscription(f"{name}/+/+/+/{topic}") for name in interfaces for topic in INBOUND_TOPICS]
    subscriptions += [Subscription(f"{name}/+/+/+/connection", qos=1) for name in interfaces]
    subscriptions.append(presence_subscription(site.id))
    limits = LineLimits(silence_s_max=SILENCE_S_MAX)
    will = presence_will(site.id, instance)
    line = MqttLink(url, f"fleet-{instance}", subscriptions, random.Random(), will, limits, login)
    line.farewell = will
    return line


def bind(address: ApiAddress) -> socket.socket:
    """Listen for the API, before anything else is started.

    Raises:
        ConfigError: the port is taken or not ours to take.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ConfigError(
            [
                f"API address {address.host}:{address.port} cannot be used: {error.strerror};"
                " stop whoever holds it, or give another --api HOST:PORT"
            ]
        ) from error
    return listener
