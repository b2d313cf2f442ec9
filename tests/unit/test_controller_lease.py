"""Owning an area: only for so long, and only until somebody else does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from fleet.controller.lease import MARGIN_S, TTL_S, LeaseKeeper
from fleet.errors import FencedError
from fleet.journal.store import SqlStore
from vehicle_sim.virtual_time import VirtualClock, run_virtual

WALL_S = 1_800_000_000.0


@dataclass
class StoppedClock:
    """A clock that moves only when told; the machine's two clocks move together."""

    now_s: float = 0.0
    wall_jump_s: float = 0.0

    def trade_now_s(self) -> float:
        return WALL_S + self.now_s

    def machine_now_s(self) -> float:
        return self.now_s

    def machine_wall_s(self) -> float:
        return WALL_S + self.now_s + self.wall_jump_s

    async def sleep_until(self, trade_s: float) -> None:
        self.now_s = max(self.now_s, trade_s - WALL_S)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def store() -> Iterator[SqlStore]:
    store = SqlStore("sqlite://")
    yield store
    store.close()


def keeper(store: SqlStore, clock: StoppedClock, owner: str = "us") -> LeaseKeeper:
    return LeaseKeeper(store, clock, "town", owner)


def test_nobody_owns_an_area_before_asking(store: SqlStore, clock: StoppedClock) -> None:
    lease = keeper(store, clock)
    assert not lease.is_good
    with pytest.raises(FencedError, match="not acquired"):
        _ = lease.epoch
    with pytest.raises(FencedError, match="not acquired"):
        lease.renew()


def test_a_lease_is_good_for_a_little_less_than_its_time(store: SqlStore, clock: StoppedClock) -> None:
    lease = keeper(store, clock)
    lease.acquire(by_force=False)
    clock.now_s = TTL_S - MARGIN_S - 0.01
    assert lease.is_good
    clock.now_s = TTL_S - MARGIN_S
    assert not lease.is_good


def test_a_renewed_lease_is_good_for_longer(store: SqlStore, clock: StoppedClock) -> None:
    lease = keeper(store, clock)
    lease.acquire(by_force=False)
    clock.now_s = 3.0
    lease.renew()
    clock.now_s = 3.0 + TTL_S - MARGIN_S - 0.01
    assert lease.is_good


def test_a_frozen_owner_finds_its_lease_run_out_and_its_area_taken(store: SqlStore, clock: StoppedClock) -> None:
    frozen, other = keeper(store, clock), keeper(store, clock, "them")
    frozen.acquire(by_force=False)
    clock.now_s = TTL_S + 1.0
    other.acquire(by_force=False)
    assert not frozen.is_good
    with pytest.raises(FencedError):
        frozen.renew()
    assert other.epoch == frozen.epoch + 1


def test_a_lease_that_is_good_keeps_others_out(store: SqlStore, clock: StoppedClock) -> None:
    keeper(store, clock).acquire(by_force=False)
    with pytest.raises(FencedError, match="owned by us"):
        keeper(store, clock, "them").acquire(by_force=False)


def test_force_takes_a_lease_at_once(store: SqlStore, clock: StoppedClock) -> None:
    first, other = keeper(store, clock), keeper(store, clock, "them")
    first.acquire(by_force=False)
    other.acquire(by_force=True)
    assert other.is_good
    with pytest.raises(FencedError):
        first.renew()


def test_a_jump_of_the_wall_clock_does_not_end_a_lease(store: SqlStore, clock: StoppedClock) -> None:
    lease = keeper(store, clock)
    lease.acquire(by_force=False)
    clock.wall_jump_s = 86_400.0
    assert lease.is_good


def test_a_store_that_cannot_be_reached_leaves_the_lease_to_run_out(store: SqlStore, clock: StoppedClock) -> None:
    lease = keeper(store, clock)
    lease.acquire(by_force=False)
    with store._engine.connect() as connection:
        connection.execute(sa.text("PRAGMA query_only = ON"))
    clock.now_s = 3.0
    lease.renew()
    assert lease.is_good
    clock.now_s = TTL_S
    assert not lease.is_good


def test_a_lease_is_renewed_in_time_for_as_long_as_it_is_kept() -> None:
    async def keep(clock: VirtualClock) -> bool:
        store = SqlStore("sqlite://")
        lease = LeaseKeeper(store, clock, "town", "us")
        lease.acquire(by_force=False)
        was_good = []
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(lease.keep())
            for _ in range(100):
                await asyncio.sleep(1.0)
                was_good.append(lease.is_good)
            keeping.cancel()
        store.close()
        return all(was_good)

    assert run_virtual(keep)
