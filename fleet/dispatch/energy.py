"""Whether what is in the battery will do: for a trip, for a leg, for more road, and always for the way home after it.

Promise S12: with the consumption of a bad day, a vehicle that was let go somewhere comes back to its charger with its
reserve untouched. What a vehicle has is what it said last, less the step in which it says it. Ways are looked up in
the travel tables that plans are made of; only a vehicle that is short of charge is worth a search of its own.

Nothing is enough for a way that nobody knows. One that is closed now is reckoned as it will be when it is open again:
who drives it, and when, is not for charge to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from fleet.dispatch.intent import Cancel, Extend, Intent
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import RunId
from fleet.model.order import Order, OrderPurpose
from fleet.model.place import Place
from fleet.model.run import RunPhase
from fleet.model.trip import Trip
from fleet.model.twin import Twin
from fleet.planning.present import travel_tables
from fleet.roads.route import NoRoute
from fleet.roads.site_roads import SiteRoads, SiteTables, point_node_id, station_node_id
from fleet.state.attention import raise_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.state.fleet_state import Visit

SOC_DOUBT = 0.01
WORTH_TURNING_WH = 50.0
Way = tuple[float, float]  # metres and seconds; infinite where there is no way


def covers_trip(draft: Draft, roads: SiteRoads, twin: Twin, trip: Trip) -> bool:
    """Whether the vehicle could leave its station for this trip now and be back with its reserve."""
    budget = _Budget(draft, roads, twin)
    node_id = home = station_node_id(twin.vehicle.home_station)
    load_kg = _mass_kg(draft, trip.run_ids)
    # On its wheels too; and a step more than each door will ask for, so that a gauge's rounding calls nobody back.
    needed_wh = budget.standing_wh(trip.return_s - trip.load_from_s) + SOC_DOUBT * budget.battery.energy_wh
    for stop in trip.stops:
        door = point_node_id(stop.point_id)
        needed_wh += budget.rolling_wh(budget.between(node_id, door)[0], load_kg)
        load_kg -= _mass_kg(draft, stop.run_ids)
        node_id = door
    return budget.holds(needed_wh + budget.rolling_wh(budget.between(node_id, home)[0], 0.0))


def covers_visit(draft: Draft, roads: SiteRoads, twin: Twin, visit: Visit) -> bool:
    """Whether the vehicle could drive to this door, hand over and come home with its reserve."""
    budget = _Budget(draft, roads, twin)
    door, load_kg = point_node_id(visit.point_id), _mass_kg(draft, twin.aboard)
    parcels = sum(draft.state.run(run_id).run.lot.parcel_count for run_id in visit.run_ids)
    there_wh = budget.drive_wh(budget.from_here(door), load_kg)
    if there_wh == math.inf:
        return True  # charge is not what is missing: that is told by whoever looks for the way
    point = roads.site.points.get(visit.point_id)
    stop_wh = budget.standing_wh(point.service_s(parcels)) if point is not None else 0.0
    left_kg = load_kg - _mass_kg(draft, visit.run_ids)
    home_wh = budget.drive_wh(budget.between(door, station_node_id(twin.vehicle.home_station)), left_kg)
    return budget.holds(there_wh + stop_wh + home_wh)


def give_up_visit(draft: Draft, twin: Twin, visit: Visit) -> None:
    """Too little charge for this door: its parcels come back, and a person is called."""
    detail = f"{twin.soc_fraction:.0%} is too little for {visit.point_id} and the way home; its parcels come back"
    raise_assist(draft, AssistCause.LOW_BATTERY, vehicle_subject(twin.vehicle.id), detail)
    _recall(draft, visit.run_ids, f"low battery: {twin.soc_fraction:.0%} is too little for {visit.point_id}")


def tell_way_home(draft: Draft, roads: SiteRoads, twin: Twin) -> None:
    """Going home is the remedy, so it is never forbidden; but a person should know of one that comes home short."""
    budget = _Budget(draft, roads, twin)
    home = station_node_id(twin.vehicle.home_station)
    needed_wh = budget.drive_wh(budget.from_here(home), _mass_kg(draft, twin.aboard))
    _tell_short(draft, twin, budget, needed_wh)


def onward(draft: Draft, roads: SiteRoads, twin: Twin, order: Order, released: int) -> Intent | None:
    """Let the vehicle further along its order, or home from the end of its base where its charge asks for that.

    It is never stopped between two safe places for want of charge: it drives to the end of its base first.
    """
    order = draft.state.orders[order.id]  # all of its way, whatever of it is open
    budget = _Budget(draft, roads, twin)
    on_wh = _rest_wh(draft, budget, twin, order)
    if order.purpose is OrderPurpose.RETURN:
        _tell_short(draft, twin, budget, on_wh)
    elif order.purpose is OrderPurpose.DELIVER and not budget.holds(on_wh):
        if order.passed < order.released:
            return None
        if _should_turn(draft, budget, twin, order, on_wh):
            return _turn(draft, twin, order)
    return Extend(order.id, released)


def _rest_wh(draft: Draft, budget: _Budget, twin: Twin, order: Order) -> float:
    """To the goal and then home."""
    load_kg = _mass_kg(draft, twin.aboard)
    home = budget.between(order.last_node_id, station_node_id(twin.vehicle.home_station))
    left_kg = load_kg - _mass_kg(draft, {action.run_id for action in order.actions} & twin.aboard)
    return budget.drive_wh(_ahead(order), load_kg) + budget.drive_wh(home, left_kg)


def _should_turn(draft: Draft, budget: _Budget, twin: Twin, order: Order, on_wh: float) -> bool:
    """Whether the way home from here takes less; not where only the goal is within reach, which is a safe place too."""
    load_kg = _mass_kg(draft, twin.aboard)
    home_wh = budget.drive_wh(budget.from_here(station_node_id(twin.vehicle.home_station)), load_kg)
    only_the_goal = budget.drive_wh(_ahead(order), load_kg) <= budget.charge_wh < home_wh
    detail = f"{twin.soc_fraction:.0%} is too little for the way on to {order.last_node_id} and home"
    if only_the_goal:
        detail = f"{twin.soc_fraction:.0%} is too little for the way home; it drives on to {order.last_node_id}"
    raise_assist(draft, AssistCause.LOW_BATTERY, vehicle_subject(twin.vehicle.id), detail)
    return not only_the_goal and home_wh + WORTH_TURNING_WH < on_wh


def _ahead(order: Order) -> Way:
    """From the last node that the vehicle has confirmed to the goal."""
    ahead = order.path[order.passed :]
    return sum(piece.length_m for piece in ahead), sum(piece.duration_s for piece in ahead)


def _turn(draft: Draft, twin: Twin, order: Order) -> Cancel:
    """Its drop has not begun: the goal is not released yet. So what is for it may be recalled."""
    why = f"low battery: {twin.soc_fraction:.0%} is too little for {order.last_node_id}"
    _recall(draft, tuple(action.run_id for action in order.actions), why)
    return Cancel(order.id, why)


def _recall(draft: Draft, run_ids: tuple[RunId, ...], why: str) -> None:
    for run_id in run_ids:
        view = draft.state.run(run_id)
        if view.phase is RunPhase.UNDER_WAY and not view.recalled:
            draft.emit(ev.RunRecalled(run_id=run_id, why=why))


def _tell_short(draft: Draft, twin: Twin, budget: _Budget, needed_wh: float) -> None:
    if needed_wh == math.inf or budget.holds(needed_wh):
        return
    detail = f"{twin.soc_fraction:.0%} takes it home, but not with its reserve"
    if needed_wh > budget.charge_wh:
        detail = f"{twin.soc_fraction:.0%} may be too little for the way home"
    raise_assist(draft, AssistCause.LOW_BATTERY, vehicle_subject(twin.vehicle.id), detail)


def _mass_kg(draft: Draft, run_ids: Iterable[RunId]) -> float:
    return math.fsum(draft.state.run(run_id).run.lot.mass_kg for run_id in run_ids)


class _Budget:
    """What one vehicle has, and what ways take of it."""

    def __init__(self, draft: Draft, roads: SiteRoads, twin: Twin) -> None:
        battery = roads.site.vehicle_types[twin.vehicle.type_id].battery
        self.battery = battery.on_a_bad_day(roads.site.policy.consumption_factor)
        self.charge_wh = max(twin.soc_fraction - SOC_DOUBT, 0.0) * battery.energy_wh
        self._draft, self._roads, self._twin = draft, roads, twin
        self._tables = travel_tables(draft.state, roads)

    def holds(self, needed_wh: float) -> bool:
        """Whether it is enough with the reserve."""
        return needed_wh + self.battery.reserve_wh() <= self.charge_wh

    def drive_wh(self, way: Way, load_kg: float) -> float:
        return self.rolling_wh(way[0], load_kg) + self.standing_wh(way[1])

    def rolling_wh(self, length_m: float, load_kg: float) -> float:
        return math.inf if length_m == math.inf else self.battery.drive_wh(length_m, load_kg)

    def standing_wh(self, duration_s: float) -> float:
        return math.inf if duration_s == math.inf else self.battery.hotel_w * duration_s / 3600.0

    def between(self, start: str, end: str) -> Way:
        """Between two stops; where none is open, the way that was there before roads were closed."""
        way = self._looked_up(self._tables, start, end)
        return way if way[0] < math.inf else self._looked_up(self._roads.tables(frozenset()), start, end)

    def _looked_up(self, tables: SiteTables, start: str, end: str) -> Way:
        if start not in tables.rows or end not in tables.rows:
            return math.inf, math.inf  # the site no longer lists it
        cell = (tables.types[self._twin.vehicle.type_id], tables.rows[start], tables.rows[end])
        return float(tables.lengths_m[cell]), float(tables.durations_s[cell])

    def from_here(self, end: str) -> Way:
        """From where the vehicle stands, on roads that are open now; searched for where that is no stop."""
        if self._twin.node_id in self._tables.rows:
            return self._looked_up(self._tables, self._twin.node_id, end)
        goal = self._roads.place(self._twin.vehicle.type_id, end)
        if self._twin.place is None or goal is None:
            return math.inf, math.inf
        return self._search(self._twin.place, goal)

    def _search(self, start: Place, goal: Place) -> Way:
        state = self._draft.state
        closed = self._roads.closed_edges(key for key in state.closures if state.is_closed(key))
        route = self._roads.route(self._twin.vehicle.type_id, start, goal, closed - {start.edge})
        return (math.inf, math.inf) if isinstance(route, NoRoute) else (route.length_m, route.duration_s)
