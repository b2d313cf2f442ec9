"""What one vehicle is told now: by its order, its trip, its charge, and what others hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet.dispatch.decide import decide
from fleet.dispatch.intent import Ask, Cancel, Deliver, Extend, GoHome, Intent, Load, Reroute
from fleet.dispatch.reserve import bay_of, capacity, charger_of, free, reserve
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import ActionId, AssistId, RunId, VehicleId
from fleet.model.order import ActionKind, OrderPhase, PathNode
from fleet.model.place import Place
from fleet.model.profile import Learned
from fleet.model.run import RunPhase
from fleet.model.trip import TripPhase
from fleet.orders.carry_out import carry_out
from fleet.planning.present import PICK_AGAIN_S
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.wire.messages import Order as OrderMessage
from tests.nouns import (
    DEPOT,
    NOW_S,
    POINT_1,
    POINT_2,
    VAN_1,
    VAN_2,
    a_piece,
    a_plan,
    a_run,
    a_trip,
    after,
    an_order,
    loaded,
    opened,
    parcels_of,
    town,
)

BAY, CHARGER = bay_of(DEPOT), charger_of(DEPOT)
RUN = RunId("run-1")


def decided(roads: SiteRoads, state: FleetState, vehicle_id: VehicleId = VAN_1, now_s: float = NOW_S) -> Intent | None:
    return decide(Draft(state, now_s), roads, vehicle_id)


def planned(roads: SiteRoads, load_from_s: float = NOW_S) -> FleetState:
    """One trip for each van, to be loaded from then on."""
    trips = (a_trip("trip-1", VAN_1), a_trip("trip-2", VAN_2, (POINT_2, ["run-2"])))
    return after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=(a_run("run-1"), a_run("run-2", POINT_2))),
            ev.PlanAdopted(version=1, why="", plan=a_plan(*(replace(trip, load_from_s=load_from_s) for trip in trips))),
        ],
    )


def charge(soc_fraction: float, *, is_charging: bool = False, vehicle_id: VehicleId = VAN_1) -> ev.Event:
    return ev.ChargeChanged(vehicle_id=vehicle_id, soc_fraction=soc_fraction, is_charging=is_charging)


# Bays -----------------------------------------------------------------------------------------------------------------


def test_a_trip_begins_when_it_is_time_and_a_bay_is_free(roads: SiteRoads) -> None:
    assert decided(roads, planned(roads)) == Load(a_trip("trip-1").id)


def test_a_trip_does_not_begin_before_its_time(roads: SiteRoads) -> None:
    state = planned(roads, load_from_s=NOW_S + 60.0)
    draft = Draft(state, NOW_S)
    assert decide(draft, roads, VAN_1) is None
    assert draft.wakes == {VAN_1: NOW_S + 60.0}


def test_a_trip_does_not_begin_before_its_lots_are_ready(roads: SiteRoads) -> None:
    late = replace(a_run(), ready_s=NOW_S + 300.0)
    state = after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=(late,)),
            ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip())),
        ],
    )
    assert decided(roads, state) is None
    assert decided(roads, state, now_s=NOW_S + 300.0) == Load(a_trip().id)


def test_one_bay_is_never_given_to_two_vehicles(roads: SiteRoads) -> None:
    draft = Draft(planned(roads), NOW_S)
    assert decide(draft, roads, VAN_1) is not None
    assert decide(draft, roads, VAN_2) is None
    assert draft.state.reservations[BAY] == (VAN_1,)


def test_two_bays_serve_two_vehicles() -> None:
    roads = town(bays=2)
    draft = Draft(planned(roads), NOW_S)
    assert decide(draft, roads, VAN_1) is not None
    assert decide(draft, roads, VAN_2) is not None


@pytest.mark.parametrize("wanted", range(5))
def test_no_resource_is_ever_overbooked(wanted: int) -> None:
    names = tuple(f"van-{n}" for n in range(1, 6))
    roads = town(bays=2, chargers=3, vehicles=names)
    draft = Draft(opened(roads), NOW_S)
    for resource in (BAY, CHARGER):
        for name in names[wanted:] + names[:wanted]:
            reserve(draft, roads.site, resource, VehicleId(name))
        assert len(draft.state.reservations[resource]) == capacity(roads.site, resource)


def test_a_vehicle_that_asks_twice_holds_one_unit(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    assert reserve(draft, roads.site, BAY, VAN_1)
    assert reserve(draft, roads.site, BAY, VAN_1)
    assert draft.state.reservations[BAY] == (VAN_1,)


def test_whoever_waits_for_a_bay_is_looked_at_when_it_is_freed(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    reserve(draft, roads.site, BAY, VAN_1)
    free(draft, roads.site, BAY, VAN_1)
    assert draft.touched == {VAN_1, VAN_2}
    assert reserve(draft, roads.site, BAY, VAN_2)


def test_giving_back_what_one_does_not_hold_changes_nothing(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    reserve(draft, roads.site, BAY, VAN_1)
    free(draft, roads.site, BAY, VAN_2)
    assert draft.state.reservations[BAY] == (VAN_1,)


# Loading --------------------------------------------------------------------------------------------------------------


def loading(roads: SiteRoads, *aboard: str) -> FleetState:
    """Van 1 stands in the bay after its loading order, with these runs aboard."""
    runs = (a_run("run-1"), a_run("run-2"))
    return after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=runs),
            ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip("trip-1", VAN_1, (POINT_1, ["run-1", "run-2"])))),
            ev.Reserved(resource=BAY, vehicle_id=VAN_1),
            ev.TripStarted(trip_id=a_trip().id, vehicle_id=VAN_1),
            *(
                ev.ParcelsLoaded(
                    run_id=RunId(name), vehicle_id=VAN_1, parcel_ids=parcels_of(name), action_id=ActionId("a")
                )
                for name in aboard
            ),
        ],
    )


def test_a_loaded_vehicle_leaves_its_bay_and_drives_to_the_first_door(roads: SiteRoads) -> None:
    draft = Draft(loading(roads, "run-1", "run-2"), NOW_S)
    assert isinstance(decide(draft, roads, VAN_1), Deliver)
    assert draft.state.reservations[BAY] == ()


def test_a_run_that_could_not_be_loaded_looks_for_another_trip(roads: SiteRoads) -> None:
    draft = Draft(loading(roads, "run-1"), NOW_S)
    intent = decide(draft, roads, VAN_1)
    assert isinstance(intent, Deliver)
    assert intent.visit.run_ids == (RUN,)
    assert draft.state.run(RunId("run-2")).phase is RunPhase.REQUESTED
    assert draft.plan_reasons


def test_a_run_whose_parcels_nobody_is_sure_of_is_not_planned_anew(roads: SiteRoads) -> None:
    """They may be aboard: S5 asks for a recorded transfer, and no command makes one."""
    unsure = ev.ParcelsUnsure(
        run_id=RUN, parcel_ids=parcels_of("run-1"), assist_id=AssistId("assist-1"), why="no outcome"
    )
    draft = Draft(after(loading(roads, "run-2"), [unsure]), NOW_S)
    decide(draft, roads, VAN_1)
    assert draft.state.run(RUN).phase is not RunPhase.REQUESTED


def test_a_vehicle_on_which_nothing_was_loaded_gives_up_its_trip_and_its_bay(roads: SiteRoads) -> None:
    draft = Draft(loading(roads), NOW_S)
    assert decide(draft, roads, VAN_1) is None
    assert draft.state.trip(a_trip().id).phase is TripPhase.CLOSED
    assert draft.state.reservations[BAY] == ()
    assert draft.state.twin(VAN_1).trip_id is None


# Under way ------------------------------------------------------------------------------------------------------------


def test_what_is_aboard_is_delivered_before_going_home(roads: SiteRoads) -> None:
    assert isinstance(decided(roads, loaded(roads)), Deliver)


def test_a_recalled_run_goes_straight_home(roads: SiteRoads) -> None:
    state = after(loaded(roads), [ev.RunRecalled(run_id=RUN, why="storm")])
    assert decided(roads, state) == GoHome(a_trip().id)


def test_a_run_nobody_took_twice_goes_home(roads: SiteRoads) -> None:
    state = after(
        loaded(roads),
        [ev.StopDone(trip_id=a_trip().id, point_id=POINT_1, deferred=(), given_up=(RUN,), why="no_staff")],
    )
    assert decided(roads, state) == GoHome(a_trip().id)


@pytest.mark.vda5050("6.8")
def test_nothing_is_decided_while_the_vehicle_itself_has_work_left(roads: SiteRoads) -> None:
    state = after(loaded(roads), [ev.WorkLeftChanged(vehicle_id=VAN_1, has_order_left=True, foreign_order="")])
    assert decided(roads, state) is None


@pytest.mark.vda5050("8.6")
def test_no_new_order_while_a_cancel_is_not_answered(roads: SiteRoads) -> None:
    asked = ev.InstantIssued(vehicle_id=VAN_1, action_id=ActionId("a-7"), kind=ActionKind.CANCEL_ORDER, order_id=None)
    assert decided(roads, after(loaded(roads), [asked])) is None


def test_what_nobody_is_sure_of_is_not_delivered(roads: SiteRoads) -> None:
    """Its drop would finish with no parcels, and the run would count as delivered."""
    unsure = ev.ParcelsUnsure(
        run_id=RUN, parcel_ids=parcels_of("run-1"), assist_id=AssistId("assist-1"), why="no outcome"
    )
    assert not isinstance(decided(roads, after(loaded(roads), [unsure])), Deliver)


# Under an order -------------------------------------------------------------------------------------------------------


def driving(roads: SiteRoads, passed: int = 0) -> Draft:
    """Van 1 has accepted its order to a door some blocks away."""
    draft = Draft(loaded(roads, a_run(point=POINT_2)), NOW_S)
    intent = decide(draft, roads, VAN_1)
    assert intent is not None
    carry_out(draft, roads, VAN_1, intent)
    [order] = draft.state.orders.values()
    draft.emit(ev.OrderSeen(order_id=order.id, update_id=0))
    for index in range(passed):
        piece = order.path[index]
        place = roads.place(draft.state.twin(VAN_1).vehicle.type_id, "station:depot")
        assert place is not None
        place = replace(place, edge=piece.edge, offset_m=piece.to_m)
        draft.emit(ev.NodePassed(order_id=order.id, passed=index + 1, place=place, node_id=piece.end.node_id))
    return draft


def test_a_vehicle_at_the_end_of_its_base_is_let_further(roads: SiteRoads) -> None:
    [order] = driving(roads).state.orders.values()
    intent = decide(driving(roads, passed=order.released), roads, VAN_1)
    assert isinstance(intent, Extend)
    assert intent.released > order.released


@pytest.mark.vda5050("6.11")
def test_a_base_is_extended_before_its_vehicle_has_to_brake(roads: SiteRoads) -> None:
    [order] = driving(roads).state.orders.values()
    left = order.path[order.released - 3 : order.released]
    assert sum(piece.duration_s for piece in left) > 12.0
    draft = driving(roads, passed=order.released - 3)
    draft.now_s = NOW_S + left[0].duration_s - 0.5
    assert isinstance(decide(draft, roads, VAN_1), Extend)


@pytest.mark.vda5050("4.8")
@pytest.mark.parametrize(
    ("learned", "is_extended"),
    [
        (Learned(), False),
        (Learned(decel_mps2_max=0.2), True),
        (Learned(decel_mps2_max=5.0), False),
        (Learned(accel_mps2_max=0.2, decel_mps2_max=1.0), False),
        (Learned(accel_mps2_max=0.2), True),
    ],
    ids=["as its type", "brakes badly", "boasts", "is slow to speed up only", "does not say how it brakes"],
)
def test_a_vehicle_that_brakes_worse_than_its_type_is_given_road_sooner(
    roads: SiteRoads, learned: Learned, is_extended: bool
) -> None:
    """20 s of base are left, the next place to stand is worth 10 s, and none lies within the limits behind it."""
    stands = (True, True, True, False, False, False, True)
    ends = ("n1", "n2", "n3", "n4", "n5", "n6", "point:p1")
    path = tuple(
        a_piece(i, end, safe=safe, length_m=100.0 if i < 3 else 300.0)
        for i, (end, safe) in enumerate(zip(ends, stands, strict=True))
    )
    order = replace(an_order(), path=path, released=2, announced=2, start=PathNode(node_id="n0", x_m=0.0, y_m=0.0))
    draft = Draft(loaded(roads), NOW_S)
    for event in (
        ev.ProfileLearned(vehicle_id=VAN_1, learned=learned),
        ev.OrderIssued(order=order),
        ev.OrderSeen(order_id=order.id, update_id=0),
    ):
        draft.emit(event)
    assert isinstance(decide(draft, roads, VAN_1), Extend) is is_extended


@pytest.mark.vda5050("6.1")
def test_each_update_counts_one_up(roads: SiteRoads) -> None:
    [order] = driving(roads).state.orders.values()
    draft = driving(roads, passed=order.released)
    for number in (1, 2):
        held = draft.state.orders[order.id].released
        carry_out(draft, roads, VAN_1, Extend(order.id, held + 1))
        update = draft.letters[-1].message
        assert isinstance(update, OrderMessage)
        assert (update.order_id, update.order_update_id) == (order.id, number)
        draft.emit(ev.OrderSeen(order_id=order.id, update_id=number))


@pytest.mark.vda5050("6.5", "6.6")
def test_nothing_is_extended_before_the_last_update_was_seen_however_long_that_takes(roads: SiteRoads) -> None:
    [order] = driving(roads).state.orders.values()
    draft = driving(roads, passed=order.released)
    further = decide(draft, roads, VAN_1)
    assert isinstance(further, Extend)
    draft.emit(ev.OrderExtended(order_id=order.id, update_id=1, released=order.released, announced=order.announced))
    assert [decide(Draft(draft.state, NOW_S + s), roads, VAN_1) for s in (0.0, 2.0, 14.0, 60.0, 3600.0)] == [None] * 5
    draft.emit(ev.OrderSeen(order_id=order.id, update_id=1))
    assert decide(draft, roads, VAN_1) == further


@pytest.mark.vda5050("3.3", "9.6", "11.1", "11.4")
@pytest.mark.parametrize(
    "trouble",
    [
        ev.ConditionChanged(vehicle_id=VAN_1, mode="AUTOMATIC", is_stopped=True, is_paused=False, fatal=()),
        ev.ConditionChanged(vehicle_id=VAN_1, mode="UNKNOWN", is_stopped=False, is_paused=False, fatal=()),
        ev.ConditionChanged(vehicle_id=VAN_1, mode="AUTOMATIC", is_stopped=False, is_paused=True, fatal=()),
        ev.ConnectionChanged(vehicle_id=VAN_1, connection="CONNECTION_BROKEN"),
        ev.VehicleHeld(vehicle_id=VAN_1, why="flat tyre"),
    ],
    ids=["e-stop", "unknown mode", "paused", "link broken", "held"],
)
def test_no_road_is_released_to_a_vehicle_in_trouble(roads: SiteRoads, trouble: ev.Event) -> None:
    draft = driving(roads, passed=1)
    draft.emit(trouble)
    assert decide(draft, roads, VAN_1) is None


@pytest.mark.vda5050("13.12")
def test_a_road_closed_behind_the_base_is_driven_round(roads: SiteRoads) -> None:
    draft = driving(roads)
    [order] = draft.state.orders.values()
    away = {piece.edge for piece in (*order.path[: order.released], order.path[-1])}
    closed = next(piece for piece in order.path[order.released :] if piece.edge not in away)
    draft.emit(ev.RoadClosed(road_key=closed.road_key, until_s=NOW_S + 6000.0, why="burst pipe"))
    intent = decide(draft, roads, VAN_1)
    assert isinstance(intent, Reroute)
    carry_out(draft, roads, VAN_1, intent)
    [after_it] = draft.state.orders.values()
    assert closed.road_key not in [piece.road_key for piece in after_it.path[order.released :]]
    assert after_it.path[: order.released] == order.path[: order.released]


def test_a_blocked_vehicle_waits_before_another_way_is_looked_for(roads: SiteRoads) -> None:
    draft = driving(roads)
    [order] = draft.state.orders.values()
    draft.emit(ev.BlockedChanged(vehicle_id=VAN_1, edge_id=order.path[1].edge_id))
    assert decide(draft, roads, VAN_1) is None
    assert draft.wakes[VAN_1] == NOW_S + roads.site.policy.blocked_wait_s


def test_a_blocked_vehicle_gets_another_way_when_it_has_waited(roads: SiteRoads) -> None:
    draft = driving(roads)
    [order] = draft.state.orders.values()
    ahead = next(piece for piece in order.path if piece.edge != order.path[0].edge)
    draft.emit(ev.BlockedChanged(vehicle_id=VAN_1, edge_id=ahead.edge_id))
    draft.emit(ev.RoadClosed(road_key=ahead.road_key, until_s=NOW_S + 900.0, why="", is_obstacle=True))
    draft.now_s = NOW_S + roads.site.policy.blocked_wait_s
    intent = decide(draft, roads, VAN_1)
    assert isinstance(intent, Cancel)
    carry_out(draft, roads, VAN_1, intent)
    assert draft.state.orders[order.id].phase is OrderPhase.CANCELLING
    assert decide(draft, roads, VAN_1) is None


# Charging -------------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("11.7")
def test_an_idle_vehicle_with_little_charge_goes_to_a_charger(roads: SiteRoads, two_vans: FleetState) -> None:
    assert decided(roads, after(two_vans, [charge(0.3)])) == Ask(ActionKind.START_CHARGING)


def test_an_idle_vehicle_with_enough_charge_rests(roads: SiteRoads, two_vans: FleetState) -> None:
    assert decided(roads, two_vans) is None


def test_one_charger_is_never_given_to_two_vehicles(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = Draft(after(two_vans, [charge(0.3), charge(0.3, vehicle_id=VAN_2)]), NOW_S)
    assert decide(draft, roads, VAN_1) is not None
    assert decide(draft, roads, VAN_2) is None


def test_a_vehicle_found_charging_occupies_its_charger(roads: SiteRoads, two_vans: FleetState) -> None:
    """Nobody gave it the charger, but there it stands."""
    draft = Draft(after(two_vans, [charge(0.3, is_charging=True), charge(0.3, vehicle_id=VAN_2)]), NOW_S)
    assert decide(draft, roads, VAN_1) is None
    assert decide(draft, roads, VAN_2) is None


@pytest.mark.vda5050("11.7")
def test_charging_stops_when_it_is_enough(roads: SiteRoads, two_vans: FleetState) -> None:
    assert decided(roads, after(two_vans, [charge(0.95, is_charging=True)])) == Ask(ActionKind.STOP_CHARGING)
    assert decided(roads, after(two_vans, [charge(0.6, is_charging=True)])) is None


@pytest.mark.vda5050("11.5")
def test_charging_stops_before_a_trip_and_the_trip_begins_only_when_it_has(roads: SiteRoads) -> None:
    state = after(planned(roads), [charge(0.6, is_charging=True)])
    draft = Draft(state, NOW_S)
    assert decide(draft, roads, VAN_1) == Ask(ActionKind.STOP_CHARGING)
    carry_out(draft, roads, VAN_1, Ask(ActionKind.STOP_CHARGING))
    assert decide(draft, roads, VAN_1) is None
    [stop] = draft.state.twin(VAN_1).instants
    finished = ev.InstantMoved(vehicle_id=VAN_1, action_id=stop.action_id, phase=stop.phase.FINISHED, result="")
    draft.emit(finished)
    draft.emit(charge(0.6))
    assert decide(draft, roads, VAN_1) == Load(a_trip("trip-1").id)


def test_a_charge_that_is_asked_for_is_not_asked_for_again(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = Draft(after(two_vans, [charge(0.3)]), NOW_S)
    carry_out(draft, roads, VAN_1, Ask(ActionKind.START_CHARGING))
    assert decide(draft, roads, VAN_1) is None


def test_a_charger_is_free_again_when_its_vehicle_is_full(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = Draft(after(two_vans, [charge(0.3)]), NOW_S)
    decide(draft, roads, VAN_1)
    draft.emit(charge(0.95))
    decide(draft, roads, VAN_1)
    assert draft.state.reservations[CHARGER] == ()


def on_a_road_that_was_closed(roads: SiteRoads, *, is_obstacle: bool) -> Draft:
    """Van 1's base ends in the middle of a road, and that road is closed."""
    draft = driving(roads)
    [order] = draft.state.orders.values()
    middle = next(i for i in range(1, len(order.path)) if order.path[i - 1].edge == order.path[i].edge)
    draft.emit(ev.OrderExtended(order_id=order.id, update_id=1, released=middle, announced=order.announced))
    draft.emit(ev.OrderSeen(order_id=order.id, update_id=1))
    for index in range(middle):
        piece = order.path[index]
        place = Place(piece.edge, piece.to_m)
        draft.emit(ev.NodePassed(order_id=order.id, passed=index + 1, place=place, node_id=piece.end.node_id))
    key = order.path[middle].road_key
    draft.emit(ev.RoadClosed(road_key=key, until_s=NOW_S + 6000.0, why="", is_obstacle=is_obstacle))
    return draft


