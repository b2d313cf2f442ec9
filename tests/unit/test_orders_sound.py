"""No order leaves us that contradicts the standard, or what its vehicle was told before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from fleet.dispatch.decide import decide
from fleet.orders import carry_out as carrying
from fleet.orders.build import order_message, update_message
from fleet.orders.carry_out import carry_out
from fleet.orders.sound import refuse_unsound, unsound
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.wire import messages as wire
from tests.nouns import NOW_S, POINT_2, VAN_1, a_run, an_order, loaded, terms

GOAL = "point:p1"
change = msgspec.structs.replace
Change = Callable[[wire.Order], wire.Order]

BEFORE = an_order("n1", "n2", "n3", GOAL, released=2, announced=3)
AFTER = replace(BEFORE, released=4, announced=4, update_id=1)


def new() -> wire.Order:
    return order_message(BEFORE, terms())


def update() -> wire.Order:
    return update_message(BEFORE, AFTER, terms())


def with_node(index: int, **changes: object) -> Change:
    def changed(message: wire.Order) -> wire.Order:
        nodes = list(message.nodes)
        nodes[index] = change(nodes[index], **changes)
        return change(message, nodes=tuple(nodes))

    return changed


def with_edge(index: int, **changes: object) -> Change:
    def changed(message: wire.Order) -> wire.Order:
        edges = list(message.edges)
        edges[index] = change(edges[index], **changes)
        return change(message, edges=tuple(edges))

    return changed


@pytest.mark.vda5050("6.13", "5.1", "5.2", "5.3", "6.1", "6.2")
def test_what_we_build_is_sound() -> None:
    assert list(unsound(None, BEFORE, new())) == []
    assert list(unsound(BEFORE, AFTER, update())) == []


ACTION = wire.Action(action_id="a-1", action_type="pick", blocking_type=wire.BlockingType.HARD)
DRIVING = wire.Action(action_id="a-1", action_type="pick", blocking_type=wire.BlockingType.NONE)


@pytest.mark.vda5050("6.13", "5.1", "5.2", "5.3", "5.6", "5.10", "12.1", "12.2", "12.3")
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda message: change(message, edges=message.edges[:-1]), "nodes need"),
        (lambda message: change(message, order_update_id=1), "a new order begins at 0"),
        (with_node(0, sequence_id=2), "a new order begins at 0"),
        (with_node(1, sequence_id=3), "3 follows 1"),
        (with_node(0, released=False), "the first node is released"),
        (with_node(-1, released=True), "released behind the base"),
        (with_edge(1, released=False), "the base ends on a node"),
        (with_edge(2, released=True), "the base ends on a node"),
        (with_edge(0, start_node_id="elsewhere"), "does not join its nodes"),
        (with_node(1, actions=(ACTION,)), "not at n1"),
        (with_edge(1, actions=(ACTION,)), "no action of ours belongs to an edge"),
        (with_node(-1, actions=(ACTION, ACTION)), "an action stands twice"),
        (with_node(-1, actions=(DRIVING,)), "nobody drives while"),
    ],
)
def test_a_new_order_that_breaks_a_rule_is_not_sent(wrong: Change, said: str) -> None:
    assert any(said in fault for fault in unsound(None, BEFORE, wrong(new())))
    with pytest.raises(ValueError, match="must not be sent"):
        refuse_unsound(None, BEFORE, wrong(new()))


@pytest.mark.vda5050("6.13", "6.1", "6.2")
@pytest.mark.parametrize(
    "wrong",
    [
        lambda message: change(message, order_id="o-2"),
        lambda message: change(message, order_update_id=0),
        lambda message: change(message, nodes=message.nodes[1:], edges=message.edges[1:]),
        with_node(0, node_id="elsewhere"),
        with_node(0, position=wire.NodePosition(x_m=1.0, y_m=2.0, map_id="town")),
    ],
    ids=["other order", "old number", "not stitched", "other node", "moved node"],
)
def test_an_update_that_does_not_continue_the_base_is_not_sent(wrong: Change) -> None:
    assert list(unsound(BEFORE, AFTER, wrong(update())))


@pytest.mark.vda5050("6.13")
def test_an_order_that_breaks_a_rule_is_neither_noted_nor_sent(
    roads: SiteRoads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever handles it is quarantined by the turn, and a person called."""
    broken = with_node(0, sequence_id=2)
    monkeypatch.setattr(carrying, "order_message", lambda order, told: broken(order_message(order, told)))
    draft = Draft(loaded(roads, a_run(point=POINT_2)), NOW_S)
    intent = decide(draft, roads, VAN_1)
    assert intent is not None
    with pytest.raises(ValueError, match="must not be sent"):
        carry_out(draft, roads, VAN_1, intent)
    assert not draft.state.orders
    assert draft.letters == []


@pytest.mark.vda5050("5.7")
def test_a_loop_over_the_same_node_and_road_is_sound() -> None:
    order = an_order("n1", "n2", "n1", GOAL)
    told = order_message(order, terms())
    assert [node.node_id for node in told.nodes].count("n1") == 2
    assert list(unsound(None, order, told)) == []


@pytest.mark.vda5050("5.13", "5.14")
def test_every_node_lies_on_the_map_that_the_vehicle_knows() -> None:
    assert {node.position.map_id for node in new().nodes if node.position is not None} == {"town"}
    assert all(node.position is not None for node in (*new().nodes, *update().nodes))
