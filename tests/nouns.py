"""Small nouns for tests of the core: a town of blocks with two vans, what its vans say, and what is asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from fleet.controller.inbox import Facts
from fleet.controller.turn import Due, Outcome, take_turn
from fleet.dispatch.commands import RunRequest
from fleet.model import event as ev
from fleet.model.ids import (
    ActionId,
    AreaId,
    OrderId,
    ParcelId,
    PointId,
    RunId,
    StationId,
    TripId,
    VehicleId,
    VehicleTypeId,
)
from fleet.model.order import ActionKind, Order, OrderPurpose, PathEdge, PathNode, StopAction
from fleet.model.place import PickupPoint, Place, Station
from fleet.model.profile import Profile
from fleet.model.run import Lot, Run
from fleet.model.site import Site
from fleet.model.trip import Plan, PlanCost, Stop, Trip, TripPhase
from fleet.model.twin import Liveness
from fleet.model.vehicle import Battery, Vehicle, VehicleType
from fleet.orders.build import Terms
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.wire.messages import (
    ActionState,
    ActionStatus,
    EdgeState,
    EmergencyStop,
    ErrorLevel,
    ErrorReference,
    Header,
    NodeState,
    OperatingMode,
    Position,
    Power,
    Safety,
    VehicleError,
    VehicleState,
)
from vehicle_sim.grid import grid_town

NOW_S = 1_800_000_000.0
COLUMNS, ROWS, BLOCK_M = 4, 3, 300.0
DEPOT, VAN_1, VAN_2 = StationId("depot"), VehicleId("van-1"), VehicleId("van-2")
POINT_1, POINT_2, POINT_3 = PointId("p1"), PointId("p2"), PointId("p3")
DEPOT_NODE = "station:depot"

VAN = VehicleType(
    id=VehicleTypeId("van"),
    mass_kg_max=800.0,
    volume_m3_max=5.5,
    parcels_max=450,
    speed_mps_max=8.5,
    accel_mps2=1.0,
    length_m=3.0,
    width_m=1.5,
    road_classes=frozenset({"residential"}),
    battery=Battery(
        energy_wh=22_000.0,
        empty_wh_per_m=0.11,
        load_wh_per_m_kg=0.00003,
        hotel_w=500.0,
        charge_w_max=20_000.0,
        reserve_fraction=0.15,
        reserve_m=1000.0,
    ),
)


# The town -------------------------------------------------------------------------------------------------------------


def a_vehicle(name: str = VAN_1) -> Vehicle:
    return Vehicle(
        id=VehicleId(name),
        manufacturer="acme",
        serial_number=name,
        vda5050_version="2.1.0",
        interface_name="uagv",
        type_id=VAN.id,
        home_station=DEPOT,
    )


def a_site(*, bays: int = 1, chargers: int = 1, vehicles: Sequence[str] = (VAN_1, VAN_2)) -> Site:
    """One station and three pickup points around the blocks of a grid town."""
    plane = grid_town(2, 2).plane

    def at(x_m: float, y_m: float) -> tuple[float, float]:
        lat, lon = plane.to_latlon(x_m, y_m)
        return float(lat), float(lon)

    lat, lon = at(150.0, -8.0)
    station = Station(
        id=DEPOT,
        name="Depot",
        lat=lat,
        lon=lon,
        loading_bays=bays,
        load_fixed_s=60.0,
        load_per_parcel_s=1.0,
        chargers=chargers,
        charger_w=20_000.0,
    )
    doors = {POINT_1: at(720.0, -8.0), POINT_2: at(908.0, 420.0), POINT_3: at(430.0, 608.0)}
    return Site(
        id=AreaId("town"),
        name="Town",
        time_zone="Europe/Vaduz",
        map_path=Path("town.osm.pbf"),
        map_id="town",
        data_dir=Path("data"),
        stations={DEPOT: station},
        points={point_id: _point(point_id, *door) for point_id, door in doors.items()},
        vehicle_types={VAN.id: VAN},
        vehicles={VehicleId(name): a_vehicle(name) for name in vehicles},
    )


def _point(point_id: PointId, lat: float, lon: float) -> PickupPoint:
    return PickupPoint(
        id=point_id,
        name=point_id,
        lat=lat,
        lon=lon,
        unload_fixed_s=90.0,
        unload_per_parcel_s=0.8,
        staff_wait_s=90.0,
        no_show_s=600.0,
    )


@cache
def town(*, bays: int = 1, chargers: int = 1, vehicles: tuple[str, ...] = (VAN_1, VAN_2)) -> SiteRoads:
    """The site on its roads; made once for each kind."""
    return SiteRoads(a_site(bays=bays, chargers=chargers, vehicles=vehicles), grid_town(COLUMNS, ROWS, BLOCK_M))


# What is asked --------------------------------------------------------------------------------------------------------


def a_request(name: str = "", point: PointId = POINT_1, parcels: int = 3, **changes: object) -> RunRequest:
    request = RunRequest(
        run_id=name,
        station_id=DEPOT,
        point_id=point,
        parcel_ids=(),
        parcel_count=parcels,
        mass_kg=parcels * 1.2,
        volume_m3=parcels * 0.01,
        ready_s=NOW_S,
        due_s=NOW_S + 7200.0,
    )
    return replace(request, **changes)  # type: ignore[arg-type]  # by field name, as the caller spells them


def a_run(name: str = "run-1", point: PointId = POINT_1, parcels: int = 3) -> Run:
    return Run(
        id=RunId(name),
        station_id=DEPOT,
        point_id=point,
        lot=Lot(parcel_ids=parcels_of(name, parcels), mass_kg=3.6, volume_m3=0.03),
        ready_s=NOW_S,
        due_s=NOW_S + 7200.0,
        priority=1,
        brand="",
    )


def parcels_of(run: str, count: int = 3) -> tuple[ParcelId, ...]:
    return tuple(ParcelId(f"{run}.{i}") for i in range(1, count + 1))


def a_trip(name: str = "trip-1", vehicle_id: VehicleId = VAN_1, *stops: tuple[PointId, Sequence[str]]) -> Trip:
    """A trip that may be loaded at once; by default run-1 to the first point."""
    visits = stops or ((POINT_1, ["run-1"]),)
    return Trip(
        id=TripId(name),
        vehicle_id=vehicle_id,
        station_id=DEPOT,
        charge_from_s=NOW_S,
        charge_until_s=NOW_S,
        load_from_s=NOW_S,
        depart_s=NOW_S + 100.0,
        stops=tuple(
            Stop(point_id=point, run_ids=tuple(map(RunId, runs)), arrive_s=NOW_S + 300.0, leave_s=NOW_S + 500.0)
            for point, runs in visits
        ),
        return_s=NOW_S + 900.0,
    )


def a_plan(*trips: Trip) -> Plan:
    cost = PlanCost(late_s=0.0, drive_s=100.0, trips=len(trips), unassigned=0, total=160.0)
    return Plan(trips=trips, unassigned=(), cost=cost, made_by="hand")


# Orders ---------------------------------------------------------------------------------------------------------------


def a_piece(index: int, end: str, *, length_m: float = 100.0, speed_mps: float = 10.0, safe: bool = True) -> PathEdge:
    return PathEdge(
        edge=index,
        edge_id=f"e{index}",
        road_key=f"e{index}",
        from_m=0.0,
        to_m=length_m,
        speed_mps=speed_mps,
        end=PathNode(node_id=end, x_m=100.0 * (index + 1), y_m=0.0),
        is_safe_end=safe,
    )


def an_order(
    *ends: str,
    runs: Sequence[str] = ("run-1",),
    purpose: OrderPurpose = OrderPurpose.DELIVER,
    start: str = DEPOT_NODE,
    released: int | None = None,
    **changes: object,
) -> Order:
    """An order along nodes of these names, all of it released unless said otherwise; the runs change hands at its end.

    Without nodes it stays where it starts.
    """
    path = tuple(a_piece(index, end) for index, end in enumerate(ends))
    kind = ActionKind.PICK if purpose is OrderPurpose.LOAD else ActionKind.DROP
    order = Order(
        id=OrderId("o-1"),
        vehicle_id=VAN_1,
        trip_id=TripId("trip-1"),
        purpose=purpose,
        start=PathNode(node_id=start, x_m=0.0, y_m=0.0),
        goal=Place(len(path) - 1, 100.0) if path else Place(0, 0.0),
        path=path,
        actions=tuple(
            StopAction(action_id=ActionId(f"a-{run}"), kind=kind, run_id=RunId(run), parcel_count=3) for run in runs
        ),
        released=len(path) if released is None else released,
        announced=len(path),
        issued_s=NOW_S,
    )
    return replace(order, **changes)  # type: ignore[arg-type]  # by field name, as the caller spells them


def terms(**habits: object) -> Terms:
    """How a van of the town is told its orders."""
    profile = Profile(version="2.1.0", topic_major=2, **habits)  # type: ignore[arg-type]  # by field name
    return Terms("town", town().graph, profile)


# What a van says ------------------------------------------------------------------------------------------------------

Shown = ActionStatus | str | tuple[ActionStatus, str]
"""How a state shows an action: its status, or its result where it is finished, or both."""


def a_header(number: int = 1, sent_s: float = NOW_S, name: str = VAN_1) -> Header:
    return Header(header_id=number, sent_s=sent_s, version="2.1.0", manufacturer="acme", serial_number=name)


def a_state(
    *,
    order: str = "",
    update: int = 0,
    at: str = DEPOT_NODE,
    sequence: int = 0,
    left: Sequence[tuple[str, int]] = (),
    edges: Sequence[tuple[str, int]] = (),
    actions: Mapping[str, Shown] | None = None,
    errors: Sequence[VehicleError] = (),
    **changes: object,
) -> VehicleState:
    """A state of an idle van at its station, unless said otherwise.

    Args:
        left: nodes that are still before it, with their sequence ids.
        edges: the same for edges.
        actions: how each action is shown.
    """
    plain: dict[str, object] = {
        "header": a_header(),
        "order_id": order,
        "order_update_id": update,
        "last_node_id": at,
        "last_node_sequence_id": sequence,
        "node_states": tuple(NodeState(node_id=n, sequence_id=s, released=True) for n, s in left),
        "edge_states": tuple(EdgeState(edge_id=e, sequence_id=s, released=True) for e, s in edges),
        "action_states": tuple(_action_state(name, status) for name, status in (actions or {}).items()),
        "driving": False,
        "power": Power(soc_fraction=0.8, is_charging=False),
        "mode": OperatingMode.AUTOMATIC,
        "errors": tuple(errors),
        "safety": Safety(emergency_stop=EmergencyStop.NONE, field_violation=False),
    }
    return VehicleState(**(plain | changes))  # type: ignore[arg-type]  # by field name, as the caller spells them


def _action_state(name: str, shown: Shown) -> ActionState:
    if isinstance(shown, ActionStatus):
        return ActionState(action_id=name, status=shown)
    status, result = shown if isinstance(shown, tuple) else (ActionStatus.FINISHED, shown)
    return ActionState(action_id=name, status=status, result=result)


def failed(why: str) -> Shown:
    """An action that ended badly."""
    return ActionStatus.FAILED, why


def on_the_next_road(order: Order, index: int = 0) -> PathEdge:
    """The first piece of the road that follows the one of that piece."""
    return next(piece for piece in order.path[index:] if piece.road_key != order.path[index].road_key)


def before_the_last_road(order: Order) -> PathEdge:
    """The last piece that is not of the road at which the order ends."""
    return next(piece for piece in reversed(order.path) if piece.road_key != order.path[-1].road_key)


def driving(order: Order, passed: int, **changes: object) -> VehicleState:
    """What a van says that has driven the first `passed` edges of its order and knows its base."""
    nodes = [(piece.end.node_id, 2 * i + 2) for i, piece in enumerate(order.path)]
    edges = [(piece.edge_id, 2 * i + 1) for i, piece in enumerate(order.path)]
    at = order.path[passed - 1].end.node_id if passed else order.start.node_id
    said: dict[str, object] = {
        "order": order.id,
        "update": order.update_id,
        "at": at,
        "sequence": 2 * passed,
        "left": nodes[passed : order.released],
        "edges": edges[passed : order.released],
        "actions": {action.action_id: ActionStatus.WAITING for action in order.actions},
    }
    return a_state(**(said | changes))  # type: ignore[arg-type]  # by field name, as the caller spells them


def an_error(kind: str, level: ErrorLevel = ErrorLevel.WARNING, **references: str) -> VehicleError:
    return VehicleError(
        error_type=kind,
        level=level,
        references=tuple(ErrorReference(key=key, value=value) for key, value in references.items()),
    )


def standing_at(x_m: float, y_m: float) -> Position:
    return Position(x_m=x_m, y_m=y_m, theta_rad=0.0, map_id="town", is_localized=True)


# States of the fleet --------------------------------------------------------------------------------------------------


def opened(roads: SiteRoads, now_s: float = NOW_S) -> FleetState:
    """The area is open, and its vans stand at their station, fresh and automatic."""
    draft = Draft(FleetState(), now_s)
    draft.emit(ev.AreaOpened(token="t", epoch=1, map_sha256="m"))
    for vehicle in roads.site.vehicles.values():
        draft.emit(ev.VehicleEnrolled(vehicle=vehicle))
        draft.emit(ev.LivenessChanged(vehicle_id=vehicle.id, liveness=Liveness.FRESH))
        draft.emit(
            ev.ConditionChanged(vehicle_id=vehicle.id, mode="AUTOMATIC", is_stopped=False, is_paused=False, fatal=())
        )
        draft.emit(ev.ChargeChanged(vehicle_id=vehicle.id, soc_fraction=0.8, is_charging=False))
        place = roads.place(vehicle.type_id, DEPOT_NODE)
        draft.emit(ev.VehiclePlaced(vehicle_id=vehicle.id, node_id=DEPOT_NODE, place=place))
    return draft.state


def after(state: FleetState, events: Iterable[ev.Event], now_s: float = NOW_S) -> FleetState:
    """The state after these events, all at the same moment."""
    draft = Draft(state, now_s)
    for event in events:
        draft.emit(event)
    return draft.state


def loaded(roads: SiteRoads, run: Run | None = None) -> FleetState:
    """Van 1 has the run aboard, is under way in trip-1 and has no order."""
    run = run or a_run()
    return after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=(run,)),
            ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip("trip-1", VAN_1, (run.point_id, [run.id])))),
            ev.TripStarted(trip_id=TripId("trip-1"), vehicle_id=VAN_1),
            ev.ParcelsLoaded(
                run_id=run.id, vehicle_id=VAN_1, parcel_ids=run.lot.parcel_ids, action_id=ActionId("a-pick")
            ),
            ev.TripMoved(trip_id=TripId("trip-1"), phase=TripPhase.UNDER_WAY),
        ],
    )


@dataclass
class Office:
    """A controller's turns without a controller: state in, state out, nothing is stored or sent.

    Attributes:
        sent: message by message what would have been sent, with the vehicle.
    """

    roads: SiteRoads
    state: FleetState
    now_s: float = NOW_S
    sent: list[tuple[VehicleId, object]] = field(default_factory=list)
    events: list[ev.Event] = field(default_factory=list)

    def turn(self, facts: Facts | None = None, due: Due | None = None, after_s: float = 1.0) -> Outcome:
        """One turn, some time after the last; all of it is taken over."""
        self.now_s += after_s
        draft = Draft(self.state, self.now_s)
        outcome = take_turn(draft, self.roads, facts or Facts(), due or Due())
        self.state = draft.state
        self.events = [entry.event for entry in draft.entries]
        self.sent += [(letter.vehicle_id, letter.message) for letter in draft.letters]
        return outcome

    def hear(self, vehicle_id: VehicleId, *states: VehicleState, after_s: float = 1.0) -> Outcome:
        return self.turn(Facts(states={vehicle_id: list(states)}), after_s=after_s)


def on_its_way(roads: SiteRoads) -> Office:
    """Van 1 has the run aboard, drives to its point, and has shown its order."""
    office = Office(roads, loaded(roads))
    office.turn(due=Due(vehicles=(VAN_1,)))
    office.hear(VAN_1, driving(the_order(office), 0))
    office.sent.clear()
    return office


def the_order(office: Office) -> Order:
    """The only one that there is."""
    [order] = office.state.orders.values()
    return order
