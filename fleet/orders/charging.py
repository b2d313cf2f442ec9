"""What a vehicle says of its charging: that it began or ended, that the plug works again, that an action failed."""

from __future__ import annotations

from fleet.dispatch.charge import is_filled, note_failure
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.order import ActionKind
from fleet.model.twin import Twin
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import resolve_assist, vehicle_subject
from fleet.state.draft import Draft

OBEYED = {ActionKind.START_CHARGING: True, ActionKind.STOP_CHARGING: False}
"""What the vehicle shows of charging where it did as it was asked."""


def take_charge(draft: Draft, roads: SiteRoads, before: Twin) -> None:
    """The vehicle's charge or charging changed; `before` is what was believed until then."""
    twin = draft.state.twin(before.vehicle.id)
    subject = vehicle_subject(twin.vehicle.id)
    if before.plug.failures and not twin.plug.failures:
        resolve_assist(draft, AssistCause.CHARGER_FAULT, subject, "it works again")
        draft.want_plan(f"the charger works for {twin.vehicle.id} again")
    if twin.is_charging and not before.is_charging:
        resolve_assist(draft, AssistCause.LOW_BATTERY, subject, "it charges")
    if _ended_by_itself(roads, before, twin):
        note_failure(draft, twin.vehicle.id, ActionKind.START_CHARGING, "stopped charging by itself")


def _ended_by_itself(roads: SiteRoads, before: Twin, twin: Twin) -> bool:
    is_off = before.is_charging and not twin.is_charging
    is_ours = before.plug.asked is not ActionKind.STOP_CHARGING and twin.order_id is None
    return is_off and is_ours and not is_filled(roads, twin)


def take_plug_answer(draft: Draft, before: Twin, event: ev.InstantMoved) -> bool:
    """Whether what failed is a charging action; a vehicle that does as it was asked has not failed."""
    kind = next((instant.kind for instant in before.instants if instant.action_id == event.action_id), None)
    if kind not in OBEYED:
        return False
    if draft.state.twin(event.vehicle_id).is_charging is not OBEYED[kind]:
        note_failure(draft, event.vehicle_id, kind, event.result or "the vehicle gave no reason")
    return True
