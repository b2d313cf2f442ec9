from __future__ import annotations

import json
from typing import Any

import pytest

from fleet.errors import WireError
from fleet.wire import codec
from fleet.wire.link import Topic
from fleet.wire.messages import (
    Action,
    ActionParameter,
    ActionState,
    ActionStatus,
    BlockingType,
    Connection,
    ConnectionState,
    EmergencyStop,
    ErrorLevel,
    Factsheet,
    Header,
    InstantActions,
    NodePosition,
    OperatingMode,
    Order,
    OrderEdge,
    OrderNode,
    VehicleState,
    Visualization,
)

HEADER: dict[str, Any] = {
    "headerId": 7,
    "timestamp": "2026-11-23T08:00:00.250Z",
    "version": "2.1.0",
    "manufacturer": "acme",
    "serialNumber": "van-1",
}
SENT_S = 1_795_420_800.25
STATE: dict[str, Any] = {
    **HEADER,
    "orderId": "leg-1",
    "orderUpdateId": 2,
    "lastNodeId": "n1",
    "lastNodeSequenceId": 4,
    "nodeStates": [{"nodeId": "n2", "sequenceId": 6, "released": True}],
    "edgeStates": [{"edgeId": "e1", "sequenceId": 5, "released": True}],
    "driving": True,
    "actionStates": [{"actionId": "a1", "actionType": "drop", "actionStatus": "WAITING"}],
    "batteryState": {"batteryCharge": 80, "charging": False},
    "operatingMode": "AUTOMATIC",
    "errors": [],
    "safetyState": {"eStop": "NONE", "fieldViolation": False},
}


def topic(name: str) -> Topic:
    return Topic("uagv", 2, "acme", "van-1", name)


def read_state(**changes: object) -> VehicleState:
    message = codec.decode(topic("state"), json.dumps(STATE | changes).encode())
    assert isinstance(message, VehicleState)
    return message


def reason_against(name: str, payload: bytes) -> str:
    with pytest.raises(WireError) as caught:
        codec.decode(topic(name), payload)
    return caught.value.reason


def test_a_state_is_read_in_our_words() -> None:
    state = read_state(velocity={"vx": 3, "vy": 4}, agvPosition=None)
    assert state.header == Header(
        header_id=7, sent_s=SENT_S, version="2.1.0", manufacturer="acme", serial_number="van-1"
    )
    assert (state.power.soc_fraction, state.speed_mps, state.position) == (0.8, 5.0, None)
    assert (state.mode, state.node_states[0].node_id, state.loads) == (OperatingMode.AUTOMATIC, "n2", None)


@pytest.mark.vda5050("2.3")
@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T08:00:00Z",
        "2026-11-23T08:00:00",
        "2026-11-23T08:00:00.0+00:00",
        "2026-11-23T08:00:00.000000000Z",
        "2026-11-23T16:00:00+08:00",
    ],
)
def test_an_instant_may_be_written_in_many_ways(text: str) -> None:
    assert read_state(timestamp=text).header.sent_s == 1_795_420_800.0


@pytest.mark.parametrize("text", ["", "2026-11-23", "yesterday at half past three", "2026-13-23T08:00:00Z"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    reason_against("state", json.dumps(STATE | {"timestamp": text}).encode())


@pytest.mark.vda5050("2.8", "7.5")
def test_unknown_words_are_taken_with_caution() -> None:
    state = read_state(
        operatingMode="DANCING",
        actionStates=[{"actionId": "a1", "actionStatus": "THINKING"}],
        errors=[{"errorType": "oddity", "errorLevel": "HMM", "errorReferences": None}],
        safetyState={"eStop": "SOMEHOW", "fieldViolation": False},
    )
    assert state.mode is OperatingMode.UNKNOWN
    assert state.action_states == (ActionState(action_id="a1", status=ActionStatus.RUNNING),)
    assert state.errors[0].level is ErrorLevel.FATAL
    assert state.safety.emergency_stop is EmergencyStop.MANUAL


@pytest.mark.vda5050("2.8")
def test_unknown_fields_nulls_and_whole_numbers_are_tolerated() -> None:
    state = read_state(colour="red", loads=None, paused=None, distanceSinceLastNode=3, maps=None)
    assert (state.loads, state.paused, state.distance_since_last_node_m) == (None, False, 3.0)


@pytest.mark.vda5050("10.11")
def test_no_loads_told_is_not_the_same_as_unloaded() -> None:
    assert read_state().loads is None
    assert read_state(loads=[]).loads == ()


def test_a_charge_beyond_its_range_does_not_cost_the_state() -> None:
    assert read_state(batteryState={"batteryCharge": 101.5, "charging": True}).power.soc_fraction == 1.0


@pytest.mark.parametrize("told", [-1, 255])
def test_a_battery_that_tells_nonsense_tells_nothing(told: float) -> None:
    assert read_state(batteryState={"batteryCharge": told, "charging": True}).power.soc_fraction is None


@pytest.mark.parametrize("word", ["CONNECTIONBROKEN", "CONNECTION_BROKEN"])
def test_both_spellings_of_a_broken_connection_are_understood(word: str) -> None:
    message = codec.decode(topic("connection"), json.dumps(HEADER | {"connectionState": word}).encode())
    assert isinstance(message, Connection)
    assert message.state is ConnectionState.CONNECTION_BROKEN


@pytest.mark.vda5050("2.4")
def test_a_body_may_not_speak_for_another_vehicle() -> None:
    reason = reason_against("state", json.dumps(STATE | {"serialNumber": "van-2"}).encode())
    assert "van-2" in reason


def test_a_long_lie_makes_a_short_reason() -> None:
    assert len(reason_against("state", json.dumps(STATE | {"serialNumber": "x" * 9000}).encode())) <= 200


def test_an_unknown_major_is_refused_and_an_unknown_minor_is_read() -> None:
    reason = reason_against("state", json.dumps(STATE | {"version": "4.0.0"}).encode())
    assert "4.0.0" in reason
    assert "3.0.0" in reason
    assert read_state(version="2.7.3").header.version == "2.7.3"


@pytest.mark.vda5050("1.8", "1.9")
@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "truncated"),
        (b"[]", "object"),
        (b"\xff\xfe", "malformed"),
        (b'{"headerId":' + b"9" * 400 + b"}", "headerId"),
        (b" " * (codec.PAYLOAD_BYTES_MAX + 1), "at most"),
        (b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}", "nested"),
        (b'{"x":"\\u0000"}', "NUL"),
        (json.dumps(STATE | {"driving": "yes"}).encode(), "driving"),
        (json.dumps(STATE | {"batteryState": {"batteryCharge": float("nan"), "charging": True}}).encode(), "malformed"),
    ],
)  # fmt: skip
def test_hostile_bytes_are_refused_with_a_reason(payload: bytes, reason: str) -> None:
    assert reason in reason_against("state", payload)


