"""Whether a vehicle is there: what the connection topic says, and what silence says (section 3 of our checklist).

The connection tells of the line, never of fitness. A vehicle whose line broke drives on to the end of its base: its
order and all that it holds stay as they are, nothing is released and nothing cancelled. When it is back, nothing is
told to it before a state of it has shown what it knows.
"""

from __future__ import annotations

from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import VehicleId
from fleet.model.order import ActionKind, ActionPhase
from fleet.model.twin import Liveness, Twin
from fleet.orders.asked import ask
from fleet.state.attention import raise_assist, resolve_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.telemetry.intake import connection_events
from fleet.wire.messages import Connection

GONE = ("OFFLINE", "CONNECTION_BROKEN", "HIBERNATING")


def take_connection(draft: Draft, vehicle_id: VehicleId, message: Connection) -> None:
    """What the connection topic says."""
    before = draft.state.twin(vehicle_id)
    for event in connection_events(before, message):
        draft.emit(event)
    twin = draft.state.twin(vehicle_id)
    if before.connection in GONE and twin.connection == "ONLINE":
        _doubt(draft, twin)
    _tell_farewell(draft, twin)
    if twin.is_hibernating:
        _sleeps(draft, twin)
    draft.touch(vehicle_id)


def take_silence(draft: Draft, vehicle_id: VehicleId, level: Liveness) -> None:
    """A vehicle has not been heard for long enough to say so; one that hibernates is not silent."""
    if draft.state.twin(vehicle_id).is_hibernating:
        return
    draft.emit(ev.LivenessChanged(vehicle_id=vehicle_id, liveness=level))
    if level is Liveness.STALE:
        request(draft, vehicle_id, ActionKind.STATE_REQUEST)
    if level is Liveness.LOST:
        raise_assist(draft, AssistCause.VEHICLE_LOST, vehicle_subject(vehicle_id), "not heard of")
        draft.want_plan(f"{vehicle_id} is lost")
    draft.touch(vehicle_id)


def request(draft: Draft, vehicle_id: VehicleId, kind: ActionKind) -> None:
    """Ask for a state or a factsheet, unless that is being asked for already."""
    if draft.state.twin(vehicle_id).instant(kind) is None:
        ask(draft, vehicle_id, kind)


def _doubt(draft: Draft, twin: Twin) -> None:
    """It is back, and may have done or forgotten anything: its first state is awaited, and asked for."""
    if twin.liveness is Liveness.FRESH:
        draft.emit(ev.LivenessChanged(vehicle_id=twin.vehicle.id, liveness=Liveness.UNHEARD))
    request(draft, twin.vehicle.id, ActionKind.STATE_REQUEST)


def _sleeps(draft: Draft, twin: Twin) -> None:
    """It hibernates: that is no silence, and the end of what it was asked for, though it may not say so any more."""
    vehicle_id = twin.vehicle.id
    resolve_assist(draft, AssistCause.VEHICLE_LOST, vehicle_subject(vehicle_id), "it hibernates")
    if (asked := twin.instant(ActionKind.START_HIBERNATION)) is not None:
        done = ev.InstantMoved(
            vehicle_id=vehicle_id, action_id=asked.action_id, phase=ActionPhase.FINISHED, result="it hibernates"
        )
        draft.emit(done)


def _tell_farewell(draft: Draft, twin: Twin) -> None:
    """A vehicle that takes its leave with an order of ours keeps it, and a person is called (section 3.7)."""
    subject = vehicle_subject(twin.vehicle.id)
    if twin.connection != "OFFLINE":
        resolve_assist(draft, AssistCause.VEHICLE_OFFLINE, subject, f"its connection is {twin.connection}")
    elif twin.order_id is not None:
        raise_assist(draft, AssistCause.VEHICLE_OFFLINE, subject, f"went offline with {twin.order_id}")
