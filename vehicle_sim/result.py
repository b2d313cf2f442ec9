"""What a simulation ended with, under the keys that other programs rely on."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Mapping

from fleet.controller.stats import percentile
from fleet.model.custody import CustodyKind
from fleet.model.run import OPEN_PHASES, RunPhase
from fleet.model.trip import TripPhase
from fleet.report.exposure import exposure_json
from vehicle_sim.harness import Outcome

ENDED_TRIPS = frozenset({TripPhase.CLOSED})


def result_json(outcome: Outcome, wall_s: float, cpu_s: float) -> dict[str, object]:
    """The object that `vehicle-sim run -o json` prints; see `report.json` of the demo."""
    state = outcome.state
    truth = outcome.truth.as_json()
    area = outcome.scenario.site.id
    trips = sum(row["phase"] in ENDED_TRIPS for row in outcome.store.rows("trip", area))
    head = outcome.store.head(area)
    return {
        "schema": 1,
        "seed": outcome.seed,
        "map": outcome.scenario.site.map_path.name,
        "vehicles": len(outcome.scenario.site.vehicles),
        "runs": run_counts(outcome),
        "parcels": parcel_counts(outcome),
        "on_time_share": round(on_time_share(outcome), 4),
        "trips": trips,
        "km": truth["km"],
        "energy_kwh": truth["energy_kwh"],
        "orders_sent": outcome.orders_sent,
        "orders_rejected": outcome.orders_rejected,
        "schema_violations": sum(outcome.schema_violations.values()),
        "heard_violations": sum(outcome.heard_violations.values()),
        "invariant_violations": [
            {"check": v.check, "time_s": round(v.time_s, 3), "vehicle": v.vehicle, "detail": v.detail}
            for v in outcome.violations
        ],
        "assists": state.counters.get("assist", 0),
        "stops_for_want_of_base": outcome.stops_for_want_of_base,
        "exposure": _exposure(outcome),
        "plan_ms": _milliseconds(outcome.plan_s),
        "dispatch_latency_ms": _milliseconds(outcome.dispatch_s),
        "wall_s": round(wall_s, 3),
        "cpu_s": round(cpu_s, 3),
        "solver_cpu_s": None,
        "simulated_s": round(outcome.simulated_s, 3),
        "events": head.seq,
        "journal_sha256": head.hash,
    }


def _exposure(outcome: Outcome) -> dict[str, object]:
    """How far vehicles were let ahead; ends of bases are counted from the bytes that were sent."""
    figures = exposure_json(outcome.releases, outcome.scenario.site.limits)
    return figures | {"past_unsafe_end": sum(v.check == "S30" for v in outcome.violations)}


def run_counts(outcome: Outcome) -> dict[str, int]:
    """Runs by how they ended; lost and duplicated are counted against the ground truth."""
    views = outcome.runs
    phases = Counter(view.phase for view in views.values())
    return {
        "requested": len(outcome.told),
        "delivered": phases[RunPhase.DELIVERED],
        "returned": phases[RunPhase.RETURNED],
        "open": sum(phases[phase] for phase in OPEN_PHASES),
        "lost": sum(told.run.id not in views for told in outcome.told) + phases[RunPhase.LOST],
        "duplicated": sum(v.check in ("S2", "S3") for v in outcome.violations),
    }


def parcel_counts(outcome: Outcome) -> dict[str, int]:
    """Parcels by where they really are; one that was handed in again counts in each of its runs, as returned before."""
    world, views = outcome.world, outcome.runs
    counts: Counter[str] = Counter(duplicated=sum(v.check == "S3" for v in outcome.violations))
    for told in outcome.told:
        lot, view = world.lots.get(told.run.id), views.get(told.run.id)
        counts["requested"] += told.run.lot.parcel_count
        if lot is None:
            counts["lost"] += told.run.lot.parcel_count
            continue
        mine = world.parcels_of(lot)
        kinds = Counter(world.custody[parcel].kind for parcel in mine)
        came_back = kinds[CustodyKind.STATION] if view is not None and view.phase is RunPhase.RETURNED else 0
        counts["delivered"] += kinds[CustodyKind.POINT]
        counts["returned"] += came_back + len(lot.parcel_ids) - len(mine)
    done = counts["delivered"] + counts["returned"] + counts["lost"]
    counts["open"] = counts["requested"] - done
    return {name: counts[name] for name in ("requested", "delivered", "returned", "open", "lost", "duplicated")}


def on_time_share(outcome: Outcome) -> float:
    """Runs fully delivered inside their window / runs accepted and not cancelled."""
    counted = [view for view in outcome.runs.values() if view.phase is not RunPhase.CANCELLED]
    on_time = sum(
        view.phase is RunPhase.DELIVERED and view.delivered_s is not None and view.delivered_s <= view.run.due_s
        for view in counted
    )
    return on_time / len(counted) if counted else 1.0


def expectations_missed(outcome: Outcome) -> list[str]:
    """What the scenario expects and this run did not reach."""
    counts, expect = run_counts(outcome), outcome.scenario.expect
    share = counts["delivered"] / counts["requested"] if counts["requested"] else 1.0
    missed = []
    if share < expect.delivered_share_min:
        missed.append(f"delivered {share:.1%} of the runs, expected at least {expect.delivered_share_min:.1%}")
    if on_time_share(outcome) < expect.on_time_share_min:
        missed.append(f"{on_time_share(outcome):.1%} on time, expected at least {expect.on_time_share_min:.1%}")
    if not outcome.is_over:
        missed.append(f"{counts['open']} runs had not come to an end")
    return missed


def _milliseconds(seconds: list[float]) -> dict[str, float]:
    return {
        "p50": round(percentile(seconds, 0.5) * 1000.0, 3),
        "p99": round(percentile(seconds, 0.99) * 1000.0, 3),
    }


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def add_up(results: list[Mapping[str, object]]) -> dict[str, int]:
    """Run counts of many simulations together."""
    total: Counter[str] = Counter()
    for result in results:
        counts = result["runs"]
        assert isinstance(counts, dict)
        total.update(counts)
    return dict(total)
