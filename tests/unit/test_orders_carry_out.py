"""Decisions become orders and messages, and no road is released that may not be driven on."""

from __future__ import annotations

import pytest

from fleet.dispatch.decide import decide
from fleet.dispatch.intent import Ask, Cancel, Deliver, Extend, GoHome, Load
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import ActionId, RunId
from fleet.model.order import ActionKind, Order, OrderPhase, OrderPurpose
from fleet.orders.build import instant_message, order_message, update_message
from fleet.orders.carry_out import carry_out
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState, Visit
from fleet.wire import messages as wire
from tests.nouns import (
    DEPOT_NODE,
    NOW_S,
    POINT_1,
    POINT_2,
    VAN_1,
    a_plan,
    a_run,
    a_trip,
    after,
    an_order,
    before_the_last_road,
    loaded,
    on_the_next_road,
    opened,
    parcels_of,
    terms,
)

FIRST = Visit(POINT_2, (RunId("run-1"),))


def told(roads: SiteRoads, state: FleetState, *intents: Load | Deliver | GoHome | Extend | Cancel | Ask) -> Draft:
    draft = Draft(state, NOW_S)
    for intent in intents:
        carry_out(draft, roads, VAN_1, intent)
    return draft


def far(roads: SiteRoads) -> FleetState:
    """Van 1 has run-1 for the second point aboard, some blocks away."""
    return loaded(roads, a_run(point=POINT_2))


def only_order(draft: Draft) -> Order:
    [order] = draft.state.orders.values()
    return order


# Orders ---------------------------------------------------------------------------------------------------------------


def test_loading_is_an_order_that_stays_where_the_vehicle_stands(roads: SiteRoads) -> None:
    state = after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=(a_run("run-1"), a_run("run-2"))),
            ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip("trip-1", VAN_1, (POINT_1, ["run-1", "run-2"])))),
            ev.TripStarted(trip_id=a_trip().id, vehicle_id=VAN_1),
        ],
    )
    order = only_order(told(roads, state, Load(a_trip().id)))
    assert (order.path, order.start.node_id) == ((), DEPOT_NODE)
    assert [(a.kind, a.run_id, a.parcel_count) for a in order.actions] == [
        (ActionKind.PICK, "run-1", 3),
        (ActionKind.PICK, "run-2", 3),
    ]


def test_a_delivery_leads_to_its_door_and_drops_there(roads: SiteRoads) -> None:
    order = only_order(told(roads, far(roads), Deliver(a_trip().id, FIRST)))
    assert order.last_node_id == f"point:{POINT_2}"
    assert order.purpose is OrderPurpose.DELIVER
    assert [a.kind for a in order.actions] == [ActionKind.DROP]


def test_only_parcels_that_are_aboard_are_counted_for_a_drop(roads: SiteRoads) -> None:
    one, *rest = parcels_of("run-1")
    state = after(
        far(roads),
        [
            ev.ParcelsDelivered(
                run_id=RunId("run-1"),
                vehicle_id=VAN_1,
                point_id=POINT_2,
                parcel_ids=tuple(rest),
                refused=(one,),
                action_id=ActionId("a"),
            ),
            ev.VehiclePlaced(
                vehicle_id=VAN_1,
                node_id=f"point:{POINT_2}",
                place=roads.place(next(iter(roads.types)), f"point:{POINT_2}"),
            ),
        ],
    )
    order = only_order(told(roads, state, GoHome(a_trip().id)))
    assert [a.parcel_count for a in order.actions] == [1]


def test_an_order_is_noted_before_it_is_sent_and_sent_once(roads: SiteRoads) -> None:
    draft = told(roads, far(roads), Deliver(a_trip().id, FIRST))
    assert [type(entry.event) for entry in draft.entries] == [ev.OrderIssued]
    [letter] = draft.letters
    assert (letter.after, letter.ref, letter.update_id) == (1, only_order(draft).id, 0)


def test_ids_of_orders_and_actions_are_never_given_twice(roads: SiteRoads) -> None:
    draft = told(roads, far(roads), Deliver(a_trip().id, FIRST), Ask(ActionKind.STATE_REQUEST))
    draft.emit(ev.OrderEnded(order_id=only_order(draft).id, phase=OrderPhase.REJECTED, why=""))
    carry_out(draft, roads, VAN_1, Deliver(a_trip().id, FIRST))
    issued = [e.event.order for e in draft.entries if isinstance(e.event, ev.OrderIssued)]
    actions = [a.action_id for order in issued for a in order.actions]
    actions += [e.event.action_id for e in draft.entries if isinstance(e.event, ev.InstantIssued)]
    assert len({order.id for order in issued}) == 2
    assert len(set(actions)) == len(actions) == 3


def test_no_order_leads_over_a_closed_road(roads: SiteRoads) -> None:
    straight = only_order(told(roads, far(roads), Deliver(a_trip().id, FIRST)))
    closed = on_the_next_road(straight).road_key
    state = after(far(roads), [ev.RoadClosed(road_key=closed, until_s=NOW_S + 600.0, why="")])
    order = only_order(told(roads, state, Deliver(a_trip().id, FIRST)))
    assert closed not in [piece.road_key for piece in order.path]


def test_where_no_road_leads_a_person_is_called_and_nothing_is_sent(roads: SiteRoads) -> None:
    door = roads.place(next(iter(roads.types)), f"point:{POINT_2}")
    assert door is not None
    key = roads.graph.edge_key(door.edge)
    state = after(far(roads), [ev.RoadClosed(road_key=key, until_s=NOW_S + 600.0, why="")])
    draft = told(roads, state, Deliver(a_trip().id, FIRST))
    assert draft.letters == []
    assert [assist.cause for assist in draft.state.assists.values()] == [AssistCause.NO_ROUTE]


