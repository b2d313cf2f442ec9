"""The course of the demo: start everything, hand the morning in, watch it to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fleet.cli.demo.child import Child
from fleet.cli.demo.client import DemoClient
from fleet.cli.demo.display import Display
from fleet.cli.demo.morning import batches
from fleet.cli.demo.news import News
from fleet.cli.demo.options import DemoOptions
from fleet.cli.demo.stage import Stage
from fleet.clock import SystemClock
from fleet.report import Asked, Fault

LOOK_EVERY_S = 0.5
PATIENCE_S = 5400.0  # of trade time, beyond the last due time
STATUS_GONE_S_MAX = 60.0
HEARD_S_MAX = 15.0

Json = dict[str, Any]


class Course:
    """One demo from its first process to the last run.

    Attributes:
        accepted: runs that the daemon has answered for; the others of `sent` may have been accepted too.
        faults: what befell the daemon.
        status: the last that the daemon told of itself.
        ended_early: why the morning was not driven to its end, or empty.
        ended_s: trade time of the end.
    """

    def __init__(
        self, options: DemoOptions, stage: Stage, client: DemoClient, display: Display, news: News, clock: SystemClock
    ) -> None:
        self._options, self._stage, self._client = options, stage, client
        self._display, self._news, self._clock = display, news, clock
        self._first_accepted = asyncio.Event()
        self.sent: list[Asked] = []
        self.accepted: list[Asked] = []
        self.faults: list[Fault] = []
        self.status: Json = {}
        self.ended_early = ""
        self.ended_s = clock.trade_now_s()

    async def run(self, asked: Sequence[Asked]) -> None:
        """Return when every run is over and every vehicle is home, or when patience is.

        Raises:
            DemoError: the daemon or the vehicles do not do their part.
        """
        await self._stage.open_broker()
        vehicles = await self._stage.start_vehicles()
        async with self._watched(vehicles):
            await self._stage.until_vehicles_are_up()
        daemon = await self._stage.start_daemon()
        async with self._watched(vehicles), self._watched(daemon):
            await self._client.until_ready()
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(vehicles.watch(), name="watch vehicles"),
                tasks.create_task(self._keep_daemon(daemon), name="keep daemon"),
                tasks.create_task(self._listen(), name="listen"),
                tasks.create_task(self._measure(), name="measure"),
            ]
            await self._until_heard()
            await self._hand_in(asked)
            await self._until_over(asked)
            for task in beside:
                task.cancel()
        self.ended_s = self._clock.trade_now_s()

    async def _hand_in(self, asked: Sequence[Asked]) -> None:
        by_id = {run.run_id: run for run in asked}
        for key, runs in batches(list(asked), self._options.seed):
            batch = [by_id[str(run["run_id"])] for run in runs]
            self.sent += batch
            await self._client.submit(key, runs)
            self.accepted += batch
            self._first_accepted.set()

    async def _until_heard(self) -> None:
        """Wait until no vehicle is unheard of, as far as that takes seconds only; the fleet copes with the rest."""
        for _ in range(round(HEARD_S_MAX / LOOK_EVERY_S)):
            status = await self._client.status()
            if status is not None and not status["vehicles"].get("unheard", 0):
                return
            await asyncio.sleep(LOOK_EVERY_S)

    async def _until_over(self, asked: Sequence[Asked]) -> None:
        until_s = max(run.due_s for run in asked) + PATIENCE_S
        silent_since_s = self._clock.machine_now_s()
        while True:
            status = await self._client.status()
            now_s = self._clock.machine_now_s()
            self._display.update(status, now_s)
            if status is not None:
                self.status, silent_since_s = status, now_s
                if _is_over(status, len(asked)):
                    return
            if now_s - silent_since_s > STATUS_GONE_S_MAX:
                self.ended_early = f"the daemon did not answer for {STATUS_GONE_S_MAX:.0f} s"
                return
            if self._clock.trade_now_s() > until_s:
                self.ended_early = f"not all was settled by {self._news.clock(until_s)}, long after the last due time"
                return
            await asyncio.sleep(LOOK_EVERY_S)

    async def _keep_daemon(self, daemon: Child) -> None:
        """Watch the daemon; where that was asked for, kill it without warning and start it again at once."""
        if self._options.kill_daemon_at_s is None:
            await daemon.watch()
            return
        async with self._watched(daemon):
            await self._first_accepted.wait()
            await asyncio.sleep(self._options.kill_daemon_at_s)
        killed_s = self._clock.trade_now_s()
        await daemon.kill()
        self._news.tell(killed_s, "the daemon was killed, without warning")
        again = await self._stage.start_daemon()
        async with self._watched(again):
            await self._client.until_ready()
        until_s = self._clock.trade_now_s()
        self.faults.append(Fault(kind="daemon_killed", subject="", at_s=killed_s, until_s=until_s))
        await again.watch()

    @asynccontextmanager
    async def _watched(self, child: Child) -> AsyncIterator[None]:
        """Inside, the end of the child is an error."""
        try:
            async with asyncio.TaskGroup() as tasks:
                watch = tasks.create_task(child.watch(), name=f"watch {child.name}")
                yield
                watch.cancel()
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _listen(self) -> None:
        async for event in self._client.events():
            self._news.take(event)

    async def _measure(self) -> None:
        while True:
            self._stage.measure()
            await asyncio.sleep(1.0)


def _is_over(status: Json, runs: int) -> bool:
    trips = status["trips"]
    on_the_road = trips.get("loading", 0) + trips.get("under_way", 0)
    return bool(status["runs"]["requested"] >= runs and not status["runs"]["open"] and not on_the_road)
