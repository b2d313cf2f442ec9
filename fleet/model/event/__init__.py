"""One dataclass for each thing that can happen.

Events are the journal's content: once written they are never changed. A new meaning gets a new type version and an
upcaster, never an edit. They hold plain values only, so that the journal can be read without the program's state.

Each is listed here once, under the noun it is about; the journal knows the events of this package by their names.
"""

from __future__ import annotations

from fleet.model.event.base import Event
from fleet.model.event.custody import ParcelsDelivered, ParcelsLoaded, ParcelsReturned, ParcelsSettled, ParcelsUnsure
from fleet.model.event.orders import (
    ActionMoved,
    BaseRequested,
    EndedActionSeen,
    InstantIssued,
    InstantMoved,
    NodePassed,
    OrderCancelling,
    OrderEnded,
    OrderExtended,
    OrderIdPassed,
    OrderIssued,
    OrderPaced,
    OrderRerouted,
    OrderSeen,
    UpdateRefused,
)
from fleet.model.event.people import (
    AssistRaised,
    AssistResolved,
    ItemQuarantined,
    QuarantineEnded,
    RoadClosed,
    RoadReopened,
    RoadSlowed,
    RoadUnslowed,
)
from fleet.model.event.runs import (
    AreaOpened,
    ClockTurnedBack,
    RunCancelled,
    RunRecalled,
    RunReleased,
    RunsAccepted,
    RunsArchived,
)
from fleet.model.event.trips import Freed, PlanAdopted, PlanRefused, Reserved, StopDone, TripMoved, TripStarted
from fleet.model.event.vehicles import (
    AnswerTaken,
    BeyondBaseChanged,
    BlockedChanged,
    ChargeChanged,
    ChargingFailed,
    ComplaintsChanged,
    ConditionChanged,
    ConnectionChanged,
    LeaveEnded,
    LivenessChanged,
    MapChanged,
    NamesKept,
    ProfileLearned,
    RefusalTaken,
    RequestAnswered,
    RoadShut,
    StrangeOrderShown,
    VehicleEnrolled,
    VehicleHeld,
    VehiclePlaced,
    VehicleReleased,
    WorkLeftChanged,
    ZonesShown,
    ZonesTidied,
    ZonesTold,
)
