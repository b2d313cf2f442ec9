"""What is waited for before a vehicle is told anything new."""

from __future__ import annotations

from fleet.model.assist import AssistCause
from fleet.model.order import ActionKind
from fleet.model.twin import Twin
from fleet.state.attention import resolve_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.telemetry.profiles import profile

RETRY_S = 60.0
WORD_S = 30.0


def awaits_its_word(draft: Draft, twin: Twin) -> bool:
    """It refused an order, and may have taken a later copy of it since: what it says when asked is waited for."""
    asked = twin.instant(ActionKind.STATE_REQUEST)
    if twin.refusal is None or twin.refusal.is_of_update or asked is None or draft.now_s >= asked.issued_s + WORD_S:
        return False
    draft.wake(twin.vehicle.id, asked.issued_s + WORD_S)
    return True


def is_too_soon(draft: Draft, twin: Twin) -> bool:
    """Whether the vehicle wants more time between two orders or updates (section 4.3); what waits is told as one."""
    again_s = twin.told_s + profile(twin).limits.order_interval_s_min
    if not twin.told_s or draft.now_s >= again_s:
        return False
    draft.wake(twin.vehicle.id, again_s)
    return True


def may_ask_again(draft: Draft, twin: Twin) -> bool:
    """A way that was not found is looked for again after a while, not in every turn."""
    subject = vehicle_subject(twin.vehicle.id)
    known = draft.state.open_assist(subject, AssistCause.NO_ROUTE)
    if known is None:
        return True
    if draft.now_s < known.raised_s + RETRY_S:
        draft.wake(twin.vehicle.id, known.raised_s + RETRY_S)
        return False
    resolve_assist(draft, AssistCause.NO_ROUTE, subject, "a way is looked for again")
    return True
