"""A controller of the block town over its store and line, in virtual time, one life after another."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import sqlalchemy as sa

from fleet.controller import AreaController, Parts
from fleet.errors import StoreBusyError, StoreUnsureError
from fleet.journal.commit import Commit, Lease
from fleet.journal.record import Head, record_of
from fleet.journal.store import SqlStore
from fleet.journal.writer import InlineWriter
from fleet.model import event as ev
from fleet.model.ids import VehicleId
from fleet.planning.port import Budget, Solver
from fleet.roads.site_roads import SiteRoads
from fleet.wire.codec import encode_state
from fleet.wire.memory import MemoryBroker, MemoryLink
from fleet.wire.messages import VehicleState
from fleet.wire.subscription import Subscription
from tests.nouns import NOW_S, VAN_1, a_header, a_state, town
from vehicle_sim.virtual_time import VirtualClock, run_virtual

TOPICS = ("state", "connection", "factsheet", "visualization", "nonsense")
Work = Callable[["Town"], Awaitable[None]]


class ShakyStore(SqlStore):
    """A store that sometimes cannot say what became of a commit, nor be read for a while.

    Attributes:
        unsure: what really becomes of the next commit whose outcome is not told, "written" or "lost".
        unreadable: how many times it cannot be read after that.
        renews_nothing: it cannot write down that an area is still ours.
    """

    unsure = ""
    unreadable = 0
    renews_nothing = False

    def renew(self, lease: Lease, expires_s: float) -> None:
        if self.renews_nothing:
            raise StoreBusyError("no connection")
        super().renew(lease, expires_s)

    def write(self, commits: list[Commit]) -> list[Exception | None]:
        unsure, self.unsure = self.unsure, ""
        if unsure != "lost":
            outcomes = super().write(commits)
        if unsure:
            raise StoreUnsureError("the connection broke")
        return outcomes

    def head(self, area: str) -> Head:
        if self.unreadable > 0 and not self.unsure:
            self.unreadable -= 1
            raise StoreBusyError("no connection")
        return super().head(area)


class Town:
    """A store, a broker and a clock that outlive controllers; vans speak when told to."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.store = ShakyStore("sqlite://")
        self.broker = MemoryBroker(random.Random(1))
        self.heard: list[str] = []
        self._number = 0
        ears = MemoryLink(self.broker, "ears", [Subscription("uagv/#")])
        ears.open(self)

    def on_link_up(self) -> None: ...

    def on_link_down(self, reason: str) -> None: ...

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if not topic.endswith("/state"):
            self.heard.append(topic.partition("/v2/acme/")[2])

    def controller(self, roads: SiteRoads, owner: str = "us", solver: Solver | None = None) -> AreaController:
        link = MemoryLink(self.broker, f"fleet-{owner}", [Subscription(f"uagv/+/+/+/{name}") for name in TOPICS])
        return AreaController(
            Parts(
                clock=self.clock,
                link=link,
                store=self.store,
                writer=InlineWriter(self.store),
                solver=solver,
                budget=Budget(steps=1),
                roads=roads,
                token="t",
                owner=owner,
                by_force=True,
            )
        )

    @asynccontextmanager
    async def served(
        self, roads: SiteRoads | None = None, solver: Solver | None = None
    ) -> AsyncIterator[AreaController]:
        """A controller at work; killed at the end."""
        controller = self.controller(roads or town(), solver=solver)
        await controller.open()
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(controller.run())
            await asyncio.sleep(1.0)
            yield controller
            running.cancel()

    async def say(self, vehicle_id: VehicleId = VAN_1, state: VehicleState | None = None) -> None:
        self._number += 1
        header = a_header(self._number, self.clock.trade_now_s(), vehicle_id)
        told = {name: getattr(state or a_state(), name) for name in VehicleState.__struct_fields__}
        payload = encode_state(VehicleState(**(told | {"header": header})))
        self.broker.publish(f"uagv/v2/acme/{vehicle_id}/state", payload)
        await asyncio.sleep(1.0)

    def write(self, *events: ev.Event, at_s: float = NOW_S) -> None:
        """Put events into the journal as a controller before us might have."""
        lease = self.store.acquire("town", "before", NOW_S, 0.0, by_force=True)
        head = self.store.head("town")
        records = []
        for event in events:
            record = record_of(
                event,
                head,
                area="town",
                epoch=lease.epoch,
                trade_s=at_s,
                machine_s=NOW_S,
                actor="before",
                cause="",
            )
            records.append(record)
            head = Head(record.seq, record.hash)
        commit = Commit(area="town", epoch=lease.epoch, head=self.store.head("town"), records=tuple(records))
        assert self.store.write([commit]) == [None]

    def fill_disk(self, *, pages: int) -> None:
        with self.store._engine.connect() as connection:
            connection.execute(sa.text(f"PRAGMA max_page_count = {pages}"))


def lived(work: Work) -> None:
    async def live(clock: VirtualClock) -> None:
        await work(Town(clock))

    run_virtual(live, NOW_S)
