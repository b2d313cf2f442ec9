"""What all versions of VDA 5050 share: JSON objects that begin with a header."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

import msgspec

from fleet.model.profile import Profile
from fleet.wire.header import HEADER_OPTIONAL, header_json, read_header, read_loose_header
from fleet.wire.link import Topic
from fleet.wire.messages import Header, Inbound, Outbound
from fleet.wire.rulebook import RuleBook
from fleet.wire.shapes import Shape

_ENCODER = msgspec.json.Encoder()

SaidReaders = Mapping[str, Callable[[Header, bytes], Inbound]]
ToldReaders = Mapping[str, Callable[[bytes], Outbound]]


class StandardCodec(ABC):
    """A version of VDA 5050; see `VersionCodec`."""

    def __init__(
        self,
        version: str,
        *,
        topic_example: str,
        stitches_with_actions: bool,
        rules: RuleBook,
        said: SaidReaders,
        told: ToldReaders,
    ) -> None:
        self.version = version
        self.topic_major = int(version.partition(".")[0])
        self.topic_example = topic_example
        self.stitches_with_actions = stitches_with_actions
        self.rules = rules
        self._said = said
        self._told = told

    @abstractmethod
    def shape(self, message: Inbound | Outbound, profile: Profile) -> Shape:
        """The message field for field as on the wire."""

    def header_of(self, payload: bytes, topic: Topic) -> Header:
        return read_loose_header(payload, topic) if topic.name in HEADER_OPTIONAL else read_header(payload)

    def read(self, topic_name: str, header: Header, payload: bytes) -> Inbound:
        reader = self._said.get(topic_name)
        if reader is None:
            raise ValueError(f"a vehicle says nothing on topic {topic_name!r}")
        return reader(header, payload)

    def read_told(self, topic_name: str, payload: bytes) -> tuple[Header, Outbound]:
        reader = self._told.get(topic_name)
        if reader is None:
            raise ValueError(f"a vehicle is told nothing on topic {topic_name!r} in version {self.version}")
        return read_header(payload), reader(payload)

    def body(self, message: Inbound | Outbound, profile: Profile) -> bytes:
        body = _ENCODER.encode(self.shape(message, profile))
        # What is None is not written, so a null is a NaN or an infinity, which JSON has not.
        if b"null" in body and _holds_null(msgspec.json.decode(body)):
            raise ValueError("a number of the message is not finite")
        return body

    def with_header(self, body: bytes, header: Header) -> bytes:
        head = header_json(header)
        return head[:-1] + b"," + body[1:] if len(body) > 2 else head

    def body_in(self, payload: bytes) -> bytes:
        head = header_json(read_header(payload))
        if not payload.startswith(head[:-1]):
            raise ValueError("the message does not begin with its header as we write it")
        return b"{" + payload[len(head) :]


def _holds_null(part: object) -> bool:
    if isinstance(part, dict):
        return any(_holds_null(value) for value in part.values())
    if isinstance(part, list):
        return any(_holds_null(value) for value in part)
    return part is None
