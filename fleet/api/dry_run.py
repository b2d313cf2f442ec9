"""What would become of runs if they were asked for now: the very code of the turn, on a draft that nobody keeps."""

from __future__ import annotations

from fleet.api import shapes as s
from fleet.api.views import run_out
from fleet.dispatch.commands import SubmitRuns, perform
from fleet.planning.adopt import replan
from fleet.roads.site_roads import SiteRoads
from fleet.state.archive import Past
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState

POLISH_STEPS = 50
"""Less than in a turn: this is an estimate, and the turn waits meanwhile."""


def dry_run(state: FleetState, roads: SiteRoads, command: SubmitRuns, now_s: float, past: Past) -> s.DryRunAnswer:
    """The trips that these runs would get.

    Raises:
        RefusedError, UnknownThingError: as the command itself would.
    """
    draft = Draft(state, now_s)
    answer = perform(draft, roads, command, past)
    if draft.plan_reasons:
        replan(draft, roads, POLISH_STEPS)
    after = draft.state
    return s.DryRunAnswer(
        runs=[run_out(after, after.run(run_id), now_s) for run_id in answer.run_ids],
        cost_now=round(state.plan_cost.total, 1),
        cost_then=round(after.plan_cost.total, 1),
    )
