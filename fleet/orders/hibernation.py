"""People send a vehicle to sleep, or wake it; when it pays to sleep is not decided here."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.dispatch.exits import is_under_orders
from fleet.dispatch.intent import Ask
from fleet.errors import RefusedError
from fleet.model import event as ev
from fleet.model.ids import VehicleId
from fleet.model.order import ActionKind, ActionPhase
from fleet.model.twin import Twin
from fleet.orders.carry_out import carry_out
from fleet.orders.reach import may_be_asked
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.telemetry.profiles import profile


@dataclass(frozen=True, slots=True)
class Hibernate:
    """Let an idle vehicle sleep until it is needed or woken."""

    vehicle_id: VehicleId
    why: str


@dataclass(frozen=True, slots=True)
class WakeUp:
    vehicle_id: VehicleId
    why: str


def hibernate(draft: Draft, roads: SiteRoads, command: Hibernate | WakeUp) -> None:
    """Carry it out.

    Raises:
        RefusedError: the vehicle cannot do it, or not now.
        UnknownThingError: there is no such vehicle.
    """
    kind = ActionKind.START_HIBERNATION if isinstance(command, Hibernate) else ActionKind.STOP_HIBERNATION
    twin = draft.state.twin(command.vehicle_id)
    if twin.instant(kind) is not None:
        return
    if (refusal := _refusal(twin, kind)) is not None:
        raise RefusedError(f"{command.vehicle_id} {refusal}")
    draft.cause = command.why
    try:
        carry_out(draft, roads, command.vehicle_id, Ask(kind))
    finally:
        draft.cause = ""


def take_waking(draft: Draft, before: Twin, event: ev.InstantMoved) -> None:
    """Whoever has done with waking is awake, also where it does not say so on the connection topic."""
    instant = next((i for i in before.instants if i.action_id == event.action_id), None)
    is_done = instant is not None and instant.kind is ActionKind.STOP_HIBERNATION
    if is_done and event.phase is ActionPhase.FINISHED and draft.state.twin(event.vehicle_id).is_hibernating:
        draft.emit(ev.ConnectionChanged(vehicle_id=event.vehicle_id, connection="ONLINE", by_state=True))


def _refusal(twin: Twin, kind: ActionKind) -> str | None:
    if kind is ActionKind.STOP_HIBERNATION:
        return None if twin.is_hibernating else "does not hibernate; there is nothing to wake"
    if profile(twin).offer(kind.value) is None:
        return f"does not offer {kind.value} in its factsheet"
    if twin.is_hibernating:
        return "hibernates already"
    if is_under_orders(twin) or twin.has_order_left or twin.is_asked:
        return "is not idle; let it finish, or end its order first"
    return None if may_be_asked(twin, kind) else "cannot be told now; see fleet vehicle show"
