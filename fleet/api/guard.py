"""What is turned away before anybody looks at it: too much at once, and pages of other sites."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fleet.api.faults import Fault, http_fault, told
from fleet.config.values import is_loopback

BODY_BYTES_MAX = 4 * 1024 * 1024
TOO_LARGE = f"A body may have {BODY_BYTES_MAX // 1024 // 1024} MiB"
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PLAIN_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


class Guard:
    """Stands before the whole application.

    A page of another site that a browser on this machine shows must not command the fleet. So where the API listens
    on loopback only, it answers only to names of this machine (a foreign name may point here), and a request that
    changes something and names an origin must come from where it goes.
    """

    def __init__(self, app: ASGIApp, *, local_only: bool) -> None:
        self._app = app
        self._local_only = local_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        fault = self._foreign(headers, scope["method"]) or self._too_large(headers)
        if fault is not None:
            await told(*fault)(scope, receive, send)
            return
        await self._watched(scope, receive, send)

    def _foreign(self, headers: Headers, method: str) -> tuple[int, Fault] | None:
        host = headers.get("host", "")
        if self._local_only and not is_loopback(_host_name(host)):
            remedy = "ask 127.0.0.1, or let the API listen on another address"
            return 403, Fault(code="forbidden", message="this API answers to loopback names only", remedy=remedy)
        origin = headers.get("origin")
        if method not in READING_METHODS and origin is not None and urlsplit(origin).netloc != host:
            return 403, Fault(code="forbidden", message="the request comes from a page of another site")
        return None

    def _too_large(self, headers: Headers) -> tuple[int, Fault] | None:
        length = headers.get("content-length", "0")
        is_too_large = length.isdecimal() and (len(length) > 18 or int(length) > BODY_BYTES_MAX)
        return (413, http_fault(413, TOO_LARGE)) if is_too_large else None

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the body while it is read, so that one without a length cannot fill the memory."""
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > BODY_BYTES_MAX:
                raise HTTPException(413, TOO_LARGE)
            return message

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in PLAIN_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, counted, dressed)


def _host_name(host: str) -> str:
    """The name in a Host header, without port and brackets."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
