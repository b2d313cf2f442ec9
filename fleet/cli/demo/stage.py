"""The demo's folder and processes: daemon, broker, vehicles. Set up together, taken down together."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import random
import shutil
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil

from fleet.cli.demo.child import ENDED, Child
from fleet.cli.demo.options import VEHICLES, DemoError, DemoOptions
from fleet.clock import utc_text
from fleet.model.site import Site
from fleet.wire import nats
from fleet.wire.broker import EmbeddedBroker

LOOPBACK = "127.0.0.1"
UP_S_MAX = 60.0
LOOK_EVERY_S = 0.05
DAEMON, VEHICLE_SIM = "the daemon", "the vehicles"
OURS = ("data", "daemon.log", "vehicles.log", "truth.json", "scenario.toml", "report.html", "report.json")


class Stage:
    """Starts and ends the processes; knows nothing of what they do.

    Args:
        trade_epoch: "TRADE@WALL", the same for daemon and vehicles.

    Attributes:
        children: all that were ever started, ended ones too.
    """

    def __init__(self, options: DemoOptions, site: Site, trade_s: float, wall_s: float) -> None:
        self.out = options.out.resolve()
        self.data = self.out / "data"
        self.truth = self.out / "truth.json"
        self.scenario = self.out / "scenario.toml"
        self.api = f"{LOOPBACK}:{_free_port()}"
        self.children: list[Child] = []
        self._broker: EmbeddedBroker | None = None
        self._broker_cpu_s = 0.0
        self._options = options
        self._vehicles = min(VEHICLES, len(site.vehicles))
        self._epoch = f"{utc_text(trade_s)}@{utc_text(wall_s)}"

    @property
    def url(self) -> str:
        return f"http://{self.api}"

    def prepare(self) -> None:
        """An empty folder; what an earlier demo left in it goes.

        Raises:
            DemoError: a demo still runs there.
        """
        self.out.mkdir(parents=True, exist_ok=True)
        _refuse_if_locked(self.data / "fleet.lock", self.out)
        self._end_left_broker()
        for name in OURS:
            path = self.out / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        self.data.mkdir()

    async def open_broker(self) -> None:
        """Our own broker, unless another one was named; the daemon adopts it as one that an earlier daemon left.

        So the vehicles can be on the line before the daemon opens, as in life.
        """
        if self._options.broker is None:
            self._broker = EmbeddedBroker(self.data, rng=random.Random(self._options.seed))
            await self._broker.start()

    async def start_daemon(self) -> Child:
        """`fleet serve`, on the same address and data each time."""
        broker = [] if self._options.broker is None else ["--broker", self._options.broker]
        command = ["fleet", "serve", "--site", self._options.site, "--data", self.data, "--api", self.api, *broker]
        return await self._start(DAEMON, "daemon.log", command)

    async def start_vehicles(self) -> Child:
        """`vehicle-sim connect`, as a program of its own; it has written its first truth when the vehicles are up."""
        command = ["vehicle_sim", "connect", "--broker", self._broker_url(), "--site", self._options.site]
        command += ["--vehicles", self._vehicles, "--seed", self._options.seed, "--truth", self.truth]
        command += ["--scenario", self.scenario, "--faults", "default" if self._options.with_faults else "none"]
        return await self._start(VEHICLE_SIM, "vehicles.log", [*command, "--cache", self.data / "maps"])

    async def until_vehicles_are_up(self) -> None:
        """Return once the vehicles seek their lines.

        Raises:
            DemoError: they do not within the time allowed.
        """
        for _ in range(round(UP_S_MAX / LOOK_EVERY_S)):
            if self.truth.exists():
                return
            await asyncio.sleep(LOOK_EVERY_S)
        raise DemoError(f"the vehicles were not up within {UP_S_MAX:.0f} s; see {self.out / 'vehicles.log'}")

    def measure(self) -> None:
        """Note the processor time that all processes have taken."""
        if self._broker is not None and self._broker.pid is not None:
            with contextlib.suppress(*ENDED):
                times = psutil.Process(self._broker.pid).cpu_times()
                self._broker_cpu_s = times.user + times.system
        for child in self.children:
            if not child.has_ended:
                child.measure()

    async def stop(self) -> None:
        """End all processes, the vehicles first, so that they can say farewell."""
        self.measure()
        for child in sorted(self.children, key=lambda child: child.name == DAEMON):
            await child.stop()
        if self._broker is not None:
            await self._broker.stop()
        self._end_left_broker()

    def kill_all(self) -> None:
        """The last resort, when even stopping was interrupted."""
        for child in self.children:
            if not child.has_ended:
                with contextlib.suppress(*ENDED):
                    psutil.Process(child.pid).kill()
            child.end_descendants()
        self._end_left_broker()

    def cpu_s(self) -> float:
        """Processor time of all processes, the vehicles' too."""
        return self._broker_cpu_s + sum(seconds for child in self.children for seconds, _ in child.cpu_s.values())

    def solver_cpu_s(self) -> float:
        """Processor time of the daemon's helpers, without its broker."""
        return sum(
            seconds
            for child in self.children
            if child.name == DAEMON
            for process, (seconds, name) in child.cpu_s.items()
            if process.pid != child.pid and name != "nats-server"
        )

    async def _start(self, name: str, log: str, command: Iterable[object]) -> Child:
        timing = ["--time-factor", self._options.time_factor, "--trade-epoch", self._epoch]
        words = [str(word) for word in (sys.executable, "-m", *command, *timing)]
        child = await Child.start(name, words, self.out / log, self._options.environment)
        self.children.append(child)
        return child

    def _broker_url(self) -> str:
        if self._options.broker is not None:
            return self._options.broker
        assert self._broker is not None, "open the broker first"
        return str(self._broker.url)

    def _end_left_broker(self) -> None:
        """A daemon that was killed leaves its broker running; it is known by its configuration in our folder."""
        left = nats.left_behind(nats.config_path(self.data / "broker"))
        for process in left:
            with contextlib.suppress(*ENDED):
                process.terminate()
        psutil.wait_procs(left, timeout=5.0)


def _refuse_if_locked(lock: Path, out: Path) -> None:
    if not lock.exists():
        return
    with lock.open(encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = held.read().strip() or "unknown"
            raise DemoError(f"a daemon (pid {pid}) still runs in {out}; end it, or give another --out") from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
