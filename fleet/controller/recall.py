"""What history knows of the names in new commands: looked up before a turn that needs it, and off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from fleet.controller.inbox import Command
from fleet.dispatch.commands import CancelRun, RunRequest, SubmitRuns, made_up_parcels
from fleet.journal.archive import Archive, Sought
from fleet.model.ids import ParcelId, RunId
from fleet.state.archive import NO_PAST, Past
from fleet.state.fleet_state import ARCHIVED, FleetState


async def past_of(archive: Archive, state: FleetState, commands: Iterable[Command]) -> Past:
    """What became of names that the commands use and the state does not know (any more).

    Raises:
        JournalError: the store cannot be read.
    """
    if not state.counters.get(ARCHIVED, 0):
        return NO_PAST
    wanted = sought(state, commands)
    if not (wanted.keys or wanted.run_ids or wanted.parcel_ids):
        return NO_PAST
    return await asyncio.to_thread(archive.past, wanted)


def sought(state: FleetState, commands: Iterable[Command]) -> Sought:
    """Names that only history can know."""
    keys: dict[str, None] = {}
    runs: dict[RunId, None] = {}
    parcels: dict[ParcelId, None] = {}
    for command in commands:
        match command:
            case SubmitRuns() if not (command.key and command.key in state.keys):
                keys.update(dict.fromkeys([command.key] if command.key else []))
                runs.update(dict.fromkeys(RunId(request.run_id) for request in command.runs if request.run_id))
                parcels.update(dict.fromkeys(p for request in command.runs for p in _parcels(request)))
            case CancelRun():
                runs[command.run_id] = None
            case _:
                pass
    return Sought(
        tuple(keys),
        tuple(run_id for run_id in runs if run_id not in state.runs),
        tuple(parcel_id for parcel_id in parcels if parcel_id not in state.custody),
    )


def _parcels(request: RunRequest) -> tuple[ParcelId, ...]:
    """Parcels of a run that we number ourselves get names that were never used."""
    if request.parcel_ids or not request.run_id:
        return request.parcel_ids
    return made_up_parcels(RunId(request.run_id), request.parcel_count)
