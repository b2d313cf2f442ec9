"""Closed and slow roads, told as BLOCKED and SPEED_LIMIT zones to vehicles that heed such (section 13.12).

This comes on top of what holds for all: a closed road is withdrawn from the horizon, and cancelled in a base. So a zone
must never speak against an order. A road of which only one direction is closed is left out, for both lie in one line;
and so is one that the vehicle is on or was let into: where people closed it, it is stopped by a cancel; where a vehicle
met an obstacle, it may go and see for itself. What is slow is told in orders as well: a road of which more than
the limit was released before it began is left out, for a base is not slowed afterwards (13.8).
"""

from __future__ import annotations

import hashlib
import math

import msgspec
from shapely import LineString
from shapely.ops import substring

from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import VehicleId
from fleet.model.order import ActionKind
from fleet.model.profile import Profile, WireLimits
from fleet.model.twin import Twin
from fleet.orders.asked import ask
from fleet.orders.fit import HEADER_BYTES, SENT_BYTES_MAX, is_offered
from fleet.orders.reach import ZONES, may_be_told
from fleet.roads.graph import RoadGraph
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import resolve_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.telemetry.names import their_name
from fleet.telemetry.profiles import profile
from fleet.wire import messages as wire
from fleet.wire.codec import body_of

BLOCKED, SPEED_LIMIT = wire.ZoneType.BLOCKED.value, wire.ZoneType.SPEED_LIMIT.value
HALF_WIDTH_M = 2.0
"""Of the zone along a road: its lane, and not the pavement beside it."""
OURS = "closed-"
"""Names of our zone sets begin like this, except for vehicles that take short ids only; theirs are not tidied up."""
OLD_KEPT_MAX = 20
CLEAR_M = 8.0
"""Free between the end of a zone and the junction: who passes there must not be stopped by it."""


def heeds_zones(twin: Twin) -> bool:
    return BLOCKED in twin.learned.zones or SPEED_LIMIT in twin.learned.zones


def tell_zones(draft: Draft, roads: SiteRoads, vehicle_id: VehicleId) -> None:
    """Tell the vehicle which roads are closed or slow, where that has changed since it was told last."""
    twin, state = draft.state.twin(vehicle_id), draft.state
    has_any = bool(state.closures or state.slow_roads or twin.zones.told)
    if not has_any or not heeds_zones(twin) or not may_be_told(twin, ZONES, ""):
        return
    limits = profile(twin).limits
    closed = closed_for(draft, roads.graph, twin, limits.zones_max)
    slow = slow_for(draft, roads.graph, twin, closed, limits.zones_max)
    if not closed and not slow and not twin.zones.told:
        return
    zone_set_id = their_name(_name(roads.site.map_id, closed, slow), limits)
    if zone_set_id == twin.zones.told:
        _enable(draft, twin)
        _tidy(draft, twin)
        return
    every = [_zone(roads.graph, key, limits) for key in closed]
    every += [_zone(roads.graph, key, limits, speed_mps) for key, speed_mps in slow.items()]
    zones = tuple(zone for zone in every if len(zone.outline) > 2)
    message = wire.ZoneSet(map_id=roads.site.map_id, zone_set_id=zone_set_id, zones=zones)
    if not draft.can_say(vehicle_id, message):
        return
    message = _within_bytes(message, profile(twin))
    told = ev.ZonesTold(vehicle_id=vehicle_id, zone_set_id=zone_set_id, road_keys=closed, slow_keys=tuple(slow))
    draft.emit(told)
    draft.send(vehicle_id, ZONES, zone_set_id, 0, message)


