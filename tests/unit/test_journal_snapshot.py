"""The whole state as text: the same bytes in every process, and believed only by the program that made it."""

from __future__ import annotations

from dataclasses import replace

from fleet.journal.snapshot import program, snapshot_text, state_of
from fleet.model.ids import RunId
from fleet.state.fleet_state import FleetState
from tests.nouns import VAN_1


def carrying(state: FleetState, runs: list[RunId]) -> FleetState:
    twin = replace(state.twin(VAN_1), aboard=frozenset(runs))
    return replace(state, twins=state.twins.set(VAN_1, twin))


def test_what_is_aboard_stands_in_the_same_order_whatever_order_a_set_has_in_this_process(two_vans: FleetState) -> None:
    runs = [RunId(f"r-{number}") for number in range(100)]
    there, back = carrying(two_vans, runs), carrying(two_vans, runs[::-1])
    assert there == back
    assert snapshot_text(there) == snapshot_text(back)
    assert state_of(snapshot_text(there)) == there


def test_a_program_knows_its_own_snapshots_by_the_code_that_folds() -> None:
    assert program() == program.__wrapped__()
    assert len(program()) == 16
