from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.wire import codec
from fleet.wire.glance import Glance
from fleet.wire.registry import codec_for
from fleet.wire.rules import order_violations, violations
from tests.unit.test_wire_codec import HEADER, STATE, header, leg

VERSION = "2.1.0"


def paths(topic_name: str, message: object) -> list[str]:
    return [violation.path for violation in violations(VERSION, topic_name, message)]


def test_what_we_send_breaks_no_rule() -> None:
    assert order_violations(VERSION, codec.encode_order(leg(), header(1))) == []
    assert violations(VERSION, "state", STATE) == []


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"driving": None}, "driving"),
        ({"operatingMode": "DANCING"}, "operatingMode"),
        ({"timestamp": "2026-11-23T08:00:00"}, "timestamp"),
        ({"headerId": -1}, "headerId"),
        ({"headerId": 2**32}, "headerId"),
        ({"orderUpdateId": 1.5}, "orderUpdateId"),
        ({"errors": {}}, "errors"),
        ({"nodeStates": [STATE["nodeStates"][0], {"nodeId": "n", "released": 1}]}, "nodeStates[1].sequenceId"),
        ({"batteryState": {"batteryCharge": 101, "charging": True}}, "batteryState.batteryCharge"),
    ],
)
def test_a_broken_rule_is_named_with_its_place(changes: dict[str, Any], path: str) -> None:
    assert paths("state", STATE | changes)[0] == path


def test_every_broken_rule_is_found() -> None:
    nodes = [{"nodeId": 1, "sequenceId": "a", "released": 1}]
    assert paths("state", STATE | {"nodeStates": nodes, "driving": 0}) == [
        "driving", "nodeStates[0].nodeId", "nodeStates[0].sequenceId", "nodeStates[0].released",
    ]  # fmt: skip


@pytest.mark.parametrize("payload", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_bytes_that_are_no_message_are_named(payload: bytes) -> None:
    assert paths("connection", payload) == [""]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**34), 2**34) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4) | st.sampled_from(["AUTOMATIC", "FINISHED", "WARNING", "2026-11-23T08:00:00Z"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@given(st.data())
def test_a_glance_passes_no_message_in_which_a_closer_look_finds_a_fault(data: st.DataObject) -> None:
    """Bytes are glanced at first; decoded JSON is always looked at closely."""
    message: Any = copy.deepcopy(data.draw(st.sampled_from([STATE, order()])))
    topic_name = "order" if "nodes" in message else "state"
    place = message
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else list(range(len(place)))))
        if not place[key] or not isinstance(place[key], (dict, list)) or data.draw(st.booleans()):
            break
        place = place[key]
    if data.draw(st.booleans()):
        place[key] = data.draw(JSON_VALUES)
    elif isinstance(place, dict):
        del place[key]
    glance = Glance(codec_for(VERSION).rules.fields[topic_name])
    payload = msgspec.json.encode(message)
    assert not (glance.is_sound(payload) and violations(VERSION, topic_name, message))
    assert paths(topic_name, payload) == paths(topic_name, message)


def test_a_glance_is_enough_for_what_we_send() -> None:
    assert Glance(codec_for(VERSION).rules.fields["order"]).is_sound(codec.encode_order(leg(), header(1)))
    assert Glance(codec_for(VERSION).rules.fields["state"]).is_sound(msgspec.json.encode(STATE))


def test_a_word_of_another_version_breaks_a_rule() -> None:
    assert paths("connection", HEADER | {"connectionState": "CONNECTION_BROKEN"}) == ["connectionState"]


def order(**changes: object) -> dict[str, Any]:
    nodes = [{"nodeId": f"n{i}", "sequenceId": 2 * i, "released": i < 2, "actions": []} for i in range(3)]
    edges = [
        {
            "edgeId": f"e{i}",
            "sequenceId": 2 * i + 1,
            "released": i < 1,
            "startNodeId": f"n{i}",
            "endNodeId": f"n{i + 1}",
            "actions": [],
        }
        for i in range(2)
    ]
    return copy.deepcopy({**HEADER, "orderId": "o", "orderUpdateId": 0, "nodes": nodes, "edges": edges} | changes)


def changed(part: str, index: int, **changes: object) -> dict[str, Any]:
    message = order()
    message[part][index].update(changes)
    return message


def test_an_order_that_is_sound_breaks_no_rule() -> None:
    assert order_violations(VERSION, order()) == []


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (order(nodes=[], edges=[]), "nodes"),
        (order(edges=[]), "edges"),
        (changed("nodes", 0, sequenceId=1), "edges[0].sequenceId"),
        (changed("nodes", 2, sequenceId=5), "nodes[2].sequenceId"),
        (changed("edges", 1, sequenceId=4), "edges[1].sequenceId"),
        (changed("nodes", 0, released=False), "nodes[0].released"),
        (changed("nodes", 2, released=True), "nodes[2].released"),
        (changed("edges", 1, released=True), "edges[1].released"),
        (changed("edges", 0, startNodeId="n9"), "edges[0].startNodeId"),
        (changed("edges", 1, endNodeId="n9"), "edges[1].endNodeId"),
    ],
)
def test_a_broken_rule_between_fields_is_named_with_its_place(message: dict[str, Any], path: str) -> None:
    assert path in [violation.path for violation in order_violations(VERSION, message)]


def test_an_update_may_begin_anywhere_even() -> None:
    message = order(orderUpdateId=1)
    for part in (*message["nodes"], *message["edges"]):
        part["sequenceId"] += 6
    assert order_violations(VERSION, message) == []
    message["orderUpdateId"] = 0
    assert [v.path for v in order_violations(VERSION, message)] == ["nodes[0].sequenceId"]


def test_a_loop_is_sound_and_a_doubled_action_is_not() -> None:
    message = order()
    message["nodes"][2]["nodeId"] = message["edges"][1]["endNodeId"] = "n0"
    assert order_violations(VERSION, message) == []
    action = {"actionId": "a", "actionType": "drop", "blockingType": "HARD"}
    message["nodes"][0]["actions"] = message["nodes"][2]["actions"] = [action]
    assert [v.path for v in order_violations(VERSION, message)] == ["nodes[2].actions[0].actionId"]


def test_fields_are_judged_before_what_is_between_them() -> None:
    message = order(edges=[])
    message["nodes"][0]["sequenceId"] = "zero"
    assert [v.path for v in order_violations(VERSION, message)] == ["nodes[0].sequenceId"]
