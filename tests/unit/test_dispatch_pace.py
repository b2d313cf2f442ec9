"""Temporary speed limits: for road that is released after they began, and for no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet.controller.turn import Due
from fleet.dispatch.commands import Command, SlowRoad, UnslowRoad, perform
from fleet.dispatch.intent import Extend
from fleet.dispatch.pace import slowed
from fleet.dispatch.release import release_until
from fleet.errors import UnknownThingError
from fleet.model.order import Order, PathEdge
from fleet.orders.carry_out import carry_out
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.wire import messages as wire
from tests.nouns import NOW_S, POINT_2, VAN_1, Office, a_run, driving, loaded, opened
from tests.unit.test_controller_turn import ask

WALK_MPS = 2.0
LASTS_S = 6000.0


@pytest.fixture
def office(roads: SiteRoads) -> Office:
    """Van 1 drives to a door some blocks away."""
    office = Office(roads, loaded(roads, a_run(point=POINT_2)))
    office.turn(due=Due(vehicles=(VAN_1,)))
    office.hear(VAN_1, driving(order_of(office), 0))
    assert not order_of(office).is_fully_released
    office.sent.clear()
    return office


def order_of(office: Office) -> Order:
    [order] = office.state.orders.values()
    return order


def ahead(order: Order) -> tuple[PathEdge, ...]:
    return order.path[order.released :]


def slow(office: Office, *keys: str, speed_mps: float = WALK_MPS) -> None:
    ask(office, *(SlowRoad(key, speed_mps, NOW_S + LASTS_S, "works") for key in keys))


def pieces_on(order: Order, key: str) -> list[PathEdge]:
    return [piece for piece in order.path if piece.road_key == key]


@pytest.mark.vda5050("13.8")
def test_what_is_not_released_of_a_way_bears_a_limit_from_the_moment_it_begins(office: Office) -> None:
    before = order_of(office)
    key = ahead(before)[-1].road_key
    slow(office, key)
    after = order_of(office)
    assert {piece.speed_mps for piece in ahead(after) if piece.road_key == key} == {WALK_MPS}
    assert [p for p in ahead(after) if p.road_key != key] == [p for p in ahead(before) if p.road_key != key]


@pytest.mark.vda5050("13.8")
def test_what_is_released_is_never_slowed(office: Office) -> None:
    before = order_of(office)
    base = before.path[: before.released]
    slow(office, *(piece.road_key for piece in base))
    assert order_of(office).path[: before.released] == base
    assert not [message for to, message in office.sent if to == VAN_1]


@pytest.mark.vda5050("13.8")
def test_the_limit_is_told_with_the_road_that_is_released_under_it(office: Office, roads: SiteRoads) -> None:
    key = ahead(order_of(office))[-1].road_key
    slow(office, key)
    draft = Draft(office.state, office.now_s)
    carry_out(draft, roads, VAN_1, Extend(order_of(office).id, len(order_of(office).path)))
    update = draft.letters[-1].message
    assert isinstance(update, wire.Order)
    told = [edge.speed_mps_max for edge in update.edges if edge.released and edge.edge_id.partition("@")[0] == key]
    assert told
    assert set(told) == {WALK_MPS}


@pytest.mark.vda5050("13.8")
def test_a_new_order_bears_the_limit_from_its_first_release_on(roads: SiteRoads) -> None:
    fast = Office(roads, loaded(roads, a_run(point=POINT_2)))
    fast.turn(due=Due(vehicles=(VAN_1,)))
    key = order_of(fast).path[0].road_key
    office = Office(roads, loaded(roads, a_run(point=POINT_2)))
    slow(office, key)
    office.turn(due=Due(vehicles=(VAN_1,)))
    assert {piece.speed_mps for piece in pieces_on(order_of(office), key)} == {WALK_MPS}
    assert {piece.speed_mps for piece in pieces_on(order_of(fast), key)} != {WALK_MPS}


@pytest.mark.vda5050("13.8")
def test_a_limit_above_what_road_and_vehicle_allow_changes_nothing(office: Office) -> None:
    before = order_of(office)
    slow(office, *(piece.road_key for piece in before.path), speed_mps=60.0)
    assert order_of(office).path == before.path


def test_when_a_limit_is_over_what_is_not_released_is_fast_again(office: Office) -> None:
    before = order_of(office)
    key = ahead(before)[-1].road_key
    slow(office, key)
    ask(office, UnslowRoad(key, "done"))
    assert order_of(office).path == before.path
    assert not office.state.slow_roads


def test_a_limit_runs_out_by_itself(office: Office) -> None:
    before = order_of(office)
    slow(office, ahead(before)[-1].road_key)
    office.turn(after_s=LASTS_S + 1.0)
    assert not office.state.slow_roads
    assert {piece.edge_id: piece.speed_mps for piece in order_of(office).path} == {
        piece.edge_id: piece.speed_mps for piece in before.path
    }


def test_of_a_slow_road_less_is_released_at_once_for_exposure_is_driving_time(office: Office, roads: SiteRoads) -> None:
    order = order_of(office)
    fast = release_until(order, roads.site.limits)
    slow(office, *(piece.road_key for piece in order.path))
    crawling = replace(order_of(office), released=0, path=slowed(office.state, order.path))
    assert release_until(crawling, roads.site.limits) < fast


def test_an_update_that_was_refused_is_said_again_at_the_speed_of_now(office: Office, roads: SiteRoads) -> None:
    """Its road was released before the limit began, and is released once more after it."""
    order = order_of(office)
    key = ahead(order)[-1].road_key
    slow(office, key)
    known = replace(order_of(office), path=order.path)
    draft = Draft(replace(office.state, orders=office.state.orders.set(order.id, known)), office.now_s)
    carry_out(draft, roads, VAN_1, Extend(order.id, len(order.path)))
    assert {piece.speed_mps for piece in pieces_on(draft.state.orders[order.id], key)} == {WALK_MPS}


@pytest.mark.parametrize("command", [SlowRoad("e9-9-9", WALK_MPS, NOW_S + 60.0, ""), UnslowRoad("e9-9-9", "")])
def test_an_unknown_road_is_not_slowed(roads: SiteRoads, command: Command) -> None:
    with pytest.raises(UnknownThingError):
        perform(Draft(opened(roads), NOW_S), roads, command)
