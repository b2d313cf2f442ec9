"""The demo as a customer of the daemon: over HTTP only, with keys and retries, so that a crash costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec

from fleet.cli.demo.options import DemoError
from fleet.clock import Clock

READY_S_MAX = 60.0
SUBMIT_S_MAX = 90.0
RETRY_S = 0.25
ANSWER_S_MAX = 10.0

Json = dict[str, Any]


class DemoClient:
    """Speaks to one daemon, which may die and come back under the same address.

    Args:
        url: as "http://127.0.0.1:8700".
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self._clock = clock
        self._http = httpx.AsyncClient(base_url=url, timeout=ANSWER_S_MAX, headers={"X-Actor": "demo"}, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def until_ready(self) -> None:
        """Return once the daemon can do its work.

        Raises:
            DemoError: it cannot within the time allowed; names what is missing.
        """
        until_s = self._clock.machine_now_s() + READY_S_MAX
        missing = "it does not answer"
        while self._clock.machine_now_s() < until_s:
            try:
                answer = await self._http.get("/readyz")
            except httpx.TransportError as error:
                missing = f"it does not answer ({type(error).__name__})"
            else:
                if answer.status_code == httpx.codes.OK:
                    return
                missing = _not_ready(answer)
            await asyncio.sleep(RETRY_S)
        raise DemoError(f"the daemon was not ready within {READY_S_MAX:.0f} s: {missing}")

    async def submit(self, key: str, runs: list[Json]) -> None:
        """Have runs accepted exactly once, however often that has to be said.

        Raises:
            DemoError: the daemon refuses them, or does not answer within the time allowed.
        """
        until_s = self._clock.machine_now_s() + SUBMIT_S_MAX
        trouble = ""
        while self._clock.machine_now_s() < until_s:
            try:
                answer = await self._http.post("/api/v1/runs", json={"runs": runs}, headers={"Idempotency-Key": key})
            except httpx.TransportError as error:
                trouble = type(error).__name__
            else:
                if answer.is_success:
                    return
                trouble = answer.text[:600]
                if not answer.is_server_error:
                    raise DemoError(f"the daemon refuses the runs of {key}: {trouble}")
            await asyncio.sleep(RETRY_S)
        raise DemoError(f"the runs of {key} were not accepted within {SUBMIT_S_MAX:.0f} s: {trouble}")

    async def status(self) -> Json | None:
        """The fleet in figures, or None while nobody answers."""
        try:
            answer = await self._http.get("/api/v1/status")
        except httpx.TransportError:
            return None
        return answer.json() if answer.is_success else None

    async def events(self) -> AsyncIterator[Json]:
        """Events of the journal from its beginning, none twice, over restarts of the daemon; never ends by itself."""
        seq = 0
        while True:
            try:
                async for event in self._stream(seq):
                    seq = int(event["seq"])
                    yield event
            except (httpx.HTTPError, msgspec.DecodeError):
                pass
            await asyncio.sleep(RETRY_S)

    async def _stream(self, after: int) -> AsyncIterator[Json]:
        timeout = httpx.Timeout(ANSWER_S_MAX, read=60.0)
        async with self._http.stream("GET", "/api/v1/events", params={"after": after}, timeout=timeout) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    yield msgspec.json.decode(line.removeprefix("data: "))


def _not_ready(answer: httpx.Response) -> str:
    """What the daemon lacks, in its own words."""
    checks: Json = answer.json().get("checks", {}) if "json" in answer.headers.get("content-type", "") else {}
    lacking = [f"{name}: {check['reason']}" for name, check in checks.items() if not check["ok"]]
    return "; ".join(lacking) or f"it answers {answer.status_code}"
