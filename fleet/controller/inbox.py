"""What came in since the last turn: bounded, and for a vehicle's states the latest wins."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from fleet.dispatch import commands
from fleet.dispatch.commands import Answer
from fleet.errors import RefusedError
from fleet.model.ids import VehicleId
from fleet.model.trip import Plan
from fleet.orders.end_order import EndOrder
from fleet.orders.hibernation import Hibernate, WakeUp
from fleet.telemetry.learn import Voice
from fleet.wire.messages import Connection, Factsheet, VehicleState

COMMANDS_MAX = 1000
STATES_KEPT = 8
CONNECTIONS_KEPT = 4

Command = commands.Command | EndOrder | Hibernate | WakeUp
"""Whatever people and programs may ask of an area."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command, who gave it, and where its answer is awaited."""

    command: Command
    actor: str
    answer: asyncio.Future[Answer]


@dataclass(slots=True)
class Facts:
    """All that a turn takes in.

    Attributes:
        held_back: vehicles for which an order was not sent at the last moment, and why.
        spoke_since: where the line came up, who has said a state on it since; what the others said is older.
        other_controller: who else claimed the area over the broker; empty for nobody.
        link_ups: where it came up, how many times it has by then.
        voices: how messages were said where that was new, by vehicle and topic.
        restarted: vehicles that said twice in a row that they are there.
        loud: vehicles of which from now on only the latest word is taken, and not at once (`allowance`).
    """

    connections: list[tuple[VehicleId, Connection]] = field(default_factory=list)
    states: dict[VehicleId, list[VehicleState]] = field(default_factory=dict)
    commands: list[Asked] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    unconfirmed: list[tuple[VehicleId, str, str]] = field(default_factory=list)
    held_back: dict[VehicleId, str] = field(default_factory=dict)
    other_controller: str = ""
    link_came_up: bool = False
    spoke_since: set[VehicleId] = field(default_factory=set)
    link_ups: int = 0
    voices: dict[tuple[VehicleId, str], Voice] = field(default_factory=dict)
    factsheets: dict[VehicleId, Factsheet] = field(default_factory=dict)
    restarted: set[VehicleId] = field(default_factory=set)
    loud: set[VehicleId] = field(default_factory=set)

    @property
    def count(self) -> int:
        states = sum(len(states) for states in self.states.values())
        others = len(self.commands) + len(self.plans) + len(self.unconfirmed) + len(self.held_back)
        return len(self.connections) + states + others + bool(self.other_controller)


