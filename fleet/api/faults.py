"""Errors as the API tells them: one shape, one table from our exceptions to HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from fleet.dispatch.commands import KeyReusedError
from fleet.errors import FleetError, JournalError, RefusedError, UnknownThingError

RETRY_AFTER_S = 2
VALUE_CHARS_MAX = 80

log = structlog.get_logger("fleet.api")


class FieldFault(BaseModel):
    """One value that cannot be used.

    Attributes:
        field: where it stands: "runs[2].due_at", or the column of a CSV.
        line: of a CSV, counted from 1; the header is line 1.
    """

    field: str
    value: str
    message: str
    remedy: str
    line: int | None = None


class Fault(BaseModel):
    """What went wrong, and what would do."""

    code: str
    message: str
    remedy: str | None = None
    fields: list[FieldFault] | None = None


class FaultBody(BaseModel):
    """The body of every answer that is no success."""

    error: Fault


class BadRequestError(FleetError):
    """A request that cannot be understood as a whole."""

    def __init__(self, status: int, code: str, message: str, remedy: str) -> None:
        self.status, self.code, self.remedy = status, code, remedy
        super().__init__(message)


class InvalidError(FleetError):
    """A request with values that cannot be used; lists all of them."""

    def __init__(self, fields: Sequence[FieldFault]) -> None:
        self.fields = list(fields)
        super().__init__(f"{len(self.fields)} values cannot be used; nothing was accepted")


class BusyError(FleetError):
    """More is asked at this moment than can be answered; nothing happened."""


class NoAnswerError(FleetError):
    """The controller did not answer in time; it is unknown whether the command will be carried out."""


@dataclass(frozen=True, slots=True)
class Row:
    """How one kind of error is told."""

    kind: type[FleetError]
    status: int
    code: str
    remedy: str


TABLE: tuple[Row, ...] = (
    Row(KeyReusedError, 422, "key_reused", "take a new Idempotency-Key, or send the first content again"),
    Row(UnknownThingError, 404, "unknown", "list what there is, and mind the spelling"),
    Row(RefusedError, 409, "refused", "look at the present state, then decide again"),
    Row(JournalError, 503, "journal_unavailable", "nothing happened; send the same request again after Retry-After"),
    Row(BusyError, 503, "busy", "nothing happened; send the same request again after Retry-After"),
    Row(NoAnswerError, 503, "no_answer", "send the same request again, with the same Idempotency-Key if it had one"),
)
"""The first row whose kind fits holds. Nothing else in the API turns an error of ours into a status."""

HTTP_CODES: Mapping[int, tuple[str, str]] = {
    403: ("forbidden", "ask from an address that is allowed"),
    404: ("no_such_path", "see /openapi.json for the paths there are"),
    413: ("too_large", "send several smaller batches"),
    405: ("method_not_allowed", "see /openapi.json for the methods of this path"),
}


def add_fault_handlers(app: FastAPI) -> None:
    """Have every error told in the one shape, and none with a stack trace."""
    app.add_exception_handler(FleetError, _on_fleet_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)


def told(status: int, fault: Fault) -> JSONResponse:
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else None
    return JSONResponse(FaultBody(error=fault).model_dump(exclude_none=True), status, headers)


def shown(value: object) -> str:
    """A value as text that fits into one line and any encoding."""
    try:
        text = shown_all(value if isinstance(value, str) else repr(value))
    except ValueError:  # a whole number of more digits than Python is willing to write
        text = "a number beyond all bounds"
    printable = "".join(sign if sign.isprintable() else "?" for sign in text[: VALUE_CHARS_MAX + 1])
    return printable if len(printable) <= VALUE_CHARS_MAX else printable[:VALUE_CHARS_MAX] + "…"


async def _on_fleet_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, FleetError)
    return told(*fault_of(error))


def fault_of(error: FleetError) -> tuple[int, Fault]:
    """Status and body of an error of ours."""
    if isinstance(error, BadRequestError):
        return error.status, Fault(code=error.code, message=str(error), remedy=error.remedy)
    if isinstance(error, InvalidError):
        remedy = "correct the values listed and send the request again"
        return 422, Fault(code="invalid", message=str(error), remedy=remedy, fields=error.fields)
    for row in TABLE:
        if isinstance(error, row.kind):
            return row.status, Fault(code=row.code, message=shown_all(str(error)), remedy=row.remedy)
    log.error("api_error_without_a_row", error=str(error))
    return 500, Fault(code="internal", message="an error of the fleet that the API has no word for; see its log")


def shown_all(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


async def _on_invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = [
        FieldFault(
            field=".".join(str(part) for part in one["loc"] if part != "body"),
            value=shown(one.get("input", "")),
            message=shown_all(one["msg"]),
            remedy="see /openapi.json for what this path takes",
        )
        for one in error.errors()
    ]
    return told(*fault_of(InvalidError(fields)))


async def _on_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return told(error.status_code, http_fault(error.status_code, str(error.detail)))


def http_fault(status: int, message: str) -> Fault:
    """What is told of a fault that only HTTP knows."""
    code, remedy = HTTP_CODES.get(status, ("bad_request", "see /openapi.json"))
    return Fault(code=code, message=shown(message), remedy=remedy)


async def _on_bug(request: Request, error: Exception) -> JSONResponse:
    log.error("api_failed", path=request.url.path, exc_info=error)
    return told(500, Fault(code="internal", message="an error of ours; the daemon's log has it"))
