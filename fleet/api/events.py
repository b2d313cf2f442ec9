"""The journal as a stream of server-sent events: whoever lost the line goes on exactly where it broke."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Annotated

import msgspec
import structlog
from fastapi import APIRouter, Header, Query
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from fleet.api.faults import BusyError
from fleet.api.reception import Front, Reception
from fleet.clock import utc_text
from fleet.errors import JournalError, RefusedError
from fleet.journal.record import Record

PAGE = 200
STREAMS_MAX = 64
HEARTBEAT_S = 15.0
SEND_S_MAX = 10.0
"""A reader that takes longer for one page is dropped; it may come back and go on where it stood."""
SEQ_MAX = 2**53

log = structlog.get_logger("fleet.api")

router = APIRouter(tags=["events"])

Seq = Annotated[int | None, Query(ge=0, le=SEQ_MAX, description="go on behind this number; 0 is the beginning")]


class EventStream(Response):
    """Sends pages of text as they come, until they end, the reader goes, or it is too slow."""

    media_type = "text/event-stream"

    def __init__(self, pages: AsyncGenerator[str, None]) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._send_all(send), name="events:send")
            going = tasks.create_task(_until_gone(receive), name="events:gone")
            await asyncio.wait([sending, going], return_when=asyncio.FIRST_COMPLETED)
            sending.cancel()
            going.cancel()

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with aclosing(self._pages) as pages:
                async for page in pages:
                    async with asyncio.timeout(SEND_S_MAX):
                        await send({"type": "http.response.body", "body": page.encode(), "more_body": True})
        except TimeoutError:
            log.warning("slow_reader_dropped", limit_s=SEND_S_MAX)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@router.get("/events", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
async def stream_events(
    front: Front,
    after: Seq = None,
    last_event_id: Annotated[str | None, Header(description="as a browser sends it; wins over `after`")] = None,
    limit: Annotated[int | None, Query(ge=1, le=100_000, description="end after so many")] = None,
) -> Response:
    """Events of the journal; the id of each is its number. Without a number, from now on."""
    head_seq = front.area.head_seq
    asked = _number(last_event_id) if last_event_id is not None else after
    seq = head_seq if asked is None else asked
    if seq > head_seq:
        raise RefusedError(f"the journal ends at {head_seq}, before {seq}; begin anew without a number")
    if front.bell.listeners >= STREAMS_MAX:
        raise BusyError(f"{STREAMS_MAX} event streams are open already")
    return EventStream(_pages(front, seq, limit))


def _number(text: str) -> int | None:
    """The number of a Last-Event-ID; an empty one means that nothing was received yet."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise RefusedError("Last-Event-ID is no number of this journal; begin anew without it")
    return int(text)


async def _pages(front: Reception, seq: int, limit: int | None) -> AsyncGenerator[str, None]:
    """Texts to send: a greeting, then events as they are committed, a beat where there are none."""
    store, area = front.area.parts.store, front.area.site.id
    left = limit
    yield "retry: 2000\n\n"
    with front.bell.heard() as news:
        while not front.bell.is_closed:
            news.clear()
            head_seq = front.area.head_seq
            while seq < head_seq:
                count = min(PAGE, head_seq - seq, PAGE if left is None else left)
                try:
                    records = await asyncio.to_thread(store.records, area, seq, count)
                except JournalError as error:
                    log.warning("event_stream_ended", reason=str(error))
                    return
                if not records:
                    return
                yield "".join(_texts(records))
                seq = records[-1].seq
                left = None if left is None else left - len(records)
                if left == 0:
                    return
            if not await _rings(news):
                yield f": {seq}\n\n"


async def _rings(news: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(HEARTBEAT_S):
            await news.wait()
    except TimeoutError:
        return False
    return True


def _texts(records: list[Record]) -> Iterator[str]:
    for record in records:
        yield f"id: {record.seq}\nevent: {record.type}\ndata: {event_json(record)}\n\n"


def event_json(record: Record) -> str:
    """One event as a line of JSON: the envelope in our words, the body as it was written."""
    envelope = {
        "seq": record.seq,
        "area": record.area,
        "at": utc_text(record.trade_s),
        "type": record.type,
        "version": record.version,
        "actor": record.actor,
        "cause": record.cause,
        "trace": record.trace,
        "brand": record.brand,
        "epoch": record.epoch,
        "data": msgspec.Raw(record.body.encode()),
    }
    return msgspec.json.encode(envelope).decode()
