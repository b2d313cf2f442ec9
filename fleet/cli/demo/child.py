"""Child processes of the demo: each with its log in a file, watched, and ended by its pid."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from fleet.cli.demo.options import DemoError

STOP_S_MAX = 12.0
LINES_TOLD = 12
ENDED = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess)


class ChildDiedError(DemoError):
    """A child ended though nobody asked it to."""


@dataclass(slots=True)
class Child:
    """One process, its descendants, and the processor time they have taken.

    Attributes:
        is_meant_to_end: it was asked to end, or killed on purpose.
        cpu_s: processor seconds and name of each process; those of ended ones stay.
    """

    name: str
    log: Path
    process: asyncio.subprocess.Process
    is_meant_to_end: bool = False
    cpu_s: dict[psutil.Process, tuple[float, str]] = field(default_factory=dict)

    @classmethod
    async def start(cls, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Child:
        """Start it in a session of its own, so that a Ctrl-C on the terminal reaches the demo alone."""
        with log.open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        return cls(name, log, process)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def has_ended(self) -> bool:
        return self.process.returncode is not None

    async def watch(self) -> None:
        """Return once it has ended on purpose.

        Raises:
            ChildDiedError: it ended by itself; with the last lines of its log.
        """
        code = await self.process.wait()
        if not self.is_meant_to_end:
            raise ChildDiedError(f"{self.name} ended with code {code}; its last words, from {self.log}:\n{self.tail()}")

    def tail(self) -> str:
        with self.log.open(encoding="utf-8", errors="replace") as lines:
            return "\n".join(f"  {line.rstrip()}" for line in deque(lines, LINES_TOLD))

    def measure(self) -> None:
        """Note how much processor time it and its descendants have taken."""
        with contextlib.suppress(*ENDED):
            own = psutil.Process(self.pid)
            for process in (own, *own.children(recursive=True)):
                with contextlib.suppress(*ENDED):
                    times = process.cpu_times()
                    self.cpu_s[process] = (times.user + times.system, process.name())

    async def stop(self) -> None:
        """Ask it to end, wait, and kill it if that does not help; then whatever it has left behind."""
        self.measure()
        self.is_meant_to_end = True
        if not self.has_ended:
            self._signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_S_MAX):
                    await self.process.wait()
            except TimeoutError:
                await self.kill()
        self.end_descendants()

    async def kill(self) -> None:
        """End it at once, as a crash would; its descendants live on."""
        self.measure()
        self.is_meant_to_end = True
        self._signal(signal.SIGKILL)
        await self.process.wait()

    def end_descendants(self) -> None:
        """End what it had started and left running; a process is known by its pid and the time it began."""
        left = [process for process in self.cpu_s if process.pid != self.pid and process.is_running()]
        for process in left:
            with contextlib.suppress(*ENDED):
                process.terminate()
        for process in psutil.wait_procs(left, timeout=3.0)[1]:
            with contextlib.suppress(*ENDED):
                process.kill()

    def _signal(self, sign: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(sign)
