"""What a vehicle complains of, in the words of each version.

2.x leaves the words open, and four of them are in use; 3.0 names them, with a level for each.
"""

from __future__ import annotations

from dataclasses import dataclass

from fleet.wire.messages import ErrorLevel, ErrorReference, VehicleError

WARNING = ErrorLevel.WARNING


@dataclass(frozen=True, slots=True)
class Complaint:
    """One kind of complaint: its word in 2.x, its word and level in 3.0, and whether it is about an order.

    What is about an order is over once the vehicle takes the next order or update. In 2.x all levels are WARNING, but
    for what is FATAL.
    """

    two: str
    three: str
    level: ErrorLevel = WARNING
    is_about_order: bool = True

    def word(self, major: int) -> str:
        return self.three if major >= 3 else self.two

    def level_in(self, major: int) -> ErrorLevel:
        return self.level if major >= 3 or self.level is ErrorLevel.FATAL else WARNING


def major_of(version: str) -> int:
    """The major of a version text, 0 where it has none."""
    digits = version.partition(".")[0]
    return int(digits) if digits.isdecimal() else 0


def error_of(
    complaint: Complaint, major: int, description: str | None = None, references: tuple[ErrorReference, ...] = ()
) -> VehicleError:
    """The complaint as a state shows it in that version."""
    return VehicleError(
        error_type=complaint.word(major),
        level=complaint.level_in(major),
        description=description,
        references=references,
    )


MALFORMED = Complaint("validationError", "VALIDATION_FAILURE")
NO_SUCH_ROAD = Complaint("noRouteError", "NO_ROUTE_TO_TARGET")
OUT_OF_REACH = Complaint("orderError", "START_NODE_OUT_OF_RANGE")
NO_SUCH_MAP = Complaint("orderError", "UNKNOWN_MAP_ID")
OTHER_ORDER = Complaint("orderError", "OTHER_ORDER_ACTIVE")
NOT_AVAILABLE = Complaint("orderError", "MOBILE_ROBOT_NOT_AVAILABLE")
NO_SUCH_ACTION = Complaint("orderError", "INVALID_ORDER_ACTION")
NO_SUCH_FIELD = Complaint("orderError", "UNSUPPORTED_PARAMETER", ErrorLevel.CRITICAL)
TOO_LONG = Complaint("orderError", "INSUFFICIENT_MEMORY", ErrorLevel.URGENT)
OLD_UPDATE = Complaint("orderUpdateError", "OUTDATED_ORDER_UPDATE")
OTHER_CONTENT = Complaint("orderUpdateError", "SAME_ORDER_UPDATE_ID")
CANCELLED = Complaint("orderUpdateError", "ORDER_UPDATE_FOLLOWING_CANCEL")
NOT_STITCHED = Complaint("orderUpdateError", "VALIDATION_FAILURE")
NOT_NOW = Complaint("orderUpdateError", "MOBILE_ROBOT_NOT_AVAILABLE")
ACTION_FAILED = Complaint("orderActionError", "ORDER_ACTION_FAILED")
NOTHING_TO_CANCEL = Complaint("noOrderToCancel", "NO_ORDER_TO_CANCEL", is_about_order=False)
INSTANT_FAILED = Complaint("instantActionError", "INVALID_INSTANT_ACTION", is_about_order=False)
BLOCKED = Complaint("blocked", "BLOCKED", is_about_order=False)
EMPTY = Complaint("batteryEmpty", "BATTERY_EMPTY", ErrorLevel.FATAL, is_about_order=False)
