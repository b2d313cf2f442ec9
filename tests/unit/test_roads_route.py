from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fleet.model.place import Place
from fleet.roads.arcs import ENTRY_S, SIGNAL_S, TURN_ROUND_S
from fleet.roads.refuse import may_follow
from fleet.roads.route import NoRoute, Route, Router
from tests.drawn_map import VAN, DrawnMap, draw

# a - b - c     a block of streets, 100 m each;
# |   |   |     g sticks out at d
# f - e - d - g
BLOCK = {
    "a": (0.0, 100.0),
    "b": (100.0, 100.0),
    "c": (200.0, 100.0),
    "d": (200.0, 0.0),
    "e": (100.0, 0.0),
    "f": (0.0, 0.0),
    "g": (300.0, 0.0),
}
STREETS: dict[str, dict[str, str]] = {road: {} for road in ("ab", "bc", "cd", "de", "ef", "fa", "be", "dg")}


def way(drawn: DrawnMap, start: str, end: str, *closed: str) -> tuple[str, ...] | None:
    """Roads driven from the middle of one street to the middle of another."""
    answer = Router(drawn.graph, VAN).route(
        Place(drawn.edge(start), 50.0), Place(drawn.edge(end), 50.0), frozenset(drawn.edges(*closed))
    )
    if isinstance(answer, NoRoute):
        return None
    ids = drawn.graph.node_osm
    return tuple(chr(ids[drawn.graph.edge_from[e]]) + chr(ids[drawn.graph.edge_to[e]]) for e in answer.edges)


def test_the_quickest_way_is_taken(tmp_path: Path) -> None:
    assert way(draw(tmp_path, BLOCK, STREETS), "ab", "ed") == ("ab", "be", "ed")


def test_a_one_way_street_is_driven_one_way(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS | {"be": {"oneway": "-1"}})
    assert way(drawn, "ab", "ed") == ("ab", "bc", "cd", "de", "eb", "ba", "af", "fe", "ed")
    assert not drawn.has_edge("be")


def test_a_bollard_makes_two_dead_ends_of_a_street(tmp_path: Path) -> None:
    others = {road: tags for road, tags in STREETS.items() if road != "be"}
    drawn = draw(tmp_path, BLOCK | {"m": (100.0, 60.0)}, others | {"bme": {}}, {"m": {"barrier": "bollard"}})
    assert way(drawn, "ab", "ed") == ("ab", "bm", "mb", "ba", "af", "fe", "ed")


@pytest.mark.parametrize(
    ("kind", "goes"),
    [("no_right_turn", ("ab", "bc", "cd", "de", "ef")), ("only_right_turn", ("ab", "be", "ef"))],
)
def test_turn_restrictions_are_obeyed(kind: str, goes: tuple[str, ...], tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS, bans=[("ab", "b", "be", kind)])
    assert way(drawn, "ab", "ef") == goes


def test_only_straight_on_forbids_the_side_street(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS, bans=[("ab", "b", "bc", "only_straight_on")])
    assert way(drawn, "ab", "ef") == ("ab", "bc", "cd", "de", "ef")
    assert way(drawn, "cb", "ef") == ("cb", "be", "ef")


def test_a_restriction_over_a_way_binds_only_those_who_come_from_its_start(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS, bans=[("ab", "be", "ef", "no_u_turn")])
    assert drawn.graph.forbidden_paths == (drawn.edges("ab", "be", "ef"),)
    assert way(drawn, "ab", "ef") == ("ab", "bc", "cd", "de", "ef")
    assert way(drawn, "cb", "ef") == ("cb", "be", "ef")


def test_an_only_restriction_over_a_way_leaves_no_other_way(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS, bans=[("ab", "be", "de", "only_left_turn")])
    assert way(drawn, "ab", "bc") is not None
    assert way(drawn, "ab", "bc") != ("ab", "bc")
    assert way(drawn, "ab", "ef") == ("ab", "be", "ed", "dc", "cb", "be", "ef")


def test_a_restriction_holds_within_the_way_of_a_longer_one(tmp_path: Path) -> None:
    roads = STREETS | {"bc": {"maxspeed": "20"}}
    bans = [("ab", "be de", "cd", "no_left_turn"), ("be", "de", "dg", "no_straight_on")]
    assert way(draw(tmp_path, BLOCK, roads), "ab", "dg") == ("ab", "be", "ed", "dg")
    assert way(draw(tmp_path, BLOCK, roads, bans=bans), "ab", "dg") == ("ab", "bc", "cd", "dg")


