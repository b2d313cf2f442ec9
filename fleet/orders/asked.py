"""Instant actions: how long each may take, how often it is asked again, and what then (section 9 of our checklist).

Until a vehicle shows an action it is said again under its own id, by the outlet; how long it has in all is told here.
What moves parcels is no instant action, and is never asked twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.change import replace
from fleet.model.ids import ActionId, OrderId, VehicleId
from fleet.model.order import ActionKind, ActionPhase
from fleet.model.twin import Instant, Liveness, Twin
from fleet.orders.build import instant_message
from fleet.orders.charging import take_plug_answer
from fleet.orders.fit import is_offered
from fleet.state.attention import raise_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.telemetry.profiles import profile
from fleet.wire.messages import TERMINAL_STATUSES, VehicleState

INSTANT = "instantActions"
CLEAR_AT = 8
"""So many finished instant actions in its list, and a vehicle of 3.0 is asked to forget them."""
CLEAR_PAUSE_S = 300.0
"""One that keeps them all the same, or fails at it, would be asked in each state, and each asking is one more."""


class Then(StrEnum):
    """What follows when an action had its time, and all its tries."""

    GIVE_UP = "give_up"  # nothing depends on it
    CALL = "call"  # a person; it is still waited for
    TELL_PLUG = "tell_plug"  # the charger's rules go on from there


@dataclass(frozen=True, slots=True)
class Care:
    """How one kind of instant action is seen to.

    Attributes:
        done_s: from the asking to its end.
        tries: how often it is asked anew, under a new id, when it had its time.
    """

    done_s: float
    tries: int
    then: Then


K = ActionKind
CARE: Mapping[ActionKind, Care] = MappingProxyType(
    {
        K.CANCEL_ORDER: Care(180.0, 0, Then.CALL),  # the base may be driven first, and hands may have to finish
        K.STATE_REQUEST: Care(30.0, 0, Then.GIVE_UP),  # states come by themselves
        K.FACTSHEET_REQUEST: Care(10.0, 3, Then.GIVE_UP),  # the site file fills the gaps
        K.START_CHARGING: Care(60.0, 0, Then.TELL_PLUG),
        K.STOP_CHARGING: Care(60.0, 0, Then.TELL_PLUG),
        K.START_PAUSE: Care(30.0, 1, Then.CALL),
        K.STOP_PAUSE: Care(30.0, 1, Then.CALL),
        K.START_HIBERNATION: Care(60.0, 0, Then.GIVE_UP),
        K.STOP_HIBERNATION: Care(120.0, 1, Then.CALL),
        K.ENABLE_ZONE_SET: Care(60.0, 1, Then.GIVE_UP),
        K.DELETE_ZONE_SET: Care(60.0, 0, Then.GIVE_UP),  # it is in nobody's way
        K.ENABLE_MAP: Care(60.0, 1, Then.CALL),
        K.RETRY: Care(30.0, 1, Then.CALL),
        K.SKIP_RETRY: Care(30.0, 1, Then.CALL),
        K.CLEAR_INSTANT_ACTIONS: Care(10.0, 0, Then.GIVE_UP),
    }
)


def ask(
    draft: Draft,
    vehicle_id: VehicleId,
    kind: ActionKind,
    *,
    order_id: OrderId | None = None,
    about: ActionId | None = None,
    more: tuple[tuple[str, str], ...] = (),
    tries: int = 0,
) -> None:
    """Ask a vehicle for an instant action, and look after it from then on.

    Args:
        about: the action that a retry or skipRetry is about.
        more: further parameters.
        tries: how often it was asked in vain just before.
    """
    action_id = ActionId(draft.next_id("a"))
    asked = ev.InstantIssued(
        vehicle_id=vehicle_id, action_id=action_id, kind=kind, order_id=order_id, about=about, tries=tries
    )
    draft.emit(asked)
    told = more if about is None else (("actionId", about), *more)
    draft.send(vehicle_id, INSTANT, action_id, 0, instant_message(kind, action_id, order_id, told))
    draft.wake(vehicle_id, draft.now_s + CARE[kind].done_s)


def see_to_asked(draft: Draft, vehicle_id: VehicleId) -> None:
    """Look at each action that has not come to its end: whether it had its time, and what then."""
    for instant in draft.state.twin(vehicle_id).instants:
        care = CARE[instant.kind]
        until_s = instant.issued_s + care.done_s
        if draft.now_s < until_s:
            draft.wake(vehicle_id, until_s)
        else:
            _had_its_time(draft, draft.state.twin(vehicle_id), instant, care)


def _had_its_time(draft: Draft, twin: Twin, instant: Instant, care: Care) -> None:
    vehicle_id = twin.vehicle.id
    if instant.kind is ActionKind.ENABLE_ZONE_SET and twin.zones.asked != twin.zones.told:
        _close(draft, twin, instant, "there is a newer zone set")
        return
    if instant.tries < care.tries and instant.phase is ActionPhase.PENDING:
        if instant.tries + 1 == care.tries and may_be_deaf(twin, instant):
            _list_twice(draft, twin)
        _ask_again(draft, twin, instant)
        return
    match care.then:
        case Then.GIVE_UP:
            _close(draft, twin, instant, "no answer")
        case Then.TELL_PLUG:
            take_plug_answer(draft, twin, _close(draft, twin, instant, "no answer"))
        case Then.CALL:
            detail = f"{instant.kind} ({instant.action_id}) is not done after {care.done_s:.0f} s"
            raise_assist(draft, AssistCause.ORDER_UNCONFIRMED, vehicle_subject(vehicle_id), detail)


def may_be_deaf(twin: Twin, instant: Instant) -> bool:
    """It is heard and never showed any instant action: it may look for them under the key of old (section 0.5)."""
    is_unknown = twin.vehicle.habits.has_instant_actions_alias is None and not twin.learned.was_told_alias
    is_silent_about_it = not twin.hears_instants and instant.phase is ActionPhase.PENDING
    return is_unknown and is_silent_about_it and twin.liveness is Liveness.FRESH


def ask_under_old_key(draft: Draft, twin: Twin, instant: Instant) -> None:
    """Ask the same anew, in a list of the old name as well; done once in the life of a vehicle."""
    _list_twice(draft, twin)
    _ask_again(draft, twin, instant)


def _list_twice(draft: Draft, twin: Twin) -> None:
    learned = replace(twin.learned, was_told_alias=True)
    draft.emit(ev.ProfileLearned(vehicle_id=twin.vehicle.id, learned=learned))


def _ask_again(draft: Draft, twin: Twin, instant: Instant) -> None:
    _close(draft, twin, instant, "no answer")
    ask(
        draft,
        twin.vehicle.id,
        instant.kind,
        order_id=instant.order_id,
        about=instant.about,
        more=_more(twin, instant.kind),
        tries=instant.tries + 1,
    )


def _close(draft: Draft, twin: Twin, instant: Instant, why: str) -> ev.InstantMoved:
    moved = ev.InstantMoved(
        vehicle_id=twin.vehicle.id, action_id=instant.action_id, phase=ActionPhase.FAILED, result=why
    )
    draft.emit(moved)
    return moved


def _more(twin: Twin, kind: ActionKind) -> tuple[tuple[str, str], ...]:
    """The parameters of an action that is asked for anew; without them it would be another."""
    match kind:
        case ActionKind.ENABLE_MAP:
            return ("mapId", twin.map_id), ("mapVersion", twin.map_version)
        case ActionKind.ENABLE_ZONE_SET:
            return (("zoneSetId", twin.zones.told),)
        case ActionKind.DELETE_ZONE_SET:
            return (("zoneSetId", twin.zones.tidied[-1]),) if twin.zones.tidied else ()
        case _:
            return ()


def clear_finished(draft: Draft, vehicle_id: VehicleId, state: VehicleState) -> None:
    """Vehicles of 3.0 keep instant actions until they are told to forget them: told, when all are over (9.2)."""
    shown, twin = state.instant_action_states, draft.state.twin(vehicle_id)
    if len(shown) < CLEAR_AT or any(action.status not in TERMINAL_STATUSES for action in shown):
        return
    if twin.instants or not is_offered(profile(twin), ActionKind.CLEAR_INSTANT_ACTIONS):
        return
    if twin.cleared_s and draft.now_s < twin.cleared_s + CLEAR_PAUSE_S:
        return
    ask(draft, vehicle_id, ActionKind.CLEAR_INSTANT_ACTIONS)
