"""Instant actions: how long each may take, how often it is asked again, and what is believed of its end."""

from __future__ import annotations

import json

import msgspec
import pytest

from fleet.controller.inbox import Facts
from fleet.controller.turn import Due
from fleet.dispatch.decide import decide
from fleet.dispatch.intent import Cancel, TryAgain
from fleet.dispatch.under_order import RETRIAL_PAUSE_S, RETRIALS_MAX
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.change import replace
from fleet.model.custody import CustodyKind
from fleet.model.ids import ActionId, RunId
from fleet.model.order import ActionKind, ActionPhase, Order
from fleet.model.profile import ActionOffer, Habits, Learned, Profile
from fleet.model.twin import Liveness
from fleet.orders.asked import CARE, CLEAR_AT, CLEAR_PAUSE_S, Then, ask, see_to_asked
from fleet.orders.build import instant_message, order_message
from fleet.orders.carry_out import carry_out
from fleet.orders.follow import LOADS_LAG_S
from fleet.orders.outlet import OutboxStatus, outcome
from fleet.orders.take_in import take_state, unconfirmed
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.wire.codec import body_of
from fleet.wire.messages import ActionState, ActionStatus, InstantActions, Load, MapState, VehicleState
from tests.nouns import (
    NOW_S,
    VAN_1,
    Office,
    a_state,
    after,
    an_error,
    an_order,
    driving,
    failed,
    loaded,
    parcels_of,
    terms,
)
from tests.unit.test_orders_outlet import a_row

GOAL = "point:p1"
VAN = f"vehicle:{VAN_1}"
K = ActionKind
PARCEL_KINDS = {K.PICK, K.DROP}
REPEATABLE = [K.STATE_REQUEST, K.FACTSHEET_REQUEST, K.START_PAUSE, K.STOP_PAUSE, K.START_CHARGING, K.CANCEL_ORDER]


def asked(state: FleetState, kind: ActionKind, now_s: float = NOW_S) -> tuple[ActionId, FleetState]:
    draft = Draft(state, now_s)
    ask(draft, VAN_1, kind)
    return draft.state.twin(VAN_1).instants[-1].action_id, draft.state


def heard(roads: SiteRoads, state: FleetState, *states: VehicleState, now_s: float = NOW_S) -> FleetState:
    draft = Draft(state, now_s)
    for said in states:
        take_state(draft, roads, VAN_1, said)
    return draft.state


def is_called(state: FleetState, cause: AssistCause) -> bool:
    return state.open_assist(VAN, cause) is not None


# Time and tries -------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("9.5", "12.4")
def test_every_instant_action_has_its_care_and_what_moves_parcels_is_none() -> None:
    assert set(CARE) == set(ActionKind) - PARCEL_KINDS


@pytest.mark.vda5050("9.5")
@pytest.mark.parametrize("kind", sorted(CARE))
def test_an_action_that_had_its_time_and_its_tries_is_given_up_or_calls_a_person(
    two_vans: FleetState, kind: ActionKind
) -> None:
    care = CARE[kind]
    _, state = asked(two_vans, kind)
    letters, now_s = 0, NOW_S
    for _ in range(care.tries + 2):
        now_s += care.done_s
        draft = Draft(state, now_s)
        see_to_asked(draft, VAN_1)
        letters += len(draft.letters)
        state = draft.state
    assert letters == care.tries
    assert bool(state.twin(VAN_1).instants) is (care.then is Then.CALL)
    assert is_called(state, AssistCause.ORDER_UNCONFIRMED) is (care.then is Then.CALL)


@pytest.mark.vda5050("9.5")
def test_before_its_time_nothing_is_done_and_it_is_looked_at_again_then(two_vans: FleetState) -> None:
    _, state = asked(two_vans, K.FACTSHEET_REQUEST)
    draft = Draft(state, NOW_S + 5.0)
    see_to_asked(draft, VAN_1)
    assert (draft.entries, draft.wakes) == ([], {VAN_1: NOW_S + 10.0})


@pytest.mark.vda5050("4.1")
def test_a_factsheet_is_asked_for_four_times_ten_seconds_apart_and_then_done_without(two_vans: FleetState) -> None:
    _, state = asked(two_vans, K.FACTSHEET_REQUEST)
    times = []
    for second in range(100):
        draft = Draft(state, NOW_S + second)
        see_to_asked(draft, VAN_1)
        times += [second for _ in draft.letters]
        state = draft.state
    assert times == [10, 20, 30]
    assert state.twin(VAN_1).instants == ()
    assert not is_called(state, AssistCause.ORDER_UNCONFIRMED)