def test_brackets_inside_texts_are_no_nesting() -> None:
    description = '"[{\\' * 200
    state = read_state(errors=[{"errorType": "x", "errorLevel": "WARNING", "errorDescription": description}])
    assert state.errors[0].description == description


def test_texts_cannot_hide_nesting() -> None:
    hidden = b"[" + b'"]",[' * 5000 + b"]" * 5001
    assert "nested" in reason_against("state", b'{"x":' + hidden + b"}")


def test_a_vehicle_says_nothing_on_our_topics() -> None:
    assert "order" in reason_against("order", json.dumps(STATE).encode())


def test_a_visualization_without_header_is_the_topics_vehicle() -> None:
    message = codec.decode(topic("visualization"), b'{"velocity":{"vx":-1.5}}')
    assert isinstance(message, Visualization)
    assert (message.header.serial_number, message.header.sent_s, message.speed_mps) == ("van-1", 0.0, -1.5)


def test_a_factsheet_may_be_empty() -> None:
    sheet = codec.decode(topic("factsheet"), json.dumps(HEADER).encode())
    assert isinstance(sheet, Factsheet)
    assert (sheet.speed_mps_max, sheet.limits.order_nodes_max, sheet.actions) == (None, 0, ())


def leg(x_m: float = 1.5) -> Order:
    drop = Action(
        action_id="a1",
        action_type="drop",
        blocking_type=BlockingType.HARD,
        parameters=(ActionParameter(key="lhd", value="box-1"), ActionParameter(key="depth", value=0.5)),
    )
    start = OrderNode(node_id="n1", sequence_id=0, released=True)
    end = OrderNode(
        node_id="n2",
        sequence_id=2,
        released=True,
        position=NodePosition(x_m=x_m, y_m=0.1, map_id="city", deviation_m=2.0),
        actions=(drop,),
    )
    edge = OrderEdge(edge_id="e", sequence_id=1, released=True, start_node_id="n1", end_node_id="n2")
    return Order(order_id="leg-1", order_update_id=0, nodes=(start, end), edges=(edge,))


def header(header_id: int) -> Header:
    return Header(header_id=header_id, sent_s=SENT_S, version="2.1.0", manufacturer="acme", serial_number="van-1")


@pytest.mark.vda5050("2.2")
def test_a_repeated_order_differs_in_its_header_only() -> None:
    body = codec.body_of(leg())
    first, second = codec.with_header(body, header(1)), codec.with_header(body, header(2))
    assert first.endswith(body[1:])
    assert second.endswith(body[1:])
    assert codec.decode_order(second) == (header(2), leg())
    assert codec.encode_order(leg(), header(1)) == first


def test_the_optional_is_left_out_and_never_null() -> None:
    body = json.loads(codec.body_of(leg()))
    assert "nodePosition" not in body["nodes"][0]
    assert body["nodes"][1]["nodePosition"]["allowedDeviationXY"] == 2.0
    assert body["edges"][0]["actions"] == []


@pytest.mark.vda5050("1.8")
@pytest.mark.parametrize("x_m", [float("nan"), float("inf"), float("-inf")])
def test_nothing_that_is_not_finite_is_sent(x_m: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        codec.body_of(leg(x_m))


def test_a_text_that_says_null_is_sent() -> None:
    actions = InstantActions(actions=(Action(action_id="null", action_type="null", blocking_type=BlockingType.NONE),))
    sent = codec.encode_instant_actions(actions, header(3))
    assert codec.decode_instant_actions(sent) == (header(3), actions)


def test_bytes_that_are_no_order_are_refused() -> None:
    with pytest.raises(WireError, match="orderId"):
        codec.decode_order(json.dumps(HEADER).encode())
