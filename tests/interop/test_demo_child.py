"""The demo's child processes: watched while they live, and gone when they should be."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import psutil
import pytest

from fleet.cli.demo.child import Child, ChildDiedError

SLEEPS = "import time; print('up', flush=True); time.sleep(60)"
HAS_A_CHILD = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    " print('up', flush=True); time.sleep(60)"
)
FAILS = "import sys; print('about to fail'); sys.exit('no such thing')"


async def started(tmp_path: Path, code: str) -> Child:
    child = await Child.start("the child", [sys.executable, "-c", code], tmp_path / "child.log", {})
    if code != FAILS:
        async with asyncio.timeout(20):
            while "up" not in (tmp_path / "child.log").read_text():  # noqa: ASYNC110 - the child tells by its log
                await asyncio.sleep(0.02)
    return child


def test_a_child_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    async def live() -> None:
        await (await started(tmp_path, FAILS)).watch()

    with pytest.raises(ChildDiedError, match=r"(?s)the child ended with code 1.*no such thing"):
        asyncio.run(live())


def test_a_child_that_is_stopped_or_killed_on_purpose_is_no_error(tmp_path: Path) -> None:
    async def live() -> None:
        for end in (Child.stop, Child.kill):
            child = await started(tmp_path, SLEEPS)
            await end(child)
            await child.watch()
            assert child.has_ended

    asyncio.run(live())


def test_what_a_killed_child_left_behind_ends_with_the_demo(tmp_path: Path) -> None:
    async def live() -> list[psutil.Process]:
        child = await started(tmp_path, HAS_A_CHILD)
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
        child = await started(tmp_path, HAS_A_CHILD)
        child.measure()
        await child.stop()
        return len(child.cpu_s)

    assert asyncio.run(live()) == 2
