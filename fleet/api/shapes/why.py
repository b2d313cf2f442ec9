"""Why a run is where it is, and what the journal tells of it."""

from __future__ import annotations

from fleet.api.shapes.base import Shape
from fleet.api.shapes.runs import RunOut
from fleet.api.shapes.trips import TripOut


class ReasonOut(Shape):
    """One answer to "why": a code for programs, a sentence for people."""

    code: str
    text: str


class HistoryOut(Shape):
    seq: int
    at: str
    type: str
    actor: str
    cause: str
    data: dict[str, object]


class WhyOut(Shape):
    run: RunOut
    reasons: list[ReasonOut]
    trip: TripOut | None
    history: list[HistoryOut]
    history_from_seq: int
    """events before this one were not looked at"""
