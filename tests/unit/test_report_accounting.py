"""Three books side by side: requests, the controller's custody, the ground truth."""

from __future__ import annotations

from functools import reduce

import pytest

from fleet.model import event as ev
from fleet.model.custody import CustodyKind
from fleet.model.ids import ActionId, AssistId, ParcelId, PointId, RunId, StationId, TripId, VehicleId, VehicleTypeId
from fleet.model.run import Lot, Run
from fleet.model.trip import Plan, PlanCost, Stop, Trip
from fleet.model.vehicle import Vehicle
from fleet.report.accounting import Books, asked_of, balance
from fleet.report.data import Asked, Fate, ParcelCount
from fleet.report.truth import GroundTruth, TrueEvent, TrueRun
from fleet.state.apply import apply
from fleet.state.fleet_state import FleetState

VAN = VehicleId("van-1")
RUN = RunId("run-1")
PARCELS = tuple(ParcelId(f"run-1.{i:03d}") for i in range(1, 4))
ASKED = Asked(run_id="run-1", station_id="vaduz", point_id="adler", parcels=3, ready_s=0.0, due_s=5000.0)


def accepted(run_id: str = "run-1") -> ev.RunsAccepted:
    parcels = tuple(ParcelId(f"{run_id}.{i:03d}") for i in range(1, 4))
    run = Run(
        id=RunId(run_id),
        station_id=StationId("vaduz"),
        point_id=PointId("adler"),
        lot=Lot(parcel_ids=parcels, mass_kg=3.6, volume_m3=0.03),
        ready_s=0.0,
        due_s=5000.0,
        priority=1,
        brand="",
    )
    return ev.RunsAccepted(key=f"key-{run_id}", digest="", runs=(run,))


def enrolled() -> ev.VehicleEnrolled:
    vehicle = Vehicle(
        id=VAN,
        manufacturer="Falknis",
        serial_number="van-1",
        vda5050_version="2.1.0",
        interface_name="uagv",
        type_id=VehicleTypeId("zto_5"),
        home_station=StationId("vaduz"),
    )
    return ev.VehicleEnrolled(vehicle=vehicle)


def planned() -> ev.PlanAdopted:
    trip = Trip(
        id=TripId("trip-1"),
        vehicle_id=VAN,
        station_id=StationId("vaduz"),
        charge_from_s=0.0,
        charge_until_s=0.0,
        load_from_s=100.0,
        depart_s=400.0,
        stops=(Stop(point_id=PointId("adler"), run_ids=(RUN,), arrive_s=900.0, leave_s=1200.0),),
        return_s=1700.0,
    )
    cost = PlanCost(late_s=0.0, drive_s=1000.0, trips=1, unassigned=0, total=1300.0)
    return ev.PlanAdopted(version=1, why="", plan=Plan(trips=(trip,), unassigned=(), cost=cost, made_by="test"))


LOADED = [
    enrolled(),
    accepted(),
    planned(),
    ev.TripStarted(trip_id=TripId("trip-1"), vehicle_id=VAN),
    ev.ParcelsLoaded(run_id=RUN, vehicle_id=VAN, parcel_ids=PARCELS, action_id=ActionId("a1")),
]
DELIVERED = ev.ParcelsDelivered(
    run_id=RUN,
    vehicle_id=VAN,
    point_id=PointId("adler"),
    parcel_ids=PARCELS,
    refused=(),
    action_id=ActionId("a2"),
)
RETURNED = ev.ParcelsReturned(
    run_id=RUN,
    vehicle_id=VAN,
    station_id=StationId("vaduz"),
    parcel_ids=PARCELS,
    action_id=ActionId("a2"),
    why="point:adler: no_staff",
)


def state_after(*events: ev.Event) -> FleetState:
    return reduce(lambda state, event: apply(state, event, 1000.0), events, FleetState())


def truth(at: dict[str, int], events: list[TrueEvent] | None = None) -> GroundTruth:
    return GroundTruth(runs={"run-1": TrueRun(parcels=3, at=at)}, vehicles={}, events=events or [])


def books(state: FleetState, real: GroundTruth | None) -> Books:
    return balance([ASKED], state, real)


def test_a_run_is_delivered_where_controller_and_truth_agree() -> None:
    found = books(state_after(*LOADED, DELIVERED), truth({"point:adler": 3}))
    assert found.mismatches == ()
    (run,) = found.runs
    assert (run.fate, run.vehicle_id, run.delivered_s) == (Fate.DELIVERED, "van-1", 1000.0)
    assert run.parcels == ParcelCount(delivered=3)


def test_a_run_that_came_back_names_its_fault() -> None:
    (run,) = books(state_after(*LOADED, RETURNED), truth({"station:vaduz": 3})).runs
    assert (run.fate, run.cause) == (Fate.RETURNED, "point:adler: no_staff")
    assert run.parcels == ParcelCount(returned=3)


