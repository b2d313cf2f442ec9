"""Judges traffic: which rules of the standard a message breaks, field by field and, for orders, between fields.

The codec is lenient, because a sloppy vehicle must still be heard; this is strict, so that its maker can be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from fleet.wire import order_rules
from fleet.wire.glance import Glance
from fleet.wire.kinds import Check, Kind, Violation, compile_kind
from fleet.wire.order_rules import OrderRule
from fleet.wire.v2 import rules as v2
from fleet.wire.v2.factsheet_rules import FACTSHEET as FACTSHEET_V2

FIELD_RULES: Mapping[str, Mapping[str, Kind]] = MappingProxyType(
    {
        "2.1.0": MappingProxyType(
            {
                "connection": v2.CONNECTION,
                "state": v2.STATE,
                "visualization": v2.VISUALIZATION,
                "factsheet": FACTSHEET_V2,
                "order": v2.ORDER,
                "instantActions": v2.INSTANT_ACTIONS,
            }
        )
    }
)
ORDER_RULES: Mapping[str, tuple[OrderRule, ...]] = MappingProxyType(
    {
        "2.1.0": (
            order_rules.edges_join_nodes,
            order_rules.sequence_counts_up,
            order_rules.base_is_a_prefix,
            order_rules.edges_name_their_ends,
            order_rules.actions_are_single,
        )
    }
)
_CHECKS: Mapping[str, Mapping[str, Check]] = {
    version: {name: compile_kind(kind) for name, kind in table.items()} for version, table in FIELD_RULES.items()
}
_GLANCES: Mapping[str, Mapping[str, Glance]] = {
    version: {name: Glance(kind) for name, kind in table.items()} for version, table in FIELD_RULES.items()
}
_DECODER = msgspec.json.Decoder()


def violations(version: str, topic_name: str, message: object) -> list[Violation]:
    """Where the fields of a message, as bytes or as decoded JSON, break the standard; empty when nowhere.

    Raises:
        KeyError: there are no rules for that version or topic.
    """
    if isinstance(message, bytes) and _GLANCES[version][topic_name].is_sound(message):
        return []
    return _violations(version, topic_name, _decoded(message))


def order_violations(version: str, message: object) -> list[Violation]:
    """The same for an order, the rules between its fields included, once each field by itself is sound."""
    order = _decoded(message)
    found = _violations(version, "order", order)
    if not found and isinstance(order, dict):
        found = [violation for rule in ORDER_RULES[version] for violation in rule(order)]
    return found


def _violations(version: str, topic_name: str, message: object) -> list[Violation]:
    if isinstance(message, Violation):
        return [message]
    found: list[Violation] = []
    _CHECKS[version][topic_name](message, found)
    return found


def _decoded(message: object) -> object:
    """JSON for bytes; for bytes that are none, the violation that this is."""
    if not isinstance(message, (bytes, bytearray)):
        return message
    try:
        return _DECODER.decode(message)
    except (ValueError, RecursionError) as fault:
        return Violation("", f"is no JSON: {fault}")
