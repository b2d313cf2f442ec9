"""The sites that come along, on their map: every place can be served by every type of vehicle there is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fleet.config import load
from fleet.maps.osm import import_map
from fleet.model.place import PickupPoint, Station
from fleet.model.site import Site
from fleet.roads.graph import RoadGraph
from fleet.roads.permit import RoadProfile
from fleet.roads.route import Router
from fleet.roads.snap import Snap, Snapper

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def graph() -> RoadGraph:
    roads, _ = import_map(CONFIGS / "maps" / "liechtenstein.osm.pbf")
    return roads


@pytest.mark.parametrize("name", ["liechtenstein", "town"])
def test_every_place_is_within_a_quarter_of_an_hour_of_a_station_and_back(name: str, graph: RoadGraph) -> None:
    site = load(CONFIGS / f"{name}.toml")
    for profile in {RoadProfile.of(kind) for kind in site.vehicle_types.values()}:
        durations_s = _durations_s(site, Router(graph, profile))
        stations = len(site.stations)
        assert durations_s[:stations, stations:].min(axis=0).max() < 15 * 60.0
        assert durations_s[stations:, :stations].min(axis=1).max() < 15 * 60.0
        assert np.isfinite(durations_s).all()


def _durations_s(site: Site, router: Router) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Driving times between all places, stations first: (n, n), row = from."""
    snapper = Snapper(router)
    places: list[Station | PickupPoint] = [*site.stations.values(), *site.points.values()]
    snaps = [snapper.snap(place.lat, place.lon) for place in places]
    found = [snap for snap in snaps if isinstance(snap, Snap)]
    assert len(found) == len(snaps)
    assert max(snap.distance_m for snap in found) < 60.0
    return router.table([snap.place for snap in found]).durations_s
