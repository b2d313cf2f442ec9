"""The courier's system: hands runs in when they become known, and asks again until it has an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fleet.clock import Clock
from fleet.dispatch.commands import Answer, RunRequest, SubmitRuns
from fleet.errors import JournalError, RefusedError
from fleet.model.ids import RunId
from fleet.model.run import Run
from fleet.state.fleet_state import FleetState
from vehicle_sim.demand import ToldRun, left_behind
from vehicle_sim.people import Ask
from vehicle_sim.world import World

RETRY_S = 5.0
SEND_AGAIN_EVERY_S = 600.0


class Customers:
    """Those who ask for runs.

    Args:
        told: what is asked for, and when it becomes known; what is sent again is added.

    Attributes:
        acked: runs that were answered with success, as they were asked for.
        batches: what was handed in together and accepted.
        refused: requests that were refused, in words.
    """

    def __init__(self, ask: Ask, clock: Clock, world: World, told: list[ToldRun]) -> None:
        self._ask, self._clock, self._world, self.told = ask, clock, world, told
        self.acked: dict[RunId, Run] = {}
        self.batches: list[tuple[RunRequest, ...]] = []
        self.refused: list[str] = []

    async def hand_in_all(self) -> None:
        """Each batch when it becomes known."""
        for told_s, batch in _batches(self.told):
            await self._clock.sleep_until(told_s)
            await self._hand_in(batch)

    async def send_again(self, state: Callable[[], FleetState | None], until_s: float) -> None:
        """Look now and then at what came back, and hand it in again from the station where it lies."""
        while self._clock.trade_now_s() < until_s:
            await asyncio.sleep(SEND_AGAIN_EVERY_S)
            for run in left_behind(state() or FleetState(), self._clock.trade_now_s()):
                self.told.append(ToldRun(self._clock.trade_now_s(), run))
                await self._hand_in([run])

    async def _hand_in(self, batch: list[Run]) -> None:
        self._world.expect(batch)
        command = SubmitRuns(key=f"batch-{batch[0].id}", runs=tuple(map(_request, batch)))
        if await self._insist(command) is not None:
            self.acked.update((run.id, run) for run in batch)
            self.batches.append(command.runs)

    async def _insist(self, command: SubmitRuns) -> Answer | None:
        while True:
            try:
                return await self._ask(command, "client")
            except (JournalError, TimeoutError):
                await asyncio.sleep(RETRY_S)
            except RefusedError as refusal:
                self.refused.append(str(refusal))
                self._world.violate("S2", "", f"a request was refused: {refusal}")
                return None


def _batches(told: list[ToldRun]) -> list[tuple[float, list[Run]]]:
    """Runs that become known at the same moment are handed in together."""
    batches: dict[float, list[Run]] = {}
    for each in told:
        batches.setdefault(each.told_s, []).append(each.run)
    return sorted(batches.items())


def _request(run: Run) -> RunRequest:
    return RunRequest(
        run_id=run.id,
        station_id=run.station_id,
        point_id=run.point_id,
        parcel_ids=run.lot.parcel_ids,
        parcel_count=run.lot.parcel_count,
        mass_kg=run.lot.mass_kg,
        volume_m3=run.lot.volume_m3,
        ready_s=run.ready_s,
        due_s=run.due_s,
        priority=run.priority,
        brand=run.brand,
    )
