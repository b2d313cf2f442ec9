"""Owning an area: a lease in the store, renewed in time, and checked before anything is sent."""

from __future__ import annotations

import asyncio

import structlog

from fleet.clock import Clock
from fleet.errors import FencedError, JournalError
from fleet.journal.commit import Lease, Store

TTL_S = 5.0
MARGIN_S = 1.0

log = structlog.get_logger("fleet.lease")


class LeaseKeeper:
    """Holds the lease of one area. Time is the machine's: a frozen process finds its lease run out."""

    def __init__(self, store: Store, clock: Clock, area: str, owner: str, ttl_s: float = TTL_S) -> None:
        self._store = store
        self._ttl_s = ttl_s
        self._clock = clock
        self._area = area
        self._owner = owner
        self._lease: Lease | None = None
        self._good_until_s = 0.0

    def acquire(self, *, by_force: bool) -> None:
        """Become the owner, with a new epoch.

        Raises:
            FencedError: another owner holds an unexpired lease.
        """
        asked_s = self._clock.machine_now_s()
        wall_s = self._clock.machine_wall_s()
        self._lease = self._store.acquire(self._area, self._owner, wall_s, self._ttl_s, by_force=by_force)
        self._good_until_s = asked_s + self._ttl_s - MARGIN_S

    @property
    def epoch(self) -> int:
        if self._lease is None:
            raise FencedError(f"area {self._area} was not acquired")
        return self._lease.epoch

    @property
    def is_good(self) -> bool:
        """Surely still ours at this moment."""
        return self._lease is not None and self._clock.machine_now_s() < self._good_until_s

    async def keep(self) -> None:
        """Renew at a third of the lease's time, until cancelled.

        Raises:
            FencedError: somebody else owns the area now.
        """
        while True:
            await asyncio.sleep(self._ttl_s / 3.0)
            self.renew()

    def renew(self) -> None:
        if self._lease is None:
            raise FencedError(f"area {self._area} was not acquired")
        asked_s = self._clock.machine_now_s()
        try:
            self._store.renew(self._lease, self._clock.machine_wall_s() + self._ttl_s)
        except FencedError:
            raise
        except JournalError as error:
            log.warning("lease_not_renewed", area=self._area, error=str(error))
            return
        self._good_until_s = asked_s + self._ttl_s - MARGIN_S
