"""A month of days told as events, to see what a state and its snapshots grow to.

`python -m tests.month --days 30 --runs 500 --parcels 100 [--keep-all]` prints one line for each day it measured. No
vehicle drives and nothing is stored: each run is accepted, loaded and handed over as the controller's turns note it.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import median

from fleet.journal.snapshot import snapshot_text, state_of
from fleet.model import event as ev
from fleet.model.ids import ActionId
from fleet.model.run import Run
from fleet.model.site import Policy
from fleet.model.trip import TripPhase
from fleet.state.archive import archive_ended
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from tests.nouns import NOW_S, POINT_1, VAN_1, a_plan, a_run, a_trip, opened, town

DAY_S = 86_400.0
RUNS_PER_TRIP = 4


@dataclass(frozen=True, kw_only=True)
class Evening:
    """How large the state is at the end of a day, and what its snapshot costs.

    Attributes:
        held_up_s_max: how long an event loop had to wait at most while a thread beside it encoded.
        archive_turn_s: what one turn's archiving took on that day, the median of all its turns.
    """

    day: int
    runs: int
    parcels: int
    trips: int
    keys: int
    snapshot_mb: float
    encode_s: float
    load_s: float
    held_up_s_max: float
    archive_turn_s: float


def month(days: int, runs: int, parcels: int, *, keep_s: float) -> Iterator[tuple[FleetState, float]]:
    """The state at the end of each day, and how long one turn's archiving took on it."""
    state = opened(town())
    for day in range(days):
        state = _delivered(state, day, runs, parcels)
        state, turn_s = _archived(state, keep_s)
        yield state, turn_s


def _delivered(state: FleetState, day: int, runs: int, parcels: int) -> FleetState:
    now_s = NOW_S + day * DAY_S
    draft = Draft(state, now_s)
    asked = [replace(a_run(f"run-{day:02d}-{i:04d}", POINT_1, parcels), due_s=now_s + 7200.0) for i in range(runs)]
    for first in range(0, runs, RUNS_PER_TRIP):
        _trip(draft, f"{day}-{first}", tuple(asked[first : first + RUNS_PER_TRIP]))
    return draft.state


def _trip(draft: Draft, name: str, runs: tuple[Run, ...]) -> None:
    draft.emit(ev.RunsAccepted(key=f"key-{name}", digest="d" * 64, runs=runs))
    trip = a_trip(f"trip-{name}", VAN_1, *((POINT_1, [run.id]) for run in runs))
    draft.emit(ev.PlanAdopted(version=1, why="", plan=a_plan(trip)))
    draft.emit(ev.TripStarted(trip_id=trip.id, vehicle_id=VAN_1))
    for run in runs:
        lot = run.lot.parcel_ids
        draft.emit(ev.ParcelsLoaded(run_id=run.id, vehicle_id=VAN_1, parcel_ids=lot, action_id=ActionId("a")))
    draft.emit(ev.TripMoved(trip_id=trip.id, phase=TripPhase.UNDER_WAY))
    for run in runs:
        handed_over = ev.ParcelsDelivered(
            run_id=run.id,
            vehicle_id=VAN_1,
            point_id=POINT_1,
            parcel_ids=run.lot.parcel_ids,
            refused=(),
            action_id=ActionId("a"),
        )
        draft.emit(handed_over)
    draft.emit(ev.TripMoved(trip_id=trip.id, phase=TripPhase.CLOSED))


def _archived(state: FleetState, keep_s: float) -> tuple[FleetState, float]:
    """The state after as many turns of archiving as it takes, and what the median of them took."""
    turns_s: list[float] = []
    is_more = True
    while is_more:
        began_s = time.perf_counter()
        draft = Draft(state, state.now_s)
        is_more = archive_ended(draft, keep_s)
        state = draft.state
        turns_s.append(time.perf_counter() - began_s)
    return state, median(turns_s)


def measured(day: int, state: FleetState, archive_turn_s: float) -> Evening:
    began_s = time.perf_counter()
    text = snapshot_text(state)
    encoded_s = time.perf_counter()
    assert state_of(text) == state
    loaded_s = time.perf_counter()
    return Evening(
        day=day,
        runs=len(state.runs),
        parcels=len(state.custody),
        trips=len(state.trips),
        keys=len(state.keys),
        snapshot_mb=round(len(text) / 1e6, 1),
        encode_s=round(encoded_s - began_s, 3),
        load_s=round(loaded_s - encoded_s, 3),
        held_up_s_max=round(asyncio.run(_held_up_s(state)), 3),
        archive_turn_s=round(archive_turn_s, 4),
    )


async def _held_up_s(state: FleetState) -> float:
    """The longest pause of a loop that has nothing to do but look at the clock while the state is encoded."""
    longest_s = 0.0
    async with asyncio.TaskGroup() as tasks:
        encoding = tasks.create_task(asyncio.to_thread(snapshot_text, state))
        last_s = time.perf_counter()
        while not encoding.done():
            await asyncio.sleep(0)
            now_s = time.perf_counter()
            longest_s, last_s = max(longest_s, now_s - last_s), now_s
    return longest_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--parcels", type=int, default=100)
    parser.add_argument("--keep-all", action="store_true", help="archive nothing")
    chosen = parser.parse_args()
    keep_s = float("inf") if chosen.keep_all else Policy().keep_ended_s
    for day, (state, turn_s) in enumerate(month(chosen.days, chosen.runs, chosen.parcels, keep_s=keep_s), start=1):
        if day in (1, 2, 3, chosen.days):
            sys.stdout.write(f"{measured(day, state, turn_s)}\n")


if __name__ == "__main__":
    main()
