"""Plans become the fleet's plan: an answer at once when something happened, a better one when a solver has it.

A solver's answer is old when it comes. So its trips are brought onto the present state, judged again, and taken only
if they are still better than what is planned now by as much as the unrest is worth.
"""

from __future__ import annotations

from dataclasses import replace

from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import TripId
from fleet.model.trip import Plan, Reason
from fleet.planning.cost import cost
from fleet.planning.feasible import violations
from fleet.planning.gone import left_out
from fleet.planning.greedy import propose, rebase
from fleet.planning.present import problem_of
from fleet.planning.problem import Problem
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import raise_assist, resolve_assist
from fleet.state.draft import Draft

QUIET_REASONS = frozenset({Reason.NOT_PLANNED_YET, Reason.NO_VEHICLE_FREE})


def replan(draft: Draft, roads: SiteRoads, polish_steps: int) -> Problem | None:
    """Answer what happened in this turn with a plan; the problem it solves, or None where nothing changed."""
    problem = problem_of(draft.state, roads, draft.now_s)
    ids = _TripIds(draft)
    plan = propose(problem, ids.new, polish_steps)
    faults = violations(problem, plan)
    if faults:
        raise ValueError(f"the planner's own answer is not feasible: {faults[0]}")
    plan = _with_left_out(draft, roads, plan)
    if not _differs(draft, plan):
        return None
    _adopt(draft, plan, "; ".join(draft.plan_reasons[:3]))
    return replace(problem, incumbent=plan.trips)


def consider(draft: Draft, roads: SiteRoads, answer: Plan, gain_fraction_min: float) -> bool:
    """Take a solver's answer if it still holds and is worth it."""
    problem = problem_of(draft.state, roads, draft.now_s)
    ids = _TripIds(draft)
    plan = rebase(problem, answer.trips, ids.new, made_by=answer.made_by)
    faults = violations(problem, plan)
    if faults:
        draft.emit(ev.PlanRefused(made_by=answer.made_by, why=f"not feasible: {faults[0].code}"))
        return False
    stay = rebase(problem, problem.incumbent, ids.new)
    now_total, new_total = cost(problem, stay).total, cost(problem, plan).total
    if new_total > now_total * (1.0 - gain_fraction_min):
        draft.emit(ev.PlanRefused(made_by=answer.made_by, why=f"costs {new_total:.0f}, now {now_total:.0f}"))
        return False
    _adopt(draft, _with_left_out(draft, roads, plan), f"costs {new_total:.0f} instead of {now_total:.0f}")
    return True


class _TripIds:
    """Ids for the new trips of one proposal."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._used = 0

    def new(self) -> TripId:
        trip_id = TripId(self._draft.next_id("trip", self._used))
        self._used += 1
        return trip_id


def _adopt(draft: Draft, plan: Plan, why: str) -> None:
    draft.emit(ev.PlanAdopted(version=draft.state.plan_version + 1, why=why, plan=_with_fresh_ids(draft, plan)))
    for trip in plan.trips:
        draft.touch(trip.vehicle_id)
    _tell_unserved(draft, plan)


def _with_left_out(draft: Draft, roads: SiteRoads, plan: Plan) -> Plan:
    """The plan also says why runs are in no trip that no planner was told of."""
    return replace(plan, unassigned=(*plan.unassigned, *left_out(draft.state, roads.site)))


def _with_fresh_ids(draft: Draft, plan: Plan) -> Plan:
    """New trips numbered on from the last one; an id is never used for two different trips."""
    known = {trip_id for trip_ids in draft.state.planned.values() for trip_id in trip_ids}
    ids = _TripIds(draft)
    trips = tuple(trip if trip.id in known else replace(trip, id=ids.new()) for trip in plan.trips)
    return replace(plan, trips=trips)


def _differs(draft: Draft, plan: Plan) -> bool:
    """Whether a plan is news: other trips, other times by more than a moment, or other runs left out."""
    planned = [draft.state.trips[t].trip for trip_ids in draft.state.planned.values() for t in trip_ids]
    now = {trip.id: trip for trip in planned}
    if set(now) != {trip.id for trip in plan.trips}:
        return True
    if {u.run_id: u.reason for u in plan.unassigned} != {u: v.reason for u, v in draft.state.unassigned.items()}:
        return True
    return any(
        now[trip.id].run_ids != trip.run_ids or abs(now[trip.id].load_from_s - trip.load_from_s) > 1.0
        for trip in plan.trips
    )


def _tell_unserved(draft: Draft, plan: Plan) -> None:
    """A run that no vehicle can ever take needs a person; one that merely waits does not."""
    unserved = {unassigned.run_id: unassigned for unassigned in plan.unassigned}
    for run_id, unassigned in sorted(unserved.items()):
        if unassigned.reason not in QUIET_REASONS:
            raise_assist(draft, AssistCause.RUN_UNSERVED, f"run:{run_id}", unassigned.detail)
        else:
            resolve_assist(draft, AssistCause.RUN_UNSERVED, f"run:{run_id}", "it waits for a vehicle")
    for trip in plan.trips:
        for run_id in trip.run_ids:
            resolve_assist(draft, AssistCause.RUN_UNSERVED, f"run:{run_id}", f"in {trip.id}")
