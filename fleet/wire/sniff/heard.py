"""What came by on a broker, and how it is kept in a file: a JSON object a line."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One message.

    Attributes:
        at_s: when it was heard, seconds since 1970 UTC by the listener's clock.
        retained: the broker had kept it, and sent it because somebody began to listen.
        qos: the quality it came with; a listener at QoS 1 cannot tell 2 from 1.
    """

    at_s: float
    topic: str
    payload: bytes
    retained: bool = False
    qos: int = 0


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """From here on the broker tells once more all that it keeps: what is missing in it is not kept."""

    at_s: float


Entry = Heard | AskedAgain


def line_of(entry: Entry) -> str:
    """An entry as a line of a file; a payload that is no text stands there in base 64."""
    if isinstance(entry, AskedAgain):
        return json.dumps({"at_s": entry.at_s, "asked_again": True})
    try:
        payload: dict[str, str] = {"payload": entry.payload.decode()}
    except UnicodeDecodeError:
        payload = {"payload_base64": base64.b64encode(entry.payload).decode()}
    shown = {"at_s": entry.at_s, "topic": entry.topic, **payload, "retained": entry.retained, "qos": entry.qos}
    return json.dumps(shown, ensure_ascii=False)


def read_lines(lines: Iterable[str]) -> Iterator[Entry]:
    """The entries of a file.

    Raises:
        ValueError: a line is none; names its number.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield _entry(json.loads(line))
            except (ValueError, KeyError, TypeError, RecursionError) as fault:
                what = f"there is no {fault}" if isinstance(fault, KeyError) else str(fault)
                raise ValueError(f"line {number}: {what}") from fault


def _entry(shown: dict[str, object]) -> Entry:
    if not isinstance(shown, dict):
        raise TypeError("is no object")
    at_s = shown["at_s"]
    if isinstance(at_s, bool) or not isinstance(at_s, int | float) or not math.isfinite(at_s):
        raise TypeError("at_s is no number of seconds")
    if shown.get("asked_again") is True:
        return AskedAgain(float(at_s))
    qos = shown.get("qos", 0)
    if qos not in (0, 1, 2):
        raise TypeError("qos is none of 0, 1 and 2")
    topic = _text(shown, "topic")
    return Heard(
        at_s=float(at_s), topic=topic, payload=_payload(shown), retained=shown.get("retained") is True, qos=int(qos)
    )


def _payload(shown: dict[str, object]) -> bytes:
    if "payload_base64" in shown:
        return base64.b64decode(_text(shown, "payload_base64"), validate=True)
    return _text(shown, "payload").encode()


def _text(shown: dict[str, object], key: str) -> str:
    value = shown[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is no text")
    return value
