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
from fleet.wire.messages import Connection, VehicleState

COMMANDS_MAX = 1000
STATES_KEPT = 8

Command = commands.Command | EndOrder
"""Whatever people and programs may ask of an area."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command, who gave it, and where its answer is awaited."""

    command: Command
    actor: str
    answer: asyncio.Future[Answer]


@dataclass(slots=True)
class Facts:
    """All that a turn takes in."""

    connections: list[tuple[VehicleId, Connection]] = field(default_factory=list)
    states: dict[VehicleId, list[VehicleState]] = field(default_factory=dict)
    commands: list[Asked] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    unconfirmed: list[tuple[VehicleId, str, int]] = field(default_factory=list)
    link_came_up: bool = False

    @property
    def count(self) -> int:
        states = sum(len(states) for states in self.states.values())
        return len(self.connections) + states + len(self.commands) + len(self.plans) + len(self.unconfirmed)


class Inbox:
    """Collects facts between turns."""

    def __init__(self) -> None:
        self._facts = Facts()
        self._commands: deque[Asked] = deque()
        self._news = asyncio.Event()
        self.states_merged = 0

    def put_connection(self, vehicle_id: VehicleId, message: Connection) -> None:
        self._facts.connections.append((vehicle_id, message))
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
        self._news.set()

    def put_command(self, asked: Asked) -> None:
        if len(self._commands) >= COMMANDS_MAX:
            raise RefusedError("too many commands wait for an answer; try again in a moment")
        self._commands.append(asked)
        self._news.set()

    def put_plan(self, plan: Plan) -> None:
        self._facts.plans.append(plan)
        self._news.set()

    def put_unconfirmed(self, vehicle_id: VehicleId, ref: str, attempts: int) -> None:
        self._facts.unconfirmed.append((vehicle_id, ref, attempts))
        self._news.set()

    def put_link_up(self) -> None:
        self._facts.link_came_up = True
        self._news.set()

    def nudge(self) -> None:
        """Something is due although nothing came in."""
        self._news.set()

    def take(self) -> Facts:
        """Everything since the last turn."""
        facts, self._facts = self._facts, Facts()
        facts.commands = list(self._commands)
        self._commands.clear()
        self._news.clear()
        return facts

    def give_back(self, facts: Facts) -> None:
        """The turn could not be recorded: its facts are taken again, except commands, whose callers were told."""
        newer, self._facts = self._facts, facts
        facts.commands = []
        for vehicle_id, states in newer.states.items():
            for state in states:
                self.put_state(vehicle_id, state)
        facts.connections.extend(newer.connections)
        facts.plans.extend(newer.plans)
        facts.unconfirmed.extend(newer.unconfirmed)
        facts.link_came_up = facts.link_came_up or newer.link_came_up
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
