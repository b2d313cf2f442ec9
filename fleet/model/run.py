"""What is asked of us: lots of parcels, and the runs that move them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from fleet.model.custody import CustodyKind
from fleet.model.ids import ParcelId, PointId, RunId, StationId
from fleet.model.lifecycle import Lifecycle


class RunPhase(StrEnum):
    """How far a run has come."""

    REQUESTED = "requested"
    ASSIGNED = "assigned"
    LOADING = "loading"
    UNDER_WAY = "under_way"
    TRANSFERRING = "transferring"
    PARTLY_DELIVERED = "partly_delivered"
    DELIVERED = "delivered"
    RETURNED = "returned"
    LOST = "lost"  # some of it is missing; the rest is at its point or came back
    CANCELLED = "cancelled"


_P = RunPhase
RUN_LIFECYCLE: Lifecycle[RunPhase] = Lifecycle(
    "run",
    MappingProxyType(
        {
            # UNDER_WAY and the ends: a late copy of an old order was carried out, and a person settled what it did
            _P.REQUESTED: frozenset(
                {_P.ASSIGNED, _P.CANCELLED, _P.UNDER_WAY, _P.DELIVERED, _P.PARTLY_DELIVERED, _P.RETURNED, _P.LOST}
            ),
            _P.ASSIGNED: frozenset({_P.LOADING, _P.REQUESTED, _P.CANCELLED}),  # REQUESTED: vehicle lost or re-planned
            # REQUESTED: only with nothing aboard; the ends: nobody knew what was loaded, and a person settled it
            _P.LOADING: frozenset(
                {_P.UNDER_WAY, _P.REQUESTED, _P.DELIVERED, _P.PARTLY_DELIVERED, _P.RETURNED, _P.LOST}
            ),
            # REQUESTED: a person found the whole lot at its station
            _P.UNDER_WAY: frozenset(
                {_P.DELIVERED, _P.PARTLY_DELIVERED, _P.TRANSFERRING, _P.RETURNED, _P.LOST, _P.REQUESTED}
            ),
            _P.TRANSFERRING: frozenset({_P.UNDER_WAY, _P.RETURNED}),
            # RETURNED: the rest comes back; DELIVERED: a person found the rest at the point after all
            _P.PARTLY_DELIVERED: frozenset({_P.RETURNED, _P.DELIVERED, _P.LOST}),
            _P.DELIVERED: frozenset(),
            _P.RETURNED: frozenset(),
            _P.LOST: frozenset(),
            _P.CANCELLED: frozenset(),
        }
    ),
)
OPEN_PHASES = frozenset(phase for phase in RunPhase if not RUN_LIFECYCLE.is_final(phase))


def phase_by_custody(phase: RunPhase, kinds: Collection[CustodyKind], *, tries_again: bool = False) -> RunPhase:
    """How far a run is, by where its parcels are; it stays as it is while somebody still looks for one.

    Args:
        phase: how far it was.
        kinds: of the custody of each of its parcels.
        tries_again: a lot that is whole at its station waits for another trip, instead of being over.
    """
    held = frozenset(kinds)
    if CustodyKind.ASSIST in held:
        return phase
    if CustodyKind.VEHICLE in held:
        return RunPhase.PARTLY_DELIVERED if CustodyKind.POINT in held else RunPhase.UNDER_WAY
    if CustodyKind.MISSING in held:
        return RunPhase.LOST
    if held == {CustodyKind.POINT}:
        return RunPhase.DELIVERED
    return RunPhase.REQUESTED if tries_again and CustodyKind.POINT not in held else RunPhase.RETURNED


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """The parcels for one pickup point that become ready at one time."""

    parcel_ids: tuple[ParcelId, ...]
    mass_kg: float
    volume_m3: float

    @property
    def parcel_count(self) -> int:
        return len(self.parcel_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOn:
    """Parcels that an ended run left at its station, and the later run in which they were handed in again."""

    from_run: RunId
    to_run: RunId
    parcel_ids: tuple[ParcelId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The request to move one lot from a station to a pickup point inside a window.

    Attributes:
        ready_s: trade time from which the lot can be loaded.
        due_s: trade time by which it should be fully delivered.
        priority: 1 is ordinary; lateness of a run counts this many times.
        brand: the courier firm that asked.
    """

    id: RunId
    station_id: StationId
    point_id: PointId
    lot: Lot
    ready_s: float
    due_s: float
    priority: int
    brand: str
