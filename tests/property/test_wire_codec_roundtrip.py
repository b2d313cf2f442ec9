"""Decode undoes encode, and nothing that arrives can raise anything but WireError."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    EdgeState,
    EmergencyStop,
    ErrorLevel,
    ErrorReference,
    Factsheet,
    Header,
    InstantActions,
    Load,
    MapState,
    NodePosition,
    NodeState,
    OfferedAction,
    OperatingMode,
    Order,
    OrderEdge,
    OrderNode,
    Position,
    Power,
    ProtocolLimits,
    Safety,
    VehicleError,
    VehicleState,
    Visualization,
)
from fleet.wire.rules import order_violations, violations
from tests.wire_wounds import hit

TOPIC = Topic("uagv", 2, "acme", "van-1", "state")

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 2**32 - 1)
some_text = st.none() | texts
some_number = st.none() | numbers
not_negative = st.floats(0.0, 1e9)
headers = st.builds(
    Header,
    header_id=counts,
    sent_s=st.integers(0, 4_000_000_000_000).map(lambda ms: ms / 1000.0),
    version=st.just("2.1.0"),
    manufacturer=st.just("acme"),
    serial_number=st.just("van-1"),
)
fractions = st.integers(0, 1000).map(lambda permille: permille / 1000.0)  # as finely as a percentage is told
positions = st.builds(
    Position,
    x_m=numbers,
    y_m=numbers,
    theta_rad=st.floats(-3.14, 3.14),
    map_id=texts,
    is_localized=st.booleans(),
)

known_statuses = st.sampled_from([status for status in ActionStatus if status is not ActionStatus.RETRIABLE])


def few(parts: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(parts, max_size=3).map(tuple)


states = st.builds(
    VehicleState,
    header=headers,
    order_id=texts,
    order_update_id=counts,
    last_node_id=texts,
    last_node_sequence_id=counts,
    node_states=few(st.builds(NodeState, node_id=texts, sequence_id=counts, released=st.booleans())),
    edge_states=few(st.builds(EdgeState, edge_id=texts, sequence_id=counts, released=st.booleans())),
    action_states=few(
        st.builds(ActionState, action_id=texts, status=known_statuses, action_type=some_text, result=some_text)
    ),
    driving=st.booleans(),
    paused=st.booleans(),
    new_base_request=st.booleans(),
    distance_since_last_node_m=some_number,
    position=st.none() | positions,
    speed_mps=some_number,
    loads=st.none()
    | few(
        st.builds(
            Load,
            load_id=some_text,
            load_type=some_text,
            position=some_text,
            weight_kg=st.none() | not_negative,
        )
    ),
    power=st.builds(Power, soc_fraction=fractions, is_charging=st.booleans(), reach_m=st.none() | not_negative),
    mode=st.sampled_from(
        [
            OperatingMode.AUTOMATIC,
            OperatingMode.SEMIAUTOMATIC,
            OperatingMode.MANUAL,
            OperatingMode.SERVICE,
            OperatingMode.TEACH_IN,
        ]
    ),
    errors=few(
        st.builds(
            VehicleError,
            error_type=texts,
            level=st.sampled_from([ErrorLevel.WARNING, ErrorLevel.FATAL]),
            description=some_text,
            references=few(st.builds(ErrorReference, key=texts, value=texts)),
        )
    ),
    safety=st.builds(Safety, emergency_stop=st.sampled_from(EmergencyStop), field_violation=st.booleans()),
    maps=st.none() | few(st.builds(MapState, map_id=texts, map_version=texts, is_enabled=st.booleans())),
)
actions = few(
    st.builds(
        Action,
        action_id=texts,
        action_type=texts,
        blocking_type=st.sampled_from([BlockingType.NONE, BlockingType.SOFT, BlockingType.HARD]),
        parameters=few(
            st.builds(ActionParameter, key=texts, value=texts | numbers | st.integers(-(2**63), 2**63) | st.booleans())
        ),
    )
)
orders = st.builds(
    Order,
    order_id=texts,
    order_update_id=counts,
    nodes=few(
        st.builds(
            OrderNode,
            node_id=texts,
            sequence_id=counts,
            released=st.booleans(),
            position=st.none()
            | st.builds(
                NodePosition,
                x_m=numbers,
                y_m=numbers,
                map_id=texts,
                theta_rad=st.none() | st.floats(-3.14, 3.14),
                deviation_m=st.none() | not_negative,
            ),
            actions=actions,
        )
    ),
    edges=few(
        st.builds(
            OrderEdge,
            edge_id=texts,
            sequence_id=counts,
            released=st.booleans(),
            start_node_id=texts,
            end_node_id=texts,
            length_m=some_number,
            speed_mps_max=some_number,
            actions=actions,
        )
    ),
)
limits = st.integers(0, 2**31)
factsheets = st.builds(
    Factsheet,
    header=headers,
    series_name=texts,
    load_kg_max=not_negative,
    speed_mps_max=numbers,
    accel_mps2_max=numbers,
    decel_mps2_max=numbers,
    length_m=numbers,
    width_m=numbers,
    height_m=numbers,
    limits=st.builds(
        ProtocolLimits,
        message_bytes_max=limits,
        id_chars_max=limits,
        order_nodes_max=limits,
        order_edges_max=limits,
        node_actions_max=limits,
        order_interval_s_min=not_negative,
        state_interval_s_default=st.none() | not_negative,
    ),
    actions=few(st.builds(OfferedAction, action_type=texts, scopes=few(st.sampled_from(("INSTANT", "NODE", "EDGE"))))),
)


def topic(name: str) -> Topic:
    return Topic(TOPIC.interface_name, TOPIC.major, TOPIC.manufacturer, TOPIC.serial_number, name)


@given(states)
def test_a_state_survives_the_wire(state: VehicleState) -> None:
    payload = codec.encode_state(state)
    assert codec.decode(topic("state"), payload) == state
    assert violations("2.1.0", "state", payload) == []


@pytest.mark.vda5050("1.8", "2.3")
@given(orders, headers)
def test_an_order_survives_the_wire(order: Order, header: Header) -> None:
    payload = codec.encode_order(order, header)
    assert codec.decode_order(payload) == (header, order)
    assert violations("2.1.0", "order", payload) == []


@given(orders, headers)
def test_a_body_depends_on_the_content_alone(order: Order, header: Header) -> None:
    again = codec.decode_order(codec.encode_order(order, header))[1]
    assert codec.body_of(again) == codec.body_of(order)
    assert codec.with_header(codec.body_of(order), header) == codec.encode_order(order, header)


@given(st.builds(InstantActions, actions=actions), headers)
def test_instant_actions_survive_the_wire(instant: InstantActions, header: Header) -> None:
    payload = codec.encode_instant_actions(instant, header)
    assert codec.decode_instant_actions(payload) == (header, instant)
    assert violations("2.1.0", "instantActions", payload) == []


@given(headers, st.sampled_from(ConnectionState))
def test_a_connection_survives_the_wire(header: Header, state: ConnectionState) -> None:
    payload = codec.encode_connection(Connection(header=header, state=state))
    told = ConnectionState.OFFLINE if state is ConnectionState.HIBERNATING else state  # 2.x has no such word
    assert codec.decode(topic("connection"), payload) == Connection(header=header, state=told)
    assert violations("2.1.0", "connection", payload) == []


@given(st.builds(Visualization, header=headers, position=st.none() | positions, speed_mps=some_number))
def test_a_visualization_survives_the_wire(visualization: Visualization) -> None:
    payload = codec.encode_visualization(visualization)
    assert codec.decode(topic("visualization"), payload) == visualization
    assert violations("2.1.0", "visualization", payload) == []


@given(factsheets)
def test_a_factsheet_survives_the_wire(sheet: Factsheet) -> None:
    payload = codec.encode_factsheet(sheet)
    assert codec.decode(topic("factsheet"), payload) == sheet
    assert violations("2.1.0", "factsheet", payload) == []


@pytest.mark.vda5050("1.9")
@given(st.binary(max_size=200), st.sampled_from(["state", "connection", "visualization", "factsheet"]))
def test_noise_raises_nothing_but_wire_errors(payload: bytes, name: str) -> None:
    decode_quietly(name, payload)


@pytest.mark.vda5050("1.9")
@pytest.mark.parametrize("seed", range(500))
def test_mutated_messages_raise_nothing_but_wire_errors(seed: int) -> None:
    rng = random.Random(seed)
    for name, payload in SAMPLES.items():
        decode_quietly(name, hit(payload, rng))


def decode_quietly(name: str, payload: bytes) -> None:
    try:
        if name == "order":
            codec.decode_order(payload)
        elif name == "instantActions":
            codec.decode_instant_actions(payload)
        else:
            codec.decode(topic(name), payload)
    except WireError:
        pass
    violations("2.1.0", name, payload)
    order_violations("2.1.0", payload)


HEADER = Header(header_id=1, sent_s=1.5, version="2.1.0", manufacturer="acme", serial_number="van-1")
ACTION = Action(action_id="a", action_type="drop", blocking_type=BlockingType.HARD)
PLACE = Position(x_m=1.0, y_m=2.0, theta_rad=0.5, map_id="city", is_localized=True)
STATE = VehicleState(
    header=HEADER,
    order_id="o",
    order_update_id=1,
    last_node_id="n",
    last_node_sequence_id=2,
    node_states=(NodeState(node_id="n", sequence_id=4, released=True),),
    edge_states=(EdgeState(edge_id="e", sequence_id=3, released=True),),
    action_states=(ActionState(action_id="a", status=ActionStatus.RUNNING),),
    driving=True,
    position=PLACE,
    speed_mps=3.5,
    loads=(Load(load_id="p", weight_kg=1.5),),
    power=Power(soc_fraction=0.5, is_charging=False),
    mode=OperatingMode.AUTOMATIC,
    errors=(VehicleError(error_type="x", level=ErrorLevel.FATAL, references=(ErrorReference(key="k", value="v"),)),),
    safety=Safety(emergency_stop=EmergencyStop.NONE, field_violation=False),
)
ORDER = Order(
    order_id="o",
    order_update_id=0,
    nodes=(
        OrderNode(
            node_id="n",
            sequence_id=0,
            released=True,
            position=NodePosition(x_m=1.0, y_m=2.0, map_id="city"),
            actions=(ACTION,),
        ),
    ),
    edges=(),
)
SHEET = Factsheet(
    header=HEADER,
    series_name="van",
    load_kg_max=500.0,
    speed_mps_max=11.0,
    accel_mps2_max=1.0,
    decel_mps2_max=2.0,
    length_m=3.0,
    width_m=1.5,
    limits=ProtocolLimits(message_bytes_max=10_000),
    actions=(OfferedAction(action_type="drop", scopes=("NODE",)),),
)
SAMPLES = {
    "state": codec.encode_state(STATE),
    "connection": codec.encode_connection(Connection(header=HEADER, state=ConnectionState.ONLINE)),
    "visualization": codec.encode_visualization(Visualization(header=HEADER, position=PLACE, speed_mps=1.0)),
    "factsheet": codec.encode_factsheet(SHEET),
    "order": codec.encode_order(ORDER, HEADER),
    "instantActions": codec.encode_instant_actions(InstantActions(actions=(ACTION,)), HEADER),
}
