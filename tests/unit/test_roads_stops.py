from __future__ import annotations

import pytest

from fleet.model.vehicle import LENGTH_M_MAX
from fleet.roads.stops import BUS_STOP_CLEAR_M, CLEAR_M, STAND_DEVIATION_M, around, last_stop_m

pytestmark = pytest.mark.vda5050("13.11")


def test_a_base_may_end_at_the_very_end_of_an_edge_that_meets_nothing() -> None:
    assert last_stop_m(120.0, []) == 120.0


def test_a_base_ends_before_the_junction() -> None:
    assert last_stop_m(120.0, [around(0.0), around(120.0)]) == 120.0 - CLEAR_M


def test_a_base_keeps_clear_of_a_crossing_close_before_the_junction() -> None:
    assert last_stop_m(120.0, [around(0.0), around(105.0), around(120.0)]) == 105.0 - CLEAR_M


def test_a_base_may_end_between_a_crossing_and_a_junction_that_leave_room() -> None:
    assert last_stop_m(120.0, [around(60.0), around(120.0)]) == 120.0 - CLEAR_M


def test_a_base_ends_before_a_bus_stop_whose_room_reaches_the_junction() -> None:
    assert last_stop_m(120.0, [around(90.0, BUS_STOP_CLEAR_M), around(120.0)]) == 90.0 - BUS_STOP_CLEAR_M


def test_a_base_ends_before_rails_along_the_rest_of_the_road() -> None:
    assert last_stop_m(120.0, [(60.0, 300.0), around(70.0)]) == 70.0 - CLEAR_M


@pytest.mark.parametrize("length_m", [0.01, 5.0, 2 * CLEAR_M - 0.1])
def test_no_base_ends_on_a_short_piece_between_two_junctions(length_m: float) -> None:
    assert last_stop_m(length_m, [around(0.0), around(length_m)]) is None


def test_the_longest_vehicle_leaves_five_metres_free_however_it_stands_about_its_place() -> None:
    assert CLEAR_M - LENGTH_M_MAX - STAND_DEVIATION_M >= 5.0
