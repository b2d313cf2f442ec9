"""Ids as a vehicle can take them: short or of digits, the same for ever, and read back as ours."""

from __future__ import annotations

from dataclasses import fields, replace

import msgspec
import pytest

from fleet.controller.opening import greet
from fleet.dispatch.decide import decide
from fleet.dispatch.intent import Extend
from fleet.model import event as ev
from fleet.model.custody import CustodyKind
from fleet.model.ids import ActionId, OrderId
from fleet.model.order import ActionKind, OrderPhase
from fleet.model.profile import Habits, Learned, WireLimits
from fleet.model.token import new_token
from fleet.orders.build import instant_message, order_message
from fleet.orders.carry_out import carry_out
from fleet.orders.introduce import take_factsheet
from fleet.orders.take_in import take_state
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.telemetry.names import Known, chars_lacking, our_state, their_message, their_name
from fleet.telemetry.profiles import profile
from fleet.wire import messages as wire
from fleet.wire.messages import ActionStatus, ProtocolLimits, VehicleState
from tests.nouns import (
    NOW_S,
    POINT_2,
    VAN_1,
    Office,
    a_run,
    a_state,
    after,
    an_error,
    an_order,
    driving,
    loaded,
    opened,
    terms,
)
from tests.unit.test_telemetry_learn import a_factsheet

SHORT = WireLimits(id_chars_max=8)
NUMBERS = WireLimits(ids_are_numbers=True)
SHORT_NUMBERS = WireLimits(ids_are_numbers=True, id_chars_max=8)
LIMITS = [SHORT, WireLimits(id_chars_max=6), WireLimits(id_chars_max=16), NUMBERS, SHORT_NUMBERS]
OURS = ["o-4fa0c1d2-17", "a-4fa0c1d2-9041", "e2903981-3321019-88112@1203-2204", "n29918374619", "station:vaduz"]


@pytest.mark.vda5050("4.2")
@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("name", OURS)
def test_a_name_keeps_the_limits_of_the_vehicle(name: str, limits: WireLimits) -> None:
    told = their_name(name, limits)
    assert told
    assert not limits.id_chars_max or len(told) <= limits.id_chars_max
    assert not limits.ids_are_numbers or (told.isdecimal() and not told.startswith("0"))


def test_a_name_that_fits_stays_as_it_is() -> None:
    assert their_name("n12", SHORT) == "n12"
    assert [their_name(name, WireLimits()) for name in OURS] == OURS


@pytest.mark.vda5050("5.4", "5.6")
@pytest.mark.parametrize("limits", LIMITS)
def test_orders_and_actions_never_share_a_name_with_another_however_many_there_are(limits: WireLimits) -> None:
    for kind in "oa":
        names = [f"{kind}-4fa0c1d2-{number}" for number in [*range(1, 3000), *range(10_000_000, 10_000_100)]]
        assert len({their_name(name, limits) for name in names}) == len(names)


@pytest.mark.vda5050("5.4", "5.6")
@pytest.mark.parametrize("limits", LIMITS)
def test_a_new_journal_gives_no_name_that_the_one_before_it_gave(limits: WireLimits) -> None:
    """The data directory was lost after an hour of an id a second; the vehicle still knows what it was told."""
    before, after_it = new_token(NOW_S, "7c"), new_token(NOW_S + 3600.0, "0a")
    for kind in "oa":
        told = {their_name(f"{kind}-{before}-{number}", limits) for number in range(1, 3600)}
        anew = {their_name(f"{kind}-{after_it}-{number}", limits) for number in range(1, 3600)}
        assert not told & anew


@pytest.mark.vda5050("5.4")
def test_an_order_is_never_called_what_its_vehicle_shows_already(roads: SiteRoads) -> None:
    """Of a journal from years ago, say: the vehicle would be taken to have driven before it was told to."""
    learned = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(has_factsheet=True, limits=SHORT_NUMBERS))
    draft = Draft(after(loaded(roads, a_run(point=POINT_2)), [learned]), NOW_S)
    shown = their_name(draft.next_id("o"), SHORT_NUMBERS)
    take_state(draft, roads, VAN_1, a_state(order=shown, update=7))
    intent = decide(draft, roads, VAN_1)
    assert intent is not None
    carry_out(draft, roads, VAN_1, intent)
    [letter] = draft.letters
    assert msgspec.json.decode(letter.body)["orderId"] != shown
    order = draft.state.active_order(VAN_1)
    assert order is not None
    take_state(draft, roads, VAN_1, a_state(order=shown, update=7))
    assert not draft.state.orders[order.id].is_confirmed
    assert draft.next_id("o") not in (order.id, shown)


def of_short_ids(roads: SiteRoads) -> Office:
    learned = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(has_factsheet=True, limits=SHORT_NUMBERS))
    return Office(roads, after(opened(roads), [learned]))


