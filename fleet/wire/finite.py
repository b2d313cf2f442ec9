"""A message as JSON, which has no words for numbers that are not finite."""

from __future__ import annotations

import msgspec

_ENCODER = msgspec.json.Encoder()


def encoded(message: object) -> bytes:
    """JSON of a message in which nothing is left as None: what is not told is not written.

    Raises:
        ValueError: a number is a NaN or an infinity.
    """
    body = _ENCODER.encode(message)
    if b"null" in body and _holds_null(msgspec.json.decode(body)):  # what JSON has no number for becomes a null
        raise ValueError("a number of the message is not finite")
    return body


def _holds_null(part: object) -> bool:
    if isinstance(part, dict):
        return any(_holds_null(value) for value in part.values())
    if isinstance(part, list):
        return any(_holds_null(value) for value in part)
    return part is None