def test_restrictions_that_except_motor_cars_do_not_bind_us(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS, bans=[("ab", "b", "be", "no_right_turn", {"except": "bicycle; motorcar"})])
    assert way(drawn, "ab", "ef") == ("ab", "be", "ef")
    assert drawn.summary.dropped == {"restriction: motor vehicles excepted": 1}


def test_nobody_turns_round_on_the_road(tmp_path: Path) -> None:
    round_the_block = way(draw(tmp_path, BLOCK, STREETS), "cb", "bc")
    assert round_the_block is not None
    assert len(round_the_block) == 6


def test_a_vehicle_turns_round_at_a_dead_end(tmp_path: Path) -> None:
    assert way(draw(tmp_path, BLOCK, STREETS), "dg", "gd") == ("dg", "gd")


def test_a_place_behind_on_the_same_road_means_going_round(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS)
    edge = drawn.edge("ab")
    answer = Router(drawn.graph, VAN).route(Place(edge, 60.0), Place(edge, 40.0))
    assert isinstance(answer, Route)
    assert answer.edges == drawn.edges("ab", "be", "ef", "fa", "ab")
    assert answer.length_m == pytest.approx(380.0, abs=0.1)


def test_a_place_ahead_on_the_same_road_is_a_straight_drive(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS)
    edge = drawn.edge("ab")
    answer = Router(drawn.graph, VAN).route(Place(edge, 40.0), Place(edge, 65.0))
    assert isinstance(answer, Route)
    assert (answer.edges, answer.start_m, answer.end_m, answer.length_m) == ((edge,), 40.0, 65.0, 25.0)
    assert answer.duration_s == pytest.approx(25.0 * 3.6 / 30.0)


def test_a_closed_street_is_driven_round(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS)
    assert way(drawn, "ab", "ef") == ("ab", "be", "ef")
    assert way(drawn, "ab", "ef", "be") == ("ab", "bc", "cd", "de", "ef")
    assert way(drawn, "ab", "ef") == ("ab", "be", "ef")


def test_a_closure_makes_a_dead_end_where_a_vehicle_may_turn_round(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS)
    assert way(drawn, "ab", "ba") != ("ab", "ba")
    assert way(drawn, "ab", "ba", "bc", "be") == ("ab", "ba")


def test_there_is_no_way_onto_a_closed_road(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS | {"de": {"name": "Im Krüz"}})
    start, end = Place(drawn.edge("ab"), 1.0), Place(drawn.edge("de"), 1.0)
    answer = Router(drawn.graph, VAN).route(start, end, frozenset({end.edge}))
    assert answer == NoRoute("end: closed: Im Krüz (way 4)")


def test_a_place_behind_closures_has_no_way_and_the_answer_says_so(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS)
    closed = frozenset(drawn.edges("ab", "fa"))
    answer = Router(drawn.graph, VAN).route(Place(drawn.edge("bc"), 1.0), Place(drawn.edge("ed"), 1.0), closed)
    assert isinstance(answer, Route)
    shut = frozenset(drawn.edges("ab", "eb", "cb"))
    answer = Router(drawn.graph, VAN).route(Place(drawn.edge("ed"), 1.0), Place(drawn.edge("bc"), 1.0), shut)
    assert answer == NoRoute("every way is closed (3 directed edges are)")


def test_a_private_street_is_no_short_cut(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS | {"be": {"access": "private"}})
    assert way(drawn, "ab", "ef") == ("ab", "bc", "cd", "de", "ef")
    answer = Router(drawn.graph, VAN).route(Place(drawn.edge("ab"), 1.0), Place(drawn.edge("be"), 1.0))
    assert answer == NoRoute("end: access=private: unnamed residential road (way 7)")


def test_a_street_for_destination_traffic_is_an_end_but_no_short_cut(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS | {"be": {"motor_vehicle": "destination"}})
    assert way(drawn, "ab", "ef") == ("ab", "bc", "cd", "de", "ef")
    assert way(drawn, "ab", "be") == ("ab", "be")


