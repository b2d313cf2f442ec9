"""How much road a vehicle is let into: short, ending where standing is safe, and never too late."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from fleet.dispatch.release import enough_s, exceeds_limits, extension, first_base, release_until
from fleet.model.order import Order
from fleet.model.site import Limits
from tests.nouns import a_piece, an_order

LIMITS = Limits()  # 500 m and 60 s, extended by at least 20 s


def way(*pieces: tuple[float, bool], passed: int = 0, released: int = 0, speed_mps: float = 10.0) -> Order:
    """An order along pieces of so many metres, each with whether its end is safe; the last one always is."""
    last = len(pieces) - 1
    path = tuple(
        a_piece(i, f"n{i}", length_m=metres, speed_mps=speed_mps, safe=safe or i == last)
        for i, (metres, safe) in enumerate(pieces)
    )
    return replace(an_order(), path=path, passed=passed, released=released, announced=len(path))


def evenly(count: int, metres: float = 100.0, **changes: int) -> Order:
    return way(*[(metres, True)] * count, **changes)


def test_a_base_reaches_as_far_as_the_limits_allow() -> None:
    assert release_until(evenly(20), LIMITS) == 5


def test_time_limits_a_base_as_well_as_length() -> None:
    slow = way(*[(100.0, True)] * 20, speed_mps=2.0)
    assert release_until(slow, LIMITS) == 1


def test_a_base_grows_with_the_progress_of_its_vehicle() -> None:
    assert [release_until(evenly(20, passed=n, released=5), LIMITS) for n in (0, 1, 2)] == [5, 6, 7]


def test_a_base_never_ends_where_a_vehicle_must_not_stand() -> None:
    order = way((100.0, True), (100.0, False), (100.0, False), (100.0, True), (100.0, False), (100.0, True))
    assert release_until(order, LIMITS) == 4


def test_an_unsafe_stretch_longer_than_the_limits_is_released_together_with_its_exit() -> None:
    order = way((100.0, False), *[(300.0, False)] * 4, (300.0, True), (100.0, True))
    target = release_until(order, LIMITS)
    assert target == 6
    assert exceeds_limits(order, target, LIMITS)


def test_an_unsafe_stretch_is_not_entered_while_there_is_enough_base_before_it() -> None:
    order = way((300.0, True), *[(300.0, False)] * 3, (300.0, True), (100.0, True))
    assert release_until(order, LIMITS) == 1
    assert release_until(replace(order, released=1), LIMITS) == 1


def test_an_unsafe_stretch_is_entered_when_the_base_before_it_comes_to_its_end() -> None:
    order = way((100.0, True), (50.0, True), *[(300.0, False)] * 3, (300.0, True), passed=1, released=2)
    assert release_until(order, LIMITS) == 6


def test_beyond_the_limits_no_more_is_released_than_the_next_safe_end() -> None:
    order = way((900.0, True), (900.0, True), (900.0, True))
    assert release_until(order, LIMITS) == 1


def test_of_a_slow_road_one_stretch_beyond_the_limits_is_released_at_a_time() -> None:
    """100 m take 100 s: no node is passed for so long that by the clock the base might end, and nobody knows."""
    order = way(*[(100.0, True)] * 4, released=1, speed_mps=1.0)
    assert release_until(order, LIMITS, gone_s=99.0) == 1
    assert release_until(replace(order, passed=1), LIMITS) == 2


def test_a_base_is_never_taken_back() -> None:
    order = evenly(20, released=9)
    assert release_until(order, LIMITS) == 9


def test_a_vehicle_at_the_end_of_its_base_always_gets_more() -> None:
    order = way((100.0, True), *[(2000.0, False)] * 5, (100.0, True), passed=1, released=1)
    assert extension(order, LIMITS, 0.0) == 7


def test_an_extension_is_worth_its_message() -> None:
    order = evenly(40, 50.0, released=10, passed=1)
    assert release_until(order, LIMITS) == 11
    assert extension(order, LIMITS, 0.0) is None
    assert extension(evenly(40, 50.0, released=10, passed=4), LIMITS, 0.0) == 14


def test_a_base_ends_where_the_next_extensions_are_worth_their_messages_too() -> None:
    """At the farthest place, the 410th metre, only a hop of 60 m would be left before the long stretch."""
    stretch = (*[(100.0, True)] * 4, (10.0, True), (60.0, True), (430.0, False), *[(100.0, True)] * 9)
    order = way(*stretch)
    assert release_until(order, LIMITS) == 6
    ends = released_one_by_one(order)
    gains_s = [sum(p.duration_s for p in order.path[a:b]) for a, b in pairwise(ends)]
    assert all(gain_s >= LIMITS.base_extension_s for gain_s in gains_s[:-1]), gains_s


def released_one_by_one(order: Order) -> list[int]:
    """Ends of the base of a vehicle that drives on and on, whatever it is given."""
    ends = [first_base(order, LIMITS, 1.0)]
    order = replace(order, released=ends[0], passed_s=0.1)
    at_s = [0.1]
    for edge in order.path:
        at_s.append(at_s[-1] + edge.duration_s)
    now_s = 0.1
    while order.released < len(order.path):
        now_s += 0.5
        passed = max(i for i, s in enumerate(at_s) if s <= now_s)
        order = replace(order, passed=passed, passed_s=at_s[passed])
        assert passed <= order.released, "it was never without base"
        if (target := extension(order, LIMITS, now_s, 1.0)) is not None:
            ends.append(target)
            order = replace(order, released=target)
    return ends


def test_a_short_extension_is_given_when_the_base_comes_to_its_end() -> None:
    order = way(*[(50.0, True)] * 3, (100.0, True), (900.0, False), (100.0, True), passed=2, released=3)
    assert extension(order, LIMITS, 0.0) == 4


def test_the_rest_of_the_way_is_given_however_short_it_is() -> None:
    order = evenly(6, released=5, passed=2)
    assert extension(order, LIMITS, 0.0) == 6


def test_nothing_more_is_given_when_all_is_released() -> None:
    assert extension(evenly(3, released=3), LIMITS, 0.0) is None


def test_an_order_that_stays_where_it_is_has_nothing_to_release() -> None:
    assert release_until(an_order(), LIMITS) == 0


@pytest.mark.parametrize("metres", [1.0, 30.0, 99.0, 250.0, 510.0, 5000.0])
def test_a_healthy_vehicle_comes_to_its_goal_whatever_its_way_looks_like(metres: float) -> None:
    order = way(*[(metres, i % 3 == 2) for i in range(30)])
    for passed in range(31):
        order = replace(order, passed=min(passed, order.released))
        target = extension(order, LIMITS, 0.0)
        order = order if target is None else replace(order, released=target)
        assert order.released > order.passed or order.released == len(order.path)
    assert order.released == 30


# When it is time (checklist 6.11) -------------------------------------------------------------------------------------


@pytest.mark.vda5050("6.11")
def test_a_vehicle_that_brakes_slowly_is_given_more_road_earlier() -> None:
    wide = replace(LIMITS, exposure_m=2000.0)
    order = way(*[(100.0, True)] * 7, (3000.0, False), (100.0, True), released=5, speed_mps=20.0)
    assert enough_s(order, wide, 5.0) == 20.0 / (2 * 5.0) + 2 * wide.reaction_s
    assert extension(order, wide, 0.0, 5.0) is None, "25 s are left"
    assert enough_s(order, wide, 0.5) == 20.0 / (2 * 0.5) + 2 * wide.reaction_s
    assert extension(order, wide, 0.0, 0.5) == 7, "it needs 20 s to brake"


@pytest.mark.vda5050("6.11")
def test_a_vehicle_that_asks_for_road_gets_what_there_is_although_it_is_little() -> None:
    order = evenly(40, 50.0, released=10, passed=1)
    assert extension(order, LIMITS, 0.0) is None
    assert extension(replace(order, wants_base=True), LIMITS, 0.0) == 11


@pytest.mark.vda5050("6.11")
def test_a_vehicle_that_asks_is_let_no_farther_than_the_limits() -> None:
    order = replace(evenly(40, released=5), wants_base=True)
    assert extension(order, LIMITS, 0.0) is None


@pytest.mark.vda5050("6.11")
def test_a_vehicle_that_asks_for_more_road_gets_what_there_is_and_nothing_is_no_error() -> None:
    order = evenly(40, 50.0, released=10, passed=1)
    assert extension(order, LIMITS, 0.0) is None
    assert extension(replace(order, wants_base=True), LIMITS, 0.0) == 11
    assert extension(replace(order, wants_base=True, released=11), LIMITS, 0.0) is None
