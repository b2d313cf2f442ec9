"""What is judged: one line of the checklist, the steps that try it, and what they found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from vehicle_sim.judge.bench import Bench
from vehicle_sim.judge.transcript import Entry
from vehicle_sim.judge.verdict import Verdict


class Need(StrEnum):
    """What a check asks for beyond a line to the vehicle."""

    ORDERS = "orders"  # the vehicle stands idle in a mode that takes orders; it is not moved
    ROAD = "road"  # somebody told where the vehicle may drive
    HANDS = "hands"  # somebody stands beside the vehicle


Steps = Callable[[Bench], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Check:
    """One line that a vehicle keeps or breaks.

    Attributes:
        number: of the line in docs/vda5050.md, or K and a number where it has none.
        key: names the check itself; several may stand under one number.
        duty: what the vehicle has to do, in a line that follows "The vehicle".
        steps: returns where all is right, and raises `JudgedError` where not.
    """

    number: str
    key: str
    duty: str
    steps: Steps
    needs: frozenset[Need] = frozenset()

    def is_meant_by(self, wish: str) -> bool:
        """Whether a word of `--only` names it: its key, its number, or the section its number stands in."""
        return wish in (self.key, self.number) or self.number.startswith(f"{wish}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one check ended, and what shows it."""

    check: Check
    verdict: Verdict
    why: str = ""
    began_s: float
    ended_s: float
    evidence: tuple[Entry, ...] = ()
