"""Leave to use room beside the lane: given where nobody needs the road, and taken back as soon as somebody does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from fleet.controller.turn import Due
from fleet.dispatch.room import kept_out
from fleet.model import event as ev
from fleet.model.ids import OrderId, VehicleId
from fleet.model.order import Order, OrderPhase
from fleet.model.profile import Habits
from fleet.model.twin import Liveness
from fleet.orders.answers import LEASE_S, NEEDED
from fleet.orders.outlet import OutboxStatus, outcome
from fleet.roads.site_roads import SiteRoads
from fleet.wire.messages import Grant, RequestStatus, Response, Responses, VehicleRequest
from tests.nouns import POINT_2, VAN_1, VAN_2, Office, a_run, after, driving, loaded
from tests.unit.test_dispatch_room import along
from tests.unit.test_orders_answers import a_request, in_3_0
from tests.unit.test_orders_outlet import a_row

GRANTED, REVOKED, EXPIRED = RequestStatus.GRANTED, RequestStatus.REVOKED, RequestStatus.EXPIRED


@pytest.fixture
def office(roads: SiteRoads) -> Office:
    """Van 1 asks before it uses the room beside its lane, and is on its way."""
    state = loaded(roads, a_run(point=POINT_2))
    habits = Habits(takes_trajectories=True, corridor_m=2.5)
    van = replace(state.twin(VAN_1).vehicle, vda5050_version="3.0.0", habits=habits)
    office = Office(roads, after(state, [ev.VehicleEnrolled(vehicle=van)]))
    office.turn(due=Due(vehicles=(VAN_1,)))
    office.hear(VAN_1, in_3_0(driving(the_order(office), 0)))
    office.sent.clear()
    return office


def the_order(office: Office) -> Order:
    [order] = [order for order in office.state.orders.values() if order.vehicle_id == VAN_1]
    return order


def asks(status: RequestStatus = RequestStatus.REQUESTED, name: str = "q-1") -> VehicleRequest:
    """For the second piece of its way; van 2 stands on the first, at home."""
    return a_request("CORRIDOR", "", name, status)


def says(office: Office, *requests: VehicleRequest, passed: int = 0) -> None:
    order = the_order(office)
    named = tuple(a_request(r.request_type, r.subject or piece_of(order), r.request_id, r.status) for r in requests)
    office.hear(VAN_1, in_3_0(driving(order, passed, requests=named)))


def piece_of(order: Order) -> str:
    return order.path[room_at(order)].edge_id


def room_at(order: Order) -> int:
    """The first piece that is not of the block at home."""
    return next(i for i, piece in enumerate(order.path) if piece.edge != order.path[0].edge)


def answers(office: Office) -> list[Response]:
    return [answer for _, m in office.sent if isinstance(m, Responses) for answer in m.responses]


def grants(office: Office) -> list[Grant]:
    return [answer.grant for answer in answers(office)]


def comes(office: Office, edges: Iterable[int] | None = None, released: int = 0) -> Order:
    """Van 2 is on its way along these roads; by default against van 1, through the room that it asks for."""
    asked_for = the_order(office).path[room_at(the_order(office))].edge
    order = along(office.roads, tuple(edges or (asked_for ^ 1,)), VAN_2, released=released)
    office.state = after(office.state, [ev.OrderIssued(order=order)], office.now_s)
    return order


def is_kept_out(office: Office, other: Order) -> bool:
    return kept_out(office.state, office.roads.graph, other) is not None


@pytest.mark.vda5050("13.9")
def test_leave_for_room_beside_the_lane_is_given_for_a_while_where_nobody_else_has_road(office: Office) -> None:
    says(office, asks())
    [answer] = answers(office)
    assert (answer.grant, answer.lease_until_s) == (Grant.GRANTED, office.now_s + LEASE_S)


@pytest.mark.vda5050("13.9", "6.12")
@pytest.mark.parametrize("released", [1, 0], ids=["has road", "may soon have road"])
@pytest.mark.parametrize("turned", [1, 0], ids=["the other way", "the same way"])
def test_no_leave_is_given_where_another_vehicle_has_road_or_may_soon_have(
    office: Office, released: int, turned: int
) -> None:
    order = the_order(office)
    comes(office, (order.path[room_at(order)].edge ^ turned,), released)
    says(office, asks())
    assert grants(office) == [Grant.REJECTED]
    [decided] = [event for event in office.events if isinstance(event, ev.RequestAnswered)]
    assert decided.why == NEEDED


@pytest.mark.vda5050("13.9")
def test_no_leave_is_given_beside_a_vehicle_that_stands(office: Office) -> None:
    order = the_order(office)
    says(office, a_request("CORRIDOR", order.path[0].edge_id))
    assert grants(office) == [Grant.REJECTED]


@pytest.mark.vda5050("13.9")
def test_whoever_comes_later_is_kept_out_until_the_vehicle_says_that_it_has_left_the_room(office: Office) -> None:
    says(office, asks())
    says(office, asks(GRANTED))
    other = comes(office)
    assert is_kept_out(office, other)
    office.turn(due=Due(vehicles=(VAN_1,)))
    assert grants(office) == [Grant.GRANTED, Grant.REVOKED]
    says(office, asks(GRANTED))
    assert is_kept_out(office, other), "it has not heard of it yet"
    says(office, asks(REVOKED))
    assert not is_kept_out(office, other)


@pytest.mark.vda5050("13.9")
def test_it_is_looked_at_every_few_seconds_whether_somebody_needs_the_room(office: Office) -> None:
    says(office, asks())
    outcome = office.turn(due=Due(vehicles=(VAN_1,)))
    assert outcome.failures == []
    assert grants(office) == [Grant.GRANTED]
    comes(office)
    office.turn(due=Due(vehicles=(VAN_1,)))
    office.turn(due=Due(vehicles=(VAN_1,)))
    assert grants(office) == [Grant.GRANTED, Grant.REVOKED], "once"


@pytest.mark.vda5050("13.9")
@pytest.mark.parametrize("shown", [(), (asks(EXPIRED),), (asks(),)], ids=["given back", "run out", "asked anew"])
def test_room_that_is_no_longer_used_is_free(office: Office, shown: tuple[VehicleRequest, ...]) -> None:
    says(office, asks())
    says(office, asks(GRANTED))
    other = comes(office)
    says(office, *shown)
    assert not is_kept_out(office, other)


@pytest.mark.vda5050("13.9")
def test_room_that_was_passed_is_free_whatever_the_vehicle_shows(office: Office) -> None:
    says(office, asks())
    other = comes(office)
    assert is_kept_out(office, other)
    says(office, asks(GRANTED), passed=room_at(the_order(office)) + 1)
    assert not is_kept_out(office, other)


@pytest.mark.vda5050("13.9")
def test_leave_that_a_vehicle_still_shows_under_its_next_order_keeps_others_out(office: Office) -> None:
    says(office, asks())
    says(office, asks(GRANTED))
    order = the_order(office)
    over = ev.OrderEnded(order_id=order.id, phase=OrderPhase.VANISHED, why="another goal")
    anew = ev.OrderIssued(order=replace(order, id=OrderId("o-next")))
    office.state = after(office.state, [over, anew], office.now_s)
    assert is_kept_out(office, comes(office))


@pytest.mark.vda5050("13.9", "3.3")
def test_a_lease_that_has_run_out_while_its_vehicle_is_silent_still_keeps_others_out(office: Office) -> None:
    """Its clock may go after ours, and nobody knows where it is."""
    says(office, asks())
    says(office, asks(GRANTED))
    silent = ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.STALE)
    office.now_s += 10 * LEASE_S
    office.state = after(office.state, [silent], office.now_s)
    assert is_kept_out(office, comes(office))


@pytest.mark.vda5050("13.9")
def test_what_is_taken_back_is_said_until_the_vehicle_shows_it_and_the_leave_before_it_no_more(office: Office) -> None:
    says(office, asks())
    gave = replace(a_row("q-1", topic="responses"), created_s=office.now_s)
    comes(office)
    office.turn(due=Due(vehicles=(VAN_1,)))
    took = replace(gave, created_s=office.now_s)
    assert (outcome(office.state, gave), outcome(office.state, took)) == (OutboxStatus.SUPERSEDED, None)
    says(office, asks(GRANTED))
    assert outcome(office.state, took) is None
    says(office, asks(REVOKED))
    assert outcome(office.state, took) is OutboxStatus.CONFIRMED


@pytest.mark.vda5050("13.9")
def test_a_leave_is_not_forgotten_over_all_else_that_is_asked(office: Office) -> None:
    says(office, asks())
    for round_ in range(5):
        asked = (a_request("ACCESS", "z", f"z-{round_}-{n}") for n in range(15))
        says(office, asks(GRANTED), *asked)
    assert is_kept_out(office, comes(office))


@pytest.mark.vda5050("13.9")
def test_room_within_the_lane_is_granted_whoever_comes_and_keeps_nobody_out(office: Office) -> None:
    van = office.state.twin(VAN_1).vehicle
    within = replace(van, habits=Habits(takes_trajectories=True, corridor_m=1.5))
    office.state = after(office.state, [ev.VehicleEnrolled(vehicle=within)], office.now_s)
    other = comes(office)
    says(office, asks())
    assert grants(office) == [Grant.GRANTED]
    assert not is_kept_out(office, other)


def test_nobody_is_kept_out_by_a_vehicle_without_an_order(office: Office) -> None:
    says(office, asks())
    over = ev.OrderEnded(order_id=the_order(office).id, phase=OrderPhase.GIVEN_UP, why="a person said so")
    office.state = after(office.state, [over], office.now_s)
    assert VehicleId(VAN_1) not in office.state.roomy


def test_what_was_granted_in_a_turn_is_not_taken_back_in_the_same(office: Office) -> None:
    """Both would be under way at once, and nobody could say which was heard last."""
    says(office, asks())
    comes(office)
    office.turn(due=Due(vehicles=(VAN_1,)), after_s=0.0)
    assert grants(office) == [Grant.GRANTED]
