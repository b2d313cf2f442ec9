"""The command itself: options, order of events, exit code."""

from __future__ import annotations

import asyncio
import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fleet.cli.demo import papers
from fleet.cli.demo.client import DemoClient
from fleet.cli.demo.course import Course
from fleet.cli.demo.display import Display
from fleet.cli.demo.morning import draw_morning
from fleet.cli.demo.news import News
from fleet.cli.demo.options import TIME_FACTOR, DemoError, DemoOptions, default_site, start_s
from fleet.cli.demo.stage import Stage
from fleet.cli.demo.trouble import write_scenario
from fleet.cli.demo.verdict import broken_promises, summary
from fleet.clock import SystemClock
from fleet.model.site import Site
from fleet.report import Asked

EXIT_BROKEN, EXIT_INTERRUPTED = 1, 130


class Faults(StrEnum):
    NONE = "none"
    DEFAULT = "default"


def demo(
    out: Annotated[Path, typer.Option(help="Folder for data, logs and report.")] = Path("build/demo"),
    map_: Annotated[Path | None, typer.Option("--map", help="Another OpenStreetMap extract.")] = None,
    site: Annotated[Path | None, typer.Option(help="Site file; by default Liechtenstein.")] = None,
    broker: Annotated[str | None, typer.Option(help="mqtt://HOST:PORT on loopback instead of our own.")] = None,
    seed: Annotated[int, typer.Option(help="Of parcels, windows and the vehicles' chance.")] = 1,
    time_factor: Annotated[float, typer.Option(min=0.1, max=1000, help="Trade seconds per second.")] = TIME_FACTOR,
    faults: Annotated[Faults, typer.Option(help="Whether three things go wrong on the way.")] = Faults.DEFAULT,
    kill_daemon_at: Annotated[
        float | None,
        typer.Option(min=0, help="Kill the daemon so many seconds after the first run is accepted; it starts again."),
    ] = None,
    keep_running: Annotated[bool, typer.Option("--keep-running", help="Leave daemon and vehicles on.")] = False,
) -> None:
    """Drive a whole morning against simulated vehicles, with real processes, and report on it.

    Exit code 0 only if no parcel is open, lost or duplicated, each returned run names its fault, and at most 5 % came
    back.
    """
    console = Console(stderr=True)
    try:
        options = DemoOptions(
            out=out,
            map=map_,
            site=site or default_site(),
            broker=broker,
            seed=seed,
            time_factor=time_factor,
            with_faults=faults is Faults.DEFAULT,
            kill_daemon_at_s=kill_daemon_at,
            keep_running=keep_running,
        )
        code = asyncio.run(_Demo(options, console).run())
    except DemoError as error:
        console.print(f"fleet demo: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        code = EXIT_BROKEN
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("interrupted; daemon, broker and vehicles are stopped")
        code = EXIT_INTERRUPTED
    sys.exit(code)  # not typer.Exit: `fleet` hands over to us outside of its standalone mode


class _Demo:
    """One demo with all its parts."""

    def __init__(self, options: DemoOptions, console: Console) -> None:
        self._options = options
        self._console = console
        self._machine = SystemClock.started_now()
        self._began_s = self._machine.machine_now_s()
        self._site: Site = options.load_site()
        trade_s, wall_s = start_s(self._site), self._machine.machine_wall_s()
        self._clock = SystemClock.scaled(options.time_factor, trade_s, wall_s)
        self._stage = Stage(options, self._site, trade_s, wall_s)

    async def run(self) -> int:
        """The demo from beginning to end; the process's exit code."""
        task = asyncio.current_task()
        assert task is not None
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(sign, task.cancel)
        asked = draw_morning(self._site, self._options.seed)
        self._stage.prepare()
        write_scenario(
            self._stage.scenario, self._options.site, self._site, asked, with_faults=self._options.with_faults
        )
        is_left_on = False
        try:
            course = await self._drive(asked)
            is_left_on = self._options.keep_running and not course.ended_early
            if is_left_on:
                await papers.until_truth_is_told(self._stage, course.ended_s)
            else:
                await self._stage.stop()
            return await self._report(course, asked)
        finally:
            if not is_left_on:
                await self._take_down()

    async def _drive(self, asked: list[Asked]) -> Course:
        news = News(self._site)
        client = DemoClient(self._stage.url, self._machine)
        parcels = sum(run.parcels for run in asked)
        display = Display(self._console, news, self._stage.url, parcels)
        display.say(f"{self._site.name}: {len(asked)} runs, {parcels} parcels, seed {self._options.seed}, "
                    f"time {self._options.time_factor:g} times as fast as life")  # fmt: skip
        display.say(f"API: {self._stage.url}   logs: {self._stage.out}")
        course = Course(self._options, self._stage, client, display, news, self._clock)
        try:
            with display.shown():
                await course.run(asked)
        except* DemoError as group:
            course.ended_early = str(group.exceptions[0])
            course.ended_s = self._clock.trade_now_s()
        finally:
            await client.close()
        return course

    async def _report(self, course: Course, asked: list[Asked]) -> int:
        wall_s = self._machine.machine_now_s() - self._began_s
        data = await asyncio.to_thread(papers.gather, self._options, self._site, self._stage, course, wall_s)
        page = await asyncio.to_thread(papers.write, data, self._stage.out)
        self._console.print(summary(data, page))
        if self._options.keep_running:
            pids = " ".join(str(child.pid) for child in reversed(self._stage.children) if not child.has_ended)
            self._console.print(f"still running at {self._stage.url}; to end it: kill {pids}", highlight=False)
        reasons = broken_promises(data, len(asked))
        for reason in reasons:
            self._console.print(f"✕ {reason}", style="red", markup=False, highlight=False, soft_wrap=True)
        if not reasons:
            self._console.print("✓ every parcel is accounted for", style="green")
        return EXIT_BROKEN if reasons else 0

    async def _take_down(self) -> None:
        try:
            await self._stage.stop()
        finally:
            self._stage.kill_all()