@pytest.mark.vda5050("13.12")
def test_a_vehicle_at_the_end_of_a_road_whose_update_is_on_its_way_is_not_let_into_a_road_closed_since(
    roads: SiteRoads,
) -> None:
    """By its last word it has not entered it, and the update is said again until it is shown."""
    draft = driving(roads)
    [order] = draft.state.orders.values()
    turn = next(i for i in range(1, len(order.path)) if order.path[i - 1].edge != order.path[i].edge)
    draft.emit(ev.OrderExtended(order_id=order.id, update_id=1, released=turn, announced=turn))
    draft.emit(ev.OrderSeen(order_id=order.id, update_id=1))
    for index in range(turn):
        piece = order.path[index]
        place = Place(piece.edge, piece.to_m)
        draft.emit(ev.NodePassed(order_id=order.id, passed=index + 1, place=place, node_id=piece.end.node_id))
    further = ev.OrderExtended(order_id=order.id, update_id=2, released=turn + 2, announced=turn + 2)
    draft.emit(further)
    assert decide(draft, roads, VAN_1) is None
    draft.emit(ev.RoadClosed(road_key=order.path[turn].road_key, until_s=NOW_S + 6000.0, why="burst pipe"))
    assert isinstance(decide(draft, roads, VAN_1), Cancel)


