"""The limits of a factsheet are respected: orders are told in windows, or not at all and a person is told why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet.dispatch.decide import decide
from fleet.dispatch.intent import Deliver, Extend, Load
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import RunId
from fleet.model.order import ActionKind, Order, OrderPhase, OrderPurpose
from fleet.model.profile import ActionOffer, Learned, WireLimits
from fleet.model.site import Limits
from fleet.orders.build import Terms, order_message, update_message
from fleet.orders.carry_out import carry_out
from fleet.orders.fit import Untellable, Window, is_offered, message_bytes, never, stretch_too_long, window
from fleet.orders.outlet import Outlet
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.telemetry.profiles import profile
from tests.nouns import (
    NOW_S,
    POINT_1,
    POINT_2,
    VAN_1,
    a_piece,
    a_plan,
    a_run,
    a_trip,
    after,
    an_order,
    loaded,
    opened,
    terms,
)
from tests.unit.test_orders_outlet import a_row, sending_times

VAN = f"vehicle:{VAN_1}"
NAMES = [f"n{i}" for i in range(1, 30)]


def long_way(*, safe_every: int = 3) -> Order:
    """An order of thirty pieces; a vehicle may stand at every third node and at the goal."""
    order = an_order(*NAMES, "point:p1", released=0)
    path = tuple(
        a_piece(i, piece.end.node_id, safe=(i + 1) % safe_every == 0 or i == len(order.path) - 1)
        for i, piece in enumerate(order.path)
    )
    return replace(order, path=path)


def learned(state: FleetState, limits: WireLimits | None = None, **told: object) -> FleetState:
    sheet = Learned(has_factsheet=True, limits=limits or WireLimits(), **told)  # type: ignore[arg-type]  # by field name
    return after(state, [ev.ProfileLearned(vehicle_id=VAN_1, learned=sheet)])


def limited(**limits: object) -> Terms:
    return terms(limits=WireLimits(**limits))  # type: ignore[arg-type]  # by field name


def limit_told(state: FleetState) -> str:
    assist = state.open_assist(VAN, AssistCause.VEHICLE_LIMITS)
    return assist.detail if assist is not None else ""


# Windows --------------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("5.12")
@pytest.mark.parametrize("edges", [0, 1, 5, 20])
def test_each_vehicle_is_told_as_much_horizon_as_it_wants(edges: int) -> None:
    assert window(None, long_way(), 6, terms(horizon_edges=edges)) == Window(6, min(6 + edges, 30))


@pytest.mark.vda5050("5.11")
def test_a_long_way_is_never_told_as_a_whole() -> None:
    told = window(None, long_way(), 6, terms())
    assert isinstance(told, Window)
    assert told.announced < 15


@pytest.mark.vda5050("4.2")
@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"order_nodes_max": 12}, Window(9, 11)),
        ({"order_edges_max": 10}, Window(9, 10)),
        ({"order_nodes_max": 10}, Window(9, 9)),
        ({"order_nodes_max": 8}, Window(6, 7)),
        ({"order_edges_max": 3}, Window(3, 3)),
    ],
)
def test_a_limit_takes_the_horizon_first_and_then_ends_the_base_at_an_earlier_place_to_stand(
    limits: dict[str, int], told: Window
) -> None:
    assert window(None, long_way(), 9, limited(**limits)) == told


@pytest.mark.vda5050("4.2", "5.11")
def test_a_stretch_that_no_message_can_tell_is_found_before_the_vehicle_is_sent_into_it() -> None:
    way = long_way()
    far = replace(
        way, path=tuple(replace(p, is_safe_end=p.is_safe_end and not 10 < i < 22) for i, p in enumerate(way.path))
    )
    assert isinstance(window(None, far, 9, limited(order_nodes_max=12)), Window)
    trouble = stretch_too_long(far, limited(order_nodes_max=12))
    assert isinstance(trouble, Untellable)
    assert "16 nodes in one message, it takes 12 for the stretch without a place to stand" in trouble.reason
    assert stretch_too_long(far, limited(order_nodes_max=16)) is None
    assert stretch_too_long(far, terms()) is None


@pytest.mark.vda5050("4.2", "5.11")
def test_a_message_is_never_longer_than_the_vehicle_takes() -> None:
    whole = replace(long_way(), released=9, announced=14)
    full = message_bytes(None, whole, terms())
    for most in range(full, 1400, -300):
        within = limited(message_bytes_max=most)
        told = window(None, long_way(), 9, within)
        assert isinstance(told, Window)
        order = replace(long_way(), released=told.released, announced=told.announced)
        assert message_bytes(None, order, within) <= most
        assert order.path[told.released - 1].is_safe_end


@pytest.mark.vda5050("4.2")
def test_limits_count_what_an_update_tells_and_not_what_the_vehicle_has() -> None:
    before = replace(long_way(), released=12, announced=12)
    assert window(before, replace(before, update_id=1), 18, limited(order_nodes_max=7)) == Window(18, 18)


@pytest.mark.vda5050("4.2")
def test_without_a_limit_nothing_is_shortened() -> None:
    assert window(None, long_way(), 9, limited()) == Window(9, 14)


@pytest.mark.vda5050("4.2")
def test_a_long_way_is_told_window_by_window_to_its_end() -> None:
    within = limited(order_nodes_max=5, message_bytes_max=4000)
    before, order, updates = None, long_way(), 0
    while order.released < len(order.path):
        told = window(before, order, len(order.path), within)
        assert isinstance(told, Window)
        assert told.released > order.released
        order = replace(order, released=told.released, announced=told.announced, update_id=updates)
        message = order_message(order, within) if before is None else update_message(before, order, within)
        assert len(message.nodes) <= 5
        before, updates = order, updates + 1
    assert updates == 10


@pytest.mark.vda5050("7.r10")
def test_a_vehicle_short_of_memory_is_told_no_more_edges_at_once() -> None:
    assert window(None, long_way(), 9, terms(window_edges=4)) == Window(3, 4)


# What cannot be told --------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("4.2")
@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"order_edges_max": 2}, "2"),
        ({"message_bytes_max": 500}, "500"),
        ({"id_chars_max": 4}, "4 characters"),
    ],
)
def test_what_no_window_can_tell_names_its_limit_and_a_remedy(limits: dict[str, int], named: str) -> None:
    told = window(None, long_way(), 9, limited(**limits))
    assert isinstance(told, Untellable)
    assert named in told.reason
    assert told.remedy


@pytest.mark.vda5050("4.2")
def test_a_person_is_told_of_the_limit_and_what_would_help_and_nothing_is_sent(roads: SiteRoads) -> None:
    state = learned(loaded(roads, a_run(point=POINT_2)), WireLimits(message_bytes_max=400))
    draft = Draft(state, NOW_S)
    intent = decide(draft, roads, VAN_1)
    assert isinstance(intent, Deliver)
    carry_out(draft, roads, VAN_1, intent)
    assert draft.letters == []
    assert VAN_1 in limit_told(draft.state)
    assert "400" in limit_told(draft.state)
    assert "raise the limit" in limit_told(draft.state)
    wider = learned(draft.state, WireLimits(message_bytes_max=40_000))
    again = Draft(wider, NOW_S + 60.0)
    carry_out(again, roads, VAN_1, intent)
    assert len(again.letters) == 1
    assert limit_told(again.state) == ""


def to_load(roads: SiteRoads, *runs: str) -> FleetState:
    return after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=tuple(a_run(run) for run in runs)),
            ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip("trip-1", VAN_1, (POINT_1, list(runs))))),
            ev.TripStarted(trip_id=a_trip().id, vehicle_id=VAN_1),
        ],
    )


@pytest.mark.vda5050("4.2")
def test_runs_beyond_the_actions_a_node_may_have_look_for_another_trip(roads: SiteRoads) -> None:
    state = learned(to_load(roads, "run-1", "run-2", "run-3"), WireLimits(node_actions_max=2))
    draft = Draft(state, NOW_S)
    carry_out(draft, roads, VAN_1, Load(a_trip().id))
    [order] = draft.state.orders.values()
    assert [action.run_id for action in order.actions] == ["run-1", "run-2"]
    assert draft.state.run(RunId("run-3")).phase == "requested"


@pytest.mark.vda5050("4.5")
def test_a_vehicle_that_does_not_offer_to_load_is_held_and_its_runs_go_to_others(roads: SiteRoads) -> None:
    state = learned(to_load(roads, "run-1"), actions=(ActionOffer(kind="beep"),))
    draft = Draft(state, NOW_S)
    carry_out(draft, roads, VAN_1, Load(a_trip().id))
    assert draft.letters == []
    assert draft.state.twin(VAN_1).held
    assert draft.state.run(RunId("run-1")).phase == "requested"
    assert "pick" in limit_told(draft.state)


# Actions and optional parts -------------------------------------------------------------------------------------------


def offering(*offers: ActionOffer, **more: object) -> Terms:
    return terms(actions=offers, **more)


DROP = ActionOffer(kind="drop", scopes=("NODE",), blocking=("HARD",), required=("loadId",))


@pytest.mark.vda5050("4.5")
def test_an_action_that_is_offered_as_we_ask_it_is_told() -> None:
    assert never(an_order("point:p1"), offering(DROP).profile) is None


@pytest.mark.vda5050("4.5")
@pytest.mark.parametrize(
    "offer",
    [
        replace(DROP, kind="lift"),
        replace(DROP, scopes=("INSTANT",)),
        replace(DROP, blocking=("NONE",)),
        replace(DROP, required=("loadId", "colour")),
    ],
    ids=["other action", "other scope", "drives meanwhile", "unknown parameter"],
)
def test_an_action_that_is_not_offered_as_we_need_it_is_never_told(offer: ActionOffer) -> None:
    assert isinstance(never(an_order("point:p1"), offering(offer).profile), Untellable)


@pytest.mark.vda5050("12.4")
@pytest.mark.parametrize(
    ("goal", "purpose", "kind", "place"),
    [
        ("point:p1", OrderPurpose.DELIVER, "drop", {"stationType": "pickup_point", "stationName": "p1"}),
        ("station:depot", OrderPurpose.LOAD, "pick", {"stationType": "station", "stationName": "depot"}),
    ],
)
def test_whoever_moves_parcels_is_told_which_how_many_and_where(
    goal: str, purpose: OrderPurpose, kind: str, place: dict[str, str]
) -> None:
    [action] = order_message(an_order(goal, purpose=purpose), terms()).nodes[-1].actions
    assert action.action_type == kind
    told = {parameter.key: parameter.value for parameter in action.parameters}
    assert told == {"loadType": "lot", "loadId": "run-1", "parcels": 3} | place


@pytest.mark.vda5050("4.5")
def test_where_a_vehicle_cannot_stand_for_one_action_alone_it_stands_for_all() -> None:
    message = order_message(an_order("point:p1"), offering(replace(DROP, blocking=("SOFT", "NONE"))))
    assert message.nodes[-1].actions[0].blocking_type == "SOFT"


@pytest.mark.vda5050("4.2", "4.5")
def test_few_parameters_are_those_that_are_asked_for_and_then_the_needed_ones() -> None:
    few = offering(replace(DROP, required=("stationName",)), limits=WireLimits(action_parameters_max=2))
    [action] = order_message(an_order("point:p1"), few).nodes[-1].actions
    assert {parameter.key for parameter in action.parameters} == {"stationName", "loadId"}


@pytest.mark.vda5050("4.4")
def test_an_optional_part_is_told_only_where_a_factsheet_that_lists_some_lists_it() -> None:
    order = an_order("n1", "point:p1")
    lists = terms(supported=("order.edges.length",))
    message = order_message(order, lists)
    assert all(edge.length_m is not None for edge in message.edges)
    assert all(node.position is not None and node.position.deviation_m is None for node in message.nodes)
    other = order_message(order, terms(supported=("order.nodes.nodePosition.allowedDeviationXY",)))
    assert all(edge.length_m is None for edge in other.edges)
    assert all(node.position is not None and node.position.deviation_m is not None for node in other.nodes)


@pytest.mark.vda5050("4.4")
def test_a_part_that_must_be_told_and_that_we_never_tell_keeps_orders_away() -> None:
    assert isinstance(never(an_order("point:p1"), terms(required=("order.nodes.smell",)).profile), Untellable)
    assert never(an_order("point:p1"), terms(required=("order.edges.length",)).profile) is None


@pytest.mark.vda5050("4.5")
def test_a_cancel_is_asked_of_every_vehicle_and_other_instant_actions_where_they_are_offered() -> None:
    elsewhere = ActionOffer(kind="stopPause", scopes=("NODE",))
    told = offering(ActionOffer(kind="startCharging", scopes=("INSTANT",)), ActionOffer(kind="beep"), elsewhere).profile
    assert is_offered(told, ActionKind.CANCEL_ORDER)
    assert is_offered(told, ActionKind.STATE_REQUEST)
    assert is_offered(told, ActionKind.START_CHARGING)
    assert not is_offered(told, ActionKind.START_PAUSE)
    assert not is_offered(told, ActionKind.STOP_PAUSE)
    assert is_offered(terms().profile, ActionKind.START_PAUSE)


@pytest.mark.vda5050("6.3")
def test_the_stitching_node_bears_its_actions_again_only_where_the_vehicle_wants_them() -> None:
    before = an_order("point:p1", update_id=0)
    after_it = replace(before, update_id=1, path=(*before.path, a_piece(1, "point:p2")), released=2, announced=2)
    ends_there = replace(after_it, path=before.path, released=1, announced=1)
    assert update_message(before, ends_there, terms(stitches_with_actions=True)).nodes[0].actions != ()
    assert update_message(before, ends_there, terms(stitches_with_actions=False)).nodes[0].actions == ()


# Not too often --------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("4.3")
def test_between_two_updates_is_the_time_that_the_vehicle_wants_and_they_become_one(roads: SiteRoads) -> None:
    order = an_order("n1", "n2", "n3", "point:p1", released=1)
    told = [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)]
    state = learned(after(loaded(roads), told), WireLimits(order_interval_s_min=5.0))
    early = Draft(state, NOW_S + 1.0)
    assert decide(early, roads, VAN_1) is None
    assert early.wakes[VAN_1] == NOW_S + 5.0
    assert isinstance(decide(Draft(state, NOW_S + 5.0), roads, VAN_1), Extend)


@pytest.mark.vda5050("4.3")
def test_a_new_order_keeps_the_interval_too(roads: SiteRoads) -> None:
    order = an_order(purpose=OrderPurpose.RETURN, runs=())
    done = [
        ev.OrderIssued(order=order),
        ev.OrderSeen(order_id=order.id, update_id=0),
        ev.OrderEnded(order_id=order.id, phase=OrderPhase.FINISHED, why=""),
    ]
    state = learned(after(loaded(roads), done), WireLimits(order_interval_s_min=5.0))
    assert decide(Draft(state, NOW_S + 1.0), roads, VAN_1) is None
    assert isinstance(decide(Draft(state, NOW_S + 5.0), roads, VAN_1), Deliver)


@pytest.mark.vda5050("4.3", "6.5")
def test_an_order_is_not_said_again_sooner_than_the_vehicle_takes_orders(roads: SiteRoads) -> None:
    state = after(loaded(roads), [ev.OrderIssued(order=an_order("n1", "point:p1"))])
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    slow = learned(state, WireLimits(order_interval_s_min=7.0))
    assert sending_times(outlet, slow, 30.0) == [0.0, 7.0, 14.0, 22.0]


def test_the_limits_that_count_are_those_of_the_twin(roads: SiteRoads) -> None:
    state = learned(opened(roads), WireLimits(order_nodes_max=9))
    assert profile(state.twin(VAN_1)).limits.order_nodes_max == 9
