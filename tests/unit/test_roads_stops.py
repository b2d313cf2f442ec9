from __future__ import annotations

import pytest

from fleet.model.vehicle import LENGTH_M_MAX
from fleet.roads.stops import BUS_STOP_CLEAR_M, CLEAR_M, STAND_DEVIATION_M, around, standing

pytestmark = pytest.mark.vda5050("13.11")


def test_a_base_may_end_at_the_very_end_of_an_edge_that_meets_nothing() -> None:
    assert standing(120.0, [])[-1][1] == 120.0


def test_a_base_ends_before_the_junction() -> None:
    assert standing(120.0, [around(0.0), around(120.0)])[-1][1] == 120.0 - CLEAR_M


def test_a_base_keeps_clear_of_a_crossing_close_before_the_junction() -> None:
    assert standing(120.0, [around(0.0), around(105.0), around(120.0)])[-1][1] == 105.0 - CLEAR_M


def test_a_base_may_end_between_a_crossing_and_a_junction_that_leave_room() -> None:
    assert standing(120.0, [around(60.0), around(120.0)])[-1][1] == 120.0 - CLEAR_M


def test_between_two_crossings_that_leave_room_there_is_a_stretch_to_stand_on_and_one_at_either_side() -> None:
    assert standing(240.0, [around(100.0), around(160.0)]) == (
        (0.0, 100.0 - CLEAR_M),
        (100.0 + CLEAR_M, 160.0 - CLEAR_M),
        (160.0 + CLEAR_M, 240.0),
    )


def test_where_the_room_of_two_crossings_just_meets_one_place_is_left() -> None:
    assert standing(100.0, [(-5.0, 50.0), (50.0, 120.0)]) == ((50.0, 50.0),)


def test_what_needs_no_room_takes_none() -> None:
    assert standing(100.0, [around(0.0, 0.0), around(40.0, 0.0)]) == ((0.0, 100.0),)


def test_a_base_ends_before_a_bus_stop_whose_room_reaches_the_junction() -> None:
    assert standing(120.0, [around(90.0, BUS_STOP_CLEAR_M), around(120.0)])[-1][1] == 90.0 - BUS_STOP_CLEAR_M


def test_a_base_ends_before_rails_along_the_rest_of_the_road() -> None:
    assert standing(120.0, [(60.0, 300.0), around(70.0)])[-1][1] == 70.0 - CLEAR_M


@pytest.mark.parametrize("length_m", [0.01, 5.0, 2 * CLEAR_M - 0.1])
def test_no_base_ends_on_a_short_piece_between_two_junctions(length_m: float) -> None:
    assert standing(length_m, [around(0.0), around(length_m)]) == ()


def test_the_longest_vehicle_leaves_five_metres_free_however_it_stands_about_its_place() -> None:
    assert CLEAR_M - LENGTH_M_MAX - STAND_DEVIATION_M >= 5.0
