"""A vehicle that does not know where it is may be anywhere that it was let into: others are kept away from all of that.

It keeps its order and what it holds, and gets no more road. The rest of its base counts as blocked for all others, as
by an obstacle, until it knows where it is again, or for a quarter of an hour (section 10.13 of our checklist).
"""

from __future__ import annotations

from fleet.model import event as ev
from fleet.model.ids import VehicleId
from fleet.model.twin import Twin
from fleet.state.attention import reopen
from fleet.state.draft import Draft

KEPT_FREE_S = 900.0


def take_whereabouts(draft: Draft, before: Twin, event: ev.ConditionChanged) -> None:
    """The vehicle lost itself, or found itself again."""
    if event.is_localized == before.is_localized:
        return
    vehicle_id = before.vehicle.id
    if event.is_localized:
        _give_back(draft, vehicle_id)
    else:
        _keep_free(draft, vehicle_id)


def _keep_free(draft: Draft, vehicle_id: VehicleId) -> None:
    order = draft.state.active_order(vehicle_id)
    if order is None:
        return
    base = dict.fromkeys(piece.road_key for piece in order.path[max(order.passed - 1, 0) : order.released])
    for road_key in base:
        if not draft.state.is_closed(road_key):
            until_s = draft.now_s + KEPT_FREE_S
            draft.emit(ev.RoadClosed(road_key=road_key, until_s=until_s, why=_why(vehicle_id), is_obstacle=True))
    draft.want_plan(f"{vehicle_id} does not know where it is")


def _give_back(draft: Draft, vehicle_id: VehicleId) -> None:
    closures = draft.state.closures
    for road_key in sorted(key for key, closure in closures.items() if closure.why == _why(vehicle_id)):
        reopen(draft, road_key, f"{vehicle_id} knows where it is")
        draft.want_plan(f"{vehicle_id} knows where it is")


def _why(vehicle_id: VehicleId) -> str:
    return f"{vehicle_id} does not know where it is"
