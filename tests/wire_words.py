"""Messages of every kind with all that may stand in them, and what is left of each when a version has told it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from hypothesis import strategies as st
from msgspec.structs import replace

from fleet.wire.messages import (
    Action,
    ActionParameter,
    ActionState,
    ActionStatus,
    BlockingType,
    Connection,
    ConnectionState,
    ControlPoint,
    Corridor,
    EdgeState,
    EmergencyStop,
    ErrorLevel,
    ErrorReference,
    Factsheet,
    Grant,
    Header,
    Inbound,
    Information,
    InstantActions,
    Load,
    MapState,
    NodePosition,
    NodeState,
    OfferedAction,
    OperatingMode,
    OptionalParameter,
    Order,
    OrderEdge,
    OrderNode,
    Outbound,
    PlannedPath,
    Position,
    Power,
    ProtocolLimits,
    RequestStatus,
    Response,
    Responses,
    Safety,
    Trajectory,
    VehicleError,
    VehicleRequest,
    VehicleState,
    Visualization,
    Waypoint,
    Zone,
    ZoneSet,
    ZoneSetState,
    ZoneType,
)
from fleet.wire.standard.ways import with_knots

Part = TypeVar("Part")

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)
numbers = st.floats(allow_nan=False, allow_infinity=False)
not_negative = st.floats(0.0, 1e9)
counts = st.integers(0, 2**32 - 1)
limits = st.integers(0, 2**31)
angles = st.floats(-3.14, 3.14)
instants = st.integers(0, 4_000_000_000_000).map(lambda ms: ms / 1000.0)
fractions = st.integers(0, 1000).map(lambda permille: permille / 1000.0)  # as finely as a percentage is told
flags = st.booleans()


def few(parts: st.SearchStrategy[Part], least: int = 0) -> st.SearchStrategy[tuple[Part, ...]]:
    return st.lists(parts, min_size=least, max_size=max(2, least)).map(tuple)


def maybe(parts: st.SearchStrategy[Part]) -> st.SearchStrategy[Part | None]:
    return st.none() | parts


def headers(version: str) -> st.SearchStrategy[Header]:
    return st.builds(
        Header,
        header_id=counts,
        sent_s=instants,
        version=st.just(version),
        manufacturer=st.just("acme"),
        serial_number=st.just("van-1"),
    )


# What is told ---------------------------------------------------------------------------------------------------------

actions = st.builds(
    Action,
    action_id=names,
    action_type=names,
    blocking_type=st.sampled_from(BlockingType),
    parameters=few(st.builds(ActionParameter, key=names, value=texts | numbers | st.integers(-(2**63), 2**63) | flags)),
    is_retriable=maybe(flags),
)
points = st.builds(ControlPoint, x_m=numbers, y_m=numbers, weight=maybe(not_negative))


@st.composite
def polylines(draw: st.DrawFn) -> Trajectory:
    """Through points of which no two that follow each other are one."""
    steps = draw(st.lists(st.integers(1, 9_000), min_size=1, max_size=4))
    at = [0, *(sum(steps[: i + 1]) for i in range(len(steps)))]
    return Trajectory(points=tuple(ControlPoint(x_m=step / 7.0, y_m=step / 3.0) for step in at))


curves = polylines() | st.builds(
    Trajectory,
    points=few(points, least=2),
    degree=st.integers(1, 3),
    knots=few(st.floats(0.0, 1.0), least=2),
)
corridors = st.builds(Corridor, left_m=not_negative, right_m=not_negative, is_for_contour=flags)
positions_of_nodes = st.builds(
    NodePosition,
    x_m=numbers,
    y_m=numbers,
    map_id=names,
    theta_rad=maybe(angles),
    deviation_m=maybe(not_negative),
    deviation_rad=maybe(st.floats(0.0, 3.14)),
)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """One whose parts fit together, so that no rule is broken."""
    count, update_id = draw(st.integers(1, 4)), draw(counts)
    first = 0 if update_id == 0 else 2 * draw(st.integers(0, 2**30))
    base = draw(st.integers(0, count - 1))
    ends = draw(st.lists(names, min_size=count, max_size=count))
    ids = iter(range(100))

    def single(drawn: tuple[Action, ...]) -> tuple[Action, ...]:
        return tuple(replace(action, action_id=f"{action.action_id}{next(ids)}") for action in drawn)

    nodes = tuple(
        OrderNode(
            node_id=ends[i],
            sequence_id=first + 2 * i,
            released=i <= base,
            position=draw(maybe(positions_of_nodes)),
            actions=single(draw(few(actions))),
        )
        for i in range(count)
    )
    edges = tuple(
        OrderEdge(
            edge_id=draw(names),
            sequence_id=first + 2 * i + 1,
            released=i < base,
            start_node_id=ends[i],
            end_node_id=ends[i + 1],
            length_m=draw(maybe(not_negative)),
            speed_mps_max=draw(maybe(not_negative)),
            trajectory=draw(maybe(curves)),
            corridor=draw(maybe(corridors)),
            actions=single(draw(few(actions))),
        )
        for i in range(count - 1)
    )
    return Order(order_id=draw(names), order_update_id=update_id, nodes=nodes, edges=edges)


instant_actions = st.builds(InstantActions, actions=few(actions))
outlines = st.lists(st.tuples(numbers, numbers), min_size=3, max_size=4).map(tuple)
zones = st.builds(Zone, zone_id=names, zone_type=st.just(ZoneType.BLOCKED), outline=outlines) | st.builds(
    Zone, zone_id=names, zone_type=st.just(ZoneType.SPEED_LIMIT), outline=outlines, speed_mps_max=not_negative
)
zone_sets = st.builds(ZoneSet, map_id=names, zone_set_id=names, zones=few(zones))
responses = st.builds(
    Responses,
    responses=few(st.builds(Response, request_id=names, grant=st.sampled_from(Grant), lease_until_s=maybe(instants))),
)
OUTBOUND: Mapping[str, st.SearchStrategy[Outbound]] = {
    "order": orders(),
    "instantActions": instant_actions,
    "zoneSet": zone_sets,
    "responses": responses,
}

# What is said ---------------------------------------------------------------------------------------------------------

places = st.builds(Position, x_m=numbers, y_m=numbers, theta_rad=angles, map_id=names, is_localized=flags)
references = few(st.builds(ErrorReference, key=texts, value=texts))
action_states = few(
    st.builds(
        ActionState,
        action_id=names,
        status=st.sampled_from(ActionStatus),
        action_type=maybe(texts),
        result=maybe(texts),
    )
)
planned_paths = st.builds(PlannedPath, trajectory=curves, node_ids=few(names))
waypoints = few(st.builds(Waypoint, x_m=numbers, y_m=numbers, eta_s=instants, theta_rad=maybe(angles)))
requests = few(
    st.builds(
        VehicleRequest,
        request_id=names,
        request_type=st.sampled_from(("ACCESS", "REPLANNING")),
        subject=names,
        status=st.sampled_from(RequestStatus),
        zone_set_id=names,
    )
    | st.builds(
        VehicleRequest,
        request_id=names,
        request_type=st.just("CORRIDOR"),
        subject=names,
        status=st.sampled_from(RequestStatus),
        sequence_id=counts,
    )
)


def states(version: str) -> st.SearchStrategy[VehicleState]:
    return st.builds(
        VehicleState,
        header=headers(version),
        order_id=texts,
        order_update_id=counts,
        last_node_id=texts,
        last_node_sequence_id=counts,
        node_states=few(st.builds(NodeState, node_id=names, sequence_id=counts, released=flags)),
        edge_states=few(st.builds(EdgeState, edge_id=names, sequence_id=counts, released=flags)),
        action_states=action_states,
        instant_action_states=action_states,
        driving=flags,
        paused=flags,
        new_base_request=flags,
        distance_since_last_node_m=maybe(not_negative),
        position=maybe(places),
        speed_mps=maybe(numbers),
        loads=maybe(
            few(
                st.builds(
                    Load,
                    load_id=maybe(texts),
                    load_type=maybe(texts),
                    position=maybe(texts),
                    weight_kg=maybe(not_negative),
                )
            )
        ),
        power=st.builds(Power, soc_fraction=fractions, is_charging=flags, reach_m=maybe(not_negative)),
        mode=st.sampled_from(OperatingMode),
        errors=few(
            st.builds(
                VehicleError,
                error_type=texts,
                level=st.sampled_from(ErrorLevel),
                description=maybe(texts),
                references=references,
            )
        ),
        safety=st.builds(Safety, emergency_stop=st.sampled_from(EmergencyStop), field_violation=flags),
        maps=maybe(few(st.builds(MapState, map_id=names, map_version=texts, is_enabled=flags))),
        zone_sets=maybe(few(st.builds(ZoneSetState, zone_set_id=names, map_id=names, is_enabled=flags))),
        planned_path=maybe(planned_paths),
        waypoints=waypoints,
        requests=requests,
        information=few(
            st.builds(Information, info_type=texts, is_debug=flags, description=maybe(texts), references=references)
        ),
    )


def connections(version: str) -> st.SearchStrategy[Connection]:
    return st.builds(Connection, header=headers(version), state=st.sampled_from(ConnectionState))


def visualizations(version: str) -> st.SearchStrategy[Visualization]:
    return st.builds(
        Visualization,
        header=headers(version),
        position=maybe(places),
        speed_mps=maybe(numbers),
        state_header_id=counts,
        planned_path=maybe(planned_paths),
        waypoints=waypoints,
    )


def factsheets(version: str) -> st.SearchStrategy[Factsheet]:
    return st.builds(
        Factsheet,
        header=headers(version),
        series_name=texts,
        load_kg_max=not_negative,
        speed_mps_max=not_negative,
        accel_mps2_max=not_negative,
        decel_mps2_max=not_negative,
        length_m=not_negative,
        width_m=not_negative,
        height_m=not_negative,
        limits=st.builds(
            ProtocolLimits,
            message_bytes_max=limits,
            id_chars_max=limits,
            ids_are_numbers=flags,
            order_nodes_max=limits,
            order_edges_max=limits,
            node_actions_max=limits,
            edge_actions_max=limits,
            action_parameters_max=limits,
            instant_actions_max=limits,
            control_points_max=limits,
            knots_max=limits,
            zones_max=limits,
            order_interval_s_min=not_negative,
            state_interval_s_default=maybe(not_negative),
        ),
        actions=few(
            st.builds(
                OfferedAction,
                action_type=names,
                scopes=few(st.sampled_from(("INSTANT", "NODE", "EDGE"))),
                blocking_types=few(st.sampled_from(("NONE", "SOFT", "HARD"))),
                required_keys=few(names),
            )
        ),
        optional_parameters=few(st.builds(OptionalParameter, name=names, is_required=flags)),
        zone_types=few(st.sampled_from(("BLOCKED", "SPEED_LIMIT"))),
    )


def inbound(version: str) -> Mapping[str, st.SearchStrategy[Inbound]]:
    return {
        "connection": connections(version),
        "state": states(version),
        "visualization": visualizations(version),
        "factsheet": factsheets(version),
    }


# What is left ---------------------------------------------------------------------------------------------------------

_MODE_2 = {
    OperatingMode.INTERVENED: OperatingMode.MANUAL,
    OperatingMode.STARTUP: OperatingMode.SERVICE,
    OperatingMode.UNKNOWN: OperatingMode.SERVICE,
}
_LEVEL_2 = {ErrorLevel.URGENT: ErrorLevel.WARNING, ErrorLevel.CRITICAL: ErrorLevel.FATAL}
_BLOCKING_2 = {BlockingType.SINGLE: BlockingType.HARD}


def as_told(version: str, message: Inbound | Outbound) -> Inbound | Outbound:
    """What a message says once it has gone through a version that lacks words for some of it."""
    if version.startswith("2."):
        return _in_2(message, is_2_0=version == "2.0.0")
    return _in_3(message) if version.startswith("3.") else message


def _in_2(message: Inbound | Outbound, *, is_2_0: bool) -> Inbound | Outbound:
    match message:
        case VehicleState():
            both = (*message.action_states, *message.instant_action_states)
            running = {ActionStatus.RETRIABLE: ActionStatus.RUNNING}
            return replace(
                message,
                action_states=tuple(replace(shown, status=running.get(shown.status, shown.status)) for shown in both),
                instant_action_states=(),
                mode=_MODE_2.get(message.mode, message.mode),
                errors=tuple(replace(error, level=_LEVEL_2.get(error.level, error.level)) for error in message.errors),
                maps=None if is_2_0 else message.maps,
                zone_sets=None,
                planned_path=None,
                waypoints=(),
                requests=(),
            )
        case Connection(state=ConnectionState.HIBERNATING):
            return replace(message, state=ConnectionState.OFFLINE)
        case Visualization():
            return replace(message, state_header_id=None, planned_path=None, waypoints=())
        case Factsheet():
            return replace(message, zone_types=(), limits=replace(message.limits, zones_max=0))
        case InstantActions():
            return replace(message, actions=_actions_2(message.actions))
        case Order():
            return replace(
                message,
                nodes=tuple(replace(node, actions=_actions_2(node.actions)) for node in message.nodes),
                edges=tuple(
                    replace(
                        edge,
                        actions=_actions_2(edge.actions),
                        trajectory=edge.trajectory and with_knots(edge.trajectory),
                        corridor=None if is_2_0 else edge.corridor,
                    )
                    for edge in message.edges
                ),
            )
        case _:
            return message


def _actions_2(told: tuple[Action, ...]) -> tuple[Action, ...]:
    return tuple(
        replace(action, is_retriable=None, blocking_type=_BLOCKING_2.get(action.blocking_type, action.blocking_type))
        for action in told
    )


def _in_3(message: Inbound | Outbound) -> Inbound | Outbound:
    match message:
        case VehicleState():
            stop = message.safety.emergency_stop
            return replace(
                message,
                mode=OperatingMode.SERVICE if message.mode is OperatingMode.UNKNOWN else message.mode,
                safety=replace(
                    message.safety,
                    emergency_stop=EmergencyStop.MANUAL if stop is EmergencyStop.AUTOACK else stop,
                ),
                requests=tuple(sorted(message.requests, key=lambda request: request.request_type == "CORRIDOR")),
            )
        case InstantActions():
            none = BlockingType.NONE
            plain = tuple(replace(action, blocking_type=none, is_retriable=None) for action in message.actions)
            return replace(message, actions=plain)
        case _:
            return message
