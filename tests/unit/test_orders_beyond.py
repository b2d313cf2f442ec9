"""A vehicle behind the end of its base calls a person, and is told nothing until that person has looked."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from fleet.controller.turn import Due
from fleet.dispatch.exits import ResolveAssist
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.order import Order, OrderPhase
from fleet.model.place import Place
from fleet.orders.beyond import takes_for_released, where_beyond
from fleet.roads.site_roads import SiteRoads
from fleet.telemetry.profiles import profile
from fleet.wire.messages import VehicleState
from tests.nouns import POINT_2, VAN_1, Office, a_run, after, driving, loaded, standing_at, the_order, town
from tests.unit.test_controller_turn import ask

BEYOND = AssistCause.BEYOND_BASE


@pytest.fixture
def short() -> SiteRoads:
    """A town in which bases are a block long."""
    roads = town()
    limits = replace(roads.site.limits, exposure_m=310.0)
    return SiteRoads(replace(roads.site, limits=limits), roads.graph)


@pytest.fixture
def office(short: SiteRoads) -> Office:
    """Van 1 is on its way to the second point, and was let into less than that."""
    office = Office(short, loaded(short, a_run(point=POINT_2)))
    office.turn(due=Due(vehicles=(VAN_1,)))
    order = the_order(office)
    assert order.released + 1 < len(order.path)
    office.hear(VAN_1, driving(order, 0))
    office.sent.clear()
    return office


def causes(office: Office) -> list[AssistCause]:
    return [assist.cause for assist in office.state.assists.values()]


def at_node(order: Order, index: int) -> VehicleState:
    """A state at a node of the way, released or not."""
    return driving(order, index)


def along(order: Order, roads: SiteRoads, index: int, share: float = 0.9) -> VehicleState:
    """A state that names the last node of the base, with a position on a later piece of road."""
    piece = order.path[index]
    x_m, y_m, _ = roads.graph.point_at(Place(piece.edge, piece.from_m + piece.length_m * share))
    return driving(order, order.released, position=standing_at(x_m, y_m))


@pytest.mark.vda5050("6.12")
def test_a_vehicle_at_a_node_that_was_only_announced_is_beyond_its_base(office: Office) -> None:
    order = the_order(office)
    office.hear(VAN_1, at_node(order, order.released + 1))
    assert causes(office) == [BEYOND]
    assert not office.state.twin(VAN_1).can_take_orders
    office.turn(due=Due(vehicles=(VAN_1,)), after_s=60.0)
    assert office.sent == []


def test_a_vehicle_well_on_the_road_behind_its_base_is_beyond_it_whatever_node_it_names(
    office: Office, short: SiteRoads
) -> None:
    order = the_order(office)
    last = order.path[order.released - 1]
    next_road = next(i for i in range(order.released, len(order.path)) if order.path[i].edge != last.edge)
    said = along(order, short, next_road)
    assert "behind the end of what it was let into" in where_beyond(order, said, short.graph)


def test_a_vehicle_well_behind_the_end_of_its_base_on_the_same_road_is_beyond_it(
    office: Office, short: SiteRoads
) -> None:
    order = the_order(office)
    last = order.path[order.released - 1]
    assert order.path[order.released].edge == last.edge, "the base ends in the middle of a road"
    for behind_m, is_beyond in ((-20.0, False), (20.0, False), (45.0, True)):
        x_m, y_m, _ = short.graph.point_at(Place(last.edge, last.to_m + behind_m))
        said = driving(order, order.released, position=standing_at(x_m, y_m))
        assert bool(where_beyond(order, said, short.graph)) is is_beyond, behind_m


def test_a_vehicle_that_stops_at_the_end_of_its_base_or_a_little_later_is_not_beyond_it(
    office: Office, short: SiteRoads
) -> None:
    order = the_order(office)
    for index, share in ((order.released - 1, 1.0), (order.released, 0.3)):
        assert where_beyond(order, along(order, short, index, share), short.graph) == ""


@pytest.mark.vda5050("10.13")
def test_a_position_that_the_vehicle_is_not_sure_of_puts_it_nowhere(office: Office, short: SiteRoads) -> None:
    order = the_order(office)
    said = along(order, short, order.released + 1)
    assert said.position is not None
    position = msgspec.structs.replace(said.position, is_localized=False)
    assert where_beyond(order, driving(order, order.released, position=position), short.graph) == ""


@pytest.mark.vda5050("6.12")
def test_road_that_was_released_once_counts_as_driven_though_less_is_released_after_a_refusal(office: Office) -> None:
    order = the_order(office)
    far, near = order.released + 2, order.released + 1
    events = [
        ev.OrderSeen(order_id=order.id, update_id=0),
        ev.OrderExtended(order_id=order.id, update_id=1, released=far, announced=far),
        ev.UpdateRefused(order_id=order.id, update_id=1, why="orderUpdateError"),
        ev.OrderExtended(order_id=order.id, update_id=2, released=near, announced=near),
    ]
    last = after(office.state, events).orders[order.id]
    assert last.released == near
    assert where_beyond(last, at_node(order, far), office.roads.graph) == ""


def test_a_vehicle_that_took_an_update_which_it_refused_as_well_is_not_beyond_its_base(office: Office) -> None:
    """What was released counts as it was sent."""
    order = the_order(office)
    further = replace(order, released=order.released + 1, announced=order.announced, exposed=order.released + 1)
    back = replace(further, released=order.released)
    assert where_beyond(back, at_node(order, order.released + 1), office.roads.graph) == ""


def test_a_person_who_has_looked_lets_it_go_on(office: Office) -> None:
    order = the_order(office)
    office.hear(VAN_1, at_node(order, order.released + 1))
    [call] = office.state.assists.values()
    ask(office, ResolveAssist(call.id, "the street is free"))
    assert causes(office) == []
    assert [event.released > order.released for event in office.events if isinstance(event, ev.OrderExtended)] == [True]
    office.hear(VAN_1, at_node(the_order(office), order.released + 1))
    assert causes(office) == []


def test_it_is_called_for_once_however_often_it_says_where_it_is(office: Office) -> None:
    order = the_order(office)
    for _ in range(3):
        office.hear(VAN_1, at_node(order, order.released + 1))
    assert causes(office) == [BEYOND]


def all_released(order: Order) -> VehicleState:
    """A state of one that does not look at what is released."""
    return driving(replace(order, released=order.announced), 0)


@pytest.mark.vda5050("5.12")
def test_a_vehicle_that_takes_announced_road_for_released_is_stopped_before_it_drives_there(office: Office) -> None:
    order = the_order(office)
    assert order.announced > order.released
    office.hear(VAN_1, all_released(order))
    assert office.state.orders[order.id].phase is OrderPhase.CANCELLING
    assert office.state.twin(VAN_1).beyond == ""
    assert causes(office) == [AssistCause.PROFILE_CONTRADICTS]
    assert profile(office.state.twin(VAN_1)).horizon_edges == 0


@pytest.mark.vda5050("5.12")
def test_a_base_that_is_shown_as_it_was_told_says_nothing_against_a_vehicle(office: Office) -> None:
    order = the_order(office)
    refused = replace(order, released=order.released - 1, exposed=order.released)
    assert not takes_for_released(order, driving(order, 0))
    assert not takes_for_released(refused, driving(order, 0))
