"""What we do when a vehicle refuses: each refusal is met by what could mend it, once, and then a person comes."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from fleet.dispatch.decide import decide
from fleet.dispatch.intent import Cancel, Deliver, Extend, GoHome, Recant, Reroute
from fleet.dispatch.under_order import REFUSALS_MAX
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import ActionId, OrderId
from fleet.model.order import ActionKind, Order, OrderPurpose
from fleet.model.place import Place
from fleet.model.refusal import Reaction
from fleet.orders.build import Terms, order_message
from fleet.orders.carry_out import carry_out
from fleet.orders.follow import CANCEL_IS_DONE, rejection_of
from fleet.orders.refused import ENOUGH, REMEDIES
from fleet.orders.rejections import DROPPABLE, REACTIONS, patience_with, to_leave_out
from fleet.orders.take_in import take_state
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.telemetry.intake import REJECTIONS, kind_of
from fleet.telemetry.profiles import profile
from fleet.wire.messages import ActionState, ActionStatus, ErrorLevel, OperatingMode, VehicleState
from tests.nouns import (
    DEPOT_NODE,
    NOW_S,
    POINT_2,
    VAN_1,
    a_run,
    a_state,
    after,
    an_error,
    an_order,
    before_the_last_road,
    driving,
    failed,
    loaded,
    standing_at,
)

GOAL = "point:p1"
VAN = f"vehicle:{VAN_1}"
BOTH_WAYS = {kind_of(name) for name in REACTIONS}


def heard(roads: SiteRoads, state: FleetState, *states: VehicleState, now_s: float = NOW_S) -> FleetState:
    draft = Draft(state, now_s)
    for said in states:
        take_state(draft, roads, VAN_1, said)
    return draft.state


def under_way(roads: SiteRoads) -> tuple[Order, FleetState]:
    """Van 1 carries run-1 to the second point on a real way, and has taken its order."""
    draft = Draft(loaded(roads, a_run(point=POINT_2)), NOW_S)
    intent = decide(draft, roads, VAN_1)
    assert isinstance(intent, Deliver)
    carry_out(draft, roads, VAN_1, intent)
    [order] = draft.state.orders.values()
    return order, draft.state


def taken(roads: SiteRoads) -> tuple[Order, FleetState]:
    order, state = under_way(roads)
    return order, heard(roads, state, driving(order, 0))


def extended(roads: SiteRoads) -> tuple[Order, FleetState]:
    """The van has passed a node of its order, and an update is under way to it."""
    order, state = taken(roads)
    state = heard(roads, state, driving(order, 1))
    draft = Draft(state, NOW_S)
    intent = decide(draft, roads, VAN_1)
    if not isinstance(intent, Extend):
        intent = Extend(order.id, order.released + 1)
    carry_out(draft, roads, VAN_1, intent)
    return draft.state.orders[order.id], draft.state


def refused_update(order: Order, kind: str, **references: str) -> VehicleState:
    before = replace(order, released=order.accepted, update_id=order.update_id - 1)
    named = {"orderId": order.id, "orderUpdateId": str(order.update_id)} | references
    return driving(before, order.passed, errors=[an_error(kind, ErrorLevel.WARNING, **named)])


def refused(order: Order, kind: str, **references: str) -> VehicleState:
    return a_state(errors=[an_error(kind, ErrorLevel.WARNING, **({"orderId": str(order.id)} | references))])


def next_order(roads: SiteRoads, state: FleetState, after_s: float = 60.0) -> Order | None:
    draft = Draft(state, NOW_S + after_s)
    intent = decide(draft, roads, VAN_1)
    if not isinstance(intent, Deliver | GoHome):
        return None
    carry_out(draft, roads, VAN_1, intent)
    return draft.state.active_order(VAN_1)


# The table ------------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("7.4")
def test_every_refusal_that_is_understood_has_a_reaction_and_each_reaction_is_done() -> None:
    known = REJECTIONS | {CANCEL_IS_DONE}
    assert known - {"ordererror"} == BOTH_WAYS
    assert set(REMEDIES) == set(Reaction)
    assert ENOUGH == REFUSALS_MAX


@pytest.mark.vda5050("7.4")
@pytest.mark.parametrize("spelling", ["noRouteError", "NO_ROUTE_ERROR", "no route error", "NoRouteError"])
def test_a_type_is_known_in_whatever_way_it_is_spelt(roads: SiteRoads, spelling: str) -> None:
    order, state = under_way(roads)
    ended = heard(roads, state, refused(order, spelling, edgeId=order.path[0].edge_id))
    assert ended.twin(VAN_1).order_id is None


@pytest.mark.vda5050("7.4")
def test_a_type_that_nobody_knows_refuses_nothing(roads: SiteRoads) -> None:
    order, state = under_way(roads)
    assert heard(roads, state, refused(order, "wiperFluidLow")).twin(VAN_1).order_id == order.id


# Row by row -----------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("7.r1")
@pytest.mark.parametrize("kind", ["validationError", "VALIDATION_FAILURE"])
def test_an_order_that_is_called_invalid_is_our_bug_and_is_not_said_again(roads: SiteRoads, kind: str) -> None:
    order, state = under_way(roads)
    state = heard(roads, state, refused(order, kind))
    assert state.twin(VAN_1).held
    assert state.open_assist(VAN, AssistCause.ORDER_REJECTED) is not None
    assert next_order(roads, state) is None


@pytest.mark.vda5050("7.r1")
def test_an_update_that_is_called_invalid_ends_its_order(roads: SiteRoads) -> None:
    order, state = extended(roads)
    state = heard(roads, state, refused_update(order, "validationError"))
    assert state.orders[order.id].refusals >= REFUSALS_MAX
    assert state.twin(VAN_1).held


@pytest.mark.vda5050("7.r2", "6.7")
@pytest.mark.parametrize("kind", ["UNSUPPORTED_PARAMETER", "INVALID_ORDER_ACTION", "orderError"])
def test_an_order_with_a_part_it_does_not_take_is_told_again_without_it_under_a_new_id(
    roads: SiteRoads, kind: str
) -> None:
    order, state = under_way(roads)
    state = heard(roads, state, refused(order, kind))
    again = next_order(roads, state)
    assert again is not None
    assert again.id != order.id
    told = order_message(again, Terms("town", roads.graph, profile(state.twin(VAN_1))))
    assert all(edge.length_m is None for edge in told.edges)
    assert all(edge.speed_mps_max is not None for edge in told.edges)


@pytest.mark.vda5050("7.r2")
def test_only_what_it_names_is_left_out() -> None:
    error = an_error("UNSUPPORTED_PARAMETER", parameter="edges.corridor")
    assert to_leave_out(error, ()) == ("corridor",)
    assert to_leave_out(an_error("UNSUPPORTED_PARAMETER"), ("length",)) == tuple(
        part for part in DROPPABLE if part != "length"
    )


@pytest.mark.vda5050("4.4", "7.r2")
def test_what_its_factsheet_asks_for_is_never_left_out() -> None:
    """Found with a strict vehicle that refused an order for its mode, and from then on each for what was missing."""
    required = ("order.nodes.nodePosition", "order.nodes.nodePosition.allowedDeviationXY")
    left_out = to_leave_out(an_error("orderError"), (), required)
    assert left_out == tuple(part for part in DROPPABLE if part != "deviation")
    assert to_leave_out(an_error("orderError", field="allowedDeviationXY"), (), required) == ()


@pytest.mark.vda5050("7.r2")
def test_what_was_left_out_in_vain_is_told_again_when_a_person_has_looked(roads: SiteRoads) -> None:
    order, state = under_way(roads)
    for _ in range(2):
        state = heard(roads, state, refused(order, "orderError"))
        again = next_order(roads, state)
        order = order if again is None else again
        state = state if again is None else after(state, [ev.OrderIssued(order=again)])
    assert state.twin(VAN_1).held
    assert state.twin(VAN_1).avoids != ()
    assert after(state, [ev.VehicleReleased(vehicle_id=VAN_1, why="looked at")]).twin(VAN_1).avoids == ()


@pytest.mark.vda5050("7.r2")
def test_an_order_refused_once_more_without_it_is_a_persons(roads: SiteRoads) -> None:
    order, state = under_way(roads)
    state = heard(roads, state, refused(order, "UNSUPPORTED_PARAMETER"))
    draft = Draft(state, NOW_S + 60.0)
    intent = decide(draft, roads, VAN_1)
    assert intent is not None
    carry_out(draft, roads, VAN_1, intent)
    again = draft.state.active_order(VAN_1)
    assert again is not None
    state = heard(roads, draft.state, refused(again, "UNSUPPORTED_PARAMETER"))
    assert state.twin(VAN_1).held


@pytest.mark.vda5050("7.r3", "6.7")
def test_after_an_outdated_update_the_next_is_one_above_the_greatest_that_the_vehicle_knows(roads: SiteRoads) -> None:
    order, state = extended(roads)
    said = refused_update(order, "OUTDATED_ORDER_UPDATE")
    knows_more = driving(replace(order, update_id=7, released=order.accepted), order.passed, errors=said.errors)
    state = heard(roads, state, knows_more)
    assert (state.orders[order.id].update_id, state.orders[order.id].released) == (7, order.accepted)
    draft = Draft(state, NOW_S)
    carry_out(draft, roads, VAN_1, Extend(order.id, order.released))
    [letter] = draft.letters
    assert letter.update_id == 8


@pytest.mark.vda5050("7.r3", "7.1")
@pytest.mark.parametrize("kind", ["OUTDATED_ORDER_UPDATE", "SAME_ORDER_UPDATE_ID"])
def test_a_late_copy_that_is_refused_for_its_number_says_nothing_of_the_update_under_way(
    roads: SiteRoads, kind: str
) -> None:
    order, _ = extended(roads)
    before = replace(order, released=order.accepted, update_id=order.update_id - 1)
    unnamed = driving(before, order.passed, errors=[an_error(kind, orderId=order.id)])
    assert rejection_of(order, unnamed) is None


@pytest.mark.vda5050("7.r4", "6.6", "6.7")
def test_a_refused_update_is_stitched_again_to_the_base_it_holds_and_after_the_second_a_new_order_comes(
    roads: SiteRoads,
) -> None:
    order, state = extended(roads)
    state = heard(roads, state, refused_update(order, "orderUpdateError"))
    draft = Draft(state, NOW_S)
    carry_out(draft, roads, VAN_1, Extend(order.id, order.released))
    again = draft.state.orders[order.id]
    [letter] = draft.letters
    assert letter.update_id == order.update_id + 1
    assert letter.message.nodes[0].sequence_id == 2 * order.accepted  # type: ignore[union-attr]  # it is an order
    state = heard(roads, draft.state, refused_update(again, "orderUpdateError"))
    draft = Draft(state, NOW_S)
    assert isinstance(decide(draft, roads, VAN_1), Cancel)
    assert not state.twin(VAN_1).held
    assert profile(state.twin(VAN_1)).horizon_edges == 0


@pytest.mark.vda5050("7.r5")
@pytest.mark.parametrize("kind", ["noRouteError", "NO_ROUTE_TO_TARGET", "NODE_UNREACHABLE"])
def test_a_road_it_cannot_be_sent_over_is_shut_for_it_alone(roads: SiteRoads, kind: str) -> None:
    order, state = under_way(roads)
    piece = before_the_last_road(order)
    state = heard(roads, state, refused(order, kind, edgeId=piece.edge_id))
    assert not state.is_closed(piece.road_key)
    again = next_order(roads, state)
    assert again is not None
    assert piece.road_key not in {each.road_key for each in again.path}


@pytest.mark.vda5050("7.r5")
def test_a_node_it_cannot_reach_shuts_the_road_that_leads_there_and_the_horizon_goes_round(roads: SiteRoads) -> None:
    order, state = extended(roads)
    without = {order.path[order.accepted - 1].road_key, order.path[-1].road_key}  # there is no way but over those
    piece = next(each for each in order.path[order.accepted :] if each.road_key not in without)
    state = heard(roads, state, refused_update(order, "NODE_UNREACHABLE", nodeId=piece.end.node_id))
    assert state.twin(VAN_1).is_shut(piece.road_key, NOW_S)
    held = state.orders[order.id]
    state = heard(roads, state, driving(held, held.released))  # it has come to the end of its base
    draft = Draft(state, NOW_S)
    while isinstance(intent := decide(draft, roads, VAN_1), Reroute):
        carry_out(draft, roads, VAN_1, intent)
    assert isinstance(intent, Extend)
    assert piece.road_key not in {each.road_key for each in draft.state.orders[order.id].path[held.released :]}


@pytest.mark.vda5050("7.r6", "5.5")
def test_a_vehicle_too_far_from_its_first_node_is_told_from_a_node_of_its_own_once(roads: SiteRoads) -> None:
    order, state = under_way(roads)
    place = state.twin(VAN_1).place
    assert place is not None
    x_m, y_m, _ = roads.graph.point_at(replace(place, offset_m=place.offset_m + 12.0))
    there = standing_at(x_m, y_m)
    said = a_state(errors=[an_error("START_NODE_OUT_OF_RANGE", orderId=order.id)], position=there)
    state = heard(roads, state, said)
    again = next_order(roads, state)
    assert again is not None
    assert again.start.node_id != DEPOT_NODE
    assert (again.start.x_m, again.start.y_m) == pytest.approx((x_m, y_m), abs=0.2)
    draft = Draft(state, NOW_S)
    draft.emit(ev.OrderIssued(order=again))
    said = a_state(errors=[an_error("START_NODE_OUT_OF_RANGE", orderId=again.id)], position=there)
    assert heard(roads, draft.state, said).twin(VAN_1).held


@pytest.mark.vda5050("7.r6", "5.5")
@pytest.mark.parametrize("ahead", [0, 1])
def test_a_vehicle_that_stands_the_other_way_round_is_told_from_the_other_side_of_its_street(
    roads: SiteRoads, ahead: int
) -> None:
    """Versions, trouble, seed 2: sixty orders that did not join, and a closed road believed to be under it."""
    order, state = under_way(roads)
    edge = list(dict.fromkeys(piece.edge for piece in order.path))[ahead]
    back = int(roads.graph.edge_reverse[edge])
    assert back >= 0
    x_m, y_m, heading_rad = roads.graph.point_at(Place(back, 40.0))
    there = msgspec.structs.replace(standing_at(x_m, y_m), theta_rad=heading_rad)
    said = a_state(errors=[an_error("START_NODE_OUT_OF_RANGE", orderId=order.id)], position=there)
    state = heard(roads, state, said)
    found = state.twin(VAN_1).place
    assert found is not None
    assert found.edge == back
    assert found.offset_m == pytest.approx(40.0, abs=0.1)


@pytest.mark.vda5050("7.r7")
def test_while_another_order_is_active_nothing_new_is_told_until_the_vehicle_is_idle(roads: SiteRoads) -> None:
    order, state = under_way(roads)
    busy = a_state(order="theirs", left=[("x", 2)], errors=[an_error("OTHER_ORDER_ACTIVE", orderId=order.id)])
    state = heard(roads, state, busy)
    assert not state.twin(VAN_1).held
    assert next_order(roads, state) is None
    assert next_order(roads, heard(roads, state, a_state(order="theirs"))) is not None


@pytest.mark.parametrize("kind", ["orderError", "START_NODE_OUT_OF_RANGE"])
def test_a_vehicle_that_says_it_is_beyond_the_stars_is_no_error_of_ours(roads: SiteRoads, kind: str) -> None:
    """The square of its distance is no number."""
    order, state = under_way(roads)
    far = a_state(position=standing_at(1e300, -1e300), errors=[an_error(kind, orderId=order.id)])
    assert heard(roads, state, far).twin(VAN_1).order_id is None


@pytest.mark.vda5050("7.r8")
@pytest.mark.parametrize("kind", ["MOBILE_ROBOT_NOT_AVAILABLE", "orderError"])
def test_a_vehicle_that_is_not_available_is_told_again_when_its_mode_allows_it(roads: SiteRoads, kind: str) -> None:
    order, state = under_way(roads)
    by_hand = a_state(mode=OperatingMode.MANUAL, errors=[an_error(kind, orderId=order.id)])
    state = heard(roads, state, by_hand)
    assert not state.twin(VAN_1).held
    assert state.twin(VAN_1).avoids == ()  # it is told all of it again
    assert next_order(roads, state) is None
    state = heard(roads, state, a_state())
    assert next_order(roads, state, after_s=1.0) is None
    assert next_order(roads, state, after_s=60.0) is not None


@pytest.mark.vda5050("7.r10")
def test_a_vehicle_short_of_memory_is_told_less_at_once(roads: SiteRoads) -> None:
    order, state = under_way(roads)
    state = heard(roads, state, refused(order, "INSUFFICIENT_MEMORY"))
    again = next_order(roads, state)
    assert again is not None
    assert again.announced < order.announced


@pytest.mark.vda5050("7.r11", "8.5")
@pytest.mark.parametrize("kind", ["noOrderToCancel", "NO_ORDER_TO_CANCEL", "no_order_to_cancel"])
def test_a_cancel_of_nothing_is_done_where_the_vehicle_is_idle(roads: SiteRoads, kind: str) -> None:
    draft = Draft(under_way(roads)[1], NOW_S)
    order = draft.state.active_order(VAN_1)
    assert order is not None
    carry_out(draft, roads, VAN_1, Cancel(order.id, "for want of need"))
    [instant] = draft.state.twin(VAN_1).instants
    answer = a_state(actions={instant.action_id: ActionStatus.FAILED}, errors=[an_error(kind)])
    state = heard(roads, draft.state, answer)
    assert (state.twin(VAN_1).instants, state.twin(VAN_1).order_id) == ((), None)
    assert state.open_assist(VAN, AssistCause.ORDER_REJECTED) is None


@pytest.mark.vda5050("7.r12")
def test_an_update_after_a_cancel_ends_the_order_and_a_new_one_comes(roads: SiteRoads) -> None:
    order, state = extended(roads)
    state = heard(roads, state, refused_update(order, "ORDER_UPDATE_FOLLOWING_CANCEL"))
    assert not state.twin(VAN_1).held
    draft = Draft(state, NOW_S)
    intent = decide(draft, roads, VAN_1)
    assert isinstance(intent, Cancel)
    carry_out(draft, roads, VAN_1, intent)
    [cancel] = draft.state.twin(VAN_1).instants
    at = order.path[0].end.node_id
    gone = a_state(order=order.id, at=at, sequence=2, actions={cancel.action_id: ActionStatus.FINISHED})
    assert next_order(roads, heard(roads, draft.state, gone)) is not None


# How often, and for how long ------------------------------------------------------------------------------------------


@pytest.mark.vda5050("7.1", "7.2", "7.3")
def test_a_refused_update_that_is_shown_in_every_state_is_met_once_and_the_old_order_goes_on(roads: SiteRoads) -> None:
    order, state = extended(roads)
    draft = Draft(state, NOW_S)
    said = refused_update(order, "orderUpdateError")
    for _ in range(5):
        take_state(draft, roads, VAN_1, said)
    kinds = [type(entry.event) for entry in draft.entries]
    assert kinds.count(ev.UpdateRefused) == kinds.count(ev.RefusalTaken) == 1
    assert draft.state.twin(VAN_1).order_id == order.id


@pytest.mark.vda5050("7.1")
def test_a_refusal_without_a_reference_is_the_updates_that_no_state_shows(roads: SiteRoads) -> None:
    order, state = extended(roads)
    before = replace(order, released=order.accepted, update_id=order.update_id - 1)
    state = heard(roads, state, driving(before, order.passed, errors=[an_error("orderUpdateError")]))
    assert state.orders[order.id].refusals == 1


@pytest.mark.vda5050("7.1")
def test_a_refusal_of_another_order_is_not_ours(roads: SiteRoads) -> None:
    order, state = under_way(roads)
    state = heard(roads, state, a_state(errors=[an_error("orderError", orderId="another")]))
    assert state.twin(VAN_1).order_id == order.id


def test_a_vehicle_that_refuses_whatever_it_is_told_is_held_in_the_end(roads: SiteRoads) -> None:
    _, state = under_way(roads)
    kinds = ("UNSUPPORTED_PARAMETER", "MOBILE_ROBOT_NOT_AVAILABLE")
    for number in range(20):
        order = state.active_order(VAN_1)
        if order is None:
            break
        state = heard(roads, state, refused(order, kinds[number % 2]))
        draft = Draft(state, NOW_S + 1000.0 * (number + 1))
        intent = decide(draft, roads, VAN_1)
        if intent is not None:
            carry_out(draft, roads, VAN_1, intent)
        state = draft.state
    assert state.twin(VAN_1).held


def test_an_order_that_is_taken_forgets_what_was_refused_before(roads: SiteRoads) -> None:
    order, state = under_way(roads)
    state = heard(roads, state, refused(order, "MOBILE_ROBOT_NOT_AVAILABLE"))
    again = next_order(roads, state)
    assert again is not None
    state = after(state, [ev.OrderIssued(order=again), ev.OrderSeen(order_id=again.id, update_id=0)])
    assert state.twin(VAN_1).refusal is None


# Levels and failures --------------------------------------------------------------------------------------------------


def with_fault(roads: SiteRoads, level: ErrorLevel) -> tuple[Order, FleetState]:
    order, state = taken(roads)
    later = after(state, [], now_s=NOW_S + 5.0)
    return order, heard(roads, later, driving(order, 1, errors=[an_error("drive", level)]), now_s=NOW_S + 5.0)


@pytest.mark.vda5050("7.5")
@pytest.mark.parametrize("level", [ErrorLevel.WARNING, ErrorLevel.URGENT])
def test_with_a_warning_the_order_goes_on(roads: SiteRoads, level: ErrorLevel) -> None:
    _, state = with_fault(roads, level)
    assert state.twin(VAN_1).can_take_orders
    assert not isinstance(decide(Draft(state, NOW_S + 100.0), roads, VAN_1), Cancel)


@pytest.mark.vda5050("7.5", "7.6")
def test_a_critical_fault_that_stays_ends_the_order_and_the_vehicle_takes_another(roads: SiteRoads) -> None:
    order, state = with_fault(roads, ErrorLevel.CRITICAL)
    assert decide(Draft(state, NOW_S + 10.0), roads, VAN_1) is None
    cancel = decide(Draft(state, NOW_S + 60.0), roads, VAN_1)
    assert isinstance(cancel, Cancel)
    draft = Draft(state, NOW_S + 60.0)
    carry_out(draft, roads, VAN_1, cancel)
    [instant] = draft.state.twin(VAN_1).instants
    stands = a_state(
        order=order.id,
        at=order.path[0].end.node_id,
        sequence=2,
        actions={instant.action_id: ActionStatus.FINISHED},
        errors=[an_error("drive", ErrorLevel.CRITICAL)],
    )
    state = heard(roads, draft.state, stands, now_s=NOW_S + 61.0)
    again = next_order(roads, state, after_s=62.0)
    assert again is not None
    later = after(
        state, [ev.OrderIssued(order=again), ev.OrderSeen(order_id=again.id, update_id=0)], now_s=NOW_S + 62.0
    )
    assert not isinstance(decide(Draft(later, NOW_S + 600.0), roads, VAN_1), Cancel)


@pytest.mark.vda5050("7.5")
def test_with_a_fatal_fault_nothing_is_told_and_no_error_ends_an_order_by_itself(roads: SiteRoads) -> None:
    order, state = with_fault(roads, ErrorLevel.FATAL)
    assert decide(Draft(state, NOW_S + 600.0), roads, VAN_1) is None
    assert state.twin(VAN_1).order_id == order.id
    assert state.open_assist(VAN, AssistCause.VEHICLE_FAULT) is not None


@pytest.mark.vda5050("7.7", "7.6")
def test_where_nothing_more_is_done_after_a_failed_action_the_order_is_cancelled(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL, runs=("run-1", "run-2"))
    runs = ev.RunsAccepted(key="", digest="", runs=(a_run("run-2"),))
    state = after(loaded(roads), [runs, ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    said = driving(order, 2, actions={"a-run-1": failed("jam"), "a-run-2": ActionStatus.WAITING})
    state = heard(roads, state, said)
    assert decide(Draft(state, NOW_S + 30.0), roads, VAN_1) is None
    assert isinstance(decide(Draft(state, NOW_S + 90.0), roads, VAN_1), Cancel)
    goes_on = driving(order, 2, actions={"a-run-1": failed("jam"), "a-run-2": ActionStatus.RUNNING})
    state = heard(roads, state, goes_on)
    assert not isinstance(decide(Draft(state, NOW_S + 900.0), roads, VAN_1), Cancel)


def test_what_is_meant_by_an_order_error_is_read_from_the_state(roads: SiteRoads) -> None:
    order, _ = under_way(roads)
    error = an_error("orderError", orderId=order.id)
    busy = a_state(order="theirs", left=[("x", 2)])
    far = a_state(position=standing_at(order.start.x_m + 40.0, order.start.y_m))
    said = [patience_with(error, order, state).reaction for state in (busy, far, a_state())]
    assert said == [Reaction.WAIT_UNTIL_IDLE, Reaction.START_WHERE_IT_STANDS, Reaction.SIMPLIFY]


def test_ids_of_refused_orders_are_never_used_again(roads: SiteRoads) -> None:
    order, state = under_way(roads)
    again = next_order(roads, heard(roads, state, refused(order, "MOBILE_ROBOT_NOT_AVAILABLE")))
    assert again is not None
    assert again.id not in (order.id, OrderId("o-1"))
    assert order.purpose is again.purpose is OrderPurpose.DELIVER
    assert {action.kind for action in again.actions} == {ActionKind.DROP}
    assert not {a.action_id for a in again.actions} & {a.action_id for a in order.actions}


@pytest.mark.vda5050("6.5")
def test_after_a_refusal_nothing_new_is_told_before_the_vehicle_was_asked_what_it_holds(roads: SiteRoads) -> None:
    """A later copy may have been taken: block town, forgetful 2.0.0, trouble, seed 3."""
    order, state = under_way(roads)
    state = heard(roads, state, refused(order, "orderError"))
    request = state.twin(VAN_1).instant(ActionKind.STATE_REQUEST)
    assert request is not None
    assert next_order(roads, state, after_s=1.0) is None
    refused_still = refused(order, "orderError")
    answered = heard(roads, state, msgspec.structs.replace(refused_still, action_states=answer(request.action_id)))
    assert next_order(roads, answered, after_s=1.0) is not None
    assert next_order(roads, state, after_s=30.0) is not None


@pytest.mark.vda5050("6.5")
def test_an_order_that_was_refused_and_then_taken_is_cancelled_before_another_comes(roads: SiteRoads) -> None:
    order, state = under_way(roads)
    state = heard(roads, state, refused(order, "orderError"))
    state = heard(roads, state, driving(order, 0))
    draft = Draft(state, NOW_S + 1.0)
    assert decide(draft, roads, VAN_1) == Recant(order.id)


def answer(action_id: ActionId) -> tuple[ActionState, ...]:
    return (ActionState(action_id=action_id, status=ActionStatus.FINISHED),)
