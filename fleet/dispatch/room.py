"""Room beside a vehicle's lane: who has it, who is kept out of it, and where nobody else is (checklist 13.9).

A corridor wider than the lane lies on the lane of those who come the other way. So it is given only where no other
vehicle of ours has road, or may soon have, in either direction, and none stands; and while it is held, others stop
before it. What was sent counts as driven (6.12), and only the word of its vehicle ends it: that it has passed, or that
it has given it back. Whoever holds room can drive to the end of its base whatever others do, and then holds none: so
nobody waits in a circle. Nothing of this is kept beside the orders and answers themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from fleet.model.ids import VehicleId
from fleet.model.order import Order, PathEdge
from fleet.model.size import ENTRY_M, size_of
from fleet.model.twin import Liveness, Twin
from fleet.model.vehicle import LENGTH_M_MAX
from fleet.roads.graph import RoadGraph
from fleet.roads.route import NoRoute
from fleet.roads.site_roads import SiteRoads
from fleet.roads.stops import STAND_DEVIATION_M
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.telemetry.profiles import profile

LANE_SIDE_M = 1.5
"""Half of a lane of 3 m. So much on each side of its line is a vehicle's own, and is reserved from nobody."""
ROOM_S, STUCK_S = 2.0, 30.0
"""How often it is looked at whether room is free again; more seldom where its vehicle does not go on."""
SOON = 2.0
"""Road that a vehicle may soon have: this many times the driving time that its base may take at most."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a carriageway, both directions of it; `road` is the lower index of the two."""

    road: int
    from_m: float
    to_m: float

    def meets(self, other: Stretch) -> bool:
        return self.road == other.road and self.from_m < other.to_m and other.from_m < self.to_m


@dataclass(frozen=True, slots=True)
class Held:
    """From this piece of its way on a vehicle is kept out, because another one has the room there."""

    index: int
    by: VehicleId


def stretch(graph: RoadGraph, edge: int, from_m: float, to_m: float) -> Stretch:
    back = int(graph.edge_reverse[edge])
    if not 0 <= back < edge:
        return Stretch(edge, from_m, to_m)
    length_m = float(graph.edge_length_m[edge])
    return Stretch(back, length_m - to_m, length_m - from_m)


def corridor_m(roads: SiteRoads, twin: Twin) -> float:
    """How far from its line the outline of the vehicle may be; 0 where it is told no corridor.

    One that does not hold the vehicle as it comes along its line is none.
    """
    told_m = profile(twin).corridor_m
    kind = roads.site.vehicle_types.get(twin.vehicle.type_id)
    if not told_m or kind is None:
        return 0.0
    needed_m = size_of(kind, twin.vehicle.habits, twin.learned).width_m / 2.0 + ENTRY_M
    return told_m if told_m >= needed_m else 0.0


def is_wide(corridor_m: float) -> bool:
    """Whether a corridor reaches beyond the lane."""
    return corridor_m > LANE_SIDE_M


# Who holds what -------------------------------------------------------------------------------------------------------


def kept_out(state: FleetState, graph: RoadGraph, order: Order) -> Held | None:
    """The first piece behind its base that an order must not be let into, for another vehicle has the room there."""
    if not state.roomy or (len(state.roomy) == 1 and order.vehicle_id in state.roomy):
        return None
    others = sorted(vehicle_id for vehicle_id in state.roomy if vehicle_id != order.vehicle_id)
    held = [(vehicle_id, each) for vehicle_id in others for each in room_of(state, graph, vehicle_id)]
    for index in range(order.released, len(order.path)):
        wanted = _widened(graph, order.path[index], LENGTH_M_MAX)
        by = next((vehicle_id for vehicle_id, each in held if each.meets(wanted)), None)
        if by is not None:
            return Held(index, by)
    return None


def room_of(state: FleetState, graph: RoadGraph, vehicle_id: VehicleId) -> Iterator[Stretch]:
    """What a vehicle was let into beside its lane and has not passed: told in its base, or granted when it asked."""
    order = state.active_order(vehicle_id)
    if order is None:
        return
    granted = {answer.subject for answer in state.twin(vehicle_id).answers if answer.holds_room}
    for index in range(order.passed, sent_until(order)):
        piece = order.path[index]
        if index in order.wide or piece.edge_id in granted:
            yield stretch(graph, piece.edge, piece.from_m, piece.to_m)


def wait_for_room(draft: Draft, roads: SiteRoads, order: Order, held: Held) -> None:
    """Look again soon whether the room ahead is free, where the vehicle could be let there by now.

    One that was told nothing yet may have to be let there at once, however far it is to a place to stand.
    """
    if not order.released or held.index < _soon(order, roads.site.limits.exposure_s):
        draft.wake(order.vehicle_id, draft.now_s + (STUCK_S if is_stuck(draft.state, roads, held.by) else ROOM_S))


