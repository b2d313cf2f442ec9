"""The embedded broker outlives a daemon that is killed, and never takes another's place."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fleet.errors import BrokerError
from fleet.wire import broker as broker_module
from fleet.wire import nats
from fleet.wire.broker import EmbeddedBroker
from fleet.wire.mqtt import MqttLink
from tests.interop.heard import PATIENCE_S, Heard, awaited

DAEMON = """
import asyncio, pathlib, sys
from fleet.wire.broker import EmbeddedBroker

async def main():
    async with EmbeddedBroker.running(pathlib.Path(sys.argv[1])) as broker:
        print(broker.pid, broker.url.port, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for process in nats.left_behind(nats.config_path(tmp_path / "broker")):
        process.kill()
        process.wait(PATIENCE_S)


def killed_daemon(data_dir: Path) -> tuple[int, int]:
    """Pid and port of the broker that a daemon left behind when it was killed."""
    command = [sys.executable, "-c", DAEMON, str(data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        pid, port = daemon.stdout.readline().split()
        daemon.kill()
    return int(pid), int(port)


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or not nats.is_alive(psutil.Process(pid))


@awaited
async def test_a_broker_that_was_left_behind_is_adopted_and_ended(data_dir: Path) -> None:
    pid, port = killed_daemon(data_dir)
    async with EmbeddedBroker.running(data_dir) as broker:
        assert (broker.was_adopted, broker.pid, broker.url.port) == (True, pid, port)
    assert is_gone(pid)


@awaited
async def test_when_daemon_and_broker_were_killed_a_new_one_takes_the_port(data_dir: Path) -> None:
    pid, port = killed_daemon(data_dir)
    os.kill(pid, signal.SIGKILL)
    async with EmbeddedBroker.running(data_dir) as broker:
        assert (broker.was_adopted, broker.url.port) == (False, port)
        assert broker.pid != pid


@awaited
async def test_a_broker_that_is_frozen_is_replaced(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "STOP_S_MAX", 1.0)
    monkeypatch.setattr(nats, "ANSWER_S_MAX", 0.1)
    pid, port = killed_daemon(data_dir)
    os.kill(pid, signal.SIGSTOP)
    async with EmbeddedBroker.running(data_dir) as broker:
        assert (broker.was_adopted, broker.url.port) == (False, port)
    assert is_gone(pid)


@awaited
async def test_a_broker_left_on_another_port_than_the_wanted_one_is_replaced(data_dir: Path) -> None:
    pid, port = killed_daemon(data_dir)
    wanted = free_port()
    async with EmbeddedBroker.running(data_dir, wanted) as broker:
        assert (broker.was_adopted, broker.url.port) == (False, wanted)
        assert is_gone(pid)
        assert not nats.listens(port)


@awaited
async def test_a_lost_record_does_not_leave_two_brokers_on_one_store(data_dir: Path) -> None:
    pid, _ = killed_daemon(data_dir)
    (data_dir / "broker" / "broker.json").write_text("{")
    async with EmbeddedBroker.running(data_dir) as broker:
        assert not broker.was_adopted
        assert is_gone(pid)


@awaited
async def test_a_stranger_on_the_port_is_named(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        with pytest.raises(BrokerError, match=rf"port {port} .* \(pid {os.getpid()}\)"):
            await EmbeddedBroker(data_dir, port).start()


@awaited
async def test_a_broker_that_dies_comes_back_on_its_port(data_dir: Path) -> None:
    async with EmbeddedBroker.running(data_dir) as broker, asyncio.TaskGroup() as tasks:
        heard = Heard()
        link = tasks.create_task(MqttLink(broker.url, "van", (), random.Random(1)).run(heard))
        await heard.until(lambda: heard.events == ["up"])
        pid, port = broker.pid, broker.url.port
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await heard.until(lambda: heard.events[1:] != [] and heard.events[-1] == "up")
        assert (broker.restarts, broker.url.port) == (1, port)
        assert broker.pid != pid
        link.cancel()


@awaited
async def test_port_and_name_are_kept_and_fleets_do_not_share_them(
    data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with EmbeddedBroker.running(data_dir) as first:
        kept = json.loads((data_dir / "broker" / "broker.json").read_text())
        assert kept == {"nonce": kept["nonce"], "port": first.url.port, "pid": first.pid}
        async with EmbeddedBroker.running(tmp_path_factory.mktemp("other")) as other:
            assert other.url != first.url
    async with EmbeddedBroker.running(data_dir) as again:
        assert again.url.port == kept["port"]


@awaited
async def test_a_broker_listens_on_loopback_only(data_dir: Path) -> None:
    async with EmbeddedBroker.running(data_dir) as broker:
        connections = psutil.Process(broker.pid).net_connections("tcp")
        assert {c.laddr[0] for c in connections if c.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


@awaited
async def test_what_the_caller_raises_comes_through_and_the_broker_ends(data_dir: Path) -> None:
    pid = None
    with contextlib.suppress(ZeroDivisionError):
        async with EmbeddedBroker.running(data_dir) as broker:
            pid = broker.pid
            raise ZeroDivisionError
    assert pid is not None
    assert is_gone(pid)


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port
