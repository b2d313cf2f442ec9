"""Who has been silent for how long, told once."""

from __future__ import annotations

import pytest

from fleet.model.twin import Liveness
from fleet.telemetry.liveness import Watch
from tests.nouns import VAN_1, VAN_2

STALE, LOST = (VAN_1, Liveness.STALE), (VAN_1, Liveness.LOST)


@pytest.fixture
def watch() -> Watch:
    """Stale after 35 s, lost after 120 s; van 1 was heard at 0."""
    watch = Watch(35.0, 120.0)
    watch.heard(VAN_1, 0.0)
    return watch


def test_a_vehicle_that_is_heard_often_enough_is_never_told(watch: Watch) -> None:
    for second in range(0, 600, 30):
        watch.heard(VAN_1, float(second))
        assert watch.overdue(second + 29.0) == []


@pytest.mark.vda5050("3.6")
def test_a_silent_vehicle_becomes_stale_and_then_lost(watch: Watch) -> None:
    assert watch.overdue(34.9) == []
    assert watch.overdue(35.0) == [STALE]
    assert watch.overdue(119.9) == []
    assert watch.overdue(120.0) == [LOST]


def test_nobody_is_told_twice(watch: Watch) -> None:
    told = [each for second in range(0, 1000, 5) for each in watch.overdue(float(second))]
    assert told == [STALE, LOST]


def test_whoever_looks_late_is_told_of_both_levels_in_order(watch: Watch) -> None:
    assert watch.overdue(500.0) == [STALE, LOST]


def test_a_vehicle_that_is_heard_again_may_fall_silent_again(watch: Watch) -> None:
    watch.overdue(200.0)
    watch.heard(VAN_1, 300.0)
    assert watch.overdue(334.9) == []
    assert [watch.overdue(335.0), watch.overdue(420.0)] == [[STALE], [LOST]]


def test_a_vehicle_heard_between_stale_and_lost_is_not_lost(watch: Watch) -> None:
    watch.overdue(40.0)
    watch.heard(VAN_1, 60.0)
    assert watch.overdue(94.9) == []
    assert watch.overdue(95.0) == [STALE]
    assert watch.overdue(179.9) == []


def test_a_vehicle_that_flickers_is_told_each_level_once_each_time(watch: Watch) -> None:
    told = []
    for spell in range(20):
        start = spell * 200.0
        watch.heard(VAN_1, start)
        told += [watch.overdue(start + s) for s in (36.0, 40.0, 121.0, 130.0)]
    assert told == [[STALE], [], [LOST], []] * 20


def test_a_vehicle_that_is_expected_counts_as_silent_from_then_on() -> None:
    watch = Watch(35.0, 120.0)
    watch.expected(VAN_1, 10.0)
    assert watch.overdue(45.0) == [STALE]


def test_expecting_a_vehicle_that_was_heard_changes_nothing(watch: Watch) -> None:
    watch.expected(VAN_1, 30.0)
    assert watch.overdue(35.0) == [STALE]


def test_each_vehicle_is_silent_by_itself(watch: Watch) -> None:
    watch.heard(VAN_2, 30.0)
    assert watch.overdue(40.0) == [STALE]
    assert watch.overdue(65.0) == [(VAN_2, Liveness.STALE)]


def test_the_next_look_is_due_when_somebody_may_be_silent(watch: Watch) -> None:
    assert watch.next_due_s == 35.0
    assert Watch(35.0, 120.0).next_due_s == float("inf")


@pytest.mark.parametrize(("level", "at_s"), [(STALE, 40.0), (LOST, 130.0)])
def test_what_could_not_be_recorded_is_told_again(watch: Watch, level: tuple[str, Liveness], at_s: float) -> None:
    assert watch.overdue(at_s)[-1] == level
    watch.again(VAN_1, level[1])
    assert watch.overdue(at_s + 1.0) == [level]
    assert watch.overdue(at_s + 2.0) == []


def test_of_two_levels_that_could_not_be_recorded_the_worse_is_told_again(watch: Watch) -> None:
    for vehicle_id, level in watch.overdue(130.0):
        watch.again(vehicle_id, level)
    assert watch.overdue(131.0) == [LOST]


def test_a_vehicle_heard_while_its_loss_could_not_be_recorded_goes_stale_again(watch: Watch) -> None:
    watch.overdue(40.0)
    watch.overdue(130.0)
    watch.heard(VAN_1, 131.0)
    watch.again(VAN_1, Liveness.LOST)
    assert watch.overdue(166.0) == [STALE]


def test_whoever_could_not_be_heard_has_his_whole_time_again(watch: Watch) -> None:
    watch.from_now(30.0)
    assert watch.overdue(64.9) == []
    assert watch.overdue(65.0) == [STALE]
    watch.from_now(100.0)
    assert watch.overdue(219.9) == []
    assert watch.overdue(220.0) == [LOST]


def test_who_is_lost_stays_lost_until_it_is_heard(watch: Watch) -> None:
    watch.overdue(500.0)
    watch.from_now(510.0)
    assert watch.overdue(2000.0) == []


@pytest.mark.vda5050("3.6")
def test_a_vehicle_that_names_a_long_interval_is_waited_for_a_fifth_longer_than_that(watch: Watch) -> None:
    watch.paced(VAN_1, 60.0)
    watch.heard(VAN_1, 1.0)
    assert watch.overdue(72.9) == []
    assert watch.overdue(73.0) == [STALE]
    assert watch.overdue(144.9) == []
    assert watch.overdue(145.0) == [LOST]


@pytest.mark.vda5050("3.6")
@pytest.mark.parametrize("interval_s", [None, 0.0, 1.0, 29.0])
def test_a_vehicle_that_speaks_often_is_silent_no_earlier_for_messages_get_lost(
    watch: Watch, interval_s: float | None
) -> None:
    watch.paced(VAN_1, interval_s)
    assert watch.overdue(34.9) == []
    assert watch.overdue(35.0) == [STALE]
    assert watch.overdue(120.0) == [LOST]


def test_a_vehicle_that_no_longer_names_an_interval_is_waited_for_as_all_others(watch: Watch) -> None:
    watch.paced(VAN_1, 600.0)
    watch.paced(VAN_1, None)
    assert watch.overdue(35.0) == [STALE]


@pytest.mark.vda5050("3.6")
def test_a_vehicle_that_hibernates_is_not_silent_until_it_wakes(watch: Watch) -> None:
    watch.sleeps(VAN_1)
    watch.heard(VAN_1, 10.0)
    watch.expected(VAN_1, 11.0)
    assert watch.overdue(7200.0) == []
    watch.wakes(VAN_1, 7200.0)
    assert watch.overdue(7234.9) == []
    assert watch.overdue(7235.0) == [STALE]


def test_a_vehicle_that_was_awake_all_along_is_not_heard_by_being_told_to_wake(watch: Watch) -> None:
    watch.wakes(VAN_1, 30.0)
    assert watch.overdue(35.0) == [STALE]


def test_whoever_was_thought_lost_and_hibernates_is_told_of_no_more(watch: Watch) -> None:
    watch.overdue(40.0)
    watch.sleeps(VAN_1)
    watch.again(VAN_1, Liveness.STALE)
    assert watch.overdue(500.0) == []
