from __future__ import annotations

import pytest

from fleet.roads.stops import CLEAR_M, last_stop_m


def test_a_base_may_end_at_the_very_end_of_an_edge_that_meets_nothing() -> None:
    assert last_stop_m(120.0, []) == 120.0


def test_a_base_ends_before_the_junction() -> None:
    assert last_stop_m(120.0, [0.0, 120.0]) == 120.0 - CLEAR_M


def test_a_base_keeps_clear_of_a_crossing_close_before_the_junction() -> None:
    assert last_stop_m(120.0, [0.0, 105.0, 120.0]) == 105.0 - CLEAR_M


def test_a_base_may_end_between_a_crossing_and_a_junction_that_leave_room() -> None:
    assert last_stop_m(120.0, [60.0, 120.0]) == 110.0


@pytest.mark.parametrize("length_m", [0.01, 5.0, 19.9])
def test_no_base_ends_on_a_short_piece_between_two_junctions(length_m: float) -> None:
    assert last_stop_m(length_m, [0.0, length_m]) is None
