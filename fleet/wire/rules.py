"""Judges traffic: which rules of its version a message breaks, field by field and, for orders, between fields.

The codec is lenient, because a sloppy vehicle must still be heard; this is strict, so that its maker can be told.
"""

from __future__ import annotations

from fleet.wire.kinds import Violation
from fleet.wire.registry import codec_for


def violations(version: str, topic_name: str, message: object) -> list[Violation]:
    """Where the fields of a message, as bytes or as decoded JSON, break the rules; empty when nowhere.

    Raises:
        ValueError: no codec speaks that version.
    """
    return codec_for(version).rules.violations(topic_name, message)


def order_violations(version: str, message: object) -> list[Violation]:
    """The same for an order, the rules between its fields included, once each field by itself is sound."""
    return codec_for(version).rules.order_violations(message)
