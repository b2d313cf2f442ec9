"""Where a vehicle means to drive, and when it will be where, by what it knows at this moment."""

from __future__ import annotations

from itertools import islice

from fleet.wire.messages import ControlPoint, PlannedPath, Trajectory, Waypoint
from vehicle_sim.driver import Driver
from vehicle_sim.ground import Ground

PIECES_TOLD = 6


def outlook(driver: Driver, ground: Ground, now_s: float) -> tuple[PlannedPath | None, tuple[Waypoint, ...]]:
    """The next pieces of its base as a path, and the time at which it will be at the end of each."""
    hops = [hop for hop in driver.order.hops if hop.is_released] if driver.order else []
    if not hops:
        return None, ()
    x_m, y_m, _ = ground.pose(driver.here())
    points, waypoints, at_s = [ControlPoint(x_m=round(x_m, 3), y_m=round(y_m, 3))], [], now_s
    told = list(islice(hops, PIECES_TOLD))
    for hop in told:
        left_m = hop.part.length_m - (driver.since_node_m() if hop is hops[0] else 0.0)
        at_s += max(left_m, 0.0) / driver.speed_on_mps(hop)
        x_m, y_m, _ = ground.pose(hop.part.end)
        points.append(ControlPoint(x_m=round(x_m, 3), y_m=round(y_m, 3)))
        waypoints.append(Waypoint(x_m=round(x_m, 3), y_m=round(y_m, 3), eta_s=round(at_s, 3)))
    nodes = tuple(hop.node.node_id for hop in told)
    return PlannedPath(trajectory=Trajectory(points=tuple(points)), node_ids=nodes), tuple(waypoints)