@pytest.mark.vda5050("8.4", "8.1")
def test_a_cancel_that_is_shown_and_never_done_calls_a_person_and_no_new_order_comes(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    told = [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)]
    draft = Draft(after(loaded(roads), told), NOW_S)
    carry_out(draft, roads, VAN_1, Cancel(order.id, "blocked"))
    [cancel] = draft.state.twin(VAN_1).instants
    stands = a_state(order=order.id, at="n1", sequence=2, actions={cancel.action_id: ActionStatus.RUNNING})
    state = heard(roads, draft.state, stands)
    late = Draft(state, NOW_S + 200.0)
    see_to_asked(late, VAN_1)
    assert is_called(late.state, AssistCause.ORDER_UNCONFIRMED)
    assert decide(late, roads, VAN_1) is None


@pytest.mark.vda5050("9.3")
@pytest.mark.parametrize("kind", REPEATABLE)
def test_it_is_said_again_under_its_id_until_it_is_shown_and_then_no_more(
    roads: SiteRoads, two_vans: FleetState, kind: ActionKind
) -> None:
    action_id, state = asked(two_vans, kind)
    row = a_row(action_id, topic="instantActions")
    assert outcome(state, row) is None
    for status in (ActionStatus.WAITING, ActionStatus.INITIALIZING, ActionStatus.RUNNING):
        shown = heard(roads, state, a_state(actions={action_id: status}))
        assert outcome(shown, row) is OutboxStatus.CONFIRMED


