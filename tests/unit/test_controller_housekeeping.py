"""Beside the turns: snapshots that spare the next start the whole history, and words that are no longer needed."""

from __future__ import annotations

import asyncio

import pytest

from fleet.controller import scribe
from fleet.dispatch.commands import HoldVehicle
from fleet.errors import StoreBusyError
from fleet.journal.record import Head
from fleet.journal.replay import restore
from tests.life import Town, lived
from tests.nouns import VAN_1


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe, "SNAPSHOT_EVERY", 5)


def test_a_snapshot_is_kept_now_and_then_and_the_next_start_begins_there() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            for i in range(12):
                await controller.ask(HoldVehicle(VAN_1, f"reason {i}"), "people")
                await asyncio.sleep(1.0)
            saved = place.store.load("town")
            assert saved.snapshot is not None
            assert len(saved.records) < 6
            assert restore(saved, place.store, "town") == controller.state

    lived(work)


def test_a_snapshot_that_cannot_be_kept_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(area: str, epoch: int, head: Head, body: str) -> None:
        raise StoreBusyError("no room")

    async def work(place: Town) -> None:
        monkeypatch.setattr(place.store, "write_snapshot", refuses)
        async with place.served() as controller:
            for i in range(12):
                await controller.ask(HoldVehicle(VAN_1, f"reason {i}"), "people")
            assert place.store.load("town").snapshot is None
            assert not controller.store_trouble

    lived(work)
