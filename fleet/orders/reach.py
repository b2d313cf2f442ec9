"""Who may be told what now: by mode, by connection, by what is known of the vehicle (sections 3 and 11).

| mode | orders | instant actions |
| --- | --- | --- |
| AUTOMATIC, SEMIAUTOMATIC | yes | yes |
| INTERVENED | yes, it drives them later | only cancelOrder |
| MANUAL, SERVICE, TEACH_IN, STARTUP, and any that is unknown | no | no |

A vehicle that hibernates hears only that it shall wake. The mode counts while its states are fresh: afterwards nobody
knows, and it is asked.
"""

from __future__ import annotations

from fleet.model.order import REQUESTS, ActionKind
from fleet.model.twin import AUTOMATIC_MODES, INTERVENED, Liveness, Twin

ZONES, RESPONSES = "zoneSet", "responses"
"""Topics of 3.0 that are told to vehicles that know them; their rows wait in the outbox as all others do."""


def may_be_told(twin: Twin, topic: str, ref: str) -> bool:
    """Whether what waits under this topic and reference may go to the vehicle now."""
    if twin.learned.unspoken:
        return False
    if topic in (ZONES, RESPONSES):
        return _hears(twin)
    instant = next((i for i in twin.instants if i.action_id == ref), None)
    return twin.can_take_orders if instant is None else may_be_asked(twin, instant.kind)


def is_answered(twin: Twin, topic: str, ref: str, decided_s: float) -> bool | None:
    """Whether the vehicle has shown that it knows this zone set, or this answer; None where another one took its place.

    Args:
        topic: one of those two.
        decided_s: when it was decided; what was decided of the same request later takes its place.
    """
    if topic == ZONES:
        return twin.zones.shown == ref if twin.zones.told == ref else None
    answer = next((answer for answer in twin.answers if answer.request_id == ref), None)
    return None if answer is None or decided_s < answer.answered_s else not answer.is_open


def may_be_asked(twin: Twin, kind: ActionKind) -> bool:
    """Whether the vehicle takes this instant action now.

    Requests also before it was heard, what ends or mends an order also where it takes none, the rest only where it may
    move.
    """
    is_fresh = twin.liveness is Liveness.FRESH
    if twin.is_hibernating or kind is ActionKind.STOP_HIBERNATION:
        return twin.is_hibernating and kind is ActionKind.STOP_HIBERNATION
    if is_fresh and twin.mode not in AUTOMATIC_MODES:
        return False
    if is_fresh and twin.mode == INTERVENED:
        return kind is ActionKind.CANCEL_ORDER
    if kind in REQUESTS:
        return True
    if kind is ActionKind.ENABLE_MAP:  # without it, it takes no orders
        return is_fresh and not twin.held
    return is_fresh if kind is ActionKind.CANCEL_ORDER else twin.can_take_orders


def may_be_heard(twin: Twin) -> bool:
    """Whether a vehicle that may get no order just now would hear an instant action all the same."""
    return twin.liveness is Liveness.FRESH and twin.mode in AUTOMATIC_MODES and twin.mode != INTERVENED


def _hears(twin: Twin) -> bool:
    is_gone = twin.is_hibernating or twin.connection in ("OFFLINE", "CONNECTION_BROKEN")
    is_there = twin.liveness is Liveness.FRESH and not is_gone
    return is_there and twin.mode in AUTOMATIC_MODES and twin.mode != INTERVENED and not twin.held
