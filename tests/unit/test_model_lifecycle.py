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
from fleet.model.run import OPEN_PHASES, RUN_LIFECYCLE, RunPhase, phase_by_custody
from fleet.model.trip import TRIP_LIFECYCLE, TripPhase

MAY: dict[str, str] = {
    "run": """
        requested -> assigned cancelled under_way delivered partly_delivered returned lost
        assigned -> loading requested cancelled
        loading -> under_way requested delivered partly_delivered returned lost
        under_way -> delivered partly_delivered transferring returned requested lost
        transferring -> under_way returned
        partly_delivered -> returned delivered lost
    """,
    "trip": """
        planned -> loading withdrawn
        loading -> under_way closed
        under_way -> closed
    """,
    "order": """
        issued -> active cancelling rejected vanished given_up
        active -> finished cancelling vanished given_up
        cancelling -> cancelled finished rejected vanished given_up
    """,
    "custody": """
        station -> vehicle assist
        vehicle -> point station vehicle assist
        assist -> station vehicle point missing
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
    assert set(RunPhase) - {RunPhase.DELIVERED, RunPhase.RETURNED, RunPhase.LOST, RunPhase.CANCELLED} == OPEN_PHASES


@pytest.mark.parametrize("kind", [CustodyKind.POINT, CustodyKind.MISSING])
def test_a_parcel_at_its_point_or_missing_for_good_stays_there(kind: CustodyKind) -> None:
    assert CUSTODY_LIFECYCLE.is_final(kind)


def test_nothing_but_an_unsure_parcel_is_ever_declared_missing() -> None:
    assert [kind for kind in CustodyKind if CUSTODY_LIFECYCLE.allows(kind, CustodyKind.MISSING)] == [CustodyKind.ASSIST]


@pytest.mark.parametrize(
    ("kinds", "phase"),
    [
        ("point point", RunPhase.DELIVERED),
        ("station station", RunPhase.RETURNED),
        ("vehicle vehicle", RunPhase.UNDER_WAY),
        ("point vehicle", RunPhase.PARTLY_DELIVERED),
        ("vehicle missing", RunPhase.UNDER_WAY),
        ("point station", RunPhase.RETURNED),
        ("point missing", RunPhase.LOST),
        ("station missing", RunPhase.LOST),
        ("missing missing", RunPhase.LOST),
        ("point assist", RunPhase.LOADING),
    ],
)
def test_a_run_is_as_far_as_its_parcels_are(kinds: str, phase: RunPhase) -> None:
    assert phase_by_custody(RunPhase.LOADING, [CustodyKind(kind) for kind in kinds.split()]) is phase


def test_only_a_whole_lot_at_its_station_is_tried_again() -> None:
    at = CustodyKind
    assert phase_by_custody(RunPhase.UNDER_WAY, [at.STATION, at.STATION], tries_again=True) is RunPhase.REQUESTED
    assert phase_by_custody(RunPhase.UNDER_WAY, [at.STATION, at.POINT], tries_again=True) is RunPhase.RETURNED


def test_only_finished_and_failed_actions_are_over() -> None:
    assert {phase for phase in ActionPhase if phase.is_over} == {ActionPhase.FINISHED, ActionPhase.FAILED}
