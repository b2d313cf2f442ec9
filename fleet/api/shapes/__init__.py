"""What the API answers: one model for each thing it shows.

Names carry units, instants are ISO 8601 in UTC and end in `_at`, and what does not apply yet is null.
"""

from __future__ import annotations

from fleet.api.shapes.assists import AssistOut, AssistsOut
from fleet.api.shapes.base import Shape
from fleet.api.shapes.health import CheckOut, HealthOut, ReadyOut
from fleet.api.shapes.places import (
    ClosureOut,
    ClosuresOut,
    PointOut,
    PointsOut,
    SlowRoadOut,
    SlowRoadsOut,
    StationOut,
    StationsOut,
)
from fleet.api.shapes.runs import DryRunAnswer, RunDetail, RunOut, RunPage, RunsAnswer, UnassignedOut
from fleet.api.shapes.status import (
    AssistCounts,
    Figures,
    JournalStatus,
    LinkStatus,
    ParcelCounts,
    Percentiles,
    PlanCounts,
    RunCounts,
    StatusOut,
)
from fleet.api.shapes.trips import CostOut, PlanOut, StopOut, TripOut, TripPage
from fleet.api.shapes.vehicles import (
    BlockedOut,
    HeardOut,
    OrderOut,
    OwnWayOut,
    PositionOut,
    ProfileOut,
    VehicleDetail,
    VehicleOut,
    VehiclesOut,
)
from fleet.api.shapes.why import HistoryOut, ReasonOut, WhyOut
