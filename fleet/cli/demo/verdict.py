"""Whether the demo kept its promises, and the summary that is printed at its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.table import Table

from fleet.report import ReportData, report_json
from fleet.report.figures import unexplained, violation_texts

RETURNED_SHARE_MAX = 0.05


def broken_promises(data: ReportData, runs_asked: int) -> list[str]:
    """Why the demo failed, a sentence each; empty where every promise was kept."""
    figures: dict[str, Any] = report_json(data)
    runs, parcels = figures["runs"], figures["parcels"]
    reasons = [data.ended_early] if data.ended_early else []
    reasons += [
        f"{parcels[name]} parcels of {runs[name]} runs are {name}" for name in _NEVER if parcels[name] or runs[name]
    ]
    if runs["requested"] < runs_asked:
        reasons.append(f"only {runs['requested']} of {runs_asked} runs were accepted")
    if nameless := unexplained(data):
        reasons.append(f"returned runs that name no fault: {', '.join(nameless)}")
    if runs["returned"] > RETURNED_SHARE_MAX * runs["requested"]:
        reasons.append(f"{runs['returned']} of {runs['requested']} runs came back; at most 5 % may")
    if unsafe := figures["exposure"]["past_unsafe_end"]:
        reasons.append(f"{unsafe} bases ended where no vehicle may stand")
    return [*reasons, *violation_texts(data)]


_NEVER = ("open", "lost", "duplicated")


def summary(data: ReportData, report: Path) -> Table:
    """The day in a dozen figures."""
    figures: dict[str, Any] = report_json(data)
    runs, parcels = figures["runs"], figures["parcels"]
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_column(style="dim", justify="right")
    table.add_column()
    exposure = figures["exposure"]
    on_time, wall_s = figures["on_time_share"], figures["wall_s"]
    km_kwh = f"{_told(figures['km'], 'km')}, {_told(figures['energy_kwh'], 'kWh')}"
    took = f"{_told(wall_s, 's')} for {figures['simulated_s'] / 3600:.1f} h"
    rows = {
        "parcels": f"{parcels['delivered']} delivered, {parcels['returned']} returned, of {parcels['requested']}",
        "": f"{parcels['open']} open, {parcels['lost']} lost, {parcels['duplicated']} duplicated",
        "runs": f"{runs['delivered']} delivered, {runs['returned']} returned, of {runs['requested']}",
        "on time": "–" if on_time is None else f"{100 * on_time:.1f} %",
        "trips": f"{figures['trips']} with {figures['vehicles']} vehicles, {km_kwh}",
        "orders": f"{figures['orders_sent']} sent, {figures['orders_rejected']} rejected",
        "assists": str(figures["assists"]),
        "stops for want of base": _told(figures["stops_for_want_of_base"], ""),
        "beyond the limits": f"{len(exposure['beyond_limits'])} of {exposure['releases']} releases of road",
        "decision to line": _milliseconds(figures["dispatch_latency_ms"]),
        "took": f"{took}, {_told(figures['cpu_s'], 's')} of processor time",
        "report": str(report),
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _told(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:.0f} {unit}".rstrip()


def _milliseconds(timings: dict[str, float | None]) -> str:
    if timings["p50"] is None or timings["p99"] is None:
        return "–"
    return f"{timings['p50']:.0f} ms, 99 % within {timings['p99']:.0f} ms"
