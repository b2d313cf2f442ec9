"""Whatever the way looks like and whatever gets lost, an order is told, followed and ended alike."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise, permutations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fleet.dispatch.release import HORIZON_EDGES, comes_to_its_end_s, enough_s, exceeds_limits, extension, release_until
from fleet.model import event as ev
from fleet.model.ids import ActionId, OrderId
from fleet.model.order import ActionPhase, Order, OrderPhase, PathEdge, PathNode
from fleet.model.place import Place
from fleet.model.site import Limits
from fleet.orders.build import order_message, update_message
from fleet.orders.follow import order_events
from fleet.orders.way import LONGEST_PIECE_M, STOP_SPACING_M, way_of
from fleet.roads.route import NoRoute, Route
from fleet.wire.codec import body_of, encode_order, with_header
from fleet.wire.messages import ActionStatus
from fleet.wire.messages import Order as Message
from fleet.wire.rules import order_violations
from tests.nouns import VAN, a_header, an_order, driving, terms, town

LIMITS = Limits()

pieces = st.lists(st.tuples(st.floats(0.5, 900.0), st.booleans(), st.floats(1.0, 15.0)), min_size=0, max_size=40)


def an_order_along(drawn: list[tuple[float, bool, float]]) -> Order:
    last = len(drawn) - 1
    path = tuple(
        PathEdge(
            edge=i,
            edge_id=f"e{i}",
            road_key=f"e{i}",
            from_m=0.0,
            to_m=metres,
            speed_mps=speed_mps,
            end=PathNode(node_id="point:p1" if i == last else f"n{i % 7}", x_m=float(i), y_m=0.0),
            is_safe_end=safe or i == last,
        )
        for i, (metres, safe, speed_mps) in enumerate(drawn)
    )
    order = replace(an_order(), path=path, goal=Place(max(last, 0), 0.0))
    released = release_until(order, LIMITS)
    return replace(order, released=released, announced=min(len(path), released + HORIZON_EDGES))


def judged(message: Message) -> list[str]:
    return [str(violation) for violation in order_violations("2.1.0", encode_order(message, a_header()))]


# Release --------------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("13.11")
@given(pieces, st.data())
def test_every_base_ends_at_a_safe_place_and_exceeds_the_limits_for_want_of_one_only(
    drawn: list[tuple[float, bool, float]], data: st.DataObject
) -> None:
    order = an_order_along(drawn)
    passed = data.draw(st.integers(0, order.released))
    order = replace(order, passed=passed)
    target = release_until(order, LIMITS)
    assert target >= order.released
    if target == order.released:
        return
    assert order.path[target - 1].is_safe_end
    if exceeds_limits(order, target, LIMITS):
        sooner = [i for i in range(passed, target - 1) if i < order.released or order.path[i].is_safe_end]
        sooner_s = sum(piece.duration_s for piece in order.path[passed : sooner[-1] + 1]) if sooner else 0.0
        assert sooner_s <= enough_s(order, LIMITS) + 1e-6


@pytest.mark.vda5050("6.11")
@given(pieces)
def test_a_vehicle_that_drives_at_its_speed_never_comes_near_the_end_of_its_base(
    drawn: list[tuple[float, bool, float]],
) -> None:
    """Whatever the road looks like, in time for a message there and back, and for not braking.

    Only where a single piece is longer than what may be released, as on a very slow road, its end is awaited first.
    """
    now_s = 1000.0
    order = replace(an_order_along(drawn), passed_s=now_s)
    while not order.is_fully_released:
        if (target := extension(order, LIMITS, now_s)) is not None:
            order = replace(order, released=target)
        if order.is_fully_released:
            return
        node_s = order.passed_s + order.path[order.passed].duration_s
        look_s = comes_to_its_end_s(order, LIMITS, now_s)
        now_s = node_s if look_s is None else min(node_s, look_s)
        base_s = sum(piece.duration_s for piece in order.path[order.passed : order.released])
        is_long_by_itself = exceeds_limits(order, order.passed + 1, LIMITS)
        assert is_long_by_itself or order.passed_s + base_s - now_s >= enough_s(order, LIMITS) - 1e-6
        if now_s == node_s:
            order = replace(order, passed=order.passed + 1, passed_s=now_s)


@pytest.mark.vda5050("5.1", "5.2", "5.3", "5.7", "6.2")
@given(pieces, st.data())
def test_a_vehicle_is_led_to_its_goal_by_updates_that_keep_every_rule(
    drawn: list[tuple[float, bool, float]], data: st.DataObject
) -> None:
    order = an_order_along(drawn)
    assert judged(order_message(order, terms())) == []
    for _ in range(4 * len(order.path) + 1):
        target = extension(order, LIMITS, 0.0)
        if target is not None:
            before = order
            announced = min(len(order.path), target + HORIZON_EDGES)
            order = replace(order, released=target, announced=announced, update_id=order.update_id + 1)
            message = update_message(before, order, terms())
            assert judged(message) == []
            first = message.nodes[0]
            assert (first.sequence_id, first.actions, first.released) == (2 * before.released, (), True)
            assert [n.sequence_id for n in message.nodes if n.released][-1] == 2 * target
        if order.passed == len(order.path):
            return
        assert order.released > order.passed, "starved"
        order = replace(order, passed=data.draw(st.integers(order.passed + 1, order.released)))
    raise AssertionError("never arrived")


@pytest.mark.vda5050("2.2")
def test_an_order_says_the_same_bytes_under_every_header() -> None:
    body = body_of(order_message(an_order("n1", "point:p1"), terms()))
    one, other = (with_header(body, a_header(number)) for number in (1, 2))
    assert one != other
    assert one.partition(b'"orderId"')[2] == other.partition(b'"orderId"')[2]


# Follow ---------------------------------------------------------------------------------------------------------------


def folded(order: Order, event: ev.Event) -> Order:
    match event:
        case ev.OrderSeen():
            phase = OrderPhase.ACTIVE if order.phase is OrderPhase.ISSUED else order.phase
            return replace(order, update_seen=event.update_id, phase=phase)
        case ev.NodePassed():
            return replace(order, passed=event.passed)
        case ev.ActionMoved():
            actions = (replace(a, phase=event.phase) if a.action_id == event.action_id else a for a in order.actions)
            return replace(order, actions=tuple(actions))
        case ev.OrderEnded():
            return replace(order, phase=event.phase)
    return order


@pytest.mark.vda5050("10.3")
@given(st.integers(0, 12), st.integers(0, 2**32), st.floats(0.0, 0.9))
def test_a_drive_comes_to_the_same_end_however_many_states_are_lost(nodes: int, seed: int, loss: float) -> None:
    chance = random.Random(seed)
    ends = [f"n{i % 3}" for i in range(max(nodes - 1, 0))] + (["point:p1"] if nodes else [])
    order = an_order(*ends)
    said = [driving(order, passed) for passed in range(len(ends) + 1)]
    said.append(driving(order, len(ends), actions={"a-run-1": ActionStatus.RUNNING}))
    heard = [state for state in said if chance.random() >= loss]
    final = driving(order, len(ends), actions={"a-run-1": "delivered=3"})
    for state in [*heard, final]:
        for event in order_events(order, state):
            order = folded(order, event)
    assert (order.phase, order.passed) == (OrderPhase.FINISHED, len(ends))
    assert order.action(ActionId("a-run-1")).phase is ActionPhase.FINISHED  # type: ignore[union-attr]  # it has one


@given(st.integers(1, 12), st.lists(st.integers(0, 12), max_size=20))
def test_states_in_any_order_never_move_progress_back(nodes: int, said: list[int]) -> None:
    order = replace(an_order(*[f"n{i % 3}" for i in range(nodes)]), id=OrderId("o-1"))
    for passed in said:
        before = order.passed
        for event in order_events(order, driving(order, min(passed, nodes))):
            order = folded(order, event)
        assert order.passed >= before


# Way ------------------------------------------------------------------------------------------------------------------

ROADS = town()
EDGES = ROADS.graph.edge_count
places = st.builds(Place, st.integers(0, EDGES - 1), st.floats(0.0, 300.0))


def on(street: str, offset_m: float) -> Place:
    edge = ROADS.graph.edge_by_key(street)
    assert edge is not None
    return Place(edge, offset_m)


@pytest.mark.vda5050("13.8")
@given(places, places)
@settings(max_examples=300)
@example(on("e1-2-1", 299.8), on("e2-3-1", 0.2))
@example(on("e1-2-1", 300.0), on("e2-3-1", 0.0))
@example(on("e1-2-1", 299.8), on("e2-3-1", 100.0))
@example(on("e1-2-1", 100.0), on("e2-3-1", 0.2))
@example(on("e1-2-1", 100.0), on("e1-2-1", 100.0))
def test_the_pieces_of_a_way_join_and_add_up_to_its_route(start: Place, end: Place) -> None:
    route = ROADS.route(VAN.id, start, end, frozenset())
    if isinstance(route, NoRoute):
        return
    goal = PathNode(node_id="point:p1", x_m=0.0, y_m=0.0)
    way = way_of(ROADS.graph, route, goal, VAN.speed_mps_max)
    assert way, "a route is at least one piece"
    for before, after in pairwise(way):
        if before.edge == after.edge and before.to_m == after.from_m:
            continue
        assert before.to_m == ROADS.graph.edge_length_m[before.edge]
        assert after.from_m == 0.0
        assert ROADS.graph.edge_to[before.edge] == ROADS.graph.edge_from[after.edge]
    assert abs(sum(piece.length_m for piece in way) - _length_m(route)) <= 1.0
    assert all(piece.length_m > 0.0 for piece in way) or len(way) == 1
    for piece in way:
        assert piece.speed_mps == min(float(ROADS.graph.edge_speed_mps[piece.edge]), VAN.speed_mps_max)
    assert way[-1].end == goal
    assert way[-1].is_safe_end
    assert len({piece.edge_id for piece in way}) == len(way) or start.edge == end.edge
    stops = [sum(p.length_m for p in way[: i + 1]) for i, piece in enumerate(way[:-1]) if piece.is_safe_end]
    assert all(later - sooner >= STOP_SPACING_M - 1.0 for sooner, later in pairwise(stops))
    assert all(piece.length_m <= LONGEST_PIECE_M + 1.0 for piece in way)


@pytest.mark.vda5050("5.7")
@given(st.integers(0, EDGES - 1), st.lists(st.floats(0.0, 300.0), min_size=2, max_size=2), places)
def test_where_a_road_is_cut_does_not_depend_on_where_the_vehicle_stood_on_it(
    edge: int, starts_m: list[float], goal: Place
) -> None:
    """Its nodes keep their names from one order to the next, so that a vehicle knows them again."""
    node = PathNode(node_id="point:p1", x_m=0.0, y_m=0.0)
    routes = [ROADS.route(VAN.id, Place(edge, start_m), goal, frozenset()) for start_m in starts_m]
    ways = [way_of(ROADS.graph, found, node, VAN.speed_mps_max) for found in routes if isinstance(found, Route)]
    cuts = [{(piece.edge, piece.to_m) for piece in way[:-1]} for way in ways]
    for sooner, later in permutations(cuts, 2):
        apart_m = [abs(a - b) for one, a in sooner for other, b in later if one == other and a != b]
        assert min(apart_m, default=99.0) >= 10.0


def _length_m(route: Route) -> float:
    edges = route.edges
    if len(edges) == 1:
        return route.end_m - route.start_m
    inner = sum(float(ROADS.graph.edge_length_m[edge]) for edge in edges[1:-1])
    return float(ROADS.graph.edge_length_m[edges[0]]) - route.start_m + inner + route.end_m