def _within_bytes(message: wire.ZoneSet, spoken: Profile) -> wire.ZoneSet:
    """As many of the zones as the vehicle takes in one message (section 4.2); they only come on top of its orders."""
    most = min(spoken.limits.message_bytes_max or SENT_BYTES_MAX, SENT_BYTES_MAX) - HEADER_BYTES
    while message.zones and len(body_of(message, spoken)) > most:
        fewer = message.zones[: len(message.zones) * 9 // 10]
        message = msgspec.structs.replace(message, zones=fewer)
    return message


def take_zones(draft: Draft, vehicle_id: VehicleId, state: wire.VehicleState) -> None:
    """Which zone set of ours the vehicle shows."""
    known = draft.state.twin(vehicle_id).zones
    if not known.told or state.zone_sets is None:
        return
    shown = next((held for held in state.zone_sets if held.zone_set_id == known.told), None)
    zone_set_id, is_enabled = (shown.zone_set_id, shown.is_enabled) if shown is not None else ("", False)
    names = {held.zone_set_id for held in state.zone_sets if held.zone_set_id.startswith(OURS)}
    old = tuple(sorted(names - {known.told})[:OLD_KEPT_MAX])
    if (zone_set_id, is_enabled, old) == (known.shown, known.is_enabled, known.old):
        return
    draft.emit(ev.ZonesShown(vehicle_id=vehicle_id, zone_set_id=zone_set_id, is_enabled=is_enabled, old=old))
    order = draft.state.active_order(vehicle_id)
    if zone_set_id and (order is None or order.is_confirmed):
        subject = vehicle_subject(vehicle_id)
        resolve_assist(draft, AssistCause.ORDER_UNCONFIRMED, subject, "the vehicle shows its zones")
    draft.touch(vehicle_id)


def closed_for(draft: Draft, graph: RoadGraph, twin: Twin, zones_max: int = 0) -> tuple[str, ...]:
    """The roads that this vehicle is told are closed, by name."""
    if BLOCKED not in twin.learned.zones:
        return ()
    order = draft.state.active_order(twin.vehicle.id)
    its_own = set() if order is None else {piece.road_key for piece in order.path[order.passed : order.released]}
    if twin.place is not None and twin.place.edge < graph.edge_count:
        its_own.add(graph.edge_key(twin.place.edge))
    closed = {key for key in draft.state.closures if draft.state.is_closed(key)}
    told = [key for key in sorted(closed - its_own) if _is_closed_both_ways(graph, key, closed - its_own)]
    return tuple(told[:zones_max] if zones_max else told)


def slow_for(
    draft: Draft, graph: RoadGraph, twin: Twin, closed: tuple[str, ...], zones_max: int = 0
) -> dict[str, float]:
    """The roads that this vehicle is told are slow, by name, and how fast they may be driven.

    Both directions lie in one line, so that the zone of each is in force on both: a road of which only one direction
    is slow is left out, and else the faster one counts. What an order says of its own direction stays in force.
    """
    if SPEED_LIMIT not in twin.learned.zones:
        return {}
    found: dict[str, float] = {}
    for key in sorted(set(draft.state.slow_roads) - set(closed)):
        speed_mps = _both_ways_mps(draft, graph, key)
        if speed_mps is not None and not _was_let_in_faster(draft, graph, twin, key, speed_mps):
            found[key] = math.floor(speed_mps * 100.0 + 1e-6) / 100.0
    most = max(zones_max - len(closed), 0) if zones_max else len(found)
    return dict(list(found.items())[:most])


def _both_ways_mps(draft: Draft, graph: RoadGraph, key: str) -> float | None:
    edge, slow = graph.edge_by_key(key), draft.state.slow_road(key)
    if edge is None or slow is None:
        return None
    back = int(graph.edge_reverse[edge])
    if back < 0:
        return slow.speed_mps
    other = draft.state.slow_road(graph.edge_key(back))
    return max(slow.speed_mps, other.speed_mps) if other is not None else None


def _was_let_in_faster(draft: Draft, graph: RoadGraph, twin: Twin, key: str, speed_mps: float) -> bool:
    """Whether the base of the vehicle holds a piece of this road, in either direction, at a higher speed."""
    order, edge = draft.state.active_order(twin.vehicle.id), graph.edge_by_key(key)
    if order is None or edge is None:
        return False
    both = {edge, int(graph.edge_reverse[edge])}
    base = order.path[order.passed : order.released]
    return any(piece.edge in both and piece.speed_mps > speed_mps for piece in base)


def _is_closed_both_ways(graph: RoadGraph, key: str, closed: set[str]) -> bool:
    edge = graph.edge_by_key(key)
    if edge is None:
        return False
    back = int(graph.edge_reverse[edge])
    return back < 0 or graph.edge_key(back) in closed


def _enable(draft: Draft, twin: Twin) -> None:
    """A vehicle may hold a zone set and not heed it yet."""
    zones = twin.zones
    if not zones.shown or zones.shown != zones.told or zones.is_enabled or zones.asked == zones.told:
        return
    if not is_offered(profile(twin), ActionKind.ENABLE_ZONE_SET):
        return
    ask(draft, twin.vehicle.id, ActionKind.ENABLE_ZONE_SET, more=(("zoneSetId", zones.told),))


def _tidy(draft: Draft, twin: Twin) -> None:
    """Sets that no longer hold would pile up on the vehicle, and in each of its states; one is forgotten at a time."""
    zones, kind = twin.zones, ActionKind.DELETE_ZONE_SET
    is_settled = zones.shown == zones.told and zones.is_enabled
    left = [name for name in zones.old if name not in zones.tidied]
    if not is_settled or not left or twin.instant(kind) is not None or profile(twin).offer(kind) is None:
        return
    draft.emit(ev.ZonesTidied(vehicle_id=twin.vehicle.id, zone_set_id=left[0]))
    ask(draft, twin.vehicle.id, kind, more=(("zoneSetId", left[0]),))


def _name(map_id: str, closed: tuple[str, ...], slow: dict[str, float]) -> str:
    """The same roads, at the same speeds, have the same name, so that nothing is told twice."""
    speeds = (f"{key}={speed_mps:.2f}" for key, speed_mps in slow.items())
    return f"{OURS}{hashlib.sha256(' '.join((map_id, *closed, *speeds)).encode()).hexdigest()[:12]}"


def _zone(graph: RoadGraph, key: str, limits: WireLimits, speed_mps_max: float | None = None) -> wire.Zone:
    edge = graph.edge_by_key(key)
    assert edge is not None
    line = LineString(graph.polyline(edge))
    clear_m = min(CLEAR_M, line.length / 4.0)
    shape = substring(line, clear_m, line.length - clear_m).buffer(
        HALF_WIDTH_M, quad_segs=2, cap_style="flat", join_style="mitre"
    )
    outline = tuple((round(float(x), 3), round(float(y), 3)) for x, y in shape.exterior.coords[:-1])
    kind = wire.ZoneType.BLOCKED if speed_mps_max is None else wire.ZoneType.SPEED_LIMIT
    return wire.Zone(zone_id=their_name(key, limits), zone_type=kind, outline=outline, speed_mps_max=speed_mps_max)
