"""How much of what one vehicle says is written down: enough for any that is sound, and never the disk of all.

What a vehicle says costs journal records. Each vehicle may cost a burst of them and then so many a second of trade
time; no healthy one comes near. One that has used up its allowance is *loud*: of all it says only the latest word is
kept, and taken when the allowance permits. States are whole pictures, so that is as if the others had been lost on
their way. A word that waits keeps its vehicle heard, for silence is judged by what comes in; but the vehicle is told no
order while it waits, for it may just have said that it takes none.

In memory only: the journal tells who was loud by the assist for it, and whoever was begins with nothing at a restart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from fleet.controller.inbox import Facts
from fleet.controller.stats import Stats
from fleet.journal.record import Record
from fleet.model.ids import VehicleId
from fleet.telemetry.learn import Voice
from fleet.wire.messages import Connection, Factsheet, VehicleState

BURST = 300.0
REFILL_PER_S = 1.0
"""In records. In our simulated days, with all their trouble, no vehicle ever had used more than 13 of its burst, nor
cost more than 0.12 a second on the whole."""
RECORD_BYTES = 1024
"""What is longer counts as so many records as it has begun ones of this length."""
DEBT_MAX = BURST
"""One message may cost more than is left; no vehicle is unheard for longer than it takes to make up for this."""
CALM = BURST / 2.0
"""Whoever has this much again is no longer loud."""
CONNECTIONS_LEFT = 2
"""The latest, and the one before it: a break of the line before it counts."""


Said = Mapping[VehicleId, Sequence[int]]
"""By vehicle, which records of a turn only note what it said."""
NOTHING_SAID: Said = MappingProxyType({})


@dataclass(slots=True)
class _Account:
    left: float
    at_s: float

    def at(self, now_s: float) -> float:
        return min(BURST, self.left + max(now_s - self.at_s, 0.0) * REFILL_PER_S)

    def due_s(self, level: float) -> float:
        """When so much is left again."""
        return self.at_s + max(level - self.left, 0.0) / REFILL_PER_S


@dataclass(slots=True)
class _Word:
    """The latest that a loud vehicle has said; all of it that is not taken yet."""

    state: VehicleState | None = None
    connections: list[Connection] = field(default_factory=list)
    voices: dict[str, Voice] = field(default_factory=dict)
    factsheet: Factsheet | None = None
    has_restarted: bool = False

    @property
    def is_empty(self) -> bool:
        others = self.connections or self.voices or self.has_restarted
        return self.state is None and self.factsheet is None and not others


class Allowances:
    """The account of each vehicle, and the words of those whose account is empty."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self._accounts: dict[VehicleId, _Account] = {}
        self._loud: set[VehicleId] = set()
        self._untold: set[VehicleId] = set()
        self._words: dict[VehicleId, _Word] = {}

    def was_loud(self, vehicle_id: VehicleId, now_s: float) -> None:
        """It was when we last ended; a restart is no reason to listen to it as to others."""
        self._loud.add(vehicle_id)
        self._accounts[vehicle_id] = _Account(0.0, now_s)

    def admit(self, facts: Facts, now_s: float) -> None:
        """Take out of the facts what has to wait, and put into them the words that need wait no longer."""
        facts.loud |= self._untold
        self._untold.clear()
        for vehicle_id in sorted(self._loud):
            word = self._words.pop(vehicle_id, _Word())
            if facts.link_came_up and vehicle_id not in facts.spoke_since:
                word.state = None  # it was said before the line came up, and says nothing of now
                facts.states.pop(vehicle_id, None)
            self._take_out(vehicle_id, facts, word)
            if word.is_empty:
                continue
            if self._accounts[vehicle_id].at(now_s) > 0.0:
                _put_in(vehicle_id, word, facts)
            else:
                self._words[vehicle_id] = word
                facts.spoke_since.discard(vehicle_id)

    def _take_out(self, vehicle_id: VehicleId, facts: Facts, word: _Word) -> None:
        if states := facts.states.pop(vehicle_id, None):
            self._stats.dropped["passed_over"] += len(states) - 1 + (word.state is not None)
            word.state = states[-1]
        if sheet := facts.factsheets.pop(vehicle_id, None):
            self._stats.dropped["passed_over"] += word.factsheet is not None
            word.factsheet = sheet
        word.connections += [said for speaker, said in facts.connections if speaker == vehicle_id]
        del word.connections[:-CONNECTIONS_LEFT]
        facts.connections = [each for each in facts.connections if each[0] != vehicle_id]
        for key in [key for key in facts.voices if key[0] == vehicle_id]:
            word.voices[key[1]] = facts.voices.pop(key)
        word.has_restarted |= vehicle_id in facts.restarted
        facts.restarted.discard(vehicle_id)

    def spend(self, vehicle_id: VehicleId, records: Sequence[Record], now_s: float) -> None:
        """These records were written because of what the vehicle said."""
        left = self._accounts[vehicle_id].at(now_s) if vehicle_id in self._accounts else BURST
        left -= sum(1 + len(record.body) // RECORD_BYTES for record in records)
        self._accounts[vehicle_id] = _Account(max(left, -DEBT_MAX), now_s)
        if left <= 0.0 and vehicle_id not in self._loud:
            self._loud.add(vehicle_id)
            self._untold.add(vehicle_id)

    @property
    def has_words(self) -> bool:
        """Whether anybody's latest word is not taken yet."""
        return bool(self._words)

    def waits(self, vehicle_id: VehicleId) -> bool:
        """Whether its latest word is not taken yet."""
        return vehicle_id in self._words

    def calm(self, now_s: float) -> tuple[VehicleId, ...]:
        """Loud vehicles that have not been for some time."""
        return tuple(v for v in sorted(self._loud - self._words.keys()) if self._accounts[v].at(now_s) >= CALM)

    def calmed(self, vehicle_ids: Iterable[VehicleId]) -> None:
        """That they are calm is written down."""
        self._loud.difference_update(vehicle_ids)

    @property
    def next_due_s(self) -> float:
        """When a word can be taken, or a vehicle is calm, or one has just become loud; infinite where nobody is."""
        if self._untold:
            return float("-inf")
        level = {vehicle_id: 0.0 if vehicle_id in self._words else CALM for vehicle_id in self._loud}
        return min((self._accounts[v].due_s(least) for v, least in level.items()), default=float("inf"))


def _put_in(vehicle_id: VehicleId, word: _Word, facts: Facts) -> None:
    if word.state is not None:
        facts.states[vehicle_id] = [word.state]
    if word.factsheet is not None:
        facts.factsheets[vehicle_id] = word.factsheet
    facts.connections += [(vehicle_id, said) for said in word.connections]
    facts.voices |= {(vehicle_id, topic): voice for topic, voice in word.voices.items()}
    if word.has_restarted:
        facts.restarted.add(vehicle_id)


def charge(allowances: Allowances, said: Said, records: Sequence[Record], now_s: float) -> None:
    """Put what a turn wrote on the accounts of those who caused it."""
    for vehicle_id, places in said.items():
        allowances.spend(vehicle_id, [records[place] for place in places], now_s)
