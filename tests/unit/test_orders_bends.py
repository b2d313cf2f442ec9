"""A bend is driven along its road, also by a vehicle that takes other curves than when its order was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed

import msgspec
import numpy as np
import pytest
import shapely
import shapely.ops

from fleet.dispatch.intent import Deliver, Extend
from fleet.model import event as ev
from fleet.model.ids import RunId
from fleet.model.order import Order
from fleet.model.profile import Learned
from fleet.orders.carry_out import carry_out
from fleet.orders.guard import Guard
from fleet.orders.take_in import take_state
from fleet.roads.site_roads import SiteRoads
from fleet.roads.stops import CLEAR_M
from fleet.state.draft import Draft
from fleet.state.fleet_state import Visit
from fleet.wire import messages as wire
from tests.nouns import (
    BLOCK_M,
    COLUMNS,
    NOW_S,
    POINT_2,
    ROWS,
    VAN_1,
    a_run,
    a_site,
    a_state,
    a_trip,
    after,
    an_error,
    loaded,
)
from vehicle_sim.grid import grid_town

replace = msgspec.structs.replace
BULGE_M = 25.0
CURVES = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(has_factsheet=True, supported=("order.edges.trajectory",)))
NODES_ALONE = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(has_factsheet=True))


@pytest.fixture(scope="module")
def bent_roads() -> SiteRoads:
    """The town with a bend in the middle of each street."""
    grid = grid_town(COLUMNS, ROWS, BLOCK_M)
    low, high = np.minimum(grid.edge_from, grid.edge_to), np.maximum(grid.edge_from, grid.edge_to)
    ends = [np.column_stack((grid.node_x_m[node], grid.node_y_m[node])) for node in (low, high)]
    aside = (ends[1] - ends[0])[:, ::-1] * np.array([-1.0, 1.0]) * (BULGE_M / BLOCK_M)
    middle = (ends[0] + ends[1]) / 2.0 + aside
    x_m = np.column_stack((grid.node_x_m[grid.edge_from], middle[:, 0], grid.node_x_m[grid.edge_to])).ravel()
    y_m = np.column_stack((grid.node_y_m[grid.edge_from], middle[:, 1], grid.node_y_m[grid.edge_to])).ravel()
    length_m = 2.0 * np.hypot(BLOCK_M / 2.0, BULGE_M)
    graph = changed(
        grid,
        shape_start=np.arange(0, 3 * grid.edge_count + 1, 3, dtype=np.int64),
        shape_x_m=x_m,
        shape_y_m=y_m,
        edge_length_m=np.full(grid.edge_count, length_m),
        stand_to_m=np.full(grid.edge_count, length_m - CLEAR_M),
    )
    return SiteRoads(a_site(), graph)


def strays_m(roads: SiteRoads, message: wire.Order, order: Order) -> float:
    """How far what is told of the road is from it, by the nodes and curves of the message."""
    places = [(node.position.x_m, node.position.y_m) for node in message.nodes if node.position is not None]
    worst_m = 0.0
    for edge, before, behind in zip(message.edges, places, places[1:], strict=False):
        told = [(p.x_m, p.y_m) for p in edge.trajectory.points] if edge.trajectory is not None else [before, behind]
        piece = order.path[edge.sequence_id // 2]
        road = shapely.LineString(roads.graph.polyline(piece.edge))
        part = shapely.ops.substring(road, piece.from_m, piece.to_m)
        worst_m = max(worst_m, shapely.hausdorff_distance(part, shapely.LineString(told)))
    return worst_m


def curves_refused(draft: Draft, roads: SiteRoads, order: Order) -> None:
    """The vehicle has taken the order, and refuses the curves of its first update."""
    carry_out(draft, roads, VAN_1, Extend(order.id, order.released + 1))
    base = [(node, number) for node, number in nodes_of(order)[1:]]
    error = an_error("UNSUPPORTED_PARAMETER", orderId=order.id, orderUpdateId="1", text="trajectory")
    take_state(draft, roads, VAN_1, a_state(order=order.id, left=base, errors=[error]))
    assert draft.state.twin(VAN_1).avoids == ("trajectory",)


def nodes_of(order: Order) -> list[tuple[str, int]]:
    ends = [order.start, *(piece.end for piece in order.path[: order.released])]
    return [(node.node_id, 2 * i) for i, node in enumerate(ends)]


def other_factsheet(draft: Draft, roads: SiteRoads, order: Order) -> None:
    draft.emit(NODES_ALONE)


@pytest.mark.vda5050("13.6", "4.4")
@pytest.mark.parametrize("change", [curves_refused, other_factsheet])
def test_who_takes_no_curves_any_more_under_an_order_is_led_along_the_road_all_the_same(
    bent_roads: SiteRoads, change: Callable[[Draft, SiteRoads, Order], None]
) -> None:
    draft = Draft(after(loaded(bent_roads, a_run(point=POINT_2)), [CURVES]), NOW_S)
    carry_out(draft, bent_roads, VAN_1, Deliver(a_trip().id, Visit(POINT_2, (RunId("run-1"),))))
    [order] = draft.state.orders.values()
    draft.emit(ev.OrderSeen(order_id=order.id, update_id=0))
    change(draft, bent_roads, order)
    draft.letters.clear()
    for _ in range(2):  # the way is cut anew, and then released
        [order] = draft.state.orders.values()
        carry_out(draft, bent_roads, VAN_1, Extend(order.id, len(order.path)))
    [letter], [order] = draft.letters, draft.state.orders.values()
    assert isinstance(letter.message, wire.Order)
    assert all(edge.trajectory is None for edge in letter.message.edges)
    assert strays_m(bent_roads, letter.message, order) <= 0.21


def straightened(message: wire.Order) -> wire.Order:
    return replace(message, edges=tuple(replace(edge, trajectory=None) for edge in message.edges))


@pytest.mark.vda5050("6.13", "13.6")
def test_a_bend_that_is_told_straight_is_not_sent(bent_roads: SiteRoads) -> None:
    draft = Draft(after(loaded(bent_roads, a_run(point=POINT_2)), [CURVES]), NOW_S)
    carry_out(draft, bent_roads, VAN_1, Deliver(a_trip().id, Visit(POINT_2, (RunId("run-1"),))))
    message = draft.letters[-1].message
    assert isinstance(message, wire.Order)
    [order] = draft.state.orders.values()
    assert Guard(bent_roads).faults(VAN_1, order.id, message, draft.state) == []
    faults = Guard(bent_roads).faults(VAN_1, order.id, straightened(message), draft.state)
    assert any("off its road" in fault for fault in faults), faults
