"""What a vehicle and we say, in our words.

The vocabulary keeps the distinctions of VDA 5050 3.0.0 (four error levels, INTERVENED, separate instant
actions); one codec per version maps it onto the bytes. Nothing here knows a version, except the header that
carries its text.
Instants are seconds since 1970 UTC, angles radians, lengths metres.
"""

from __future__ import annotations

from enum import StrEnum
from typing import dataclass_transform

import msgspec


class ConnectionState(StrEnum):
    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"
    CONNECTION_BROKEN = "CONNECTION_BROKEN"
    HIBERNATING = "HIBERNATING"


class OperatingMode(StrEnum):
    AUTOMATIC = "AUTOMATIC"
    SEMIAUTOMATIC = "SEMIAUTOMATIC"
    INTERVENED = "INTERVENED"
    MANUAL = "MANUAL"
    SERVICE = "SERVICE"
    TEACH_IN = "TEACH_IN"
    STARTUP = "STARTUP"
    UNKNOWN = "UNKNOWN"  # a value we do not know: not available


class ActionStatus(StrEnum):
    WAITING = "WAITING"
    INITIALIZING = "INITIALIZING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    RETRIABLE = "RETRIABLE"
    FINISHED = "FINISHED"
    FAILED = "FAILED"


TERMINAL_STATUSES = frozenset({ActionStatus.FINISHED, ActionStatus.FAILED})


class BlockingType(StrEnum):
    NONE = "NONE"
    SINGLE = "SINGLE"
    SOFT = "SOFT"
    HARD = "HARD"


class ErrorLevel(StrEnum):
    WARNING = "WARNING"
    URGENT = "URGENT"
    CRITICAL = "CRITICAL"
    FATAL = "FATAL"


class EmergencyStop(StrEnum):
    NONE = "NONE"
    AUTOACK = "AUTOACK"
    MANUAL = "MANUAL"
    REMOTE = "REMOTE"


# Every message --------------------------------------------------------------------------------------------------------


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Value(msgspec.Struct, frozen=True, kw_only=True, gc=False):  # no cycles: nothing for it to collect
    """Base of all messages and their parts."""


class Header(Value):
    """Stands before every message; `sent_s` is the sender's clock."""

    header_id: int
    sent_s: float
    version: str
    manufacturer: str
    serial_number: str


# What a vehicle is told -----------------------------------------------------------------------------------------------


class NodePosition(Value):
    """`deviation_m` is the radius of a circle: 3.0 allows an ellipse, of which the smaller half axis is read."""

    x_m: float
    y_m: float
    map_id: str
    theta_rad: float | None = None
    deviation_m: float | None = None
    deviation_rad: float | None = None


class ControlPoint(Value):
    x_m: float
    y_m: float
    weight: float | None = None


class Trajectory(Value):
    """A NURBS curve; of degree 1 it is the polyline through its points. 3.0 may leave degree and knots out."""

    points: tuple[ControlPoint, ...]
    degree: int = 1
    knots: tuple[float, ...] = ()


class Corridor(Value):
    """Room left and right of an edge, seen in driving direction, for the vehicle's outline or for its centre.

    Where it `needs_leave`, the vehicle asks before it uses the room; when it loses the leave it stops, or goes back to
    its line where it `returns_on_loss`. Only 3.0 has words for that.
    """

    left_m: float
    right_m: float
    is_for_contour: bool = True
    needs_leave: bool = False
    returns_on_loss: bool = False


class ActionParameter(Value):
    key: str
    value: str | float | int | bool


class Action(Value):
    """`is_retriable` asks of 3.0 to wait for a decision where the action fails."""

    action_id: str
    action_type: str
    blocking_type: BlockingType
    parameters: tuple[ActionParameter, ...] = ()
    is_retriable: bool | None = None


class OrderNode(Value):
    node_id: str
    sequence_id: int
    released: bool
    position: NodePosition | None = None
    actions: tuple[Action, ...] = ()


class OrderEdge(Value):
    edge_id: str
    sequence_id: int
    released: bool
    start_node_id: str
    end_node_id: str
    length_m: float | None = None
    speed_mps_max: float | None = None
    trajectory: Trajectory | None = None
    corridor: Corridor | None = None
    actions: tuple[Action, ...] = ()


class Order(Value):
    """What one vehicle is told, without header: it is stored like this and gets its header at sending."""

    order_id: str
    order_update_id: int
    nodes: tuple[OrderNode, ...]
    edges: tuple[OrderEdge, ...]


class InstantActions(Value):
    """To be done at once, without header."""

    actions: tuple[Action, ...]


class ZoneType(StrEnum):
    """What a zone asks of vehicles inside it; the two of 3.0's ten that a master on public roads sets."""

    BLOCKED = "BLOCKED"
    SPEED_LIMIT = "SPEED_LIMIT"


class Zone(Value):
    """An area of the map, its outline in order; `speed_mps_max` is given for a speed limit."""

    zone_id: str
    zone_type: ZoneType
    outline: tuple[tuple[float, float], ...]
    speed_mps_max: float | None = None


class ZoneSet(Value):
    """All zones of a map at once, without header."""

    map_id: str
    zone_set_id: str
    zones: tuple[Zone, ...]


class Grant(StrEnum):
    GRANTED = "GRANTED"
    QUEUED = "QUEUED"
    REVOKED = "REVOKED"
    REJECTED = "REJECTED"


class Response(Value):
    """The answer to one request of a vehicle; a grant lasts until `lease_until_s`."""

    request_id: str
    grant: Grant
    lease_until_s: float | None = None


class Responses(Value):
    """Answers to what a vehicle asks for in its state, without header."""

    responses: tuple[Response, ...]


