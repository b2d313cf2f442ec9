"""Promises about orders: one at a time, never changed behind the vehicle's back, never without a record."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from fleet.journal.commit import Commit
from fleet.model import event as ev
from fleet.model.event import Event
from fleet.model.ids import OrderId, VehicleId
from fleet.state.fleet_state import FleetState
from fleet.wire.link import Topic
from fleet.wire.messages import InstantActions, Order
from vehicle_sim.checks.base import Check, Glance


class OneOrderAtATime(Check):
    """S6: a vehicle is sent a new order only when it has nothing left to do of the one before."""

    id = "S6"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        self._told: dict[str, list[str]] = {}

    def sent_order(self, topic: Topic, order: Order, payload: bytes) -> None:
        vehicle = self.glance.vehicles[VehicleId(topic.serial_number)]
        told = self._told.setdefault(vehicle.id, [])
        if order.order_id in told:
            return
        told.append(order.order_id)
        if vehicle.order is not None and vehicle.order.order_id != order.order_id and not vehicle.is_idle:
            self.violate(f"{order.order_id} was sent while {vehicle.order.order_id} is under way", vehicle.id)


class SameNumberSameBytes(Check):
    """S7: an order id and update id always carry the same content, over restarts too."""

    id = "S7"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        self._digests: dict[tuple[str, int], str] = {}

    def sent_order(self, topic: Topic, order: Order, payload: bytes) -> None:
        digest = hashlib.sha256(self.body_in(topic, payload)).hexdigest()
        pair = (order.order_id, order.order_update_id)
        if self._digests.setdefault(pair, digest) != digest:
            self.violate(f"{pair} was sent with two contents", topic.serial_number)


class BaseNeverChanges(Check):
    """S8: what is released stays released and as it was; an update begins at the last released node.

    What an update brought that the vehicle refused was never released; that it refused it must be true.
    """

    id = "S8"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        self._base: dict[str, dict[int, str]] = {}
        self._updates: dict[str, int] = {}
        self._first: dict[tuple[str, int], int] = {}

    def committed(self, commit: Commit, events: Sequence[Event]) -> None:
        for event in events:
            if not isinstance(event, ev.UpdateRefused):
                continue
            first = self._first.get((event.order_id, event.update_id))
            if first is not None:
                base = self._base[event.order_id]
                self._base[event.order_id] = {number: name for number, name in base.items() if number <= first}
            for vehicle in self.glance.vehicles.values():
                order = vehicle.order
                if order is None:
                    continue
                if (self.glance.our_order_id(order.order_id), order.update_id) == (event.order_id, event.update_id):
                    self.violate(f"{event.order_id}.{event.update_id} is called refused and was taken", vehicle.id)

    def sent_order(self, topic: Topic, order: Order, payload: bytes) -> None:
        order_id = self.glance.our_order_id(order.order_id)
        base = self._base.setdefault(order_id, {})
        last = self._updates.get(order_id, -1)
        if order.order_update_id <= last:
            return  # said again; S7 sees to it that it is the same
        self._updates[order_id] = order.order_update_id
        self._first[order_id, order.order_update_id] = order.nodes[0].sequence_id
        if base and order.nodes[0].sequence_id != max(base):
            text = f"{order.order_id}.{order.order_update_id} begins at {order.nodes[0].sequence_id}, not {max(base)}"
            self.violate(text, topic.serial_number)
        for sequence_id, name in _released(order):
            if base.setdefault(sequence_id, name) != name:
                text = f"{order.order_id}: {sequence_id} was {base[sequence_id]} and became {name}"
                self.violate(text, topic.serial_number)


def _released(order: Order) -> list[tuple[int, str]]:
    nodes = [(node.sequence_id, node.node_id) for node in order.nodes if node.released]
    return nodes + [(edge.sequence_id, edge.edge_id) for edge in order.edges if edge.released]


class NothingUnrecorded(Check):
    """S18: nothing is published that is not committed first."""

    id = "S18"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        self._committed: set[tuple[str, str, bytes]] = set()

    def committed(self, commit: Commit, events: Sequence[Event]) -> None:
        self._committed.update((row.vehicle_id, row.topic, row.body) for row in commit.outbox)

    def sent_order(self, topic: Topic, order: Order, payload: bytes) -> None:
        if not self._is_committed(topic, payload):
            text = f"order {order.order_id}.{order.order_update_id} was sent before it was committed"
            self.violate(text, topic.serial_number)

    def sent_actions(self, topic: Topic, actions: InstantActions, payload: bytes) -> None:
        if not self._is_committed(topic, payload):
            self.violate(f"{actions.actions[0].action_id} was sent before it was committed", topic.serial_number)

    def _is_committed(self, topic: Topic, payload: bytes) -> bool:
        return (topic.serial_number, topic.name, self.body_in(topic, payload)) in self._committed


class NeverBackwards(Check):
    """S20: nothing late or doubled moves an order's progress back."""

    id = "S20"

    def moved(self, before: FleetState, after: FleetState) -> None:
        if before.orders is after.orders:
            return
        for order_id, order in before.orders.items():
            now = after.orders.get(OrderId(order_id))
            if now is None or now is order:
                continue
            if now.passed < order.passed or now.update_seen < order.update_seen:
                self.violate(f"{order_id} went back from {order.passed} to {now.passed}", order.vehicle_id)
            for action, later in zip(order.actions, now.actions, strict=False):
                if action.phase.is_over and later.phase is not action.phase:
                    self.violate(f"{action.action_id} was {action.phase} and became {later.phase}", order.vehicle_id)
