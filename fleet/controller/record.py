"""A draft becomes a commit: records with their hash chain, outbox rows, and rows for those who query."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from fleet.controller.turn import events_of
from fleet.journal.commit import Commit
from fleet.journal.record import Head, Record, record_of
from fleet.journal.rows import changed_rows
from fleet.journal.snapshot import snapshot_text
from fleet.model import event as ev
from fleet.orders.outlet import OutboxRow, OutboxStatus
from fleet.orders.reach import RESPONSES, ZONES
from fleet.state.draft import Draft

SHARED_NAMES = (ZONES, RESPONSES)
"""Topics whose references are not ours alone: many vehicles are told one zone set, some of them twice, and vehicles
number their requests as they like. Their rows are told apart by a number of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What stands on every record of one controller."""

    area: str
    epoch: int


def commit_of(
    draft: Draft,
    desk: Desk,
    head: Head,
    *,
    machine_s: float,
    first_row_id: int,
    moves: tuple[tuple[int, OutboxStatus], ...],
    with_snapshot: bool,
) -> Commit:
    """Everything the turn wants written.

    Args:
        first_row_id: number of the first new outbox row.
        moves: outbox rows that the turn's state settles.
    """
    return Commit(
        area=desk.area,
        epoch=desk.epoch,
        head=head,
        records=tuple(_records(draft, desk, head, machine_s)),
        outbox=tuple(_outbox(draft, head, first_row_id)),
        moves=moves,
        tables=changed_rows(draft.base, draft.state, events_of(draft)),
        keys=tuple((e.key, e.digest) for e in events_of(draft) if isinstance(e, ev.RunsAccepted) and e.key),
        snapshot=snapshot_text(draft.state) if with_snapshot else None,
    )


def _records(draft: Draft, desk: Desk, head: Head, machine_s: float) -> list[Record]:
    records: list[Record] = []
    for entry in draft.entries:
        last = Head(records[-1].seq, records[-1].hash) if records else head
        record = record_of(
            entry.event,
            last,
            area=desk.area,
            epoch=desk.epoch,
            trade_s=draft.now_s,
            machine_s=machine_s,
            actor=entry.actor,
            cause=entry.cause,
        )
        records.append(record)
    return records


def _outbox(draft: Draft, head: Head, first_row_id: int) -> list[OutboxRow]:
    rows = []
    for i, letter in enumerate(draft.letters):
        row = OutboxRow(
            id=first_row_id + i,
            seq=head.seq + letter.after,
            vehicle_id=letter.vehicle_id,
            topic=letter.topic,
            ref=letter.ref,
            update_id=first_row_id + i if letter.topic in SHARED_NAMES else letter.update_id,
            body=letter.body,
            digest=hashlib.sha256(letter.body).hexdigest(),
            created_s=draft.now_s,
        )
        rows.append(row)
    return rows
