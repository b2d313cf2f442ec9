"""The Courier Bus 1: an example of a make with a protocol of its own, and of the plug-in that joins it to a fleet.

Its messages are JSON in an envelope. What it says and is told means the same as ours, but it has other words for it, it
writes instants as milliseconds since 1970 and charges as thousandths, and it has no words for zones and for leave to be
asked. Sites say `vda5050_version = "courier-bus-1"` for such vehicles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from fleet.model.profile import Profile
from fleet.wire import order_rules
from fleet.wire.finite import encoded
from fleet.wire.kinds import Anything, Flag, Kind, ListOf, Number, Record, Text, Violation
from fleet.wire.link import Topic
from fleet.wire.messages import (
    Connection,
    Factsheet,
    Header,
    Inbound,
    InstantActions,
    OperatingMode,
    Order,
    Outbound,
    Responses,
    VehicleState,
    Visualization,
    ZoneSet,
)
from fleet.wire.rulebook import RuleBook

VERSION = "courier-bus-1"
Json = Any  # an object, list, text, number, truth value or null

KEYS: Mapping[str, str] = MappingProxyType(
    {
        "order_id": "job",
        "order_update_id": "revision",
        "nodes": "halts",
        "edges": "roads",
        "node_id": "halt",
        "edge_id": "road",
        "sequence_id": "place",
        "released": "go",
        "actions": "tasks",
        "action_id": "task",
        "action_type": "do",
        "last_node_id": "halt_behind",
        "last_node_sequence_id": "place_behind",
        "node_states": "halts_ahead",
        "edge_states": "roads_ahead",
        "action_states": "tasks_known",
        "instant_action_states": "calls_known",
        "soc_fraction": "charge_permille",
        "mode": "driven_by",
    }
)
"""Our names of fields and the bus's; the others are the same."""
_OURS: Mapping[str, str] = MappingProxyType({theirs: ours for ours, theirs in KEYS.items()})
_SAID: Mapping[str, type[Inbound]] = MappingProxyType(
    {"connection": Connection, "state": VehicleState, "visualization": Visualization, "factsheet": Factsheet}
)
_TOLD: Mapping[str, type[Outbound]] = MappingProxyType({"order": Order, "instantActions": InstantActions})
_NOT_TOLD: Mapping[str, Mapping[str, None]] = MappingProxyType(
    {
        "visualization": dict.fromkeys(("position", "speed_mps")),
        "factsheet": dict.fromkeys(
            ("load_kg_max", "speed_mps_max", "accel_mps2_max", "decel_mps2_max", "length_m", "width_m")
        ),
    }
)
"""What we ask every message for, and a bus leaves out where it has nothing to say."""
_MODES = frozenset(mode.value for mode in OperatingMode)
_PERMILLE = 1000.0


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    bus: str
    number: int
    sent_ms: int
    make: str
    unit: str
    says: msgspec.Raw


_ENVELOPE = msgspec.json.Decoder(Envelope)
_ENCODER = msgspec.json.Encoder()


class CourierBus:
    """See `fleet.wire.version.VersionCodec`."""

    version = VERSION
    topic_major = 1
    topic_example = "bus"
    stitches_with_actions = False

    def __init__(self) -> None:
        self.rules = RuleBook(_TOPICS, tuple(_seen_as_standard(rule) for rule in _ORDER_RULES))

    def header_of(self, payload: bytes, topic: Topic) -> Header:
        return _header(_ENVELOPE.decode(payload))

    def read(self, topic_name: str, header: Header, payload: bytes) -> Inbound:
        if topic_name not in _SAID:
            raise ValueError(f"a bus says nothing on topic {topic_name!r}")
        said = _ours(_ENVELOPE.decode(payload).says)
        if str(said.get("mode")) not in _MODES:  # whatever stands there: it may be no word at all
            said["mode"] = OperatingMode.UNKNOWN.value
        return msgspec.convert({**_NOT_TOLD.get(topic_name, {}), **said, "header": header}, _SAID[topic_name])

    def read_told(self, topic_name: str, payload: bytes) -> tuple[Header, Outbound]:
        if topic_name not in _TOLD:
            raise ValueError(f"a bus is told nothing on topic {topic_name!r}")
        envelope = _ENVELOPE.decode(payload)
        return _header(envelope), msgspec.convert(_ours(envelope.says), _TOLD[topic_name])

    def body(self, message: Inbound | Outbound, profile: Profile) -> bytes:
        if isinstance(message, (ZoneSet, Responses)):
            raise ValueError(f"{type(message).__name__} cannot be told to a bus")
        if isinstance(message, Order) and any(e.corridor and e.corridor.needs_leave for e in message.edges):
            raise ValueError("a corridor that is to be asked for cannot be told to a bus")
        plain = msgspec.to_builtins(message)
        plain.pop("header", None)
        return encoded(_theirs(plain))

    def with_header(self, body: bytes, header: Header) -> bytes:
        if header.version != VERSION:
            raise ValueError(f"a bus is not spoken to as {header.version!r}")
        return _ENCODER.encode(
            Envelope(
                bus=header.version,
                number=header.header_id,
                sent_ms=round(header.sent_s * 1000.0),
                make=header.manufacturer,
                unit=header.serial_number,
                says=msgspec.Raw(body),
            )
        )

    def body_in(self, payload: bytes) -> bytes:
        return bytes(_ENVELOPE.decode(payload).says)


