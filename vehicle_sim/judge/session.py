"""One vehicle meets all checks: who is there, what may be tried, and leaving the vehicle as it was found."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from fleet.errors import ConfigError, LinkDownError
from fleet.wire.messages import Connection, ConnectionState, EmergencyStop
from vehicle_sim.judge import expect
from vehicle_sim.judge.bench import SLACK_S, STATE_INTERVAL_S, Bench
from vehicle_sim.judge.check import Check, Finding, Need
from vehicle_sim.judge.moves import COUNTED_MODES, ENTERS_HORIZON, standing_order
from vehicle_sim.judge.report import Report
from vehicle_sim.judge.transcript import Entry
from vehicle_sim.judge.verdict import JudgedError, MovedError, Verdict

STANDSTILL_S = 180.0
WAY_S = 300.0
"""How long a vehicle may take to the end of its base, so that it ends at a stopping place and not by a cancel."""

HORIZON_NUMBER = "5.12"
NO_ROAD = "nobody told where the vehicle may drive; --nodes FILE, or --site TOML --drive, does"
NO_HANDS = "nobody stands beside the vehicle; --by-hand says that somebody does"


@dataclass(slots=True)
class Session:
    """Judges one vehicle.

    Attributes:
        spoilt: why nothing can be ordered any more.
    """

    bench: Bench
    checks: Sequence[Check]
    spoilt: str = ""

    async def run(self) -> Report:
        """Meet the vehicle, and make the checks one after the other.

        Raises:
            ConfigError: the broker cannot be reached, or the vehicle cannot be judged as it is; says what would help.
        """
        async with asyncio.TaskGroup() as tasks:
            line = tasks.create_task(self.bench.listen(), name="line")
            try:
                outcome = await self._meet_and_judge()
            finally:
                line.cancel()
        if isinstance(outcome, ConfigError):
            raise outcome  # outside the group, which would wrap it
        return outcome

    async def _meet_and_judge(self) -> Report | ConfigError:
        try:
            await self._meet()
        except ConfigError as fault:
            return fault
        except MovedError:
            terms = self.bench.terms
            who = f"{terms.manufacturer}/{terms.serial_number}"
            return ConfigError([f"vehicle {who} is driving: wait until it stands, with nothing left to do"])
        except LinkDownError as fault:
            return ConfigError([f"the line to the broker broke before the vehicle was met: {fault}"])
        except JudgedError as end:
            return ConfigError([f"the vehicle cannot be judged: {end.why}"])
        began_s = self.bench.now_s()
        try:
            findings = [await self._judge(check) for check in self.checks]
            await self._settle()
        except asyncio.CancelledError:
            await self._call_off()
            raise
        return Report.of(self.bench, findings, began_s, self._notes())

    # ---- meeting

    async def _meet(self) -> None:
        bench, terms = self.bench, self.bench.terms
        who = f"{terms.manufacturer}/{terms.serial_number}"
        if not await bench.until(lambda: bench.is_up):
            why = f" ({bench.line_trouble})" if bench.line_trouble else ""
            raise ConfigError([f"the broker cannot be reached{why}: look at --broker, and whether it lets you in"])
        await bench.until(lambda: bench.prefix is not None and bool(bench.version))
        if bench.prefix is not None and bench.version and not bench.has_state:
            await bench.ask("stateRequest")
        await bench.until(lambda: bench.has_state, STATE_INTERVAL_S + SLACK_S)
        if bench.prefix is None:
            raise ConfigError(
                [f"vehicle {who} was not heard on {terms.topic_filter}: look at --vehicle, and at its broker"]
            )
        if not bench.has_state:
            why = self._why_without_state()
            raise ConfigError([f"vehicle {who} sends no state that can be read{why}: bring it online first"])
        if not bench.is_idle():
            order = bench.state.order_id
            raise ConfigError([f"vehicle {who} is busy with order {order!r}: let its master end that first"])
        if bench.course is not None and bench.course.find(bench.state) is None:
            begin, at = bench.course.nodes[0].node_id, bench.state.last_node_id
            raise ConfigError([f"vehicle {who} stands at {at!r}, not on its course: drive it to {begin!r} first"])
        bench.calm()

    def _why_without_state(self) -> str:
        heard = self.bench.transcript
        said = [entry.message for entry in heard.of("connection") if isinstance(entry.message, Connection)]
        is_away = bool(said) and said[-1].state is not ConnectionState.ONLINE
        faults = [entry.fault for entry in heard.of("state") if entry.fault]
        away = f"; its connection says {said[-1].state}" if is_away else ""
        unread = f"; its state cannot be read: {faults[0]}" if faults else ""
        return away + unread

    # ---- judging

    async def _judge(self, check: Check) -> Finding:
        bench = self.bench
        bench.mark, bench.holds = len(bench.transcript), False
        began_s = bench.now_s()
        hindrance = self._hindrance(check)
        verdict, why, shown = (Verdict.NOT_TRIED, hindrance, ()) if hindrance else await self._verdict(check)
        since = (entry for entry in bench.transcript.entries[bench.mark :] if entry.name != "visualization")
        evidence = shown or (tuple(since) if verdict is Verdict.WRONG else ())
        ended_s = bench.now_s()
        if Need.ORDERS in check.needs and not hindrance:
            await self._settle()
        return Finding(check=check, verdict=verdict, why=why, began_s=began_s, ended_s=ended_s, evidence=evidence)

    async def _verdict(self, check: Check) -> tuple[Verdict, str, tuple[Entry, ...]]:
        try:
            await check.steps(self.bench)
        except JudgedError as end:
            if end.verdict is Verdict.WRONG and Need.ORDERS in check.needs and self._was_away(check):
                return Verdict.NOT_TRIED, "the vehicle's line broke or it restarted meanwhile, which 3.8 judges", ()
            return end.verdict, end.why, end.entries
        except MovedError:
            self.bench.heeds_released &= not self.bench.holds
            if self.bench.holds and check.number != HORIZON_NUMBER:
                return Verdict.NOT_TRIED, ENTERS_HORIZON, ()
            return Verdict.WRONG, "drives although nothing that was sent let it", ()
        except LinkDownError as fault:
            return Verdict.NOT_TRIED, f"the line to the broker broke: {fault}", ()
        return Verdict.RIGHT, "", ()

    def _was_away(self, check: Check) -> bool:
        is_own = Need.HANDS not in check.needs
        return is_own and any(not entry.retained for entry in self.bench.transcript.of("connection", self.bench.mark))

    def _hindrance(self, check: Check) -> str:
        bench, needs = self.bench, check.needs
        if Need.ROAD in needs and bench.course is None:
            return NO_ROAD
        if Need.HANDS in needs and bench.hands is None:
            return NO_HANDS
        if Need.ORDERS not in needs:
            return ""
        if self.spoilt:
            return self.spoilt
        if bench.state.mode not in COUNTED_MODES:
            return f"the vehicle is in mode {bench.state.mode}, which takes no orders"
        if bench.state.safety.emergency_stop is not EmergencyStop.NONE:
            return "the vehicle is in an emergency stop"
        return ""

    # ---- leaving it as it was

    async def _settle(self) -> None:
        """Let nothing be open, paused or moving; what cannot be brought to that ends all orders."""
        bench = self.bench
        try:
            was_allowed, bench.may_drive = bench.may_drive, True  # until it stands
            bench.calm()
            if bench.state.paused:
                await bench.ask("stopPause")
            if was_allowed:
                await bench.until(lambda: bench.is_idle() or not bench.state.driving, WAY_S)
            since = len(bench.transcript)
            cancel = await bench.ask("cancelOrder") if not bench.is_idle() or bench.state.driving else ""

            def is_at_rest() -> bool:
                is_cancelled = not cancel or expect.ended(bench, cancel, since) is not None
                return is_cancelled and bench.is_idle() and not bench.state.driving

            if not await bench.until(is_at_rest, STANDSTILL_S):
                self.spoilt = self.spoilt or "the vehicle could not be brought to rest after an earlier check"
            elif any(not error.references for error in bench.state.errors) and bench.state.mode in COUNTED_MODES:
                await self._clear_errors()
        except LinkDownError as fault:
            self.spoilt = f"the line to the broker broke: {fault}"
        except JudgedError as end:
            self.spoilt = self.spoilt or end.why
        bench.may_drive = False
        bench.calm()

    async def _call_off(self) -> None:
        """Whoever ends the judge ends what it has ordered, too."""
        if not self.bench.is_idle() or self.bench.state.driving:
            with suppress(LinkDownError):
                await self.bench.ask("cancelOrder")

    async def _clear_errors(self) -> None:
        """Errors that name nothing would be taken for the answer to what is sent next; a new order clears them."""
        order = standing_order(self.bench)
        try:
            await expect.taken(self.bench, order, await self.bench.tell(order))
        except JudgedError:
            return

    def _notes(self) -> tuple[str, ...]:
        bench, notes = self.bench, []
        if bench.transcript.strangers:
            notes.append(f"Somebody else sent the vehicle {len(bench.transcript.strangers)} messages; judge it alone.")
        if bench.transcript.breaks_s:
            notes.append(f"Our line to the broker broke {len(bench.transcript.breaks_s)} times.")
        if self.spoilt:
            notes.append(f"Look at the vehicle: {self.spoilt}.")
        if bench.has_state and bench.course is not None and bench.course.find(bench.state) is None:
            notes.append("The vehicle stands between the nodes of its course, where a cancel left it; bring it back.")
        return tuple(notes)
