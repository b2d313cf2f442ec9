"""Whatever people say of unsure parcels, in whatever order: none is forgotten, and none counts twice."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from fleet.dispatch.commands import perform
from fleet.dispatch.settle import SettleParcels, unsure
from fleet.errors import RefusedError
from fleet.model.assist import AssistCause
from fleet.model.custody import CustodyKind
from fleet.model.ids import RunId, VehicleId
from fleet.model.run import OPEN_PHASES
from fleet.report.accounting import asked_of, balance
from fleet.state.apply import apply
from fleet.state.draft import Draft
from tests.nouns import NOW_S, VAN_1, VAN_2, a_run, loaded, parcels_of, town

RUN = RunId("run-1")
PARCELS = parcels_of("run-1", 5)
K = CustodyKind


@st.composite
def words(draw: st.DrawFn) -> SettleParcels:
    at = draw(st.sampled_from([K.POINT, K.STATION, K.VEHICLE, K.MISSING]))
    return SettleParcels(
        run_id=RUN,
        at=at,
        why="looked",
        vehicle_id=draw(st.sampled_from([VAN_1, VAN_2])) if at is K.VEHICLE else None,
        parcel_ids=tuple(draw(st.lists(st.sampled_from(PARCELS), unique=True))),
        tries_again=draw(st.booleans()),
    )


def settled(said: list[SettleParcels]) -> Draft:
    draft = Draft(loaded(town(), a_run(parcels=5)), NOW_S)
    unsure(draft, RUN, PARCELS, "no outcome")
    for word in said:
        mark = draft.mark()
        try:
            perform(draft, town(), word)
        except RefusedError:
            draft.back_to(mark)
    return draft


def kinds(draft: Draft) -> Counter[CustodyKind]:
    return Counter(draft.state.custody[parcel].kind for parcel in PARCELS)


@given(st.lists(words(), max_size=6))
def test_a_run_is_over_exactly_when_nothing_of_it_is_unsure_aboard_or_tried_again(said: list[SettleParcels]) -> None:
    draft = settled(said)
    view, held = draft.state.run(RUN), kinds(draft)
    goes_on = bool(held[K.ASSIST] or held[K.VEHICLE] or view.phase == "requested")
    assert (view.phase in OPEN_PHASES) is goes_on
    assert (RUN in draft.state.open_runs) is goes_on
    assert goes_on or view.phase == "delivered" or view.cause


@given(st.lists(words(), max_size=6))
def test_a_person_is_called_exactly_as_long_as_a_parcel_is_unsure(said: list[SettleParcels]) -> None:
    draft = settled(said)
    call = draft.state.open_assist("run:run-1", AssistCause.PARCELS_UNSURE)
    assert (call is not None) is bool(kinds(draft)[K.ASSIST])


@given(st.lists(words(), max_size=6))
def test_every_parcel_is_counted_once_by_run_and_by_report(said: list[SettleParcels]) -> None:
    draft = settled(said)
    view, held = draft.state.run(RUN), kinds(draft)
    assert (view.delivered_count, len(view.missing)) == (held[K.POINT], held[K.MISSING])
    counted = balance(asked_of(draft.state), draft.state, None).runs[0].parcels
    assert counted.delivered + counted.returned + counted.open + counted.lost == len(PARCELS)
    assert counted.lost >= held[K.MISSING]


@given(st.lists(words(), max_size=6))
def test_what_is_aboard_is_what_was_said_to_be(said: list[SettleParcels]) -> None:
    draft = settled(said)
    for vehicle_id, twin in draft.state.twins.items():
        assert (RUN in twin.aboard) is any(draft.state.custody[p].holder == vehicle_id for p in PARCELS)


@given(st.lists(words(), max_size=6))
def test_a_settlement_said_again_changes_nothing(said: list[SettleParcels]) -> None:
    draft = settled(said)
    before, entries = draft.state, len(draft.entries)
    for known in draft.state.run(RUN).settlements:
        again = SettleParcels(
            run_id=RUN,
            at=known.at,
            why="looked",
            vehicle_id=VehicleId(known.holder) if known.at is K.VEHICLE else None,
            parcel_ids=known.parcel_ids,
            tries_again=known.tries_again,
        )
        assert perform(draft, town(), again).is_repeat
    assert (draft.state, len(draft.entries)) == (before, entries)


@given(st.lists(words(), max_size=6))
def test_the_journal_replays_to_the_same_state(said: list[SettleParcels]) -> None:
    draft = settled(said)
    state = draft.base
    for entry in draft.entries:
        state = apply(state, entry.event, NOW_S)
    assert state == draft.state
