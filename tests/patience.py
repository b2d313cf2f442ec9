"""Waiting for what gives no sign of itself: that a port opens, that a file grows, that a stranger's process ends.

Whatever gives a sign is waited for by it: a message or a change of the line by `tests.interop.heard`, a child by its
exit. These two are for the rest; no other test looks again and again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import sleep

PATIENCE_S, LOOK_AGAIN_S = 60.0, 0.05
TRIES_MAX = round(PATIENCE_S / LOOK_AGAIN_S)


def until(claim: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does."""
    for _ in range(TRIES_MAX):
        if claim():
            return
        sleep(LOOK_AGAIN_S)
    raise AssertionError(f"waited {PATIENCE_S:g} s for {what}")


async def until_it_works(attempt: Callable[[], Awaitable[bool]], what: str) -> None:
    """Try it again until somebody else lets it succeed."""
    for _ in range(TRIES_MAX):
        if await attempt():
            return
        await asyncio.sleep(LOOK_AGAIN_S)
    raise AssertionError(f"tried {PATIENCE_S:g} s for {what}")
