"""Ways as curves, read into our words and written from them."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise

from fleet.wire.messages import ControlPoint, Trajectory
from fleet.wire.standard import shapes


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
