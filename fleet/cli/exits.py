"""How a command ends: exit codes, and what is said on standard error."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import typer
from typer.core import TyperGroup

from fleet.errors import FleetError


class ExitCode(IntEnum):
    DONE = 0
    FAILED = 1
    MISUSED = 2
    REFUSED = 3
    NOT_ALLOWED = 4
    NO_SUCH_THING = 5
    NOT_REACHABLE = 6
    TIMED_OUT = 124
    INTERRUPTED = 130


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.DONE: "done, also when nothing had to change",
    ExitCode.FAILED: "failed",
    ExitCode.MISUSED: "wrong use of the command, or values that cannot be used",
    ExitCode.REFUSED: "the fleet refused: its state does not allow it",
    ExitCode.NOT_ALLOWED: "not signed in, or not allowed",
    ExitCode.NO_SUCH_THING: "no such thing",
    ExitCode.NOT_REACHABLE: "daemon not reachable",
    ExitCode.TIMED_OUT: "timed out",
    ExitCode.INTERRUPTED: "interrupted",
}
BY_STATUS: Mapping[int, ExitCode] = {
    400: ExitCode.MISUSED,
    401: ExitCode.NOT_ALLOWED,
    403: ExitCode.NOT_ALLOWED,
    404: ExitCode.NO_SUCH_THING,
    405: ExitCode.MISUSED,
    409: ExitCode.REFUSED,
    413: ExitCode.MISUSED,
    415: ExitCode.MISUSED,
    422: ExitCode.MISUSED,
}


class CommandError(FleetError):
    """Ends a command with this code and these words."""

    def __init__(self, code: ExitCode, message: str, remedy: str = "") -> None:
        self.code, self.remedy = code, remedy
        super().__init__(message)


class ApiError(CommandError):
    """The daemon answered, but not with a success."""

    def __init__(self, status: int, fault: Mapping[str, Any]) -> None:
        self.fields: list[Mapping[str, Any]] = list(fault.get("fields") or [])
        self.fault_code = str(fault.get("code", ""))
        code = ExitCode.REFUSED if self.fault_code == "key_reused" else BY_STATUS.get(status, ExitCode.FAILED)
        super().__init__(code, str(fault.get("message", f"status {status}")), str(fault.get("remedy") or ""))


class FleetGroup(TyperGroup):
    """The root command; turns our errors into words and exit codes, so that no command has to."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer keeps this class of its to itself
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except FleetError as error:
            tell(error)
            raise typer.Exit(error.code if isinstance(error, CommandError) else ExitCode.FAILED) from None


def tell(error: FleetError) -> None:
    """Say what went wrong, on standard error."""
    say(f"fleet: {error}")
    if isinstance(error, ApiError):
        for field in error.fields:
            place = f"line {field['line']}, {field['field']}" if field.get("line") else field["field"]
            value = f" {field['value']!r}" if field["value"] else ""
            say(f"  {place}:{value} {field['message']}; {field['remedy']}")
    if isinstance(error, CommandError) and error.remedy:
        say(f"  {error.remedy}")


def say(words: str) -> None:
    """Words for people: never on standard output, which is for data."""
    typer.echo(words, err=True)


def confirm(effect: str, *, yes: bool) -> None:
    """Go on only if a person agrees to the effect, or has done so beforehand.

    Raises:
        CommandError: there is nobody to ask, or the person does not want it.
    """
    if yes:
        return
    if not typer.get_text_stream("stdin").isatty():
        raise CommandError(ExitCode.MISUSED, f"{effect}: nobody is there to confirm it", "add --yes")
    if not typer.confirm(f"{effect}. Go on?", err=True):
        raise CommandError(ExitCode.FAILED, "nothing was changed")
