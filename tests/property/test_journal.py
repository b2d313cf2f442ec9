"""Whatever is written, in whatever groups and with whatever refusals between, one unbroken history remains."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.errors import FencedError
from fleet.journal.commit import Commit
from fleet.journal.record import Head, Record, record_of
from fleet.journal.replay import all_records, fold, verify
from fleet.journal.store import SqlStore
from fleet.model import event as ev
from fleet.model.ids import AreaId
from fleet.state.fleet_state import FleetState
from tests.nouns import NOW_S, VAN_1, a_vehicle

TEMPLATE = SqlStore("sqlite://")
EMPTY = TEMPLATE.dump()
AREAS = (AreaId("north"), AreaId("south"))


def records(area: str, epoch: int, head: Head, texts: list[str]) -> tuple[Record, ...]:
    made: list[Record] = []
    for text in texts:
        event: ev.Event = ev.VehicleHeld(vehicle_id=VAN_1, why=text)
        if head.seq == 0:
            event = ev.VehicleEnrolled(vehicle=a_vehicle())
        record = record_of(event, head, area=area, epoch=epoch, trade_s=NOW_S, machine_s=NOW_S, actor=text, cause=text)
        made.append(record)
        head = Head(record.seq, record.hash)
    return tuple(made)


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
attempts = st.lists(
    st.tuples(
        st.sampled_from(AREAS), st.lists(text, min_size=1, max_size=3), st.sampled_from(["good", "epoch", "head"])
    ),
    max_size=12,
)


@given(st.lists(attempts, max_size=5))
@settings(max_examples=60)
def test_history_stays_whole_and_each_commit_is_all_there_or_not_at_all(
    groups: list[list[tuple[AreaId, list[str], str]]],
) -> None:
    store = SqlStore("sqlite://", EMPTY)
    epochs = {area: store.acquire(area, "us", NOW_S, 5.0).epoch for area in AREAS}
    heads = {area: store.head(area) for area in AREAS}
    kept: dict[AreaId, list[Record]] = {area: [] for area in AREAS}
    for group in groups:
        commits, wanted = [], []
        for area, texts, fault in group:
            epoch = epochs[area] + (fault == "epoch")
            head = Head(heads[area].seq + 1, "0" * 64) if fault == "head" else heads[area]
            made = records(area, epoch, head, texts)
            commits.append(Commit(area=area, epoch=epoch, head=head, records=made))
            wanted.append(fault == "good")
            if fault == "good":
                heads[area] = Head(made[-1].seq, made[-1].hash)
                kept[area] += made
        outcomes = store.write(commits)
        assert [outcome is None for outcome in outcomes] == wanted
        assert all(outcome is None or isinstance(outcome, FencedError) for outcome in outcomes)
    for area in AREAS:
        found = list(all_records(store, area))
        assert found == kept[area]
        assert verify(found) is None
        assert store.head(area) == heads[area]
    store.close()


@given(st.lists(text, min_size=2, max_size=8), st.data())
def test_no_change_of_any_field_goes_unseen(texts: list[str], data: st.DataObject) -> None:
    history = list(records("north", 1, Head(0, "0" * 64), texts))
    at = data.draw(st.integers(0, len(history) - 1))
    name = data.draw(st.sampled_from(["area", "type", "actor", "cause", "trace", "brand", "body", "prev_hash", "hash"]))
    old = getattr(history[at], name)
    new = data.draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=70).filter(lambda value: value != old))
    history[at] = _changed(history[at], name, new)
    flaw = verify(history)
    assert flaw is not None
    assert flaw.seq == at + 1


def _changed(record: Record, name: str, value: str) -> Record:
    fields = {field: getattr(record, field) for field in Record.__dataclass_fields__}
    return Record(**(fields | {name: value}))


@given(st.lists(text, min_size=1, max_size=10), st.data())
def test_replay_stops_at_any_number(texts: list[str], data: st.DataObject) -> None:
    store = SqlStore("sqlite://", EMPTY)
    store.acquire("north", "us", NOW_S, 5.0)
    history = records("north", 1, store.head("north"), texts)
    store.write([Commit(area="north", epoch=1, head=store.head("north"), records=history)])
    until = data.draw(st.integers(0, len(history) + 2))
    assert list(all_records(store, "north", until)) == list(history[:until])
    assert fold(FleetState(), all_records(store, "north", until)) == fold(FleetState(), history[:until])
    store.close()
