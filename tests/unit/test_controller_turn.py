"""One turn: facts in, candidate out; a vehicle whose handling fails is left alone, the others go on."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fleet.controller.inbox import Asked, Command, Facts
from fleet.controller.turn import Due, Outcome, awake
from fleet.dispatch.commands import Answer, CancelRun, CloseRoad, HoldVehicle, ReleaseVehicle, SubmitRuns
from fleet.errors import UnknownThingError
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import ActionId, OrderId, RunId, VehicleId
from fleet.model.order import ActionKind, OrderPhase
from fleet.model.profile import Profile
from fleet.model.run import RunPhase
from fleet.model.twin import Liveness
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import raise_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.wire.messages import (
    Connection,
    ConnectionState,
    Inbound,
    InstantActions,
    OperatingMode,
    Order,
    Outbound,
    Power,
)
from fleet.wire.registry import registry
from tests.nouns import (
    NOW_S,
    POINT_2,
    VAN_1,
    VAN_2,
    Office,
    a_header,
    a_plan,
    a_request,
    a_run,
    a_state,
    a_vehicle,
    after,
    an_error,
    an_order,
    driving,
    loaded,
    opened,
)
from vehicle_sim.makes.courier_bus import CourierBus

RUN = RunId("r-1")


@pytest.fixture
def office(roads: SiteRoads, two_vans: FleetState) -> Office:
    return Office(roads, two_vans)


def ask(office: Office, *commands: Command, facts: Facts | None = None) -> Outcome:
    """A turn with these commands; their answers are in the outcome."""

    async def turn() -> Outcome:
        loop = asyncio.get_running_loop()
        given = facts or Facts()
        given.commands = [Asked(command, "people", loop.create_future()) for command in commands]
        return office.turn(given)

    return asyncio.run(turn())


def submit(*names: str) -> SubmitRuns:
    return SubmitRuns(key="k", runs=tuple(a_request(name) for name in names))


def orders(office: Office, vehicle_id: VehicleId | None = None) -> list[Order]:
    return [m for v, m in office.sent if isinstance(m, Order) and vehicle_id in (None, v)]


# A day in turns -------------------------------------------------------------------------------------------------------


def test_a_run_that_comes_in_is_planned_and_its_vehicle_told_in_the_same_turn(office: Office) -> None:
    ask(office, submit("r-1"))
    assert office.state.run(RUN).phase is RunPhase.LOADING
    [order] = orders(office)
    assert [action.action_type for action in order.nodes[-1].actions] == ["pick"]


def test_a_turn_in_which_nothing_came_in_changes_nothing(office: Office) -> None:
    before = office.state
    office.turn()
    assert office.state is before


def test_an_event_says_who_caused_it(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    draft.actor = "people"
    draft.emit(ev.VehicleHeld(vehicle_id=VAN_1, why=""))
    assert draft.entries[0].actor == "people"


def test_a_refused_command_leaves_no_trace(office: Office) -> None:
    before = office.state
    [(_, result)] = ask(office, CancelRun(RunId("ghost"), "")).results
    assert isinstance(result, UnknownThingError)
    assert office.state is before


def test_one_refused_command_does_not_spoil_the_next(office: Office) -> None:
    results = ask(office, CancelRun(RunId("ghost"), ""), submit("r-1")).results
    assert [isinstance(result, Answer) for _, result in results] == [False, True]


@pytest.mark.vda5050("3.9", "1.6", "9.8")
def test_every_vehicle_is_asked_for_its_state_and_factsheet_when_the_line_is_up_again(office: Office) -> None:
    office.turn(Facts(link_came_up=True))
    asked = [m.actions[0].action_type for _, m in office.sent if isinstance(m, InstantActions)]
    assert asked == [ActionKind.STATE_REQUEST.value, ActionKind.FACTSHEET_REQUEST.value] * 2


def test_nobody_is_asked_twice_while_a_request_is_open(office: Office) -> None:
    office.turn(Facts(link_came_up=True))
    office.turn(Facts(link_came_up=True))
    assert len(office.sent) == 4


def test_who_has_not_spoken_since_the_line_came_up_is_told_nothing(office: Office) -> None:
    office.turn(Facts(states={VAN_1: [a_state()], VAN_2: [a_state()]}, link_came_up=True, spoke_since={VAN_2}))
    assert not office.state.twin(VAN_1).can_take_orders
    assert office.state.twin(VAN_2).can_take_orders


def test_a_silent_vehicle_is_no_less_silent_because_the_line_came_up(office: Office) -> None:
    office.state = after(office.state, [ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.LOST)])
    office.turn(Facts(link_came_up=True))
    assert office.state.twin(VAN_1).liveness is Liveness.LOST


def test_a_vehicle_that_is_heard_again_after_a_mere_gap_of_the_line_changes_no_plan(office: Office) -> None:
    office.turn(Facts(link_came_up=True))
    assert not office.hear(VAN_1, a_state()).has_replanned
    assert office.state.twin(VAN_1).can_take_orders


def test_a_vehicle_that_is_heard_for_the_first_time_in_this_life_may_change_the_plan(office: Office) -> None:
    unheard = ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.UNHEARD)
    office.state = after(office.state, [ev.AreaOpened(token="t", epoch=2, map_sha256="m"), unheard])
    assert office.hear(VAN_1, a_state()).has_replanned


class Taciturn(CourierBus):
    """A make whose protocol has no words for instant actions; its codec says so as `docs/own-protocol.md` asks."""

    def body(self, message: Inbound | Outbound, profile: Profile) -> bytes:
        if isinstance(message, InstantActions):
            raise ValueError("no words for that")
        return super().body(message, profile)


@pytest.mark.parametrize(
    "facts",
    [
        Facts(link_came_up=True),
        Facts(restarted={VAN_1}),
        Facts(unconfirmed=[(VAN_1, "a-1", "it was sent 6 times")]),
    ],
    ids=["line up", "restart", "no answer"],
)
def test_a_vehicle_that_cannot_be_asked_keeps_nobody_else_from_being_asked(
    roads: SiteRoads, monkeypatch: pytest.MonkeyPatch, facts: Facts
) -> None:
    """It ended the controller, at each start anew."""
    monkeypatch.setitem(registry().codecs, "taciturn-1", Taciturn())
    enrolled = ev.VehicleEnrolled(vehicle=replace(a_vehicle(), vda5050_version="taciturn-1"))
    asked = ev.InstantIssued(vehicle_id=VAN_1, action_id=ActionId("a-1"), kind=ActionKind.CANCEL_ORDER, order_id=None)
    office = Office(roads, after(opened(roads), [enrolled, asked]))
    facts = replace(facts, states={VAN_2: [a_state(paused=True)]})
    office.turn(facts)
    assert office.state.twin(VAN_2).is_paused
    assert any(assist.cause is AssistCause.QUARANTINED for assist in office.state.assists.values())


@pytest.mark.vda5050("3.3")
def test_link_loss_never_leads_to_a_go(office: Office) -> None:
    """The will comes after the last state, in the same turn."""
    broken = Connection(header=a_header(), state=ConnectionState.CONNECTION_BROKEN)
    office.turn(Facts(states={VAN_1: [a_state()]}, connections=[(VAN_1, broken)]))
    assert not office.state.twin(VAN_1).can_take_orders


@pytest.mark.vda5050("3.5")
def test_a_connection_that_was_broken_is_mended_by_the_next_state(office: Office) -> None:
    broken = Connection(header=a_header(), state=ConnectionState.CONNECTION_BROKEN)
    office.turn(Facts(connections=[(VAN_1, broken)]))
    office.hear(VAN_1, a_state())
    assert office.state.twin(VAN_1).can_take_orders


# Who may be told ------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("3.2", "11.1")
@pytest.mark.parametrize(
    "told",
    [
        ev.ConditionChanged(vehicle_id=VAN_1, mode="MANUAL", is_stopped=False, is_paused=False, fatal=()),
        ev.ConditionChanged(vehicle_id=VAN_1, mode="AUTOMATIC", is_stopped=True, is_paused=False, fatal=()),
        ev.ConditionChanged(vehicle_id=VAN_1, mode="AUTOMATIC", is_stopped=False, is_paused=True, fatal=()),
        ev.ConditionChanged(vehicle_id=VAN_1, mode="AUTOMATIC", is_stopped=False, is_paused=False, fatal=("motor",)),
        ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.LOST),
        ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.STALE),
        ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.UNHEARD),
        pytest.param(ev.ConnectionChanged(vehicle_id=VAN_1, connection="OFFLINE"), marks=pytest.mark.vda5050("3.7")),
        ev.ConnectionChanged(vehicle_id=VAN_1, connection="CONNECTION_BROKEN"),
        ev.VehicleHeld(vehicle_id=VAN_1, why="flat tyre"),
        ev.WorkLeftChanged(vehicle_id=VAN_1, has_order_left=True, foreign_order="theirs"),
    ],
    ids=["manual", "e-stop", "paused", "fatal", "lost", "stale", "unheard", "offline", "broken", "held", "foreign"],
)
def test_no_order_goes_to_a_vehicle_that_cannot_take_one(office: Office, told: ev.Event) -> None:
    office.state = after(office.state, [told])
    ask(office, submit("r-1", "r-2", "r-3", "r-4"))
    office.turn(due=Due(vehicles=(VAN_1, VAN_2)), after_s=1800.0)
    assert orders(office, VAN_1) == []


def test_a_run_goes_to_another_vehicle_when_its_own_is_held(office: Office) -> None:
    office.state = after(office.state, [ev.VehicleHeld(vehicle_id=VAN_1, why="flat tyre")])
    ask(office, submit("r-1"))
    assert len(orders(office, VAN_2)) == 1


def test_a_planned_trip_goes_to_another_vehicle_when_its_own_is_held(office: Office) -> None:
    ask(office, SubmitRuns(key="k", runs=(a_request("r-1", ready_s=NOW_S + 3600.0),)))
    [planned] = office.state.planned
    [other] = {VAN_1, VAN_2} - {planned}
    ask(office, HoldVehicle(planned, "flat tyre"))
    assert office.state.planned_trips(planned) == ()
    assert len(office.state.planned_trips(other)) == 1


# Loud vehicles --------------------------------------------------------------------------------------------------------


def plans(office: Office) -> list[ev.Event]:
    return [event for event in office.events if isinstance(event, ev.PlanAdopted)]


def test_nobody_plans_anew_for_each_word_of_a_loud_vehicle(office: Office) -> None:
    """A plan is the longest record of all, and a vehicle that changes its mode all the time would have one for each."""
    ask(office, SubmitRuns(key="k", runs=(a_request("r-1", ready_s=NOW_S + 3600.0),)))
    [planned] = office.state.planned
    office.turn(Facts(loud={planned}))
    for _ in range(3):
        for mode in (OperatingMode.MANUAL, OperatingMode.AUTOMATIC, OperatingMode.MANUAL):
            office.hear(planned, a_state(mode=mode))
            assert plans(office) == []
    office.turn(due=Due(calm=(planned,)))
    assert len(plans(office)) == 1
    assert planned not in office.state.planned


# Isolation ------------------------------------------------------------------------------------------------------------


def poisoned(office: Office) -> None:
    """Van 1 follows an order whose action is for a run that nobody knows; handling its end raises."""
    order = an_order("n1", "point:p1", runs=("ghost",), trip_id=None)
    office.state = after(office.state, [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])


def poison(office: Office) -> Facts:
    order = office.state.active_order(VAN_1)
    assert order is not None
    mine = driving(order, 2, actions={"a-ghost": "delivered=3"})
    return Facts(states={VAN_1: [mine], VAN_2: [a_state(power=Power(soc_fraction=0.5, is_charging=False))]})


def test_a_vehicle_whose_handling_raises_is_quarantined_and_a_person_called(office: Office) -> None:
    poisoned(office)
    outcome = office.turn(poison(office))
    assert [subject for subject, _ in outcome.failures] == [f"vehicle:{VAN_1}"]
    assert f"vehicle:{VAN_1}" in office.state.quarantine
    assert [a.cause for a in office.state.assists.values()] == [AssistCause.QUARANTINED]


def test_what_was_begun_for_it_is_taken_back_as_a_whole(office: Office) -> None:
    poisoned(office)
    office.turn(poison(office))
    assert [type(event) for event in office.events if getattr(event, "order_id", None)] == []


def test_the_others_go_on(office: Office) -> None:
    poisoned(office)
    office.turn(poison(office))
    assert office.state.twin(VAN_2).soc_fraction == 0.5


def test_a_quarantined_vehicle_is_not_handled_again_and_says_it_once(office: Office) -> None:
    poisoned(office)
    facts = poison(office)
    office.turn(facts)
    assert office.turn(facts).failures == []
    assert [type(event) for event in office.events] == []


def test_a_quarantined_vehicle_is_told_nothing(office: Office) -> None:
    poisoned(office)
    office.turn(poison(office))
    ask(office, submit("r-1", "r-2"))
    assert orders(office, VAN_1) == []


def test_a_vehicle_stays_in_quarantine_until_a_person_releases_it(office: Office) -> None:
    poisoned(office)
    office.turn(poison(office))
    ask(office, ReleaseVehicle(VAN_1, "seen to"))
    assert list(office.state.quarantine) == []


def test_a_vehicle_that_was_driven_by_hand_in_quarantine_gets_no_order_at_its_release(office: Office) -> None:
    office.state = after(office.state, [ev.ItemQuarantined(subject=f"vehicle:{VAN_1}", error="KeyError: x")])
    office.hear(VAN_1, a_state(mode=OperatingMode.MANUAL))
    ask(office, submit("r-1", "r-2"), ReleaseVehicle(VAN_1, "seen to"))
    assert orders(office, VAN_1) == []


# Time passes ----------------------------------------------------------------------------------------------------------


def test_a_run_that_no_road_led_to_is_planned_when_the_closure_runs_out(office: Office, roads: SiteRoads) -> None:
    point = next(iter(roads.site.points))
    door = roads.place(next(iter(roads.types)), f"point:{point}")
    assert door is not None
    street = roads.graph.edge_key(door.edge)
    ask(office, CloseRoad(street, NOW_S + 600.0, "burst pipe"), submit("r-1"))
    assert office.state.run(RUN).phase is RunPhase.REQUESTED
    for _ in range(60):
        office.turn(due=Due(vehicles=(VAN_1, VAN_2)), after_s=60.0)
    assert office.state.run(RUN).phase is not RunPhase.REQUESTED


@pytest.mark.parametrize("is_loud", [False, True])
def test_a_run_whose_loading_order_was_refused_goes_to_another_vehicle(office: Office, is_loud: bool) -> None:
    ask(office, submit("r-1"))
    [(vehicle_id, _)] = [(v, m) for v, m in office.sent if isinstance(m, Order)]
    if is_loud:
        draft = Draft(office.state, office.now_s)
        raise_assist(draft, AssistCause.VEHICLE_LOUD, vehicle_subject(vehicle_id), "")
        office.state = draft.state
    order = office.state.active_order(vehicle_id)
    assert order is not None
    office.hear(vehicle_id, a_state(errors=[an_error("validationError", orderId=order.id)]))
    office.turn(due=Due(vehicles=(VAN_1, VAN_2)), after_s=60.0)
    [other] = {VAN_1, VAN_2} - {vehicle_id}
    assert len(orders(office, other)) == 1


@pytest.mark.vda5050("13.12")
def test_a_vehicle_with_a_closed_road_in_its_base_is_stopped(office: Office, roads: SiteRoads) -> None:
    """Promise S10: a pause or cancel within a moment."""
    office.state = loaded(roads)
    office.turn(due=Due(vehicles=(VAN_1,)))
    [order] = office.state.orders.values()
    office.hear(VAN_1, driving(order, 0))
    ahead = next(piece.road_key for piece in order.path[: order.released] if piece.edge != order.path[0].edge)
    office.sent.clear()
    ask(office, CloseRoad(ahead, NOW_S + 6000.0, "burst pipe"))
    asked = [m.actions[0].action_type for v, m in office.sent if v == VAN_1 and isinstance(m, InstantActions)]
    assert asked in (["cancelOrder"], ["startPause"])


@pytest.mark.parametrize(
    "trouble",
    [
        ev.VehicleHeld(vehicle_id=VAN_1, why="flat tyre"),
        ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.STALE),
        ev.ConnectionChanged(vehicle_id=VAN_1, connection="CONNECTION_BROKEN"),
    ],
    ids=["held", "silent", "link broken"],
)
def test_a_road_closed_under_a_vehicle_that_may_not_be_told_more_stops_it_and_calls_a_person(
    office: Office, roads: SiteRoads, trouble: ev.Event
) -> None:
    """It drives on to the end of its base, whoever holds it."""
    office.state = loaded(roads)
    office.turn(due=Due(vehicles=(VAN_1,)))
    [order] = office.state.orders.values()
    office.hear(VAN_1, driving(order, 0))
    ahead = next(piece.road_key for piece in order.path[: order.released] if piece.edge != order.path[0].edge)
    office.state = after(office.state, [trouble])
    ask(office, CloseRoad(ahead, NOW_S + 6000.0, "bridge down"))
    assert office.state.orders[order.id].phase is OrderPhase.CANCELLING
    assert AssistCause.ROAD_CLOSED in {assist.cause for assist in office.state.assists.values()}


# What was decided before the line was down ----------------------------------------------------------------------------


def waiting_update(office: Office, roads: SiteRoads) -> tuple[OrderId, str]:
    """Van 1 drives by its order, an update for it was decided; the name of a road that only the update brings."""
    office.state = loaded(roads, a_run(point=POINT_2))
    office.turn(due=Due(vehicles=(VAN_1,)))
    [order] = office.state.orders.values()
    office.hear(VAN_1, driving(order, 0))
    office.hear(VAN_1, driving(order, order.released))
    [extended] = office.state.orders.values()
    assert extended.released > order.released
    last = extended.path[extended.released - 1]
    assert last.edge != order.path[order.released - 1].edge
    return order.id, last.road_key


@pytest.mark.vda5050("3.10")
def test_an_update_from_before_the_gap_goes_out_when_its_vehicle_has_spoken_and_it_still_stands(
    office: Office, roads: SiteRoads
) -> None:
    order_id, _ = waiting_update(office, roads)
    office.state = after(office.state, [ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.UNHEARD)])
    assert office.turn(due=Due(doubted_orders=(order_id,))).still_standing == []
    order = office.state.orders[order_id]
    before = replace(order, update_id=0, released=order.accepted)
    outcome = office.turn(Facts(states={VAN_1: [driving(before, before.passed)]}), due=Due(doubted_orders=(order_id,)))
    assert outcome.still_standing == [order_id]
    assert office.state.orders[order_id].phase is OrderPhase.ACTIVE


@pytest.mark.vda5050("3.10", "6.12")
def test_an_update_from_before_the_gap_whose_road_is_no_longer_open_ends_its_order(
    office: Office, roads: SiteRoads
) -> None:
    """It counts as driven, for it was committed: it is not taken back, the order is cancelled."""
    order_id, road_key = waiting_update(office, roads)
    closed = ev.RoadClosed(road_key=road_key, until_s=NOW_S + 900.0, why="van-2 is blocked", is_obstacle=True)
    office.state = after(office.state, [closed], now_s=office.now_s)
    outcome = office.turn(due=Due(doubted_orders=(order_id,)))
    assert outcome.still_standing == []
    assert office.state.orders[order_id].phase is OrderPhase.CANCELLING


# Planning that fails --------------------------------------------------------------------------------------------------


BAD = RunId("r-bad")


def unplannable(office: Office) -> None:
    """A run whose figures no planner can work with is in the journal; with it every plan raises."""
    run = a_run(BAD)
    heavy = replace(run, lot=replace(run.lot, mass_kg=-1.0))
    office.state = after(office.state, [ev.RunsAccepted(key="", digest="", runs=(heavy,))])


def test_planning_that_fails_calls_a_person_and_the_turn_goes_on(office: Office) -> None:
    unplannable(office)
    outcome = ask(office, submit("r-1"))
    assert [subject for subject, _ in outcome.failures] == ["planner:own"]
    assert RUN in office.state.runs
    assert [assist.subject for assist in office.state.assists.values()] == ["planner:own"]


def test_planning_that_works_again_is_out_of_quarantine_and_nobody_waits_for_a_person(office: Office) -> None:
    unplannable(office)
    ask(office, submit("r-1"))
    ask(office, CancelRun(BAD, "nonsense"))
    assert list(office.state.quarantine) == []
    assert list(office.state.assists) == []
    assert office.state.run(RUN).phase is RunPhase.LOADING


def test_planning_that_failed_is_tried_again_though_nothing_new_came_in(office: Office) -> None:
    unplannable(office)
    ask(office, submit("r-1"))
    office.state = after(office.state, [ev.RunCancelled(run_id=BAD, why="")])
    office.turn(due=Due(plan_again=True), after_s=60.0)
    assert list(office.state.quarantine) == []
    assert office.state.run(RUN).phase is RunPhase.LOADING


def test_a_solvers_answer_that_could_not_be_handled_is_forgotten_with_the_next_good_one(office: Office) -> None:
    ask(office, submit("r-1", "r-2", "r-3"))
    subject = "planner:answer"
    office.state = after(office.state, [ev.ItemQuarantined(subject=subject, error="KeyError: x")])
    office.turn(Facts(plans=[a_plan()]))
    assert subject not in office.state.quarantine


def test_a_road_closed_under_a_vehicle_in_quarantine_stops_it_all_the_same(office: Office, roads: SiteRoads) -> None:
    """It is left alone, but it drives on to the end of its base."""
    office.state = loaded(roads)
    office.turn(due=Due(vehicles=(VAN_1,)))
    [order] = office.state.orders.values()
    office.hear(VAN_1, driving(order, 0))
    office.state = after(office.state, [ev.ItemQuarantined(subject=f"vehicle:{VAN_1}", error="KeyError")])
    ahead = next(piece.road_key for piece in order.path[: order.released] if piece.edge != order.path[0].edge)
    ask(office, CloseRoad(ahead, NOW_S + 6000.0, "bridge down"))
    assert office.state.orders[order.id].phase is OrderPhase.CANCELLING
    assert AssistCause.ROAD_CLOSED in {assist.cause for assist in office.state.assists.values()}
    assert f"vehicle:{VAN_1}" in office.state.quarantine


def test_a_vehicle_in_quarantine_is_missed_when_it_falls_silent(office: Office, roads: SiteRoads) -> None:
    office.state = after(loaded(roads), [ev.ItemQuarantined(subject=f"vehicle:{VAN_1}", error="KeyError")])
    office.turn(due=Due(silent=((VAN_1, Liveness.LOST),)))
    assert AssistCause.VEHICLE_LOST in {assist.cause for assist in office.state.assists.values()}
    assert f"vehicle:{VAN_1}" in office.state.quarantine


@pytest.mark.parametrize(("said", "found"), [(("ONLINE",), [VAN_1]), (("ONLINE", "HIBERNATING"), [])])
def test_who_came_and_went_to_sleep_at_once_is_not_missed(
    two_vans: FleetState, said: tuple[str, ...], found: list[VehicleId]
) -> None:
    draft = Draft(two_vans, NOW_S)
    for connection in said:
        draft.emit(ev.ConnectionChanged(vehicle_id=VAN_1, connection=connection))
    assert list(awake(draft)) == found
