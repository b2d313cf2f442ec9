"""A course on the roads of a site: from the vehicle's home station to the nearest pickup point, and back."""

from __future__ import annotations

from collections.abc import Iterator

from fleet.errors import ConfigError
from fleet.model.order import PathEdge, PathNode
from fleet.model.site import Site
from fleet.model.vehicle import Vehicle
from fleet.orders.way import way_of
from fleet.roads.graph import RoadGraph
from fleet.roads.permit import RoadProfile
from fleet.roads.refuse import may_follow
from fleet.roads.route import Route
from fleet.roads.site_roads import SiteRoads, point_node_id, station_node_id
from vehicle_sim.judge.course import Course, CourseEdge, CourseNode


def vehicle_of(site: Site, manufacturer: str, serial_number: str) -> Vehicle:
    """The vehicle as the site lists it.

    Raises:
        ConfigError: the site has none such.
    """
    for vehicle in site.vehicles.values():
        if (vehicle.manufacturer, vehicle.serial_number) == (manufacturer, serial_number):
            return vehicle
    listed = ", ".join(sorted(f"{vehicle.manufacturer}/{vehicle.serial_number}" for vehicle in site.vehicles.values()))
    raise ConfigError([f"--vehicle: {manufacturer}/{serial_number} is not in the site; it lists {listed}"])


def course_of(site: Site, graph: RoadGraph, vehicle: Vehicle) -> Course:
    """The shortest such loop, on roads that the vehicle has a right to, by both readings of the rules.

    Raises:
        ConfigError: there is none.
    """
    roads = SiteRoads(site, graph)
    home = station_node_id(vehicle.home_station)
    loops = sorted(_loops(roads, site, vehicle, home), key=lambda loop: (sum(way.length_m for way in loop[1]), loop[0]))
    profile = RoadProfile.of(site.type_of(vehicle.id))
    for there, loop in loops:
        if all(may_follow(graph, profile, route.edges) is None for route in loop):
            return _course(roads, vehicle, (home, there), loop)
    raise ConfigError([f"--drive: no pickup point of the site is on a loop from {home} that the vehicle may drive"])


def _loops(roads: SiteRoads, site: Site, vehicle: Vehicle, home: str) -> Iterator[tuple[str, tuple[Route, Route]]]:
    for point_id in sorted(site.points):
        there = point_node_id(point_id)
        out, back = _route(roads, vehicle, home, there), _route(roads, vehicle, there, home)
        if out is not None and back is not None:
            yield there, (out, back)


def _route(roads: SiteRoads, vehicle: Vehicle, start: str, end: str) -> Route | None:
    start_place, end_place = roads.place(vehicle.type_id, start), roads.place(vehicle.type_id, end)
    if start_place is None or end_place is None:
        return None
    route = roads.route(vehicle.type_id, start_place, end_place, frozenset())
    return route if isinstance(route, Route) else None


def _course(roads: SiteRoads, vehicle: Vehicle, ends: tuple[str, str], loop: tuple[Route, Route]) -> Course:
    graph, site, (out, back) = roads.graph, roads.site, loop
    speed_mps = site.type_of(vehicle.id).speed_mps_max
    start, half = (roads.path_node(vehicle.type_id, node_id) for node_id in ends)
    path = (*way_of(graph, out, half, speed_mps), *way_of(graph, back, start, speed_mps))
    nodes = [
        _node(start, site.map_id, may_stop=True),
        *(_node(edge.end, site.map_id, may_stop=edge.is_safe_end) for edge in path),
    ]
    return Course(tuple(nodes), tuple(_edge(edge) for edge in path))


def _node(node: PathNode, map_id: str, *, may_stop: bool) -> CourseNode:
    return CourseNode(node_id=node.node_id, x=node.x_m, y=node.y_m, map_id=map_id, may_stop=may_stop)


def _edge(edge: PathEdge) -> CourseEdge:
    return CourseEdge(edge_id=edge.edge_id, length=round(edge.length_m, 2), max_speed=round(edge.speed_mps, 2))
