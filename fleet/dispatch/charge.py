"""When a vehicle at rest charges, and when it leaves the charger."""

from __future__ import annotations

from fleet.dispatch.intent import Ask, Intent
from fleet.dispatch.reserve import charger_of, free, reserve
from fleet.model.order import ActionKind
from fleet.model.site import Site
from fleet.model.twin import Twin
from fleet.state.draft import Draft
from fleet.state.fleet_state import TripView

UNPLUG_S = 10.0
WORTH_IT_S = 600.0


def charging_step(draft: Draft, site: Site, twin: Twin, upcoming: TripView | None) -> Intent | None:
    """The charging action that is due for a vehicle at its station, if any."""
    resource = charger_of(twin.vehicle.home_station)
    if twin.instant(ActionKind.START_CHARGING) or twin.instant(ActionKind.STOP_CHARGING):
        return None
    if twin.is_charging:
        reserve(draft, site, resource, twin.vehicle.id)  # it may stand there though nobody gave it the place
        return Ask(ActionKind.STOP_CHARGING) if _is_enough(draft, site, twin, upcoming) else None
    free(draft, site, resource, twin.vehicle.id)
    if _wants_charge(draft, site, twin, upcoming) and reserve(draft, site, resource, twin.vehicle.id):
        return Ask(ActionKind.START_CHARGING)
    return None


def _is_enough(draft: Draft, site: Site, twin: Twin, upcoming: TripView | None) -> bool:
    """Full enough, or a trip is due; the planner has seen to it that the charge suffices for it by then."""
    if upcoming is None:
        return twin.soc_fraction >= site.policy.charge_until_fraction
    leave_s = upcoming.trip.load_from_s - UNPLUG_S
    if draft.now_s >= leave_s:
        return True
    draft.wake(twin.vehicle.id, leave_s)
    return twin.soc_fraction >= site.policy.charge_until_fraction


def _wants_charge(draft: Draft, site: Site, twin: Twin, upcoming: TripView | None) -> bool:
    if twin.is_asked or twin.soc_fraction >= site.policy.charge_until_fraction:
        return False
    if upcoming is None:
        return twin.soc_fraction < site.policy.charge_below_fraction
    trip = upcoming.trip
    if trip.charge_until_s > trip.charge_from_s:
        draft.wake(twin.vehicle.id, trip.charge_from_s)
        return trip.charge_from_s <= draft.now_s < trip.charge_until_s
    has_time = trip.load_from_s - draft.now_s > WORTH_IT_S
    return has_time and twin.soc_fraction < site.policy.charge_below_fraction
