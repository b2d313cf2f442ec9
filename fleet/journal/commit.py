"""What one turn wants written, in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fleet.journal.record import Head, Record
from fleet.orders.outlet import OutboxRow, OutboxStatus

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Everything a turn wants written.

    Attributes:
        head: where the history ended when the turn began; the commit fails if it ends elsewhere now.
        moves: outbox rows and what became of them.
        tables: rows to write over in the tables that people query, by table name.
        keys: idempotency keys with the digest of their request.
        snapshot: the whole state after this commit, where a large write shall show whether there is room again.
    """

    area: str
    epoch: int
    head: Head
    records: tuple[Record, ...]
    outbox: tuple[OutboxRow, ...] = ()
    moves: tuple[tuple[int, OutboxStatus], ...] = ()
    tables: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)
    keys: tuple[tuple[str, str], ...] = ()
    snapshot: str | None = None

    @property
    def new_head(self) -> Head:
        if not self.records:
            return self.head
        last = self.records[-1]
        return Head(last.seq, last.hash)


@dataclass(frozen=True, slots=True)
class Lease:
    """An area's owner, as the store has it."""

    area: str
    owner: str
    epoch: int
    expires_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a store holds of an area: a snapshot, the records since, and the outbox rows that are still open.

    Attributes:
        snapshot: the newest one that this very program made; None where there is none, and then no records are here.
    """

    head: Head
    snapshot: str | None
    snapshot_seq: int
    records: tuple[Record, ...]
    outbox: tuple[OutboxRow, ...]
    outbox_id_max: int


class Store(Protocol):
    """Where history is written. Synchronous: a driver decides in which thread it runs."""

    def acquire(self, area: str, owner: str, now_s: float, ttl_s: float, *, by_force: bool = False) -> Lease:
        """Become the area's owner with a new epoch.

        Args:
            by_force: the caller knows that the owner before is gone; without it, an unexpired lease is respected.

        Raises:
            FencedError: another owner holds an unexpired lease.
        """
        ...

    def renew(self, lease: Lease, expires_s: float) -> None:
        """Move the expiry.

        Raises:
            FencedError: the area has another epoch now.
        """
        ...

    def load(self, area: str) -> Saved: ...

    def write(self, commits: list[Commit]) -> list[Exception | None]:
        """Write all commits in one transaction; a commit that fails for itself takes none of the others with it.

        Returns:
            For each commit None, or why it was not written.

        Raises:
            StoreBusyError: nothing was written.
            StoreUnsureError: it is unknown what was written.
        """
        ...

    def head(self, area: str) -> Head: ...

    def records(self, area: str, after_seq: int, limit: int) -> list[Record]: ...

    def rows(self, table: str, area: str) -> list[Row]: ...

    def rows_of(self, table: str, area: str, names: Sequence[str]) -> list[Row]:
        """Rows with these names in a table that people query, or of these idempotency keys in "request_key"."""
        ...

    def write_snapshot(self, area: str, epoch: int, head: Head, body: str) -> None:
        """Keep the whole state as it was at `head`, which the history may have left behind meanwhile.

        Raises:
            FencedError: the area has another epoch now.
        """
        ...

    def drop_bodies(self, area: str, epoch: int, before_s: float, kept: Sequence[str], limit: int) -> int:
        """Drop the oldest bodies of settled outbox rows; their digests stay. Nothing is done in another epoch.

        Args:
            before_s: only bodies that were written at this trade time or earlier.
            kept: order ids whose bodies stay.
            limit: at most so many.

        Returns:
            How many were dropped.
        """
        ...

    def close(self) -> None: ...
