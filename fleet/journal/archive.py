"""What left the state, read back from the store: whole runs and trips, and what became of names that were used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from fleet.errors import StoreCorruptError, UnknownThingError
from fleet.journal.commit import Row, Store
from fleet.model.custody import Custody, CustodyKind
from fleet.model.event import RunsAccepted
from fleet.model.ids import ParcelId, RunId, TripId
from fleet.model.run import RunPhase
from fleet.state.archive import ArchivedRun, ArchivedTrip, Lying, Past
from fleet.state.fleet_state import RequestKey

PAGE = 200


@dataclass(frozen=True, slots=True)
class Sought:
    """Names that commands use and the state does not know."""

    keys: tuple[str, ...]
    run_ids: tuple[RunId, ...]
    parcel_ids: tuple[ParcelId, ...]


class Archive:
    """One area's past. Every method reads the store, and may wait for it."""

    def __init__(self, store: Store, area: str) -> None:
        self._store = store
        self._area = area

    def run(self, run_id: RunId) -> ArchivedRun:
        """A run that was archived.

        Raises:
            UnknownThingError: there is none of this name.
        """
        text = self._whole("run", run_id)
        if text is None:
            raise UnknownThingError("run", run_id)
        return msgspec.json.decode(text, type=ArchivedRun)

    def runs(self) -> Iterable[ArchivedRun]:
        """All of them; for reports and checks."""
        for row in self._store.rows("run", self._area):
            if row["archived"] is not None:
                yield msgspec.json.decode(str(row["archived"]), type=ArchivedRun)

    def trip(self, trip_id: TripId) -> ArchivedTrip:
        """A trip that was archived.

        Raises:
            UnknownThingError: there is none of this name.
        """
        text = self._whole("trip", trip_id)
        if text is None:
            raise UnknownThingError("trip", trip_id)
        return msgspec.json.decode(text, type=ArchivedTrip)

    def past(self, sought: Sought) -> Past:
        """What became of these names."""
        parcels = {
            ParcelId(str(row["parcel_id"])): Lying(
                Custody(CustodyKind(str(row["kind"])), str(row["holder"])), RunId(str(row["run_id"]))
            )
            for row in self._store.rows_of("custody", self._area, sought.parcel_ids)
        }
        run_ids = dict.fromkeys((*sought.run_ids, *(lying.run_id for lying in parcels.values())))
        runs = {
            RunId(str(row["run_id"])): RunPhase(str(row["phase"]))
            for row in self._store.rows_of("run", self._area, tuple(run_ids))
        }
        keys = {str(row["key"]): self._key(row) for row in self._store.rows_of("request_key", self._area, sought.keys)}
        return Past(runs=runs, keys=keys, parcels=parcels)

    def _whole(self, table: str, name: str) -> str | None:
        rows = self._store.rows_of(table, self._area, (name,))
        return str(rows[0]["archived"]) if rows and rows[0]["archived"] is not None else None

    def _key(self, row: Row) -> RequestKey:
        """The runs that the key made stand in the record of their acceptance, in the commit that wrote the key."""
        seq = int(str(row["seq"]))
        while seq > 0:
            for record in reversed(self._store.records(self._area, max(0, seq - PAGE), min(PAGE, seq))):
                event = record.event() if record.type == RunsAccepted.__name__ else None
                if isinstance(event, RunsAccepted) and event.key == row["key"]:
                    return RequestKey(str(row["digest"]), tuple(run.id for run in event.runs))
            seq -= PAGE
        raise StoreCorruptError(f"key {row['key']!r} was used, and the journal does not tell for which runs")
