"""One turn: facts in, candidate out. Nothing here waits, reads a clock or touches the outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from fleet.controller.inbox import Asked, Facts
from fleet.dispatch.at_rest import overdue
from fleet.dispatch.closed import stop_for_closed
from fleet.dispatch.commands import Answer, perform
from fleet.dispatch.decide import decide
from fleet.dispatch.intent import Cancel
from fleet.dispatch.pace import unslow_road
from fleet.dispatch.release import exceeds_limits
from fleet.errors import FleetError
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import OrderId, VehicleId
from fleet.model.order import ActionKind, Order, OrderPhase
from fleet.model.site import Limits, Site
from fleet.model.twin import HIBERNATING, Liveness, Twin
from fleet.orders.answers import see_to_leaves
from fleet.orders.asked import see_to_asked
from fleet.orders.carry_out import carry_out, refusal_of_untold
from fleet.orders.end_order import EndOrder, end_order
from fleet.orders.hibernation import Hibernate, WakeUp, hibernate
from fleet.orders.introduce import take_factsheet, take_voice
from fleet.orders.presence import request, take_connection, take_silence
from fleet.orders.take_in import take_state, unconfirmed
from fleet.orders.zones import heeds_zones, tell_zones
from fleet.planning.adopt import consider, replan
from fleet.roads.site_roads import SiteRoads
from fleet.state.archive import NO_PAST, Past, archive_ended
from fleet.state.attention import raise_assist, reopen, resolve_assist, vehicle_subject
from fleet.state.draft import Draft

OWN_PLANS, SOLVER_PLANS = "planner:own", "planner:answer"
"""What planning is called in quarantine; unlike a vehicle it is tried again by itself, and freed when it works."""
POLISH_STEPS = 40
AGAIN_S = 60.0
LOUD = "it says so much that is new that only its latest word is taken, and that only now and then"
STEPS_MAX = 8
"""Decisions for one vehicle in one turn; more than this is a circle, and a bug of ours."""

Result = tuple[Asked, Answer | Exception]


@dataclass(frozen=True, slots=True)
class Due:
    """What is due although nothing came in."""

    silent: tuple[tuple[VehicleId, Liveness], ...] = ()
    vehicles: tuple[VehicleId, ...] = ()
    stale_orders: tuple[OrderId, ...] = ()
    doubted_orders: tuple[OrderId, ...] = ()
    plan_again: bool = False
    archiving: bool = False
    calm: tuple[VehicleId, ...] = ()


@dataclass(slots=True)
class Outcome:
    """What a turn led to, beside its draft.

    Attributes:
        failures: items that raised an error, with it; they are quarantined, and somebody must be told.
        still_standing: orders that were decided before the line was down, and may be told all the same.
        is_more_to_archive: another turn should go on with it soon.
        said: by vehicle, which of the draft's entries only note what it said.
    """

    results: list[Result] = field(default_factory=list)
    failures: list[tuple[str, Exception]] = field(default_factory=list)
    still_standing: list[OrderId] = field(default_factory=list)
    has_replanned: bool = False
    is_more_to_archive: bool = False
    said: dict[VehicleId, list[int]] = field(default_factory=dict)


def take_turn(draft: Draft, roads: SiteRoads, facts: Facts, due: Due, past: Past = NO_PAST) -> Outcome:
    """Work through everything that came in or is due, vehicle by vehicle and run by run.

    An error in one of them takes back what was done for it, quarantines it and leaves the others untouched.

    Args:
        past: what history holds of the names in the commands that the state no longer has.
    """
    outcome = Outcome()
    _reopen(draft)
    _unslow(draft, roads)
    _take_in(draft, roads, facts, due, outcome)
    for asked in facts.commands:
        outcome.results.append((asked, _perform(draft, roads, asked, past, outcome)))
    for plan in facts.plans:
        _isolated(draft, SOLVER_PLANS, outcome, partial(consider, draft, roads, plan, _gain(roads)))
    draft.touched.update(due.vehicles)
    if draft.state.closures is not draft.base.closures or draft.state.slow_roads is not draft.base.slow_roads:
        draft.touched.update(vehicle_id for vehicle_id, twin in draft.state.twins.items() if heeds_zones(twin))
    if due.plan_again:
        draft.want_plan("planning failed" if OWN_PLANS in draft.state.quarantine else "runs wait for a vehicle")
    _decide_all(draft, roads, outcome)
    if draft.plan_reasons:
        planned = _isolated(draft, OWN_PLANS, outcome, partial(replan, draft, roads, POLISH_STEPS))
        outcome.has_replanned = planned
        _decide_all(draft, roads, outcome)
    if due.archiving:  # last, for what commands name was looked up by the state before
        _isolated(draft, "archive:ended", outcome, partial(_archive, draft, roads, outcome))
    return outcome


def _archive(draft: Draft, roads: SiteRoads, outcome: Outcome) -> None:
    outcome.is_more_to_archive = archive_ended(draft, roads.site.policy.keep_ended_s)


def _gain(roads: SiteRoads) -> float:
    return roads.site.planning.gain_fraction_min


def _reopen(draft: Draft) -> None:
    """Roads whose closure has run out are news: somebody may be waiting for a way."""
    over = sorted(key for key, closure in draft.state.closures.items() if closure.until_s <= draft.now_s)
    for key in over:
        reopen(draft, key, "its time is up")
    if over:
        draft.touched.update(twin.vehicle.id for twin in draft.state.twins.values() if twin.order_id is not None)
        draft.want_plan(f"{over[0]} is open again")


def _unslow(draft: Draft, roads: SiteRoads) -> None:
    """Temporary speed limits that have run out: what is not released yet of the ways over them is fast again."""
    for key in sorted(key for key, slow in draft.state.slow_roads.items() if slow.until_s <= draft.now_s):
        unslow_road(draft, roads, key, "its time is up")


def _take_in(draft: Draft, roads: SiteRoads, facts: Facts, due: Due, outcome: Outcome) -> None:
    if facts.link_came_up:
        for vehicle_id in roads.site.vehicles:
            _isolated(draft, f"asking:{vehicle_id}", outcome, partial(_ask_anew, draft, vehicle_id))
    _introduce(draft, roads.site, facts, outcome)
    for vehicle_id in sorted(facts.states):
        with _said_by(vehicle_id, draft, outcome):
            for state in facts.states[vehicle_id]:
                _for_vehicle(draft, vehicle_id, outcome, partial(take_state, draft, roads, vehicle_id, state))
    if facts.link_came_up:
        _doubt(draft, roads, facts)
    # After the states: which came first is not known, and a state before the will must not mend the connection.
    for vehicle_id, message in facts.connections:
        with _said_by(vehicle_id, draft, outcome):
            _for_vehicle(draft, vehicle_id, outcome, partial(take_connection, draft, vehicle_id, message))
    _call_for_loud(draft, facts, due)
    for order_id in due.stale_orders:
        _withdraw(draft, roads, order_id, outcome)
    for order_id in due.doubted_orders:
        _look_again(draft, roads, order_id, outcome)
    for vehicle_id, level in due.silent:
        # One in quarantine is missed as well.
        _isolated(draft, f"silence:{vehicle_id}", outcome, partial(take_silence, draft, vehicle_id, level))
    for vehicle_id, ref, why in facts.unconfirmed:
        work = partial(unconfirmed, draft, vehicle_id, ref, why)
        _isolated(draft, f"asking:{vehicle_id}", outcome, work)
    for vehicle_id, why in sorted(facts.held_back.items()):
        _quarantine(draft, vehicle_subject(vehicle_id), why)
    if facts.other_controller:
        raise_assist(draft, AssistCause.OTHER_CONTROLLER, f"area:{roads.site.id}", facts.other_controller)


def _withdraw(draft: Draft, roads: SiteRoads, order_id: OrderId, outcome: Outcome) -> None:
    """An order that never left us is not sent late; it is cancelled, in case it did, and decided anew."""
    order = draft.state.orders.get(order_id)
    if order is not None and order.phase is OrderPhase.ISSUED:
        cancel = Cancel(order_id, "it could not be sent in time")
        _for_vehicle(draft, order.vehicle_id, outcome, partial(carry_out, draft, roads, order.vehicle_id, cancel))


def _look_again(draft: Draft, roads: SiteRoads, order_id: OrderId, outcome: Outcome) -> None:
    """What was decided before the line was down is decided anew, once its vehicle has said how it is (section 3.10).

    What the vehicle may have by now, for it was committed, is not changed: it still stands, or the order is cancelled.
    """
    order = draft.state.orders.get(order_id)
    if order is None or order.is_confirmed or order.phase is OrderPhase.CANCELLING:
        outcome.still_standing.append(order_id)
    elif draft.state.twin(order.vehicle_id).liveness is Liveness.FRESH:
        _for_vehicle(draft, order.vehicle_id, outcome, partial(_decide_again, draft, roads, order, outcome))


def _decide_again(draft: Draft, roads: SiteRoads, order: Order, outcome: Outcome) -> None:
    refusal = refusal_of_untold(draft, roads, order)
    if refusal is None:
        outcome.still_standing.append(order.id)
    else:
        cancel = Cancel(order.id, f"no longer lawful after a gap of the line: {refusal.reason}")
        carry_out(draft, roads, order.vehicle_id, cancel)


def _doubt(draft: Draft, roads: SiteRoads, facts: Facts) -> None:
    """While the line was down a vehicle may have done anything: until it has spoken again it is told nothing."""
    for vehicle_id in roads.site.vehicles:
        is_fresh = draft.state.twin(vehicle_id).liveness is Liveness.FRESH
        if is_fresh and vehicle_id not in facts.spoke_since:
            draft.emit(ev.LivenessChanged(vehicle_id=vehicle_id, liveness=Liveness.UNHEARD))


def _introduce(draft: Draft, site: Site, facts: Facts, outcome: Outcome) -> None:
    """How vehicles want to be spoken to; what one in quarantine tells of it is not told again, so it is noted too."""
    for vehicle_id, topic in sorted(facts.voices):
        work = partial(take_voice, draft, site, vehicle_id, facts.voices[vehicle_id, topic])
        with _said_by(vehicle_id, draft, outcome):
            _isolated(draft, f"profile:{vehicle_id}", outcome, work)
    for vehicle_id in sorted(facts.factsheets):
        work = partial(take_factsheet, draft, site, vehicle_id, facts.factsheets[vehicle_id])
        with _said_by(vehicle_id, draft, outcome):
            _isolated(draft, f"profile:{vehicle_id}", outcome, work)
    for vehicle_id in sorted(facts.restarted):
        with _said_by(vehicle_id, draft, outcome):
            _isolated(draft, f"asking:{vehicle_id}", outcome, partial(_ask_all_anew, draft, vehicle_id))


@contextmanager
def _said_by(vehicle_id: VehicleId, draft: Draft, outcome: Outcome) -> Iterator[None]:
    """What is written down in here is written because of what this vehicle said; a loud one has nobody plan anew.

    Unless it gives a run back, which would wait for as long as it is loud; it has few, and gives back each but once.
    """
    before, reasons = len(draft.entries), len(draft.plan_reasons)
    yield
    gives_back = any(isinstance(entry.event, ev.RunReleased) for entry in draft.entries[before:])
    if draft.state.open_assist(vehicle_subject(vehicle_id), AssistCause.VEHICLE_LOUD) is not None and not gives_back:
        del draft.plan_reasons[reasons:]
    if places := range(before, len(draft.entries)):
        outcome.said.setdefault(vehicle_id, []).extend(places)


def _call_for_loud(draft: Draft, facts: Facts, due: Due) -> None:
    """A person is told once of a vehicle that says so much that most of it is passed over."""
    for vehicle_id in sorted(facts.loud):
        raise_assist(draft, AssistCause.VEHICLE_LOUD, vehicle_subject(vehicle_id), LOUD)
    for vehicle_id in due.calm:
        resolve_assist(draft, AssistCause.VEHICLE_LOUD, vehicle_subject(vehicle_id), "it says less")
        draft.want_plan(f"{vehicle_id} says less")


def _ask_anew(draft: Draft, vehicle_id: VehicleId) -> None:
    """What it does now, and what it can do where it never said so; one that it keeps at the broker comes by itself."""
    request(draft, vehicle_id, ActionKind.STATE_REQUEST)
    if not draft.state.twin(vehicle_id).learned.has_factsheet:
        request(draft, vehicle_id, ActionKind.FACTSHEET_REQUEST)


def _ask_all_anew(draft: Draft, vehicle_id: VehicleId) -> None:
    """It has begun anew, perhaps with other software."""
    request(draft, vehicle_id, ActionKind.STATE_REQUEST)
    request(draft, vehicle_id, ActionKind.FACTSHEET_REQUEST)


def _perform(draft: Draft, roads: SiteRoads, asked: Asked, past: Past, outcome: Outcome) -> Answer | Exception:
    mark = draft.mark()
    draft.actor = asked.actor
    try:
        if isinstance(asked.command, EndOrder):
            end_order(draft, roads.site, asked.command)
            return Answer()
        if isinstance(asked.command, Hibernate | WakeUp):
            hibernate(draft, roads, asked.command)
            return Answer()
        return perform(draft, roads, asked.command, past)
    except FleetError as refusal:
        draft.back_to(mark)
        return refusal
    except Exception as error:
        draft.back_to(mark)
        outcome.failures.append((f"command:{type(asked.command).__name__}", error))
        return error
    finally:
        draft.actor = "controller"


# Decisions ----------------------------------------------------------------------------------------------------------


def _decide_all(draft: Draft, roads: SiteRoads, outcome: Outcome) -> None:
    """Look at every touched vehicle, and at those whom that touches, until nobody has anything to say."""
    for _ in range(STEPS_MAX):
        todo, draft.touched = sorted(draft.touched), set()
        if not todo:
            return
        for vehicle_id in todo:
            if vehicle_id not in roads.site.vehicles:
                continue
            if vehicle_subject(vehicle_id) in draft.state.quarantine:
                _isolated(draft, f"stop:{vehicle_id}", outcome, partial(_stop_for_closed, draft, roads, vehicle_id))
            else:
                _for_vehicle(draft, vehicle_id, outcome, partial(_decide_one, draft, roads, vehicle_id))


def _stop_for_closed(draft: Draft, roads: SiteRoads, vehicle_id: VehicleId) -> None:
    """A vehicle in quarantine is left alone but for this: it drives on to the end of its base."""
    if (cancel := stop_for_closed(draft, vehicle_id)) is not None:
        carry_out(draft, roads, vehicle_id, cancel)


def _decide_one(draft: Draft, roads: SiteRoads, vehicle_id: VehicleId) -> None:
    if overdue(draft, vehicle_id) and not draft.state.twin(vehicle_id).can_take_orders:
        draft.want_plan(f"{vehicle_id} cannot begin its trip")
        draft.wake(vehicle_id, draft.now_s + AGAIN_S)
    see_to_asked(draft, vehicle_id)
    see_to_leaves(draft, roads, vehicle_id)
    tell_zones(draft, roads, vehicle_id)
    for _ in range(STEPS_MAX):
        before = len(draft.entries)
        intent = decide(draft, roads, vehicle_id)
        if intent is None:
            return
        carry_out(draft, roads, vehicle_id, intent)
        if len(draft.entries) == before:
            return


# Isolation ----------------------------------------------------------------------------------------------------------


def _for_vehicle(draft: Draft, vehicle_id: VehicleId, outcome: Outcome, work: Callable[[], object]) -> None:
    subject = f"vehicle:{vehicle_id}"
    if subject not in draft.state.quarantine:
        _isolated(draft, subject, outcome, work)


def _isolated(draft: Draft, subject: str, outcome: Outcome, work: Callable[[], object]) -> bool:
    """Do the work, or take it back and quarantine its subject; tells which. Work that succeeds ends a quarantine."""
    mark = draft.mark()
    try:
        work()
    except Exception as error:
        draft.back_to(mark)
        outcome.failures.append((subject, error))
        _quarantine(draft, subject, f"{type(error).__name__}: {error}")
        return False
    if subject in draft.state.quarantine:
        draft.emit(ev.QuarantineEnded(subject=subject, why="it worked again"))
        resolve_assist(draft, AssistCause.QUARANTINED, subject, "it worked again")
    return True


def _quarantine(draft: Draft, subject: str, why: str) -> None:
    if draft.state.quarantine.get(subject) != why:
        draft.emit(ev.ItemQuarantined(subject=subject, error=why))
        raise_assist(draft, AssistCause.QUARANTINED, subject, why)


def long_releases(draft: Draft, limits: Limits) -> Iterator[Order]:
    """Orders whose base grew beyond the limits in this turn, for want of a place to stand within them."""
    for event in events_of(draft):
        order_id = event.order.id if isinstance(event, ev.OrderIssued) else None
        order_id = event.order_id if isinstance(event, ev.OrderExtended) else order_id
        order = draft.state.orders.get(order_id) if order_id is not None else None
        if order is not None and exceeds_limits(order, order.released, limits):
            yield order


def new_profiles(draft: Draft) -> Iterator[Twin]:
    """Vehicles that told something of themselves in this turn."""
    for event in events_of(draft):
        if isinstance(event, ev.ProfileLearned):
            yield draft.state.twin(event.vehicle_id)


def awake(draft: Draft) -> Iterator[VehicleId]:
    """Vehicles whose connection became another in this turn than that of one asleep, and is so at its end."""
    for event in events_of(draft):
        if isinstance(event, ev.ConnectionChanged) and draft.state.twin(event.vehicle_id).connection != HIBERNATING:
            yield event.vehicle_id


def events_of(draft: Draft) -> Iterable[ev.Event]:
    return (entry.event for entry in draft.entries)
