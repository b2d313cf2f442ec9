"""Promises about the area: its resources, its owner, its history."""

from __future__ import annotations

from collections.abc import Sequence

from fleet.dispatch.reserve import capacity
from fleet.journal.commit import Commit
from fleet.journal.replay import all_records, fold, verify
from fleet.model.event import Event
from fleet.state.fleet_state import FleetState
from vehicle_sim.checks.base import Check, Glance


class NeverOverbooked(Check):
    """S13: reservations never exceed what there is; the world itself records overflow."""

    id = "S13"

    def moved(self, before: FleetState, after: FleetState) -> None:
        if before.reservations is after.reservations:
            return
        for resource, holders in after.reservations.items():
            if len(holders) > capacity(self.glance.roads.site, resource) or len(set(holders)) != len(holders):
                self.violate(f"{resource} is held by {', '.join(holders)}")


class NothingLeaked(Check):
    """S14: in the end nobody holds what it does not use."""

    id = "S14"

    def ended(self, state: FleetState) -> None:
        for resource in sorted(state.reservations):
            for vehicle_id in state.reservations[resource]:
                twin = state.twin(vehicle_id)
                uses = twin.is_charging or twin.is_asked if resource.startswith("charger:") else twin.trip_id
                if not uses:
                    self.violate(f"{resource} is still held by {vehicle_id}", vehicle_id)


class OneOwner(Check):
    """S17: only the owner of the present epoch commits; epochs never go back."""

    id = "S17"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        self._epoch = 0

    def committed(self, commit: Commit, events: Sequence[Event]) -> None:
        if commit.epoch < self._epoch:
            self.violate(f"epoch {commit.epoch} committed after epoch {self._epoch}")
        self._epoch = max(self._epoch, commit.epoch)


class HistoryTellsTheState(Check):
    """S23 and replay equality: the chain holds, and its fold is the state that the controller believes in."""

    id = "S23"

    def ended(self, state: FleetState) -> None:
        records = list(all_records(self.glance.store, self.glance.roads.site.id))
        flaw = verify(records)
        if flaw is not None:
            self.violate(f"record {flaw.seq} {flaw.what}")
        if fold(FleetState(), records) != state:
            self.violate("the fold of the journal is not the state")
