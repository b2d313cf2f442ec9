"""The controller of one area: the only writer of its history.

It takes in what vehicles and people say, lets the core decide, records the decisions, and only then acts on them. It
does not care whether it shares its process with other areas, nor whether time is real.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from fleet.controller.alarms import Alarms
from fleet.controller.allowance import NOTHING_SAID, Allowances, Said, charge
from fleet.controller.ear import Ear
from fleet.controller.housekeeping import Housekeeper
from fleet.controller.improver import Improver
from fleet.controller.inbox import Asked, Command, Facts, Inbox
from fleet.controller.lease import LeaseKeeper
from fleet.controller.opening import greet, in_our_time, refuse_other_clock, refuse_other_map, turn_clock_back
from fleet.controller.parts import Parts
from fleet.controller.presence import Presence
from fleet.controller.recall import past_of
from fleet.controller.scribe import RETRY_STORE_S, STORE_IS_LOST, Moves, Scribe, refuse
from fleet.controller.sender import Sender
from fleet.controller.sparing import Sparing
from fleet.controller.stats import Stats
from fleet.controller.turn import Due, Outcome, awake, long_releases, new_profiles, take_turn
from fleet.dispatch.commands import Answer
from fleet.errors import JournalError
from fleet.journal.archive import Archive
from fleet.journal.replay import all_records, restore
from fleet.model.assist import AssistCause
from fleet.orders.guard import Guard
from fleet.orders.outlet import OutboxStatus, Outlet
from fleet.state.attention import vehicle_subject
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.telemetry.liveness import Watch, keep_pace
from fleet.wire.link import LinkListener

TICK_S = 1.0

log = structlog.get_logger("fleet.area")


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
        self.sparing = Sparing(parts.clock)
        self.ear = Ear(self.site, parts.clock, self.inbox, self.watch, self.stats, self.sparing)
        self.lease = LeaseKeeper(parts.store, parts.clock, self.site.id, parts.owner, parts.lease_s)
        self.outlet = Outlet(self.site.limits)
        guard = Guard(self.roads)
        self.sender = Sender(self.site, parts.clock, parts.link, self.outlet, self.inbox, self.lease, self.stats, guard)
        self.archive = Archive(parts.store, self.site.id)
        self.housekeeper = Housekeeper(parts.store, parts.clock, self.site)
        self.improver = Improver(self.roads, parts.clock, parts.budget, self.inbox, self.stats)
        self.presence: Presence | None = None
        self.scribe = Scribe(parts, self.lease, self.inbox, self.sender, self.housekeeper)
        self.alarms = Alarms()
        self.allowances = Allowances(self.stats)
        self.sender.is_behind = self.allowances.waits
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
        self.scribe.go_on(saved)
        self.state = restore(saved, self.parts.store, self.site.id)
        self.alarms.watch_roads(self.state)
        now_s = self.parts.clock.trade_now_s()
        refuse_other_map(self.state, self.roads)
        draft = Draft(self.state, now_s)
        turned = None
        if self.parts.clock_is_right:
            turned = turn_clock_back(draft, (record.trade_s for record in all_records(self.parts.store, self.site.id)))
        else:
            refuse_other_clock(self.state, self.site.id, now_s)
        greet(draft, self.roads, draft.state.token or self.parts.token, self.lease.epoch)
        gone = tuple((r.id, OutboxStatus.SUPERSEDED) for r in saved.outbox if r.vehicle_id not in self.site.vehicles)
        await self._record(draft, gone, self.parts.clock.machine_now_s())
        for row in saved.outbox:
            if row.vehicle_id in self.site.vehicles:
                self.outlet.add(in_our_time(row, turned, now_s), now_s)
        self.outlet.doubt()
        keep_pace(self.watch, self.state.twins.values())
        for vehicle_id in self.site.vehicles:
            self.watch.expected(vehicle_id, now_s)
            self.alarms.wake(vehicle_id, now_s)
            if self.state.open_assist(vehicle_subject(vehicle_id), AssistCause.VEHICLE_LOUD) is not None:
                self.allowances.was_loud(vehicle_id, now_s)

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
        return self.scribe.head.seq

    @property
    def store_trouble(self) -> str:
        """Why the last turn could not be recorded; empty where it was."""
        return self.scribe.trouble

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
        """One turn; tells whether it changed anything, or was asked for by somebody who says too much."""
        began_s = self.parts.clock.machine_now_s()
        now_s = self.parts.clock.trade_now_s()
        facts = self.inbox.take()
        self.allowances.admit(facts, now_s)
        for vehicle_id, states in facts.states.items():
            states[:] = [self.sender.headers.explained(vehicle_id, state) for state in states]
        due = self._due(now_s)
        draft = Draft(self.state, now_s)
        try:
            past = await past_of(self.archive, self.state, (asked.command for asked in facts.commands))
        except JournalError as error:
            await self._not_recorded(facts, due, error)
            return True
        outcome = take_turn(draft, self.roads, facts, due, past)
        self._tell_failures(outcome)
        moves = self._moves(draft, facts)
        try:
            await self._record(draft, moves, began_s, outcome.said)
        except STORE_IS_LOST:
            raise
        except JournalError as error:
            await self._not_recorded(facts, due, error)
            return True
        for vehicle_id, wake_s in sorted(draft.wakes.items()):
            self.alarms.wake(vehicle_id, wake_s)
        self.allowances.calmed(due.calm)
        self._answer(outcome)
        self._after(draft, facts, outcome)
        self.stats.turn_took(self.parts.clock.machine_now_s() - began_s, facts.count)
        return bool(draft.entries) or self.allowances.has_words

    async def _record(self, draft: Draft, moves: Moves, began_s: float, said: Said = NOTHING_SAID) -> None:
        if not draft.entries and not moves and not self.store_trouble:
            return
        commit = await self.scribe.write(draft, moves)
        self.alarms.watch_roads(draft.state, self.state)
        self.state = draft.state  # only now visible to api, planner and outlet
        self.scribe.out_of_trouble()
        self.stats.committed(len(commit.records))
        charge(self.allowances, said, commit.records, draft.now_s)
        if commit.outbox:
            self.sender.committed(commit.outbox, began_s)
        self.outlet.drop([row_id for row_id, _ in moves])

    async def _not_recorded(self, facts: Facts, due: Due, error: JournalError) -> None:
        """Nothing happened: callers are told, vehicles' facts are kept, nothing is sent."""
        self.scribe.in_trouble(str(error))
        refuse(facts.commands, str(error))
        self.inbox.give_back(facts)
        now_s = self.parts.clock.trade_now_s()
        for vehicle_id in due.vehicles:
            self.alarms.wake(vehicle_id, now_s)
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
        for vehicle_id in awake(draft):  # it may say so by what it does only, and is missed from then on
            self.watch.wakes(vehicle_id, now_s)
        for vehicle_id in facts.states:
            self.outlet.heard(vehicle_id, now_s)
        for order_id in outcome.still_standing:
            self.outlet.trust(order_id, now_s)
        if facts.link_came_up:
            self.outlet.doubt()
            self.sender.line_known = facts.link_ups
        if facts.states or facts.link_came_up:
            self.sender.wake()
        for vehicle_id in sorted(facts.loud):
            log.warning("vehicle_loud", vehicle=vehicle_id)
        if outcome.has_replanned:
            self.improver.wake()
        if self.alarms.shall_archive(now_s):
            self.alarms.archived(now_s, is_more=outcome.is_more_to_archive)
        for order in long_releases(draft, self.site.limits):
            self.stats.long_releases += 1
            log.info("released_beyond_limits", vehicle=order.vehicle_id, order=order.id, length_m=order.base_left_m)
        if draft.entries:
            for listener in self._listeners:
                listener()

    def _tell_failures(self, outcome: Outcome) -> None:
        for subject, error in outcome.failures:
            self.stats.failures += 1
            fields = {"area": self.site.id, "subject": subject, "exc_info": error}
            self.sparing.say(log.error, "item_failed", subject, **fields)

    # Time ---------------------------------------------------------------------------------------------------------

    async def _tick_forever(self) -> None:
        """Once a second of trade time, see whether anything is due."""
        clock = self.parts.clock
        while True:
            await clock.sleep_until(clock.trade_now_s() + TICK_S)
            now_s = clock.trade_now_s()
            self.sparing.tell_counts()
            next_due_s = min(self.watch.next_due_s, self.alarms.next_due_s(self.state), self.allowances.next_due_s)
            if next_due_s <= now_s or self.store_trouble or self._is_doubt_ready:
                self.inbox.nudge()
            if self.outlet.next_due_s <= now_s:
                self.sender.wake()

    def _due(self, now_s: float) -> Due:
        is_up = self.parts.link.is_up
        return Due(
            silent=tuple(self.watch.overdue(now_s)),
            vehicles=tuple(self.alarms.due_vehicles(now_s)),
            stale_orders=tuple(self.outlet.stale(self.state, now_s)) if is_up else (),
            doubted_orders=self.outlet.doubted() if is_up else (),
            plan_again=self.alarms.shall_plan_again(self.state, now_s),
            archiving=self.alarms.shall_archive(now_s),
            calm=self.allowances.calm(now_s),
        )

    @property
    def _is_doubt_ready(self) -> bool:
        return self.parts.link.is_up and self.outlet.is_ready(self.state)
