"""What follows from how a vehicle is, whatever it should do: it is woken, stopped, given up, a person is called."""

from __future__ import annotations

from fleet.dispatch.intent import Ask, Cancel
from fleet.model.assist import AssistCause
from fleet.model.order import ActionKind, Order, OrderPhase
from fleet.model.site import Policy
from fleet.model.twin import MODES_OF_PEOPLE, Liveness, Twin
from fleet.state.attention import raise_assist, vehicle_subject
from fleet.state.draft import Draft

WAKE_AHEAD_S = 300.0
STOPPED = "emergency stop or protective field"


def wake_up(draft: Draft, twin: Twin) -> Ask | None:
    """A vehicle that hibernates is woken some minutes before it has something to do."""
    if not twin.is_hibernating or twin.held or twin.instant(ActionKind.STOP_HIBERNATION) is not None:
        return None
    if draft.state.open_assist(vehicle_subject(twin.vehicle.id), AssistCause.ORDER_REJECTED) is not None:
        return None
    planned = draft.state.planned_trips(twin.vehicle.id)
    if twin.order_id is None and twin.trip_id is None and not twin.aboard:
        if not planned:
            return None
        trip = planned[0].trip
        at_s = min(trip.load_from_s, trip.charge_from_s or trip.load_from_s) - WAKE_AHEAD_S
        if draft.now_s < at_s:
            draft.wake(twin.vehicle.id, at_s)
            return None
    return Ask(ActionKind.STOP_HIBERNATION)


def stop_heedless(twin: Twin, order: Order) -> Cancel | None:
    """The end of an order that announces road to a vehicle which does not look at what is released.

    One that is behind its base already is told nothing else before a person has looked, but this: what it would drive
    into next may be closed.
    """
    is_heedless = twin.learned.ignores_released and order.announced > order.released
    if not is_heedless or order.phase is not OrderPhase.ACTIVE or twin.liveness is not Liveness.FRESH:
        return None
    return Cancel(order.id, "it drives on into what is not released")


def give_up(twin: Twin, order: Order | None) -> Cancel | None:
    """The end of an order whose vehicle is driven by people: it is cleared there, and never gone on with (11.1, 11.2).

    The cancel waits until the vehicle takes one, which it does only where it kept the order against the rule.
    """
    if order is None or twin.mode not in MODES_OF_PEOPLE or order.phase not in (OrderPhase.ISSUED, OrderPhase.ACTIVE):
        return None
    return Cancel(order.id, f"its vehicle is in mode {twin.mode}")


def call_if_stopped(draft: Draft, twin: Twin, policy: Policy) -> None:
    """An emergency stop or a protective field may be over in a moment: a person is called for one that lasts."""
    if not twin.is_stopped:
        return
    alarm_s = twin.stopped_s + policy.stopped_alarm_s
    if draft.now_s < alarm_s:
        draft.wake(twin.vehicle.id, alarm_s)
        return
    raise_assist(draft, AssistCause.VEHICLE_FAULT, vehicle_subject(twin.vehicle.id), STOPPED)