def to_drive_round(state: FleetState, roads: SiteRoads, order: Order, held: Held) -> tuple[str, ...]:
    """Roads with room that nobody knows when it will be free, where a vehicle can be led round all of them; else none.

    Round one of them alone might be over another one, and from there back again. The roads themselves are open, and
    nobody may turn round before an open road.
    """
    piece, twin = order.path[held.index], state.twin(order.vehicle_id)
    place = order.path[order.released - 1].end_place if order.released else twin.place
    if not is_stuck(state, roads, held.by) or place is None or place.edge == piece.edge:
        return ()
    keys = _stuck_roads(state, roads, order.vehicle_id)
    shut = (shut.road_key for shut in twin.shut if shut.until_s > state.now_s)
    closed = roads.closed_edges((*keys, *(key for key in state.closures if state.is_closed(key)), *shut))
    way = roads.route(twin.vehicle.type_id, place, order.goal, closed - {place.edge})
    back = roads.graph.edge_reverse
    if isinstance(way, NoRoute) or any(int(back[edge]) == onto for edge, onto in pairwise(way.edges)):
        return ()
    return keys


def _stuck_roads(state: FleetState, roads: SiteRoads, but_for: VehicleId) -> tuple[str, ...]:
    """Both directions of the roads on which others that do not go on have room."""
    graph = roads.graph
    holders = (vehicle_id for vehicle_id in state.roomy if vehicle_id != but_for and is_stuck(state, roads, vehicle_id))
    edges = {each.road for vehicle_id in holders for each in room_of(state, graph, vehicle_id)}
    edges |= {int(graph.edge_reverse[edge]) for edge in edges}
    return tuple(sorted(graph.edge_key(edge) for edge in edges if edge >= 0))


def is_stuck(state: FleetState, roads: SiteRoads, vehicle_id: VehicleId) -> bool:
    """Nobody can say when it goes on: those who wait for its room look for another way.

    Whoever was taken out of the site file with an order is heard by nobody any more.
    """
    twin = state.twin(vehicle_id)
    if vehicle_id not in roads.site.vehicles:
        return True
    is_out = twin.liveness is Liveness.FRESH and not twin.can_take_orders
    return is_out or twin.liveness is Liveness.LOST or twin.blocked is not None


def sent_until(order: Order) -> int:
    """Up to where the vehicle may drive by anything that it was sent; a refused update may have been taken."""
    return min(max(order.released, order.exposed), len(order.path))


# Where nobody else is -------------------------------------------------------------------------------------------------


def free_room(state: FleetState, roads: SiteRoads, order: Order, first: int, last: int) -> tuple[int, ...]:
    """Pieces of an order, from `first` up to before `last`, beside which no other vehicle has anything to do.

    Told in a base, it cannot be taken back: so the whole way of each other vehicle counts.
    """
    return _free(state, roads, order, range(first, last), may_be_taken_back=False)


def is_free_for_a_while(state: FleetState, roads: SiteRoads, order: Order, edge_id: str) -> bool:
    """Whether no other vehicle has road beside a piece of an order, or may soon have."""
    pieces = [i for i in range(order.passed, sent_until(order)) if order.path[i].edge_id == edge_id]
    return bool(pieces) and len(_free(state, roads, order, pieces, may_be_taken_back=True)) == len(pieces)


def _free(
    state: FleetState, roads: SiteRoads, order: Order, indices: Iterable[int], *, may_be_taken_back: bool
) -> tuple[int, ...]:
    graph = roads.graph
    wanted = {i: stretch(graph, order.path[i].edge, order.path[i].from_m, order.path[i].to_m) for i in indices}
    edges = {each.road for each in wanted.values()}
    edges |= {int(graph.edge_reverse[edge]) for edge in edges}
    taken = [
        each
        for twin in state.twins.values()
        if twin.vehicle.id != order.vehicle_id
        for each in _claims(state, roads, twin, edges, may_be_taken_back=may_be_taken_back)
    ]
    return tuple(i for i, each in wanted.items() if not any(each.meets(other) for other in taken))


def _claims(
    state: FleetState, roads: SiteRoads, twin: Twin, edges: set[int], *, may_be_taken_back: bool
) -> Iterator[Stretch]:
    """Where a vehicle stands, and the road that it has or may have, as far as these edges are concerned."""
    order, place = state.active_order(twin.vehicle.id), twin.place
    if place is not None and place.edge in edges:
        body_m = _body_m(roads, twin)
        yield stretch(roads.graph, place.edge, place.offset_m - body_m, place.offset_m + body_m)
    if order is None:
        return
    last = _soon(order, roads.site.limits.exposure_s) if may_be_taken_back else len(order.path)
    for piece in order.path[order.passed : last]:
        if piece.edge in edges:
            yield _widened(roads.graph, piece, _body_m(roads, twin))


def _soon(order: Order, exposure_s: float) -> int:
    """Up to where the vehicle has road, or may be given some before long."""
    left_s, last = SOON * exposure_s, order.passed
    for last in range(order.passed, len(order.path)):
        left_s -= order.path[last].duration_s
        if left_s < 0.0:
            break
    return max(sent_until(order), min(last + 1, len(order.path)))


def _widened(graph: RoadGraph, piece: PathEdge, body_m: float) -> Stretch:
    """A piece with what may overhang its ends of a vehicle on it."""
    return stretch(graph, piece.edge, piece.from_m - body_m, piece.to_m + body_m)


def _body_m(roads: SiteRoads, twin: Twin) -> float:
    """How far a vehicle may reach from its place: its length, and how far it may be from where it means to be."""
    kind = roads.site.vehicle_types.get(twin.vehicle.type_id)
    length_m = LENGTH_M_MAX if kind is None else size_of(kind, twin.vehicle.habits, twin.learned).length_m
    return length_m + STAND_DEVIATION_M
