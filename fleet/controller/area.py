"""The controller of one area: the only writer of its history.

It takes in what vehicles and people say, lets the core decide, records the decisions, and only then acts on them. It
does not care whether it shares its process with other areas, nor whether time is real.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from fleet.clock import Clock
from fleet.controller.ear import Ear
from fleet.controller.housekeeping import Housekeeper
from fleet.controller.improver import Improver
from fleet.controller.inbox import Asked, Command, Facts, Inbox
from fleet.controller.lease import TTL_S, LeaseKeeper
from fleet.controller.opening import greet, refuse_other_clock, refuse_other_map, turn_clock_back
from fleet.controller.presence import Presence
from fleet.controller.recall import past_of
from fleet.controller.record import Desk, commit_of
from fleet.controller.sender import Sender
from fleet.controller.stats import Stats
from fleet.controller.turn import OWN_PLANS, Due, Outcome, long_releases, new_profiles, take_turn
from fleet.dispatch.commands import Answer
from fleet.errors import (
    FencedError,
    JournalError,
    StoreBusyError,
    StoreCorruptError,
    StoreUnsureError,
)
from fleet.journal.archive import Archive
from fleet.journal.commit import Commit, Store
from fleet.journal.record import Head
from fleet.journal.replay import all_records, restore
from fleet.journal.writer import Writer
from fleet.model.change import replace
from fleet.model.ids import OrderId, VehicleId
from fleet.orders.guard import Guard
from fleet.orders.outlet import OutboxStatus, Outlet
from fleet.planning.port import Budget, Solver
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.telemetry.liveness import Watch, keep_pace
from fleet.wire.link import Link, LinkListener

SNAPSHOT_EVERY = 2000
TICK_S = 1.0
RETRY_STORE_S, RETRY_STORE_S_MAX = 1.0, 10.0
LOOK_AGAIN_S = 60.0
ARCHIVE_EVERY_S = 600.0

STORE_IS_LOST = (FencedError, StoreCorruptError)
"""Errors of the store that no retry heals: the area is another's, or its file cannot be used."""

Moves = tuple[tuple[int, OutboxStatus], ...]

