"""How a judgement ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from vehicle_sim.judge.transcript import Entry


class Verdict(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    NOT_OFFERED = "not offered"  # the vehicle does not say that it can
    NOT_TRIED = "not tried"


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
