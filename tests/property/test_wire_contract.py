"""What everything that speaks a version must keep to: the three of the standard, and a make's own as a plug-in."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fleet.model.profile import Profile
from fleet.wire.link import Topic
from fleet.wire.messages import (
    Corridor,
    Grant,
    Header,
    Inbound,
    InstantActions,
    OperatingMode,
    Order,
    OrderEdge,
    OrderNode,
    Outbound,
    Response,
    Responses,
    VehicleState,
    ZoneSet,
)
from fleet.wire.registry import STANDARD
from fleet.wire.version import VersionCodec
from tests.nouns import a_state
from tests.wire_words import OUTBOUND, as_told, headers, inbound, instant_actions, orders, states
from tests.wire_wounds import hit, twisted
from vehicle_sim.makes.courier_bus import CODEC as COURIER_BUS

CODECS: tuple[VersionCodec, ...] = (*STANDARD.values(), COURIER_BUS)
SOME = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
every_codec = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.version)
CASES = [(codec, name) for codec in CODECS for name in ("connection", "state", "visualization", "factsheet")]
said_by_every_codec = pytest.mark.parametrize(("codec", "name"), CASES, ids=lambda case: getattr(case, "version", case))
TOLD = [(codec, name) for codec in CODECS for name in OUTBOUND if name in codec.rules.fields]
told_by_every_codec = pytest.mark.parametrize(("codec", "name"), TOLD, ids=lambda case: getattr(case, "version", case))


def plain(codec: VersionCodec, **habits: Any) -> Profile:  # noqa: ANN401  any field of it
    return Profile(version=codec.version, topic_major=codec.topic_major, **habits)


def topic(codec: VersionCodec, name: str) -> Topic:
    return Topic(codec.topic_example, codec.topic_major, "acme", "van-1", name)


def said(codec: VersionCodec, message: Inbound) -> bytes:
    return codec.with_header(codec.body(message, plain(codec)), message.header)


def heard(codec: VersionCodec, name: str, payload: bytes) -> Inbound:
    header = codec.header_of(payload, topic(codec, name))
    return codec.read(name, header, payload)


def told(codec: VersionCodec, message: Outbound, header: Header) -> bytes:
    return codec.with_header(codec.body(message, plain(codec)), header)


# Decode undoes encode -------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("1.8", "2.1")
@said_by_every_codec
def test_what_a_vehicle_says_is_heard(codec: VersionCodec, name: str) -> None:
    @SOME
    @given(inbound(codec.version)[name])
    def judge(message: Inbound) -> None:
        payload = said(codec, message)
        assert heard(codec, name, payload) == as_told(codec.version, message)
        assert codec.rules.violations(name, payload) == []

    judge()


@pytest.mark.vda5050("0.7", "1.8")
@told_by_every_codec
def test_what_a_vehicle_is_told_is_heard(codec: VersionCodec, name: str) -> None:
    @SOME
    @given(OUTBOUND[name], headers(codec.version))
    def judge(message: Outbound, header: Header) -> None:
        payload = told(codec, message, header)
        assert codec.read_told(name, payload) == (header, as_told(codec.version, message))
        assert codec.rules.violations(name, payload) == []
        if name == "order":
            assert codec.rules.order_violations(payload) == []

    judge()


@pytest.mark.vda5050("2.2", "6.5")
@every_codec
def test_a_repeated_order_differs_in_its_header_only(codec: VersionCodec) -> None:
    @SOME
    @given(orders(), headers(codec.version), headers(codec.version))
    def judge(order: Order, first: Header, second: Header) -> None:
        body = codec.body(order, plain(codec))
        assert codec.body_in(codec.with_header(body, first)) == codec.body_in(codec.with_header(body, second)) == body
        again = codec.read_told("order", codec.with_header(body, first))[1]
        assert codec.body(again, plain(codec)) == body

    judge()


@pytest.mark.vda5050("0.7")
@every_codec
def test_telling_twice_loses_no_more_than_telling_once(codec: VersionCodec) -> None:
    @SOME
    @given(states(codec.version), orders())
    def judge(state: VehicleState, order: Order) -> None:
        once = as_told(codec.version, state)
        assert as_told(codec.version, once) == once
        once_told = as_told(codec.version, order)
        assert as_told(codec.version, once_told) == once_told

    judge()


# Sloppy input ---------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("2.8")
@said_by_every_codec
def test_unknown_fields_and_whole_numbers_are_tolerated_everywhere(codec: VersionCodec, name: str) -> None:
    @SOME
    @given(inbound(codec.version)[name])
    def judge(message: Inbound) -> None:
        payload = said(codec, message)
        sloppy = json.loads(payload)
        for part in list(objects(sloppy)):
            part["vendorSecret"] = {"deep": [1, None]}
            for key, value in part.items():
                if isinstance(value, float) and value.is_integer():
                    part[key] = int(value)
        assert heard(codec, name, msgspec.json.encode(sloppy)) == heard(codec, name, payload)

    judge()


@pytest.mark.vda5050("2.8")
@said_by_every_codec
def test_null_is_as_good_as_absent_for_what_may_be_absent(codec: VersionCodec, name: str) -> None:
    """Whatever may be taken away without costing the message may be null as well, and means the same."""

    @settings(SOME, max_examples=8)
    @given(inbound(codec.version)[name])
    def judge(message: Inbound) -> None:
        whole = json.loads(said(codec, message))
        for index, part in enumerate(objects(whole)):
            for key in part:
                without, with_null = copy.deepcopy(whole), copy.deepcopy(whole)
                list(objects(without))[index].pop(key)
                list(objects(with_null))[index][key] = None
                if (meaning := tried(codec, name, without)) is not None and key not in TEXTS_OF_PARAMETERS:
                    assert tried(codec, name, with_null) == meaning

    judge()


TEXTS_OF_PARAMETERS = ("value",)


def tried(codec: VersionCodec, name: str, message: object) -> Inbound | None:
    try:
        return heard(codec, name, msgspec.json.encode(message))
    except ValueError:
        return None


def objects(message: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  JSON
    """All objects of a message, those in remarks left out: for these own rules hold."""
    if isinstance(message, dict):
        yield message
    for held in message.values() if isinstance(message, dict) else message:
        if isinstance(held, (dict, list)):
            yield from objects(held)


@pytest.mark.vda5050("2.8")
@every_codec
def test_a_mode_nobody_knows_is_no_mode_to_drive_in(codec: VersionCodec) -> None:
    @settings(SOME, max_examples=5)
    @given(states(codec.version))
    def judge(state: VehicleState) -> None:
        state = msgspec.structs.replace(state, mode=OperatingMode.SEMIAUTOMATIC)
        odd = said(codec, state).replace(b'"SEMIAUTOMATIC"', b'"HALF-ASLEEP"')
        message = heard(codec, "state", odd)
        assert isinstance(message, VehicleState)
        assert message.mode is OperatingMode.UNKNOWN

    judge()


@pytest.mark.vda5050("2.8")
@every_codec
@pytest.mark.parametrize("odd", [b'["SEMIAUTOMATIC"]', b"7", b'{"mode":"SEMIAUTOMATIC"}'])
def test_a_mode_that_is_no_word_is_refused_or_no_mode_to_drive_in(codec: VersionCodec, odd: bytes) -> None:
    state = msgspec.structs.replace(a_state(), mode=OperatingMode.SEMIAUTOMATIC)
    state = msgspec.structs.replace(state, header=msgspec.structs.replace(state.header, version=codec.version))
    payload = said(codec, state).replace(b'"SEMIAUTOMATIC"', odd)
    try:
        message = heard(codec, "state", payload)
    except ValueError:
        return
    assert isinstance(message, VehicleState)
    assert message.mode is OperatingMode.UNKNOWN


# Refusal --------------------------------------------------------------------------------------------------------------

HALT = OrderNode(node_id="n", sequence_id=0, released=True)


@pytest.mark.vda5050("0.7")
@every_codec
def test_what_carries_safety_is_told_in_full_or_not_at_all(codec: VersionCodec) -> None:
    asked = Corridor(left_m=1.0, right_m=1.0, needs_leave=True)
    edge = OrderEdge(edge_id="e", sequence_id=1, released=True, start_node_id="n", end_node_id="n", corridor=asked)
    end = OrderNode(node_id="n", sequence_id=2, released=True)
    messages: dict[str, Outbound] = {
        "order": Order(order_id="o", order_update_id=0, nodes=(HALT, end), edges=(edge,)),
        "zoneSet": ZoneSet(map_id="m", zone_set_id="z", zones=()),
        "responses": Responses(responses=(Response(request_id="r", grant=Grant.GRANTED),)),
    }
    header = Header(header_id=1, sent_s=1.0, version=codec.version, manufacturer="acme", serial_number="van-1")
    for name, message in messages.items():
        try:
            payload = told(codec, message, header)
        except ValueError:
            continue
        assert codec.read_told(name, payload)[1] == message


@pytest.mark.vda5050("1.8")
@every_codec
@pytest.mark.parametrize("x_m", [float("nan"), float("inf"), float("-inf")])
def test_nothing_that_is_not_finite_is_told(codec: VersionCodec, x_m: float) -> None:
    @settings(SOME, max_examples=5)
    @given(orders())
    def judge(order: Order) -> None:
        first = msgspec.structs.replace(order.edges[0], length_m=x_m) if order.edges else None
        if first is not None:
            with pytest.raises(ValueError, match="finite"):
                codec.body(msgspec.structs.replace(order, edges=(first, *order.edges[1:])), plain(codec))

    judge()


@every_codec
def test_a_topic_that_nobody_speaks_on_is_refused(codec: VersionCodec) -> None:
    header = Header(header_id=1, sent_s=1.0, version=codec.version, manufacturer="acme", serial_number="van-1")
    payload = told(codec, InstantActions(actions=()), header)
    with pytest.raises(ValueError, match="topic"):
        codec.read("order", header, payload)
    with pytest.raises(ValueError, match="topic"):
        codec.read_told("state", payload)
    assert codec.rules.violations("gossip", payload) != []


@pytest.mark.vda5050("1.9")
@every_codec
def test_noise_raises_nothing_but_value_errors(codec: VersionCodec) -> None:
    @SOME
    @given(st.binary(max_size=60), st.sampled_from(["state", "connection", "visualization", "factsheet", "order"]))
    def judge(payload: bytes, name: str) -> None:
        for attempt in (lambda: heard(codec, name, payload), lambda: codec.read_told(name, payload)):
            with pytest.raises((ValueError, RecursionError)):
                attempt()
        assert codec.rules.violations(name, payload) != []

    judge()


@pytest.mark.vda5050("1.9")
@every_codec
def test_a_wounded_message_raises_nothing_but_value_errors(codec: VersionCodec) -> None:
    """`fleet.wire.codec` counts those as refused; anything else would be a fault of ours."""

    @settings(SOME, max_examples=3, phases=[Phase.generate])
    @given(st.fixed_dictionaries(inbound(codec.version)), orders(), headers(codec.version), st.integers(0, 10**9))
    def judge(messages: dict[str, Inbound], order: Order, header: Header, seed: int) -> None:
        rng = Random(seed)
        payloads = {name: said(codec, message) for name, message in messages.items()}
        for name, payload in (payloads | {"order": told(codec, order, header)}).items():
            for _ in range(50):
                wounded = rng.choice((hit, twisted))(payload, rng)
                with suppress(ValueError, OverflowError, RecursionError):
                    codec.read_told(name, wounded) if name == "order" else heard(codec, name, wounded)
                codec.rules.violations(name, wounded)

    judge()


@pytest.mark.vda5050("0.5")
@every_codec
def test_an_alias_for_instant_actions_changes_nothing_for_those_who_do_not_need_it(codec: VersionCodec) -> None:
    @settings(SOME, max_examples=10)
    @given(instant_actions, headers(codec.version))
    def judge(message: InstantActions, header: Header) -> None:
        body = codec.body(message, plain(codec, has_instant_actions_alias=True))
        payload = codec.with_header(body, header)
        assert codec.read_told("instantActions", payload)[1] == as_told(codec.version, message)
        assert codec.rules.violations("instantActions", payload) == []

    judge()
