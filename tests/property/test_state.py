"""The state is the fold of its events, and nothing else."""

from __future__ import annotations

import ast
import inspect
import random
import tempfile
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import NewType, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.journal.record import EVENT_TYPES, Record
from fleet.journal.replay import all_records, fold, restore, verify
from fleet.journal.snapshot import snapshot_text, state_of
from fleet.model import event as ev
from fleet.state import apply as applying
from fleet.state.apply import APPLIERS, apply
from fleet.state.fleet_state import FleetState
from tests.simulation.block_town import block_town
from vehicle_sim.harness import Options, Outcome, simulate


@cache
def a_day(seed: int = 1, profile: str | None = None) -> Outcome:
    """A small day of two vans; `profile` names what goes wrong."""
    with tempfile.TemporaryDirectory() as folder:
        town = block_town(Path(folder))
    return simulate(*town, seed, Options(solver_steps=0, profile=profile))


def a_history(outcome: Outcome) -> list[Record]:
    return list(all_records(outcome.store, outcome.scenario.site.id))


@cache
def states(seed: int = 1, profile: str | None = "storm") -> tuple[FleetState, ...]:
    """The state after each record of the day, the first one before any."""
    made = [FleetState()]
    for record in a_history(a_day(seed, profile)):
        made.append(apply(made[-1], record.event(), record.trade_s))
    return tuple(made)


# Events ---------------------------------------------------------------------------------------------------------------


def test_every_kind_of_event_has_exactly_one_applier() -> None:
    assert set(APPLIERS) == set(EVENT_TYPES.values())
    assert len(set(APPLIERS.values())) == len(APPLIERS)


def test_no_kind_of_event_is_applied_by_two() -> None:
    """The second would silently take the first one's place."""
    kinds = [
        ast.unparse(decorator.args[0])
        for part in (
            applying.clock,
            applying.custody,
            applying.orders,
            applying.people,
            applying.runs,
            applying.trips,
            applying.vehicles,
        )
        for node in ast.parse(inspect.getsource(part)).body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "on"
    ]
    assert sorted(kinds) == sorted(f"ev.{name}" for name in EVENT_TYPES)


PLAIN: dict[object, st.SearchStrategy[object]] = {
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    int: st.integers(-(2**53), 2**53),
    float: st.floats(-1e12, 1e12),
    bool: st.booleans(),
    NoneType: st.none(),
}


def values(kind: object) -> st.SearchStrategy[object]:
    """Any value of a type that events are made of."""
    if isinstance(kind, NewType):
        return values(kind.__supertype__)
    if kind in PLAIN:
        return PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return st.sampled_from(list(kind))
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{field.name: values(hints[field.name]) for field in fields(kind)})
    inner = get_args(kind)
    if get_origin(kind) in (Union, UnionType):
        return st.one_of(*map(values, inner))
    if get_origin(kind) is tuple and inner[-1] is not Ellipsis:
        return st.tuples(*map(values, inner))
    many = st.lists(values(inner[0]), max_size=2)
    return many.map(frozenset) if get_origin(kind) is frozenset else many.map(tuple)


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
@settings(max_examples=25)
@given(data=st.data())
def test_every_event_comes_back_from_json_as_it_was(name: str, data: st.DataObject) -> None:
    event = data.draw(values(EVENT_TYPES[name]))
    assert msgspec.json.decode(msgspec.json.encode(event), type=EVENT_TYPES[name]) == event


# Histories ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seed", "profile"), [(1, None), (2, "storm"), (3, "storm"), (4, "one-fault:clerk_away")])
def test_replay_of_a_day_gives_the_state_that_was_lived(seed: int, profile: str | None) -> None:
    outcome = a_day(seed, profile)
    records = a_history(outcome)
    assert verify(records) is None
    assert fold(FleetState(), records) == outcome.state


def test_the_same_day_lived_twice_leaves_the_same_history_to_the_byte() -> None:
    again = a_day.__wrapped__(2, "storm")
    assert a_history(again) == a_history(a_day(2, "storm"))


@given(st.data())
def test_a_history_can_be_folded_in_pieces(data: st.DataObject) -> None:
    records = a_history(a_day(2, "storm"))
    cut = data.draw(st.integers(0, len(records)))
    assert fold(fold(FleetState(), records[:cut]), records[cut:]) == a_day(2, "storm").state


