"""A vehicle's message becomes events about the vehicle itself; what concerns its order is `orders.follow`.

Only changes become events: a fleet that stands still writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from fleet.model import event as ev
from fleet.model.ids import VehicleId
from fleet.model.twin import Liveness, Twin
from fleet.wire.messages import (
    TERMINAL_STATUSES,
    Connection,
    EmergencyStop,
    ErrorLevel,
    VehicleError,
    VehicleState,
)

SOC_STEP = 0.01
SOC_LEAP = 0.05
"""More than braking downhill gives back."""


def kind_of(error_type: str) -> str:
    """An error type as it is compared: makes write `noRouteError` or `NO_ROUTE_ERROR` for one thing."""
    return "".join(letter for letter in error_type.lower() if letter.isalnum())


REJECTIONS = frozenset(
    map(
        kind_of,
        (
            "validationError",
            "orderError",
            "orderUpdateError",
            "orderActionError",
            "noRouteError",
            "VALIDATION_FAILURE",
            "UNSUPPORTED_PARAMETER",
            "INVALID_ORDER_ACTION",
            "OUTDATED_ORDER_UPDATE",
            "SAME_ORDER_UPDATE_ID",
            "NO_ROUTE_TO_TARGET",
            "NODE_UNREACHABLE",
            "START_NODE_OUT_OF_RANGE",
            "OTHER_ORDER_ACTIVE",
            "MOBILE_ROBOT_NOT_AVAILABLE",
            "UNKNOWN_MAP_ID",
            "INSUFFICIENT_MEMORY",
            "ORDER_UPDATE_FOLLOWING_CANCEL",
        ),
    )
)
"""Error types by which a vehicle refuses an order or an update, in the words of 2.x and 3.0, as `kind_of` has them."""
ABOUT_NUMBERS = frozenset(map(kind_of, ("OUTDATED_ORDER_UPDATE", "SAME_ORDER_UPDATE_ID")))
"""Refusals that a mere copy of an earlier update may earn: they are ours only where they say so."""
BLOCKED_TYPES = frozenset({"blocked", "pathBlocked", "obstacle", "BLOCKED"})
NAME_CHARS_MAX, TYPES_MAX = 200, 16
UNNAMED = "unnamed"
"""A blocked edge that the vehicle gives no reference for."""


def in_short(name: str) -> str:
    """A name as far as people read it: a journal keeps for good what a vehicle may make up ten times a second."""
    return name if len(name) <= NAME_CHARS_MAX else f"{name[:NAME_CHARS_MAX]}…"


def connection_events(twin: Twin, message: Connection) -> Iterator[ev.Event]:
    """What a message on the connection topic tells; it says something about the link, never about fitness."""
    if message.state.value != twin.connection:
        yield ev.ConnectionChanged(vehicle_id=twin.vehicle.id, connection=message.state.value)


def state_events(twin: Twin, state: VehicleState) -> Iterator[ev.Event]:
    """What a state tells about the vehicle itself, as far as it differs from what we believe."""
    vehicle_id = twin.vehicle.id
    if twin.liveness is not Liveness.FRESH:
        yield ev.LivenessChanged(vehicle_id=vehicle_id, liveness=Liveness.FRESH)
    if twin.connection == "CONNECTION_BROKEN":  # some clients never repeat ONLINE after a reconnect
        yield ev.ConnectionChanged(vehicle_id=vehicle_id, connection="ONLINE", by_state=True)
    yield from _condition(twin, state)
    yield from _complaints(twin, state)
    yield from _charge(twin, state)
    yield from _blocked(twin, state)


def has_order_left(state: VehicleState, besides: AbstractSet[str] = frozenset()) -> bool:
    """Not idle in the sense of section 6.8 of our checklist: something of its order is still to be done.

    Some vehicles keep the node they have reached in the list, hence the comparison of sequence ids.

    Args:
        besides: actions that do not count, being no part of an order.
    """
    nodes = any(node.sequence_id > state.last_node_sequence_id for node in state.node_states)
    actions = (action for action in state.action_states if action.action_id not in besides)
    return nodes or bool(state.edge_states) or any(action.status not in TERMINAL_STATUSES for action in actions)


def _condition(twin: Twin, state: VehicleState) -> Iterator[ev.Event]:
    fatal = _types(state, ErrorLevel.FATAL)
    critical = _types(state, ErrorLevel.CRITICAL)
    stopped = state.safety.emergency_stop is not EmergencyStop.NONE or state.safety.field_violation
    is_localized = state.position is None or state.position.is_localized
    told = (state.mode.value, stopped, state.paused, fatal, critical, is_localized)
    if told != (twin.mode, twin.is_stopped, twin.is_paused, twin.fatal, twin.critical, twin.is_localized):
        yield ev.ConditionChanged(
            vehicle_id=twin.vehicle.id,
            mode=state.mode.value,
            is_stopped=stopped,
            is_paused=state.paused,
            fatal=fatal,
            critical=critical,
            is_localized=is_localized,
        )


def _types(state: VehicleState, level: ErrorLevel) -> tuple[str, ...]:
    return tuple(sorted({in_short(error.error_type) for error in state.errors if error.level is level}))[:TYPES_MAX]


def _complaints(twin: Twin, state: VehicleState) -> Iterator[ev.Event]:
    complaints = tuple(sorted({complaint_of(error) for error in state.errors} - {""}))
    if complaints != twin.complaints:
        yield ev.ComplaintsChanged(vehicle_id=twin.vehicle.id, complaints=complaints)


def complaint_of(error: VehicleError) -> str:
    """A refusal that does not say which order and update it is about, by what it does say; else empty.

    Errors stay until the next accepted order or update, so such a one may be about what came before.
    """
    references = {reference.key: reference.value for reference in error.references}
    if kind_of(error.error_type) not in REJECTIONS or {"orderId", "orderUpdateId"} <= references.keys():
        return ""
    return in_short(f"{error.error_type} {references.get('orderId', '')}".strip())


def _charge(twin: Twin, state: VehicleState) -> Iterator[ev.Event]:
    told = state.power.soc_fraction
    if told is None or _is_too_good(twin, state, told):
        told = twin.soc_fraction
    soc_fraction = round(told / SOC_STEP) * SOC_STEP
    moved = abs(told - twin.soc_fraction) >= SOC_STEP
    if moved or state.power.is_charging != twin.is_charging:
        yield ev.ChargeChanged(
            vehicle_id=twin.vehicle.id,
            soc_fraction=round(soc_fraction, 2),
            is_charging=state.power.is_charging,
        )


def _is_too_good(twin: Twin, state: VehicleState, told: float) -> bool:
    """Charge from nowhere, under an order. At rest people may have exchanged the battery, or a charger filled it."""
    has_a_source = twin.order_id is None or twin.is_charging or state.power.is_charging
    return told > twin.soc_fraction + SOC_LEAP and not has_a_source


def _blocked(twin: Twin, state: VehicleState) -> Iterator[ev.Event]:
    edge_id = next((_edge_of(error) for error in state.errors if error.error_type in BLOCKED_TYPES), "")
    believed = twin.blocked.edge_id if twin.blocked else ""
    if edge_id != believed and not (edge_id == UNNAMED and believed):
        yield ev.BlockedChanged(vehicle_id=twin.vehicle.id, edge_id=edge_id)


def _edge_of(error: VehicleError) -> str:
    return next((in_short(reference.value) for reference in error.references if reference.key == "edgeId"), UNNAMED)


def unheard_events(vehicle_id: VehicleId, level: Liveness) -> Iterator[ev.Event]:
    """A vehicle has been silent for long enough to say so."""
    yield ev.LivenessChanged(vehicle_id=vehicle_id, liveness=level)
