"""From journal, map and ground truth to what a report shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fleet.journal.record import Record
from fleet.model.site import Site
from fleet.model.trip import Trip
from fleet.model.vehicle import Vehicle
from fleet.report.accounting import asked_of, balance
from fleet.report.data import Asked, Effort, Fault, ReportData, TripOutcome, VehicleDay, Violation
from fleet.report.ground import Surveyor
from fleet.report.history import History, VehicleHistory, read_history
from fleet.report.truth import GroundTruth, TrueEvent
from fleet.roads.graph import RoadGraph
from fleet.state.fleet_state import TripView

SHOWN_FAULTS = ("road_blocked", "silent", "clerk_away", "battery_empty", "order_rejected", "broker_down", "crash")
QUARANTINED = "quarantined"
ENDS = {"road_blocked": "road_opened", "silent": "heard"}


def assemble(
    site: Site,
    graph: RoadGraph,
    records: Iterable[Record],
    *,
    seed: int,
    title: str = "",
    asked: Sequence[Asked] | None = None,
    truth: GroundTruth | None = None,
    effort: Effort | None = None,
    more_faults: Sequence[Fault] = (),
    from_s: float | None = None,
    to_s: float | None = None,
    ended_early: str = "",
) -> ReportData:
    """Everything a report shows.

    Args:
        records: the area's journal from its beginning.
        asked: what customers asked for; None believes the journal.
        truth: what really happened, where a simulator wrote it down.
        more_faults: faults that befell us rather than the simulated world, such as a killed daemon.
        from_s, to_s: the part of the day to show; by default the journal's.
        ended_early: why the day was not driven to its end.
    """
    history = read_history(records, graph)
    books = balance(asked_of(history.state) if asked is None else asked, history.state, truth)
    surveyor = Surveyor(graph)
    trips = [view for view in history.state.trips.values() if view.started_s is not None]
    faults = [*_faults(truth, graph), *more_faults]
    return ReportData(
        title=title or site.name,
        site_name=site.name,
        time_zone=site.time_zone,
        seed=seed,
        map_name=site.map_path.name,
        map_edition=graph.edition,
        from_s=_first_s(history) if from_s is None else from_s,
        to_s=history.state.now_s if to_s is None else to_s,
        runs=books.runs,
        unasked=books.unasked,
        trips=tuple(sorted(map(_trip, trips, _parcels(history, trips)), key=lambda trip: trip.planned_depart_s)),
        vehicles=tuple(_vehicle(v, surveyor, history, truth, trips) for v in site.vehicles.values()),
        faults=tuple(sorted(faults, key=lambda fault: fault.at_s)),
        assists=tuple(history.assists.values()),
        ground=surveyor.ground(site),
        orders_sent=history.orders,
        orders_rejected=history.orders_rejected,
        releases=tuple(history.releases),
        limits=site.limits,
        violations=tuple(_violations(history, truth)),
        mismatches=books.mismatches,
        has_truth=truth is not None,
        effort=effort or Effort(),
        events=history.events,
        journal_sha256=history.head_hash,
        ended_early=ended_early,
    )


def _first_s(history: History) -> float:
    begun = [span.from_s for vehicle in history.vehicles.values() for span in vehicle.actual]
    return min(begun, default=history.state.now_s)


def _vehicle(
    vehicle: Vehicle, surveyor: Surveyor, history: History, truth: GroundTruth | None, trips: Sequence[TripView]
) -> VehicleDay:
    told = history.vehicles.get(vehicle.id, VehicleHistory())
    real = truth.vehicles.get(vehicle.id) if truth else None
    mine = [view for view in trips if view.trip.vehicle_id == vehicle.id and view.departed_s is not None]
    return VehicleDay(
        vehicle_id=vehicle.id,
        maker=vehicle.manufacturer,
        type_id=vehicle.type_id,
        station_id=vehicle.home_station,
        planned=tuple(told.planned),
        actual=tuple(told.actual),
        ways=surveyor.ways(told.driven),
        charge=tuple(told.charge),
        trips=len(mine),
        parcels=sum(_parcels(history, mine)),
        km=real.km if real else None,
        energy_kwh=real.energy_kwh if real else None,
        stops_for_want_of_base=real.stops_for_want_of_base if real else None,
    )


def _parcels(history: History, trips: Iterable[TripView]) -> Iterator[int]:
    """Parcels that each trip carries."""
    for view in trips:
        yield sum(history.state.run(run_id).run.lot.parcel_count for run_id in view.trip.run_ids)


def _trip(view: TripView, parcels: int) -> TripOutcome:
    trip: Trip = view.trip
    return TripOutcome(
        trip_id=trip.id,
        vehicle_id=trip.vehicle_id,
        station_id=trip.station_id,
        points=tuple(stop.point_id for stop in trip.stops),
        runs=len(trip.run_ids),
        parcels=parcels,
        planned_depart_s=trip.depart_s,
        planned_return_s=trip.return_s,
        departed_s=view.departed_s,
        closed_s=view.closed_s,
    )


def _faults(truth: GroundTruth | None, graph: RoadGraph) -> Iterator[Fault]:
    events = truth.events if truth else []
    for i, event in enumerate(events):
        if event.kind in SHOWN_FAULTS:
            subject = _subject(event, graph)
            yield Fault(kind=event.kind, subject=subject, at_s=event.time_s, until_s=_until_s(event, events[i + 1 :]))


def _subject(event: TrueEvent, graph: RoadGraph) -> str:
    if event.vehicle:
        return f"vehicle:{event.vehicle}"
    if event.kind == "road_blocked":
        edge = graph.edge_by_key(event.place)
        return f"road:{event.place if edge is None else graph.edge_name[edge] or graph.describe(edge)}"
    return f"point:{event.place}" if event.kind == "clerk_away" else ""


def _until_s(event: TrueEvent, later: Sequence[TrueEvent]) -> float | None:
    """When it was over, as far as the world said so."""
    end = ENDS.get(event.kind)
    same = (e for e in later if e.kind == end and (e.vehicle, e.place) == (event.vehicle, event.place))
    return next((e.time_s for e in same), None)


def _violations(history: History, truth: GroundTruth | None) -> Iterator[Violation]:
    for seen in truth.violations if truth else ():
        yield Violation(check=seen.check, detail=seen.detail, vehicle_id=seen.vehicle, time_s=seen.time_s)
    called = {assist.subject: assist.detail for assist in history.assists.values() if assist.cause == QUARANTINED}
    for subject, error in sorted((called | dict(history.state.quarantine)).items()):
        yield Violation(check=QUARANTINED, detail=f"{subject} was quarantined: {error}")
