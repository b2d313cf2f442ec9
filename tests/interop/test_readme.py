"""The README's walk with a daemon, typed into one shell as it stands there, only with time running faster."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.interop.daemon_at_work import ROOT, Daemon, end, free_port
from tests.patience import until

pytestmark = [pytest.mark.slow, pytest.mark.broker]

README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
FIRST, LAST = "EPOCH=", "kill "
FACTOR = "150"
PASSING = {"phase:assigned", "waits_for_start", "in_time"}
"""Reasons that hold for a while only; time runs too fast here to meet them for certain."""


def walk() -> list[tuple[str, str]]:
    """Language and text of the blocks from the daemon's start to its end; those without a language are output."""
    first = next(i for i, (_, block) in enumerate(FENCED) if block.startswith(FIRST))
    last = next(i for i, (_, block) in enumerate(FENCED) if block.startswith(LAST))
    return FENCED[first : last + 1]


class Shell:
    """A shell that is typed into; each command's exit code is written behind its output."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self._port = folder, port
        self.out = folder / "walk.out"
        own = {"FLEET_API__PORT": str(port), "FLEET_URL": f"http://127.0.0.1:{port}", "COLUMNS": "200"}
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                ["/bin/bash"], stdin=subprocess.PIPE, stdout=out, stderr=out, cwd=ROOT, env={**os.environ, **own},
                start_new_session=True,
            )  # fmt: skip

    def type(self, block: str) -> int:
        """Type a block's lines; how many."""
        here = (
            block.replace(".venv/bin", str(Path(sys.executable).parent))
            .replace("build/tour", str(self._folder / "data"))
            .replace("127.0.0.1:8700", f"127.0.0.1:{self._port}")
            .replace("--time-factor 20", f"--time-factor {FACTOR}")
        )
        lines = here.splitlines()
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f'{line}\necho "[ended $?]"\n' for line in lines).encode())
        self.process.stdin.flush()
        return len(lines)

    @property
    def said(self) -> str:
        return self.out.read_text(encoding="utf-8", errors="replace")

    @property
    def codes(self) -> list[int]:
        return [int(code) for code in re.findall(r"\[ended (\d+)\]", self.said)]


@contextmanager
def shell_of(folder: Path) -> Iterator[tuple[Shell, Daemon]]:
    """A shell whose every child is gone afterwards."""
    port = free_port()
    shell = Shell(folder, port)
    daemon = Daemon(shell.process, f"http://127.0.0.1:{port}", shell.out)
    try:
        yield shell, daemon
    finally:
        if shell.process.stdin is not None:
            shell.process.stdin.close()
        os.killpg(shell.process.pid, signal.SIGKILL)
        shell.process.wait(10)
        end(daemon, folder / "data")


def test_the_walk_through_the_readme_goes_as_it_is_told(tmp_path: Path) -> None:
    start, connect, ask, look, farewell = (block for language, block in walk() if language == "sh")
    with shell_of(tmp_path) as (shell, daemon):
        typed = shell.type(start)
        until(daemon.is_ready, "the daemon to be ready")
        typed += shell.type(connect)
        until(lambda: all(it["liveness"] != "unheard" for it in vehicles(daemon)), "all vehicles to be heard")
        typed += shell.type(ask)
        until(lambda: len(shell.codes) == typed, "the run to be asked for")
        until(lambda: daemon.get("/api/v1/runs/tour-1")["trip_id"] is not None, "the run to be planned")
        typed += shell.type(asked_why(ask)) + shell.type(look)
        until(lambda: len(shell.codes) == typed, "all commands to end")
        assert shell.codes == [0] * typed, shell.said
        run = daemon.get("/api/v1/runs/tour-1")
        assert run["phase"] == "delivered"
        assert run["custody"] == {"point:balzers-roxy": 40}
        said = shell.said
        assert "RunsAccepted by cli" in said
        assert re.search(r"parcels +40 requested, 40 delivered", said)
        assert re.search(r"flaw +-", said)
        assert shown_labels() - {label(line) for line in said.splitlines()} <= PASSING
        typed += shell.type(farewell)
        until(lambda: not answers(daemon), "the daemon to end")
        assert shell.codes[-1] == 0


def shown_labels() -> set[str]:
    """What the lines begin with that the README shows as output of the walk."""
    shown = "\n".join(block for language, block in walk() if not language)
    return {label(line) for line in shown.splitlines() if line}


def label(line: str) -> str:
    """A line's first column; of an event its type, for instants change."""
    event = re.search(r"#\d+ (\w+ by \w+)", line)
    return event[1] if event else re.split(r"\s{2,}", line)[0]


def asked_why(ask: str) -> str:
    """The line that asks for the reasons, to be typed again once the run is planned."""
    [line] = [line for line in ask.splitlines() if "run why" in line]
    return line


def vehicles(daemon: Daemon) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = daemon.get("/api/v1/vehicles")["vehicles"]
    return listed


def answers(daemon: Daemon) -> bool:
    try:
        httpx.get(f"{daemon.url}/healthz", timeout=2.0)
    except httpx.HTTPError:
        return False
    return True
