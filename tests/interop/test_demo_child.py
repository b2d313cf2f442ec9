"""The demo's child processes: watched while they live, and gone when they should be."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import psutil
import pytest

from fleet.cli.demo.child import Child, ChildDiedError

LIVES = "import signal, socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1]))).close(); signal.pause()"
HAS_A_CHILD = (
    f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']); {LIVES}"
)
FAILS = "import sys; print('about to fail'); sys.exit('no such thing')"


async def started(tmp_path: Path, code: str, *words: str) -> Child:
    return await Child.start("the child", [sys.executable, "-c", code, *words], tmp_path / "child.log", {})


async def come_up(tmp_path: Path, code: str) -> Child:
    """A child that has started; it calls us then."""
    has_called = asyncio.Event()

    def take(_: asyncio.StreamReader, line: asyncio.StreamWriter) -> None:
        line.close()
        has_called.set()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        child = await started(tmp_path, code, str(server.sockets[0].getsockname()[1]))
        async with asyncio.timeout(20):
            await has_called.wait()
    return child


def test_a_child_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    async def live() -> None:
        await (await started(tmp_path, FAILS)).watch()

    with pytest.raises(ChildDiedError, match=r"(?s)the child ended with code 1.*no such thing"):
        asyncio.run(live())


def test_a_child_that_is_stopped_or_killed_on_purpose_is_no_error(tmp_path: Path) -> None:
    async def live() -> None:
        for end in (Child.stop, Child.kill):
            child = await come_up(tmp_path, LIVES)
            await end(child)
            await child.watch()
            assert child.has_ended

    asyncio.run(live())


def test_what_a_killed_child_left_behind_ends_with_the_demo(tmp_path: Path) -> None:
    async def live() -> list[psutil.Process]:
        child = await come_up(tmp_path, HAS_A_CHILD)
        left = psutil.Process(child.pid).children()
        await child.kill()
        assert all(process.is_running() for process in left)
        await child.stop()
        return left

    left = asyncio.run(live())
    assert left
    assert psutil.wait_procs(left, timeout=5.0)[1] == []


def test_processor_time_is_measured_with_that_of_descendants(tmp_path: Path) -> None:
    async def live() -> int:
        child = await come_up(tmp_path, HAS_A_CHILD)
        child.measure()
        await child.stop()
        return len(child.cpu_s)

    assert asyncio.run(live()) == 2
