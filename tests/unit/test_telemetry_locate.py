"""Where on the road a position is, among roads on which a vehicle can be."""

from __future__ import annotations

import math

import pytest

from fleet.roads.site_roads import SiteRoads
from fleet.telemetry.locate import locate

STREET, BACK = "e1-2-1", "e2-1-1"


def road_of(roads: SiteRoads, keys: tuple[str, ...], theta_rad: float) -> str:
    """Fifty metres into the street, a metre beside it, looking somewhere."""
    edges = [roads.graph.edge_by_key(key) for key in keys]
    assert None not in edges
    found = locate(roads.graph, [edge for edge in edges if edge is not None], 50.0, 1.0, theta_rad)
    assert found is not None
    assert found[1] == pytest.approx(1.0)
    return roads.graph.edge_key(found[0].edge)


@pytest.mark.parametrize("keys", [(STREET, BACK), (BACK, STREET)])
def test_the_two_directions_of_a_street_are_told_apart_by_where_the_vehicle_looks(
    roads: SiteRoads, keys: tuple[str, ...]
) -> None:
    """Found by trouble seed 25 of the small scenario: on its way back, it was believed on its way there."""
    assert road_of(roads, keys, 0.0) == STREET
    assert road_of(roads, keys, math.pi) == BACK
    assert road_of(roads, keys, -math.pi + 0.2) == BACK


def test_where_a_vehicle_looks_never_makes_a_farther_road_the_nearest(roads: SiteRoads) -> None:
    assert road_of(roads, (STREET, "e2-3-1"), math.pi) == STREET


def test_nowhere_is_no_place(roads: SiteRoads) -> None:
    assert locate(roads.graph, [], 0.0, 0.0, 0.0) is None
