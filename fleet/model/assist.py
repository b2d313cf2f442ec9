"""Assists: what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fleet.model.ids import AssistId


class AssistCause(StrEnum):
    """Why a person is needed, worst first."""

    PARCELS_UNSURE = "parcels_unsure"
    ORDER_VANISHED = "order_vanished"
    FOREIGN_ORDER = "foreign_order"
    OTHER_CONTROLLER = "other_controller"
    BEYOND_BASE = "beyond_base"
    VEHICLE_LOST = "vehicle_lost"
    VEHICLE_OFFLINE = "vehicle_offline"
    VEHICLE_REMOVED = "vehicle_removed"
    VEHICLE_FAULT = "vehicle_fault"
    VEHICLE_NOT_AUTOMATIC = "vehicle_not_automatic"
    VERSION_UNKNOWN = "version_unknown"
    VEHICLE_TOO_LARGE = "vehicle_too_large"
    ROAD_CLOSED = "road_closed"
    LOW_BATTERY = "low_battery"
    RELEASE_REFUSED = "release_refused"
    ORDER_REJECTED = "order_rejected"
    ORDER_UNCONFIRMED = "order_unconfirmed"
    VEHICLE_LIMITS = "vehicle_limits"
    MAP_MISSING = "map_missing"
    NO_ROUTE = "no_route"
    BLOCKED = "blocked"
    NO_STAFF = "no_staff"
    DROP_FAILED = "drop_failed"
    PICK_FAILED = "pick_failed"
    CHARGER_FAULT = "charger_fault"
    RUN_UNSERVED = "run_unserved"
    QUARANTINED = "quarantined"
    VEHICLE_LOUD = "vehicle_loud"
    PROFILE_CONTRADICTS = "profile_contradicts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assist:
    """Something that waits for a person.

    Attributes:
        subject: the vehicle, run, station or area it is about, as "vehicle:van-3".
        deadline_s: trade time by which somebody should have answered.
    """

    id: AssistId
    cause: AssistCause
    subject: str
    detail: str
    raised_s: float
    deadline_s: float
    owner: str = ""
    resolved_s: float | None = None
    resolution: str = ""
