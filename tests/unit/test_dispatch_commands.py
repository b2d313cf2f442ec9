"""What people and programs may ask of the fleet, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet.dispatch.commands import (
    Answer,
    CancelRun,
    CloseRoad,
    Command,
    HoldVehicle,
    KeyReusedError,
    RecallVehicle,
    ReleaseVehicle,
    ReopenRoad,
    SlowRoad,
    SubmitRuns,
    UnslowRoad,
    digest_of,
    perform,
)
from fleet.errors import RefusedError, UnknownThingError
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.custody import Custody, CustodyKind
from fleet.model.ids import ActionId, ParcelId, PointId, RunId, StationId, VehicleId
from fleet.model.order import OrderPurpose
from fleet.model.run import RunPhase
from fleet.model.trip import TripPhase
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import raise_assist
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from tests.nouns import (
    DEPOT,
    NOW_S,
    POINT_1,
    VAN_1,
    a_plan,
    a_request,
    a_run,
    a_trip,
    after,
    an_order,
    loaded,
    opened,
    parcels_of,
)

RUN = RunId("run-1")
STREET = "e2-3-1"


def asked(state: FleetState, command: Command, roads: SiteRoads) -> Draft:
    draft = Draft(state, NOW_S)
    perform(draft, roads, command)
    return draft


def submitted(roads: SiteRoads, state: FleetState, *names: str, key: str = "k") -> tuple[FleetState, Answer]:
    draft = Draft(state, NOW_S)
    answer = perform(draft, roads, SubmitRuns(key=key, runs=tuple(a_request(name) for name in names)))
    return draft.state, answer


# Runs come in ---------------------------------------------------------------------------------------------------------


def test_a_run_that_is_accepted_waits_at_its_station(roads: SiteRoads, two_vans: FleetState) -> None:
    state, answer = submitted(roads, two_vans, "r-1")
    assert answer == Answer((RunId("r-1"),))
    assert state.run(RunId("r-1")).phase is RunPhase.REQUESTED
    assert {state.custody[p] for p in state.custody} == {Custody(CustodyKind.STATION, DEPOT)}


def test_runs_without_a_name_are_numbered_and_never_alike(roads: SiteRoads, two_vans: FleetState) -> None:
    state, first = submitted(roads, two_vans, "", "", key="a")
    _, second = submitted(roads, state, "", key="b")
    assert len({*first.run_ids, *second.run_ids}) == 3


def test_the_same_request_with_the_same_key_changes_nothing(roads: SiteRoads, two_vans: FleetState) -> None:
    state, first = submitted(roads, two_vans, "r-1")
    draft = Draft(state, NOW_S)
    again = perform(draft, roads, SubmitRuns(key="k", runs=(a_request("r-1"),)))
    assert again == replace(first, is_repeat=True)
    assert draft.entries == []


def test_a_key_used_for_another_request_is_refused(roads: SiteRoads, two_vans: FleetState) -> None:
    state, _ = submitted(roads, two_vans, "r-1")
    with pytest.raises(KeyReusedError, match="take a new key"):
        submitted(roads, state, "r-2")


def test_without_a_key_the_same_name_is_refused_the_second_time(roads: SiteRoads, two_vans: FleetState) -> None:
    state, _ = submitted(roads, two_vans, "r-1", key="")
    with pytest.raises(RefusedError, match="known already"):
        submitted(roads, state, "r-1", key="")


def test_a_run_named_twice_in_one_request_is_refused(roads: SiteRoads, two_vans: FleetState) -> None:
    with pytest.raises(RefusedError, match="known already"):
        submitted(roads, two_vans, "r-1", "r-1")


def test_a_parcel_is_in_one_run_only(roads: SiteRoads, two_vans: FleetState) -> None:
    parcel = (ParcelId("p-7"),)
    runs = (a_request("r-1", parcel_ids=parcel), a_request("r-2", parcel_ids=parcel))
    with pytest.raises(RefusedError, match="p-7"):
        asked(two_vans, SubmitRuns(key="k", runs=runs), roads)
    first = asked(two_vans, SubmitRuns(key="k", runs=runs[:1]), roads).state
    with pytest.raises(RefusedError, match="p-7"):
        asked(first, SubmitRuns(key="l", runs=runs[1:]), roads)


def test_a_parcel_named_twice_in_one_lot_is_refused(roads: SiteRoads, two_vans: FleetState) -> None:
    twice = a_request("r-1", parcel_ids=(ParcelId("p-7"), ParcelId("p-7")))
    with pytest.raises(RefusedError, match="p-7"):
        asked(two_vans, SubmitRuns(key="k", runs=(twice,)), roads)


def test_all_runs_of_a_request_are_accepted_or_none(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    with pytest.raises(UnknownThingError):
        perform(draft, roads, SubmitRuns(key="k", runs=(a_request("r-1"), a_request("r-2", PointId("nowhere")))))
    assert draft.entries == []


def test_a_run_to_or_from_an_unknown_place_is_refused_by_name(roads: SiteRoads, two_vans: FleetState) -> None:
    with pytest.raises(UnknownThingError, match="'moon'"):
        asked(two_vans, SubmitRuns(key="k", runs=(a_request("r", station_id=StationId("moon")),)), roads)


def test_a_run_that_is_due_before_it_is_ready_is_refused(roads: SiteRoads, two_vans: FleetState) -> None:
    with pytest.raises(RefusedError, match="later due time"):
        asked(two_vans, SubmitRuns(key="k", runs=(a_request("r", due_s=NOW_S - 1.0),)), roads)


def test_a_lot_of_no_parcels_is_refused(roads: SiteRoads, two_vans: FleetState) -> None:
    with pytest.raises(RefusedError, match="no parcels"):
        asked(two_vans, SubmitRuns(key="k", runs=(a_request("r", parcels=0),)), roads)


def test_the_digest_of_a_request_does_not_depend_on_its_key() -> None:
    one, other = (SubmitRuns(key=key, runs=(a_request("r"),)) for key in ("a", "b"))
    assert digest_of(one) == digest_of(other)


# Cancel, phase by phase -----------------------------------------------------------------------------------------------


def planned(roads: SiteRoads) -> FleetState:
    return after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=(a_run(),)),
            ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip())),
        ],
    )


def test_a_requested_run_is_cancelled_at_once(roads: SiteRoads) -> None:
    state = after(opened(roads), [ev.RunsAccepted(key="", digest="", runs=(a_run(),))])
    state = asked(state, CancelRun(RUN, "not wanted"), roads).state
    assert state.run(RUN).phase is RunPhase.CANCELLED
    assert list(state.open_runs) == []


def test_a_planned_run_is_cancelled_and_its_trip_withdrawn(roads: SiteRoads) -> None:
    state = asked(planned(roads), CancelRun(RUN, "not wanted"), roads).state
    assert state.run(RUN).phase is RunPhase.CANCELLED
    assert state.trip(a_trip().id).phase is TripPhase.WITHDRAWN
    assert state.planned_trips(VAN_1) == ()


def test_a_cancelled_run_leaves_the_rest_of_its_trip_as_it_was(roads: SiteRoads) -> None:
    state = after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=(a_run("run-1"), a_run("run-2"))),
            ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip("trip-1", VAN_1, (POINT_1, ["run-1", "run-2"])))),
        ],
    )
    state = asked(state, CancelRun(RUN, "not wanted"), roads).state
    [trip] = state.planned_trips(VAN_1)
    assert trip.trip.run_ids == (RunId("run-2"),)


def test_a_run_that_is_being_loaded_can_no_longer_be_cancelled(roads: SiteRoads) -> None:
    state = after(planned(roads), [ev.TripStarted(trip_id=a_trip().id, vehicle_id=VAN_1)])
    with pytest.raises(RefusedError, match="loading"):
        asked(state, CancelRun(RUN, "not wanted"), roads)


def test_a_run_that_is_aboard_comes_back_instead(roads: SiteRoads) -> None:
    state = asked(loaded(roads), CancelRun(RUN, "not wanted"), roads).state
    assert state.run(RUN).phase is RunPhase.UNDER_WAY
    assert "not wanted" in state.run(RUN).recalled
    assert state.trip(a_trip().id).visits_left == ()


def test_a_run_on_the_way_to_its_door_can_no_longer_be_cancelled(roads: SiteRoads) -> None:
    state = after(loaded(roads), [ev.OrderIssued(order=an_order("n1", "point:p1"))])
    with pytest.raises(RefusedError, match="under_way"):
        asked(state, CancelRun(RUN, "not wanted"), roads)


def test_a_run_on_the_way_back_may_still_be_cancelled(roads: SiteRoads) -> None:
    order = an_order("n1", "station:depot", purpose=OrderPurpose.RETURN)
    state = after(loaded(roads), [ev.OrderIssued(order=order)])
    assert "not wanted" in asked(state, CancelRun(RUN, "not wanted"), roads).state.run(RUN).recalled


def test_a_cancel_said_twice_is_a_repeat(roads: SiteRoads) -> None:
    state = asked(planned(roads), CancelRun(RUN, "not wanted"), roads).state
    draft = Draft(state, NOW_S)
    assert perform(draft, roads, CancelRun(RUN, "not wanted")).is_repeat
    assert draft.entries == []


def given(phase: RunPhase, roads: SiteRoads) -> FleetState:
    one = parcels_of("run-1")
    over = {
        RunPhase.DELIVERED: ev.ParcelsDelivered(
            run_id=RUN, vehicle_id=VAN_1, point_id=POINT_1, parcel_ids=one, refused=(), action_id=ActionId("a")
        ),
        RunPhase.PARTLY_DELIVERED: ev.ParcelsDelivered(
            run_id=RUN, vehicle_id=VAN_1, point_id=POINT_1, parcel_ids=one[:2], refused=one[2:], action_id=ActionId("a")
        ),
        RunPhase.RETURNED: ev.ParcelsReturned(
            run_id=RUN, vehicle_id=VAN_1, station_id=DEPOT, parcel_ids=one, action_id=ActionId("a"), why="no_staff"
        ),
    }
    return after(loaded(roads), [over[phase]])


@pytest.mark.parametrize("phase", [RunPhase.DELIVERED, RunPhase.PARTLY_DELIVERED, RunPhase.RETURNED])
def test_a_run_that_has_ended_is_never_cancelled(roads: SiteRoads, phase: RunPhase) -> None:
    with pytest.raises(RefusedError, match=phase.value):
        asked(given(phase, roads), CancelRun(RUN, "not wanted"), roads)


def test_an_unknown_run_cannot_be_cancelled(roads: SiteRoads, two_vans: FleetState) -> None:
    with pytest.raises(UnknownThingError):
        asked(two_vans, CancelRun(RunId("ghost"), ""), roads)


# Vehicles -------------------------------------------------------------------------------------------------------------


def test_a_held_vehicle_takes_no_orders_until_it_is_released(roads: SiteRoads, two_vans: FleetState) -> None:
    held = asked(two_vans, HoldVehicle(VAN_1, "flat tyre"), roads)
    assert not held.state.twin(VAN_1).can_take_orders
    assert held.plan_reasons
    assert asked(held.state, ReleaseVehicle(VAN_1, "mended"), roads).state.twin(VAN_1).can_take_orders


@pytest.mark.parametrize("command", [HoldVehicle, ReleaseVehicle, RecallVehicle])
def test_nothing_can_be_asked_of_a_vehicle_that_is_not_there(
    roads: SiteRoads, two_vans: FleetState, command: type[HoldVehicle]
) -> None:
    with pytest.raises(UnknownThingError):
        asked(two_vans, command(VehicleId("ghost"), ""), roads)


def test_a_recalled_vehicle_brings_back_all_that_is_aboard(roads: SiteRoads) -> None:
    state = asked(loaded(roads), RecallVehicle(VAN_1, "storm"), roads).state
    assert "storm" in state.run(RUN).recalled


def test_the_leg_under_way_is_finished_before_a_recall_counts(roads: SiteRoads) -> None:
    state = after(loaded(roads), [ev.OrderIssued(order=an_order("n1", "point:p1"))])
    assert asked(state, RecallVehicle(VAN_1, "storm"), roads).state.run(RUN).recalled == ""


def test_whoever_releases_a_vehicle_has_answered_the_call_about_its_error(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    draft = Draft(two_vans, NOW_S)
    for cause in (AssistCause.QUARANTINED, AssistCause.ORDER_REJECTED):
        raise_assist(draft, cause, f"vehicle:{VAN_1}", "")
    assert list(asked(draft.state, ReleaseVehicle(VAN_1, "seen to"), roads).state.assists) == []


def test_a_vehicle_out_of_quarantine_is_believed_only_when_it_has_spoken(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    """All it said meanwhile was left aside: it may have fallen silent, or be driven by hand."""
    state = after(two_vans, [ev.ItemQuarantined(subject=f"vehicle:{VAN_1}", error="KeyError")])
    state = asked(state, ReleaseVehicle(VAN_1, "mended"), roads).state
    assert list(state.quarantine) == []
    assert not state.twin(VAN_1).can_take_orders


# Roads ----------------------------------------------------------------------------------------------------------------


def test_a_road_is_closed_until_its_time_is_up_or_people_open_it(roads: SiteRoads, two_vans: FleetState) -> None:
    closed = asked(two_vans, CloseRoad(STREET, NOW_S + 600.0, "burst pipe"), roads)
    assert closed.state.is_closed(STREET)
    assert closed.plan_reasons
    assert not asked(closed.state, ReopenRoad(STREET, "mended"), roads).state.is_closed(STREET)


def a_street(roads: SiteRoads) -> tuple[str, str]:
    """A street of the town by the keys of both its directions."""
    edge = roads.graph.edge_by_key(STREET)
    assert edge is not None
    return STREET, roads.graph.edge_key(int(roads.graph.edge_reverse[edge]))


def test_a_street_that_is_blocked_is_closed_in_both_directions_at_once_and_opened_so(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    there, back = a_street(roads)
    closed = asked(two_vans, CloseRoad(there, NOW_S + 600.0, "burst pipe", both_ways=True), roads)
    assert sorted(closed.state.closures) == sorted((there, back))
    again = asked(closed.state, CloseRoad(back, NOW_S + 600.0, "burst pipe", both_ways=True), roads)
    assert again.state.closures == closed.state.closures
    opened_again = asked(again.state, ReopenRoad(back, "mended", both_ways=True), roads)
    assert list(opened_again.state.closures) == []


def test_a_street_that_is_slow_is_slow_in_both_directions(roads: SiteRoads, two_vans: FleetState) -> None:
    there, back = a_street(roads)
    slow = asked(two_vans, SlowRoad(back, 3.0, NOW_S + 600.0, "works", both_ways=True), roads)
    assert {key: slow.state.slow_roads[key].speed_mps for key in slow.state.slow_roads} == {there: 3.0, back: 3.0}
    assert list(asked(slow.state, UnslowRoad(there, "done", both_ways=True), roads).state.slow_roads) == []


def test_without_a_word_of_it_one_direction_alone_is_closed(roads: SiteRoads, two_vans: FleetState) -> None:
    assert list(asked(two_vans, CloseRoad(STREET, NOW_S + 600.0, "works"), roads).state.closures) == [STREET]


def test_a_one_way_street_has_but_one_direction_to_close(roads: SiteRoads, two_vans: FleetState) -> None:
    reverse = roads.graph.edge_reverse.copy()
    reverse[roads.graph.edge_by_key(STREET)] = -1
    one_way = SiteRoads(roads.site, replace(roads.graph, edge_reverse=reverse))
    closed = asked(two_vans, CloseRoad(STREET, NOW_S + 600.0, "works", both_ways=True), one_way)
    assert list(closed.state.closures) == [STREET]


def test_vehicles_under_way_are_looked_at_when_a_road_is_closed(roads: SiteRoads) -> None:
    state = after(loaded(roads), [ev.OrderIssued(order=an_order("n1", "point:p1"))])
    assert asked(state, CloseRoad(STREET, NOW_S + 600.0, ""), roads).touched == {VAN_1}


@pytest.mark.parametrize("command", [CloseRoad("e9-9-9", NOW_S + 60.0, ""), ReopenRoad("e9-9-9", "")])
def test_an_unknown_road_is_neither_closed_nor_opened(roads: SiteRoads, two_vans: FleetState, command: Command) -> None:
    with pytest.raises(UnknownThingError):
        asked(two_vans, command, roads)


def test_opening_a_road_that_is_open_does_no_harm(roads: SiteRoads, two_vans: FleetState) -> None:
    assert not asked(two_vans, ReopenRoad(STREET, ""), roads).state.is_closed(STREET)
