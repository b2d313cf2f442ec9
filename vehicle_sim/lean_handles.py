"""Callbacks and timers of the virtual loop: what asyncio's own do, without the checks of debug mode.

Half the cost of a simulation is the making of these.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, Protocol


class TimerOwner(Protocol):
    """Keeps timers in a heap and wants to know how many of them are dead."""

    def timer_cancelled(self) -> None: ...


class LeanHandle(asyncio.Handle):
    """A callback that is ready to run."""

    __slots__ = ()
    _source_traceback = None
    _repr = None
    _callback: Callable[..., object]
    _context: Context

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None) -> None:
        self._callback = callback
        self._args = args
        self._context = context or copy_context()
        self._cancelled = False

    def cancel(self) -> None:
        self._cancelled = True
        self._callback, self._args = _nothing, ()  # let go of what they hold


class LeanTimer(asyncio.TimerHandle):
    """A callback at a time."""

    __slots__ = ("_owner",)
    _source_traceback = None
    _repr = None
    _callback: Callable[..., object]
    _context: Context
    _owner: TimerOwner
    _scheduled: bool

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        owner: TimerOwner,
        context: Context | None,
    ) -> None:
        self._when = when
        self._callback = callback
        self._args = args
        self._owner = owner
        self._context = context or copy_context()
        self._cancelled = False
        self._scheduled = True

    def cancel(self) -> None:
        if not self._cancelled:
            self._cancelled = True
            self._callback, self._args = _nothing, ()
            if self._scheduled:
                self._owner.timer_cancelled()


def _nothing() -> None:
    """Stands in for the callback of a cancelled handle."""