@pytest.mark.vda5050("9.3")
def test_what_moves_parcels_has_a_new_id_in_each_order(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    state = heard(roads, state, driving(order, 2, actions={"a-run-1": failed("no_staff")}))
    draft = Draft(state, NOW_S + 1000.0)
    intent = decide(draft, roads, VAN_1)
    assert intent is not None
    carry_out(draft, roads, VAN_1, intent)
    [again] = draft.state.orders.values()
    assert "a-run-1" not in {action.action_id for action in again.actions}


# Its life -------------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("9.1", "9.2")
@pytest.mark.parametrize("steps", [[], [ActionStatus.WAITING], [ActionStatus.RUNNING, ActionStatus.PAUSED]])
def test_any_step_may_be_skipped_and_the_first_end_is_the_end(
    roads: SiteRoads, two_vans: FleetState, steps: list[ActionStatus]
) -> None:
    action_id, state = asked(two_vans, K.START_PAUSE)
    seen = [a_state(actions={action_id: status}) for status in (*steps, ActionStatus.FINISHED)]
    state = heard(roads, state, *seen)
    assert state.twin(VAN_1).instants == ()
    state = heard(roads, state, a_state(actions={action_id: ActionStatus.FAILED}))
    assert not is_called(state, AssistCause.ORDER_REJECTED)


@pytest.mark.vda5050("9.2")
def test_an_action_that_was_shown_and_is_no_longer_has_not_failed(roads: SiteRoads, two_vans: FleetState) -> None:
    action_id, state = asked(two_vans, K.START_PAUSE)
    state = heard(roads, state, a_state(actions={action_id: ActionStatus.RUNNING}), a_state())
    assert state.twin(VAN_1).instants == ()
    assert not is_called(state, AssistCause.ORDER_REJECTED)


def finished(count: int, status: ActionStatus = ActionStatus.FINISHED) -> VehicleState:
    shown = [ActionState(action_id=f"i-{n}", status=ActionStatus.FINISHED) for n in range(count - 1)]
    return a_state(instant_action_states=(*shown, ActionState(action_id="last", status=status)))


@pytest.mark.vda5050("9.2")
def test_a_vehicle_that_keeps_its_instant_actions_is_told_to_forget_them_when_all_are_over(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    few = heard(roads, two_vans, finished(CLEAR_AT - 1))
    one_runs = heard(roads, two_vans, finished(CLEAR_AT, ActionStatus.RUNNING))
    assert few.twin(VAN_1).instants == one_runs.twin(VAN_1).instants == ()
    draft = Draft(two_vans, NOW_S)
    for _ in range(3):
        take_state(draft, roads, VAN_1, finished(CLEAR_AT))
    [letter] = draft.letters
    assert isinstance(letter.message, InstantActions)
    assert letter.message.actions[0].action_type == "clearInstantActions"


@pytest.mark.vda5050("9.2")
def test_a_vehicle_that_does_not_offer_to_forget_is_not_asked_to(roads: SiteRoads, two_vans: FleetState) -> None:
    sheet = Learned(has_factsheet=True, actions=(ActionOffer(kind="startPause"),))
    state = after(two_vans, [ev.ProfileLearned(vehicle_id=VAN_1, learned=sheet)])
    assert heard(roads, state, finished(20)).twin(VAN_1).instants == ()


@pytest.mark.vda5050("9.6")
@pytest.mark.parametrize(("kind", "paused"), [(K.START_PAUSE, True), (K.STOP_PAUSE, False)])
@pytest.mark.parametrize("status", [ActionStatus.FAILED, ActionStatus.RUNNING])
def test_a_pause_is_what_the_vehicle_shows_whoever_pressed_the_button(
    roads: SiteRoads, two_vans: FleetState, kind: ActionKind, paused: bool, status: ActionStatus
) -> None:
    action_id, state = asked(two_vans, kind)
    so = heard(roads, state, a_state(actions={action_id: status}, paused=paused))
    assert so.twin(VAN_1).instants == ()
    assert not is_called(so, AssistCause.ORDER_REJECTED)
    other = heard(roads, state, a_state(actions={action_id: ActionStatus.FAILED}, paused=not paused))
    assert is_called(other, AssistCause.ORDER_REJECTED)


@pytest.mark.vda5050("9.6")
def test_no_base_is_given_to_a_vehicle_that_is_paused(roads: SiteRoads) -> None:
    order = an_order("n1", "n2", GOAL, released=1)
    told = [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)]
    state = heard(roads, after(loaded(roads), told), driving(order, 1, paused=True))
    assert decide(Draft(state, NOW_S + 60.0), roads, VAN_1) is None


@pytest.mark.vda5050("9.8")
def test_a_vehicle_that_falls_silent_is_asked_for_its_state(roads: SiteRoads, two_vans: FleetState) -> None:
    office = Office(roads, two_vans)
    office.turn(due=Due(silent=((VAN_1, Liveness.STALE),)))
    office.turn(Facts(link_came_up=True, link_ups=1))
    kinds = [m.actions[0].action_type for v, m in office.sent if v == VAN_1 and isinstance(m, InstantActions)]
    assert kinds.count("stateRequest") == 1


@pytest.mark.vda5050("9.7")
def test_no_vehicle_is_ever_told_where_it_is() -> None:
    assert not {"initPosition", "initializePosition"} & {kind.value for kind in ActionKind}


# Actions that may be tried again --------------------------------------------------------------------------------------


def retriable(roads: SiteRoads) -> tuple[Order, FleetState]:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    return order, heard(roads, state, driving(order, 2, actions={"a-run-1": ActionStatus.RETRIABLE}))


@pytest.mark.vda5050("12.8")
def test_an_action_that_waits_for_our_word_is_tried_again_some_times_and_then_fails_for_good(roads: SiteRoads) -> None:
    order, state = retriable(roads)
    words, now_s = [], NOW_S
    for _ in range(RETRIALS_MAX + 1):
        assert decide(Draft(state, now_s + 1.0), roads, VAN_1) is None
        now_s += RETRIAL_PAUSE_S
        draft = Draft(state, now_s)
        intent = decide(draft, roads, VAN_1)
        assert isinstance(intent, TryAgain)
        carry_out(draft, roads, VAN_1, intent)
        [letter] = draft.letters
        assert isinstance(letter.message, InstantActions)
        [action] = letter.message.actions
        assert [(p.key, p.value) for p in action.parameters] == [("actionId", "a-run-1")]
        words.append(action.action_type)
        done = {"a-run-1": ActionStatus.RETRIABLE, letter.ref: ActionStatus.FINISHED}
        state = heard(roads, draft.state, driving(order, 2, actions=done), now_s=now_s)
    assert words == ["retry"] * RETRIALS_MAX + ["skipRetry"]


@pytest.mark.vda5050("12.8")
def test_an_action_that_waits_for_our_word_keeps_its_order_open(roads: SiteRoads) -> None:
    order, state = retriable(roads)
    assert state.twin(VAN_1).order_id == order.id
    assert state.orders[order.id].actions[0].phase is ActionPhase.RETRIABLE
    assert state.run(RunId("run-1")).phase == "under_way"


@pytest.mark.vda5050("12.8")
def test_only_vehicles_that_offer_to_wait_for_our_word_are_asked_to() -> None:
    offers = tuple(ActionOffer(kind=kind) for kind in ("drop", "retry", "skipRetry"))
    order = an_order("n1", GOAL)
    assert order_message(order, terms(actions=offers)).nodes[-1].actions[0].is_retriable is True
    assert order_message(order, terms()).nodes[-1].actions[0].is_retriable is None


# What an action came to -----------------------------------------------------------------------------------------------


@pytest.mark.vda5050("12.9")
def test_why_an_action_failed_is_read_from_the_error_that_names_it(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    said = driving(
        order, 2, actions={"a-run-1": ActionStatus.FAILED}, errors=[an_error("lockerJammed", actionId="a-run-1")]
    )
    state = heard(roads, state, said)
    assist = state.open_assist("run:run-1", AssistCause.DROP_FAILED)
    assert assist is not None
    assert "lockerJammed" in assist.detail


def handed_over(roads: SiteRoads, *loads: str) -> tuple[FleetState, VehicleState]:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    done = driving(
        order,
        2,
        actions={"a-run-1": "delivered=3"},
        loads=tuple(Load(load_id=load) for load in loads),
    )
    return state, done


@pytest.mark.vda5050("12.5")
def test_a_lot_of_which_some_parcels_were_refused_is_still_aboard_and_that_is_no_contradiction(
    roads: SiteRoads,
) -> None:
    state, done = handed_over(roads, "run-1")
    refused = parcels_of("run-1")[0]
    [action] = done.action_states
    action = msgspec.structs.replace(action, result=f"delivered=2 refused={refused}")
    state = heard(roads, state, msgspec.structs.replace(done, action_states=(action,)))
    kinds = {parcel: state.custody[parcel].kind for parcel in parcels_of("run-1")}
    assert kinds.pop(refused) is CustodyKind.VEHICLE
    assert set(kinds.values()) == {CustodyKind.POINT}
    assert not state.twin(VAN_1).held


@pytest.mark.vda5050("12.5")
def test_a_drop_is_done_when_its_load_is_gone(roads: SiteRoads) -> None:
    state, done = handed_over(roads)
    assert heard(roads, state, done).run(RunId("run-1")).phase == "delivered"


@pytest.mark.vda5050("12.5")
def test_a_load_that_is_shown_a_little_longer_is_waited_for(roads: SiteRoads) -> None:
    state, still = handed_over(roads, "run-1")
    state = heard(roads, state, still)
    assert state.run(RunId("run-1")).phase == "under_way"
    assert state.twin(VAN_1).order_id is not None
    _, gone = handed_over(roads)
    assert heard(roads, state, gone, now_s=NOW_S + 5.0).run(RunId("run-1")).phase == "delivered"


@pytest.mark.vda5050("12.5")
def test_a_load_that_stays_aboard_after_it_was_handed_over_is_for_a_person_to_find_out(roads: SiteRoads) -> None:
    state, still = handed_over(roads, "run-1")
    state = heard(roads, heard(roads, state, still), still, now_s=NOW_S + LOADS_LAG_S + 1.0)
    assert {state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}
    assert state.twin(VAN_1).held


# Maps -----------------------------------------------------------------------------------------------------------------


def holding(*maps: tuple[str, bool]) -> VehicleState:
    return a_state(maps=tuple(MapState(map_id=name, map_version="3", is_enabled=on) for name, on in maps))


@pytest.mark.vda5050("5.13")
def test_a_vehicle_without_our_map_is_sent_nowhere_and_a_person_is_called(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    state = heard(roads, two_vans, holding(("elsewhere", True)))
    assert not state.twin(VAN_1).can_take_orders
    assert is_called(state, AssistCause.MAP_MISSING)
    state = heard(roads, state, holding(("elsewhere", True), ("town", True)))
    assert state.twin(VAN_1).can_take_orders
    assert not is_called(state, AssistCause.MAP_MISSING)


@pytest.mark.vda5050("5.13", "7.r9")
def test_a_map_that_is_there_and_not_enabled_is_asked_to_be_once(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    for _ in range(3):
        take_state(draft, roads, VAN_1, holding(("town", False)))
    [letter] = draft.letters
    assert isinstance(letter.message, InstantActions)
    [action] = letter.message.actions
    assert action.action_type == "enableMap"
    assert {p.key: p.value for p in action.parameters} == {"mapId": "town", "mapVersion": "3"}
    assert not draft.state.twin(VAN_1).can_take_orders


def answering(office: Office, said: VehicleState, answer: ActionStatus) -> None:
    """The van says this each second for a minute, and answers at once whatever it is asked."""
    for _ in range(60):
        shown = tuple(ActionState(action_id=i.action_id, status=answer) for i in office.state.twin(VAN_1).instants)
        office.hear(VAN_1, msgspec.structs.replace(said, action_states=shown))


@pytest.mark.parametrize("answer", [ActionStatus.FAILED, ActionStatus.FINISHED])
def test_a_vehicle_that_never_enables_its_map_is_not_asked_in_each_of_its_states_and_a_person_is_called(
    roads: SiteRoads, two_vans: FleetState, answer: ActionStatus
) -> None:
    office = Office(roads, two_vans)
    answering(office, holding(("town", False)), answer)
    assert told_kinds(office) == ["enableMap"]
    answering(office, holding(("town", False)), answer)
    assert told_kinds(office) == ["enableMap"] * 2
    assert is_called(office.state, AssistCause.MAP_MISSING)
    office.hear(VAN_1, holding(("town", True)))
    assert not is_called(office.state, AssistCause.MAP_MISSING)
    office.hear(VAN_1, holding(("town", False)))
    assert told_kinds(office) == ["enableMap"] * 3
    assert not is_called(office.state, AssistCause.MAP_MISSING)


@pytest.mark.vda5050("9.2")
@pytest.mark.parametrize("answer", [ActionStatus.FAILED, ActionStatus.FINISHED])
def test_a_vehicle_that_keeps_its_instant_actions_all_the_same_is_not_told_in_each_of_its_states(
    roads: SiteRoads, two_vans: FleetState, answer: ActionStatus
) -> None:
    """Each asking is one more in its list, and two more lines in the journal."""
    office = Office(roads, two_vans)
    answering(office, finished(CLEAR_AT), answer)
    assert told_kinds(office) == ["clearInstantActions"]
    office.hear(VAN_1, finished(CLEAR_AT), after_s=CLEAR_PAUSE_S)
    assert told_kinds(office) == ["clearInstantActions"] * 2


def told_kinds(office: Office) -> list[str]:
    messages = (message for _, message in office.sent if isinstance(message, InstantActions))
    return [action.action_type for message in messages for action in message.actions]


@pytest.mark.vda5050("7.r9")
def test_an_order_refused_for_its_map_is_told_again_when_the_map_is_enabled(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order)])
    refused = a_state(
        errors=[an_error("UNKNOWN_MAP_ID", orderId=order.id)],
        maps=(MapState(map_id="town", map_version="3", is_enabled=False),),
    )
    state = heard(roads, state, refused)
    assert not state.twin(VAN_1).held
    assert decide(Draft(state, NOW_S + 60.0), roads, VAN_1) is None
    state = heard(roads, state, holding(("town", True)))
    assert decide(Draft(state, NOW_S + 60.0), roads, VAN_1) is not None


@pytest.mark.vda5050("7.r9")
def test_an_order_refused_for_a_map_that_nobody_can_enable_is_a_persons(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order)])
    state = heard(roads, state, a_state(errors=[an_error("UNKNOWN_MAP_ID", orderId=order.id)]))
    assert state.twin(VAN_1).held


