"""A real `fleet serve` process, started and ended by a test."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.patience import until

ROOT = Path(__file__).parents[2]
SITE = ROOT / "configs" / "liechtenstein.toml"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(slots=True)
class Daemon:
    """A running daemon."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return httpx.get(f"{self.url}{path}", timeout=10.0).json()

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}: {self.log.read_text()[-2000:]}")
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2.0).status_code == 200
        except httpx.HTTPError:
            return False

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=2.0).status_code == 200
        except httpx.HTTPError:
            return False

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)


def command(data: Path, port: int, *more: str, site: Path = SITE) -> list[str]:
    words = [sys.executable, "-m", "fleet", "serve", "--site", str(site), "--data", str(data)]
    return [*words, "--api", f"127.0.0.1:{port}", *more]


def start(data: Path, port: int, *more: str) -> Daemon:
    data.parent.mkdir(parents=True, exist_ok=True)
    log = data.parent / f"{data.name}-{port}.log"
    with log.open("ab") as out:
        process = subprocess.Popen(command(data, port, *more), stdout=out, stderr=out, cwd=ROOT)
    return Daemon(process, f"http://127.0.0.1:{port}", log)


@contextmanager
def serving(data: Path, *more: str) -> Iterator[Daemon]:
    """A daemon that is ready; whatever is left of it is ended afterwards, by pid."""
    daemon = start(data, free_port(), *more)
    try:
        until(daemon.is_ready, "the daemon to be ready")
        yield daemon
    finally:
        end(daemon, data)


def end(daemon: Daemon, data: Path) -> None:
    if daemon.process.poll() is None:
        daemon.process.send_signal(signal.SIGCONT)
        daemon.process.kill()
        daemon.process.wait(10)
    record = data / "broker" / "broker.json"
    pid = json.loads(record.read_text()).get("pid") if record.exists() else None
    if pid is not None and psutil.pid_exists(pid) and "nats" in psutil.Process(pid).name():
        psutil.Process(pid).kill()
