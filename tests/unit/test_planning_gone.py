"""Points, stations and vehicles that left the site file while runs and trips still refer to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fleet.controller.opening import let_go_of_gone
from fleet.controller.turn import Due
from fleet.dispatch.commands import SubmitRuns, perform
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.custody import CustodyKind
from fleet.model.ids import PointId, RunId, StationId
from fleet.model.order import ActionKind, OrderPhase, OrderPurpose
from fleet.model.run import RunPhase
from fleet.model.trip import Reason
from fleet.planning.adopt import replan
from fleet.planning.present import problem_of
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.wire.messages import InstantActions
from tests.nouns import (
    DEPOT,
    DEPOT_NODE,
    NOW_S,
    POINT_1,
    POINT_2,
    VAN_1,
    VAN_2,
    Office,
    Shown,
    a_request,
    a_run,
    a_state,
    after,
    driving,
    loaded,
)

RUN_1, RUN_2 = RunId("r-1"), RunId("r-2")
LATER_S = NOW_S + 3600.0


def without_point(roads: SiteRoads, point_id: PointId = POINT_1) -> SiteRoads:
    site = roads.site
    points = {it: point for it, point in site.points.items() if it != point_id}
    return SiteRoads(replace(site, points=points), roads.graph)


def with_depot_renamed(roads: SiteRoads) -> SiteRoads:
    site, name = roads.site, StationId("depot-2")
    stations = {name: replace(site.stations[DEPOT], id=name)}
    vehicles = {it: replace(vehicle, home_station=name) for it, vehicle in site.vehicles.items()}
    return SiteRoads(replace(site, stations=stations, vehicles=vehicles), roads.graph)


def planned(roads: SiteRoads, state: FleetState) -> FleetState:
    """A run to each of two points, both planned to leave in an hour."""
    draft = Draft(state, NOW_S)
    runs = tuple(
        a_request(name, point, ready_s=LATER_S, due_s=LATER_S + 5400.0)
        for name, point in ((RUN_1, POINT_1), (RUN_2, POINT_2))
    )
    perform(draft, roads, SubmitRuns(key="", runs=runs))
    replan(draft, roads, 0)
    return draft.state


def reopened(roads: SiteRoads, state: FleetState) -> FleetState:
    """What a start on this site makes of the state."""
    draft = Draft(state, NOW_S)
    for vehicle in roads.site.vehicles.values():
        draft.emit(ev.VehicleEnrolled(vehicle=vehicle))
    let_go_of_gone(draft, roads.site)
    return draft.state


def causes(state: FleetState, run_id: RunId) -> list[AssistCause]:
    return [assist.cause for assist in state.assists.values() if assist.subject == f"run:{run_id}"]


# Planning -------------------------------------------------------------------------------------------------------------


def test_a_run_whose_point_is_gone_is_left_out_with_a_reason_and_all_others_are_planned(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    less = without_point(roads)
    draft = Draft(reopened(less, planned(roads, two_vans)), NOW_S)
    replan(draft, less, 0)
    assert draft.state.unassigned[RUN_1].reason is Reason.POINT_GONE
    assert "p1" in draft.state.unassigned[RUN_1].detail
    assert draft.state.run(RUN_1).phase is RunPhase.REQUESTED
    assert draft.state.run(RUN_2).phase is RunPhase.ASSIGNED


def test_a_run_whose_station_is_gone_is_left_out_with_a_reason(roads: SiteRoads, two_vans: FleetState) -> None:
    moved = with_depot_renamed(roads)
    draft = Draft(reopened(moved, planned(roads, two_vans)), NOW_S)
    replan(draft, moved, 0)
    assert {it.reason for it in draft.state.unassigned.values()} == {Reason.STATION_GONE}
    assert not any(draft.state.planned.values())


def test_a_person_is_called_for_it_at_the_start_and_no_longer_needed_once_the_point_is_back(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    state = reopened(without_point(roads), planned(roads, two_vans))
    assert causes(state, RUN_1) == [AssistCause.RUN_UNSERVED]
    draft = Draft(reopened(roads, state), NOW_S)
    replan(draft, roads, 0)
    assert draft.state.run(RUN_1).phase is RunPhase.ASSIGNED
    assert causes(draft.state, RUN_1) == []


def test_the_same_plan_is_not_adopted_again_for_a_run_that_is_left_out(roads: SiteRoads, two_vans: FleetState) -> None:
    less = without_point(roads)
    draft = Draft(reopened(less, planned(roads, two_vans)), NOW_S)
    replan(draft, less, 0)
    before = len(draft.entries)
    assert replan(draft, less, 0) is None
    assert len(draft.entries) == before


@pytest.mark.parametrize("changed", [without_point, with_depot_renamed])
@pytest.mark.parametrize("purpose", [OrderPurpose.LOAD, OrderPurpose.DELIVER, OrderPurpose.RETURN, None])
def test_a_trip_that_has_begun_stops_no_planning_whatever_has_gone(
    roads: SiteRoads, changed: Callable[[SiteRoads], SiteRoads], purpose: OrderPurpose | None
) -> None:
    """Every kind of order may be under way at the moment of the start."""
    office = Office(roads, loaded(roads, a_run("r-1", POINT_1)))
    if purpose is not None:
        office.turn(due=Due(vehicles=(VAN_1,)))
        [order] = office.state.orders.values()
        turned = replace(order, purpose=purpose)
        office.state = replace(office.state, orders=office.state.orders.set(order.id, turned))
    now_on = changed(roads)
    state = reopened(now_on, office.state)
    assert [vehicle.id for vehicle in problem_of(state, now_on, NOW_S + 60.0).vehicles] == [VAN_1, VAN_2]


def test_a_planned_trip_of_a_vehicle_that_moved_to_another_station_is_not_begun_there(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    state = planned(roads, two_vans)
    state = reopened(with_depot_renamed(roads), state)
    assert not any(state.planned.values())
    assert state.run(RUN_2).phase is RunPhase.REQUESTED


# What is aboard -------------------------------------------------------------------------------------------------------


def test_what_is_aboard_for_a_point_that_is_gone_comes_home_and_names_the_cause(roads: SiteRoads) -> None:
    less = without_point(roads)
    office = Office(less, loaded(roads, a_run("r-1", POINT_1)))
    office.turn(due=Due(vehicles=(VAN_1,)))
    [order] = office.state.orders.values()
    assert order.purpose is OrderPurpose.RETURN
    assert causes(office.state, RUN_1) == [AssistCause.RUN_UNSERVED]
    [action] = order.actions
    office.hear(VAN_1, a_state(order=order.id, at=DEPOT_NODE, actions={action.action_id: "delivered=3"}))
    view = office.state.run(RUN_1)
    assert view.phase is RunPhase.RETURNED
    assert "p1" in view.cause
    assert causes(office.state, RUN_1) == []


def test_a_vehicle_on_its_way_to_a_point_that_is_gone_is_stopped_and_brings_its_parcels_back(roads: SiteRoads) -> None:
    office = Office(roads, loaded(roads, a_run("r-1", POINT_1)))
    office.turn(due=Due(vehicles=(VAN_1,)))
    [order] = office.state.orders.values()
    office.roads = without_point(roads)
    office.hear(VAN_1, driving(order, 0))
    assert office.state.orders[order.id].phase is OrderPhase.CANCELLING
    [cancel] = [m for _, m in office.sent if isinstance(m, InstantActions)]
    office.hear(VAN_1, a_state(order=order.id, actions={cancel.actions[0].action_id: "cancelled"}))
    [back] = office.state.orders.values()
    assert back.purpose is OrderPurpose.RETURN
    assert office.state.quarantine.get(f"vehicle:{VAN_1}") is None


def test_a_vehicle_that_unloads_already_at_a_point_that_is_gone_finishes(roads: SiteRoads) -> None:
    office = Office(roads, loaded(roads, a_run("r-1", POINT_1)))
    office.turn(due=Due(vehicles=(VAN_1,)))
    [order] = office.state.orders.values()
    office.roads = without_point(roads)
    order = replace(order, released=len(order.path), announced=len(order.path))
    office.state = replace(office.state, orders=office.state.orders.set(order.id, order))
    [action] = order.actions
    office.hear(VAN_1, driving(order, len(order.path), left=(), edges=(), actions={action.action_id: "delivered=3"}))
    assert office.state.run(RUN_1).phase is RunPhase.DELIVERED
    assert {custody.kind for custody in office.state.custody.values()} == {CustodyKind.POINT}
    assert office.state.quarantine.get(f"vehicle:{VAN_1}") is None


def test_another_way_to_a_point_that_is_gone_is_no_error(roads: SiteRoads) -> None:
    office = Office(roads, loaded(roads, a_run("r-1", POINT_1)))
    office.turn(due=Due(vehicles=(VAN_1,)))
    [order] = office.state.orders.values()
    office.roads = without_point(roads)
    ahead = order.path[order.released].road_key
    office.state = after(office.state, [ev.RoadClosed(road_key=ahead, until_s=NOW_S + 6000.0, why="burst pipe")])
    office.hear(VAN_1, driving(order, 0))
    assert list(office.state.quarantine) == []


def test_what_is_loaded_for_a_point_that_has_gone_meanwhile_is_unloaded_again(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    office = Office(roads, planned(roads, two_vans))
    office.turn(due=Due(vehicles=(VAN_1, VAN_2)), after_s=4000.0)
    order = next(it for it in office.state.orders.values() if it.actions[0].run_id == RUN_1)
    office.roads = without_point(roads)
    actions: dict[str, Shown] = {action.action_id: "loaded=3" for action in order.actions}
    office.hear(order.vehicle_id, a_state(order=order.id, at=DEPOT_NODE, actions=actions))
    follow = office.state.active_order(order.vehicle_id)
    assert office.state.run(RUN_1).phase is RunPhase.UNDER_WAY
    assert follow is not None
    assert follow.last_node_id != "point:p1"
    assert all(action.kind is ActionKind.DROP for action in follow.actions)