def test_a_strange_order_that_stays_in_view_is_written_down_once(roads: SiteRoads) -> None:
    office = of_short_ids(roads)
    for _ in range(3):
        office.hear(VAN_1, a_state(order="60231884"))
        assert office.state.twin(VAN_1).strange_order == "60231884"
    assert not [event for event in office.events if isinstance(event, ev.StrangeOrderShown)]


def test_orders_that_no_order_of_ours_could_be_called_are_not_written_down(roads: SiteRoads) -> None:
    """A vehicle may make up another one in each of its states, and a journal keeps them for good."""
    long, any_ids = of_short_ids(roads), Office(roads, opened(roads))
    long.hear(VAN_1, a_state(order="7" * 200_000))
    any_ids.hear(VAN_1, a_state(order="made-up-1"))
    assert long.state.twin(VAN_1).strange_order == any_ids.state.twin(VAN_1).strange_order == ""


@pytest.mark.vda5050("5.7")
def test_the_name_of_a_road_is_the_same_on_every_day() -> None:
    assert their_name("e2903981-3321019-88112", SHORT) == "z2hibgjz"
    assert their_name("e2903981-3321019-88112", NUMBERS) == their_name("e2903981-3321019-88112", NUMBERS)


@pytest.mark.vda5050("4.2")
def test_ids_too_short_to_be_of_use_are_said_to_be() -> None:
    assert chars_lacking(WireLimits(id_chars_max=4)) == 2
    assert chars_lacking(WireLimits(id_chars_max=4, ids_are_numbers=True)) == 4
    assert [chars_lacking(limits) for limits in LIMITS] == [0] * len(LIMITS)


@pytest.mark.parametrize("limits", LIMITS)
def test_what_the_vehicle_says_of_its_order_is_read_back_as_ours(limits: WireLimits) -> None:
    order = an_order("n1234567890", "n2234567890", "point:a-long-name", id=OrderId("o-4fa0c1d2-17"))
    ours = driving(order, 1, errors=[an_error("blocked", edgeId="e1", nodeId="n2234567890")])
    known = Known().with_order(order)
    names = (*known.orders, *known.nodes, *known.edges, *known.actions)
    table = {name: their_name(name, limits) for name in names}
    told = wire.VehicleState(
        **{
            name: getattr(ours, name)
            for name in ours.__struct_fields__
            if name not in ("order_id", "last_node_id", "node_states", "edge_states", "action_states", "errors")
        },
        order_id=table[ours.order_id],
        last_node_id=table[ours.last_node_id],
        node_states=tuple(
            wire.NodeState(node_id=table[n.node_id], sequence_id=n.sequence_id, released=n.released)
            for n in ours.node_states
        ),
        edge_states=tuple(
            wire.EdgeState(edge_id=table[e.edge_id], sequence_id=e.sequence_id, released=e.released)
            for e in ours.edge_states
        ),
        action_states=tuple(
            wire.ActionState(action_id=table[a.action_id], status=a.status) for a in ours.action_states
        ),
        errors=(an_error("blocked", edgeId=table["e1"], nodeId=table["n2234567890"]),),
    )
    assert our_state(told, limits, lambda: known) == ours


def test_a_strange_name_stays_strange() -> None:
    assert our_state(a_state(order="theirs", at="x9"), NUMBERS, lambda: Known(orders=("o-t-1",))).order_id == "theirs"


@pytest.mark.vda5050("4.2", "8.1")
def test_a_cancel_names_order_and_action_as_the_vehicle_knows_them() -> None:
    message = instant_message(ActionKind.CANCEL_ORDER, ActionId("a-4fa0c1d2-3"), OrderId("o-4fa0c1d2-17"))
    told = their_message(message, SHORT_NUMBERS)
    assert isinstance(told, wire.InstantActions)
    [action] = told.actions
    assert action.action_id == their_name("a-4fa0c1d2-3", SHORT_NUMBERS)
    assert action.parameters[0].value == their_name("o-4fa0c1d2-17", SHORT_NUMBERS)


def test_loads_are_called_by_their_own_names() -> None:
    message = their_message(order_message(an_order("point:p1"), terms()), NUMBERS)
    assert isinstance(message, wire.Order)
    [action] = message.nodes[-1].actions
    assert "run-1" in [parameter.value for parameter in action.parameters]


def test_a_vehicle_of_numbers_is_led_to_its_goal(roads: SiteRoads) -> None:
    """From the order it is told to the state that it answers with, in its own numbers."""
    learned = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(has_factsheet=True, limits=SHORT_NUMBERS))
    draft = Draft(after(loaded(roads, a_run(point=POINT_2)), [learned]), NOW_S)
    intent = decide(draft, roads, VAN_1)
    assert intent is not None
    carry_out(draft, roads, VAN_1, intent)
    [letter] = draft.letters
    told = their_message(letter.message, SHORT_NUMBERS)
    assert isinstance(told, wire.Order)
    base = [node for node in told.nodes if node.released]
    said = a_state(
        order=told.order_id,
        at=base[1].node_id,
        sequence=2,
        left=[(node.node_id, node.sequence_id) for node in base[2:]],
        edges=[(edge.edge_id, edge.sequence_id) for edge in told.edges if edge.released and edge.sequence_id > 2],
    )
    take_state(draft, roads, VAN_1, said)
    order = draft.state.active_order(VAN_1)
    assert order is not None
    assert (order.phase, order.passed, order.is_confirmed) == (OrderPhase.ACTIVE, 1, True)
    assert draft.state.twin(VAN_1).foreign_order == ""


