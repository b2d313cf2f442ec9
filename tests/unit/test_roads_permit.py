from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fleet.roads.permit import allowed_mask, on_business_mask, passable_mask
from fleet.roads.refuse import may_drive, may_follow, may_pass, may_turn
from tests.drawn_map import VAN, DrawnMap, draw

LINE = {"a": (0.0, 0.0), "b": (100.0, 0.0), "c": (200.0, 0.0), "d": (200.0, 100.0)}


def street(tmp_path: Path, tags: dict[str, str]) -> DrawnMap:
    """A plain street ab and one with these tags, bc."""
    return draw(tmp_path, LINE, {"ab": {}, "bc": tags})


@pytest.mark.parametrize(
    ("tags", "named"),
    [
        ({"highway": "track"}, "road class track not allowed"),
        ({"access": "private"}, "access=private"),
        ({"access": "no"}, "access=no"),
        ({"access": "yes", "motor_vehicle": "agricultural"}, "motor_vehicle=agricultural"),
        ({"vehicle": "forestry"}, "vehicle=forestry"),
        ({"motor_vehicle": "delivery;private"}, "motor_vehicle=delivery;private"),
        ({"access": "somebody wrote this"}, "access=somebody wrote this"),
        ({"motor_vehicle:conditional": "no @ (22:00-06:00)"}, "motor_vehicle=no @ 22:00-06:00"),
        ({"access:conditional": "yes @ (06:00-11:00; Sa 08:00-10:00); private @ wet"}, "access=private @ wet"),
    ],
)
def test_a_street_is_refused_by_what_forbids_it(tags: dict[str, str], named: str, tmp_path: Path) -> None:
    drawn = street(tmp_path, tags)
    refusal = may_drive(drawn.graph, VAN, drawn.edge("bc"))
    assert refusal is not None
    assert named in refusal.reason
    assert not allowed_mask(drawn.graph, VAN)[drawn.edge("bc")]


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"access": "private", "motor_vehicle": "yes"},
        {"vehicle": "no", "motor_vehicle": "permissive"},
        {"access": "no", "vehicle": "designated"},
        {"motor_vehicle": "destination; delivery"},
        {"access": "customers"},
        {"motor_vehicle:conditional": "no @ (weight>7.5)"},
        {"motor_vehicle:conditional": "delivery @ (06:00-11:00)"},
    ],
)
def test_a_street_is_open_when_its_most_specific_tag_lets_us_in(tags: dict[str, str], tmp_path: Path) -> None:
    drawn = street(tmp_path, tags)
    assert may_drive(drawn.graph, VAN, drawn.edge("bc")) is None
    assert allowed_mask(drawn.graph, VAN)[drawn.edge("bc")]


def test_a_closed_street_is_refused_in_the_closed_direction_only(tmp_path: Path) -> None:
    drawn = street(tmp_path, {"name": "Lettstrasse"})
    closed = frozenset({drawn.edge("bc")})
    refusal = may_drive(drawn.graph, VAN, drawn.edge("bc"), closed)
    assert refusal is not None
    assert refusal.reason == "closed: Lettstrasse (way 2)"
    assert allowed_mask(drawn.graph, VAN, closed)[list(drawn.edges("bc", "cb"))].tolist() == [False, True]


def test_access_may_differ_by_direction(tmp_path: Path) -> None:
    drawn = street(tmp_path, {"motor_vehicle:backward": "no"})
    assert may_drive(drawn.graph, VAN, drawn.edge("bc")) is None
    assert may_drive(drawn.graph, VAN, drawn.edge("cb")) is not None


def test_a_street_for_destination_traffic_is_for_business_there(tmp_path: Path) -> None:
    drawn = street(tmp_path, {"access": "yes", "motor_vehicle": "destination"})
    assert on_business_mask(drawn.graph)[list(drawn.edges("ab", "bc"))].tolist() == [False, True]


@pytest.mark.parametrize(
    ("tags", "passes"),
    [
        ({"barrier": "bollard"}, False),
        ({"barrier": "gate"}, False),
        ({"barrier": "gate", "access": "yes"}, True),
        ({"barrier": "lift_gate", "access": "private"}, False),
        ({"barrier": "gate", "access": "no", "motor_vehicle": "delivery"}, True),
        ({"barrier": "cattle_grid"}, True),
        ({"barrier": "toll_booth", "motor_vehicle": "no"}, False),
    ],
)
def test_a_barrier_lets_through_whom_its_kind_or_its_tags_let(
    tags: dict[str, str], passes: bool, tmp_path: Path
) -> None:
    drawn = draw(tmp_path, LINE, {"abcd": {}}, marks={"b": tags})
    node = drawn.graph.node_by_key(f"n{ord('b')}")
    assert node is not None
    assert (may_pass(drawn.graph, node) is None, bool(passable_mask(drawn.graph)[node])) == (passes, passes)
    assert (may_turn(drawn.graph, VAN, drawn.edge("ab"), drawn.edge("bd")) is None) == passes
    assert (may_turn(drawn.graph, VAN, drawn.edge("ab"), drawn.edge("ba")) is None) == (not passes)


def test_a_way_is_refused_where_its_roads_do_not_join(tmp_path: Path) -> None:
    drawn = draw(tmp_path, LINE, {"ab": {}, "bc": {}, "cd": {}})
    refusal = may_follow(drawn.graph, VAN, drawn.edges("ab", "cd"))
    assert refusal is not None
    assert "does not begin where" in refusal.reason


def test_nobody_turns_round_at_a_junction(tmp_path: Path) -> None:
    drawn = draw(tmp_path, LINE, {"ab": {}, "bc": {}})
    refusal = may_turn(drawn.graph, VAN, drawn.edge("ab"), drawn.edge("ba"))
    assert refusal is not None
    assert "no dead end" in refusal.reason


def test_turning_round_is_lawful_where_the_only_other_road_is_not_ours(tmp_path: Path) -> None:
    drawn = street(tmp_path, {"highway": "track"})
    assert may_turn(drawn.graph, VAN, drawn.edge("ab"), drawn.edge("ba")) is None


def test_a_vehicle_without_speed_has_no_profile() -> None:
    with pytest.raises(ValueError, match="above 0 m/s"):
        replace(VAN, speed_mps_max=0.0)
