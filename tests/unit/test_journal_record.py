"""Events as they stand in the journal: the chain, the envelope, and what shows that it was touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import pytest

from fleet.errors import StoreCorruptError
from fleet.journal.record import EVENT_TYPES, FIRST_HASH, Head, Record, chain_hash, record_of
from fleet.journal.replay import Flaw, verify
from fleet.model import event as ev
from fleet.model.ids import VehicleId
from tests.nouns import NOW_S, a_run


def chain(count: int, head: Head | None = None) -> list[Record]:
    head = head or Head(0, FIRST_HASH)
    made: list[Record] = []
    for number in range(count):
        event = ev.VehicleHeld(vehicle_id=VehicleId(f"van-{number}"), why="x")
        record = record_of(event, head, area="town", epoch=1, trade_s=NOW_S, machine_s=NOW_S, actor="us", cause="")
        made.append(record)
        head = Head(record.seq, record.hash)
    return made


def rehashed(record: Record) -> Record:
    return replace(record, hash=chain_hash(record))


Tampering = Callable[[list[Record]], list[Record]]
TAMPERINGS: dict[str, tuple[Tampering, int, str]] = {
    "a body was changed": (
        lambda records: [*records[:2], replace(records[2], body='{"vehicle_id":"van-2","why":"y"}'), *records[3:]],
        3,
        "was changed",
    ),
    "a time was changed": (lambda r: [*r[:1], replace(r[1], trade_s=NOW_S + 1.0), *r[2:]], 2, "was changed"),
    "an actor was changed": (lambda r: [*r[:1], replace(r[1], actor="them"), *r[2:]], 2, "was changed"),
    "a body was changed and hashed anew": (
        lambda r: [*r[:2], rehashed(replace(r[2], body='{"vehicle_id":"van-2","why":"y"}')), *r[3:]],
        4,
        "does not follow",
    ),
    "a record was cut out": (lambda r: [*r[:2], *r[3:]], 4, "record 3 is missing"),
    "the beginning was cut off": (lambda r: r[1:], 2, "record 1 is missing"),
    "two records changed places": (lambda r: [r[0], r[2], r[1], *r[3:]], 3, "record 2 is missing"),
    "a record stands there twice": (lambda r: [*r[:2], r[1], *r[2:]], 2, "record 3 is missing"),
    "another history was put behind": (lambda r: [*r[:3], *chain(2, Head(3, "f" * 64))], 4, "does not follow"),
}


def test_a_history_as_it_was_written_has_no_flaw() -> None:
    assert verify(chain(6)) is None


def test_an_empty_history_has_no_flaw() -> None:
    assert verify([]) is None


@pytest.mark.parametrize("what", TAMPERINGS)
def test_each_tampering_names_the_right_record(what: str) -> None:
    tamper, seq, says = TAMPERINGS[what]
    flaw = verify(tamper(chain(6)))
    assert isinstance(flaw, Flaw)
    assert flaw.seq == seq
    assert says in flaw.what


@pytest.mark.parametrize("name", [f.name for f in fields(Record) if f.name not in ("hash",)])
def test_every_field_of_a_record_is_under_its_hash(name: str) -> None:
    [record] = chain(1)
    value = getattr(record, name)
    changed = {name: value + "x" if isinstance(value, str) else value + 1}
    assert chain_hash(replace(record, **changed)) != record.hash  # type: ignore[arg-type]  # by field name


def test_text_cannot_move_from_one_field_to_the_next_unseen() -> None:
    [record] = chain(1)
    one, other = (replace(record, actor=actor, cause=cause) for actor, cause in (("ab", "c"), ("a", "bc")))
    assert chain_hash(one) != chain_hash(other)


def test_a_record_counts_on_from_the_head_and_carries_its_hash() -> None:
    [record] = chain(1, Head(41, "e" * 64))
    assert (record.seq, record.prev_hash) == (42, "e" * 64)


def test_a_record_can_be_followed_by_the_thing_it_is_about() -> None:
    [record] = chain(1)
    assert record.trace == "van-0"


def test_the_brand_that_asked_stands_on_the_record() -> None:
    accepted = ev.RunsAccepted(key="k", digest="d", runs=(replace(a_run(), brand="swift"),))
    record = record_of(
        accepted,
        Head(0, FIRST_HASH),
        area="town",
        epoch=1,
        trade_s=NOW_S,
        machine_s=NOW_S,
        actor="client",
        cause="",
    )
    assert record.brand == "swift"


def test_an_event_of_an_unknown_type_says_which_program_can_read_it() -> None:
    [record] = chain(1)
    with pytest.raises(StoreCorruptError, match="a newer one"):
        replace(record, type="RunTeleported").event()


def test_an_event_of_a_newer_version_is_not_guessed_at() -> None:
    [record] = chain(1)
    with pytest.raises(StoreCorruptError, match="version 2"):
        replace(record, version=2).event()


@pytest.mark.parametrize("body", ["", "{", "{}", "[]", '{"vehicle_id":7,"why":"x"}'])
def test_a_body_that_cannot_be_read_names_its_record(body: str) -> None:
    [record] = chain(1)
    with pytest.raises(StoreCorruptError, match="event 1"):
        replace(record, body=body).event()


def test_a_field_that_a_later_program_added_is_passed_over() -> None:
    [record] = chain(1)
    body = record.body.removesuffix("}") + ',"colour":"red"}'
    assert replace(record, body=body).event() == record.event()


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_json_cannot_hold_never_gets_into_the_journal(number: float) -> None:
    """JSON would make null of it, and the journal could not be read again."""
    closed = ev.RoadClosed(road_key="e1-2-1", until_s=number, why="for ever")
    with pytest.raises(ValueError, match="RoadClosed"):
        record_of(
            closed,
            Head(0, FIRST_HASH),
            area="town",
            epoch=1,
            trade_s=NOW_S,
            machine_s=NOW_S,
            actor="us",
            cause="",
        )


def test_every_kind_of_event_can_be_read_by_its_name() -> None:
    assert {kind.__name__ for kind in ev.Event.__subclasses__()} == set(EVENT_TYPES)
