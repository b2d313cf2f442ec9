"""Our table of rules says what the official schemas say, apart from the differences named here."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_never

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fleet.wire.kinds import Anything, Flag, Kind, ListOf, Number, Record, Text, rows
from fleet.wire.rules import FIELD_RULES, violations

Json = Any  # an object, list, text, number or truth value
VERSION = "2.1.0"
TOPICS = sorted(FIELD_RULES[VERSION])
UINT32_MAX = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where we judge otherwise than the schema, and a value there that shows it."""

    name: str
    topics: str
    place: str
    reason: str
    example: tuple[str, str, object]
    we_accept_it: bool = False


DIFFERENCES = (
    Difference(
        name="counters",
        topics="connection|state|visualization|factsheet|order|instantActions",
        place=r"headerId|orderUpdateId|lastNodeSequenceId|(nodeStates|edgeStates|nodes|edges)\[\].sequenceId",
        reason="the text makes them unsigned 32 bit numbers, the schema any integers",
        example=("state", "lastNodeSequenceId", -1),
    ),
    Difference(
        name="timestamp",
        topics="connection|state|visualization|factsheet|order|instantActions",
        place="timestamp",
        reason="a format is a remark to a schema; the text asks for UTC with a Z",
        example=("state", "timestamp", "2026-11-23 08:00"),
    ),
    Difference(
        name="names",
        topics="connection|state|visualization|factsheet|order|instantActions",
        place="manufacturer|serialNumber",
        reason="the text forbids what a topic level cannot hold, and lists the signs of a serial number",
        example=("state", "serialNumber", "van/1"),
    ),
    Difference(
        name="charge",
        topics="state",
        place=r"batteryState\.batteryCharge",
        reason="a percentage has a range; the schema leaves it out",
        example=("state", "batteryState.batteryCharge", 101),
    ),
    Difference(
        name="heading",
        topics="state|visualization",
        place=r"agvPosition\.theta|nodeStates\[\]\.nodePosition\.theta",
        reason="the text gives the range from -pi to pi; the schema gives it for orders only",
        example=("state", "agvPosition.theta", 4.0),
    ),
    Difference(
        name="paused",
        topics="state",
        place=r"actionStates\[\]\.actionStatus",
        reason="the text has PAUSED, the schema forgot it",
        example=("state", "actionStates[0].actionStatus", "PAUSED"),
        we_accept_it=True,
    ),
    Difference(
        name="blocking types",
        topics="factsheet",
        place=r"protocolFeatures\.agvActions\[\]\.blockingTypes(\[\])?",
        reason="the schema asks for a list that is one of three words, which no list is",
        example=("factsheet", "protocolFeatures.agvActions[0].blockingTypes", ["HARD"]),
        we_accept_it=True,
    ),
    Difference(
        name="envelope description",
        topics="factsheet",
        place=r"agvGeometry\.envelopes3d\[\]\.description",
        reason="the schema makes the description of a three-dimensional envelope an integer",
        example=("factsheet", "agvGeometry.envelopes3d[0].description", "a box"),
        we_accept_it=True,
    ),
)


@pytest.fixture(scope="module")
def schemas(shared: Path) -> Mapping[str, dict[str, Any]]:
    folder = shared / "vda5050" / VERSION
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in TOPICS}


def is_named(topic_name: str, path: str) -> bool:
    """Whether a place is one of the differences; indexes do not matter."""
    place = re.sub(r"\[\d+\]", "[]", path)
    return any(
        re.fullmatch(difference.topics, topic_name) and re.fullmatch(difference.place, place)
        for difference in DIFFERENCES
    )


def faults_by_schema(schema: dict[str, Any], message: object) -> set[str]:
    """Where the schema finds fault; what is missing stands at its own place."""
    found = set()
    for error in Draft202012Validator(schema).iter_errors(message):
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
        missing = re.match(r"'(.+)' is a required property", error.message) if error.validator == "required" else None
        found.add(f"{path}.{missing[1]}".lstrip(".") if missing else path.lstrip("."))
    return found


def faults_by_us(topic_name: str, message: object) -> set[str]:
    return {violation.path for violation in violations(VERSION, topic_name, message)}