@pytest.mark.parametrize("is_obstacle", [True, False], ids=["obstacle", "ban"])
def test_a_vehicle_whose_base_ends_on_a_closed_road_is_let_off_it(roads: SiteRoads, is_obstacle: bool) -> None:
    """The only way is forward; it was sent round through the same road again and again."""
    draft = on_a_road_that_was_closed(roads, is_obstacle=is_obstacle)
    [order] = draft.state.orders.values()
    draft.letters.clear()
    for _ in range(4):
        intent = decide(draft, roads, VAN_1)
        if intent is not None:
            carry_out(draft, roads, VAN_1, intent)
    rerouted = [entry.event for entry in draft.entries if isinstance(entry.event, ev.OrderRerouted)]
    assert len(rerouted) <= 1
    assert len(draft.letters) == 1
    assert draft.state.orders[order.id].released > order.released


def test_a_person_is_told_that_a_vehicle_drives_on_a_road_closed_by_people(roads: SiteRoads) -> None:
    draft = on_a_road_that_was_closed(roads, is_obstacle=False)
    decide(draft, roads, VAN_1)
    assert AssistCause.ROAD_CLOSED in {assist.cause for assist in draft.state.assists.values()}


def test_a_vehicle_on_a_road_that_was_closed_is_told_once_to_leave_it(roads: SiteRoads) -> None:
    """It was told to go, cancelled in the next turn, told again, ten times a second."""
    draft = Draft(loaded(roads, a_run(point=POINT_2)), NOW_S)
    place = draft.state.twin(VAN_1).place
    assert place is not None
    key = roads.graph.edge_key(place.edge)
    draft.emit(ev.RoadClosed(road_key=key, until_s=NOW_S + 6000.0, why="burst pipe"))
    intent = decide(draft, roads, VAN_1)
    assert isinstance(intent, Deliver)
    carry_out(draft, roads, VAN_1, intent)
    assert not isinstance(decide(draft, roads, VAN_1), Cancel)
    [order] = draft.state.orders.values()
    draft.emit(ev.OrderSeen(order_id=order.id, update_id=0))
    assert not isinstance(decide(draft, roads, VAN_1), Cancel)
    assert AssistCause.ROAD_CLOSED in {assist.cause for assist in draft.state.assists.values()}


def test_a_lot_that_could_not_be_loaded_is_tried_again_after_a_while_and_not_at_once(roads: SiteRoads) -> None:
    """Whatever makes a pick fail at once was planned and ordered again in every turn."""
    draft = Draft(loading(roads), NOW_S)
    first = decide(draft, roads, VAN_1)
    assert not isinstance(first, Load)
    assert AssistCause.PICK_FAILED in {assist.cause for assist in draft.state.assists.values()}
    again = a_trip("trip-2", VAN_1, (POINT_1, ["run-1"]))
    draft.emit(ev.PlanAdopted(version=2, why="", plan=a_plan(again)))
    assert decide(draft, roads, VAN_1) is None
    draft.now_s = NOW_S + PICK_AGAIN_S
    assert decide(draft, roads, VAN_1) == Load(again.id)
