"""Orders that no vehicle may take: each is sent for where it stands, so that taking one moves nothing."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from fleet.wire.messages import OrderEdge, OrderNode
from fleet.wire.refusal_words import Reason
from vehicle_sim.judge import expect
from vehicle_sim.judge.bench import Bench
from vehicle_sim.judge.check import Check, Need
from vehicle_sim.judge.moves import hold, standing_order
from vehicle_sim.judge.verdict import given, not_offered, not_tried, wrong

OTHER_VERSION = "99.0.0"
NO_MAP = "judge-no-such-map"
NO_ACTION = "judgeNoSuchAction"
ID_CHARS_LONG = 4096

Change = Callable[[dict[str, Any]], None]


def _without_nodes(message: dict[str, Any]) -> None:
    del message["nodes"]


def _with_an_edge_too_many(message: dict[str, Any]) -> None:
    node_id = message["nodes"][0]["nodeId"]
    message["edges"] = [
        {
            "edgeId": message["orderId"],  # an id that keeps the vehicle's limits
            "sequenceId": 1,
            "released": True,
            "startNodeId": node_id,
            "endNodeId": node_id,
            "actions": [],
        }
    ]


def _beginning_late(message: dict[str, Any]) -> None:
    message["nodes"][0]["sequenceId"] = 4


def _unreleased(message: dict[str, Any]) -> None:
    message["nodes"][0]["released"] = False


def _with_an_unknown_action(message: dict[str, Any]) -> None:
    action = {"actionId": message["orderId"], "actionType": NO_ACTION, "blockingType": "HARD"}
    message["nodes"][0]["actions"] = [{**action, "actionParameters": []}]


def _in_another_version(message: dict[str, Any]) -> None:
    message["version"] = OTHER_VERSION


def _on_an_unknown_map(message: dict[str, Any]) -> None:
    message["nodes"][0]["nodePosition"]["mapId"] = NO_MAP


def _at_no_number(message: dict[str, Any]) -> None:
    message["nodes"][0]["nodePosition"]["x"] = math.nan


async def _refuses(bench: Bench, change: Change, reason: Reason, *, needs_position: bool = False) -> None:
    order = standing_order(bench)
    if needs_position and order.nodes[0].position is None:
        raise not_tried("the vehicle does not tell its position")
    await expect.refused(bench, order, await bench.tell(order, change), reason)


async def refuses_ids_that_are_too_long(bench: Bench) -> None:
    chars_max = bench.limits.id_chars_max
    if not chars_max:
        raise not_offered("its factsheet sets no limit to the length of ids")
    order = standing_order(bench)
    long_id = order.order_id.ljust(chars_max + 1, "x")
    too_long = replace(order, order_id=long_id)
    await expect.refused(bench, too_long, await bench.tell(too_long), Reason.TOO_LONG)


async def survives_what_is_no_message(bench: Bench) -> None:
    for payload in (b"{ this is no JSON", b"[]", b"\xff\xfe\x00"):
        await bench.say("order", payload)
        await bench.say("instantActions", payload)
    order = standing_order(bench)
    await expect.taken(bench, order, await bench.tell(order))


async def refuses_a_node_that_is_nowhere(bench: Bench) -> None:
    """It has no position and no name that is known, and is not released: nobody could drive there."""
    order = standing_order(bench)
    here, nowhere = order.nodes[0], bench.new_id()
    node = OrderNode(node_id=nowhere, sequence_id=2, released=False)
    edge = OrderEdge(
        edge_id=bench.new_id(), sequence_id=1, released=False, start_node_id=here.node_id, end_node_id=nowhere
    )
    lost = replace(order, nodes=(here, node), edges=(edge,))
    await expect.refused(bench, lost, await bench.tell(lost), Reason.NO_WAY)


async def refuses_a_second_order(bench: Bench) -> None:
    with given():
        held, _ = await hold(bench)
    other = standing_order(bench)
    await expect.refused(bench, other, await bench.tell(other), Reason.OTHER_ORDER)
    state = await expect.fresh_state(bench)
    if not expect.shows(state, held.order()):
        raise wrong(f"after the refusal it shows order {state.order_id!r}, not the one it had")


def _bad(number: str, key: str, what: str, change: Change, reason: Reason, *, needs_position: bool = False) -> Check:
    steps = functools.partial(_refuses, change=change, reason=reason, needs_position=needs_position)
    return Check(number, key, f"refuses an order {what}", steps, frozenset({Need.ORDERS}))


REFUSALS = (
    _bad("7.r1", "order-without-nodes", "that lacks its list of nodes", _without_nodes, Reason.SHAPE),
    _bad("5.1", "order-edge-too-many", "with as many edges as nodes", _with_an_edge_too_many, Reason.SHAPE),
    _bad("5.2", "order-begins-late", "whose first node has not number 0", _beginning_late, Reason.SHAPE),
    _bad("5.3", "order-unreleased", "whose first node is not released", _unreleased, Reason.SHAPE),
    _bad("7.r2", "order-unknown-action", "with an action it does not know", _with_an_unknown_action, Reason.ACTION),
    _bad("7.r9", "order-unknown-map", "on a map it does not have", _on_an_unknown_map, Reason.MAP, needs_position=True),
    _bad("0.1", "order-other-version", "in a version nobody speaks", _in_another_version, Reason.SHAPE),
    _bad(
        "1.8",
        "order-no-number",
        "with a coordinate that is no number",
        _at_no_number,
        Reason.SHAPE,
        needs_position=True,
    ),
    Check(
        "7.r5",
        "order-nowhere",
        "refuses an order that leads to a node without position that it does not know",
        refuses_a_node_that_is_nowhere,
        frozenset({Need.ORDERS}),
    ),
    Check(
        "4.2",
        "order-id-too-long",
        "refuses ids longer than its factsheet allows",
        refuses_ids_that_are_too_long,
        frozenset({Need.ORDERS}),
    ),
    Check(
        "1.9",
        "survives-garbage",
        "goes on as before after bytes that are no message",
        survives_what_is_no_message,
        frozenset({Need.ORDERS}),
    ),
    Check(
        "7.r7",
        "order-second",
        "refuses a second order while it has one, and goes on with the first",
        refuses_a_second_order,
        frozenset({Need.ORDERS, Need.ROAD}),
    ),
)
