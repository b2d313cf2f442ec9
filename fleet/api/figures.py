"""The fleet in figures: one object that a report, a wall screen and `fleet status` are made of."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from fleet.api import shapes as s
from fleet.api.reception import Reception
from fleet.api.vehicle_views import vehicle_phases
from fleet.api.version import program_version
from fleet.api.views import assists_out, forecast_s
from fleet.clock import utc_text
from fleet.controller.stats import percentile
from fleet.model.run import OPEN_PHASES, RunPhase
from fleet.model.trip import TripPhase
from fleet.state.fleet_state import ARCHIVED, FleetState, RunView


def status_out(front: Reception) -> s.StatusOut:
    """The whole status, of one committed state."""
    state, now_s, area = front.state, front.now_s, front.area
    live = sum(len(trip_ids) for trip_ids in state.planned.values())
    return s.StatusOut(
        site=area.site.name,
        area=area.site.id,
        trade_at=utc_text(now_s),
        version=program_version(),
        map_sha256=state.map_sha256,
        runs=run_counts(state, now_s),
        parcels=parcel_counts(state.runs.values()),
        on_time_share=on_time_share(state.runs.values()),
        vehicles=vehicle_phases(state),
        trips=trip_counts(state),
        assists=assist_counts(state, now_s),
        plan=s.PlanCounts(
            version=state.plan_version,
            made_by=state.plan_made_by,
            cost=round(state.plan_cost.total, 1),
            planned_trips=live,
        ),
        closures=sum(closure.until_s > now_s for closure in state.closures.values()),
        slow_roads=sum(slow.until_s > now_s for slow in state.slow_roads.values()),
        quarantined=sorted(state.quarantine),
        clocks_off=sorted(area.ear.clocks_off),
        broker=s.LinkStatus(is_up=area.ear.is_link_up, trouble=area.ear.link_trouble or None),
        journal=s.JournalStatus(
            seq=area.head_seq,
            epoch=state.epoch,
            trouble=area.store_trouble or None,
            has_lease=area.lease.is_good,
        ),
        figures=figures(front),
    )


def run_counts(state: FleetState, now_s: float) -> s.RunCounts:
    phases = Counter(view.phase for view in state.runs.values())
    return s.RunCounts(
        requested=len(state.runs),
        delivered=phases[RunPhase.DELIVERED],
        returned=phases[RunPhase.RETURNED],
        cancelled=phases[RunPhase.CANCELLED],
        lost=phases[RunPhase.LOST],
        open=len(state.open_runs),
        open_late=sum(_is_late(state, state.run(run_id), now_s) for run_id in state.open_runs),
        unassigned=len(state.unassigned),
        archived=state.counters.get(ARCHIVED, 0),
        by_phase={phase.value: phases[phase] for phase in RunPhase},
    )


def _is_late(state: FleetState, view: RunView, now_s: float) -> bool:
    return max(now_s, forecast_s(state, view, now_s) or 0.0) > view.run.due_s


def parcel_counts(views: Iterable[RunView]) -> s.ParcelCounts:
    """Parcels by what became of their runs; what was refused at a point is returned once its run has ended."""
    counts: Counter[str] = Counter()
    for view in views:
        parcels = view.run.lot.parcel_count
        left = parcels - view.delivered_count - len(view.missing)
        counts["lost"] += len(view.missing)
        counts["requested"] += parcels
        counts["delivered"] += view.delivered_count
        if view.phase in OPEN_PHASES:
            counts["open"] += left
        else:
            counts["cancelled" if view.phase is RunPhase.CANCELLED else "returned"] += left
    return s.ParcelCounts(**{name: counts[name] for name in s.ParcelCounts.model_fields})


def on_time_share(views: Iterable[RunView]) -> float | None:
    """Runs fully delivered inside their window, of those accepted and not cancelled; None where there are none."""
    wanted = [view for view in views if view.phase is not RunPhase.CANCELLED]
    if not wanted:
        return None
    in_time = sum(
        view.phase is RunPhase.DELIVERED and view.delivered_s is not None and view.delivered_s <= view.run.due_s
        for view in wanted
    )
    return round(in_time / len(wanted), 4)


def trip_counts(state: FleetState) -> dict[str, int]:
    found = Counter(view.phase for view in state.trips.values())
    return {phase.value: found[phase] for phase in TripPhase}


def assist_counts(state: FleetState, now_s: float) -> s.AssistCounts:
    waiting = assists_out(state, now_s)
    overdue = sum(assist.is_overdue for assist in waiting)
    return s.AssistCounts(open=len(waiting), overdue=overdue, oldest=waiting[0] if waiting else None)


def figures(front: Reception) -> s.Figures:
    stats, tally = front.area.stats, front.tally
    return s.Figures(
        events=front.area.head_seq,
        counted_to_seq=tally.seq,
        orders_sent=tally.orders_sent,
        orders_rejected=tally.orders_rejected,
        messages_received=dict(sorted(stats.received.items())),
        messages_dropped=dict(sorted(stats.dropped.items())),
        messages_sent=dict(sorted(stats.sent.items())),
        messages_resent=stats.resent,
        schema_violations=stats.said_wrongly().total(),
        heard_violations=stats.heard_wrongly().total(),
        items_failed=stats.failures,
        plan_ms=_in_ms(stats.solver_s),
        dispatch_latency_ms=_in_ms(stats.dispatch_s),
        turn_ms=_in_ms(stats.turn_s),
    )


def _in_ms(values: deque[float]) -> s.Percentiles:
    if not values:
        return s.Percentiles(p50=None, p99=None)
    p50, p99 = (round(percentile(values, share) * 1000.0, 3) for share in (0.5, 0.99))
    return s.Percentiles(p50=p50, p99=p99)
