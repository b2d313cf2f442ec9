"""A listener that remembers, for the tests of links."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import ParamSpec

P = ParamSpec("P")
PATIENCE_S = 20.0


class Heard:
    """All that a link told, and a way to wait for more of it."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.messages: list[tuple[str, bytes, bool]] = []
        self._changed = asyncio.Event()

    @property
    def payloads(self) -> list[bytes]:
        return [payload for _, payload, _ in self.messages]

    def on_link_up(self) -> None:
        self.events.append("up")
        self._changed.set()

    def on_link_down(self, reason: str) -> None:
        self.events.append(f"down: {reason}")
        self._changed.set()

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        self.messages.append((topic, payload, retained))
        self._changed.set()

    def nudge(self) -> None:
        """Look again: something else than a message has come."""
        self._changed.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for what was heard, or for a little while, and look again."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                try:
                    async with asyncio.timeout(0.02):
                        await self._changed.wait()
                except TimeoutError:
                    continue
                finally:
                    self._changed.clear()


def awaited(test: Callable[P, Coroutine[object, object, None]]) -> Callable[P, None]:
    """Run an async test to its end on a loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run
