"""What is written is read as it was meant, and nothing that arrives can raise anything but WireError.

`test_wire_contract` holds each codec by itself to more than this; here all goes through `fleet.wire.codec`, as in life.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet.errors import WireError
from fleet.orders.build import order_message
from fleet.wire import codec
from fleet.wire.link import Topic
from fleet.wire.messages import (
    Action,
    ActionStatus,
    BlockingType,
    Connection,
    ConnectionState,
    ErrorLevel,
    Factsheet,
    Header,
    Inbound,
    InstantActions,
    Load,
    OfferedAction,
    Order,
    Outbound,
    Position,
    ProtocolLimits,
    Visualization,
)
from fleet.wire.registry import STANDARD
from fleet.wire.rules import order_violations, violations
from tests.nouns import a_header, a_state, an_error, an_order, terms
from tests.wire_words import OUTBOUND, as_told, headers, inbound, orders
from tests.wire_wounds import hit

SOME = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
SAID = [(version, name) for version in STANDARD for name in inbound(version)]
TOLD = [(version, name) for version in STANDARD for name in OUTBOUND if name in STANDARD[version].rules.fields]


def topic(name: str, version: str = codec.DEFAULT_VERSION) -> Topic:
    return Topic("uagv", codec.topic_major(version), "acme", "van-1", name)


@pytest.mark.parametrize(("version", "name"), SAID)
def test_what_a_vehicle_says_survives_the_wire(version: str, name: str) -> None:
    @SOME
    @given(inbound(version)[name])
    def judge(message: Inbound) -> None:
        assert codec.decode(topic(name, version), codec.encode_said(message)) == as_told(version, message)

    judge()


@pytest.mark.vda5050("1.8", "2.3")
@pytest.mark.parametrize(("version", "name"), TOLD)
def test_what_a_vehicle_is_told_survives_the_wire(version: str, name: str) -> None:
    @SOME
    @given(OUTBOUND[name], headers(version))
    def judge(message: Outbound, header: Header) -> None:
        payload = codec.encode_told(message, header)
        assert codec.decode_told(name, payload, version) == (header, as_told(version, message))

    judge()


@given(orders(), headers(codec.DEFAULT_VERSION))
def test_a_body_depends_on_the_content_alone(order: Order, header: Header) -> None:
    again = codec.decode_order(codec.encode_order(order, header))[1]
    assert codec.body_of(again) == codec.body_of(order)
    assert codec.with_header(codec.body_of(order), header) == codec.encode_order(order, header)


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
        if name in OUTBOUND:
            codec.decode_told(name, payload)
        else:
            codec.decode(topic(name), payload)
    except WireError:
        pass
    violations("2.1.0", name, payload)
    order_violations("2.1.0", payload)


PLACE = Position(x_m=1.0, y_m=2.0, theta_rad=0.5, map_id="city", is_localized=True)
SHEET = Factsheet(
    header=a_header(),
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
STATE = a_state(
    order="o",
    update=1,
    left=[("n", 4)],
    edges=[("e", 3)],
    actions={"a": ActionStatus.RUNNING},
    errors=[an_error("x", ErrorLevel.FATAL, k="v")],
    position=PLACE,
    speed_mps=3.5,
    loads=(Load(load_id="p", weight_kg=1.5),),
)
CALL = Action(action_id="a", action_type="drop", blocking_type=BlockingType.HARD)
SAMPLES = {
    "state": codec.encode_state(STATE),
    "connection": codec.encode_connection(Connection(header=a_header(), state=ConnectionState.ONLINE)),
    "visualization": codec.encode_visualization(Visualization(header=a_header(), position=PLACE, speed_mps=1.0)),
    "factsheet": codec.encode_factsheet(SHEET),
    "order": codec.encode_order(order_message(an_order("n1", "point:p1"), terms()), a_header()),
    "instantActions": codec.encode_instant_actions(InstantActions(actions=(CALL,)), a_header()),
}
