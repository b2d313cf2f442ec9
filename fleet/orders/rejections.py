"""What we do when a vehicle refuses something, as a table: section 7 of our protocol checklist.

The types of errors are open text in 2.x: known ones are told apart whatever their spelling, others count by their level
only. `orderError` says little in 2.x; what it means is read from the state that it comes with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fleet.model.order import Order
from fleet.model.refusal import Reaction
from fleet.telemetry.intake import has_order_left, kind_of
from fleet.wire.messages import OperatingMode, VehicleError, VehicleState

FAR_FROM_START_M = 5.0
TOTAL_MAX = 6
"""After so many refusals in a row, of whatever kinds, a person is called."""
UPDATES_TOTAL_MAX = 4
"""After so many refused updates, of two orders then, a person is called."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How a refusal is met.

    Attributes:
        tries: how often in a row it is met like this before the vehicle is held and a person called.
        wait_s: nothing new is told for so long.
    """

    reaction: Reaction
    tries: int
    wait_s: float = 0.0


_R = Reaction
OUR_BUG = Patience(_R.OUR_BUG, 0)
SIMPLIFY = Patience(_R.SIMPLIFY, 1)
RESYNCHRONISE = Patience(_R.RESYNCHRONISE, 2)
STITCH_AGAIN = Patience(_R.STITCH_AGAIN, 2)
SHUT_ROAD = Patience(_R.SHUT_ROAD, 3)
START_WHERE_IT_STANDS = Patience(_R.START_WHERE_IT_STANDS, 1)
WAIT_UNTIL_IDLE = Patience(_R.WAIT_UNTIL_IDLE, 5, 10.0)
WAIT_FOR_MODE = Patience(_R.WAIT_FOR_MODE, 5, 30.0)
ENABLE_MAP = Patience(_R.ENABLE_MAP, 2, 20.0)
SHORTEN = Patience(_R.SHORTEN, 4)
BEGIN_ANEW = Patience(_R.BEGIN_ANEW, 2)
CANCEL_IS_DONE = Patience(_R.CANCEL_IS_DONE, 0)
ASK_A_PERSON = Patience(_R.ASK_A_PERSON, 0)

REACTIONS: Mapping[str, Patience] = MappingProxyType(
    {
        # 2.x, and what vehicles of 2.x are known to say instead
        "validationError": OUR_BUG,
        "orderUpdateError": STITCH_AGAIN,
        "noRouteError": SHUT_ROAD,
        "orderActionError": SIMPLIFY,
        "noOrderToCancel": CANCEL_IS_DONE,
        # 3.0
        "VALIDATION_FAILURE": OUR_BUG,
        "UNSUPPORTED_PARAMETER": SIMPLIFY,
        "INVALID_ORDER_ACTION": SIMPLIFY,
        "OUTDATED_ORDER_UPDATE": RESYNCHRONISE,
        "SAME_ORDER_UPDATE_ID": RESYNCHRONISE,
        "NO_ROUTE_TO_TARGET": SHUT_ROAD,
        "NODE_UNREACHABLE": SHUT_ROAD,
        "START_NODE_OUT_OF_RANGE": START_WHERE_IT_STANDS,
        "OTHER_ORDER_ACTIVE": WAIT_UNTIL_IDLE,
        "MOBILE_ROBOT_NOT_AVAILABLE": WAIT_FOR_MODE,
        "UNKNOWN_MAP_ID": ENABLE_MAP,
        "INSUFFICIENT_MEMORY": SHORTEN,
        "NO_ORDER_TO_CANCEL": CANCEL_IS_DONE,
        "ORDER_UPDATE_FOLLOWING_CANCEL": BEGIN_ANEW,
    }
)
"""Every type but `orderError`, which `_of_order_error` reads."""
_BY_KIND = {kind_of(name): row for name, row in REACTIONS.items()}


def patience_with(error: VehicleError, order: Order, state: VehicleState) -> Patience:
    """How this refusal of this order is met."""
    kind = kind_of(error.error_type)
    if kind == "ordererror":
        return _of_order_error(order, state)
    if kind == "orderupdateerror" and state.order_update_id > order.update_id:
        return RESYNCHRONISE
    return _BY_KIND.get(kind, ASK_A_PERSON)


def _of_order_error(order: Order, state: VehicleState) -> Patience:
    """2.x has one word for much; the state that shows it says what is meant."""
    if state.order_id != order.id and has_order_left(state):
        return WAIT_UNTIL_IDLE
    if state.mode not in (OperatingMode.AUTOMATIC, OperatingMode.SEMIAUTOMATIC) or state.power.is_charging:
        return WAIT_FOR_MODE
    at = state.position
    if at is not None and at.is_localized:
        away_m = math.hypot(at.x_m - order.start.x_m, at.y_m - order.start.y_m)
        if away_m > FAR_FROM_START_M:
            return START_WHERE_IT_STANDS
    return SIMPLIFY


# What may be left out -------------------------------------------------------------------------------------------------

HORIZON = "horizon"
TRAJECTORY, CORRIDOR, LENGTH, DEVIATION, PARAMETERS = "trajectory", "corridor", "length", "deviation", "parameters"
DROPPABLE = (TRAJECTORY, CORRIDOR, LENGTH, DEVIATION, PARAMETERS)
"""Optional parts of an order that carry no safety: the speed limit is none of them."""
_SPELLINGS = (
    ("trajectory", TRAJECTORY),
    ("corridor", CORRIDOR),
    ("length", LENGTH),
    ("alloweddeviation", DEVIATION),
    ("actionparameter", PARAMETERS),
)


def to_leave_out(error: VehicleError, avoided: tuple[str, ...], required: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What the vehicle need not be told any more: what it names, or everything where it names nothing.

    Args:
        error: its refusal.
        avoided: what is left out already.
        required: optional parts that its factsheet asks for; without them it would take no order at all.
    """
    needed = {part for spelling, part in _SPELLINGS for name in required if spelling in kind_of(name)}
    words = [error.description or "", *(text for ref in error.references for text in (ref.key, ref.value))]
    said = kind_of(" ".join(words))
    named = [part for spelling, part in _SPELLINGS if spelling in said]
    return tuple(part for part in named or DROPPABLE if part not in needed.union(avoided))