# A factsheet that comes under an order --------------------------------------------------------------------------------

LONG = WireLimits()


def at_its_door(draft: Draft, names: WireLimits) -> VehicleState:
    """Van 1 has driven all of its order and handed over, and says so by these names."""
    [order] = draft.state.orders.values()
    action = order.actions[0]
    return a_state(
        order=their_name(order.id, names),
        update=order.update_id,
        at=their_name(order.last_node_id, names),
        sequence=2 * len(order.path),
        actions={their_name(action.action_id, names): ActionStatus.FINISHED},
    )


@pytest.mark.vda5050("4.2")
@pytest.mark.parametrize(("before", "then"), [(SHORT_NUMBERS, LONG), (LONG, SHORT_NUMBERS)])
def test_an_order_keeps_its_name_when_a_factsheet_asks_for_others_and_its_parcels_are_delivered_once(
    roads: SiteRoads, before: WireLimits, then: WireLimits
) -> None:
    learned = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(has_factsheet=True, limits=before))
    draft = Draft(after(loaded(roads, a_run(point=POINT_2)), [learned]), NOW_S)
    intent = decide(draft, roads, VAN_1)
    assert intent is not None
    carry_out(draft, roads, VAN_1, intent)
    [order] = draft.state.orders.values()
    draft.emit(ev.OrderSeen(order_id=order.id, update_id=0))
    sheet = a_factsheet(limits=ProtocolLimits(**{f.name: getattr(then, f.name) for f in fields(WireLimits)}))
    take_factsheet(draft, roads.site, VAN_1, sheet)
    assert named(draft) == before

    carry_out(draft, roads, VAN_1, Extend(order.id, len(order.path)))
    bodies = [letter.body for letter in draft.letters if letter.topic == "order"]
    assert {msgspec.json.decode(body)["orderId"] for body in bodies} == {their_name(order.id, before)}
    take_state(draft, roads, VAN_1, at_its_door(draft, before))
    assert draft.state.twin(VAN_1).order_id is None
    assert {held.kind for held in draft.state.custody.values()} == {CustodyKind.POINT}
    assert named(draft) == then, "what comes next is told by the new names"


@pytest.mark.vda5050("4.2")
@pytest.mark.parametrize(("before", "then"), [(SHORT_NUMBERS, LONG), (LONG, SHORT_NUMBERS)])
def test_an_order_keeps_its_name_when_the_site_file_asks_for_others_and_its_parcels_are_delivered_once(
    roads: SiteRoads, before: WireLimits, then: WireLimits
) -> None:
    old_roads, new_roads = with_limits(roads, before), with_limits(roads, then)
    enrolled = ev.VehicleEnrolled(vehicle=old_roads.site.vehicles[VAN_1])
    draft = Draft(after(loaded(roads, a_run(point=POINT_2)), [enrolled]), NOW_S)
    intent = decide(draft, old_roads, VAN_1)
    assert intent is not None
    carry_out(draft, old_roads, VAN_1, intent)
    [order] = draft.state.orders.values()
    draft.emit(ev.OrderSeen(order_id=order.id, update_id=0))

    draft = Draft(draft.state, NOW_S)
    greet(draft, new_roads, draft.state.token, 2)
    assert named(draft) == before
    draft = Draft(draft.state, NOW_S)
    greet(draft, new_roads, draft.state.token, 3)
    assert named(draft) == before, "and another restart changes nothing"
    carry_out(draft, new_roads, VAN_1, Extend(order.id, len(order.path)))
    [letter] = [letter for letter in draft.letters if letter.topic == "order"]
    assert msgspec.json.decode(letter.body)["orderId"] == their_name(order.id, before)
    take_state(draft, new_roads, VAN_1, at_its_door(draft, before))
    assert {held.kind for held in draft.state.custody.values()} == {CustodyKind.POINT}
    assert named(draft) == then, "what comes next is told by the new names"


def with_limits(roads: SiteRoads, limits: WireLimits) -> SiteRoads:
    van = replace(roads.site.vehicles[VAN_1], habits=Habits(limits=limits))
    return SiteRoads(replace(roads.site, vehicles={**roads.site.vehicles, VAN_1: van}), roads.graph)


def named(draft: Draft) -> WireLimits:
    return profile(draft.state.twin(VAN_1)).limits
