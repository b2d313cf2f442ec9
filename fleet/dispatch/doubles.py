"""No run and no parcel is taken in twice, except parcels that an ended run left at the station.

What nobody took comes back, and goes out again with the next wave: under the name of a new run, from where it lies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fleet.errors import RefusedError
from fleet.model.custody import Custody, CustodyKind
from fleet.model.ids import ParcelId, RunId
from fleet.model.run import HandedOn, Run, RunPhase
from fleet.state.archive import Past
from fleet.state.fleet_state import FleetState

LEFT_BEHIND = frozenset({RunPhase.CANCELLED, RunPhase.RETURNED, RunPhase.LOST})
"""Runs of which nothing more will become, though not everything was delivered."""


def refuse_doubles(state: FleetState, runs: Sequence[Run], past: Past) -> tuple[HandedOn, ...]:
    """The parcels that earlier runs left behind and that these runs take up.

    Raises:
        RefusedError: a name was used before, or a parcel is not where it could be taken up.
    """
    _refuse_known_runs(state, runs, past)
    _refuse_twice_now(runs)
    owners = _Owners(state, past)
    return tuple(handed for run in runs for handed in _taken_up(owners, run))


def _refuse_known_runs(state: FleetState, runs: Sequence[Run], past: Past) -> None:
    seen: set[RunId] = set()
    for run in runs:
        if run.id in state.runs or run.id in past.runs or run.id in seen:
            raise RefusedError(f"run {run.id} is known already; give every run a name of its own")
        seen.add(run.id)


def _refuse_twice_now(runs: Sequence[Run]) -> None:
    seen: dict[ParcelId, RunId] = {}
    for run in runs:
        for parcel_id in run.lot.parcel_ids:
            if parcel_id in seen:
                raise RefusedError(f"parcel {parcel_id} of run {run.id} is in run {seen[parcel_id]} already")
            seen[parcel_id] = run.id


def _taken_up(owners: _Owners, run: Run) -> Iterator[HandedOn]:
    left: dict[RunId, list[ParcelId]] = {}
    for parcel_id in run.lot.parcel_ids:
        if (owner := owners.of(parcel_id, run)) is not None:
            left.setdefault(owner, []).append(parcel_id)
    for owner, parcel_ids in left.items():
        yield HandedOn(from_run=owner, to_run=run.id, parcel_ids=tuple(parcel_ids))


class _Owners:
    """Which run has a parcel; parcels are looked up by run only where one is named again, which is rare."""

    def __init__(self, state: FleetState, past: Past) -> None:
        self._state = state
        self._past = past
        self._runs: Mapping[ParcelId, RunId] | None = None

    def of(self, parcel_id: ParcelId, run: Run) -> RunId | None:
        """The ended run that left the parcel where `run` begins; None for a parcel that is new.

        Raises:
            RefusedError: it is elsewhere, or still that run's.
        """
        custody = self._state.custody.get(parcel_id)
        if custody is not None:
            owner = self._run_of(parcel_id)
            phase = self._state.runs[owner].phase
        elif (lying := self._past.parcels.get(parcel_id)) is not None:
            custody, owner = lying.custody, lying.run_id
            phase = self._past.runs.get(owner, RunPhase.RETURNED)  # what is archived is over
        else:
            return None
        if phase not in LEFT_BEHIND or custody.kind is not CustodyKind.STATION:
            where = f"it is {_words(custody)} in run {owner}, which is {phase}"
            raise RefusedError(f"parcel {parcel_id} of run {run.id} cannot be handed in again: {where}")
        if custody.holder != run.station_id:
            text = f"parcel {parcel_id} of run {run.id} lies at station {custody.holder}, where run {owner} left it"
            raise RefusedError(f"{text}; hand it in from there")
        return owner

    def _run_of(self, parcel_id: ParcelId) -> RunId:
        if self._runs is None:
            views = self._state.runs.values()
            self._runs = {parcel: view.run.id for view in views for parcel in view.parcel_ids}
        return self._runs[parcel_id]


def _words(custody: Custody) -> str:
    match custody.kind:
        case CustodyKind.STATION:
            return f"at station {custody.holder}"
        case CustodyKind.VEHICLE:
            return f"aboard {custody.holder}"
        case CustodyKind.POINT:
            return f"at point {custody.holder}"
        case _:
            return f"where nobody is sure of ({custody.kind} {custody.holder})"