@given(st.data())
def test_applying_an_event_leaves_the_state_before_as_it_was(data: st.DataObject) -> None:
    records = a_history(a_day(2, "storm"))
    at = data.draw(st.integers(0, len(records) - 1))
    before = states(2)[at]
    text = snapshot_text(before)
    apply(before, records[at].event(), records[at].trade_s)
    assert snapshot_text(before) == text


@given(st.data())
def test_a_state_comes_back_from_its_snapshot_at_any_moment(data: st.DataObject) -> None:
    state = data.draw(st.sampled_from(states(2)))
    assert state_of(snapshot_text(state)) == state


def test_equal_states_give_equal_snapshots_whatever_way_they_came_about() -> None:
    runs = list(a_day().state.runs.items())
    random.Random(7).shuffle(runs)
    other = a_day().state.runs.__class__(runs)
    assert snapshot_text(FleetState(runs=other)) == snapshot_text(FleetState(runs=a_day().state.runs))


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"now_s":"late"}', "\x00"])
def test_a_snapshot_that_cannot_be_read_is_passed_over(text: str) -> None:
    assert state_of(text) is None


def test_a_snapshot_of_another_program_is_passed_over_and_the_journal_read_from_its_beginning() -> None:
    outcome = a_day()
    saved = outcome.store.load(outcome.scenario.site.id)
    unreadable = type(saved)(
        head=saved.head,
        snapshot='{"colour":"red"}',
        snapshot_seq=saved.head.seq,
        records=(),
        outbox=(),
        outbox_id_max=0,
    )
    assert restore(unreadable, outcome.store, outcome.scenario.site.id) == outcome.state


@given(st.data())
def test_a_state_is_restored_from_any_snapshot_and_the_records_since(data: st.DataObject) -> None:
    outcome = a_day(2, "storm")
    records = a_history(outcome)
    cut = data.draw(st.integers(1, len(records)))
    saved = outcome.store.load(outcome.scenario.site.id)
    at_cut = type(saved)(
        head=saved.head,
        snapshot=snapshot_text(states(2)[cut]),
        snapshot_seq=cut,
        records=tuple(records[cut:]),
        outbox=(),
        outbox_id_max=0,
    )
    assert restore(at_cut, outcome.store, outcome.scenario.site.id) == outcome.state


# What holds at every moment -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [2, 3])
def test_at_every_moment_what_is_aboard_is_what_custody_says(seed: int) -> None:
    for state in states(seed):
        for vehicle_id, twin in state.twins.items():
            held = {
                run_id
                for run_id, view in state.runs.items()
                if any(state.custody[parcel].holder == vehicle_id for parcel in view.run.lot.parcel_ids)
            }
            assert twin.aboard == held


@pytest.mark.parametrize("seed", [2, 3])
def test_at_every_moment_an_order_belongs_to_exactly_one_vehicle(seed: int) -> None:
    for state in states(seed):
        owned = {twin.order_id: vehicle_id for vehicle_id, twin in state.twins.items() if twin.order_id}
        assert owned == {order_id: order.vehicle_id for order_id, order in state.orders.items()}


@pytest.mark.parametrize("seed", [2, 3])
def test_at_every_moment_open_runs_are_those_that_are_not_over(seed: int) -> None:
    for state in states(seed):
        over = ("delivered", "returned", "lost", "cancelled")
        assert set(state.open_runs) == {run_id for run_id, view in state.runs.items() if view.phase not in over}


@pytest.mark.vda5050("5.4", "5.6")
@pytest.mark.parametrize("seed", [2, 3])
def test_no_id_is_ever_given_twice(seed: int) -> None:
    events = [record.event() for record in a_history(a_day(seed, "storm"))]
    orders = [event.order.id for event in events if isinstance(event, ev.OrderIssued)]
    actions = [a.action_id for event in events if isinstance(event, ev.OrderIssued) for a in event.order.actions]
    actions += [event.action_id for event in events if isinstance(event, ev.InstantIssued)]
    assists = [event.assist.id for event in events if isinstance(event, ev.AssistRaised)]
    for ids in (orders, actions, assists):
        assert len(set(ids)) == len(ids)
