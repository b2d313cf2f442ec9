"""Messages with something wrong in them: bytes that were hit, and JSON that says what it should not."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import msgspec

Json = Any  # an object, list, text, number, truth value or null

TOKENS = (
    b"null", b"true", b"[]", b"{}", b"-1", b"1e999", b"9" * 40, b'"\\ud800"', b'"\\u0000"', b'""', b"NaN", b",",
    b'"9999-12-31T23:59:59-23:59"', b'"0001-01-01T00:00:00+23:59"', b"[" * 50, b"\xff", b"\x00", b'"',
)  # fmt: skip
VALUES: tuple[Json, ...] = (
    None, True, False, 0, 1, -1, 0.5, 1e9, -1e9, 1e300, 2**32, 2**63, -(2**63) - 1, "", "NOPE", "null", "\U0001f69a",
    "x" * 300, [], {}, [None], [[[[]]]], {"x": 1}, "2.0.0", "3.0.0", "4.0.0", "van-2", "9999-12-31T23:59:59-23:59",
)  # fmt: skip


def hit(payload: bytes, rng: random.Random) -> bytes:
    """A message with one to four wounds: bytes changed, cut, doubled, or tokens put in place of others."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(payload) + 1)
        end = min(at + rng.choice((0, 1, 1, 4, 30)), len(payload))
        wound = rng.choice((rng.randbytes(end - at), b"", payload[at:end] * 2, rng.choice(TOKENS)))
        if rng.random() < 0.4 and b":" in payload[:at]:  # a whole value, so that the JSON stays sound
            at = payload.rindex(b":", 0, at) + 1
            stops = [stop for sign in (b",", b"}", b"]") if (stop := payload.find(sign, at)) >= 0]
            end, wound = min(stops, default=len(payload)), rng.choice(TOKENS)
        payload = payload[:at] + wound + payload[end:]
    return payload


def twisted(payload: bytes, rng: random.Random) -> bytes:
    """A message that is still JSON: keys gone or misplaced, values of other kinds, lists doubled or turned round."""
    message = msgspec.json.decode(payload)
    for _ in range(rng.choice((1, 1, 2, 5))):
        holders = [part for part in parts(message) if part]
        part = rng.choice(holders) if holders else message
        if isinstance(part, dict):
            key: Any = rng.choice(sorted(part))
            other: Any = rng.choice(sorted(part))
        else:
            key, other = rng.randrange(len(part)), rng.randrange(len(part))
        match rng.randrange(6):
            case 0 if len(part) > 1 or part is not message:
                del part[key]
            case 1:
                part[key], part[other] = part[other], part[key]
            case 2 if isinstance(part[key], list):
                part[key] = (part[key] * 40)[:200]
            case 3 if isinstance(part[key], list):
                part[key] = part[key][::-1]
            case 4:
                part[key] = copy.deepcopy(rng.choice(holders))
            case _:
                part[key] = copy.deepcopy(rng.choice(VALUES))
    return msgspec.json.encode(message)


def parts(message: Json) -> Iterator[Json]:
    """All objects and lists of a message."""
    if isinstance(message, (dict, list)):
        yield message
        for held in message.values() if isinstance(message, dict) else message:
            yield from parts(held)
