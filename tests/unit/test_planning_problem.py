from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from fleet.planning.bookings import Bookings
from fleet.planning.port import Budget
from fleet.planning.problem import Travel
from tests.small_fleet import morning, problem, run


def test_a_problem_travels_to_a_worker_and_stays_the_same() -> None:
    facts = morning()
    copy = pickle.loads(pickle.dumps(facts, protocol=5))  # noqa: S301  our own bytes
    assert copy.runs == facts.runs
    assert np.array_equal(copy.travel.durations_s, facts.travel.durations_s)


@pytest.mark.parametrize("absurd", [-1.0, np.nan])
def test_absurd_travel_times_are_refused(absurd: float) -> None:
    table = np.zeros((1, 2, 2))
    wrong = table.copy()
    wrong[0, 0, 1] = absurd
    with pytest.raises(ValueError, match="durations_s"):
        Travel(durations_s=wrong, lengths_m=table)


def test_a_way_without_a_length_is_refused() -> None:
    with pytest.raises(ValueError, match="lengths_m"):
        Travel(durations_s=np.zeros((1, 1, 1)), lengths_m=np.full((1, 1, 1), np.inf))


def test_a_run_for_a_point_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="point of a run is 9"):
        problem([run("a", 9)])


def test_a_run_listed_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="run is listed twice"):
        problem([run("a", 0), run("a", 1)])


def test_a_time_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="ready_s"):
        problem([replace(run("a", 0), ready_s=float("nan"))])


@pytest.mark.parametrize("wrong", [{}, {"wall_s": 1.0, "steps": 1}, {"steps": 0}, {"wall_s": -1.0}])
def test_a_budget_is_either_time_or_steps(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="budget"):
        Budget(**wrong)  # type: ignore[arg-type]


def test_the_earliest_gap_is_found_between_two_holders() -> None:
    bays = Bookings(1, [(0.0, 10.0), (20.0, 30.0)])
    assert bays.earliest(0.0, 10.0) == 10.0
    assert bays.earliest(0.0, 11.0) == 30.0


def test_two_bays_hold_two_but_not_three() -> None:
    bays = Bookings(2, [(0.0, 10.0), (5.0, 20.0)])
    assert bays.earliest(0.0, 5.0) == 0.0
    assert bays.earliest(0.0, 6.0) == 10.0


def test_no_bay_is_never_free() -> None:
    assert Bookings(0).earliest(0.0, 1.0) == float("inf")
