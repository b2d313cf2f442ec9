"""What a state tells about an order: progress, acceptance, rejection, end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet.model import event as ev
from fleet.model.ids import ActionId
from fleet.model.order import ActionKind, ActionPhase, Order, OrderPhase, OrderPurpose
from fleet.model.twin import Instant, Twin
from fleet.orders.follow import instant_events, order_events, passed_edges, rejection_of, rejection_of_new
from fleet.wire.messages import ActionState, ActionStatus, ErrorLevel, OperatingMode, VehicleState
from tests.nouns import DEPOT_NODE, NOW_S, a_state, a_vehicle, an_error, an_order, driving

GOAL = "point:p1"
CANCEL = ActionId("a-cancel")


def active(order: Order) -> Order:
    return replace(order, phase=OrderPhase.ACTIVE, update_seen=order.update_id)


def cancelling(order: Order) -> Order:
    return replace(active(order), phase=OrderPhase.CANCELLING)


def ends(order: Order, state: VehicleState) -> list[OrderPhase]:
    return [event.phase for event in order_events(order, state) if isinstance(event, ev.OrderEnded)]


def passes(order: Order, state: VehicleState) -> list[int]:
    return [event.passed for event in order_events(order, state) if isinstance(event, ev.NodePassed)]


# Acceptance -----------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("6.4")
def test_an_order_is_accepted_only_when_a_state_shows_it() -> None:
    order = an_order("n1", GOAL)
    seen = [event for event in order_events(order, driving(order, 0)) if isinstance(event, ev.OrderSeen)]
    assert seen == [ev.OrderSeen(order_id=order.id, update_id=0)]


@pytest.mark.vda5050("6.4")
def test_a_state_that_shows_an_older_update_accepts_only_that_one() -> None:
    order = replace(an_order("n1", "n2", GOAL), update_id=3)
    [seen] = [e for e in order_events(order, driving(order, 0, update=2)) if isinstance(e, ev.OrderSeen)]
    assert seen.update_id == 2


def test_what_was_seen_already_is_no_news() -> None:
    order = active(an_order("n1", GOAL))
    assert list(order_events(order, driving(order, 0))) == []


# Progress -------------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("10.1", "10.3")
@pytest.mark.parametrize("passed", [1, 2, 3, 4])
def test_a_state_may_jump_over_any_number_of_nodes(passed: int) -> None:
    order = active(an_order("n1", "n2", "n3", GOAL))
    assert passes(order, driving(order, passed)) == [passed]


@pytest.mark.vda5050("10.1")
def test_progress_is_never_taken_back() -> None:
    order = replace(active(an_order("n1", "n2", "n3", GOAL)), passed=3)
    assert passes(order, driving(order, 1)) == []
    assert passed_edges(order, driving(order, 1)) == 3


@pytest.mark.vda5050("5.7", "10.1", "14.10")
def test_the_same_node_twice_is_told_apart_by_its_sequence_id() -> None:
    order = active(an_order("n1", "n2", "n1", GOAL))
    assert passes(order, driving(order, 1)) == [1]
    assert passes(order, driving(order, 3)) == [3]


@pytest.mark.vda5050("10.2", "14.11")
def test_a_vehicle_that_keeps_the_reached_node_in_its_list_has_passed_it() -> None:
    order = active(an_order("n1", "n2", GOAL))
    state = driving(order, 1, left=[("n1", 2), ("n2", 4), (GOAL, 6)])
    assert passes(order, state) == [1]


@pytest.mark.vda5050("10.4")
def test_without_a_last_node_nothing_is_believed_of_its_sequence() -> None:
    order = active(an_order("n1", "n2", GOAL))
    assert passed_edges(order, driving(order, 2, at="")) == 0


@pytest.mark.vda5050("10.1")
@pytest.mark.parametrize("sequence", [4, 40])
def test_a_sequence_id_left_over_from_the_order_before_is_no_progress(sequence: int) -> None:
    order = active(an_order("n1", "n2", GOAL))
    assert passed_edges(order, a_state(order=order.id, at=DEPOT_NODE, sequence=sequence)) == 0


def test_the_place_reported_is_the_end_of_the_last_passed_piece() -> None:
    order = active(an_order("n1", "n2", GOAL))
    [passed] = [e for e in order_events(order, driving(order, 2)) if isinstance(e, ev.NodePassed)]
    assert (passed.place.edge, passed.place.offset_m, passed.node_id) == (1, 100.0, "n2")


# Actions --------------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("9.1", "9.2")
def test_a_terminal_action_never_changes_again() -> None:
    order = active(an_order("n1", GOAL, passed=2))
    done = replace(order, actions=(replace(order.actions[0], phase=ActionPhase.FINISHED),))
    moved = list(order_events(done, driving(done, 2, actions={"a-run-1": ActionStatus.FAILED})))
    assert not [e for e in moved if isinstance(e, ev.ActionMoved)]


@pytest.mark.vda5050("10.5")
def test_an_action_that_is_not_ours_is_ignored() -> None:
    order = active(an_order("n1", GOAL))
    events = order_events(order, driving(order, 1, actions={"somebody-elses": ActionStatus.FINISHED}))
    assert not [e for e in events if isinstance(e, ev.ActionMoved)]


@pytest.mark.vda5050("10.6")
def test_the_result_of_an_action_is_kept() -> None:
    order = active(an_order("n1", GOAL, passed=2))
    events = order_events(order, driving(order, 2, actions={"a-run-1": "delivered=2 refused=x"}))
    assert "delivered=2 refused=x" in [e.result for e in events if isinstance(e, ev.ActionMoved)]


# The end --------------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("10.7")
def test_an_order_at_its_goal_that_shows_nothing_of_its_actions_is_not_finished() -> None:
    """Nothing is delivered that no state has shown to be."""
    order = active(an_order("n1", GOAL))
    assert OrderPhase.FINISHED not in ends(order, driving(order, 2, actions={}))


@pytest.mark.vda5050("7.1")
@pytest.mark.parametrize(
    "references",
    [{"topic": "instantActions"}, {"instantActionId": "a-9"}, {"actionId": "a-9"}],
    ids=["topic", "instant action", "action"],
)
@pytest.mark.parametrize("kind", ["validationError", "VALIDATION_FAILURE"])
def test_a_refusal_of_something_else_that_we_asked_is_none_of_an_order_under_way(
    kind: str, references: dict[str, str]
) -> None:
    error = an_error(kind, **references)  # type: ignore[arg-type]  # by key, and none is called level
    assert rejection_of_new(an_order("n1", GOAL), a_state(errors=[error])) is None
    order = replace(active(an_order("n1", "n2", GOAL, released=1)), update_id=1, released=3)
    assert rejection_of(order, driving(order, 1, update=0, errors=[error])) is None
    for topic in ("order", "Order", "uagv/v2/acme/van-1/order"):
        assert rejection_of(order, driving(order, 1, update=0, errors=[an_error(kind, topic=topic)])) is not None


@pytest.mark.vda5050("10.7")
def test_an_order_is_finished_at_its_goal_with_all_actions_over() -> None:
    order = active(an_order("n1", GOAL))
    assert ends(order, driving(order, 2, actions={"a-run-1": "ok"})) == [OrderPhase.FINISHED]


@pytest.mark.vda5050("10.7")
@pytest.mark.parametrize("status", [ActionStatus.WAITING, ActionStatus.RUNNING, ActionStatus.PAUSED])
def test_an_order_goes_on_while_an_action_does(status: ActionStatus) -> None:
    order = active(an_order("n1", GOAL))
    assert ends(order, driving(order, 2, actions={"a-run-1": status})) == []


def test_a_finished_action_that_the_next_state_drops_still_counts() -> None:
    order = active(an_order("n1", GOAL, passed=2))
    order = replace(order, actions=(replace(order.actions[0], phase=ActionPhase.FINISHED),))
    assert ends(order, driving(order, 2, actions={})) == [OrderPhase.FINISHED]


def test_an_order_that_stays_where_it_starts_ends_with_its_actions() -> None:
    order = active(an_order(purpose=OrderPurpose.LOAD))
    assert ends(order, driving(order, 0, actions={"a-run-1": "ok"})) == [OrderPhase.FINISHED]


@pytest.mark.vda5050("10.2", "6.8")
def test_a_vehicle_that_keeps_the_last_node_in_its_list_is_finished_all_the_same() -> None:
    order = active(an_order("n1", GOAL))
    state = driving(order, 2, left=[(GOAL, 4)], actions={"a-run-1": "ok"})
    assert ends(order, state) == [OrderPhase.FINISHED]


def test_an_order_seen_for_the_first_time_when_it_is_all_done_is_accepted_and_then_finished() -> None:
    order = an_order("n1", GOAL)
    events = list(order_events(order, driving(order, 2, actions={"a-run-1": "ok"})))
    assert [type(event) for event in events] == [ev.OrderSeen, ev.NodePassed, ev.ActionMoved, ev.OrderEnded]


def test_a_vehicle_that_waits_at_the_end_of_its_base_without_a_horizon_keeps_its_order() -> None:
    order = active(an_order("n1", "n2", GOAL, released=1))
    assert ends(order, driving(order, 1, actions={})) == []


def test_an_update_on_its_way_to_a_vehicle_at_the_end_of_its_base_is_no_vanished_order() -> None:
    order = replace(active(an_order("n1", "n2", GOAL)), update_id=1, update_seen=0)
    assert ends(order, driving(order, 1, update=0, left=[], edges=[], actions={})) == []


@pytest.mark.vda5050("7.6", "11.3", "14.3")
def test_an_order_whose_base_was_not_driven_and_is_gone_has_vanished() -> None:
    for order in (active(an_order("n1", "n2", GOAL)), active(an_order("n1", "n2", "n3", GOAL, released=2))):
        assert ends(order, driving(order, 1, left=[], edges=[], actions={})) == [OrderPhase.VANISHED]


def test_an_order_at_its_goal_whose_action_is_gone_without_an_outcome_has_vanished() -> None:
    order = active(an_order("n1", GOAL, passed=2))
    assert ends(order, driving(order, 2, actions={})) == [OrderPhase.VANISHED]


def test_an_accepted_order_has_vanished_when_an_idle_vehicle_shows_another() -> None:
    order = active(an_order("n1", GOAL))
    assert ends(order, a_state(order="")) == [OrderPhase.VANISHED]


def test_an_order_that_was_never_shown_is_still_on_its_way() -> None:
    order = an_order("n1", GOAL)
    assert ends(order, a_state(order="the-one-before")) == []


# Rejection ------------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("7.1")
def test_an_order_is_rejected_by_the_error_that_names_it() -> None:
    order = an_order("n1", GOAL)
    assert ends(order, a_state(errors=[an_error("noRouteError", orderId=order.id)])) == [OrderPhase.REJECTED]


@pytest.mark.vda5050("7.1")
def test_an_order_is_rejected_by_an_error_without_references() -> None:
    order = an_order("n1", GOAL)
    assert ends(order, a_state(errors=[an_error("validationError")])) == [OrderPhase.REJECTED]


@pytest.mark.vda5050("7.1")
def test_an_error_that_names_another_order_rejects_nothing() -> None:
    order = an_order("n1", GOAL)
    assert ends(order, a_state(errors=[an_error("orderError", orderId="o-0")])) == []


@pytest.mark.vda5050("7.1")
@pytest.mark.parametrize(
    ("references", "is_ours"),
    [
        ({"topic": "order"}, True),
        ({"topic": "uagv/v2/acme/van-1/order"}, True),
        ({"topic": "instantActions"}, False),
        ({"topic": "uagv/v2/acme/van-1/instantActions"}, False),
        ({"actionId": "a-run-1"}, True),
        ({"actionId": "a-7"}, False),
        ({"actionId": "a-7", "orderId": "o-1"}, True),
        ({"instantActionId": "a-7"}, False),
        ({"headerId": "7"}, True),
    ],
)
def test_a_refusal_without_an_order_is_about_ours_unless_it_names_something_else(
    references: dict[str, str], is_ours: bool
) -> None:
    order = an_order("n1", GOAL)
    assert [action.action_id for action in order.actions] == ["a-run-1"]
    told = ends(order, a_state(errors=[an_error("validationError", ErrorLevel.WARNING, **references)]))
    assert told == ([OrderPhase.REJECTED] if is_ours else [])


@pytest.mark.vda5050("7.4")
def test_an_error_of_another_kind_rejects_nothing() -> None:
    order = an_order("n1", GOAL)
    assert ends(order, a_state(errors=[an_error("lowBattery")])) == []


def test_an_order_that_was_accepted_is_no_longer_rejected() -> None:
    order = active(an_order("n1", GOAL))
    state = a_state(order="the-one-before", left=[("x", 2)], errors=[an_error("orderError")])
    assert ends(order, state) == []


@pytest.mark.vda5050("7.1")
def test_a_refused_update_is_told_once_the_vehicle_names_it() -> None:
    order = replace(active(an_order("n1", "n2", GOAL)), update_id=2, update_seen=1)
    state = driving(order, 0, update=1, errors=[an_error("orderUpdateError", orderId=order.id, orderUpdateId="2")])
    assert rejection_of(order, state) is not None


@pytest.mark.vda5050("7.1")
def test_a_refusal_of_an_update_before_says_nothing_about_the_last_one() -> None:
    order = replace(active(an_order("n1", "n2", GOAL)), update_id=2, update_seen=1)
    state = driving(order, 0, update=1, errors=[an_error("orderUpdateError", orderId=order.id, orderUpdateId="1")])
    assert rejection_of(order, state) is None


@pytest.mark.vda5050("7.1")
def test_a_confirmed_update_is_not_refused_by_an_error_that_stays() -> None:
    order = active(an_order("n1", GOAL))
    state = driving(order, 0, errors=[an_error("orderUpdateError", orderId=order.id)])
    assert rejection_of(order, state) is None


@pytest.mark.vda5050("7.1")
def test_a_refusal_that_names_no_update_and_was_there_before_burns_no_number() -> None:
    """The vehicle takes the next update all the same, and our books would say that its base is shorter than it is."""
    order = replace(an_order("n1", GOAL), update_id=2, update_seen=1, phase=OrderPhase.ACTIVE)
    state = driving(order, 0, update=1, errors=[an_error("orderUpdateError", orderId=order.id)])
    assert rejection_of(order, state) is not None
    before = replace(order, old_complaints=(f"orderUpdateError {order.id}",))
    assert rejection_of(before, state) is None


def an_update_on_its_way(*, accepted: int) -> Order:
    """Update 1 releases all three edges; the vehicle has shown update 0 only, with some of them."""
    order = replace(an_order("n1", "n2", GOAL), update_id=1, update_seen=0, phase=OrderPhase.ACTIVE)
    return replace(order, accepted=accepted)


@pytest.mark.vda5050("11.1", "11.3", "14.3")
def test_an_order_is_lost_when_it_is_cleared_by_hand_while_an_update_is_on_its_way() -> None:
    order = an_update_on_its_way(accepted=1)
    waits = driving(order, 1, update=0, left=[], edges=[], actions={})
    assert ends(order, waits) == []
    by_hand = driving(order, 1, update=0, left=[], edges=[], actions={}, mode=OperatingMode.MANUAL)
    assert ends(order, by_hand) == [OrderPhase.VANISHED]


def test_an_order_is_lost_when_its_vehicle_stands_short_of_what_it_had_accepted() -> None:
    order = an_update_on_its_way(accepted=2)
    assert ends(order, driving(order, 1, update=0, left=[], edges=[], actions={})) == [OrderPhase.VANISHED]


# Cancel ---------------------------------------------------------------------------------------------------------------


def test_a_cancelled_order_is_over_once_nothing_of_it_is_left() -> None:
    order = cancelling(an_order("n1", "n2", GOAL))
    state = driving(order, 1, left=[], edges=[], actions={"a-run-1": ActionStatus.FAILED})
    assert ends(order, state) == [OrderPhase.CANCELLED]


def test_a_cancelled_order_lasts_while_the_vehicle_drives_on_to_the_end_of_its_base() -> None:
    order = cancelling(an_order("n1", "n2", GOAL))
    assert ends(order, driving(order, 1)) == []


def test_an_order_lasts_while_its_cancel_is_under_way() -> None:
    order = cancelling(an_order("n1", GOAL))
    state = driving(order, 1, left=[], edges=[], actions={CANCEL: ActionStatus.RUNNING})
    assert ends(order, state) == []


def test_an_order_that_finished_just_before_its_cancel_is_finished() -> None:
    order = cancelling(an_order("n1", GOAL))
    assert ends(order, driving(order, 2, actions={"a-run-1": "delivered=3"})) == [OrderPhase.FINISHED]


def cancel_of(state: VehicleState, now_s: float = NOW_S) -> list[ev.InstantMoved]:
    asked = Instant(action_id=CANCEL, kind=ActionKind.CANCEL_ORDER, issued_s=NOW_S)
    return list(instant_events(Twin(vehicle=a_vehicle(), instants=(asked,)), state, now_s))


@pytest.mark.parametrize("kind", ["noOrderToCancel", "NO_ORDER_TO_CANCEL"])
def test_a_cancel_that_found_nothing_to_cancel_is_done(kind: str) -> None:
    state = a_state(actions={CANCEL: ActionStatus.FAILED}, errors=[an_error(kind)])
    assert [event.phase for event in cancel_of(state)] == [ActionPhase.FINISHED]


def test_a_cancel_that_failed_on_an_idle_vehicle_is_done() -> None:
    """Section 8.5: a failed cancel and an idle vehicle are success."""
    assert [event.phase for event in cancel_of(a_state(actions={CANCEL: ActionStatus.FAILED}))] == [
        ActionPhase.FINISHED
    ]


def test_a_cancel_that_failed_on_a_vehicle_with_work_left_has_failed() -> None:
    state = a_state(actions={CANCEL: ActionStatus.FAILED}, left=[("n1", 2)])
    assert [event.phase for event in cancel_of(state)] == [ActionPhase.FAILED]


def test_a_cancel_that_is_answered_by_an_error_alone_is_done() -> None:
    state = a_state(errors=[an_error("noOrderToCancel", actionId=CANCEL)])
    assert [event.phase for event in cancel_of(state)] == [ActionPhase.FINISHED]


def test_a_cancel_is_not_answered_by_an_error_about_another_one() -> None:
    assert cancel_of(a_state(errors=[an_error("noOrderToCancel", actionId="a-1")]), NOW_S + 600.0) == []


def test_an_error_that_names_no_cancel_answers_ours_once_it_must_have_arrived_and_nothing_is_left() -> None:
    state = a_state(errors=[an_error("noOrderToCancel")])
    assert cancel_of(state) == []
    assert [event.phase for event in cancel_of(state, NOW_S + 60.0)] == [ActionPhase.FINISHED]
    assert cancel_of(a_state(errors=[an_error("noOrderToCancel")], left=[("n1", 2)]), NOW_S + 60.0) == []


def test_a_cancel_that_a_state_does_not_show_yet_is_still_open() -> None:
    assert cancel_of(a_state()) == []


def test_a_cancel_shown_among_the_instant_actions_counts() -> None:
    shown = ActionState(action_id=CANCEL, status=ActionStatus.FINISHED)
    assert [e.phase for e in cancel_of(a_state(instant_action_states=(shown,)))] == [ActionPhase.FINISHED]


# Instant actions ------------------------------------------------------------------------------------------------------


def charge(phase: ActionPhase = ActionPhase.PENDING) -> Twin:
    asked = Instant(action_id=ActionId("a-7"), kind=ActionKind.START_CHARGING, issued_s=NOW_S, phase=phase)
    return Twin(vehicle=a_vehicle(), instants=(asked,))


def moved(twin: Twin, state: VehicleState) -> list[ActionPhase]:
    return [event.phase for event in instant_events(twin, state, NOW_S)]


def test_a_failed_charge_is_not_excused_by_an_old_error_about_a_cancel() -> None:
    state = a_state(actions={"a-7": ActionStatus.FAILED}, errors=[an_error("noOrderToCancel")])
    assert moved(charge(), state) == [ActionPhase.FAILED]


def test_an_instant_action_is_latched_at_its_first_terminal_status() -> None:
    assert moved(charge(ActionPhase.FINISHED), a_state(actions={"a-7": ActionStatus.RUNNING})) == []


def test_an_instant_action_that_ran_and_is_gone_is_over() -> None:
    """Its last state may be lost; nobody waits for ever for a word that will never come again."""
    [phase] = moved(charge(ActionPhase.RUNNING), a_state())
    assert phase.is_over


def test_the_same_status_again_is_no_news() -> None:
    assert moved(charge(ActionPhase.RUNNING), a_state(actions={"a-7": ActionStatus.RUNNING})) == []


@pytest.mark.vda5050("5.7")
def test_a_loop_passes_its_node_twice_and_is_told_apart_by_sequence_alone() -> None:
    order = active(an_order("n1", "n2", "n3", "n1", GOAL))
    assert passes(order, driving(order, 1)) == [1]
    assert passes(order, driving(order, 4)) == [4]
    assert passes(replace(order, passed=1), driving(order, 1)) == []
    assert passes(replace(order, passed=4), driving(order, 1)) == [], "the first time is long past"
