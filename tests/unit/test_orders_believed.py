"""What of a state is believed, and what is for display only."""

from __future__ import annotations

import msgspec
import pytest

from fleet.controller.turn import Due
from fleet.dispatch.reserve import bay_of
from fleet.model import event as ev
from fleet.model.order import OrderPhase
from fleet.model.profile import Learned
from fleet.roads.site_roads import SiteRoads
from fleet.wire.messages import (
    ControlPoint,
    ErrorReference,
    Information,
    OperatingMode,
    PlannedPath,
    Trajectory,
    VehicleState,
    Waypoint,
)
from fleet.wire.messages import Order as OrderMessage
from tests.nouns import (
    DEPOT,
    NOW_S,
    VAN_1,
    Office,
    a_state,
    after,
    driving,
    loaded,
    on_its_way,
    opened,
    standing_at,
    the_order,
)
from tests.unit.test_controller_turn import ask, submit

AWAY = 5000.0
"""Metres from anything."""


@pytest.fixture
def office(roads: SiteRoads) -> Office:
    """Van 1 is on its way and has shown its order."""
    return on_its_way(roads)


def news(office: Office, said: VehicleState) -> list[ev.Event]:
    office.hear(VAN_1, said)
    return office.events


@pytest.mark.vda5050("10.10")
def test_information_changes_nothing_whatever_it_says(office: Office) -> None:
    told = Information(
        info_type="orderCancelled",
        description="I have finished, and I am blocked",
        references=(ErrorReference(key="orderId", value=the_order(office).id),),
    )
    assert news(office, driving(the_order(office), 0, information=(told,))) == []


@pytest.mark.vda5050("10.1", "10.12")
def test_positions_speeds_and_metres_driven_are_no_progress(office: Office) -> None:
    goal = the_order(office).path[-1].end
    said = driving(the_order(office), 0, driving=True, speed_mps=7.0, distance_since_last_node_m=1e6, position=None)
    assert news(office, said) == []
    assert the_order(office).passed == 0
    near_goal = driving(the_order(office), 0, position=standing_at(goal.x_m, goal.y_m))
    news(office, near_goal)
    assert the_order(office).passed == 0


@pytest.mark.vda5050("10.15", "10.12")
def test_the_way_that_a_vehicle_plans_for_itself_decides_nothing(office: Office) -> None:
    path = PlannedPath(trajectory=Trajectory(points=(ControlPoint(x_m=0.0, y_m=0.0), ControlPoint(x_m=AWAY, y_m=AWAY))))
    way = (Waypoint(x_m=AWAY, y_m=AWAY, eta_s=NOW_S + 9e9),)
    assert news(office, driving(the_order(office), 0, planned_path=path, waypoints=way)) == []
    assert news(office, driving(the_order(office), 0)) == []


@pytest.mark.vda5050("10.9")
def test_a_vehicle_that_stands_for_a_moment_at_each_node_calls_nobody(office: Office) -> None:
    order = the_order(office)
    for passed in range(order.released):
        for is_driving in (True, False, False, True):
            office.hear(VAN_1, driving(order, passed, driving=is_driving), after_s=3.0)
    assert not office.state.assists


@pytest.mark.vda5050("10.13")
def test_a_vehicle_that_does_not_know_where_it_is_keeps_its_order_and_gets_no_more_road(office: Office) -> None:
    order = the_order(office)
    lost = msgspec.structs.replace(standing_at(0.0, 0.0), is_localized=False)
    office.hear(VAN_1, driving(order, order.released - 1, position=lost))
    assert not office.state.twin(VAN_1).can_take_orders
    assert the_order(office).phase is OrderPhase.ACTIVE
    assert not [m for _, m in office.sent if isinstance(m, OrderMessage)]
    office.hear(VAN_1, driving(order, order.released - 1, position=standing_at(0.0, 0.0)))
    assert office.state.twin(VAN_1).can_take_orders


@pytest.mark.vda5050("10.13")
def test_others_are_kept_away_from_all_that_a_vehicle_which_is_lost_was_let_into(office: Office) -> None:
    order = the_order(office)
    office.hear(VAN_1, driving(order, 0, position=msgspec.structs.replace(standing_at(0.0, 0.0), is_localized=False)))
    base = {piece.road_key for piece in order.path[: order.released]}
    assert {key for key in base if office.state.is_closed(key)} == base
    assert not any(office.state.is_banned(key) for key in base)
    office.hear(VAN_1, driving(order, 0, position=standing_at(0.0, 0.0)))
    assert not office.state.closures


@pytest.mark.vda5050("10.13")
def test_a_street_that_people_closed_stays_closed_when_a_lost_vehicle_has_found_itself(office: Office) -> None:
    order = the_order(office)
    key = order.path[order.released - 1].road_key
    ban = ev.RoadClosed(road_key=key, until_s=NOW_S + 3600.0, why="works")
    lost = msgspec.structs.replace(standing_at(0.0, 0.0), is_localized=False)
    office.hear(VAN_1, driving(order, 0, position=lost))
    office.state = after(office.state, [ban])
    office.hear(VAN_1, driving(order, 0, position=standing_at(0.0, 0.0)))
    assert office.state.is_banned(key)
    office.hear(VAN_1, driving(order, 0, position=lost))
    assert office.state.is_banned(key)


@pytest.mark.vda5050("10.13")
def test_a_vehicle_that_does_not_know_where_it_is_keeps_what_it_holds(roads: SiteRoads) -> None:
    office = Office(roads, opened(roads))
    ask(office, submit("r-1"))
    order = the_order(office)
    lost = msgspec.structs.replace(standing_at(AWAY, AWAY), is_localized=False)
    office.hear(VAN_1, driving(order, 0, position=lost))
    office.turn(due=Due(vehicles=(VAN_1,)), after_s=600.0)
    assert office.state.holds(bay_of(DEPOT), VAN_1)


@pytest.mark.vda5050("11.2", "10.4")
def test_a_vehicle_that_people_drove_elsewhere_is_not_sent_from_where_it_was(roads: SiteRoads) -> None:
    office = Office(roads, opened(roads))
    office.hear(VAN_1, a_state(mode=OperatingMode.MANUAL))
    office.hear(VAN_1, a_state(at="", position=standing_at(AWAY, AWAY)))
    assert office.state.twin(VAN_1).place is None
    ask(office, submit("r-1"))
    assert not [m for to, m in office.sent if to == VAN_1 and isinstance(m, OrderMessage)]


@pytest.mark.vda5050("4.8")
@pytest.mark.parametrize(("told_mps", "most_mps"), [(3.0, 3.0), (50.0, 8.5), (None, 8.5)])
def test_a_vehicle_that_is_slower_than_its_type_is_sent_slower_and_one_that_boasts_is_not_sent_faster(
    roads: SiteRoads, told_mps: float | None, most_mps: float
) -> None:
    learned = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(has_factsheet=True, speed_mps_max=told_mps))
    office = Office(roads, after(loaded(roads), [learned]))
    office.turn(due=Due(vehicles=(VAN_1,)))
    [message] = [m for _, m in office.sent if isinstance(m, OrderMessage)]
    assert max(edge.speed_mps_max or 0.0 for edge in message.edges) == most_mps