class Inbox:
    """Collects facts between turns."""

    def __init__(self) -> None:
        self._facts = Facts()
        self._commands: deque[Asked] = deque()
        self._connections: dict[VehicleId, list[Connection]] = {}
        self._unconfirmed: dict[tuple[VehicleId, str], str] = {}
        self._news = asyncio.Event()
        self.states_merged = 0
        self.link_ups = 0

    def put_connection(self, vehicle_id: VehicleId, message: Connection) -> None:
        """Keep the latest word and the ones it differs from, up to a bound: a break before it is not lost."""
        kept = self._connections.setdefault(vehicle_id, [])
        if kept and kept[-1].state is message.state:
            kept[-1] = message
        else:
            kept.append(message)
        del kept[:-CONNECTIONS_KEPT]
        self._news.set()

    def put_restarted(self, vehicle_id: VehicleId) -> None:
        """The vehicle began anew without having gone first."""
        self._facts.restarted.add(vehicle_id)
        self._news.set()

    def put_voice(self, vehicle_id: VehicleId, voice: Voice) -> None:
        """The vehicle said something in another way than before; the latest counts."""
        self._facts.voices[vehicle_id, voice.topic] = voice
        self._news.set()

    def put_factsheet(self, vehicle_id: VehicleId, sheet: Factsheet) -> None:
        self._facts.factsheets[vehicle_id] = sheet
        self._news.set()

    def put_state(self, vehicle_id: VehicleId, state: VehicleState) -> None:
        """Keep the newest state; an older one stays as well where it alone says something.

        Progress and charge of the newest state hold all that older ones said. But a vehicle may drop a finished
        action or an error from its next state, so states that differ in those are all kept, up to a bound.
        """
        states = self._facts.states.setdefault(vehicle_id, [])
        if states and (_says_no_more(states[-1], state) or len(states) >= STATES_KEPT):
            states[-1] = state
            self.states_merged += 1
        else:
            states.append(state)
        if self._facts.link_came_up:
            self._facts.spoke_since.add(vehicle_id)
        self._news.set()

    def put_command(self, asked: Asked) -> None:
        if len(self._commands) >= COMMANDS_MAX:
            raise RefusedError("too many commands wait for an answer; try again in a moment")
        self._commands.append(asked)
        self._news.set()

    def put_plan(self, plan: Plan) -> None:
        """The newest answer counts: it knew all that an older one did."""
        self._facts.plans = [plan]
        self._news.set()

    def put_unconfirmed(self, vehicle_id: VehicleId, ref: str, why: str) -> None:
        """A message that no state of the vehicle shows; `why` says what has become of it."""
        self._unconfirmed[vehicle_id, ref] = why
        self._news.set()

    def put_held_back(self, vehicle_id: VehicleId, why: str) -> None:
        """An order for this vehicle broke a promise when it was about to leave."""
        self._facts.held_back.setdefault(vehicle_id, why)
        self._news.set()

    def put_other_controller(self, who: str) -> None:
        """Somebody else claimed our area over the broker, and will end."""
        self._facts.other_controller = who
        self._news.set()

    def put_link_up(self) -> None:
        """The line came up: what was said before it came up says nothing of now."""
        self.link_ups += 1
        self._facts.link_came_up, self._facts.link_ups = True, self.link_ups
        self._facts.spoke_since.clear()
        self._news.set()

    def nudge(self) -> None:
        """Something is due although nothing came in."""
        self._news.set()

    def take(self) -> Facts:
        """Everything since the last turn."""
        facts, self._facts = self._facts, Facts()
        facts.commands = self.take_commands()
        facts.connections = [(vehicle_id, said) for vehicle_id, kept in self._connections.items() for said in kept]
        facts.unconfirmed = [(vehicle_id, ref, why) for (vehicle_id, ref), why in self._unconfirmed.items()]
        self._connections.clear()
        self._unconfirmed.clear()
        self._news.clear()
        return facts

    def take_commands(self) -> list[Asked]:
        """The commands alone, for whoever has to refuse them."""
        commands = list(self._commands)
        self._commands.clear()
        return commands

    def give_back(self, facts: Facts) -> None:
        """The turn could not be recorded: its facts are taken again, except commands, whose callers were told."""
        newer, self._facts = self._facts, facts
        facts.commands = []
        spoke_since = set(newer.spoke_since if newer.link_came_up else (*facts.spoke_since, *newer.states))
        for vehicle_id, states in newer.states.items():
            for state in states:
                self.put_state(vehicle_id, state)
        connections, self._connections = self._connections, {}
        for vehicle_id, said in facts.connections:
            self.put_connection(vehicle_id, said)
        for vehicle_id, kept in connections.items():
            for said in kept:
                self.put_connection(vehicle_id, said)
        older = {(vehicle_id, ref): why for vehicle_id, ref, why in facts.unconfirmed}
        self._unconfirmed = older | self._unconfirmed
        facts.held_back |= newer.held_back
        facts.other_controller = newer.other_controller or facts.other_controller
        facts.plans = newer.plans or facts.plans
        facts.voices |= newer.voices
        facts.factsheets |= newer.factsheets
        facts.restarted |= newer.restarted
        facts.loud |= newer.loud
        facts.link_came_up = facts.link_came_up or newer.link_came_up
        facts.link_ups = max(facts.link_ups, newer.link_ups)
        facts.spoke_since = spoke_since if facts.link_came_up else set()
        self._news.set()

    async def wait(self) -> None:
        await self._news.wait()


def _says_no_more(older: VehicleState, newer: VehicleState) -> bool:
    return (
        older.order_id == newer.order_id
        and older.action_states == newer.action_states
        and older.instant_action_states == newer.instant_action_states
        and older.errors == newer.errors
        and older.mode == newer.mode
    )
