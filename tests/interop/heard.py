"""A listener that remembers, for the tests of links."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine
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

    async def until(self, is_so: Callable[[], bool], speak: Callable[[], Awaitable[None]] | None = None) -> None:
        """Wait until what was heard makes it so.

        Args:
            speak: what is said before each wait, where it may be lost. It is lost while a line is laid or more is on
                its way than fits, and then something else is heard after it, and it is said again.
        """
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._changed.clear()
                if speak is not None:
                    await speak()
                await self._changed.wait()


def awaited(test: Callable[P, Coroutine[object, object, None]]) -> Callable[P, None]:
    """Run an async test to its end on a loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run
