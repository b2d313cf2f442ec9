"""How a vehicle's messages look on the wire where it keeps the standard loosely, and what it reads of ours.

The codecs write what the standard asks; here it is spoilt afterwards, as real clients do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from vehicle_sim.characters import Character

Message = dict[str, Any]

ABSENT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "state": ("zoneSetId", "zoneSets", "velocity", "distanceSinceLastNode", "information", "plannedPath"),
        "actionStates": ("actionDescription", "actionDescriptor", "resultDescription", "actionResult"),
        "loads": ("boundingBoxReference", "loadDimensions", "loadPosition"),
        "errors": ("errorDescription", "errorHint", "errorReferences"),
        "nodeStates": ("nodeDescription", "nodeDescriptor", "nodePosition"),
    }
)
"""Optional fields that are told as null, by message or list."""
NOTICE: Message = {
    "infoType": "vendorTrace",
    "infoLevel": "CHATTY",
    "infoDescription": "fan at 40 %",
    "infoReferences": [{"referenceKey": "fan", "referenceValue": "2", "unit": "percent"}],
}
WORN_TYRE: Message = {"errorType": "vendorTyreWorn", "errorLevel": "WARNING", "vendorCode": 4711}
SPARSE_FACTSHEET = ("typeSpecification", "physicalParameters")
HEADER = ("headerId", "timestamp", "version", "manufacturer", "serialNumber")
KEPT_BY_BROKER = ("connection", "factsheet")
INSTANT_KEYS = ("actions", "instantActions")


class Manners:
    """The wire manners of one vehicle; nothing is touched where its character keeps to the standard."""

    def __init__(self, character: Character) -> None:
        self._character = character
        self._numbers: Counter[str] = Counter()
        self._last: Counter[str] = Counter()

    # ---- numbers

    def header_id(self, name: str) -> int:
        """The number of the next message on a topic."""
        counter, every = "" if self._character.shares_counter else name, self._character.repeats_number_every
        number = self._numbers[counter]
        self._numbers[counter] += 1
        self._last[name] = number - number // every if every else number
        return self._last[name]

    def last_number(self, name: str) -> int:
        """The number of the last message on a topic; 0 before the first."""
        return self._last[name]

    def count_anew(self) -> None:
        self._numbers.clear()
        self._last.clear()

    # ---- how a message is handed over

    def qos(self, name: str) -> int:
        if name == "connection":
            return self._character.connection_qos
        return self._character.state_qos if name == "state" else 0

    def retains(self, name: str) -> bool:
        return name in KEPT_BY_BROKER and (name != "connection" or self._character.retains_connection)

    # ---- what it says

    def written(self, name: str, payload: bytes) -> bytes:
        """A message as this vehicle sends it."""
        quirks = self._character
        if quirks.has_time_zone and quirks.has_full_factsheet and not (quirks.says_null or quirks.says_more):
            return payload
        message = msgspec.json.decode(payload)
        if not quirks.has_time_zone:
            message["timestamp"] = message["timestamp"].removesuffix("Z")
        if quirks.says_null:
            _say_null(name, message)
        if quirks.says_more:
            _say_more(name, message)
        if name == "factsheet" and not quirks.has_full_factsheet:
            message = {key: part for key, part in message.items() if key in (*HEADER, *SPARSE_FACTSHEET)}
        return msgspec.json.encode(message)

    # ---- what it hears

    def read(self, name: str, payload: bytes) -> bytes:
        """A message as this vehicle understands it: it may look for its instant actions under another key.

        Raises:
            ValueError: the bytes are no JSON object.
        """
        key = self._character.instant_key
        if name != "instantActions" or key == "actions":
            return payload
        message = msgspec.json.decode(payload, type=dict[str, Any])
        actions = message.get(key, [])
        return msgspec.json.encode({k: v for k, v in message.items() if k not in INSTANT_KEYS} | {"actions": actions})


def _say_null(name: str, message: Message) -> None:
    for where, keys in ABSENT.items():
        parts = [message] if where == name else message.get(where) or [] if name == "state" else []
        for part in parts:
            for key in keys:
                part.setdefault(key, None)


def _say_more(name: str, message: Message) -> None:
    message["vendorFirmware"] = {"build": 17, "channels": ["a", "b"]}
    if name == "state":
        message["information"] = [NOTICE]
        message["errors"] = [*message["errors"], WORN_TYRE]
    if name == "factsheet":
        message["typeSpecification"]["agvKinematic"] = "ACKERMANN"
