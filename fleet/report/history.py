"""A journal told vehicle by vehicle: what each did and when, what it had been planned to do, what was driven."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from fleet.journal.record import FIRST_HASH, Record
from fleet.model import event as ev
from fleet.model.assist import Assist
from fleet.model.ids import AssistId, VehicleId
from fleet.model.order import ActionPhase, OrderPhase, OrderPurpose
from fleet.model.trip import Trip
from fleet.model.twin import Liveness
from fleet.report.data import Activity, AssistShown, Span
from fleet.report.exposure import Release, release_of
from fleet.roads.graph import RoadGraph
from fleet.state.apply import apply
from fleet.state.fleet_state import FleetState

SHORTEST_S = 0.5
"""Changes within one turn are no spans."""


@dataclass(slots=True)
class VehicleHistory:
    """What the journal knows of one vehicle's day; `driven` are edge keys with the offsets driven between."""

    actual: list[Span] = field(default_factory=list)
    planned: list[Span] = field(default_factory=list)
    charge: list[tuple[float, float]] = field(default_factory=list)
    driven: list[tuple[str, float, float]] = field(default_factory=list)


@dataclass(slots=True)
class History:
    """A whole journal, read once.

    Attributes:
        state: at its end, together with all that was archived.
        releases: what vehicles were let into, message by message.
        orders: order messages, first ones and updates; repeats are not counted.
        orders_rejected: orders that vehicles would not take.
        head_hash: of the hash chain.
    """

    state: FleetState = field(default_factory=FleetState)
    vehicles: defaultdict[str, VehicleHistory] = field(default_factory=lambda: defaultdict(VehicleHistory))
    assists: dict[AssistId, AssistShown] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    orders: int = 0
    orders_rejected: int = 0
    events: int = 0
    head_hash: str = FIRST_HASH


def read_history(records: Iterable[Record], graph: RoadGraph | None = None) -> History:
    """Fold the journal, keeping what a report tells.

    Args:
        graph: the roads that ends of bases are judged by; without it none is.
    """
    history = History()
    since: dict[VehicleId, tuple[Activity, float, str]] = {}
    for record in records:
        event, now_s, before = record.event(), record.trade_s, history.state
        history.state = before if isinstance(event, ev.RunsArchived) else apply(before, event, now_s)
        history.events, history.head_hash = record.seq, record.hash
        _note(history, event, before, now_s)
        _note_release(history, event, before, now_s, graph)
        vehicle_id = _vehicle_of(event, before)
        if vehicle_id is not None:
            _follow(history, since, vehicle_id, now_s)
    for vehicle_id, (activity, from_s, text) in since.items():
        _close(history, vehicle_id, Span(activity, from_s, history.state.now_s, text))
    return history


def activity_of(state: FleetState, vehicle_id: VehicleId) -> Activity:
    """What a vehicle is doing, as far as we know."""
    twin = state.twin(vehicle_id)
    if twin.liveness in (Liveness.STALE, Liveness.LOST):
        return Activity.SILENT
    order = state.active_order(vehicle_id)
    if order is None:
        return Activity.CHARGING if twin.is_charging else Activity.WAITING
    if order.purpose is OrderPurpose.LOAD:
        return Activity.LOADING
    is_there = order.passed == len(order.path) or any(a.phase is ActionPhase.RUNNING for a in order.actions)
    if is_there and order.actions:
        return Activity.AT_STOP
    if twin.blocked is not None:
        return Activity.BLOCKED
    return Activity.RETURNING if order.purpose is OrderPurpose.RETURN else Activity.DRIVING


