"""What must be known of a protocol to speak it: one object for each version of VDA 5050, and for each make's own."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from fleet.model.profile import Profile
from fleet.wire.link import Topic
from fleet.wire.messages import Header, Inbound, Outbound
from fleet.wire.rulebook import RuleBook


@runtime_checkable
class VersionCodec(Protocol):
    """A version of the standard or the own protocol of a make.

    Whatever arrives is hostile until read; size and depth of it are bounded before it comes here. All that cannot be
    read or told is a ValueError. What is told must depend on its content alone, so that a repeated order is the same.

    Attributes:
        version: the text by which a vehicle is configured to speak it, and that its messages bear.
        topic_major: of the topics we speak on, while the vehicle has not shown that it speaks on others.
        topic_example: the interface name that its texts show topics with.
        stitches_with_actions: an update repeats all of its first node, its actions too (section 6.3).
        rules: what its messages must hold.
    """

    @property
    def version(self) -> str: ...

    @property
    def topic_major(self) -> int: ...

    @property
    def topic_example(self) -> str: ...

    @property
    def stitches_with_actions(self) -> bool: ...

    @property
    def rules(self) -> RuleBook: ...

    def header_of(self, payload: bytes, topic: Topic) -> Header:
        """Who says a message, when, and in which version."""
        ...

    def read(self, topic_name: str, header: Header, payload: bytes) -> Inbound:
        """What a vehicle says."""
        ...

    def read_told(self, topic_name: str, payload: bytes) -> tuple[Header, Outbound]:
        """What a vehicle is told, as it reads it."""
        ...

    def body(self, message: Inbound | Outbound, profile: Profile) -> bytes:
        """A message without its header."""
        ...

    def with_header(self, body: bytes, header: Header) -> bytes:
        """A body made ready to send."""
        ...

    def body_in(self, payload: bytes) -> bytes:
        """The body that `with_header` was given."""
        ...