# What a vehicle says of itself ----------------------------------------------------------------------------------------


class Connection(Value):
    header: Header
    state: ConnectionState


class NodeState(Value):
    node_id: str
    sequence_id: int
    released: bool


class EdgeState(Value):
    edge_id: str
    sequence_id: int
    released: bool


class ActionState(Value):
    action_id: str
    status: ActionStatus
    action_type: str | None = None
    result: str | None = None


class Position(Value):
    x_m: float
    y_m: float
    theta_rad: float
    map_id: str
    is_localized: bool


class Load(Value):
    load_id: str | None = None
    load_type: str | None = None
    position: str | None = None
    weight_kg: float | None = None


class Power(Value):
    """`soc_fraction` is None where the vehicle tells a charge that is none: below nothing or far beyond full."""

    soc_fraction: float | None
    is_charging: bool
    reach_m: float | None = None


class ErrorReference(Value):
    key: str
    value: str


class VehicleError(Value):
    error_type: str
    level: ErrorLevel
    description: str | None = None
    references: tuple[ErrorReference, ...] = ()


class Safety(Value):
    emergency_stop: EmergencyStop
    field_violation: bool


class MapState(Value):
    """A map the vehicle holds; orders may name it only while it is enabled."""

    map_id: str
    map_version: str
    is_enabled: bool


class Information(Value):
    """For people and logs; nothing may depend on it."""

    info_type: str
    is_debug: bool = False
    description: str | None = None
    references: tuple[ErrorReference, ...] = ()


class Waypoint(Value):
    """A place that a vehicle expects to pass, and when."""

    x_m: float
    y_m: float
    eta_s: float
    theta_rad: float | None = None


class PlannedPath(Value):
    """The way a vehicle means to take, with the nodes on it as far as it names them."""

    trajectory: Trajectory
    node_ids: tuple[str, ...] = ()


class ZoneSetState(Value):
    """A zone set the vehicle holds."""

    zone_set_id: str
    map_id: str
    is_enabled: bool


class RequestStatus(StrEnum):
    REQUESTED = "REQUESTED"
    GRANTED = "GRANTED"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


class VehicleRequest(Value):
    """What a vehicle asks leave for: `request_type` is ACCESS or REPLANNING of a zone, or the CORRIDOR of an edge.

    `subject` is the zone's id or the edge's; a zone stands in a zone set, an edge at a place in the order.
    """

    request_id: str
    request_type: str
    subject: str
    status: RequestStatus
    zone_set_id: str = ""
    sequence_id: int = 0


class VehicleState(Value, kw_only=True):
    """All a vehicle says of itself; the truth about its order, its actions, its battery and its mode."""

    header: Header
    order_id: str
    order_update_id: int
    last_node_id: str
    last_node_sequence_id: int
    node_states: tuple[NodeState, ...]
    edge_states: tuple[EdgeState, ...]
    action_states: tuple[ActionState, ...]
    instant_action_states: tuple[ActionState, ...] = ()
    driving: bool
    paused: bool = False
    new_base_request: bool = False
    distance_since_last_node_m: float | None = None
    position: Position | None = None
    speed_mps: float | None = None
    loads: tuple[Load, ...] | None = None
    power: Power
    mode: OperatingMode
    errors: tuple[VehicleError, ...]
    safety: Safety
    maps: tuple[MapState, ...] | None = None  # None: the vehicle does not say
    zone_sets: tuple[ZoneSetState, ...] | None = None
    planned_path: PlannedPath | None = None
    waypoints: tuple[Waypoint, ...] = ()
    requests: tuple[VehicleRequest, ...] = ()
    information: tuple[Information, ...] = ()


class Visualization(Value):
    """Where a vehicle is, for display only; `state_header_id` names the state it goes with, in 3.0."""

    header: Header
    position: Position | None
    speed_mps: float | None
    state_header_id: int | None = None
    planned_path: PlannedPath | None = None
    waypoints: tuple[Waypoint, ...] = ()


# What a vehicle can do ------------------------------------------------------------------------------------------------


class ProtocolLimits(Value):
    """Zero or absent means no limit."""

    message_bytes_max: int = 0
    id_chars_max: int = 0
    ids_are_numbers: bool = False
    order_nodes_max: int = 0
    order_edges_max: int = 0
    node_actions_max: int = 0
    edge_actions_max: int = 0
    action_parameters_max: int = 0
    instant_actions_max: int = 0
    control_points_max: int = 0
    knots_max: int = 0
    zones_max: int = 0
    order_interval_s_min: float = 0.0
    state_interval_s_default: float | None = None


class OptionalParameter(Value):
    """An optional parameter of messages that a vehicle takes, by its path, such as `order.edges.trajectory`."""

    name: str
    is_required: bool = False


class OfferedAction(Value):
    """An action that a vehicle can do; scopes and blocking types are empty where it does not say."""

    action_type: str
    scopes: tuple[str, ...] = ()
    blocking_types: tuple[str, ...] = ()
    required_keys: tuple[str, ...] = ()


class Factsheet(Value, kw_only=True):
    """What a vehicle can do, as far as we use it; None or empty where it does not say."""

    header: Header
    series_name: str
    load_kg_max: float | None
    speed_mps_max: float | None
    accel_mps2_max: float | None
    decel_mps2_max: float | None
    length_m: float | None
    width_m: float | None
    height_m: float | None = None
    limits: ProtocolLimits
    actions: tuple[OfferedAction, ...] = ()
    optional_parameters: tuple[OptionalParameter, ...] = ()
    zone_types: tuple[str, ...] = ()


Inbound = Connection | VehicleState | Visualization | Factsheet
Outbound = Order | InstantActions | ZoneSet | Responses
