"""Days follow each other without restart: what is remembered stays bounded, and what came back goes out again."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from immutables import Map

from fleet.journal.replay import all_records
from fleet.model import event as ev
from fleet.model.run import RunPhase
from fleet.report.accounting import asked_of, balance
from fleet.report.history import read_history
from fleet.report.truth import truth_of
from fleet.state.apply import apply
from fleet.state.fleet_state import ARCHIVED, FleetState
from tests.simulation.block_town import SCENARIO, block_town
from vehicle_sim.harness import Options, Outcome, simulate
from vehicle_sim.result import parcel_counts, run_counts

DAYS = """
name = "days"
site = "site.toml"
start = "2026-03-02T06:00"
duration = "57h"

[demand]
days = 3
runs = 6
parcels = 300
told_before = "2m"

[[demand.wave]]
share = 0.5
ready = "06:10"
due_after = "90m"

[[demand.wave]]
share = 0.5
ready = "13:00"
due_after = "90m"

[[fault]]
kind = "clerk_away"
at = "10m"
lasts = "90m"
point = "point-1"

[[fault]]
kind = "crash"
at = "31h20m"
"""
NOBODY_THERE = """
[[fault]]
kind = "clerk_away"
at = "1m"
lasts = "50m"
point = "{point}"
"""
KEEP = """
[policy]
keep_ended_s = 21600.0
keep_messages_s = 21600.0
"""


HOUR_S = 3600.0


@cache
def three_days() -> Outcome:
    """Two waves a day; on the first one nobody is at point 1, on the second the controller dies."""
    with TemporaryDirectory() as folder:
        town = block_town(Path(folder), DAYS, KEEP)
    return simulate(*town, 1, Options(solver_steps=0, sends_again=True))


def states_at(outcome: Outcome, *hours: float) -> list[FleetState]:
    """The state so many hours after the beginning, from the journal."""
    moments = [outcome.scenario.start_s + each * HOUR_S for each in hours]
    found: list[FleetState] = []
    state = FleetState()
    for record in all_records(outcome.store, outcome.scenario.site.id):
        while len(found) < len(moments) and record.trade_s > moments[len(found)]:
            found.append(state)
        state = apply(state, record.event(), record.trade_s)
    return found + [state] * (len(moments) - len(found))


def sizes(state: FleetState) -> dict[str, int]:
    values = {field.name: getattr(state, field.name) for field in fields(FleetState)}
    return {name: len(value) for name, value in values.items() if isinstance(value, Map)}


def test_three_days_are_lived_without_a_broken_promise() -> None:
    outcome = three_days()
    assert outcome.violations == []
    assert outcome.schema_violations == {}
    assert outcome.is_over
    assert outcome.crashes == 1
    assert not outcome.state.quarantine


def test_every_parcel_of_three_days_is_delivered_once_though_some_came_back() -> None:
    outcome = three_days()
    runs, parcels = run_counts(outcome), parcel_counts(outcome)
    assert runs["returned"] >= 1
    assert runs["requested"] == runs["delivered"] + runs["returned"]
    assert (parcels["lost"], parcels["open"], parcels["duplicated"]) == (0, 0, 0)
    assert parcels["delivered"] == 3 * 300
    assert {custody.kind for custody in outcome.world.custody.values()} == {"point"}


def test_the_state_is_no_larger_after_three_days_than_after_two() -> None:
    """Both at the same hour, with the afternoon's runs just delivered."""
    after_two, after_three = states_at(three_days(), 32.9, 56.9)
    assert after_three.counters[ARCHIVED] > after_two.counters[ARCHIVED] > 0
    assert sizes(after_three) == sizes(after_two)


def test_the_report_accounts_for_archived_runs_and_for_parcels_that_went_out_twice() -> None:
    outcome = three_days()
    state = read_history(all_records(outcome.store, "blocks")).state
    books = balance(asked_of(state), state, truth_of(json.dumps(outcome.truth.as_json())))
    assert books.mismatches == ()
    assert len(books.runs) == len(outcome.told)
    assert sum(run.parcels.delivered for run in books.runs) == 3 * 300
    assert sum(run.parcels.lost + run.parcels.duplicated + run.parcels.open for run in books.runs) == 0


def test_numbers_go_on_over_the_days() -> None:
    events = [record.event() for record in all_records(three_days().store, "blocks")]
    versions = [event.version for event in events if isinstance(event, ev.PlanAdopted)]
    trips = [event.trip_id for event in events if isinstance(event, ev.TripStarted)]
    assert versions == sorted(set(versions))
    assert len(trips) == len(set(trips)) >= 6


def test_a_lot_that_came_back_is_delivered_with_its_next_run(tmp_path: Path) -> None:
    """Nobody is at any point for most of the first hour."""
    scenario = SCENARIO.replace('"40m"', '"4h"')
    scenario += "".join(NOBODY_THERE.format(point=f"point-{i}") for i in (1, 2, 3))
    outcome = simulate(*block_town(tmp_path, scenario), 2, Options(solver_steps=0, sends_again=True))
    assert outcome.violations == []
    phases = Counter(view.phase for view in outcome.runs.values())
    again = [view for run_id, view in outcome.runs.items() if run_id.endswith("-again")]
    assert phases[RunPhase.RETURNED] >= 1
    assert again
    assert {view.phase for view in again} <= {RunPhase.DELIVERED, RunPhase.RETURNED}
    assert parcel_counts(outcome)["delivered"] == 900
    assert set(outcome.world.delivered_at_s) == set(outcome.world.custody)


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_storm_loses_nothing_though_runs_leave_the_state_a_minute_after_their_end(tmp_path: Path, seed: int) -> None:
    """Commands, crashes and late messages meet runs that have only just been archived."""
    scenario = SCENARIO.replace('"40m"', '"3h"') + '\n[faults]\nprofile = "storm"\nuntil = "1h"\n'
    town = block_town(tmp_path, scenario, "[policy]\nkeep_ended_s = 60.0\nkeep_messages_s = 60.0\n")
    outcome = simulate(*town, seed, Options(solver_steps=0, sends_again=True))
    assert outcome.violations == []
    assert outcome.state.counters[ARCHIVED] > 0
    assert not outcome.state.quarantine
    assert outcome.is_over
