"""A daemon for tests of the CLI: the small fleet after an hour of work, served from a thread of its own."""

from __future__ import annotations

import asyncio
import queue
import random
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import typer.testing
from fastapi import FastAPI
from starlette.types import Message

from fleet.api.app import build_app
from fleet.cli.client import Wiring
from fleet.cli.main import app as cli
from fleet.clock import SystemClock
from fleet.journal.store import SqlStore
from fleet.roads.site_roads import SiteRoads
from fleet.wire.memory import MemoryBroker
from tests.unit.test_api_small_fleet import HOUR_S, START_S, Served, new_area, roads, small_site, tell

__all__ = ["roads", "small_site"]
END = object()


@dataclass
class _Answer:
    """What the application has answered so far."""

    begun: Future[Message]
    parts: queue.Queue[Any]
    gone: asyncio.Event


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: _Answer, loop: asyncio.AbstractEventLoop, read_s: float | None) -> None:
        self._answer, self._loop, self._read_s = answer, loop, read_s

    def __iter__(self) -> Iterator[bytes]:
        while True:
            try:
                part = self._answer.parts.get(timeout=self._read_s)
            except queue.Empty:
                raise httpx.ReadTimeout("nothing came") from None
            if part is END:
                return
            yield part

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._answer.gone.set)


class Bridge(httpx.BaseTransport):
    """From a command that blocks to an application on a loop in another thread."""

    def __init__(self, app: FastAPI, loop: asyncio.AbstractEventLoop) -> None:
        self._app, self._loop = app, loop
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = _Answer(Future(), queue.Queue(), asyncio.Event())
        asyncio.run_coroutine_threadsafe(self._call(request, answer), self._loop)
        begun = answer.begun.result(timeout=30.0)
        body = _Body(answer, self._loop, request.extensions["timeout"]["read"])
        return httpx.Response(begun["status"], headers=begun["headers"], stream=body)

    async def _call(self, request: httpx.Request, answer: _Answer) -> None:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "path": request.url.path,
            "raw_path": request.url.raw_path,
            "query_string": request.url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "scheme": "http",
            "server": ("127.0.0.1", 8700),
            "client": ("127.0.0.1", 1),
        }
        has_asked = False

        async def receive() -> Message:
            nonlocal has_asked
            if not has_asked:
                has_asked = True
                return {"type": "http.request", "body": request.content, "more_body": False}
            await answer.gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.begun.set_result(message)
            else:
                answer.parts.put(message.get("body", b""))
                if not message.get("more_body", False):
                    answer.parts.put(END)

        await self._app(scope, receive, send)
        answer.parts.put(END)


@dataclass
class Shell:
    """A shell in which `fleet` reaches the small fleet."""

    bridge: Bridge
    app: FastAPI
    pauses: list[float]

    def run(self, *args: str, typed: str | bytes | None = None) -> typer.testing.Result:
        wiring = Wiring(self.bridge, self.pauses.append)
        return typer.testing.CliRunner().invoke(cli, list(args), input=typed, obj=wiring)


@pytest.fixture(scope="session")
def worked_hour(roads: SiteRoads) -> bytes:
    """The store of the small fleet after an hour: r1 and r2 delivered, r3 cancelled, heavy too heavy."""
    store = SqlStore("sqlite://")

    async def story(fleet: Served) -> None:
        runs = [fleet.run("r1"), fleet.run("r2", point_id="east"), fleet.run("r3"), fleet.run("heavy", mass_kg=5e4)]
        assert (await fleet.submit(*runs)).status_code == 201
        await fleet.http.post("/api/v1/runs/r3/cancel", json={"why": "a test"})
        await asyncio.sleep(HOUR_S)

    tell(roads, story, store=store, with_vehicles=True)
    return store.dump()


@pytest.fixture
def shell(roads: SiteRoads, worked_hour: bytes) -> Iterator[Shell]:
    ready: Future[Shell] = Future()
    done = asyncio.Event()

    async def live() -> None:
        now = SystemClock.started_now()
        clock = SystemClock(1.0, START_S + 2 * HOUR_S, now.anchor_machine_s)
        area = new_area(roads, SqlStore("sqlite://", template=worked_hour), clock, MemoryBroker(random.Random(1)))
        await area.open()
        app = build_app(area)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(area.run(), name="area")
            ready.set_result(Shell(Bridge(app, asyncio.get_running_loop()), app, []))
            await done.wait()
            running.cancel()

    thread = threading.Thread(target=asyncio.run, args=(live(),), name="small-fleet")
    thread.start()
    found = ready.result(timeout=30.0)
    yield found
    found.bridge._loop.call_soon_threadsafe(done.set)
    thread.join(timeout=30.0)


def test_the_small_daemon_answers_a_shell(shell: Shell) -> None:
    assert shell.run("run", "list", "-o", "name").stdout.split() == ["heavy", "r1", "r2", "r3"]
