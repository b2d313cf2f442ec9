"""When a vehicle at rest charges, when it leaves the charger, and what if the charger does not do its part.

A failure is one event, and the next attempt waits for a while, so that a dead charger costs a few lines an hour.
Meanwhile the charger is for others. After the second failure in a row a person is called, and plans no longer count on
the vehicle's plug; it is tried again and again all the same, as that is how we learn that it works once more.
"""

from __future__ import annotations

from fleet.dispatch import energy
from fleet.dispatch.intent import Ask, Intent
from fleet.dispatch.reserve import charger_of, free, reserve
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import VehicleId
from fleet.model.order import ActionKind
from fleet.model.plug import Plug
from fleet.model.twin import Twin
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import raise_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.state.fleet_state import TripView

GOOD_FRACTION = 0.8
"""What a gauge of two words shows for a battery that is good; it never shows more (section 11.6)."""
UNPLUG_S = 10.0
WORTH_IT_S = 600.0
LATE_S = 60.0
OBEYS_WITHIN_S = 60.0
BACK_OFF_S = (120.0, 300.0, 600.0)
STEPS_PATIENCE, PATIENCE_S = 5, 300.0
"""A charge that is told in steps should have risen by one within the time for so many, and a while on top."""


def charging_step(draft: Draft, roads: SiteRoads, twin: Twin, upcoming: TripView | None) -> Intent | None:
    """The charging action that is due for a vehicle at its station, if any."""
    if twin.instant(ActionKind.START_CHARGING) or twin.instant(ActionKind.STOP_CHARGING):
        return None
    resource = charger_of(twin.vehicle.home_station)
    if twin.is_charging:
        reserve(draft, roads.site, resource, twin.vehicle.id)  # it may stand there though nobody gave it the place
        return _at_charger(draft, roads, twin, upcoming)
    if _waits_for(draft, twin, ActionKind.START_CHARGING, "was asked to charge and does not"):
        return None
    free(draft, roads.site, resource, twin.vehicle.id)
    twin = draft.state.twin(twin.vehicle.id)
    if _wants_charge(draft, roads, twin, upcoming) and not _backs_off(draft, twin, ActionKind.START_CHARGING):
        return Ask(ActionKind.START_CHARGING) if reserve(draft, roads.site, resource, twin.vehicle.id) else None
    return None


def stop_charging_first(draft: Draft, twin: Twin) -> Intent | None:
    """Some vehicles refuse orders while they charge, in the middle of a trip too: they leave the plug first (11.5).

    One that was asked and goes on saying that it charges gets its order all the same.
    """
    kind = ActionKind.STOP_CHARGING
    if twin.instant(kind) is not None or _waits_for(draft, twin, kind, "was asked to stop charging and does not"):
        return None
    return None if draft.state.twin(twin.vehicle.id).plug.failed is kind else Ask(kind)


def is_tied(twin: Twin) -> bool:
    """It charges, and has not been in vain asked to stop."""
    return twin.is_charging and twin.plug.failed is not ActionKind.STOP_CHARGING


def note_failure(draft: Draft, vehicle_id: VehicleId, kind: ActionKind, why: str) -> None:
    """A vehicle did not begin to charge, or did not stop it: try again later; after the second time call a person."""
    draft.emit(ev.ChargingFailed(vehicle_id=vehicle_id, kind=kind, why=why))
    plug = draft.state.twin(vehicle_id).plug
    if plug.is_broken:
        detail = f"{kind} failed {plug.failures} times: {why}"
        raise_assist(draft, AssistCause.CHARGER_FAULT, vehicle_subject(vehicle_id), detail)
        draft.want_plan(f"{vehicle_id} has trouble with its charger")
    draft.touch(vehicle_id)


# At the charger -----------------------------------------------------------------------------------------------------


def _at_charger(draft: Draft, roads: SiteRoads, twin: Twin, upcoming: TripView | None) -> Intent | None:
    vehicle_id = twin.vehicle.id
    if _waits_for(draft, twin, ActionKind.STOP_CHARGING, "was asked to stop charging and does not"):
        return None
    twin = draft.state.twin(vehicle_id)
    is_enough = _is_enough(draft, roads, twin, upcoming)
    if not is_enough and not _gains_nothing(draft, roads, twin):
        return None
    if _backs_off(draft, twin, ActionKind.STOP_CHARGING):
        return None
    if not is_enough and twin.plug.failed is not ActionKind.STOP_CHARGING:
        why = f"charges, but stays at {twin.soc_fraction:.0%}"
        note_failure(draft, vehicle_id, ActionKind.START_CHARGING, why)
    return Ask(ActionKind.STOP_CHARGING)