def test_a_parcel_said_to_be_delivered_that_is_not_there_is_lost() -> None:
    found = books(state_after(*LOADED, DELIVERED), truth({"point:adler": 2, "point:loewen": 1}))
    assert found.runs[0].parcels == ParcelCount(delivered=2, lost=1)
    assert found.runs[0].fate is Fate.LOST
    assert "3 delivered" in found.mismatches[0]
    assert "2 delivered" in found.mismatches[0]


def test_a_parcel_that_vanished_from_the_world_is_lost_even_while_its_run_is_open() -> None:
    found = books(state_after(*LOADED), truth({"vehicle:van-1": 2}))
    assert found.runs[0].parcels == ParcelCount(open=2, lost=1)


UNSURE = ev.ParcelsUnsure(run_id=RUN, parcel_ids=PARCELS, assist_id=AssistId("assist-1"), why="no outcome")


def settled(at: CustodyKind, holder: str, *parcels: ParcelId) -> ev.ParcelsSettled:
    return ev.ParcelsSettled(run_id=RUN, parcel_ids=parcels or PARCELS, at=at, holder=holder, why="looked")


MISSING = settled(CustodyKind.MISSING, "assist-1", PARCELS[0])


def test_a_parcel_that_a_person_did_not_find_is_lost() -> None:
    rest = settled(CustodyKind.POINT, "adler", *PARCELS[1:])
    (run,) = books(state_after(*LOADED, UNSURE, MISSING, rest), None).runs
    assert (run.fate, run.parcels) == (Fate.LOST, ParcelCount(delivered=2, lost=1))
    assert run.cause == "1 parcel missing: looked"


def test_a_missing_parcel_is_lost_while_the_rest_of_its_run_is_under_way() -> None:
    rest = settled(CustodyKind.VEHICLE, VAN, *PARCELS[1:])
    found = books(state_after(*LOADED, UNSURE, MISSING, rest), None)
    assert found.runs[0].parcels == ParcelCount(open=2, lost=1)


def test_a_parcel_declared_missing_that_lies_at_its_point_shows() -> None:
    found = books(state_after(*LOADED, UNSURE, settled(CustodyKind.MISSING, "assist-1")), truth({"point:adler": 3}))
    assert found.runs[0].parcels == ParcelCount(lost=3)
    assert "3 missing" in found.mismatches[0]


def test_parcels_settled_at_their_point_are_delivered() -> None:
    found = books(state_after(*LOADED, UNSURE, settled(CustodyKind.POINT, "adler")), truth({"point:adler": 3}))
    assert (found.runs[0].fate, found.mismatches) == (Fate.DELIVERED, ())


def test_parcels_on_the_road_are_open() -> None:
    found = books(state_after(*LOADED), truth({"vehicle:van-1": 3}))
    assert (found.runs[0].fate, found.mismatches) == (Fate.OPEN, ())
    assert found.runs[0].parcels == ParcelCount(open=3)


def test_a_lot_that_was_handed_over_twice_is_doubled() -> None:
    drops = [TrueEvent(time_s=t, kind="dropped", run="run-1", parcels=3, place="point:adler") for t in (1.0, 2.0)]
    found = books(state_after(*LOADED, DELIVERED), truth({"point:adler": 3}, drops))
    assert found.runs[0].parcels == ParcelCount(delivered=3, duplicated=3)
    assert found.mismatches


def test_a_lot_brought_back_to_its_station_was_not_handed_over_twice() -> None:
    drops = [TrueEvent(time_s=1.0, kind="dropped", run="run-1", parcels=3, place="station:vaduz")]
    assert books(state_after(*LOADED, RETURNED), truth({"station:vaduz": 3}, drops)).mismatches == ()


def test_a_run_that_the_journal_does_not_know_is_lost() -> None:
    found = books(FleetState(), truth({}))
    assert found.runs[0].fate is Fate.LOST
    assert "journal does not know it" in found.mismatches[0]


def test_a_run_accepted_twice_shows_as_one_that_nobody_asked_for() -> None:
    found = books(state_after(*LOADED, accepted("run-2"), DELIVERED), truth({"point:adler": 3}))
    assert found.unasked == {"run-2": 3}
    assert "nobody asked for it" in found.mismatches[0]


def test_a_lot_that_the_simulator_never_touched_is_still_at_its_station() -> None:
    real = GroundTruth(runs={}, vehicles={})
    assert books(state_after(enrolled(), accepted()), real).runs[0].parcels == ParcelCount(open=3)


@pytest.mark.parametrize("parcels", [2, 4])
def test_another_number_of_parcels_than_asked_for_shows(parcels: int) -> None:
    other = Asked(run_id="run-1", station_id="vaduz", point_id="adler", parcels=parcels, ready_s=0.0, due_s=1.0)
    found = balance([other], state_after(*LOADED, DELIVERED), truth({"point:adler": 3}))
    assert any("the controller keeps 3" in text for text in found.mismatches)


def test_without_a_ground_truth_the_journal_is_believed() -> None:
    found = books(state_after(*LOADED, DELIVERED), None)
    assert (found.runs[0].fate, found.mismatches) == (Fate.DELIVERED, ())


def test_without_a_book_of_requests_the_journal_is_believed() -> None:
    assert asked_of(state_after(accepted())) == (ASKED,)
