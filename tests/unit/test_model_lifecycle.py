"""Every lifecycle, pair by pair: what may follow what, written down a second time."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import pytest

from fleet.errors import LifecycleError
from fleet.model.custody import CUSTODY_LIFECYCLE, CustodyKind
from fleet.model.lifecycle import Lifecycle
from fleet.model.order import ORDER_LIFECYCLE, ActionPhase, OrderPhase
from fleet.model.run import OPEN_PHASES, RUN_LIFECYCLE, RunPhase
from fleet.model.trip import TRIP_LIFECYCLE, TripPhase

MAY: dict[str, str] = {
    "run": """
        requested -> assigned cancelled
        assigned -> loading requested cancelled
        loading -> under_way requested
        under_way -> delivered partly_delivered transferring returned
        transferring -> under_way returned
        partly_delivered -> returned
    """,
    "trip": """
        planned -> loading withdrawn
        loading -> under_way closed
        under_way -> closed
    """,
    "order": """
        issued -> active cancelling rejected vanished
        active -> finished cancelling vanished
        cancelling -> cancelled finished rejected vanished
    """,
    "custody": """
        station -> vehicle assist
        vehicle -> point station vehicle assist
        assist -> station vehicle point
    """,
}
TABLES: tuple[tuple[Lifecycle[Any], type[StrEnum]], ...] = (
    (RUN_LIFECYCLE, RunPhase),
    (TRIP_LIFECYCLE, TripPhase),
    (ORDER_LIFECYCLE, OrderPhase),
    (CUSTODY_LIFECYCLE, CustodyKind),
)


def pairs() -> Iterator[tuple[Lifecycle[Any], StrEnum, StrEnum]]:
    for table, states in TABLES:
        for current in states:
            for target in states:
                yield table, current, target


def may(name: str, current: str, target: str) -> bool:
    rows = (line.split(" -> ") for line in MAY[name].strip().splitlines())
    return any(start.strip() == current and target in ends.split() for start, ends in rows)


@pytest.mark.parametrize(("table", "current", "target"), list(pairs()), ids=lambda v: getattr(v, "name", str(v)))
def test_a_move_is_made_or_refused_as_it_is_written(table: Lifecycle[Any], current: StrEnum, target: StrEnum) -> None:
    assert table.allows(current, target) is may(table.name, current, target)
    if may(table.name, current, target):
        assert table.move(current, target) is target
        return
    with pytest.raises(LifecycleError, match=f"{table.name}: no move from {current} to {target}"):
        table.move(current, target)


@pytest.mark.parametrize(("table", "states"), TABLES, ids=lambda v: getattr(v, "name", v.__class__.__name__))
def test_every_state_has_a_row_and_can_be_reached(table: Lifecycle[Any], states: type[StrEnum]) -> None:
    assert set(table.moves) == set(states)
    first = next(iter(states))
    reached = {first}
    while more := {end for state in reached for end in table.moves[state]} - reached:
        reached |= more
    assert reached == set(states)


def test_a_run_that_is_over_is_not_open() -> None:
    assert set(RunPhase) - {RunPhase.DELIVERED, RunPhase.RETURNED, RunPhase.CANCELLED} == OPEN_PHASES


def test_a_parcel_at_its_point_stays_there() -> None:
    assert CUSTODY_LIFECYCLE.is_final(CustodyKind.POINT)


def test_only_finished_and_failed_actions_are_over() -> None:
    assert {phase for phase in ActionPhase if phase.is_over} == {ActionPhase.FINISHED, ActionPhase.FAILED}
