"""The state at any moment past: the fold of the records up to there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fleet.journal.commit import Saved, Store
from fleet.journal.record import FIRST_HASH, Record
from fleet.journal.snapshot import state_of
from fleet.state.apply import apply
from fleet.state.fleet_state import FleetState

PAGE = 2000


def fold(state: FleetState, records: Iterable[Record]) -> FleetState:
    """The state after these records."""
    for record in records:
        state = apply(state, record.event(), record.trade_s)
    return state


def restore(saved: Saved, store: Store, area: str) -> FleetState:
    """The present state of an area, from its newest readable snapshot and the records since."""
    state = state_of(saved.snapshot) if saved.snapshot is not None else None
    if state is not None:
        return fold(state, saved.records)
    return fold(FleetState(), all_records(store, area))


def all_records(store: Store, area: str, until_seq: int | None = None) -> Iterator[Record]:
    """Every record of the area in order, page by page."""
    seq = 0
    while page := store.records(area, seq, PAGE):
        for record in page:
            if until_seq is not None and record.seq > until_seq:
                return
            yield record
        seq = page[-1].seq


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first record that is not as it was written."""

    seq: int
    what: str


def verify(records: Iterable[Record]) -> Flaw | None:
    """The first flaw of a history that must begin at its beginning: a gap, a changed record, a broken chain."""
    expected_seq, hash_before = 1, FIRST_HASH
    for record in records:
        if record.seq != expected_seq:
            return Flaw(record.seq, f"record {expected_seq} is missing")
        if record.prev_hash != hash_before:
            return Flaw(record.seq, "does not follow the record before it")
        if record.hash != record.expected_hash():
            return Flaw(record.seq, "was changed after it was written")
        expected_seq, hash_before = record.seq + 1, record.hash
    return None