def test_the_charge_for_entering_is_no_part_of_the_driving_time(tmp_path: Path) -> None:
    drawn = draw(tmp_path, {"a": (0, 0), "b": (300, 0)}, {"ab": {}})
    held = draw(tmp_path, {"a": (0, 0), "b": (100, 0), "c": (300, 0)}, {"ab": {}, "bc": {"access": "destination"}})
    free = Router(drawn.graph, VAN).route(Place(drawn.edge("ab"), 0.0), Place(drawn.edge("ab"), 300.0))
    paid = Router(held.graph, VAN).route(Place(held.edge("ab"), 0.0), Place(held.edge("bc"), 200.0))
    assert isinstance(free, Route)
    assert isinstance(paid, Route)
    assert paid.duration_s == pytest.approx(free.duration_s, abs=0.01)
    assert paid.duration_s < ENTRY_S


def test_driving_times_are_those_of_the_slower_of_road_and_vehicle(tmp_path: Path) -> None:
    drawn = draw(
        tmp_path, {"a": (0, 0), "b": (360, 0), "c": (720, 0)}, {"ab": {"maxspeed": "18"}, "bc": {"maxspeed": "80"}}
    )
    answer = Router(drawn.graph, VAN).route(Place(drawn.edge("ab"), 0.0), Place(drawn.edge("bc"), 360.0))
    assert isinstance(answer, Route)
    assert answer.duration_s == pytest.approx(360 / 5 + 360 / 10, abs=0.02)


def test_signals_and_turning_round_take_their_time(tmp_path: Path) -> None:
    spots, roads = {"a": (0, 0), "b": (100, 0), "c": (200, 0)}, {"ab": {"maxspeed": "36"}, "bc": {"maxspeed": "36"}}
    drawn = draw(tmp_path, spots, roads, {"b": {"highway": "traffic_signals"}})
    answer = Router(drawn.graph, VAN).route(Place(drawn.edge("ab"), 0.0), Place(drawn.edge("cb"), 100.0))
    assert isinstance(answer, Route)
    assert answer.duration_s == pytest.approx(30 + SIGNAL_S + TURN_ROUND_S, abs=0.02)


def test_roads_cut_off_from_the_rest_are_not_reachable(tmp_path: Path) -> None:
    spots = BLOCK | {"x": (500.0, 0.0), "y": (600.0, 0.0)}
    drawn = draw(tmp_path, spots, STREETS | {"gx": {"access": "no"}, "xy": {}})
    router = Router(drawn.graph, VAN)
    assert router.reachable.sum() == 2 * len(STREETS)
    answer = router.route(Place(drawn.edge("ab"), 1.0), Place(drawn.edge("xy"), 1.0))
    assert isinstance(answer, NoRoute)
    assert "cut off" in answer.reason


def test_a_one_way_street_without_return_is_not_reachable(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK | {"x": (300.0, 100.0)}, STREETS | {"cx": {"oneway": "yes"}})
    assert not Router(drawn.graph, VAN).reachable[drawn.edge("cx")]


def test_a_table_is_what_the_routes_say(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS | {"be": {"access": "private"}})
    router = Router(drawn.graph, VAN)
    places = [Place(drawn.edge(road), 30.0) for road in ("ab", "cd", "be", "gd")]
    table = router.table(places)
    for i, start in enumerate(places):
        for j, end in enumerate(places):
            answer = router.route(start, end)
            expected = (answer.duration_s, answer.length_m) if isinstance(answer, Route) else (np.inf, np.inf)
            assert (table.durations_s[i, j], table.lengths_m[i, j]) == expected
    assert np.isinf(table.durations_s[2]).all()


def test_no_places_make_an_empty_table(tmp_path: Path) -> None:
    assert Router(draw(tmp_path, BLOCK, STREETS).graph, VAN).table([]).durations_s.shape == (0, 0)


def test_a_profile_without_a_road_of_its_class_reaches_nothing(tmp_path: Path) -> None:
    drawn = draw(tmp_path, BLOCK, STREETS)
    assert not Router(drawn.graph, replace(VAN, road_classes=frozenset({"motorway"}))).reachable.any()


def test_every_way_found_is_one_that_the_second_reading_lets_pass(tmp_path: Path) -> None:
    drawn = draw(
        tmp_path, BLOCK, STREETS, bans=[("ab", "be", "ef", "no_left_turn"), ("cd", "d", "de", "no_right_turn")]
    )
    router = Router(drawn.graph, VAN)
    for start in range(drawn.graph.edge_count):
        for end in range(drawn.graph.edge_count):
            answer = router.route(Place(start, 5.0), Place(end, 5.0))
            assert isinstance(answer, NoRoute) or may_follow(drawn.graph, VAN, answer.edges) is None
