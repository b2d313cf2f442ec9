"""Charge under way (promise S12): no door and no road that leaves too little for the way home and the reserve."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet.controller.turn import Due
from fleet.dispatch.energy import covers_trip, covers_visit
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import RunId
from fleet.model.order import ActionKind, OrderPhase, OrderPurpose
from fleet.model.run import RunPhase
from fleet.model.site import Policy
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import Visit
from fleet.wire.messages import ActionStatus, InstantActions, Power
from tests.nouns import (
    DEPOT_NODE,
    NOW_S,
    POINT_1,
    POINT_2,
    VAN_1,
    Office,
    a_run,
    a_site,
    a_state,
    a_trip,
    after,
    driving,
    loaded,
    the_order,
    town,
)

RUN = RunId("run-1")
RESERVE = 0.15 + 1000.0 * 0.11 * 1.2 / 22_000.0
"""Share of the battery that the van keeps, with the consumption of a bad day."""


def charge(soc_fraction: float) -> ev.Event:
    return ev.ChargeChanged(vehicle_id=VAN_1, soc_fraction=soc_fraction, is_charging=False)


def under_way(roads: SiteRoads, soc_fraction: float = 0.8) -> Office:
    """Van 1 has left with a run for a door some blocks away, and has just been told to drive there."""
    office = Office(roads, after(loaded(roads, a_run(point=POINT_2)), [charge(soc_fraction)]))
    office.turn(due=Due(vehicles=(VAN_1,)))
    return office


def drive(office: Office, soc_fraction: float, passed: int) -> None:
    """Van 1 says that it has passed so many pieces of road, and what is left in its battery."""
    order = the_order(office)
    power = Power(soc_fraction=soc_fraction, is_charging=False)
    office.hear(VAN_1, driving(order, passed, power=power), after_s=20.0)


def causes(office: Office) -> list[AssistCause]:
    return [assist.cause for assist in office.state.assists.values()]


def cancels(office: Office) -> list[str]:
    sent = (m.actions[0].action_type for _, m in office.sent if isinstance(m, InstantActions))
    return [kind for kind in sent if kind == ActionKind.CANCEL_ORDER.value]


def stands(office: Office, soc_fraction: float) -> None:
    """Van 1 has obeyed the cancel where it stood."""
    order = the_order(office)
    power = Power(soc_fraction=soc_fraction, is_charging=False)
    at = order.path[order.passed - 1].end.node_id
    [cancel] = [i for i in office.state.twin(VAN_1).instants if i.kind is ActionKind.CANCEL_ORDER]
    state = a_state(
        order=order.id,
        update=order.update_id,
        at=at,
        sequence=2 * order.passed,
        actions={cancel.action_id: ActionStatus.FINISHED},
        power=power,
    )
    office.hear(VAN_1, state)


# What is enough -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("soc_fraction", "enough"), [(RESERVE, False), (0.17, False), (0.2, True), (1.0, True)])
def test_a_trip_is_covered_when_it_ends_at_home_with_the_reserve(
    roads: SiteRoads, soc_fraction: float, enough: bool
) -> None:
    draft = Draft(after(loaded(roads), [charge(soc_fraction)]), NOW_S)
    assert covers_trip(draft, roads, draft.state.twin(VAN_1), a_trip()) is enough


def on_a_day_that_takes(factor: float) -> SiteRoads:
    return SiteRoads(replace(a_site(), policy=Policy(consumption_factor=factor)), town().graph)


def test_a_cold_day_needs_more(roads: SiteRoads) -> None:
    for known, enough in ((roads, True), (on_a_day_that_takes(20.0), False)):
        draft = Draft(after(loaded(known), [charge(0.25)]), NOW_S)
        visit = Visit(POINT_1, (RUN,))
        assert covers_visit(draft, known, draft.state.twin(VAN_1), visit) is enough


def test_where_no_way_leads_charge_is_not_what_is_missing(roads: SiteRoads) -> None:
    """That is told by whoever looks for the way."""
    door = roads.place(next(iter(roads.types)), f"point:{POINT_1}")
    assert door is not None
    closed = ev.RoadClosed(road_key=roads.graph.edge_key(door.edge), until_s=NOW_S + 900.0, why="burst pipe")
    draft = Draft(after(loaded(roads), [charge(0.0), closed]), NOW_S)
    assert covers_visit(draft, roads, draft.state.twin(VAN_1), Visit(POINT_1, (RUN,)))


# Before a leg ---------------------------------------------------------------------------------------------------------


def test_a_door_that_the_charge_does_not_reach_is_given_up_and_the_parcels_come_back(roads: SiteRoads) -> None:
    office = under_way(roads, soc_fraction=0.1)
    assert the_order(office).purpose is OrderPurpose.RETURN
    assert "low battery" in office.state.run(RUN).recalled
    assert causes(office) == [AssistCause.LOW_BATTERY]


def test_a_person_has_two_minutes_for_a_vehicle_with_a_low_battery(roads: SiteRoads) -> None:
    [assist] = under_way(roads, soc_fraction=0.1).state.assists.values()
    assert assist.deadline_s - assist.raised_s == 120.0


def at_the_door(roads: SiteRoads, soc_fraction: float) -> Office:
    """Van 1 stands at its door with nothing to do there, and has been told to come home."""
    office = Office(roads, loaded(roads, a_run(point=POINT_2)))
    door = f"point:{POINT_2}"
    place = roads.place(next(iter(roads.types)), door)
    events = [
        charge(soc_fraction),
        ev.RunRecalled(run_id=RUN, why="storm"),
        ev.VehiclePlaced(vehicle_id=VAN_1, node_id=door, place=place),
    ]
    office.state = after(office.state, events)
    office.turn(due=Due(vehicles=(VAN_1,)))
    return office


def test_the_way_home_is_never_forbidden(roads: SiteRoads) -> None:
    office = at_the_door(roads, soc_fraction=0.0)
    assert the_order(office).purpose is OrderPurpose.RETURN
    assert the_order(office).released > 0
    assert causes(office) == [AssistCause.LOW_BATTERY]


# On a leg -------------------------------------------------------------------------------------------------------------


def test_a_vehicle_with_enough_charge_is_let_further(roads: SiteRoads) -> None:
    office = under_way(roads)
    released = the_order(office).released
    drive(office, 0.79, released)
    assert the_order(office).released > released


def test_a_vehicle_whose_charge_sags_is_let_no_further_but_not_stopped_between_safe_places(roads: SiteRoads) -> None:
    office = under_way(roads)
    released = the_order(office).released
    drive(office, RESERVE, released - 1)
    assert the_order(office).released == released
    assert cancels(office) == []


def test_at_the_end_of_its_base_it_turns_home(roads: SiteRoads) -> None:
    office = under_way(roads)
    drive(office, RESERVE, the_order(office).released)
    assert the_order(office).phase is OrderPhase.CANCELLING
    assert cancels(office) == [ActionKind.CANCEL_ORDER.value]
    assert causes(office) == [AssistCause.LOW_BATTERY]


def test_and_brings_back_what_it_carries_for_that_reason(roads: SiteRoads) -> None:
    office = under_way(roads)
    drive(office, RESERVE, the_order(office).released)
    assert office.state.run(RUN).phase is RunPhase.UNDER_WAY
    assert "low battery" in office.state.run(RUN).recalled


def test_it_is_told_the_way_home_once_it_has_let_go_of_its_order(roads: SiteRoads) -> None:
    office = under_way(roads)
    drive(office, RESERVE, the_order(office).released)
    stands(office, RESERVE)
    order = the_order(office)
    assert (order.purpose, order.last_node_id) == (OrderPurpose.RETURN, DEPOT_NODE)


def test_it_is_let_on_to_a_goal_that_is_within_reach_where_its_home_is_not() -> None:
    """A door is a safe place to wait for help; the middle of the road is not."""
    office = under_way(on_a_day_that_takes(8.0))
    order = the_order(office)
    base = max(n for n in range(1, len(order.path)) if order.path[n - 1].is_safe_end)
    near = replace(order, released=base, announced=len(order.path), update_seen=0, phase=OrderPhase.ACTIVE)
    office.state = replace(office.state, orders=office.state.orders.set(order.id, near))
    drive(office, 0.03, base)
    assert the_order(office).is_fully_released
    assert causes(office) == [AssistCause.LOW_BATTERY]


def test_a_vehicle_on_its_way_home_goes_on_and_a_person_is_told(roads: SiteRoads) -> None:
    office = at_the_door(roads, soc_fraction=0.8)
    assert causes(office) == []
    released = the_order(office).released
    drive(office, 0.1, released)
    assert the_order(office).released > released
    assert causes(office) == [AssistCause.LOW_BATTERY]


def test_the_assist_ends_when_the_vehicle_is_home(roads: SiteRoads) -> None:
    office = under_way(roads, soc_fraction=0.1)
    order = the_order(office)
    while the_order(office).passed < len(order.path) or not the_order(office).is_fully_released:
        drive(office, 0.1, the_order(office).released)
    order = the_order(office)
    power = Power(soc_fraction=0.1, is_charging=False)
    done = {action.action_id: f"delivered={action.parcel_count}" for action in order.actions}
    office.hear(VAN_1, driving(order, len(order.path), actions=done, power=power))
    assert office.state.run(RUN).phase is RunPhase.RETURNED
    assert "low battery" in office.state.run(RUN).cause
    assert causes(office) == []
