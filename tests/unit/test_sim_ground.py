"""The vehicle's own map."""

from __future__ import annotations

import pytest

from fleet.model.place import Place
from vehicle_sim.grid import grid_town
from vehicle_sim.ground import Ground


@pytest.fixture
def ground() -> Ground:
    return Ground(grid_town(3, 2))


def test_roads_join_at_their_common_node_and_within_an_edge(ground: Ground) -> None:
    onto = ground.graph.edge_by_key("e2-3-1")
    assert onto is not None
    assert ground.joins(Place(0, 100.0), Place(onto, 0.0))
    assert ground.joins(Place(0, 40.0), Place(0, 40.05))
    assert not ground.joins(Place(0, 60.0), Place(onto, 0.0))
    assert not ground.joins(Place(0, 40.0), Place(0, 60.0))


def test_nobody_turns_round_in_the_middle_of_a_street(ground: Ground) -> None:
    back = ground.graph.edge_by_key("e2-1-1")
    assert back is not None
    assert not ground.joins(Place(0, 40.0), Place(back, 60.0))


def test_a_place_at_the_end_of_an_edge_is_at_its_node(ground: Ground) -> None:
    assert ground.node_after(Place(0, 100.0)) == "n2"
    assert ground.node_before(Place(0, 0.0)) == "n1"
    assert ground.node_after(Place(0, 50.0)) is None


def test_the_vehicle_sees_itself_where_the_road_graph_does(ground: Ground) -> None:
    for edge in range(ground.graph.edge_count):
        for offset_m in (0.0, 12.5, 100.0):
            place = Place(edge, offset_m)
            assert ground.pose(place) == pytest.approx(ground.graph.point_at(place))


def test_a_point_is_passed_where_the_road_is_nearest_to_it(ground: Ground) -> None:
    assert ground.near(0, (40.0, 0.3), 0.0, 100.0, 1.0) == [(40.0, 0.3)]
    assert ground.near(0, (40.0, 0.3), 50.0, 100.0, 1.0) == []
