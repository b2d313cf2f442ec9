from __future__ import annotations

import pytest

from fleet.maps.tags import CLASS_SPEED_KMH, lanes, speed_limit_mps, why_dropped


@pytest.mark.parametrize(
    ("text", "kmh"),
    [
        ("50", 50),
        ("30 mph", 48.28),
        ("30mph", 48.28),
        ("20 km/h", 20),
        ("walk", 7),
        ("RU:urban", 50),
        ("DE:rural", 80),
        ("DE:zone:30", 30),
        ("DE:zone30", 30),
        ("DE:30", 30),
        ("zone:20", 20),
        ("CH:living_street", 10),
        ("70;50", 50),
        ("none;80", 80),
    ],
)
def test_a_limit_is_understood_in_the_units_and_words_of_osm(text: str, kmh: float) -> None:
    assert speed_limit_mps(text) == pytest.approx(kmh / 3.6, abs=0.01)


@pytest.mark.parametrize("text", ["", "none", "signals", "variable", "0", "fast", "-5"])
def test_a_limit_that_is_no_number_is_no_limit(text: str) -> None:
    assert speed_limit_mps(text) is None


def test_a_road_without_a_limit_gets_that_of_its_class() -> None:
    for forward in (lanes({"highway": "tertiary"})[0], lanes({"highway": "tertiary", "maxspeed": "signals"})[0]):
        assert forward is not None
        assert forward.speed_mps == pytest.approx(CLASS_SPEED_KMH["tertiary"] / 3.6)


def test_a_limit_may_differ_by_direction() -> None:
    forward, backward = lanes({"highway": "residential", "maxspeed": "50", "maxspeed:backward": "30"})
    assert forward is not None
    assert backward is not None
    assert (forward.speed_mps, backward.speed_mps) == pytest.approx((50 / 3.6, 30 / 3.6))


@pytest.mark.parametrize(
    ("tags", "forward", "backward"),
    [
        ({}, True, True),
        ({"oneway": "no"}, True, True),
        ({"oneway": "yes"}, True, False),
        ({"oneway": "1"}, True, False),
        ({"oneway": "-1"}, False, True),
        ({"oneway": "yes", "oneway:motor_vehicle": "no"}, True, True),
        ({"junction": "roundabout"}, True, False),
        ({"junction": "circular", "oneway": "no"}, True, True),
    ],
)
def test_one_way_roads_lead_one_way(tags: dict[str, str], forward: bool, backward: bool) -> None:
    ways = lanes({"highway": "residential"} | tags)
    assert tuple(lane is not None for lane in ways) == (forward, backward)


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"highway": "footway"}, "highway=footway"),
        ({"highway": "cycleway"}, "highway=cycleway"),
        ({"highway": "construction"}, "highway=construction"),
        ({"highway": "pedestrian", "area": "yes"}, "area=yes"),
        ({"highway": "service", "service": "emergency_access"}, "service=emergency_access"),
        ({"highway": "primary", "oneway": "reversible"}, "oneway=reversible"),
        ({"highway": "service"}, None),
    ],
)
def test_ways_on_which_no_vehicle_of_ours_drives_are_left_out(tags: dict[str, str], reason: str | None) -> None:
    assert why_dropped(tags) == reason
