"""What stands before every message, the same in all versions of VDA 5050, and how instants are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated

import msgspec

from fleet.wire.link import Topic
from fleet.wire.messages import Header

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
HEADER_OPTIONAL = frozenset({"visualization", "factsheet"})  # topics whose schema lets the header be absent
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class HeaderShape(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    header_id: Count
    timestamp: str
    version: str
    manufacturer: str
    serial_number: str


class LooseHeaderShape(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    header_id: Count | None = None
    timestamp: str | None = None
    version: str | None = None
    manufacturer: str | None = None
    serial_number: str | None = None


_STRICT = msgspec.json.Decoder(HeaderShape)
_LOOSE = msgspec.json.Decoder(LooseHeaderShape)
_ENCODER = msgspec.json.Encoder()


def read_header(payload: bytes) -> Header:
    """The header of a message that must have one.

    Raises:
        ValueError: a part is missing or of the wrong type, or the timestamp is no instant.
    """
    shape = _STRICT.decode(payload)
    return Header(
        header_id=shape.header_id,
        sent_s=from_timestamp(shape.timestamp),
        version=shape.version,
        manufacturer=shape.manufacturer,
        serial_number=shape.serial_number,
    )


def read_loose_header(payload: bytes, topic: Topic) -> Header:
    """The header of a message that may lack it: identity from the topic, number 0, instant 0, version empty.

    Raises:
        ValueError: a part is of the wrong type, or the timestamp is no instant.
    """
    shape = _LOOSE.decode(payload)
    return Header(
        header_id=shape.header_id or 0,
        sent_s=0.0 if shape.timestamp is None else from_timestamp(shape.timestamp),
        version=shape.version or "",
        manufacturer=shape.manufacturer or topic.manufacturer,
        serial_number=shape.serial_number or topic.serial_number,
    )


def header_json(header: Header) -> bytes:
    """The header as a JSON object."""
    return _ENCODER.encode(
        HeaderShape(
            header_id=header.header_id,
            timestamp=timestamp(header.sent_s),
            version=header.version,
            manufacturer=header.manufacturer,
            serial_number=header.serial_number,
        )
    )


def timestamp(at_s: float) -> str:
    """ISO 8601 in UTC, always with three decimals, which every version of the standard accepts."""
    second, thousandths = divmod(round(at_s * 1000.0), 1000)
    return f"{_second(second)}.{thousandths:03d}Z"


@lru_cache(maxsize=64)  # many messages are sent within a second
def _second(since_1970_s: int) -> str:
    return (_EPOCH + timedelta(seconds=since_1970_s)).isoformat()[:-6]


def from_timestamp(text: str) -> float:
    """Seconds since 1970 UTC; any number of decimals, any offset, and UTC where the zone is missing.

    Raises:
        ValueError: the text is no instant.
    """
    if len(text) < 19:  # a bare date would pass as midnight
        raise ValueError(f"timestamp {text!r} is no instant")
    instant = datetime.fromisoformat(text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
