"""Where requests come in: what every endpoint needs of the area, and the one way in which it may change it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Header, Request

from fleet.api.faults import BusyError, NoAnswerError
from fleet.api.tally import Tally
from fleet.clock import Clock
from fleet.controller import AreaController
from fleet.controller.inbox import COMMANDS_MAX, Command
from fleet.dispatch.commands import Answer
from fleet.model.ids import RunId
from fleet.state.archive import ArchivedRun
from fleet.state.fleet_state import FleetState, RunView

ANSWER_S_MAX = 30.0
"""Machine time after which a caller is told that there is no answer."""


class Bell:
    """Rings whenever something was committed, for those who wait for news."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()
        self.is_closed = False

    def ring(self) -> None:
        for news in self._waiting:
            news.set()

    def close(self) -> None:
        """There will be no more news; whoever waits shall go."""
        self.is_closed = True
        self.ring()

    @property
    def listeners(self) -> int:
        return len(self._waiting)

    @contextmanager
    def heard(self) -> Iterator[asyncio.Event]:
        """An event that is set at each ring."""
        news = asyncio.Event()
        self._waiting.add(news)
        try:
            yield news
        finally:
            self._waiting.discard(news)


class Reception:
    """One area as the API sees it: committed snapshots to read, and `ask` to change something.

    Attributes:
        last_commit_s: machine time of the last commit since this object was made, or None.
    """

    def __init__(self, area: AreaController) -> None:
        self.area = area
        self.bell = Bell()
        self.tally = Tally(area.parts.store, area.site.id)
        self.last_commit_s: float | None = None
        self._asking = 0
        area.on_commit(self._committed)

    @property
    def state(self) -> FleetState:
        """The last committed state."""
        return self.area.state

    @property
    def clock(self) -> Clock:
        return self.area.parts.clock

    @property
    def now_s(self) -> float:
        """Trade time."""
        return self.clock.trade_now_s()

    async def ask(self, command: Command, actor: str) -> Answer:
        """Have a command carried out; returns once it is committed.

        Raises:
            BusyError: too many wait already.
            NoAnswerError: the controller stays silent.
            FleetError: it was refused, or could not be recorded.
        """
        if self._asking >= COMMANDS_MAX:
            raise BusyError("too many commands wait for an answer")
        self._asking += 1
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                return await self.area.ask(command, actor)
        except TimeoutError:
            raise NoAnswerError(f"the controller did not answer within {ANSWER_S_MAX:.0f} s") from None
        finally:
            self._asking -= 1

    async def run(self, run_id: RunId) -> RunView | ArchivedRun:
        """A run of the last committed state, or of the archive.

        Raises:
            UnknownThingError: there never was one of this name.
            JournalError: the archive cannot be read.
        """
        view = self.state.runs.get(run_id)
        return view if view is not None else await asyncio.to_thread(self.area.archive.run, run_id)

    def _committed(self) -> None:
        self.last_commit_s = self.clock.machine_now_s()
        self.bell.ring()


async def _reception_of(request: Request) -> Reception:
    found = request.app.state.reception
    assert isinstance(found, Reception)
    return found


Front = Annotated[Reception, Depends(_reception_of)]
"""What an endpoint asks for to get at the area."""

Actor = Annotated[
    str,
    Header(
        alias="X-Actor",
        min_length=1,
        max_length=64,
        pattern=r"^[\x21-\x7e]+$",
        description="who asks; stands in the journal beside what was done",
    ),
]
