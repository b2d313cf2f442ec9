"""The area and the runs it took on."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.model.event.base import Event
from fleet.model.ids import RunId, TripId
from fleet.model.run import HandedOn, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaOpened(Event):
    """A controller took the area over. `token` makes ids unique for ever; the first one stays."""

    token: str
    epoch: int
    map_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsAccepted(Event):
    """Runs were asked for and are ours from now on.

    Attributes:
        key: the caller's idempotency key.
        again: parcels among them that an earlier run left at the station.
    """

    key: str
    digest: str
    runs: tuple[Run, ...]
    again: tuple[HandedOn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsArchived(Event):
    """Runs and trips that have been over for long leave the state, with their parcels; tables and journal keep them.

    Attributes:
        keys: idempotency keys of which no run is left.
    """

    run_ids: tuple[RunId, ...]
    trip_ids: tuple[TripId, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCancelled(Event):
    run_id: RunId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecalled(Event):
    """A run that is aboard shall come back instead of being delivered."""

    run_id: RunId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReleased(Event):
    """A run left its trip before anything of it was aboard and waits for another one."""

    run_id: RunId
    why: str
