"""A hash over everything that happened: two runs are equal when their hashes are."""

from __future__ import annotations

import hashlib

BUFFER_LINES = 512


class Trace:
    """Feed it each event in order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._lines: list[str] = []
        self.count = 0

    def feed(self, time_s: float, kind: str, key: str) -> None:
        self.count += 1
        self._lines.append(f"{time_s!r} {kind} {key}\n")
        if len(self._lines) >= BUFFER_LINES:
            self._flush()

    def hexdigest(self) -> str:
        self._flush()
        return self._hash.hexdigest()

    def _flush(self) -> None:
        self._hash.update("".join(self._lines).encode())
        self._lines.clear()
