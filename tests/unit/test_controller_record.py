"""What a turn wants sent becomes outbox rows that any store takes, whatever names vehicles and zone sets have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from fleet.controller.record import Desk, commit_of
from fleet.journal.store import SqlStore
from fleet.model import event as ev
from fleet.model.ids import VehicleId
from fleet.orders.reach import RESPONSES, ZONES
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.wire.messages import Grant, Response, Responses, ZoneSet
from tests.nouns import NOW_S, VAN_1, VAN_2, a_vehicle, after, opened

CLOSED = ZoneSet(map_id="town", zone_set_id="closed-1", zones=())
YES = Responses(responses=(Response(request_id="1", grant=Grant.GRANTED, lease_until_s=NOW_S + 60.0),))


@pytest.fixture
def store() -> Iterator[SqlStore]:
    store = SqlStore("sqlite://")
    yield store
    store.close()


@pytest.fixture
def newer(roads: SiteRoads) -> FleetState:
    """Both vans speak 3.0."""
    vehicles = (replace(a_vehicle(van), vda5050_version="3.0.0") for van in (VAN_1, VAN_2))
    return after(opened(roads), [ev.VehicleEnrolled(vehicle=vehicle) for vehicle in vehicles])


def tell(draft: Draft, *vehicles: VehicleId) -> None:
    for vehicle_id in vehicles:
        draft.emit(ev.VehicleHeld(vehicle_id=vehicle_id, why="something to write"))
        draft.send(vehicle_id, ZONES, CLOSED.zone_set_id, 0, CLOSED)
        draft.send(vehicle_id, RESPONSES, "1", 0, YES)


@pytest.mark.vda5050("13.12")
def test_one_zone_set_and_one_request_number_may_be_told_to_many_vehicles_and_again(
    store: SqlStore, newer: FleetState
) -> None:
    """Two vehicles of 3.0 and a closed street once ended the controller, and again at each of its starts."""
    lease = store.acquire("town", "me", 0.0, 60.0)
    draft = Draft(newer, NOW_S)
    tell(draft, VAN_1, VAN_2)
    tell(draft, VAN_1)
    commit = commit_of(
        draft,
        Desk(area="town", epoch=lease.epoch),
        store.head("town"),
        machine_s=0.0,
        first_row_id=1,
        moves=(),
        with_snapshot=False,
    )
    assert store.write([commit]) == [None]
    assert len(store.load("town").outbox) == 6
