"""What a vehicle says of itself, read into our words and written from them, part by part.

Where versions use other words or names for the same, their table of words or their shape is handed in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from fleet.wire.messages import (
    Connection,
    ConnectionState,
    EdgeState,
    EmergencyStop,
    ErrorLevel,
    ErrorReference,
    Header,
    Information,
    Load,
    MapState,
    NodeState,
    Position,
    Power,
    Safety,
    VehicleError,
)
from fleet.wire.standard import shapes
from fleet.wire.standard.tail import raw_of
from fleet.wire.standard.words import LEVEL_UNKNOWN, STOP_READ, STOP_UNKNOWN

FULL_AT_MOST = 1.05
"""A gauge may show 101 %; one that shows 255 is out of order, and so is one below nothing."""
UNKNOWN_CHARGE = -1.0

_CONNECTION = msgspec.json.Decoder(shapes.ConnectionShape)
_PositionShape = TypeVar("_PositionShape", bound=shapes.PositionShape)
_PowerShape = TypeVar("_PowerShape", bound=shapes.PowerShape)
_SafetyShape = TypeVar("_SafetyShape", bound=shapes.SafetyShape)


def read_connection(header: Header, payload: bytes, words: Mapping[str, ConnectionState]) -> Connection:
    word = _CONNECTION.decode(payload).connection_state
    if word not in words:
        raise ValueError(f"connectionState {word!r} is unknown")
    return Connection(header=header, state=words[word])


def connection_shape(message: Connection, words: Mapping[ConnectionState, str]) -> shapes.ConnectionShape:
    return shapes.ConnectionShape(connection_state=words[message.state])


# Where it is on its order ---------------------------------------------------------------------------------------------


def read_nodes(nodes: Iterable[shapes.NodeStateShape]) -> tuple[NodeState, ...]:
    return tuple([NodeState(node_id=n.node_id, sequence_id=n.sequence_id, released=n.released) for n in nodes])


def node_shapes(nodes: Iterable[NodeState]) -> tuple[shapes.NodeStateShape, ...]:
    shape = shapes.NodeStateShape
    return tuple([shape(node_id=n.node_id, sequence_id=n.sequence_id, released=n.released) for n in nodes])


def read_edges(edges: Iterable[shapes.EdgeStateShape]) -> tuple[EdgeState, ...]:
    return tuple([EdgeState(edge_id=e.edge_id, sequence_id=e.sequence_id, released=e.released) for e in edges])


def edge_shapes(edges: Iterable[EdgeState]) -> tuple[shapes.EdgeStateShape, ...]:
    shape = shapes.EdgeStateShape
    return tuple([shape(edge_id=e.edge_id, sequence_id=e.sequence_id, released=e.released) for e in edges])


# The vehicle itself ---------------------------------------------------------------------------------------------------


def read_position(shape: shapes.PositionShape | None) -> Position | None:
    if shape is None:
        return None
    return Position(x_m=shape.x, y_m=shape.y, theta_rad=shape.theta, map_id=shape.map_id, is_localized=shape.localized)


def position_shape(position: Position | None, shape: type[_PositionShape]) -> _PositionShape | None:
    if position is None:
        return None
    return shape(
        x=position.x_m,
        y=position.y_m,
        theta=position.theta_rad,
        map_id=position.map_id,
        localized=position.is_localized,
    )


def read_speed(shape: shapes.VelocityShape | None) -> float | None:
    """Speed over ground; negative in reverse, where only the forward part is told."""
    if shape is None or (shape.vx is None and shape.vy is None):
        return None
    return math.hypot(shape.vx or 0.0, shape.vy) if shape.vy else shape.vx or 0.0


def velocity_shape(speed_mps: float | None) -> shapes.VelocityShape | None:
    return None if speed_mps is None else shapes.VelocityShape(vx=speed_mps)


def read_loads(loads: Iterable[shapes.LoadShape]) -> tuple[Load, ...]:
    return tuple(
        [Load(load_id=s.load_id, load_type=s.load_type, position=s.load_position, weight_kg=s.weight) for s in loads]
    )


def load_shapes(loads: Iterable[Load] | None) -> tuple[shapes.LoadShape, ...] | None:
    if loads is None:
        return None
    shape = shapes.LoadShape
    return tuple(
        [
            shape(load_id=load.load_id, load_type=load.load_type, load_position=load.position, weight=load.weight_kg)
            for load in loads
        ]
    )


def read_power(shape: shapes.PowerShape) -> Power:
    told = round(shape.state_of_charge / 100.0, 8)
    return Power(
        soc_fraction=min(told, 1.0) if 0.0 <= told <= FULL_AT_MOST else None,
        is_charging=shape.charging,
        reach_m=shape.range,
    )


def power_shape(power: Power, shape: type[_PowerShape]) -> _PowerShape:
    percent = UNKNOWN_CHARGE if power.soc_fraction is None else round(power.soc_fraction * 100.0, 6)
    return shape(state_of_charge=percent, charging=power.is_charging, range=power.reach_m)


def read_safety(shape: shapes.SafetyShape) -> Safety:
    return Safety(
        emergency_stop=STOP_READ.get(shape.active_emergency_stop, STOP_UNKNOWN),
        field_violation=shape.field_violation,
    )


def safety_shape(safety: Safety, shape: type[_SafetyShape], stops: Mapping[EmergencyStop, str]) -> _SafetyShape:
    return shape(active_emergency_stop=stops[safety.emergency_stop], field_violation=safety.field_violation)


def read_errors(errors: Iterable[shapes.ErrorShape], levels: Mapping[str, ErrorLevel]) -> tuple[VehicleError, ...]:
    return tuple(
        [
            VehicleError(
                error_type=shape.error_type,
                level=levels.get(shape.error_level, LEVEL_UNKNOWN),
                description=shape.error_description,
                references=read_references(shape.error_references),
            )
            for shape in errors
        ]
    )


def error_shapes(errors: Iterable[VehicleError], levels: Mapping[ErrorLevel, str]) -> tuple[shapes.ErrorShape, ...]:
    return tuple(
        [
            shapes.ErrorShape(
                error_type=error.error_type,
                error_references=reference_shapes(error.references),
                error_description=error.description,
                error_level=levels[error.level],
            )
            for error in errors
        ]
    )


def read_references(references: Iterable[shapes.ReferenceShape] | None) -> tuple[ErrorReference, ...]:
    return tuple([ErrorReference(key=r.reference_key, value=r.reference_value) for r in references or ()])


def reference_shapes(references: Iterable[ErrorReference]) -> tuple[shapes.ReferenceShape, ...] | None:
    return tuple([shapes.ReferenceShape(reference_key=r.key, reference_value=r.value) for r in references]) or None


def read_maps(maps: Iterable[shapes.MapShape]) -> tuple[MapState, ...]:
    return tuple(
        [MapState(map_id=m.map_id, map_version=m.map_version, is_enabled=m.map_status == "ENABLED") for m in maps]
    )


def map_shapes(maps: Iterable[MapState] | None) -> tuple[shapes.MapShape, ...] | None:
    if maps is None:
        return None
    status = {True: "ENABLED", False: "DISABLED"}
    return tuple(
        [shapes.MapShape(map_id=m.map_id, map_version=m.map_version, map_status=status[m.is_enabled]) for m in maps]
    )


# For people -----------------------------------------------------------------------------------------------------------


def read_information(shape: shapes.InformationShape) -> Information:
    return Information(
        info_type=shape.info_type,
        is_debug=shape.info_level == "DEBUG",
        description=shape.info_descriptor,
        references=read_references(shape.info_references),
    )


def information_raw(told: tuple[Information, ...], shape: type[shapes.InformationShape]) -> msgspec.Raw:
    if not told:
        return shapes.NOTHING
    return raw_of(
        [
            shape(
                info_type=each.info_type,
                info_references=reference_shapes(each.references),
                info_descriptor=each.description,
                info_level="DEBUG" if each.is_debug else "INFO",
            )
            for each in told
        ]
    )
