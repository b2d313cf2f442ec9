"""Options that mean the same on every command."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from fleet.cli.client import DEFAULT_URL
from fleet.cli.output import Format

Url = Annotated[str, typer.Option("--url", envvar="FLEET_URL", help="Address of the daemon.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to print.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
WhyText = Annotated[str, typer.Option("--why", help="The reason; stands in the journal.")]
SiteFile = Annotated[Path, typer.Option("--site", help="Site file (TOML).")]
DataDir = Annotated[Path, typer.Option("--data", help="Data directory of a daemon.")]

URL = DEFAULT_URL
TABLE = Format.TABLE
BY_HAND = "by hand"
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?")
_UNIT_S = (86_400.0, 3600.0, 60.0, 1.0)


def examples(*commands: str) -> str:
    """Commands as they are typed, for the end of a help text."""
    return "\n\n".join(["Examples:", *commands])


def duration_s(words: str) -> float:
    """Seconds of "90", "90s", "30m", "1h30m" or "2d".

    Raises:
        typer.BadParameter: it is no duration.
    """
    found = _DURATION.fullmatch(words.strip())
    if not words.strip() or found is None:
        raise typer.BadParameter(f"{words!r} is no duration; write it as 90s, 30m or 1h30m")
    return sum(float(amount) * unit for amount, unit in zip(found.groups(), _UNIT_S, strict=True) if amount)
