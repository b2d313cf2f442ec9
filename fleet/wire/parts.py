"""Parts of messages that all versions of VDA 5050 write alike, read into our words and written from them.

Where versions use other words for the same, their table of words is handed in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import accumulate, pairwise

from fleet.wire import shapes
from fleet.wire.messages import (
    Action,
    ActionParameter,
    BlockingType,
    ControlPoint,
    EdgeState,
    ErrorLevel,
    ErrorReference,
    Load,
    MapState,
    NodeState,
    Trajectory,
    VehicleError,
)

FULL_AT_MOST = 1.05
"""A gauge may show 101 %; one that shows 255 is out of order, and so is one below nothing."""
UNKNOWN_CHARGE = -1.0


# Actions --------------------------------------------------------------------------------------------------------------


def read_actions(actions: Iterable[shapes.ActionShape], blocking: Mapping[str, BlockingType]) -> tuple[Action, ...]:
    return tuple([_read_action(action, blocking) for action in actions])


def _read_action(shape: shapes.ActionShape, blocking: Mapping[str, BlockingType]) -> Action:
    if shape.blocking_type not in blocking:
        raise ValueError(f"blockingType {shape.blocking_type!r} is unknown")
    return Action(
        action_id=shape.action_id,
        action_type=shape.action_type,
        blocking_type=blocking[shape.blocking_type],
        parameters=tuple([ActionParameter(key=p.key, value=p.value) for p in shape.action_parameters or ()]),
        is_retriable=shape.retriable,
    )


def action_shapes(
    actions: Iterable[Action], blocking: Mapping[BlockingType, str], *, with_retriable: bool = False
) -> tuple[shapes.ActionShape, ...]:
    return tuple(
        [
            shapes.ActionShape(
                action_type=action.action_type,
                action_id=action.action_id,
                blocking_type=blocking[action.blocking_type],
                action_parameters=_parameter_shapes(action.parameters),
                retriable=action.is_retriable if with_retriable else None,
            )
            for action in actions
        ]
    )


def _parameter_shapes(parameters: Iterable[ActionParameter]) -> tuple[shapes.ActionParameterShape, ...] | None:
    return tuple([shapes.ActionParameterShape(key=p.key, value=p.value) for p in parameters]) or None


# Ways -----------------------------------------------------------------------------------------------------------------


def read_trajectory(shape: shapes.TrajectoryShape) -> Trajectory:
    return Trajectory(
        points=tuple([ControlPoint(x_m=p.x, y_m=p.y, weight=p.weight) for p in shape.control_points]),
        degree=1 if shape.degree is None else shape.degree,
        knots=shape.knot_vector or (),
    )


def trajectory_shape(curve: Trajectory) -> shapes.TrajectoryShape:
    """The curve, with degree and knots only where it has knots or is no polyline."""
    return shapes.TrajectoryShape(
        degree=curve.degree if curve.knots or curve.degree != 1 else None,
        knot_vector=curve.knots or None,
        control_points=tuple([shapes.ControlPointShape(x=p.x_m, y=p.y_m, weight=p.weight) for p in curve.points]),
    )


def with_knots(curve: Trajectory) -> Trajectory:
    """The curve with its knots written out: those of a polyline follow from the lengths of its pieces.

    Raises:
        ValueError: a curve of a higher degree does not name them, or there are no two points.
    """
    if curve.knots:
        return curve
    if curve.degree != 1 or len(curve.points) < 2:
        raise ValueError(f"a curve of degree {curve.degree} through {len(curve.points)} points needs its knots told")
    pieces = [math.dist((a.x_m, a.y_m), (b.x_m, b.y_m)) for a, b in pairwise(curve.points)]
    whole_m = sum(pieces)
    if not whole_m > 0.0 or not math.isfinite(whole_m):
        raise ValueError("a curve has no length")
    inner = [min(at_m / whole_m, 1.0) for at_m in accumulate(pieces[:-1])]
    return Trajectory(points=curve.points, degree=1, knots=(0.0, 0.0, *inner, 1.0, 1.0))


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


def read_charge(percent: float) -> float | None:
    told = round(percent / 100.0, 8)
    return min(told, 1.0) if 0.0 <= told <= FULL_AT_MOST else None


def charge_percent(soc_fraction: float | None) -> float:
    return UNKNOWN_CHARGE if soc_fraction is None else round(soc_fraction * 100.0, 6)


def read_errors(
    errors: Iterable[shapes.ErrorShape], levels: Mapping[str, ErrorLevel], unknown: ErrorLevel
) -> tuple[VehicleError, ...]:
    return tuple(
        [
            VehicleError(
                error_type=shape.error_type,
                level=levels.get(shape.error_level, unknown),
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