def test_a_vehicle_whose_place_is_unknown_is_sent_nowhere(roads: SiteRoads) -> None:
    state = after(far(roads), [ev.VehiclePlaced(vehicle_id=VAN_1, node_id="", place=None)])
    assert told(roads, state, Deliver(a_trip().id, FIRST)).letters == []


def test_a_road_closed_since_the_way_was_made_is_not_released(roads: SiteRoads) -> None:
    draft = told(roads, far(roads), Deliver(a_trip().id, FIRST))
    order = only_order(draft)
    draft.emit(ev.RoadClosed(road_key=before_the_last_road(order).road_key, until_s=NOW_S + 600.0, why=""))
    draft.letters.clear()
    carry_out(draft, roads, VAN_1, Extend(order.id, len(order.path)))
    assert draft.letters == []
    assert only_order(draft).released == order.released
    assert [assist.cause for assist in draft.state.assists.values()] == [AssistCause.RELEASE_REFUSED]


def test_a_piece_of_road_that_does_not_join_is_never_released_and_another_way_is_found(roads: SiteRoads) -> None:
    """The router has its own reading of the turns; the release trusts neither it nor the world to have stood still."""
    draft = told(roads, far(roads), Deliver(a_trip().id, FIRST))
    order = only_order(draft)
    leaps = order.path[order.released + 1 :]
    draft.emit(ev.OrderRerouted(order_id=order.id, kept=order.released, path=leaps, why="a mistake"))
    draft.letters.clear()
    carry_out(draft, roads, VAN_1, Extend(order.id, order.released + 1))
    assert draft.letters == []
    assert [assist.cause for assist in draft.state.assists.values()] == [AssistCause.RELEASE_REFUSED]
    found = only_order(draft)
    assert found.released == order.released
    carry_out(draft, roads, VAN_1, Extend(order.id, len(found.path)))
    assert len(draft.letters) == 1


def test_an_extension_begins_where_the_base_ended_and_counts_on(roads: SiteRoads) -> None:
    draft = told(roads, far(roads), Deliver(a_trip().id, FIRST))
    before = only_order(draft)
    carry_out(draft, roads, VAN_1, Extend(before.id, len(before.path)))
    message = draft.letters[-1].message
    assert isinstance(message, wire.Order)
    assert message.order_update_id == 1
    assert message.nodes[0].sequence_id == 2 * before.released
    assert message.nodes[-1].released


def test_an_extension_to_what_is_released_already_says_nothing(roads: SiteRoads) -> None:
    draft = told(roads, far(roads), Deliver(a_trip().id, FIRST))
    order = only_order(draft)
    carry_out(draft, roads, VAN_1, Extend(order.id, order.released))
    assert len(draft.letters) == 1


def test_a_cancel_names_its_order_so_that_a_late_one_cannot_hit_the_next(roads: SiteRoads) -> None:
    draft = told(roads, far(roads), Deliver(a_trip().id, FIRST))
    order = only_order(draft)
    draft.emit(ev.OrderSeen(order_id=order.id, update_id=0))
    carry_out(draft, roads, VAN_1, Cancel(order.id, "blocked"))
    message = draft.letters[-1].message
    assert isinstance(message, wire.InstantActions)
    assert [(p.key, p.value) for p in message.actions[0].parameters] == [("orderId", order.id)]
    assert decide(draft, roads, VAN_1) is None


# Messages -------------------------------------------------------------------------------------------------------------


def test_stop_actions_stand_at_the_last_node_and_nobody_drives_meanwhile() -> None:
    message = order_message(an_order("n1", "n2", "point:p1"), terms())
    assert [len(node.actions) for node in message.nodes] == [0, 0, 0, 1]
    assert message.nodes[-1].actions[0].blocking_type is wire.BlockingType.HARD


def test_the_horizon_is_told_no_farther_than_announced() -> None:
    order = an_order("n1", "n2", "n3", "point:p1", released=1, announced=2)
    message = order_message(order, terms())
    assert [node.released for node in message.nodes] == [True, True, False]
    assert [edge.released for edge in message.edges] == [True, False]
    assert [len(node.actions) for node in message.nodes] == [0, 0, 0]


def test_an_update_never_says_the_actions_of_its_first_node_again() -> None:
    before = an_order("n1", "point:p1", released=1)
    message = update_message(before, an_order("n1", "point:p1", update_id=1), terms())
    assert [(node.node_id, len(node.actions)) for node in message.nodes] == [("n1", 0), ("point:p1", 1)]


@pytest.mark.parametrize("kind", [ActionKind.STATE_REQUEST, ActionKind.START_CHARGING])
def test_an_instant_action_blocks_nobody(kind: ActionKind) -> None:
    [action] = instant_message(kind, ActionId("a-1"), None).actions
    assert (action.action_type, action.blocking_type) == (kind.value, wire.BlockingType.NONE)


@pytest.mark.vda5050("5.4", "5.6")
def test_the_next_journal_gives_no_id_of_this_one_again() -> None:
    """A fresh data directory counts from one; its vehicles may remember the orders of the last."""
    given = [
        {Draft(after(FleetState(), [opened]), NOW_S).next_id(kind, ahead) for kind in "oa" for ahead in range(3)}
        for opened in (ev.AreaOpened(token=token, epoch=1, map_sha256="m") for token in ("t1", "t2"))
    ]
    assert [len(ids) for ids in given] == [6, 6]
    assert not set.intersection(*given)
