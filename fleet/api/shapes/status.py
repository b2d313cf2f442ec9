"""The fleet in figures."""

from __future__ import annotations

from fleet.api.shapes.assists import AssistOut
from fleet.api.shapes.base import Shape


class Percentiles(Shape):
    p50: float | None
    p99: float | None


class Figures(Shape):
    """Counts and durations for reports.

    Orders and events are counted in the journal, the others since the daemon started.
    """

    events: int
    counted_to_seq: int
    orders_sent: int
    orders_rejected: int
    messages_received: dict[str, int]
    messages_dropped: dict[str, int]
    messages_sent: dict[str, int]
    messages_resent: int
    schema_violations: int
    """fields of our messages that break VDA 5050"""
    heard_violations: int
    """fields of vehicles' messages that do"""
    items_failed: int
    plan_ms: Percentiles
    dispatch_latency_ms: Percentiles
    turn_ms: Percentiles


class ParcelCounts(Shape):
    requested: int
    delivered: int
    returned: int
    open: int
    cancelled: int
    lost: int
    """missing, by the word of a person who has looked"""


class RunCounts(Shape):
    requested: int
    delivered: int
    returned: int
    cancelled: int
    lost: int
    open: int
    open_late: int
    unassigned: int
    archived: int
    """ended long ago, and counted nowhere else here"""
    by_phase: dict[str, int]


class AssistCounts(Shape):
    open: int
    overdue: int
    oldest: AssistOut | None


class PlanCounts(Shape):
    version: int
    made_by: str
    cost: float
    planned_trips: int


class LinkStatus(Shape):
    is_up: bool
    trouble: str | None


class JournalStatus(Shape):
    seq: int
    epoch: int
    trouble: str | None
    has_lease: bool


class StatusOut(Shape):
    site: str
    area: str
    trade_at: str
    version: str
    map_sha256: str
    runs: RunCounts
    parcels: ParcelCounts
    on_time_share: float | None
    """runs fully delivered inside their window / runs accepted and not cancelled"""
    vehicles: dict[str, int]
    trips: dict[str, int]
    assists: AssistCounts
    plan: PlanCounts
    closures: int
    slow_roads: int
    quarantined: list[str]
    clocks_off: list[str]
    """vehicles whose states bear a time more than 5 minutes from trade time"""
    broker: LinkStatus
    journal: JournalStatus
    figures: Figures
