"""Events as they stand in the journal: an envelope with a hash chain, and a body of JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from fleet.errors import StoreCorruptError
from fleet.model import event as events
from fleet.model.change import replace
from fleet.model.event import Event

FIRST_HASH = "0" * 64
EVENT_TYPES: Mapping[str, type[Event]] = {kind.__name__: kind for kind in Event.__subclasses__()}
TYPE_VERSIONS: Mapping[str, int] = dict.fromkeys(EVENT_TYPES, 1)

Upcaster = Callable[[bytes], bytes]
UPCASTERS: Mapping[tuple[str, int], Upcaster] = {}
"""(type, version) -> what turns that body into one of the next version. Old bodies are read through these, never
rewritten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row of the journal.

    Attributes:
        seq: counts per area from 1, without gaps.
        trade_s: trade time of the turn that made the event.
        machine_s: wall time of the machine; a note, never used.
        trace: follows one request through everything it leads to.
        hash: of the envelope, the body and the hash before.
    """

    area: str
    seq: int
    trade_s: float
    machine_s: float
    type: str
    version: int
    actor: str
    cause: str
    trace: str
    brand: str
    epoch: int
    prev_hash: str
    hash: str
    body: str

    def event(self) -> Event:
        """The event, whatever version it was written in.

        Raises:
            StoreCorruptError: this program does not know the type or version, or the body cannot be read.
        """
        kind = EVENT_TYPES.get(self.type)
        if kind is None or self.version > TYPE_VERSIONS[self.type]:
            raise StoreCorruptError(
                f"event {self.seq} is a {self.type} of version {self.version}, which this program does not know;"
                " start the program that wrote this journal, or a newer one"
            )
        body = self.body.encode()
        for version in range(self.version, TYPE_VERSIONS[self.type]):
            body = UPCASTERS[self.type, version](body)
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise StoreCorruptError(f"event {self.seq} ({self.type}) cannot be read: {error}") from error

    def expected_hash(self) -> str:
        return chain_hash(self)


def chain_hash(record: Record) -> str:
    """sha256 over the hash before, the envelope and the body, field by field with their lengths."""
    digest = hashlib.sha256()
    for value in (
        record.prev_hash,
        record.area,
        str(record.seq),
        repr(record.trade_s),
        repr(record.machine_s),
        record.type,
        str(record.version),
        record.actor,
        record.cause,
        record.trace,
        record.brand,
        str(record.epoch),
        record.body,
    ):
        part = value.encode()
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """Where an area's history ends."""

    seq: int
    hash: str


def record_of(
    event: Event,
    head: Head,
    *,
    area: str,
    epoch: int,
    trade_s: float,
    machine_s: float,
    actor: str,
    cause: str,
) -> Record:
    """The event as the record behind `head`.

    Raises:
        ValueError: it holds a number that is not finite, and could never be read again.
    """
    name = type(event).__name__
    blank = Record(
        area=area,
        seq=head.seq + 1,
        trade_s=trade_s,
        machine_s=machine_s,
        type=name,
        version=TYPE_VERSIONS[name],
        actor=actor,
        cause=cause,
        trace=_trace(event),
        brand=_brand(event),
        epoch=epoch,
        prev_hash=head.hash,
        hash="",
        body=_body(event),
    )
    return replace(blank, hash=chain_hash(blank))


def _body(event: Event) -> str:
    """The event as JSON that can be read back; a number that is not finite would silently become null."""
    body = msgspec.json.encode(event)
    if b"null" in body and not _reads_back(body, event):
        raise ValueError(f"{type(event).__name__} holds what JSON cannot: {event}")
    return body.decode()


def _reads_back(body: bytes, event: Event) -> bool:
    try:
        return msgspec.json.decode(body, type=type(event)) == event
    except msgspec.ValidationError:
        return False


def _trace(event: Event) -> str:
    """The id that ties a record to its run, trip, order or vehicle."""
    for name in ("run_id", "trip_id", "order_id", "vehicle_id"):
        value = getattr(event, name, None)
        if value:
            return str(value)
    if isinstance(event, events.OrderIssued):
        return event.order.id
    return ""


def _brand(event: Event) -> str:
    if isinstance(event, events.RunsAccepted) and event.runs:
        return event.runs[0].brand
    return ""
