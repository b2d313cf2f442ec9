"""How a vehicle says why it does not take what it was sent.

Version 2 leaves the words open (checklist 7.4); version 3 names those for the commonest reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Reason(StrEnum):
    """Why something is refused."""

    SHAPE = "shape"
    TOO_LONG = "too long"
    ACTION = "action"
    OUTDATED = "outdated"
    STITCH = "stitch"
    OTHER_ORDER = "other order"
    OUT_OF_REACH = "out of reach"
    NO_WAY = "no way"
    MAP = "map"
    MODE = "mode"
    NO_ORDER = "no order"
    CANCELLED = "cancelled"


_NAMED: Mapping[Reason, frozenset[str]] = MappingProxyType(
    {
        Reason.SHAPE: frozenset({"VALIDATION_FAILURE", "UNSUPPORTED_PARAMETER", "OUTDATED_ORDER_UPDATE"}),
        Reason.TOO_LONG: frozenset({"VALIDATION_FAILURE", "UNSUPPORTED_PARAMETER", "INSUFFICIENT_MEMORY"}),
        Reason.ACTION: frozenset({"INVALID_ORDER_ACTION", "UNSUPPORTED_PARAMETER", "VALIDATION_FAILURE"}),
        Reason.OUTDATED: frozenset({"OUTDATED_ORDER_UPDATE", "SAME_ORDER_UPDATE_ID"}),
        Reason.OTHER_ORDER: frozenset({"OTHER_ORDER_ACTIVE"}),
        Reason.OUT_OF_REACH: frozenset({"START_NODE_OUT_OF_RANGE", "NODE_UNREACHABLE", "NO_ROUTE_TO_TARGET"}),
        Reason.NO_WAY: frozenset(
            {"NO_ROUTE_TO_TARGET", "NODE_UNREACHABLE", "UNSUPPORTED_PARAMETER", "VALIDATION_FAILURE"}
        ),
        Reason.MAP: frozenset({"UNKNOWN_MAP_ID"}),
        Reason.MODE: frozenset({"MOBILE_ROBOT_NOT_AVAILABLE"}),
        Reason.NO_ORDER: frozenset({"NO_ORDER_TO_CANCEL"}),
        Reason.CANCELLED: frozenset({"ORDER_UPDATE_FOLLOWING_CANCEL"}),
    }
)


def refusal_words(version: str, reason: Reason) -> frozenset[str] | None:
    """The error types that a version has for this; None where any text may stand."""
    return _NAMED.get(reason) if version.partition(".")[0] == "3" else None
