"""A report's figures, under the names that scripts rely on."""

from __future__ import annotations

from collections import Counter

from fleet.report.data import Fate, ReportData, Timings
from fleet.report.exposure import exposure_json


def report_json(data: ReportData) -> dict[str, object]:
    """The figures as plain values; what does not apply is None, never invented."""
    effort = data.effort
    return {
        "schema": 1,
        "seed": data.seed,
        "map": data.map_name,
        "vehicles": len(data.vehicles),
        "runs": run_counts(data),
        "parcels": parcel_counts(data),
        "on_time_share": _rounded(on_time_share(data), 4),
        "trips": sum(trip.departed_s is not None for trip in data.trips),
        "km": _rounded(total_km(data), 3),
        "energy_kwh": _rounded(total_kwh(data), 3),
        "orders_sent": data.orders_sent,
        "orders_rejected": data.orders_rejected,
        "schema_violations": effort.schema_violations,
        "heard_violations": effort.heard_violations,
        "invariant_violations": violations(data),
        "assists": len(data.assists),
        "stops_for_want_of_base": stops_for_want_of_base(data),
        "exposure": exposure_json(data.releases, data.limits),
        "plan_ms": _timings(effort.plan_ms),
        "dispatch_latency_ms": _timings(effort.dispatch_latency_ms),
        "wall_s": _rounded(effort.wall_s, 3),
        "cpu_s": _rounded(effort.cpu_s, 3),
        "solver_cpu_s": _rounded(effort.solver_cpu_s, 3),
        "simulated_s": round(data.to_s - data.from_s, 3),
        "events": data.events,
        "journal_sha256": data.journal_sha256,
    }


def violations(data: ReportData) -> list[dict[str, object]]:
    """Broken invariants; books that differ are among them."""
    rows: list[dict[str, object]] = [
        {"check": v.check, "time_s": _rounded(v.time_s, 3), "vehicle": v.vehicle_id, "detail": v.detail}
        for v in data.violations
    ]
    return rows + [{"check": "books", "time_s": None, "vehicle": "", "detail": text} for text in data.mismatches]


def violation_texts(data: ReportData) -> list[str]:
    """The same as sentences."""
    told = (
        f"{v.check}: {v.vehicle_id}: {v.detail}" if v.vehicle_id else f"{v.check}: {v.detail}" for v in data.violations
    )
    return [*told, *data.mismatches]


def run_counts(data: ReportData) -> dict[str, int]:
    """Runs by their end; one that was carried out though nobody asked for it is a doubled one."""
    fates = Counter(run.fate for run in data.runs)
    doubled = sum(run.parcels.duplicated > 0 for run in data.runs) + len(data.unasked)
    return {
        "requested": len(data.runs),
        "delivered": fates[Fate.DELIVERED],
        "returned": fates[Fate.RETURNED],
        "open": fates[Fate.OPEN],
        "lost": fates[Fate.LOST],
        "duplicated": doubled,
    }


def parcel_counts(data: ReportData) -> dict[str, int]:
    counts = {"requested": sum(run.asked.parcels for run in data.runs)}
    for name in ("delivered", "returned", "open", "lost", "duplicated"):
        counts[name] = sum(getattr(run.parcels, name) for run in data.runs)
    counts["duplicated"] += sum(data.unasked.values())
    return counts


def on_time_share(data: ReportData) -> float | None:
    """Runs fully delivered inside their window, of those accepted and not cancelled."""
    counted = [run for run in data.runs if run.fate is not Fate.CANCELLED]
    return sum(run.is_on_time for run in counted) / len(counted) if counted else None


def total_km(data: ReportData) -> float | None:
    return _sum([vehicle.km for vehicle in data.vehicles])


def total_kwh(data: ReportData) -> float | None:
    return _sum([vehicle.energy_kwh for vehicle in data.vehicles])


def stops_for_want_of_base(data: ReportData) -> int | None:
    stops = _sum([vehicle.stops_for_want_of_base for vehicle in data.vehicles])
    return None if stops is None else int(stops)


def unexplained(data: ReportData) -> list[str]:
    """Returned runs that name no fault."""
    return [run.asked.run_id for run in data.runs if run.fate is Fate.RETURNED and not run.cause]


def _sum(values: list[float | None] | list[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _timings(timings: Timings) -> dict[str, float | None]:
    return {"p50": _rounded(timings.p50, 3), "p99": _rounded(timings.p99, 3)}
