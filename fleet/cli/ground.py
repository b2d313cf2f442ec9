"""Maps and sites for the offline commands."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

from fleet.cli.exits import CommandError, ExitCode
from fleet.cli.output import Json
from fleet.config import load
from fleet.errors import MapError
from fleet.maps.cache import cache_file, read_cache
from fleet.maps.check import NamedPlace, check_places
from fleet.maps.osm import file_sha256, import_map
from fleet.model.ids import VehicleTypeId
from fleet.model.place import Place
from fleet.model.site import Site, Traffic
from fleet.roads.graph import RoadGraph
from fleet.roads.permit import RoadProfile
from fleet.roads.route import Router
from fleet.roads.snap import NotReachable, Snapper


def graph_of(map_path: Path, data_dir: Path) -> RoadGraph:
    """The roads of a map; a cache that a daemon left is used, none is written."""
    kept = read_cache(cache_file(data_dir / "maps", file_sha256(map_path)))
    return kept[0] if kept is not None else import_map(map_path)[0]


def places_of(site: Site) -> list[NamedPlace]:
    stations = [NamedPlace(station.id, station.lat, station.lon) for station in site.stations.values()]
    return stations + [NamedPlace(point.id, point.lat, point.lon) for point in site.points.values()]


def findings_of(site: Site, graph: RoadGraph) -> list[Json]:
    """What is wrong with the places of a site for the vehicles it has; serious findings first."""
    used = sorted({vehicle.type_id for vehicle in site.vehicles.values()})
    profiles = {str(type_id): RoadProfile.of(site.vehicle_types[type_id]) for type_id in used}
    found = check_places(graph, profiles, places_of(site), left_hand_traffic=site.traffic is Traffic.LEFT)
    return [dataclasses.asdict(finding) for finding in found]


@dataclass(frozen=True, slots=True)
class Ground:
    """The roads of a site as one of its vehicle types sees them."""

    site: Site
    graph: RoadGraph
    router: Router
    snapper: Snapper

    @classmethod
    def of(cls, site_file: Path, type_name: str | None) -> Ground:
        """The ground for a vehicle type, by default the one of the site's first vehicle.

        Raises:
            ConfigError, MapError: the site or its map cannot be used.
            CommandError: the site has no such type.
        """
        site = load(site_file, os.environ)
        first = next(iter(site.vehicles.values())).type_id
        type_id = VehicleTypeId(type_name) if type_name else first
        if type_id not in site.vehicle_types:
            known = ", ".join(site.vehicle_types)
            raise CommandError(ExitCode.NO_SUCH_THING, f"there is no vehicle type {type_id!r}", f"there are {known}")
        graph = graph_of(site.map_path, site.data_dir)
        router = Router(graph, RoadProfile.of(site.vehicle_types[type_id]))
        return cls(site, graph, router, Snapper(router, left_hand_traffic=site.traffic is Traffic.LEFT))

    def snapped(self, words: str) -> Place | NotReachable:
        """The place on the road of a station, a point, or "lat,lon".

        Raises:
            CommandError: the words name nothing.
        """
        lat, lon = self._latlon(words)
        found = self.snapper.snap(lat, lon)
        return found if isinstance(found, NotReachable) else found.place

    def place(self, words: str) -> Place:
        """The same, where there must be one.

        Raises:
            MapError: the place cannot be served.
        """
        found = self.snapped(words)
        if isinstance(found, NotReachable):
            raise MapError(f"{words} cannot be reached: {found.reason}")
        return found

    def closed(self, keys: list[str]) -> frozenset[int]:
        """Edges of these names.

        Raises:
            CommandError: the map has none of that name.
        """
        edges = {key: self.graph.edge_by_key(key) for key in keys}
        for key, edge in edges.items():
            if edge is None:
                raise CommandError(
                    ExitCode.NO_SUCH_THING, f"the map has no edge {key!r}", "fleet roads route lists edges"
                )
        return frozenset(edge for edge in edges.values() if edge is not None)

    def _latlon(self, words: str) -> tuple[float, float]:
        for place in places_of(self.site):
            if place.name == words:
                return place.lat, place.lon
        lat, comma, lon = words.partition(",")
        try:
            if comma:
                return float(lat), float(lon)
        except ValueError:
            pass
        remedy = "give the id of a station or point, or latitude,longitude"
        raise CommandError(ExitCode.NO_SUCH_THING, f"{words!r} is no place of this site", remedy)
