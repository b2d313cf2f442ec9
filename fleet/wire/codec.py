"""Bytes <-> messages: each version has a codec, and nothing outside this folder knows one.

Inbound bytes are hostile until read: size, nesting and types are bounded here, and whatever is wrong with
them is a `WireError`. An outbound message is stored as its *body*, without header; the header is joined to it
when it is sent, so that a repeated message keeps its content to the byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from fleet.errors import WireError
from fleet.model.profile import FieldName, Profile, major_of
from fleet.wire.link import Topic
from fleet.wire.messages import (
    Connection,
    Factsheet,
    Header,
    Inbound,
    InstantActions,
    Order,
    Outbound,
    Responses,
    VehicleState,
    Visualization,
)
from fleet.wire.names import with_ours, with_theirs
from fleet.wire.registry import STANDARD, codec_for, codec_said
from fleet.wire.rulebook import RuleBook

PAYLOAD_BYTES_MAX = 256 * 1024
NESTING_MAX = 32
REASON_CHARS_MAX = 200
REFUSALS = (ValueError, OverflowError, RecursionError)
DEFAULT_VERSION = "2.1.0"
DEFAULT_PROFILE = Profile(version=DEFAULT_VERSION, topic_major=2)
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b'[]{}"'))


def is_spoken(version: str) -> bool:
    """Whether there is a codec for a version."""
    try:
        codec_for(version)
    except ValueError:
        return False
    return True


def stitches_with_actions(version: str) -> bool:
    """Whether an update must repeat all of its first node, its actions too: 3.0 asks it (section 6.3)."""
    return codec_for(version).stitches_with_actions


def topic_major(version: str) -> int:
    """The major of the topics that a version is spoken on, unless a vehicle shows otherwise."""
    return codec_for(version).topic_major


@lru_cache(maxsize=64)
def hears_answers(version: str) -> bool:
    """Whether this version has words for asking leave and for the answer to that."""
    try:
        body_of(Responses(responses=()), _plain(version))
    except Exception:  # of a make's plug-in, which may raise anything; asked at the start, it is nobody else's trouble
        return False
    return True


def decode(topic: Topic, payload: bytes, speaks: str = DEFAULT_VERSION, fields: Sequence[FieldName] = ()) -> Inbound:
    """What a vehicle says on a topic. The version is the message's own, not the topic's (checklist 0.1, 0.2).

    Args:
        speaks: the version it is configured for; decides only where that is a make's own protocol.
        fields: names of its make, put back into ours.

    Raises:
        WireError: the bytes are no such message, or speak for another vehicle than the topic's.
    """
    try:
        _guard(payload)
        configured = codec_for(speaks)
        header = configured.header_of(payload, topic)
        if header.manufacturer != topic.manufacturer or header.serial_number != topic.serial_number:
            raise ValueError(f"the body speaks for {header.manufacturer!r}/{header.serial_number!r}")
        is_as_configured = header.version == configured.version
        codec = configured if is_as_configured else codec_said(header.version, topic.major, configured)
        message = codec.read(topic.name, header, payload)
        if not isinstance(message, Inbound):
            raise ValueError(f"the codec of {codec.version} makes {type(message).__name__} of it")
        return with_ours(message, fields) if fields else message
    except Exception as fault:
        raise _refusal(topic.text(), fault, speaks) from fault


def rules_of(message: Inbound, topic: Topic, speaks: str = DEFAULT_VERSION) -> RuleBook:
    """The rules of the version that a decoded message was said in."""
    return codec_said(message.header.version, topic.major, codec_for(speaks)).rules


def decode_told(
    topic_name: str, payload: bytes, speaks: str = DEFAULT_VERSION, fields: Sequence[FieldName] = ()
) -> tuple[Header, Outbound]:
    """What a vehicle is told, as it reads it itself.

    Raises:
        WireError: the bytes are no such message.
    """
    try:
        _guard(payload)
        configured = codec_for(speaks)
        header = configured.header_of(payload, Topic("", configured.topic_major, "", "", topic_name))
        header, told = codec_said(header.version, configured.topic_major, configured).read_told(topic_name, payload)
        return header, with_ours(told, fields)
    except Exception as fault:
        raise _refusal(topic_name, fault, speaks) from fault


def decode_order(
    payload: bytes, speaks: str = DEFAULT_VERSION, fields: Sequence[FieldName] = ()
) -> tuple[Header, Order]:
    """The vehicle's side of an order.

    Raises:
        WireError: the bytes are no order.
    """
    header, told = decode_told("order", payload, speaks, fields)
    assert isinstance(told, Order)
    return header, told


def decode_instant_actions(
    payload: bytes, speaks: str = DEFAULT_VERSION, fields: Sequence[FieldName] = ()
) -> tuple[Header, InstantActions]:
    """The vehicle's side of instant actions.

    Raises:
        WireError: the bytes are no instant actions.
    """
    header, told = decode_told("instantActions", payload, speaks, fields)
    assert isinstance(told, InstantActions)
    return header, told


def body_of(message: Inbound | Outbound, profile: Profile = DEFAULT_PROFILE) -> bytes:
    """A message without header, as the vehicle of this profile is told it: same content, same bytes.

    Raises:
        ValueError: a number is not finite, a text is no Unicode, or what it says cannot be told in that version and may
            not be left out either.
    """
    try:
        return codec_for(profile.version).body(with_theirs(message, profile.fields), profile)
    except OverflowError as fault:  # an instant beyond the calendar
        raise ValueError(str(fault)) from fault


def with_header(body: bytes, header: Header) -> bytes:
    """A body made ready to send; its bytes stay as they are."""
    return codec_for(header.version).with_header(body, header)


def retold(topic_name: str, body: bytes, header: Header, profile: Profile) -> bytes:
    """A body made ready to send, in the words of the version that its header bears.

    It may have waited while its vehicle got other firmware. Where it was written in that version its bytes stay as they
    are, and it says the same in any case. A make's own protocol is no version of anything.

    Raises:
        ValueError: what it says cannot be told in that version, and may not be left out.
    """
    payload = with_header(body, header)
    if not major_of(header.version):
        return payload
    codec = codec_for(header.version)
    message = codec.read_told(topic_name, payload)[1]
    other = replace(profile, has_instant_actions_alias=not profile.has_instant_actions_alias)  # since it was written
    if body in (written := codec.body(message, profile), codec.body(message, other)):
        return payload
    return codec.with_header(written, header)


def body_in(payload: bytes, version: str = DEFAULT_VERSION) -> bytes:
    """The body that stands in what we sent.

    Raises:
        ValueError: we did not send this.
    """
    return codec_for(version).body_in(payload)


def encode_told(message: Outbound, header: Header) -> bytes:
    return with_header(body_of(message, _plain(header.version)), header)


def encode_said(message: Inbound) -> bytes:
    return with_header(body_of(message, _plain(message.header.version)), message.header)


def encode_order(order: Order, header: Header) -> bytes:
    return encode_told(order, header)


def encode_instant_actions(instant: InstantActions, header: Header) -> bytes:
    return encode_told(instant, header)


def encode_state(state: VehicleState) -> bytes:
    return encode_said(state)


def encode_connection(connection: Connection) -> bytes:
    return encode_said(connection)


def encode_visualization(visualization: Visualization) -> bytes:
    return encode_said(visualization)


def encode_factsheet(factsheet: Factsheet) -> bytes:
    return encode_said(factsheet)


def _plain(version: str) -> Profile:
    """A vehicle of which nothing but its version is known."""
    return DEFAULT_PROFILE if version == DEFAULT_VERSION else Profile(version=version, topic_major=0)


def _refusal(topic: str, fault: Exception, speaks: str) -> WireError:
    """Why a message is not taken; short, because it may quote what it was told by a stranger.

    Codecs refuse by a ValueError, as every fault of msgspec is one. The code of a make's plug-in is a stranger's too:
    whatever it raises costs the message and no more, and has its name told. What else our own raise is a fault of ours.
    """
    if isinstance(fault, REFUSALS):
        return WireError(topic, str(fault)[:REASON_CHARS_MAX])
    if codec_for(speaks) in STANDARD.values():
        raise fault
    return WireError(topic, f"the codec of {speaks} fails: {type(fault).__name__}: {fault}"[:REASON_CHARS_MAX])


def _guard(payload: bytes) -> None:
    """Bound what a parser may be asked to do, before it is asked."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise ValueError(f"{len(payload)} bytes; at most {PAYLOAD_BYTES_MAX} are read")
    if b"\\u0000" in payload:
        raise ValueError("a text holds NUL, which databases refuse")
    if payload.count(b"{") + payload.count(b"[") > NESTING_MAX and not _is_shallow(payload):
        raise ValueError(f"nested deeper than {NESTING_MAX}, or not balanced")


def _is_shallow(payload: bytes) -> bool:
    """Whether brackets outside strings vanish when innermost pairs are taken away `NESTING_MAX` times."""
    if b"\\" in payload:
        payload = payload.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Where one text ends and the next begins, or a text is empty, the quotes go: what is inside stays inside.
    brackets = payload.translate(None, _ALL_BUT_BRACKETS).replace(b'""', b"")
    if b'"' in brackets:
        brackets = b"".join(brackets.split(b'"')[::2])
    for _ in range(NESTING_MAX):
        if not brackets:
            return True
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return not brackets
