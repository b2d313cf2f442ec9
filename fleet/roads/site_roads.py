"""The roads of one site: a router for each kind of vehicle, and where its stations and points lie on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from fleet.errors import MapError
from fleet.model.ids import PointId, StationId, VehicleTypeId
from fleet.model.order import PathNode
from fleet.model.place import Place
from fleet.model.site import Site, Traffic
from fleet.roads.graph import Floats, RoadGraph
from fleet.roads.permit import RoadProfile
from fleet.roads.route import NoRoute, Route, Router
from fleet.roads.snap import NotReachable, Snapper

TABLES_KEPT = 4


def station_node_id(station_id: StationId) -> str:
    """The node id by which vehicles know a station."""
    return f"station:{station_id}"


def point_node_id(point_id: PointId) -> str:
    """The node id by which vehicles know a pickup point."""
    return f"point:{point_id}"


@dataclass(frozen=True, slots=True, eq=False)
class SiteTables:
    """Travel between all stations and points: (types, n, n) seconds and metres; row of each node id in `rows`."""

    rows: Mapping[str, int]
    types: Mapping[VehicleTypeId, int]
    durations_s: Floats
    lengths_m: Floats


class SiteRoads:
    """Routes and tables of a site for each of its vehicle types.

    Vehicle types that may drive on the same roads at the same speed share a router. Tables are kept per set of
    closures, as they are asked for at every change of the plan.

    Raises:
        MapError: a station or point cannot be reached by a type that is in use; names all of them.
    """

    def __init__(self, site: Site, graph: RoadGraph) -> None:
        self.site = site
        self.graph = graph
        used = sorted({vehicle.type_id for vehicle in site.vehicles.values()})
        self.types: Mapping[VehicleTypeId, int] = {type_id: i for i, type_id in enumerate(used)}
        self._routers: dict[RoadProfile, Router] = {}
        self._router_of: dict[VehicleTypeId, Router] = {}
        self._places: dict[tuple[VehicleTypeId, str], Place] = {}
        self._kept: dict[frozenset[int], SiteTables] = {}
        faults = [fault for type_id in used for fault in self._settle(type_id)]
        if faults:
            raise MapError("\n".join(dict.fromkeys(faults)))

    def router(self, type_id: VehicleTypeId) -> Router:
        return self._router_of[type_id]

    def place(self, type_id: VehicleTypeId, node_id: str) -> Place | None:
        """Where a station or point lies for this type of vehicle; None for a node that is neither."""
        return self._places.get((type_id, node_id))

    def path_node(self, type_id: VehicleTypeId, node_id: str) -> PathNode:
        """A station or point as a node of an order."""
        x_m, y_m, _ = self.graph.point_at(self._places[type_id, node_id])
        return PathNode(node_id=node_id, x_m=round(x_m, 3), y_m=round(y_m, 3))

    def route(self, type_id: VehicleTypeId, start: Place, end: Place, closed: frozenset[int]) -> Route | NoRoute:
        return self._router_of[type_id].route(start, end, closed)

    def closed_edges(self, road_keys: Iterable[str]) -> frozenset[int]:
        """Indices of closed roads; keys that this map does not have close nothing."""
        found = (self.graph.edge_by_key(key) for key in road_keys)
        return frozenset(edge for edge in found if edge is not None)

    def tables(self, closed: frozenset[int]) -> SiteTables:
        """Travel between all stations and points with these roads closed."""
        if closed not in self._kept:
            if len(self._kept) >= TABLES_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[closed] = self._tables(closed)
        return self._kept[closed]

    def nearest_station(self, type_id: VehicleTypeId, x_m: float, y_m: float, limit_m: float) -> StationId | None:
        """The station a vehicle stands at whose position is known but not its node."""
        best: tuple[float, StationId] | None = None
        for station_id in self.site.stations:
            at_x_m, at_y_m, _ = self.graph.point_at(self._places[type_id, station_node_id(station_id)])
            distance_m = float(np.hypot(at_x_m - x_m, at_y_m - y_m))
            if distance_m <= limit_m and (best is None or distance_m < best[0]):
                best = (distance_m, station_id)
        return best[1] if best else None

    def _settle(self, type_id: VehicleTypeId) -> list[str]:
        """Find all places for one type; the faults in words."""
        profile = RoadProfile.of(self.site.vehicle_types[type_id])
        if profile not in self._routers:
            self._routers[profile] = Router(self.graph, profile)
        router = self._router_of[type_id] = self._routers[profile]
        snapper = Snapper(router, left_hand_traffic=self.site.traffic is Traffic.LEFT)
        faults = []
        for kind, node_id, name, lat, lon in self._named_places():
            snapped = snapper.snap(lat, lon)
            if isinstance(snapped, NotReachable):
                faults.append(f"{kind} {name} ({lat}, {lon}) cannot be reached by {type_id}: {snapped.reason}")
            else:
                self._places[type_id, node_id] = snapped.place
        return faults

    def _named_places(self) -> Iterable[tuple[str, str, str, float, float]]:
        for station in self.site.stations.values():
            yield "station", station_node_id(station.id), station.id, station.lat, station.lon
        for point in self.site.points.values():
            yield "point", point_node_id(point.id), point.id, point.lat, point.lon

    def _tables(self, closed: frozenset[int]) -> SiteTables:
        node_ids = [node_id for _, node_id, *_ in self._named_places()]
        n = len(node_ids)
        durations_s = np.full((len(self.types), n, n), np.inf)
        lengths_m = durations_s.copy()
        done: dict[tuple[Router, tuple[Place, ...]], int] = {}
        for type_id, index in self.types.items():
            router = self._router_of[type_id]
            places = tuple(self._places[type_id, node_id] for node_id in node_ids)
            twin = done.setdefault((router, places), index)
            if twin != index:
                durations_s[index], lengths_m[index] = durations_s[twin], lengths_m[twin]
                continue
            table = router.table(places, closed)
            durations_s[index], lengths_m[index] = table.durations_s, table.lengths_m
        return SiteTables({node_id: i for i, node_id in enumerate(node_ids)}, self.types, durations_s, lengths_m)
