"""The rules of one version: what each field of each message must hold, and what must hold between those of an order."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fleet.wire.glance import Glance
from fleet.wire.kinds import Check, Kind, Violation, compile_kind
from fleet.wire.order_rules import OrderRule

_DECODER = msgspec.json.Decoder()


class RuleBook:
    """Judges messages; tables are compiled when they are first needed.

    Attributes:
        fields: by topic name, what a message there must hold.
        order_rules: between the fields of an order.
    """

    def __init__(self, fields: Mapping[str, Kind], order_rules: tuple[OrderRule, ...] = ()) -> None:
        self.fields = fields
        self.order_rules = order_rules
        self._checks: dict[str, Check] = {}
        self._glances: dict[str, Glance] = {}

    def violations(self, topic_name: str, message: object) -> list[Violation]:
        """Where the fields of a message, as bytes or as decoded JSON, break the rules; empty when nowhere."""
        kind = self.fields.get(topic_name)
        if kind is None:
            return [Violation("", f"nothing is said on topic {topic_name!r} in this version")]
        if isinstance(message, bytes):
            if topic_name not in self._glances:
                self._glances[topic_name] = Glance(kind)
            if self._glances[topic_name].is_sound(message):
                return []
        return self._look(topic_name, kind, _decoded(message))

    def order_violations(self, message: object) -> list[Violation]:
        """The same for an order, the rules between its fields included, once each field by itself is sound."""
        order = _decoded(message)
        kind = self.fields.get("order")
        if kind is None:
            return self.violations("order", order)
        found = self._look("order", kind, order)
        if not found and isinstance(order, dict):
            found = [violation for rule in self.order_rules for violation in rule(order)]
        return found

    def _look(self, topic_name: str, kind: Kind, message: object) -> list[Violation]:
        if isinstance(message, Violation):
            return [message]
        if topic_name not in self._checks:
            self._checks[topic_name] = compile_kind(kind)
        found: list[Violation] = []
        self._checks[topic_name](message, found)
        return found


def _decoded(message: object) -> object:
    """JSON for bytes; for bytes that are none, the violation that this is."""
    if not isinstance(message, (bytes, bytearray)):
        return message
    try:
        return _DECODER.decode(message)
    except (ValueError, RecursionError) as fault:
        return Violation("", f"is no JSON: {fault}")
