from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest
from starlette.types import Message

from fleet.api.app import end_streams
from fleet.api.events import HEARTBEAT_S, SEND_S_MAX, STREAMS_MAX
from fleet.roads.site_roads import SiteRoads
from tests.unit.test_api_small_fleet import Served, roads, small_site, tell

__all__ = ["roads", "small_site"]
EVENTS = "/api/v1/events"


class Reader:
    """A browser that reads the stream, or stops reading."""

    def __init__(self, fleet: Served, query: str = "", headers: dict[str, str] | None = None) -> None:
        self._fleet = fleet
        pairs = {"host": "127.0.0.1", **(headers or {})}
        self._scope: MutableMapping[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "GET",
            "path": EVENTS,
            "raw_path": EVENTS.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in pairs.items()],
            "scheme": "http",
            "server": ("127.0.0.1", 8700),
            "client": ("127.0.0.1", 1),
        }
        self.text = ""
        self.status = 0
        self.is_reading = asyncio.Event()
        self.is_reading.set()
        self.gone = asyncio.Event()

    async def read(self) -> None:
        has_asked = False

        async def receive() -> Message:
            nonlocal has_asked
            if not has_asked:
                has_asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self.gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            await self.is_reading.wait()
            self.status = message.get("status", self.status)
            self.text += message.get("body", b"").decode()

        await self._fleet.app(self._scope, receive, send)

    @property
    def seqs(self) -> list[int]:
        return [int(line[4:]) for line in self.text.splitlines() if line.startswith("id: ")]


def test_a_stream_from_the_beginning_has_every_number_once(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1"))
        head = fleet.area.head_seq
        answer = await fleet.http.get(EVENTS, params={"after": "0", "limit": str(head)})
        assert answer.headers["content-type"].startswith("text/event-stream")
        blocks = [block.splitlines() for block in answer.text.split("\n\n")[1:] if block]
        assert [int(block[0].removeprefix("id: ")) for block in blocks] == list(range(1, head + 1))
        events = [json.loads(block[2].removeprefix("data: ")) for block in blocks]
        accepted = next(event for event in events if event["type"] == "RunsAccepted")
        assert accepted["data"]["runs"][0]["id"] == "r1"
        assert accepted["actor"] == "api"
        assert accepted["at"].endswith("Z")

    tell(roads, story)


@pytest.mark.parametrize("way", ["header", "query"])
def test_a_reader_goes_on_exactly_where_it_stood(roads: SiteRoads, way: str) -> None:
    async def story(fleet: Served) -> None:
        await fleet.submit(fleet.run("r1"))
        head = fleet.area.head_seq
        headers = {"Last-Event-ID": "3"} if way == "header" else {}
        query = {"after": "1" if way == "header" else "3", "limit": str(head - 3)}
        text = (await fleet.http.get(EVENTS, params=query, headers=headers)).text
        assert text.splitlines()[2] == "id: 4"

    tell(roads, story)


def test_news_arrives_as_it_is_committed_and_beats_keep_the_line(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        reader, head = Reader(fleet), fleet.area.head_seq
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reader.read(), name="reader")
            await asyncio.sleep(1.0)
            assert reader.seqs == []
            await fleet.submit(fleet.run("r1"))
            await asyncio.sleep(1.0)
            assert reader.seqs == list(range(head + 1, fleet.area.head_seq + 1))
            await asyncio.sleep(HEARTBEAT_S * 2)
            assert f": {fleet.area.head_seq}\n" in reader.text
            reader.gone.set()
        assert fleet.app.state.reception.bell.listeners == 0

    tell(roads, story)


def test_a_reader_that_does_not_read_is_dropped(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        reader = Reader(fleet, "after=0")
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(reader.read(), name="reader")
            await asyncio.sleep(1.0)
            reader.is_reading.clear()
            await fleet.submit(fleet.run("r1"))
            await asyncio.sleep(SEND_S_MAX + 2.0)
            assert reading.done()
        assert fleet.app.state.reception.bell.listeners == 0

    tell(roads, story)


def test_streams_end_when_the_daemon_wants_to_stop(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        reader = Reader(fleet)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reader.read(), name="reader")
            await asyncio.sleep(1.0)
            end_streams(fleet.app)
        assert reader.status == 200

    tell(roads, story)


def test_there_is_a_bound_to_the_streams(roads: SiteRoads) -> None:
    async def story(fleet: Served) -> None:
        readers = [Reader(fleet) for _ in range(STREAMS_MAX)]
        async with asyncio.TaskGroup() as tasks:
            for reader in readers:
                tasks.create_task(reader.read(), name="reader")
            await asyncio.sleep(1.0)
            one_more = await fleet.http.get(EVENTS)
            assert (one_more.status_code, one_more.json()["error"]["code"]) == (503, "busy")
            for reader in readers:
                reader.gone.set()

    tell(roads, story)


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ({"after": "999999"}, {}, 409),
        ({}, {"Last-Event-ID": "x1"}, 409),
        ({}, {"Last-Event-ID": "99999999999999999999"}, 409),
        ({"after": "-1"}, {}, 422),
        ({"limit": "0"}, {}, 422),
    ],
)
def test_a_number_that_is_none_of_the_journal_is_refused(
    roads: SiteRoads, query: dict[str, str], headers: dict[str, str], status: int
) -> None:
    async def story(fleet: Served) -> None:
        assert (await fleet.http.get(EVENTS, params=query, headers=headers)).status_code == status

    tell(roads, story)