@pytest.mark.vda5050("5.13")
def test_a_vehicle_that_says_nothing_of_maps_is_sent_as_before(roads: SiteRoads, two_vans: FleetState) -> None:
    assert heard(roads, two_vans, a_state(maps=None)).twin(VAN_1).can_take_orders
    assert heard(roads, two_vans, a_state(maps=())).twin(VAN_1).can_take_orders


# A list of the old name -----------------------------------------------------------------------------------------------


def not_shown(state: FleetState, action_id: ActionId) -> tuple[Draft, FleetState]:
    """It was said six times, and no state shows it."""
    draft = Draft(state, NOW_S + 40.0)
    unconfirmed(draft, VAN_1, action_id, "was sent 6 times")
    return draft, draft.state


def is_listed_twice(draft: Draft) -> bool:
    return [b'"instantActions":[' in letter.body for letter in draft.letters] == [True]


def of_the_site(state: FleetState, has_alias: bool | None) -> FleetState:
    habits = Habits(has_instant_actions_alias=has_alias)
    vehicle = replace(state.twin(VAN_1).vehicle, habits=habits)
    return after(state, [ev.VehicleEnrolled(vehicle=vehicle)])


@pytest.mark.vda5050("0.5", "8.4")
def test_a_cancel_that_no_state_shows_is_asked_anew_once_in_a_list_of_the_old_name_too(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    cancel, state = asked(heard(roads, two_vans, a_state()), K.CANCEL_ORDER)
    draft, state = not_shown(state, cancel)
    assert is_listed_twice(draft)
    again = state.twin(VAN_1).instants[-1].action_id
    assert [i.action_id for i in state.twin(VAN_1).instants] == [again] != [cancel]
    assert not is_called(state, AssistCause.ORDER_UNCONFIRMED)
    draft, state = not_shown(state, again)
    assert draft.letters == []
    assert is_called(state, AssistCause.ORDER_UNCONFIRMED)


@pytest.mark.vda5050("0.3", "0.5")
def test_a_vehicle_that_answers_only_then_is_spoken_to_so_from_then_on_and_people_are_told_what_to_write(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    cancel, state = asked(heard(roads, two_vans, a_state()), K.CANCEL_ORDER)
    _, state = not_shown(state, cancel)
    again = state.twin(VAN_1).instants[-1].action_id
    state = heard(roads, state, a_state(actions={again: ActionStatus.FINISHED}))
    assist = state.open_assist(VAN, AssistCause.PROFILE_CONTRADICTS)
    assert assist is not None
    assert "instant_actions_alias = true" in assist.detail
    draft = Draft(state, NOW_S + 60.0)
    ask(draft, VAN_1, K.STATE_REQUEST)
    assert is_listed_twice(draft)


@pytest.mark.vda5050("0.5")
def test_who_has_shown_an_instant_action_before_is_not_tried_with_another_list(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    request, state = asked(two_vans, K.STATE_REQUEST)
    state = heard(roads, state, a_state(actions={request: ActionStatus.FINISHED}))
    cancel, state = asked(state, K.CANCEL_ORDER)
    draft, state = not_shown(state, cancel)
    assert draft.letters == []
    assert is_called(state, AssistCause.ORDER_UNCONFIRMED)


@pytest.mark.vda5050("0.3", "0.5")
def test_where_the_site_file_says_which_list_it_reads_nothing_else_is_tried(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    for has_alias in (True, False):
        state = heard(roads, of_the_site(two_vans, has_alias), a_state())
        cancel, state = asked(state, K.CANCEL_ORDER)
        draft, state = not_shown(state, cancel)
        assert draft.letters == []
        assert is_called(state, AssistCause.ORDER_UNCONFIRMED)


@pytest.mark.vda5050("0.5")
def test_a_vehicle_that_is_not_heard_is_not_deaf(two_vans: FleetState) -> None:
    cancel, state = asked(two_vans, K.CANCEL_ORDER)
    draft, _ = not_shown(after(state, [ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.STALE)]), cancel)
    assert draft.letters == []


@pytest.mark.vda5050("0.5", "9.5")
def test_the_last_try_of_a_pause_goes_out_in_both_lists(roads: SiteRoads, two_vans: FleetState) -> None:
    _, state = asked(heard(roads, two_vans, a_state()), K.START_PAUSE)
    draft = Draft(state, NOW_S + CARE[K.START_PAUSE].done_s)
    see_to_asked(draft, VAN_1)
    assert is_listed_twice(draft)


@pytest.mark.vda5050("9.4")
@pytest.mark.parametrize("version", ["2.0.0", "2.1.0", "3.0.0"])
def test_no_instant_action_of_ours_blocks_anything(version: str) -> None:
    message = instant_message(K.STATE_REQUEST, ActionId("a-1"), None)
    [told] = json.loads(body_of(message, Profile(version=version, topic_major=0)))["actions"]
    assert told["blockingType"] == "NONE"
