"""The course of a road with as few points as will do, and never far from the road."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from fleet.roads.shape import arc_length_m, course, needed
from tests.drawn_map import DrawnMap, draw


@pytest.fixture(scope="module")
def bend(tmp_path_factory: pytest.TempPathFactory) -> DrawnMap:
    """A road with a right angle in it: 100 m east, then 100 m north."""
    spots = {"a": (0.0, 0.0), "b": (100.0, 0.0), "c": (100.0, 100.0)}
    return draw(tmp_path_factory.mktemp("bend"), spots, {"abc": {}})


def test_a_part_of_a_road_is_its_line_between_two_offsets(bend: DrawnMap) -> None:
    line, at_m = course(bend.graph, bend.edge("ac"), 40.0, 130.0)
    assert at_m == pytest.approx([40.0, 100.0, 130.0], abs=0.01)
    assert arc_length_m(line) == pytest.approx(90.0, abs=1e-6)


def test_points_on_a_straight_line_are_left_out() -> None:
    line = np.array([(0.0, 0.0), (10.0, 0.15), (20.0, -0.15), (30.0, 0.0)])
    assert needed(line, 0.2) == [0, 3]


def test_a_bend_is_kept() -> None:
    line = np.array([(0.0, 0.0), (10.0, 0.0), (20.0, 0.3), (30.0, 10.0)])
    assert needed(line, 0.2) == [0, 2, 3]


def test_a_road_that_comes_back_to_its_beginning_keeps_its_turning_point() -> None:
    line = np.array([(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 0.0)])
    assert 2 in needed(line, 0.2)


@pytest.mark.parametrize("tolerance_m", [0.1, 0.2, 1.0])
@pytest.mark.vda5050("13.7")
def test_what_is_left_out_was_closer_than_the_tolerance(tolerance_m: float) -> None:
    angles = np.linspace(0.0, math.pi, 200)
    line = np.column_stack((50.0 * np.cos(angles), 50.0 * np.sin(angles)))
    kept = needed(line, tolerance_m)
    assert 2 < len(kept) < 60
    for first, last in pairwise(kept):
        start, along = line[first], line[last] - line[first]
        rest = line[first : last + 1] - start
        across_m = np.abs(rest[:, 0] * along[1] - rest[:, 1] * along[0]) / np.hypot(*along)
        assert across_m.max() <= tolerance_m
