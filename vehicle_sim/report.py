"""What a simulation ended with, as a report shows it."""

from __future__ import annotations

import json

from fleet.controller.stats import percentile
from fleet.journal.replay import all_records
from fleet.model.run import Run
from fleet.report import Asked, Effort, ReportData, Timings, assemble, truth_of
from vehicle_sim.harness import Outcome


def report_of(outcome: Outcome, wall_s: float | None = None, cpu_s: float | None = None) -> ReportData:
    """The report of a simulated day, made as that of a real one: from its journal, its requests and the truth."""
    site = outcome.scenario.site
    return assemble(
        site,
        outcome.roads.graph,
        all_records(outcome.store, site.id),
        seed=outcome.seed,
        title=f"{outcome.scenario.name}, seed {outcome.seed}",
        asked=[_asked(told.run) for told in outcome.told],
        truth=truth_of(json.dumps(outcome.truth.as_json())),
        effort=Effort(
            wall_s=wall_s,
            cpu_s=cpu_s,
            plan_ms=_timings(outcome.plan_s),
            dispatch_latency_ms=_timings(outcome.dispatch_s),
            schema_violations=sum(outcome.schema_violations.values()),
            heard_violations=sum(outcome.heard_violations.values()),
        ),
        from_s=outcome.scenario.start_s,
        ended_early="" if outcome.is_over else "not everything had come to its end",
    )


def _asked(run: Run) -> Asked:
    return Asked(
        run_id=run.id,
        station_id=run.station_id,
        point_id=run.point_id,
        parcels=run.lot.parcel_count,
        ready_s=run.ready_s,
        due_s=run.due_s,
    )


def _timings(seconds: list[float]) -> Timings:
    return Timings(1000.0 * percentile(seconds, 0.5), 1000.0 * percentile(seconds, 0.99)) if seconds else Timings()
