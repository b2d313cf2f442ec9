"""Staff, berths, obstacles, and the faults that befall them."""

from __future__ import annotations

import math
import statistics

import pytest

from fleet.model.ids import PointId
from fleet.model.place import PickupPoint
from tests.hand_timers import HandTimers
from vehicle_sim.berths import Berths
from vehicle_sim.chronicle import Chronicle, WorldEvent, WorldEventKind
from vehicle_sim.grid import grid_town
from vehicle_sim.ground import Ground
from vehicle_sim.obstacles import Obstacles
from vehicle_sim.staff import Staff

POINT = PickupPoint(
    id=PointId("p1"),
    name="Point",
    lat=47.0,
    lon=9.5,
    unload_fixed_s=90.0,
    unload_per_parcel_s=0.8,
    staff_wait_s=90.0,
    no_show_s=600.0,
)


@pytest.fixture
def timers() -> HandTimers:
    return HandTimers()


@pytest.fixture
def chronicle(timers: HandTimers) -> Chronicle:
    return Chronicle(timers)


def staff(timers: HandTimers, chronicle: Chronicle, seed: int = 1) -> Staff:
    return Staff({POINT.id: POINT}, timers, chronicle, seed)


def test_half_of_the_waits_for_staff_are_shorter_than_the_median(timers: HandTimers, chronicle: Chronicle) -> None:
    people = staff(timers, chronicle)
    waits = [people.wait_s(POINT.id) for _ in range(4000)]
    assert statistics.median(waits) == pytest.approx(90.0, rel=0.05)
    assert statistics.stdev(math.log(wait) for wait in waits) == pytest.approx(0.8, rel=0.05)


def test_staff_who_come_at_all_come_before_the_vehicle_gives_up(timers: HandTimers, chronicle: Chronicle) -> None:
    people = staff(timers, chronicle)
    assert max(people.wait_s(POINT.id) for _ in range(4000)) < POINT.no_show_s


def test_as_many_visits_are_in_vain_as_the_share_says_until_faults_end(
    timers: HandTimers, chronicle: Chronicle
) -> None:
    people = staff(timers, chronicle)
    people.no_show_share, people.no_show_until_s = 0.25, 100.0
    assert sum(math.isinf(people.wait_s(POINT.id)) for _ in range(4000)) == pytest.approx(1000, rel=0.1)
    timers.move_to(100.0)
    assert not any(math.isinf(people.wait_s(POINT.id)) for _ in range(100))


def test_a_clerk_who_is_away_opens_when_back(timers: HandTimers, chronicle: Chronicle) -> None:
    people = staff(timers, chronicle)
    people.go_away(POINT.id, 10_000.0)
    timers.move_to(4_000.0)
    assert people.wait_s(POINT.id) == 6_000.0


def test_each_visit_draws_the_same_wait_for_the_same_seed(timers: HandTimers, chronicle: Chronicle) -> None:
    people = [staff(timers, chronicle, seed) for seed in (1, 1, 2)]
    waits = [[each.wait_s(POINT.id) for _ in range(5)] for each in people]
    assert waits[0] == waits[1] != waits[2]


def test_one_vehicle_too_many_in_a_bay_is_a_violation(chronicle: Chronicle) -> None:
    berths = Berths(chronicle)
    berths.occupy("bay:home", "van-1", 1)
    berths.occupy("bay:home", "van-1", 1)
    assert chronicle.violations == []
    berths.occupy("bay:home", "van-2", 1)
    assert [violation.check for violation in chronicle.violations] == ["S13"]


def test_a_bay_that_was_left_can_be_taken(chronicle: Chronicle) -> None:
    berths = Berths(chronicle)
    berths.occupy("bay:home", "van-1", 1)
    berths.vacate("bay:home", "van-1")
    berths.occupy("bay:home", "van-2", 1)
    assert chronicle.violations == []


def test_a_road_is_open_when_the_last_obstacle_is_gone(timers: HandTimers, chronicle: Chronicle) -> None:
    opened: list[int] = []
    obstacles = Obstacles(Ground(grid_town(2, 1)), timers, chronicle)
    obstacles.on_opened(opened.append)
    obstacles.block(0, 100.0)
    obstacles.block(0, 200.0)
    timers.move_to(150.0)
    assert obstacles.is_blocked(0)
    assert opened == []
    timers.move_to(250.0)
    assert not obstacles.is_blocked(0)
    assert opened == [0]


def test_listeners_hear_what_happens(timers: HandTimers, chronicle: Chronicle) -> None:
    heard: list[WorldEvent] = []
    chronicle.observe(heard.append)
    timers.move_to(5.0)
    chronicle.record(WorldEventKind.CLERK_AWAY, place="p1")
    assert [(event.time_s, event.kind, event.place) for event in heard] == [(5.0, WorldEventKind.CLERK_AWAY, "p1")]
