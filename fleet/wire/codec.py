"""Bytes <-> messages: each version has a codec in a table, and nothing outside this folder knows one.

Inbound bytes are hostile until read: size, nesting and types are bounded here, and whatever is wrong with
them is a `WireError`. An outbound message is stored as its *body*, canonical JSON without header; the header
is joined to it when it is sent, so that a repeated message keeps its content to the byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import msgspec

from fleet.errors import WireError
from fleet.wire.header import HEADER_OPTIONAL, header_json, read_header, read_loose_header
from fleet.wire.link import Topic
from fleet.wire.messages import (
    Connection,
    Factsheet,
    Header,
    Inbound,
    InstantActions,
    Order,
    Outbound,
    VehicleState,
    Visualization,
)
from fleet.wire.v2 import CodecV2

PAYLOAD_BYTES_MAX = 256 * 1024
NESTING_MAX = 32
REASON_CHARS_MAX = 200
DEFAULT_VERSION = "2.1.0"


class VersionCodec(Protocol):
    """What each version of the standard must offer; all raise ValueError for what they cannot read."""

    def read(self, name: str, header: Header, payload: bytes) -> Inbound: ...
    def read_order(self, payload: bytes) -> Order: ...
    def read_instant_actions(self, payload: bytes) -> InstantActions: ...
    def shape(self, message: Inbound | Outbound) -> msgspec.Struct: ...


CODECS: Mapping[str, VersionCodec] = MappingProxyType({"2.1.0": CodecV2()})
_NEWEST_OF_MAJOR: Mapping[str, VersionCodec] = MappingProxyType(
    {version.partition(".")[0]: CODECS[version] for version in sorted(CODECS)}
)
_ENCODER = msgspec.json.Encoder()
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b'[]{}"'))


def codec_for(version: str) -> VersionCodec:
    """The codec of a version; an unknown minor or patch is read as the newest known of its major.

    Raises:
        ValueError: no codec speaks that major.
    """
    codec = CODECS.get(version) or _NEWEST_OF_MAJOR.get(version.partition(".")[0])
    if codec is None:
        raise ValueError(f"version {version!r} is not spoken here; known are {', '.join(sorted(CODECS))}")
    return codec


def stitches_with_actions(version: str) -> bool:
    """Whether an update must repeat all of its first node, its actions too: 3.0 asks it (section 6.3)."""
    return version.partition(".")[0] == "3"


def decode(topic: Topic, payload: bytes) -> Inbound:
    """What a vehicle says on a topic. The version is the message's own, not the topic's (checklist 0.1, 0.2).

    Raises:
        WireError: the bytes are no such message, or speak for another vehicle than the topic's.
    """
    try:
        _guard(payload)
        header = read_loose_header(payload, topic) if topic.name in HEADER_OPTIONAL else read_header(payload)
        if header.manufacturer != topic.manufacturer or header.serial_number != topic.serial_number:
            raise ValueError(f"the body speaks for {header.manufacturer!r}/{header.serial_number!r}")
        return codec_for(header.version or f"{topic.major}").read(topic.name, header, payload)
    except (ValueError, OverflowError, RecursionError) as fault:  # every fault of msgspec is a ValueError
        raise WireError(topic.text(), _reason(fault)) from fault


def decode_order(payload: bytes) -> tuple[Header, Order]:
    """The vehicle's side of an order.

    Raises:
        WireError: the bytes are no order.
    """
    try:
        _guard(payload)
        header = read_header(payload)
        return header, codec_for(header.version).read_order(payload)
    except (ValueError, OverflowError, RecursionError) as fault:
        raise WireError("order", _reason(fault)) from fault


def decode_instant_actions(payload: bytes) -> tuple[Header, InstantActions]:
    """The vehicle's side of instant actions.

    Raises:
        WireError: the bytes are no instant actions.
    """
    try:
        _guard(payload)
        header = read_header(payload)
        return header, codec_for(header.version).read_instant_actions(payload)
    except (ValueError, OverflowError, RecursionError) as fault:
        raise WireError("instantActions", _reason(fault)) from fault


def body_of(outbound: Outbound, version: str = DEFAULT_VERSION) -> bytes:
    """The canonical JSON of an order or of instant actions without header: same content, same bytes.

    Raises:
        ValueError: a number is not finite, or a text is no Unicode.
    """
    return _body(outbound, version)


def with_header(body: bytes, header: Header) -> bytes:
    """A body made ready to send; its bytes stay as they are."""
    head = header_json(header)
    return head[:-1] + b"," + body[1:] if len(body) > 2 else head


def encode_order(order: Order, header: Header) -> bytes:
    return with_header(_body(order, header.version), header)


def encode_instant_actions(instant: InstantActions, header: Header) -> bytes:
    return with_header(_body(instant, header.version), header)


def encode_state(state: VehicleState) -> bytes:
    return with_header(_body(state, state.header.version), state.header)


def encode_connection(connection: Connection) -> bytes:
    return with_header(_body(connection, connection.header.version), connection.header)


def encode_visualization(visualization: Visualization) -> bytes:
    return with_header(_body(visualization, visualization.header.version), visualization.header)


def encode_factsheet(factsheet: Factsheet) -> bytes:
    return with_header(_body(factsheet, factsheet.header.version), factsheet.header)


def _body(message: Inbound | Outbound, version: str) -> bytes:
    body = _ENCODER.encode(codec_for(version).shape(message))
    # What is None is not written, so a null is a NaN or an infinity, which JSON has not.
    if b"null" in body and _holds_null(msgspec.json.decode(body)):
        raise ValueError("a number of the message is not finite")
    return body


def _holds_null(part: object) -> bool:
    if isinstance(part, dict):
        return any(_holds_null(value) for value in part.values())
    if isinstance(part, list):
        return any(_holds_null(value) for value in part)
    return part is None


def _reason(fault: Exception) -> str:
    """Short, because it may quote what it was told by a stranger."""
    return str(fault)[:REASON_CHARS_MAX]


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
    brackets = b"".join(payload.translate(None, _ALL_BUT_BRACKETS).split(b'"')[::2])
    for _ in range(NESTING_MAX):
        if not brackets:
            return True
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return not brackets