def _is_enough(draft: Draft, roads: SiteRoads, twin: Twin, upcoming: TripView | None) -> bool:
    """Full enough, or a trip is due that the charge suffices for; one that it does not suffice for is planned anew."""
    is_full = is_filled(roads, twin)
    if upcoming is None:
        return is_full
    leave_s = upcoming.trip.load_from_s - UNPLUG_S
    if draft.now_s < leave_s:
        draft.wake(twin.vehicle.id, leave_s)
        return is_full and energy.covers_trip(draft, roads, twin, upcoming.trip)
    if energy.covers_trip(draft, roads, twin, upcoming.trip):
        return True
    draft.want_plan(f"{twin.vehicle.id} still charges for {upcoming.trip.id}")
    draft.wake(twin.vehicle.id, draft.now_s + LATE_S)
    return False


def _gains_nothing(draft: Draft, roads: SiteRoads, twin: Twin) -> bool:
    """It says that it charges, and nothing comes of it."""
    if is_filled(roads, twin) or not twin.plug.rose_s:
        return False
    battery = roads.site.vehicle_types[twin.vehicle.type_id].battery
    power_w = min(battery.charge_w_max, roads.site.stations[twin.vehicle.home_station].charger_w)
    if power_w <= 0.0:
        return False
    step_s = energy.SOC_DOUBT * battery.energy_wh / power_w * 3600.0
    until_s = twin.plug.rose_s + STEPS_PATIENCE * step_s + PATIENCE_S
    if draft.now_s >= until_s:
        return True
    draft.wake(twin.vehicle.id, until_s)
    return False


def is_filled(roads: SiteRoads, twin: Twin) -> bool:
    """As full as charging is meant to make it, or as good as its gauge can say."""
    is_good = bool(twin.vehicle.habits.has_coarse_gauge) and twin.soc_fraction >= GOOD_FRACTION
    return is_good or twin.soc_fraction >= roads.site.policy.charge_until_fraction


# Not at the charger -------------------------------------------------------------------------------------------------


def _wants_charge(draft: Draft, roads: SiteRoads, twin: Twin, upcoming: TripView | None) -> bool:
    policy = roads.site.policy
    if twin.is_asked:
        return False
    is_full = is_filled(roads, twin)
    wants = not is_full and (twin.soc_fraction < policy.charge_below_fraction or twin.plug.is_broken)
    if upcoming is None:
        return wants
    trip = upcoming.trip
    is_short = not energy.covers_trip(draft, roads, twin, trip)
    if trip.charge_until_s > trip.charge_from_s:
        draft.wake(twin.vehicle.id, trip.charge_from_s)
        until_s = min(trip.charge_until_s, trip.load_from_s - UNPLUG_S)  # from then on it would be told to stop again
        return trip.charge_from_s <= draft.now_s < until_s and (is_short or not is_full)
    return trip.load_from_s - draft.now_s > WORTH_IT_S and (is_short or wants)


# Trouble ------------------------------------------------------------------------------------------------------------


def _waits_for(draft: Draft, twin: Twin, kind: ActionKind, complaint: str) -> bool:
    """Whether the vehicle may still do what it was asked; notes the failure where it had its time."""
    plug = twin.plug
    if plug.asked is not kind:
        return False
    until_s = plug.asked_s + OBEYS_WITHIN_S
    if draft.now_s < until_s:
        draft.wake(twin.vehicle.id, until_s)
        return True
    note_failure(draft, twin.vehicle.id, kind, complaint)
    return False


def _backs_off(draft: Draft, twin: Twin, kind: ActionKind) -> bool:
    """Whether it failed at this so lately that it is not asked again yet."""
    if twin.plug.failed is not kind:
        return False
    until_s = _again_s(twin.plug)
    if draft.now_s >= until_s:
        return False
    draft.wake(twin.vehicle.id, until_s)
    return True


def _again_s(plug: Plug) -> float:
    return plug.failed_s + BACK_OFF_S[min(plug.failures, len(BACK_OFF_S)) - 1]