# --- the table itself ------------------------------------------------------------------------------------------


def schema_rows(schema: Json, root: Json, path: str = "", *, required: bool = True) -> Iterator[tuple[str, bool, Any]]:
    """The schema's lines in the manner of `kinds.rows`."""
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rpartition("/")[2]]
    yield path, required, schema
    if "items" in schema:
        yield from schema_rows(schema["items"], root, f"{path}[]")
    for name, held in schema.get("properties", {}).items():
        child = f"{path}.{name}" if path else name
        yield from schema_rows(held, root, child, required=name in schema.get("required", ()))


def meaning(schema: Json) -> object:
    """Type, words and range of a schema's line, in one form with `our_meaning`."""
    match schema.get("type"):
        case "string":
            return ("text", frozenset(schema["enum"]) if "enum" in schema else None)
        case "number" | "integer":
            return (schema["type"], schema.get("minimum"), schema.get("maximum"))
        case other:
            return "anything" if isinstance(other, list) else other


def our_meaning(kind: Kind) -> object:
    match kind:
        case Text():
            return ("text", kind.words)
        case Number():
            return ("integer" if kind.is_whole else "number", kind.least, kind.most)
        case Flag():
            return "boolean"
        case Anything():
            return "anything"
        case ListOf():
            return "array"
        case Record():
            return "object"
    assert_never(kind)


@pytest.mark.vda5050("14.18")
@pytest.mark.needs("shared")
@pytest.mark.parametrize("topic_name", TOPICS)
def test_our_table_has_the_schemas_lines(topic_name: str, schemas: Mapping[str, dict[str, Any]]) -> None:
    schema = schemas[topic_name]
    ours = {path: (needed, our_meaning(kind)) for path, needed, kind in rows(FIELD_RULES[VERSION][topic_name])}
    theirs = {path: (needed, meaning(line)) for path, needed, line in schema_rows(schema, schema)}
    differing = {path for path in ours | theirs if ours.get(path) != theirs.get(path)}
    assert {path for path in differing if not is_named(topic_name, path)} == set()


# --- messages --------------------------------------------------------------------------------------------------


def messages_of(kind: Kind) -> st.SearchStrategy[Any]:
    """Messages that keep our rules."""
    match kind:
        case Text():
            if kind.words is not None:
                return st.sampled_from(sorted(kind.words))
            return st.from_regex(kind.form, fullmatch=True) if kind.form else st.text(max_size=5)
        case Number():
            least, most = kind.least, kind.most
            whole = st.integers(None if least is None else int(least), None if most is None else int(most))
            return whole if kind.is_whole else whole | st.floats(least, most, allow_nan=False, allow_infinity=False)
        case Flag():
            return st.booleans()
        case Anything():
            return st.text(max_size=3) | st.booleans() | st.integers() | st.just([]) | st.just({})
        case ListOf():
            return st.lists(messages_of(kind.item), max_size=2)
        case Record():
            needed = {name: messages_of(held) for name, held in kind.fields.items() if not name.endswith("?")}
            extra = {name[:-1]: messages_of(held) for name, held in kind.fields.items() if name.endswith("?")}
            return st.fixed_dictionaries(needed, optional=extra)
    assert_never(kind)


MESSAGES = {name: messages_of(FIELD_RULES[VERSION][name]) for name in TOPICS}
WOUNDS: tuple[object, ...] = (None, True, 1, -1, 0.5, 1e9, -1e9, "", "NOPE", [], {}, [None], {"x": 1})
MANY = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def agree(topic_name: str, message: object, schema: dict[str, Any]) -> None:
    ours, theirs = faults_by_us(topic_name, message), faults_by_schema(schema, message)
    odd = {path for path in ours ^ theirs if not is_named(topic_name, path)}
    assert odd == set(), f"we find {sorted(ours)}, the schema {sorted(theirs)}"


@pytest.mark.needs("shared")
@pytest.mark.parametrize("topic_name", TOPICS)
def test_messages_that_keep_our_rules_keep_the_schemas(topic_name: str, schemas: Mapping[str, dict[str, Any]]) -> None:
    @MANY
    @given(MESSAGES[topic_name])
    def judge(message: Json) -> None:
        assert faults_by_us(topic_name, message) == set()
        agree(topic_name, message, schemas[topic_name])

    judge()


