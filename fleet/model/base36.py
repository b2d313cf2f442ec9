"""Numbers in digits and small letters, the shortest way that every vehicle takes."""

from __future__ import annotations

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def in_base_36(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number, 36)
        letters = ALPHABET[rest] + letters
    return letters or "0"
