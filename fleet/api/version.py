"""Which program this is."""

from __future__ import annotations

import functools
from importlib.metadata import PackageNotFoundError, version

PACKAGE = "unmanned-fleet"


@functools.cache
def program_version() -> str:
    """The installed version; "0" where the program runs from a tree that is not installed."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return "0"
