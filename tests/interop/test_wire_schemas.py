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

from fleet.wire.kinds import Anything, Flag, Kind, ListOf, Number, Record, Text, Variant, rows
from fleet.wire.registry import STANDARD
from tests.campaign import CAMPAIGN

Json = Any  # an object, list, text, number or truth value
Schemas = Mapping[str, Mapping[str, dict[str, Any]]]  # by version and topic
CASES = [(version, topic) for version in STANDARD for topic in sorted(STANDARD[version].rules.fields)]
TELLING, SAYING = "order|instantActions|zoneSet|responses", "connection|state|visualization|factsheet"
ALL = f"{TELLING}|{SAYING}"
UINT32_MAX = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where we judge otherwise than the schema, and a value there that shows it."""

    name: str
    versions: str
    topics: str
    place: str
    reason: str
    example: tuple[str, str, object]
    we_accept_it: bool = False


DIFFERENCES = (
    Difference(
        name="counters",
        versions=r"2\..*|3\..*",
        topics=ALL,
        place=r"headerId|orderUpdateId|lastNodeSequenceId|referenceStateHeaderId"
        r"|(nodeStates|edgeStates|edgeRequests|nodes|edges)\[\].sequenceId",
        reason="the text makes them unsigned 32 bit numbers, the schema any integers",
        example=("state", "lastNodeSequenceId", -1),
    ),
    Difference(
        name="timestamp",
        versions=r"2\..*|3\..*",
        topics=ALL,
        place=r"timestamp|intermediatePath\.polyline\[\]\.eta|responses\[\]\.leaseExpiry",
        reason="a format is a remark to a schema; the text asks for UTC with a Z",
        example=("state", "timestamp", "2026-11-23 08:00"),
    ),
    Difference(
        name="names",
        versions=r"2\..*|3\..*",
        topics=ALL,
        place="manufacturer|serialNumber",
        reason="the text forbids what a topic level cannot hold, and lists the signs of a serial number",
        example=("state", "serialNumber", "van/1"),
    ),
    Difference(
        name="charge",
        versions=r"2\..*",
        topics="state",
        place=r"batteryState\.batteryCharge",
        reason="a percentage has a range; the schema leaves it out",
        example=("state", "batteryState.batteryCharge", 101),
    ),
    Difference(
        name="heading",
        versions=r"2\..*",
        topics="state|visualization",
        place=r"agvPosition\.theta|nodeStates\[\]\.nodePosition\.theta",
        reason="the text gives the range from -pi to pi; the schema gives it for orders only",
        example=("state", "agvPosition.theta", 4.0),
    ),
    Difference(
        name="paused",
        versions=r"2\.1\..*",
        topics="state",
        place=r"actionStates\[\]\.actionStatus",
        reason="the text has PAUSED, the schema forgot it",
        example=("state", "actionStates[0].actionStatus", "PAUSED"),
        we_accept_it=True,
    ),
    Difference(
        name="blocking types",
        versions=r"2\..*",
        topics="factsheet",
        place=r"protocolFeatures\.agvActions\[\]\.blockingTypes(\[\])?",
        reason="the schema asks for a list that is one of three words, which no list is",
        example=("factsheet", "protocolFeatures.agvActions[0].blockingTypes", ["HARD"]),
        we_accept_it=True,
    ),
    Difference(
        name="envelope description",
        versions=r"2\.1\..*",
        topics="factsheet",
        place=r"agvGeometry\.envelopes3d\[\]\.description",
        reason="the schema makes the description of a three-dimensional envelope an integer",
        example=("factsheet", "agvGeometry.envelopes3d[0].description", "a box"),
        we_accept_it=True,
    ),
    Difference(
        name="zone of no type",
        versions=r"3\..*",
        topics="zoneSet",
        place=r"zoneSet\.zones\[\]\.(releaseLossBehavior|maximumSpeed|(entry|during|exit)Actions|(priority|penalty)Factor"
        r"|direction|directedLimitation|bidirectedLimitation)",
        reason="to the schema a zone without a type is of every type at once; we say only that its type is missing",
        example=("zoneSet", "zoneSet.zones[0].direction", "north"),
        we_accept_it=True,
    ),
)


@pytest.fixture(scope="module")
def schemas(shared: Path) -> Schemas:
    folder = shared / "vda5050"
    return {
        version: {
            name: json.loads((folder / version / f"{name}.json").read_text()) for at, name in CASES if at == version
        }
        for version in STANDARD
    }


def is_named(version: str, topic_name: str, path: str) -> bool:
    """Whether a place is one of the differences; indexes do not matter."""
    place = re.sub(r"\[\d+\]", "[]", path)
    return any(
        re.fullmatch(difference.versions, version)
        and re.fullmatch(difference.topics, topic_name)
        and re.fullmatch(difference.place, place)
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


def faults_by_us(version: str, topic_name: str, message: object) -> set[str]:
    return {violation.path for violation in STANDARD[version].rules.violations(topic_name, message)}


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
        case Record() | Variant():
            return "object"
    assert_never(kind)


@pytest.mark.vda5050("14.18")
@pytest.mark.needs("shared")
@pytest.mark.parametrize(("version", "topic_name"), CASES)
def test_our_table_has_the_schemas_lines(version: str, topic_name: str, schemas: Schemas) -> None:
    schema = schemas[version][topic_name]
    table = STANDARD[version].rules.fields[topic_name]
    ours = {path: (needed, our_meaning(kind)) for path, needed, kind in rows(table)}
    theirs = {path: (needed, meaning(line)) for path, needed, line in schema_rows(schema, schema)}
    differing = {path for path in ours | theirs if ours.get(path) != theirs.get(path)}
    assert {path for path in differing if not is_named(version, topic_name, path)} == set()


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
            return st.lists(messages_of(kind.item), min_size=kind.least, max_size=max(2, kind.least))
        case Record():
            needed = {name: messages_of(held) for name, held in kind.fields.items() if not name.endswith("?")}
            extra = {name[:-1]: messages_of(held) for name, held in kind.fields.items() if name.endswith("?")}
            return st.fixed_dictionaries(needed, optional=extra)
        case Variant():
            return st.sampled_from(sorted(kind.more)).flatmap(
                lambda word: messages_of(
                    Record({**kind.base.fields, **kind.more[word].fields, kind.field: Text(frozenset({word}))})
                )
            )
    assert_never(kind)


MESSAGES = {(version, name): messages_of(STANDARD[version].rules.fields[name]) for version, name in CASES}
WOUNDS: tuple[object, ...] = (None, True, 1, -1, 0.5, 1e9, -1e9, "", "NOPE", [], {}, [None], {"x": 1})
MANY = settings(max_examples=30 * CAMPAIGN, deadline=None, suppress_health_check=list(HealthCheck))


def agree(version: str, topic_name: str, message: object, schema: dict[str, Any]) -> None:
    ours, theirs = faults_by_us(version, topic_name, message), faults_by_schema(schema, message)
    odd = {path for path in ours ^ theirs if not is_named(version, topic_name, path)}
    assert odd == set(), f"we find {sorted(ours)}, the schema {sorted(theirs)}"


@pytest.mark.needs("shared")
@pytest.mark.parametrize(("version", "topic_name"), CASES)
def test_messages_that_keep_our_rules_keep_the_schemas(version: str, topic_name: str, schemas: Schemas) -> None:
    @MANY
    @given(MESSAGES[version, topic_name])
    def judge(message: Json) -> None:
        assert faults_by_us(version, topic_name, message) == set()
        agree(version, topic_name, message, schemas[version][topic_name])

    judge()


@pytest.mark.needs("shared")
@pytest.mark.parametrize(("version", "topic_name"), CASES)
def test_wounded_messages_are_judged_alike(version: str, topic_name: str, schemas: Schemas) -> None:
    @MANY
    @given(MESSAGES[version, topic_name], st.randoms(use_true_random=False))
    def judge(message: Json, rng: random.Random) -> None:
        for _ in range(5):
            agree(version, topic_name, wounded(message, rng), schemas[version][topic_name])

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
    "zoneSet": {
        "headerId": 1, "timestamp": "2026-11-23T08:00:00.000Z", "version": "3.0.0", "manufacturer": "acme",
        "serialNumber": "van-1",
        "zoneSet": {
            "mapId": "m", "zoneSetId": "z",
            "zones": [
                {"zoneId": "a", "direction": 1.0, "vertices": [{"x": 0, "y": 0}, {"x": 1, "y": 0}, {"x": 0, "y": 1}]}
            ],
        },
    },
}  # fmt: skip


@pytest.mark.needs("shared")
@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.name)
def test_each_named_difference_is_one(difference: Difference, schemas: Schemas) -> None:
    topic_name, path, value = difference.example
    version = next(each for each in ("2.1.0", "3.0.0") if re.fullmatch(difference.versions, each))
    schema = schemas[version][topic_name]
    message = copy.deepcopy(SAMPLES[topic_name])
    before = faults_by_us(version, topic_name, message), faults_by_schema(schema, message)
    put(message, path, value)
    after = faults_by_us(version, topic_name, message), faults_by_schema(schema, message)
    assert is_named(version, topic_name, path)
    assert (after[0] == before[0]) is difference.we_accept_it
    assert (after[1] == before[1]) is not difference.we_accept_it


@pytest.mark.needs("shared")
@pytest.mark.parametrize("topic_name", ["state", "factsheet"])
def test_the_samples_keep_all_rules(topic_name: str, schemas: Schemas) -> None:
    message = SAMPLES[topic_name]
    assert faults_by_us("2.1.0", topic_name, message) == set()
    assert faults_by_schema(schemas["2.1.0"][topic_name], message) == set()


def put(message: Json, path: str, value: object) -> None:
    *steps, last = re.findall(r"[^.\[\]]+", path)
    for step in steps:
        message = message[int(step)] if isinstance(message, list) else message[step]
    message[last] = value
