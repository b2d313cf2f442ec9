"""One message by itself: its topic, its header, its fields, and what the official schema says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from fleet.wire.link import Topic
from fleet.wire.rules import order_violations, violations
from fleet.wire.sniff.heard import Heard
from fleet.wire.sniff.lines import Fault
from fleet.wire.sniff.schemas import OfficialSchemas

FROM_MASTER = frozenset({"order", "instantActions", "zoneSet", "responses"})
NAMES = FROM_MASTER | {"connection", "state", "visualization", "factsheet"}
KEPT = frozenset({"connection", "factsheet"})
_SERIAL = re.compile(r"[A-Za-z0-9_.:\-]+")
_FORBIDDEN = re.compile(r"[+#$]")


def read_json(payload: bytes) -> dict[str, Any] | None:
    """The object that the bytes are, if they are one; numbers that are none are no JSON."""
    try:
        message = json.loads(payload, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no number of JSON")


def judge_topic(heard: Heard, topic: Topic) -> Iterator[Fault]:
    """The topic's levels, and how the message came."""
    if not _SERIAL.fullmatch(topic.serial_number) or _FORBIDDEN.search(heard.topic):
        yield Fault("topic_signs", heard.topic)
    if topic.name not in NAMES:
        yield Fault("topic_unknown", topic.name, topic.name)
        return
    wanted = 1 if topic.name == "connection" else 0
    if heard.qos != wanted:
        yield Fault("qos", f"QoS {heard.qos}, should be {wanted}", topic.name)
    if heard.retained and topic.name not in KEPT:
        yield Fault("retained", f"{topic.name} was kept", topic.name)


def judge_message(
    payload: bytes, topic: Topic, version: str, message: dict[str, Any], schemas: OfficialSchemas | None
) -> Iterator[Fault]:
    """The fields of a message, and between those of an order."""
    if version.partition(".")[0] != str(topic.major):
        yield Fault("major_of_topic", f"version {version} on v{topic.major}")
    names = (message.get("manufacturer"), message.get("serialNumber"))
    if any(isinstance(name, str) and name != own for name, own in zip(names, _owner(topic), strict=True)):
        yield Fault("other_vehicle", f"{names[0]}/{names[1]}", topic.name)
    yield from _fields(version, topic.name, payload)
    for place, words, is_slip in schemas.faults(version, topic.name, message) if schemas else ():
        yield Fault("schema_slip" if is_slip else "schema", words, f"{topic.name}.{place}".rstrip("."))


def _owner(topic: Topic) -> tuple[str, str]:
    return topic.manufacturer, topic.serial_number


def _fields(version: str, name: str, payload: bytes) -> Iterator[Fault]:
    try:
        by_themselves = violations(version, name, payload)
        together = order_violations(version, payload) if name == "order" and not by_themselves else []
    except (KeyError, ValueError):
        yield Fault("version_unknown", version[:50], version[:50])
        return
    for path, reason in by_themselves:
        yield Fault(f"{name}_fields", f"{path} {reason}", _place(path))
    for path, reason in together:
        yield Fault("order", f"{path} {reason}", _place(path))


def _place(path: str) -> str:
    return re.sub(r"\[\d+\]", "[]", path)