log = structlog.get_logger("fleet.area")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything an area needs from outside, handed in.

    Attributes:
        token: makes ids unique for ever; used only when the area is new.
        owner: who we are, for the lease.
        by_force: the owner before us is known to be gone.
        lease_s: how long the area stays ours without a renewal.
        clock_is_right: a person says so, whatever times the journal bears.
    """

    clock: Clock
    link: Link
    store: Store
    writer: Writer
    solver: Solver | None
    budget: Budget
    roads: SiteRoads
    token: str
    owner: str
    by_force: bool
    lease_s: float = TTL_S
    clock_is_right: bool = False


class AreaController:
    """One area: its inbox, its turn, its outlet.

    Attributes:
        state: the last committed state; whoever reads it keeps what it has read.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.roads = parts.roads
        self.site = parts.roads.site
        self.state = FleetState()
        self.stats = Stats()
        self.inbox = Inbox()
        self.watch = Watch(self.site.limits.stale_s, self.site.limits.lost_s)
        self.ear = Ear(self.site, parts.clock, self.inbox, self.watch, self.stats)
        self.lease = LeaseKeeper(parts.store, parts.clock, self.site.id, parts.owner, parts.lease_s)
        self.outlet = Outlet(self.site.limits)
        guard = Guard(self.roads)
        self.sender = Sender(self.site, parts.clock, parts.link, self.outlet, self.inbox, self.lease, self.stats, guard)
        self.archive = Archive(parts.store, self.site.id)
        self.housekeeper = Housekeeper(parts.store, parts.clock, self.site)
        self.improver = Improver(self.roads, parts.clock, parts.budget, self.inbox, self.stats)
        self.presence: Presence | None = None
        self.store_trouble = ""
        self._head = parts.store.head(self.site.id)
        self._next_row_id = 1
        self._snapshot_seq = 0
        self._wakes: list[tuple[float, VehicleId]] = []
        self._closures_until_s = float("inf")
        self._look_again_s = 0.0
        self._archive_s = 0.0
        self._listeners: list[Callable[[], None]] = []

    # Life ---------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Take the area over and know what was known; nothing is sent before vehicles have spoken.

        Raises:
            FencedError: somebody else owns it.
            JournalError: its history cannot be read.
            MapError, ConfigError: map or clock do not fit that history.
        """
        self.lease.acquire(by_force=self.parts.by_force)
        saved = self.parts.store.load(self.site.id)
        self._head = saved.head
        self._snapshot_seq = saved.snapshot_seq
        self._next_row_id = saved.outbox_id_max + 1
        self.state = restore(saved, self.parts.store, self.site.id)
        self._closures_until_s = _first_end_s(self.state)
        now_s = self.parts.clock.trade_now_s()
        refuse_other_map(self.state, self.roads)
        draft = Draft(self.state, now_s)
        if self.parts.clock_is_right:
            turn_clock_back(draft, (record.trade_s for record in all_records(self.parts.store, self.site.id)))
        else:
            refuse_other_clock(self.state, self.site.id, now_s)
        greet(draft, self.roads, draft.state.token or self.parts.token, self.lease.epoch)
        gone = tuple((r.id, OutboxStatus.SUPERSEDED) for r in saved.outbox if r.vehicle_id not in self.site.vehicles)
        await self._record(draft, gone, self.parts.clock.machine_now_s())
        for row in saved.outbox:
            if row.vehicle_id in self.site.vehicles:
                self.outlet.add(replace(row, created_s=min(row.created_s, now_s)), now_s)
        self.outlet.doubt()
        keep_pace(self.watch, self.state.twins.values())
        for vehicle_id in self.site.vehicles:
            self.watch.expected(vehicle_id, now_s)
            self._wake(vehicle_id, now_s)

    async def run(self) -> None:
        """Serve until cancelled. A vehicle or run that raises is quarantined; a task that fails ends the area."""
        async with asyncio.TaskGroup() as tasks:
            listener: LinkListener = self.ear
            if (presence := self.presence) is not None:
                tasks.create_task(presence.keep(), name=f"presence:{self.site.id}")
                listener = presence.before(self.ear, self.sender.wake, self.inbox.put_other_controller)
            tasks.create_task(self.parts.link.run(listener), name=f"link:{self.site.id}")
            tasks.create_task(self._turn_forever(), name=f"turn:{self.site.id}")
            tasks.create_task(self._tick_forever(), name=f"tick:{self.site.id}")
            tasks.create_task(self.sender.send_forever(lambda: self.state), name=f"send:{self.site.id}")
            tasks.create_task(self.lease.keep(), name=f"lease:{self.site.id}")
            keeping = self.housekeeper.keep_forever(self.lease.epoch)
            tasks.create_task(keeping, name=f"snapshots:{self.site.id}")
            tidying = self.housekeeper.tidy_forever(self.lease.epoch, lambda: self.state)
            tasks.create_task(tidying, name=f"tidy:{self.site.id}")
            if self.parts.solver is not None:
                improving = self.improver.improve_forever(self.parts.solver, lambda: self.state)
                tasks.create_task(improving, name=f"improve:{self.site.id}")

    def announce(self, presence: Presence) -> None:
        """Say over the broker that we are here, and send nothing while another controller may command."""
        self.presence = presence
        self.sender.may_command = lambda: presence.is_settled

    async def ask(self, command: Command, actor: str) -> Answer:
        """Have a command carried out; returns once that is committed.

        Raises:
            RefusedError, UnknownThingError: it was not carried out, and why.
            JournalError: it was not recorded, so it did not happen.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.inbox.put_command(Asked(command, actor, answer))
        return await answer

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each commit, on the event loop."""
        self._listeners.append(listener)

    @property
    def head_seq(self) -> int:
        return self._head.seq

    # Turns --------------------------------------------------------------------------------------------------------

    async def _turn_forever(self) -> None:
        pace_s = self.site.limits.turn_machine_s_busy
        while True:
            await self.inbox.wait()
            began_s = self.parts.clock.machine_now_s()
            has_worked = await self._turn()
            rest_s = pace_s - (self.parts.clock.machine_now_s() - began_s) if has_worked else 0.0
            await asyncio.sleep(max(rest_s, self.site.limits.turn_machine_s_min, 0.0))

    async def _turn(self) -> bool:
        """One turn; tells whether it changed anything."""
        began_s = self.parts.clock.machine_now_s()
        now_s = self.parts.clock.trade_now_s()
        facts = self.inbox.take()
        due = Due(
            tuple(self.watch.overdue(now_s)),
            tuple(self._due_vehicles(now_s)),
            self._stale_orders(now_s),
            self.outlet.doubted() if self.parts.link.is_up else (),
            self._shall_plan_again(now_s),
            self._archive_s <= now_s,
        )
        draft = Draft(self.state, now_s)
        try:
            past = await past_of(self.archive, self.state, (asked.command for asked in facts.commands))
        except JournalError as error:
            await self._not_recorded(facts, due, error)
            return True
        outcome = take_turn(draft, self.roads, facts, due, past)
        self._tell_failures(outcome)
        moves = self._moves(draft, facts)
        if draft.entries or moves or self.store_trouble:
            try:
                await self._record(draft, moves, began_s)
            except STORE_IS_LOST:
                raise
            except JournalError as error:
                await self._not_recorded(facts, due, error)
                return True
        for vehicle_id, wake_s in sorted(draft.wakes.items()):
            self._wake(vehicle_id, wake_s)
        self._answer(outcome)
        self._after(draft, facts, outcome)
        self.stats.turn_took(self.parts.clock.machine_now_s() - began_s, facts.count)
        return bool(draft.entries)

    async def _record(self, draft: Draft, moves: Moves, began_s: float) -> None:
        if not draft.entries and not moves and not self.store_trouble:
            return
        commit = commit_of(
            draft,
            Desk(area=self.site.id, epoch=self.lease.epoch),
            self._head,
            machine_s=self.parts.clock.machine_wall_s(),
            first_row_id=self._next_row_id,
            moves=moves,
            with_snapshot=self._wants_snapshot(draft),
        )
        await self._commit(commit)
        self._head = commit.new_head
        if commit.snapshot is not None:
            self._snapshot_seq = commit.new_head.seq
        elif self._head.seq - self._snapshot_seq >= SNAPSHOT_EVERY:
            self._snapshot_seq = self._head.seq
            self.housekeeper.keep(draft.state, self._head)
        self._next_row_id += len(commit.outbox)
        known = self.state
        if draft.state.closures is not known.closures or draft.state.slow_roads is not known.slow_roads:
            self._closures_until_s = _first_end_s(draft.state)
        self.state = draft.state  # only now visible to api, planner and outlet
        if self.store_trouble:
            self.store_trouble, self.sender.is_held = "", False
            self.sender.wake()
        self.stats.committed(len(commit.records))
        if commit.outbox:
            self.sender.committed(commit.outbox, began_s)
        self.outlet.drop([row_id for row_id, _ in moves])

    def _wants_snapshot(self, draft: Draft) -> bool:
        """After trouble: a write that needs room shows best whether there is some again."""
        return bool(self.store_trouble) and self._head.seq + len(draft.entries) > self._snapshot_seq

    async def _commit(self, commit: Commit) -> None:
        """Write it; where the outcome is unknown, look at the store to learn it."""
        try:
            await self.parts.writer.commit(commit)
        except StoreUnsureError as error:
            head = await self._head_found(str(error))
            if head == commit.new_head and commit.records:
                return
            if head != commit.head:
                raise FencedError(f"the history of {self.site.id} went on without us") from None
            raise

    async def _head_found(self, trouble: str) -> Head:
        """Where the history ends, asked until the store answers; until then nothing more is taken in or sent."""
        wait_s = RETRY_STORE_S
        while True:
            try:
                return self.parts.store.head(self.site.id)
            except STORE_IS_LOST:
                raise
            except JournalError as error:
                self._in_trouble(f"{trouble}; and it cannot be read: {error}")
            self._refuse(self.inbox.take_commands(), self.store_trouble)
            await asyncio.sleep(wait_s)
            wait_s = min(2.0 * wait_s, RETRY_STORE_S_MAX)

    def _refuse(self, commands: Iterable[Asked], why: str) -> None:
        for asked in commands:
            if not asked.answer.done():  # its caller may have given up
                asked.answer.set_exception(StoreBusyError(why))

    def _in_trouble(self, why: str) -> None:
        self.store_trouble = why
        self.sender.is_held = True
        log.error("journal_refused", area=self.site.id, error=why)

    async def _not_recorded(self, facts: Facts, due: Due, error: JournalError) -> None:
        """Nothing happened: callers are told, vehicles' facts are kept, nothing is sent."""
        self._in_trouble(str(error))
        self._refuse(facts.commands, str(error))
        self.inbox.give_back(facts)
        now_s = self.parts.clock.trade_now_s()
        for vehicle_id in due.vehicles:
            self._wake(vehicle_id, now_s)
        for vehicle_id, level in due.silent:
            self.watch.again(vehicle_id, level)
        await asyncio.sleep(RETRY_STORE_S)

    def _moves(self, draft: Draft, facts: Facts) -> Moves:
        """Outbox rows that this turn settles."""
        vehicles = dict.fromkeys((*sorted(facts.states), *sorted({letter.vehicle_id for letter in draft.letters})))
        return tuple(move for vehicle_id in vehicles for move in self.outlet.settle(draft.state, vehicle_id))

    def _answer(self, outcome: Outcome) -> None:
        for asked, result in outcome.results:
            if asked.answer.done():
                continue
            if isinstance(result, Answer):
                asked.answer.set_result(result)
            else:
                asked.answer.set_exception(result)

    def _after(self, draft: Draft, facts: Facts, outcome: Outcome) -> None:
        now_s = draft.now_s
        keep_pace(self.watch, new_profiles(draft))
        for vehicle_id in facts.states:
            self.outlet.heard(vehicle_id, now_s)
        for order_id in outcome.still_standing:
            self.outlet.trust(order_id, now_s)
        if facts.link_came_up:
            self.outlet.doubt()
            self.sender.line_known = facts.link_ups
        if facts.states or facts.link_came_up:
            self.sender.wake()
        if outcome.has_replanned:
            self.improver.wake()
        if self._archive_s <= now_s:
            self._archive_s = now_s + (TICK_S if outcome.is_more_to_archive else ARCHIVE_EVERY_S)
        for order in long_releases(draft, self.site.limits):
            self.stats.long_releases += 1
            log.info("released_beyond_limits", vehicle=order.vehicle_id, order=order.id, length_m=order.base_left_m)
        if draft.entries:
            for listener in self._listeners:
                listener()

    def _tell_failures(self, outcome: Outcome) -> None:
        for subject, error in outcome.failures:
            self.stats.failures += 1
            log.error("item_failed", area=self.site.id, subject=subject, exc_info=error)

    # Time ---------------------------------------------------------------------------------------------------------

    async def _tick_forever(self) -> None:
        """Once a second of trade time, see whether anything is due."""
        clock = self.parts.clock
        while True:
            await clock.sleep_until(clock.trade_now_s() + TICK_S)
            now_s = clock.trade_now_s()
            if self._is_anything_due(now_s) or self.store_trouble or self._is_doubt_ready:
                self.inbox.nudge()
            if self.outlet.next_due_s <= now_s:
                self.sender.wake()

    def _stale_orders(self, now_s: float) -> tuple[OrderId, ...]:
        return tuple(self.outlet.stale(self.state, now_s)) if self.parts.link.is_up else ()

    @property
    def _is_doubt_ready(self) -> bool:
        return self.parts.link.is_up and self.outlet.is_ready(self.state)

    @property
    def _lacks_plan(self) -> bool:
        """Runs are in no trip, or planning failed."""
        return bool(self.state.unassigned) or OWN_PLANS in self.state.quarantine

    def _shall_plan_again(self, now_s: float) -> bool:
        """It is time to see whether what lacks a plan can be helped now."""
        if not self._lacks_plan or now_s < self._look_again_s:
            return False
        self._look_again_s = now_s + LOOK_AGAIN_S
        return True

    def _is_anything_due(self, now_s: float) -> bool:
        first_wake_s = self._wakes[0][0] if self._wakes else float("inf")
        look_again_s = self._look_again_s if self._lacks_plan else float("inf")
        return min(self.watch.next_due_s, self._closures_until_s, first_wake_s, look_again_s, self._archive_s) <= now_s

    def _wake(self, vehicle_id: VehicleId, at_s: float) -> None:
        heapq.heappush(self._wakes, (at_s, vehicle_id))

    def _due_vehicles(self, now_s: float) -> list[VehicleId]:
        due: dict[VehicleId, None] = {}
        while self._wakes and self._wakes[0][0] <= now_s:
            due[heapq.heappop(self._wakes)[1]] = None
        return list(due)


def _first_end_s(state: FleetState) -> float:
    """When the next closure or temporary speed limit runs out."""
    return min((each.until_s for each in (*state.closures.values(), *state.slow_roads.values())), default=float("inf"))
