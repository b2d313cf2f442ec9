"""What the demo leaves behind: report.html and report.json."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from fleet.cli.demo.course import Course
from fleet.cli.demo.options import DemoOptions, start_s
from fleet.cli.demo.stage import Stage
from fleet.clock import from_utc_text
from fleet.journal.replay import all_records
from fleet.journal.store import SqlStore, sqlite_url
from fleet.maps.cache import load_or_import
from fleet.model.site import Site
from fleet.report import Effort, ReportData, Timings, assemble, report_html, report_json, truth_of

TRUTH_S_MAX = 15.0


def gather(options: DemoOptions, site: Site, stage: Stage, course: Course, wall_s: float) -> ReportData:
    """Journal, ground truth and measurements, laid side by side."""
    graph, _ = load_or_import(site.map_path, stage.data / "maps")
    store = SqlStore(sqlite_url(stage.data / "fleet.db"))
    try:
        records = list(all_records(store, site.id))
        kept = {str(row["run_id"]) for row in store.rows("run", site.id)}
    finally:
        store.close()
    truth = truth_of(stage.truth.read_bytes()) if stage.truth.exists() else None
    return assemble(
        site,
        graph,
        records,
        seed=options.seed,
        title=f"A morning in {site.name}",
        asked=[run for run in course.sent if run in course.accepted or run.run_id in kept],
        truth=truth,
        effort=_effort(stage, course, wall_s),
        more_faults=course.faults,
        from_s=start_s(site),
        to_s=course.ended_s,
        ended_early=course.ended_early,
    )


def write(data: ReportData, out: Path) -> Path:
    """Write both reports; gives the one for people."""
    (out / "report.json").write_text(json.dumps(report_json(data), indent=1) + "\n", encoding="utf-8")
    page = out / "report.html"
    page.write_text(report_html(data), encoding="utf-8")
    return page


async def until_truth_is_told(stage: Stage, ended_s: float) -> None:
    """Vehicles that go on write the truth now and then; wait for one written after the end."""
    for _ in range(round(TRUTH_S_MAX / 0.25)):
        if stage.truth.exists() and _written_s(stage.truth) >= ended_s:
            return
        await asyncio.sleep(0.25)


def _written_s(truth: Path) -> float:
    told: dict[str, Any] = json.loads(truth.read_bytes())
    return from_utc_text(str(told["at"]))


def _effort(stage: Stage, course: Course, wall_s: float) -> Effort:
    figures: dict[str, Any] = course.status.get("figures", {})
    return Effort(
        wall_s=wall_s,
        cpu_s=stage.cpu_s(),
        solver_cpu_s=stage.solver_cpu_s(),
        plan_ms=_timings(figures.get("plan_ms")),
        dispatch_latency_ms=_timings(figures.get("dispatch_latency_ms")),
        schema_violations=figures.get("schema_violations"),
        heard_violations=figures.get("heard_violations"),
    )


def _timings(told: dict[str, float | None] | None) -> Timings:
    return Timings(told.get("p50"), told.get("p99")) if told else Timings()