def _header(envelope: Envelope) -> Header:
    if envelope.bus != VERSION or not 0 <= envelope.number < 2**63:
        raise ValueError(f"{envelope.bus!r} number {envelope.number} is no message of a bus")
    return Header(
        header_id=envelope.number,
        sent_s=envelope.sent_ms / 1000.0,
        version=envelope.bus,
        manufacturer=envelope.make,
        serial_number=envelope.unit,
    )


# Words ----------------------------------------------------------------------------------------------------------------


def _theirs(part: Json) -> Json:
    """An object in the bus's words; what is not told is not written."""
    if isinstance(part, dict):
        told = {KEYS.get(key, key): _theirs(value) for key, value in part.items() if value is not None}
        if "charge_permille" in told:
            told["charge_permille"] = round(told["charge_permille"] * _PERMILLE, 6)
        return told
    return [_theirs(value) for value in part] if isinstance(part, list | tuple) else part


def _ours(says: msgspec.Raw) -> dict[str, Json]:
    said = _renamed(msgspec.json.decode(says))
    if not isinstance(said, dict):
        raise ValueError("a bus says objects")
    return said


def _renamed(part: Json) -> Json:
    """In our words; null is as good as absent."""
    if isinstance(part, dict):
        known = {_OURS.get(key, key): _renamed(value) for key, value in part.items() if value is not None}
        if isinstance(known.get("soc_fraction"), int | float):
            known["soc_fraction"] = round(known["soc_fraction"] / _PERMILLE, 8)
        if "is_charging" in known:
            known.setdefault("soc_fraction", None)
        return known
    return [_renamed(value) for value in part] if isinstance(part, list) else part


# Rules ----------------------------------------------------------------------------------------------------------------

_TEXT, _FLAG, _COUNT = Text(), Flag(), Number(least=0, most=2**32 - 1, is_whole=True)
_TASKS = ListOf(Record({"task": _TEXT, "do": _TEXT, "blocking_type": _TEXT, "parameters": ListOf(Anything())}))
_HALT = Record({"halt": _TEXT, "place": _COUNT, "go": _FLAG, "tasks": _TASKS})
_ROAD = Record(
    {"road": _TEXT, "place": _COUNT, "go": _FLAG, "start_node_id": _TEXT, "end_node_id": _TEXT, "tasks": _TASKS}
)
_STATE = Record(
    {
        "job": _TEXT,
        "revision": _COUNT,
        "halt_behind": _TEXT,
        "place_behind": _COUNT,
        "halts_ahead": ListOf(Record({"halt": _TEXT, "place": _COUNT, "go": _FLAG})),
        "roads_ahead": ListOf(Record({"road": _TEXT, "place": _COUNT, "go": _FLAG})),
        "tasks_known": ListOf(Record({"task": _TEXT, "status": _TEXT})),
        "driving": _FLAG,
        "driven_by": Text(words=_MODES),
        "power": Record({"charge_permille?": Number(least=0, most=1000), "is_charging": _FLAG}),
    }
)


def _enveloped(says: Kind) -> Kind:
    return Record(
        {
            "bus": Text(words=frozenset({VERSION})),
            "number": _COUNT,
            "sent_ms": Number(is_whole=True),
            "make": _TEXT,
            "unit": _TEXT,
            "says": says,
        }
    )


_TOPICS: Mapping[str, Kind] = {
    "connection": _enveloped(Record({"state": _TEXT})),
    "state": _enveloped(_STATE),
    "visualization": _enveloped(Record({})),
    "factsheet": _enveloped(Record({"series_name": _TEXT})),
    "order": _enveloped(Record({"job": _TEXT, "revision": _COUNT, "halts": ListOf(_HALT), "roads": ListOf(_ROAD)})),
    "instantActions": _enveloped(Record({"tasks": _TASKS})),
}
_ORDER_RULES = (*order_rules.ALWAYS, order_rules.edges_name_their_ends)


def _seen_as_standard(rule: order_rules.OrderRule) -> Callable[[order_rules.WireOrder], Iterator[Violation]]:
    """A rule between the fields of an order, for one in an envelope; places are named as the standard would."""

    def judge(order: order_rules.WireOrder) -> Iterator[Violation]:
        job = order["says"]
        return rule(
            {
                "orderUpdateId": job["revision"],
                "nodes": [_part(halt, "nodeId", "halt") for halt in job["halts"]],
                "edges": [_part(road, "edgeId", "road") for road in job["roads"]],
            }
        )

    return judge


def _part(part: Mapping[str, Json], name: str, theirs: str) -> Mapping[str, Json]:
    return {
        name: part[theirs],
        "sequenceId": part["place"],
        "released": part["go"],
        "startNodeId": part.get("start_node_id"),
        "endNodeId": part.get("end_node_id"),
        "actions": [{"actionId": task["task"]} for task in part["tasks"]],
    }


CODEC = CourierBus()
