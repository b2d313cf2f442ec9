"""What a report shows, as plain values; whoever draws it looks nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fleet.model.site import Limits
from fleet.report.exposure import Release

LatLon = tuple[float, float]
Line = tuple[LatLon, ...]


class Activity(StrEnum):
    """What a vehicle is doing, as a timeline shows it."""

    LOADING = "loading"
    DRIVING = "driving"
    AT_STOP = "at_stop"
    RETURNING = "returning"
    CHARGING = "charging"
    BLOCKED = "blocked"
    SILENT = "silent"
    WAITING = "waiting"


class Fate(StrEnum):
    """What became of a run in the end."""

    DELIVERED = "delivered"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    OPEN = "open"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Span:
    """A vehicle did, or should have done, one thing for a while; trade seconds."""

    activity: Activity
    from_s: float
    to_s: float
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A run as its customer asked for it, before the controller had a say."""

    run_id: str
    station_id: str
    point_id: str
    parcels: int
    ready_s: float
    due_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelCount:
    """Where a number of parcels ended; a doubled one is counted as delivered too."""

    delivered: int = 0
    returned: int = 0
    open: int = 0
    lost: int = 0
    duplicated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """One run from asking to its end.

    Attributes:
        delivered_s: when the last of it was handed over; None where that never happened.
        cause: why it is not delivered, where that is so: the fault it names.
    """

    asked: Asked
    fate: Fate
    vehicle_id: str
    delivered_s: float | None
    cause: str
    parcels: ParcelCount

    @property
    def is_on_time(self) -> bool:
        return self.fate is Fate.DELIVERED and self.delivered_s is not None and self.delivered_s <= self.asked.due_s


@dataclass(frozen=True, slots=True, kw_only=True)
class TripOutcome:
    """One departure-to-return; None for what has not happened."""

    trip_id: str
    vehicle_id: str
    station_id: str
    points: tuple[str, ...]
    runs: int
    parcels: int
    planned_depart_s: float
    planned_return_s: float
    departed_s: float | None
    closed_s: float | None


@dataclass(frozen=True, slots=True)
class Way:
    """A piece of road that was driven; `road` is the same for all who drove it, in either direction."""

    road: str
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleDay:
    """All of one vehicle's day.

    Attributes:
        planned: as the trips were planned when they began.
        ways: roads it has driven, each once.
        charge: (trade time, share 0-1) whenever it was news.
        km, energy_kwh, stops_for_want_of_base: as the vehicle itself measured; None where nobody asked it.
    """

    vehicle_id: str
    maker: str
    type_id: str
    station_id: str
    planned: tuple[Span, ...]
    actual: tuple[Span, ...]
    ways: tuple[Way, ...]
    charge: tuple[tuple[float, float], ...]
    trips: int
    parcels: int
    km: float | None = None
    energy_kwh: float | None = None
    stops_for_want_of_base: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that went wrong in the world, whatever anybody believed."""

    kind: str
    subject: str
    at_s: float
    until_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that must never happen, and did.

    Attributes:
        check: id of the invariant.
        time_s: trade time; None for what holds or not at the end only.
    """

    check: str
    detail: str
    vehicle_id: str = ""
    time_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistShown:
    """A call for a person."""

    cause: str
    subject: str
    detail: str
    raised_s: float
    resolved_s: float | None
    resolution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A station or pickup point on the map."""

    id: str
    name: str
    at: LatLon
    is_station: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The map under the ways: roads by their OSM class, and the places of the site."""

    roads: Mapping[str, tuple[Line, ...]]
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class Timings:
    """Typical and rare durations in milliseconds; None where nothing was measured."""

    p50: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What the day cost the machines, as far as somebody measured it."""

    wall_s: float | None = None
    cpu_s: float | None = None
    solver_cpu_s: float | None = None
    plan_ms: Timings = Timings()
    dispatch_latency_ms: Timings = Timings()
    schema_violations: int | None = None
    heard_violations: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """Everything a report says.

    Attributes:
        map_name: file name of the map; `map_edition` is its sha256.
        from_s, to_s: the shown part of the day, trade time.
        unasked: parcels of each run that was carried out though nobody asked for it.
        releases: road that vehicles were let into, message by message, and the limits they were held to.
        violations: what must never happen, and did.
        mismatches: where requests, journal and ground truth disagree, a sentence each.
        journal_sha256: head of the journal's hash chain.
        ended_early: why the day was not driven to its end, or empty.
    """

    title: str
    site_name: str
    time_zone: str
    seed: int
    map_name: str
    map_edition: str
    from_s: float
    to_s: float
    runs: tuple[RunOutcome, ...]
    unasked: Mapping[str, int]
    trips: tuple[TripOutcome, ...]
    vehicles: tuple[VehicleDay, ...]
    faults: tuple[Fault, ...]
    assists: tuple[AssistShown, ...]
    ground: Ground
    orders_sent: int
    orders_rejected: int
    violations: tuple[Violation, ...]
    mismatches: tuple[str, ...]
    has_truth: bool
    effort: Effort
    events: int
    journal_sha256: str
    ended_early: str = ""
    releases: tuple[Release, ...] = ()
    limits: Limits = field(default_factory=Limits)
