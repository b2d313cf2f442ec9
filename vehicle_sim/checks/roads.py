"""Promises about roads: only where a vehicle may, never onto a closed one, never far ahead of what is known."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, takewhile

from fleet.model.assist import AssistCause
from fleet.model.ids import OrderId, VehicleId
from fleet.model.order import Order, OrderPhase, PathEdge
from fleet.report.exposure import release_of
from fleet.state.attention import vehicle_subject
from fleet.state.fleet_state import FleetState
from fleet.wire import messages as wire
from fleet.wire.link import Topic
from vehicle_sim.checks.base import Check, Glance
from vehicle_sim.lawful import Law

CYCLE_S = 1.0
"""A decision is taken and sent within this time, whatever else is going on."""
CANCEL_WITHIN_S = 5.0
SAFE_END_M = 0.6
ROUNDING = 1e-6


class OnlyWhereItMay(Check):
    """S9: no released edge lies outside the roads the vehicle may use when it is released, nor any turn of its way."""

    id = "S9"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        site, graph = glance.roads.site, glance.roads.graph
        self._laws = {type_id: Law(graph, site.vehicle_types[type_id].road_classes) for type_id in glance.roads.types}

    def moved(self, before: FleetState, after: FleetState) -> None:
        """A decision is judged by the closures of its own turn, hence before anything of it is sent."""
        if before.orders is after.orders:
            return
        for order_id, order in after.orders.items():
            known = before.orders.get(order_id)
            if known is order:
                continue
            same = _same(known, order)
            if known is None or same < max(len(known.path), len(order.path)):
                self._judge_way(after, order, same)
            first = known.released if known is not None else 0
            for index in range(first, order.released):
                goes_on = index > 0 and order.path[index - 1].edge == order.path[index].edge
                self._judge_piece(after, order, order.path[index], goes_on=goes_on)

    def _judge_piece(self, after: FleetState, order: Order, piece: PathEdge, *, goes_on: bool) -> None:
        """A vehicle may leave a road that was closed under it, or that its base ends on."""
        law = self._law(after, order)
        if not law.may_use(piece.edge) or self.glance.roads.graph.edge_key(piece.edge) != piece.road_key:
            self.violate(f"{order.id} releases {piece.edge_id}, where it may not drive", order.vehicle_id)
        stands_there = goes_on or self.glance.vehicles[order.vehicle_id].driver.here().edge == piece.edge
        if after.is_closed(piece.road_key) and not stands_there:
            self.violate(f"{order.id} releases {piece.edge_id}, which is closed", order.vehicle_id)

    def _judge_way(self, state: FleetState, order: Order, same: int) -> None:
        """Turns are judged by the closures of the turn in which they were decided, so not those that it led to before.

        Args:
            same: so many pieces of the way were there before.
        """
        law = self._law(state, order)
        closed = self.glance.roads.closed_edges(key for key in state.closures if state.is_closed(key))
        edges = [order.path[0].edge] if order.path else []
        for index, (piece, onto) in enumerate(pairwise(order.path), 1):
            if piece.edge == onto.edge and piece.to_m <= onto.from_m + ROUNDING:
                continue
            edges.append(onto.edge)
            if index >= same and not law.may_go_on(piece.edge, onto.edge, closed):
                text = f"{order.id} leads from {piece.edge_id} onto {onto.edge_id}, where no such turn may be made"
                self.violate(text, order.vehicle_id)
        if not law.may_follow(edges):
            self.violate(f"{order.id} leads through a forbidden way", order.vehicle_id)

    def sent_order(self, topic: Topic, order: wire.Order, payload: bytes) -> None:
        """What a vehicle is told means roads it may use as well, to whoever goes by the map."""
        law = self._laws[self.glance.roads.site.vehicles[VehicleId(topic.serial_number)].type_id]
        for i, edge in enumerate(order.edges):
            if edge.released and not any(law.may_use(part.edge) for part in self.roads_of(order, i)):
                self.violate(f"{order.order_id} is sent with {edge.edge_id}, where it may not drive")

    def _law(self, state: FleetState, order: Order) -> Law:
        return self._laws[state.twins[order.vehicle_id].vehicle.type_id]


class ClosedRoadsAreLeft(Check):
    """S10: behind a closure nothing more is released, and whoever has it ahead is called off or a person called."""

    id = "S10"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        self._since_s: dict[str, float] = {}

    def moved(self, before: FleetState, after: FleetState) -> None:
        if before.closures is after.closures:
            return
        for key in sorted(after.closures):
            if not after.is_banned(key):
                self._since_s.pop(key, None)
                continue
            if before.is_banned(key):
                continue
            self._since_s[key] = self.glance.timers.now_s()
            for order_id in sorted(after.orders):
                if _has_ahead(after.orders[order_id], key):
                    self._look_later(order_id, key)

    def _look_later(self, order_id: OrderId, key: str) -> None:
        at_s = self.glance.timers.now_s() + CANCEL_WITHIN_S
        self.glance.timers.call_at(at_s, lambda: self._look(order_id, key))

    def _look(self, order_id: OrderId, key: str) -> None:
        state, now_s = self.glance.state(), self.glance.timers.now_s()
        if state is None or now_s - self.glance.alive_since_s() < CANCEL_WITHIN_S:
            self._look_later(order_id, key)
            return
        order = state.orders.get(order_id)
        if order is None or order.phase is OrderPhase.CANCELLING or not state.is_banned(key):
            return
        is_called = state.open_assist(vehicle_subject(order.vehicle_id), AssistCause.ROAD_CLOSED) is not None
        if _has_ahead(order, key) and not is_called and not self._is_on(order.vehicle_id, key):
            self.violate(f"{key} was closed, {order_id} leads onto it and nobody was told", order.vehicle_id)

    def sent_order(self, topic: Topic, order: wire.Order, payload: bytes) -> None:
        state, now_s = self.glance.state(), self.glance.timers.now_s()
        known = state.orders.get(self.glance.our_order_id(order.order_id)) if state is not None else None
        if state is None or known is None:
            return
        for i, edge in enumerate(order.edges):
            parts = self.roads_of(order, i)
            key = self.glance.roads.graph.edge_key(parts[0].edge) if parts else ""
            since_s = self._since_s.get(key, now_s)
            is_late = edge.released and state.is_banned(key) and now_s - since_s > CYCLE_S
            is_on = self._is_on(VehicleId(topic.serial_number), key)
            if is_late and edge.sequence_id // 2 >= known.passed and not is_on:
                text = (
                    f"{order.order_id}.{order.order_update_id} releases {key} {now_s - since_s:.0f} s after it closed"
                )
                self.violate(text, topic.serial_number)

    def _is_on(self, vehicle_id: VehicleId, key: str) -> bool:
        """A vehicle may leave a road that was closed under it."""
        place = self.glance.vehicles[vehicle_id].driver.here()
        return self.glance.roads.graph.edge_key(place.edge) == key


class BaseStaysShort(Check):
    """S11: no vehicle is let farther ahead than the limits, but for one stretch to the next place to stand.

    Such stretches are counted. Every base ends where standing is lawful, as a vehicle without a line stands there.
    """

    id = "S11"

    def moved(self, before: FleetState, after: FleetState) -> None:
        if before.orders is after.orders:
            return
        for order_id, order in after.orders.items():
            known = before.orders.get(order_id)
            if known is not order and (known is None or order.released > known.released):
                self._judge(order)
                release = release_of(known, order, self.glance.roads.graph, self.glance.timers.now_s())
                self.glance.releases.append(release)

    def _judge(self, order: Order) -> None:
        ahead = order.path[order.passed : order.released]
        if not ahead:
            return
        if not self._is_safe_end(order):
            self.violate(f"{order.id} lets it stand at {ahead[-1].end.node_id}, where it may not", order.vehicle_id)
        if self._is_short(ahead):
            return
        safe = [i for i, piece in enumerate(ahead[:-1]) if piece.is_safe_end]
        self.glance.notes["S11: a stretch longer than the limits"] += 1
        if safe and not self._is_short(ahead[: safe[-1] + 1]):
            length_m = sum(piece.length_m for piece in ahead)
            self.violate(f"{order.id} releases {length_m:.0f} m ahead of what is confirmed", order.vehicle_id)

    def _is_short(self, pieces: tuple[PathEdge, ...]) -> bool:
        limits = self.glance.roads.site.limits
        length_m, duration_s = sum(p.length_m for p in pieces), sum(p.duration_s for p in pieces)
        return length_m <= limits.exposure_m + ROUNDING and duration_s <= limits.exposure_s + ROUNDING

    def _is_safe_end(self, order: Order) -> bool:
        last = order.path[order.released - 1]
        stretches = self.glance.roads.graph.standing(last.edge)
        may_stand = any(from_m - SAFE_END_M <= last.to_m <= to_m + SAFE_END_M for from_m, to_m in stretches)
        return may_stand or order.released == len(order.path)


def _same(known: Order | None, order: Order) -> int:
    """How many pieces of its way are those of before, at whatever speed."""
    pairs = zip(known.path if known is not None else (), order.path, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0].edge_id == pair[1].edge_id, pairs))


def _ahead(order: Order) -> Iterator[PathEdge]:
    """What is released and not yet entered, as far as the controller can know."""
    first = order.passed + 1 if order.update_seen >= 0 else order.passed
    yield from order.path[first : order.released]


def _has_ahead(order: Order, key: str) -> bool:
    return any(piece.road_key == key for piece in _ahead(order))
