"""What needs a person: assists are raised once per subject and cause, and resolved when the cause is gone."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fleet.model import event as ev
from fleet.model.assist import Assist, AssistCause
from fleet.model.ids import AssistId, RunId, VehicleId
from fleet.state.draft import Draft

C = AssistCause
ANSWER_WITHIN_S: Mapping[AssistCause, float] = MappingProxyType(
    {
        C.PARCELS_UNSURE: 60.0,
        C.ORDER_VANISHED: 60.0,
        C.FOREIGN_ORDER: 60.0,
        C.OTHER_CONTROLLER: 60.0,
        C.BEYOND_BASE: 30.0,
        C.VEHICLE_LOST: 60.0,
        C.VEHICLE_OFFLINE: 120.0,
        C.VEHICLE_REMOVED: 60.0,
        C.VEHICLE_FAULT: 30.0,
        C.VEHICLE_NOT_AUTOMATIC: 60.0,
        C.VERSION_UNKNOWN: 600.0,
        C.VEHICLE_TOO_LARGE: 600.0,
        C.ROAD_CLOSED: 30.0,
        C.LOW_BATTERY: 120.0,
        C.RELEASE_REFUSED: 30.0,
        C.ORDER_REJECTED: 120.0,
        C.ORDER_UNCONFIRMED: 120.0,
        C.VEHICLE_LIMITS: 120.0,
        C.MAP_MISSING: 600.0,
        C.NO_ROUTE: 120.0,
        C.BLOCKED: 60.0,
        C.NO_STAFF: 120.0,
        C.DROP_FAILED: 120.0,
        C.PICK_FAILED: 300.0,
        C.CHARGER_FAULT: 600.0,
        C.RUN_UNSERVED: 300.0,
        C.QUARANTINED: 60.0,
        C.VEHICLE_LOUD: 600.0,
        C.PROFILE_CONTRADICTS: 86_400.0,
    }
)
"""Trade seconds within which somebody should have answered (section 6.12 of our brief of the trade)."""


ABOUT_A_HANDOVER = (C.NO_STAFF, C.DROP_FAILED, C.PICK_FAILED, C.RUN_UNSERVED)
"""What a person is called for because of one run, and what is over when the run is."""


def vehicle_subject(vehicle_id: VehicleId) -> str:
    return f"vehicle:{vehicle_id}"


def raise_assist(draft: Draft, cause: AssistCause, subject: str, detail: str) -> AssistId:
    """Call a person; does nothing where one is called for the same already."""
    known = draft.state.open_assist(subject, cause)
    if known is not None:
        return known.id
    assist = Assist(
        id=AssistId(draft.next_id("assist")),
        cause=cause,
        subject=subject,
        detail=detail,
        raised_s=draft.now_s,
        deadline_s=draft.now_s + ANSWER_WITHIN_S[cause],
    )
    draft.emit(ev.AssistRaised(assist=assist))
    return assist.id


def resolve_assist(draft: Draft, cause: AssistCause, subject: str, resolution: str) -> None:
    """The cause is gone by itself."""
    known = draft.state.open_assist(subject, cause)
    if known is not None:
        draft.emit(ev.AssistResolved(assist_id=known.id, cause=cause, resolution=resolution))


def resolve_for_run(draft: Draft, run_id: RunId, resolution: str) -> None:
    """The run has come so far that nobody need care for how it did."""
    for cause in ABOUT_A_HANDOVER:
        resolve_assist(draft, cause, f"run:{run_id}", resolution)


def reopen(draft: Draft, road_key: str, why: str) -> None:
    """A road's closure is over, and with it what a person was called for because of it."""
    draft.emit(ev.RoadReopened(road_key=road_key, why=why))
    resolve_assist(draft, AssistCause.RELEASE_REFUSED, f"road:{road_key}", f"reopened: {why}")
