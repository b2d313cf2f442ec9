"""What the API answers: one model for each thing it shows.

Names carry units, instants are ISO 8601 in UTC and end in `_at`, and what does not apply yet is null.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class UnassignedOut(Shape):
    run_id: str
    reason: str
    detail: str


class RunOut(Shape):
    run_id: str
    phase: str
    brand: str
    station_id: str
    point_id: str
    parcels: int
    mass_kg: float
    volume_m3: float
    priority: int
    ready_at: str
    due_at: str
    accepted_at: str
    trip_id: str | None
    vehicle_id: str | None
    forecast_at: str | None
    """when it should be handed over, by its trip; null where it has none, or is over"""
    late_s: float | None
    """by how much it was or will be late; 0 in time; null where nobody can say"""
    delivered_at: str | None
    delivered_parcels: int
    refused_parcels: list[str]
    missing_parcels: list[str]
    """looked for by a person and not found"""
    recalled: str | None
    cause: str | None
    attempts: int
    unassigned: UnassignedOut | None
    can_cancel: bool


class RunPage(Shape):
    runs: list[RunOut]
    next: str | None
    """give it as `after` to go on; null at the end"""
    total: int


class RunDetail(RunOut):
    custody: dict[str, int]
    """holder, as "vehicle:van-3", or "run:r-9" for those handed in again in that run -> parcels"""


class RunsAnswer(Shape):
    runs: list[RunOut]
    is_repeat: bool
    seq: int


class DryRunAnswer(Shape):
    """What would become of the runs; nothing was accepted."""

    runs: list[RunOut]
    cost_now: float
    cost_then: float


class StopOut(Shape):
    point_id: str
    run_ids: list[str]
    arrive_at: str
    leave_at: str
    is_done: bool


class TripOut(Shape):
    trip_id: str
    phase: str
    vehicle_id: str
    station_id: str
    charge_from_at: str | None
    charge_until_at: str | None
    load_from_at: str
    depart_at: str
    return_at: str
    started_at: str | None
    departed_at: str | None
    closed_at: str | None
    stops: list[StopOut]
    runs: int
    parcels: int


class TripPage(Shape):
    trips: list[TripOut]
    next: str | None
    total: int


class CostOut(Shape):
    total: float
    late_s: float
    drive_s: float
    trips: int
    unassigned: int
    moved_s: float


class PlanOut(Shape):
    version: int
    made_by: str
    cost: CostOut
    trips: list[TripOut]
    unassigned: list[UnassignedOut]


class AssistOut(Shape):
    assist_id: str
    cause: str
    subject: str
    detail: str
    raised_at: str
    age_s: float
    deadline_at: str
    is_overdue: bool
    owner: str | None
    remedy: str
    """commands that end it, in the order to think of them"""


class AssistsOut(Shape):
    assists: list[AssistOut]


class StationOut(Shape):
    station_id: str
    name: str
    lat: float
    lon: float
    vehicles: int
    loading_bays: int
    loading_bays_taken: int
    chargers: int
    chargers_taken: int
    open_runs: int


class StationsOut(Shape):
    stations: list[StationOut]


class PointOut(Shape):
    point_id: str
    name: str
    lat: float
    lon: float
    open_runs: int


class PointsOut(Shape):
    points: list[PointOut]


class ClosureOut(Shape):
    road_key: str
    until_at: str
    why: str


class ClosuresOut(Shape):
    closures: list[ClosureOut]


class SlowRoadOut(Shape):
    road_key: str
    kmh: float
    until_at: str
    why: str


class SlowRoadsOut(Shape):
    slow_roads: list[SlowRoadOut]


class HeardOut(Shape):
    """The last a vehicle said; for display, decisions are made from journalled facts only."""

    at: str
    age_s: float
    speed_mps: float | None
    clock_ahead_s: float
    """how far its clock is ahead of ours, by its last state, messages' time on the way included"""


class PositionOut(Shape):
    lat: float
    lon: float
    heading_rad: float | None
    """counter-clockwise from east"""
    source: str
    """"vehicle": as it says itself; "node": the last node it reported"""


class BlockedOut(Shape):
    edge_id: str
    since_at: str


class OrderOut(Shape):
    order_id: str
    purpose: str
    phase: str
    trip_id: str | None
    run_ids: list[str]
    issued_at: str
    update_id: int
    is_confirmed: bool
    edges: int
    edges_passed: int
    edges_released: int
    length_m: float
    base_left_m: float


class VehicleOut(Shape):
    vehicle_id: str
    phase: str
    manufacturer: str
    type_id: str
    vda5050_version: str
    home_station: str
    liveness: str
    connection: str
    mode: str
    soc_fraction: float
    is_charging: bool
    is_stopped: bool
    is_paused: bool
    is_localized: bool
    """it knows where it is, by its own word"""
    beyond_base: str | None
    """where it is behind the end of what it was let into; then nothing is sent to it"""
    held: str | None
    fatal: list[str]
    blocked: BlockedOut | None
    foreign_order: str | None
    node_id: str
    trip_id: str | None
    order_id: str | None
    aboard: list[str]
    heard: HeardOut | None
    position: PositionOut | None


class VehiclesOut(Shape):
    vehicles: list[VehicleOut]


class ProfileOut(Shape):
    """How a vehicle is spoken to: by the site file, its factsheet, and how its messages are said, in this order."""

    version: str
    """the text that its messages bear, and ours to it"""
    topic_major: int
    has_factsheet: bool
    unspoken_version: str | None
    """of its last message, where nobody here speaks that one; then nothing is sent to it"""
    horizon_edges: int
    takes_trajectories: bool
    stitches_with_actions: bool
    corridor_m: float
    limits: dict[str, float]
    """what it can take in one message or in a time, where it is limited"""
    state_interval_s: float | None
    actions: list[str]
    """that its factsheet offers; empty where it does not say"""
    zones: list[str]
    """types of zones that it heeds"""
    contradictions: list[str]
    """where site file and vehicle disagree"""


class OwnWayOut(Shape):
    """What the vehicle itself means to do; for display only."""

    points: list[tuple[float, float]]
    """lon, lat along the way that it plans"""
    arrival_at: str | None
    """when it expects to be at the end of that"""


class VehicleDetail(VehicleOut):
    profile: ProfileOut
    own_way: OwnWayOut | None
    order: OrderOut | None
    way: list[tuple[float, float]]
    """lon, lat of the nodes of its order, from its start on"""
    trip: TripOut | None
    planned_trips: list[TripOut]
    assists: list[AssistOut]


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


class ReasonOut(Shape):
    """One answer to "why": a code for programs, a sentence for people."""

    code: str
    text: str


class HistoryOut(Shape):
    seq: int
    at: str
    type: str
    actor: str
    cause: str
    data: dict[str, object]


class WhyOut(Shape):
    run: RunOut
    reasons: list[ReasonOut]
    trip: TripOut | None
    history: list[HistoryOut]
    history_from_seq: int
    """events before this one were not looked at"""


class CheckOut(Shape):
    ok: bool
    reason: str | None
    age_s: float | None


class ReadyOut(Shape):
    ready: bool
    checks: dict[str, CheckOut]


class HealthOut(Shape):
    status: str
    turns: int
    trade_at: str
