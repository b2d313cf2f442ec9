"""A version of VDA 5050: JSON objects that begin with a header, and tables of how each is read and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from fleet.model.profile import Profile
from fleet.wire.finite import encoded
from fleet.wire.header import HEADER_OPTIONAL, header_json, read_header, read_loose_header
from fleet.wire.link import Topic
from fleet.wire.messages import Header, Inbound, Outbound
from fleet.wire.rulebook import RuleBook
from fleet.wire.standard.shapes import InstantActionsShape

SaidReaders = Mapping[str, Callable[[Header, bytes], Inbound]]
ToldReaders = Mapping[str, Callable[[bytes], Outbound]]
Writers = Mapping[type[Inbound | Outbound], Callable[..., object]]


class StandardCodec:
    """See `VersionCodec`.

    Args:
        said: by topic name, how what a vehicle says is read.
        told: by topic name, how what a vehicle is told is read.
        writers: by kind, a message field for field as on the wire. A kind that is not there cannot be told.
    """

    def __init__(
        self,
        version: str,
        *,
        topic_example: str,
        stitches_with_actions: bool,
        rules: RuleBook,
        said: SaidReaders,
        told: ToldReaders,
        writers: Writers,
    ) -> None:
        self.version = version
        self.topic_major = int(version.partition(".")[0])
        self.topic_example = topic_example
        self.stitches_with_actions = stitches_with_actions
        self.rules = rules
        self._said = said
        self._told = told
        self._writers = writers

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
        writer = self._writers.get(type(message))
        if writer is None:
            raise ValueError(f"{type(message).__name__} cannot be told in version {self.version}")
        shape = writer(message)
        if isinstance(shape, InstantActionsShape) and profile.has_instant_actions_alias:
            shape = replace(shape, instant_actions=shape.actions)
        return encoded(shape)

    def with_header(self, body: bytes, header: Header) -> bytes:
        head = header_json(header)
        return head[:-1] + b"," + body[1:] if len(body) > 2 else head

    def body_in(self, payload: bytes) -> bytes:
        head = header_json(read_header(payload))
        if not payload.startswith(head[:-1]):
            raise ValueError("the message does not begin with its header as we write it")
        return b"{" + payload[len(head) :]