def planned_spans(trip: Trip) -> list[Span]:
    """A trip as it is planned, piece by piece."""
    spans = [Span(Activity.CHARGING, trip.charge_from_s, trip.charge_until_s)]
    spans.append(Span(Activity.LOADING, trip.load_from_s, trip.depart_s))
    at_s = trip.depart_s
    for stop in trip.stops:
        spans.append(Span(Activity.DRIVING, at_s, stop.arrive_s, stop.point_id))
        spans.append(Span(Activity.AT_STOP, stop.arrive_s, stop.leave_s, stop.point_id))
        at_s = stop.leave_s
    spans.append(Span(Activity.RETURNING, at_s, trip.return_s))
    return [span for span in spans if span.to_s - span.from_s > SHORTEST_S]


def _follow(
    history: History, since: dict[VehicleId, tuple[Activity, float, str]], vehicle_id: VehicleId, now_s: float
) -> None:
    """Close the vehicle's span and begin the next one, if it does something else now."""
    present = (activity_of(history.state, vehicle_id), _place_text(history.state, vehicle_id))
    last = since.get(vehicle_id)
    if last is not None and (last[0], last[2]) == present:
        return
    if last is not None:
        _close(history, vehicle_id, Span(last[0], last[1], now_s, last[2]))
    since[vehicle_id] = (present[0], now_s, present[1])


def _close(history: History, vehicle_id: VehicleId, span: Span) -> None:
    if span.to_s - span.from_s > SHORTEST_S:
        history.vehicles[vehicle_id].actual.append(span)


def _place_text(state: FleetState, vehicle_id: VehicleId) -> str:
    """The pickup point that the vehicle is bound for or stands at."""
    order = state.active_order(vehicle_id)
    if order is None or order.purpose is not OrderPurpose.DELIVER:
        return ""
    return order.last_node_id.partition(":")[2]


def _note(history: History, event: ev.Event, before: FleetState, now_s: float) -> None:
    match event:
        case ev.TripStarted():
            trip = history.state.trip(event.trip_id).trip
            history.vehicles[event.vehicle_id].planned += planned_spans(trip)
        case ev.ChargeChanged():
            history.vehicles[event.vehicle_id].charge.append((now_s, event.soc_fraction))
        case ev.NodePassed():
            order = before.orders[event.order_id]
            driven = order.path[order.passed : event.passed]
            history.vehicles[order.vehicle_id].driven += [(e.road_key, e.from_m, e.to_m) for e in driven]
        case ev.OrderIssued() | ev.OrderExtended() | ev.OrderRerouted():
            history.orders += 1
        case ev.OrderEnded(phase=OrderPhase.REJECTED):
            history.orders_rejected += 1
        case ev.AssistRaised():
            history.assists[event.assist.id] = _shown(event.assist, None, "")
        case ev.AssistResolved(assist_id=assist_id) if assist_id in before.assists:
            history.assists[assist_id] = _shown(before.assists[assist_id], now_s, event.resolution)
        case _:
            pass


def _note_release(history: History, event: ev.Event, before: FleetState, now_s: float, graph: RoadGraph | None) -> None:
    order_id = event.order.id if isinstance(event, ev.OrderIssued) else None
    order_id = event.order_id if isinstance(event, ev.OrderExtended) else order_id
    if order_id is not None and order_id in history.state.orders:
        after = history.state.orders[order_id]
        history.releases.append(release_of(before.orders.get(order_id), after, graph, now_s))


def _shown(assist: Assist, resolved_s: float | None, resolution: str) -> AssistShown:
    return AssistShown(
        cause=assist.cause.value,
        subject=assist.subject,
        detail=assist.detail,
        raised_s=assist.raised_s,
        resolved_s=resolved_s,
        resolution=resolution,
    )


def _vehicle_of(event: ev.Event, before: FleetState) -> VehicleId | None:
    """The vehicle whose doings an event may change."""
    match event:
        case ev.VehicleEnrolled():
            return event.vehicle.id
        case ev.OrderIssued():
            return event.order.vehicle_id
    if (vehicle_id := getattr(event, "vehicle_id", None)) is not None:
        return VehicleId(vehicle_id)
    order = before.orders.get(getattr(event, "order_id", None))  # type: ignore[arg-type]  # None is in no map
    return order.vehicle_id if order else None
