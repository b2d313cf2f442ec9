"""What to do now with one vehicle: its order, its trip, its rest.

`decide` looks at folded state only, notes what follows at once (a trip begins, a bay is held, a person is called) and
returns what the vehicle shall be told, or None. It is asked again after each answer has been carried out, until it
has nothing to say.
"""

from __future__ import annotations

from fleet.dispatch.at_rest import at_rest
from fleet.dispatch.charge import is_tied, stop_charging_first
from fleet.dispatch.closed import banned_under, call_for_closed, stop_for_closed
from fleet.dispatch.fitness import call_if_stopped, give_up, wake_up
from fleet.dispatch.intent import Intent, Recant
from fleet.dispatch.on_trip import on_trip
from fleet.dispatch.patience import awaits_its_word, is_too_soon
from fleet.dispatch.under_order import under_order
from fleet.model.assist import AssistCause
from fleet.model.ids import VehicleId
from fleet.model.order import ActionKind
from fleet.model.twin import Liveness, Twin
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import vehicle_subject
from fleet.state.draft import Draft


def decide(draft: Draft, roads: SiteRoads, vehicle_id: VehicleId) -> Intent | None:
    """What the vehicle shall be told now."""
    twin = draft.state.twin(vehicle_id)
    order = draft.state.active_order(vehicle_id)
    if (cancel := stop_for_closed(draft, vehicle_id)) is not None:
        return cancel
    call_if_stopped(draft, twin, roads.site.policy)
    if order is not None and (banned := banned_under(draft, order)):
        call_for_closed(draft, vehicle_id, f"it is on {banned}, which was closed, and drives on to leave it")
    if twin.foreign_order:
        return _revived(draft, twin)
    if not twin.can_take_orders:
        return wake_up(draft, twin) or give_up(twin, order)
    if order is not None:
        return under_order(draft, roads, twin, order)
    if twin.has_order_left or twin.instant(ActionKind.CANCEL_ORDER):
        return None
    if twin.refusal is not None and twin.refusal.again_s > draft.now_s:
        draft.wake(vehicle_id, twin.refusal.again_s)
        return None
    if awaits_its_word(draft, twin):
        return None
    if is_too_soon(draft, twin):
        return None
    if twin.trip_id is not None and is_tied(twin):
        return stop_charging_first(draft, twin)
    if twin.trip_id is not None:
        return on_trip(draft, roads, twin, draft.state.trip(twin.trip_id))
    return at_rest(draft, roads, twin)


def _revived(draft: Draft, twin: Twin) -> Recant | None:
    """An order of ours that was over is cancelled again where a late copy has reached its vehicle; once."""
    ended = draft.state.ended_order(twin.vehicle.id, twin.foreign_order)
    subject = vehicle_subject(twin.vehicle.id)
    has_failed = draft.state.open_assist(subject, AssistCause.ORDER_REJECTED) is not None
    if ended is None or has_failed or twin.instant(ActionKind.CANCEL_ORDER) or twin.liveness is not Liveness.FRESH:
        return None
    return Recant(ended.id)