@pytest.mark.needs("shared")
@pytest.mark.parametrize("topic_name", TOPICS)
def test_wounded_messages_are_judged_alike(topic_name: str, schemas: Mapping[str, dict[str, Any]]) -> None:
    @MANY
    @given(MESSAGES[topic_name], st.randoms(use_true_random=False))
    def judge(message: Json, rng: random.Random) -> None:
        for _ in range(5):
            agree(topic_name, wounded(message, rng), schemas[topic_name])

    judge()


def wounded(message: Json, rng: random.Random) -> Json:
    """A copy in which one key is dropped, or one value replaced by an unfitting one."""
    copied = copy.deepcopy(message)
    places = [(part, key) for part in parts(copied) for key in (part if isinstance(part, dict) else range(len(part)))]
    if not places:
        return copied
    part, key = rng.choice(places)
    if isinstance(part, dict) and rng.random() < 0.3:
        del part[key]
    else:
        part[key] = rng.choice(WOUNDS)
    return copied


def parts(message: Json) -> Iterator[Json]:
    """All objects and lists of a message that hold anything."""
    if isinstance(message, (dict, list)) and message:
        yield message
        for held in message.values() if isinstance(message, dict) else message:
            yield from parts(held)


# --- the differences -------------------------------------------------------------------------------------------


SAMPLES: Mapping[str, dict[str, Any]] = {
    "state": {
        "headerId": 1, "timestamp": "2026-11-23T08:00:00.000Z", "version": "2.1.0", "manufacturer": "acme",
        "serialNumber": "van-1", "orderId": "", "orderUpdateId": 0, "lastNodeId": "", "lastNodeSequenceId": 0,
        "driving": False, "operatingMode": "AUTOMATIC", "nodeStates": [], "edgeStates": [],
        "actionStates": [{"actionId": "a", "actionStatus": "WAITING"}], "errors": [],
        "agvPosition": {"x": 0, "y": 0, "theta": 0, "mapId": "m", "positionInitialized": True},
        "batteryState": {"batteryCharge": 50, "charging": False},
        "safetyState": {"eStop": "NONE", "fieldViolation": False},
    },
    "factsheet": {
        "version": "2.1.0", "manufacturer": "acme", "serialNumber": "van-1",
        "typeSpecification": {
            "seriesName": "s", "agvKinematic": "DIFF", "agvClass": "CARRIER", "maxLoadMass": 1,
            "localizationTypes": [], "navigationTypes": [],
        },
        "physicalParameters": {
            "speedMin": 0, "speedMax": 1, "accelerationMax": 1, "decelerationMax": 1, "heightMax": 1,
            "width": 1, "length": 1,
        },
        "protocolLimits": {
            "maxStringLens": {}, "maxArrayLens": {}, "timing": {"minOrderInterval": 1, "minStateInterval": 1},
        },
        "protocolFeatures": {
            "optionalParameters": [], "agvActions": [{"actionType": "drop", "actionScopes": ["NODE"]}],
        },
        "agvGeometry": {"envelopes3d": [{"set": "s", "format": "f"}]},
        "loadSpecification": {},
    },
}  # fmt: skip


@pytest.mark.needs("shared")
@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.name)
def test_each_named_difference_is_one(difference: Difference, schemas: Mapping[str, dict[str, Any]]) -> None:
    topic_name, path, value = difference.example
    message = copy.deepcopy(SAMPLES[topic_name])
    assert faults_by_us(topic_name, message) == faults_by_schema(schemas[topic_name], message) == set()
    put(message, path, value)
    assert is_named(topic_name, path)
    assert (faults_by_us(topic_name, message) == set()) is difference.we_accept_it
    assert (faults_by_schema(schemas[topic_name], message) == set()) is not difference.we_accept_it


def put(message: Json, path: str, value: object) -> None:
    *steps, last = re.findall(r"[^.\[\]]+", path)
    for step in steps:
        message = message[int(step)] if isinstance(message, list) else message[step]
    message[last] = value
