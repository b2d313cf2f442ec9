"""What is judged, and how a judgement ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from vehicle_sim.judge.transcript import Entry

if TYPE_CHECKING:
    from vehicle_sim.judge.bench import Bench


class Verdict(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    NOT_OFFERED = "not offered"  # the vehicle does not say that it can
    NOT_TRIED = "not tried"


class Need(StrEnum):
    """What a check asks for beyond a line to the vehicle."""

    ORDERS = "orders"  # the vehicle stands idle in a mode that takes orders; it is not moved
    ROAD = "road"  # somebody told where the vehicle may drive
    HANDS = "hands"  # somebody stands beside the vehicle


class JudgedError(Exception):
    """Ends a check with anything but `right`.

    Attributes:
        entries: what was said and heard that shows it; empty for all since the check began.
    """

    def __init__(self, verdict: Verdict, why: str, entries: tuple[Entry, ...] = ()) -> None:
        super().__init__(why)
        self.verdict, self.why, self.entries = verdict, why, entries


def wrong(why: str, *entries: Entry) -> JudgedError:
    return JudgedError(Verdict.WRONG, why, entries)


def not_offered(why: str) -> JudgedError:
    return JudgedError(Verdict.NOT_OFFERED, why)


def not_tried(why: str) -> JudgedError:
    return JudgedError(Verdict.NOT_TRIED, why)


class MovedError(Exception):
    """The vehicle drives although nothing allowed it to."""


@contextmanager
def given() -> Iterator[None]:
    """What another check judges and this one needs: where it fails, this one is not tried."""
    try:
        yield
    except JudgedError as end:
        if end.verdict is Verdict.WRONG:
            raise not_tried(f"it does not get so far: {end.why}") from end
        raise


Steps = Callable[["Bench"], Awaitable[None]]


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
