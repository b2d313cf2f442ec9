"""Orders as a vehicle hears them: taken, refused with a reason, or confirmed because it holds them already."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from fleet.wire.messages import ErrorReference, OperatingMode, Order
from vehicle_sim import complaints
from vehicle_sim.complaints import Complaint
from vehicle_sim.driver import Phase
from vehicle_sim.held_order import HeldOrder, Rejection, read_new, read_update, refuse
from vehicle_sim.strictness import order_fault
from vehicle_sim.world import WorldEventKind

if TYPE_CHECKING:
    from vehicle_sim.vehicle import SimVehicle


class OrderDesk:
    """Takes orders and updates for one vehicle, or refuses them."""

    def __init__(self, vehicle: SimVehicle) -> None:
        self._vehicle = vehicle
        self._past_order_ids: set[str] = set()
        self._told_s = -math.inf

    def forget_all(self) -> None:
        """After a restart nothing is known of orders that are over."""
        self._past_order_ids.clear()

    def hear(self, order: Order) -> None:
        if not self._vehicle.character.heeds_released:
            order = _all_released(order)
        held = self._vehicle.order
        if order.order_id in self._past_order_ids:
            return  # an echo from the network: an order id is used once
        is_known = held is not None and order.order_id == held.order_id
        if held is not None and is_known and order.order_update_id == held.update_id:
            self._hear_again(order, held)
        elif held is not None and is_known and order.order_update_id < held.update_id:
            text = f"update {order.order_update_id} is older than {held.update_id}"
            self._reject(order, refuse(order, complaints.OLD_UPDATE, text))
        elif fault := self._is_too_much(order) or self._is_off_the_map(order):
            self._reject(order, fault)
        elif held is not None and is_known:
            self._hear_update(order, held)
        else:
            self._hear_new(order)

    def _is_too_much(self, order: Order) -> Rejection | None:
        vehicle, now_s = self._vehicle, self._vehicle.world.timers.now_s()
        since_s, self._told_s = now_s - self._told_s, now_s
        return order_fault(vehicle.character, vehicle.voice.offers(), order, since_s) if order.nodes else None

    def _is_off_the_map(self, order: Order) -> Rejection | None:
        """Coordinates mean nothing on a map that it does not have (5.13)."""
        for node in order.nodes:
            if node.position is not None and node.position.map_id != self._vehicle.voice.map_id:
                text = f"map {node.position.map_id} is not known here"
                return refuse(order, complaints.NO_SUCH_MAP, text, ("mapId", node.position.map_id))
        return None

    def _hear_again(self, order: Order, held: HeldOrder) -> None:
        """Said before: a state confirms it."""
        if self._vehicle.edition.judges_repeats and held.told not in (None, order):
            text = f"update {order.order_update_id} has another content than before"
            self._reject(order, refuse(order, complaints.OTHER_CONTENT, text))
        elif self._vehicle.character.confirms_again:
            self._vehicle.touched()

    def _hear_new(self, order: Order) -> None:
        vehicle = self._vehicle
        if (refusal := self._cannot_begin()) is not None:
            self._reject(order, refuse(order, *refusal))
            return
        at_node_id = None if vehicle.was_moved else vehicle.last_node_id
        held = read_new(order, vehicle.world.finder, vehicle.driver.here(), at_node_id)
        if isinstance(held, Rejection):
            self._reject(order, held)
            return
        vehicle.forget_order_errors()
        vehicle.instant.forget()
        vehicle.handling.forget()
        vehicle.handling.expect(order.nodes)
        if vehicle.order:
            self._past_order_ids.add(vehicle.order.order_id)
        if held.last_node.node_id != vehicle.last_node_id:
            vehicle.driver.reached_node()
        vehicle.driver.order, vehicle.was_moved = held, False
        vehicle.touched()
        vehicle.lapses.took_order()
        if vehicle.driver.phase is Phase.STANDING and held.last_node.actions:
            vehicle.arrived(held.last_node)
        vehicle.go_on()

    def _cannot_begin(self) -> tuple[Complaint, str] | None:
        vehicle = self._vehicle
        if not vehicle.is_idle:
            return complaints.OTHER_ORDER, "another order is active"
        if vehicle.instant.is_stopping:
            return complaints.OTHER_ORDER, "a cancel is not done yet"
        if vehicle.plug.is_charging:
            return complaints.OTHER_ORDER, "charging; stopCharging first"
        if vehicle.driver.is_driving and vehicle.driver.phase is not Phase.BRAKING:
            return complaints.OTHER_ORDER, "not yet standing"
        if vehicle.ailments.refuses or vehicle.is_hibernating:
            return complaints.NOT_AVAILABLE, "not ready for orders"
        is_automatic = vehicle.mode is OperatingMode.AUTOMATIC
        return None if is_automatic else (complaints.NOT_AVAILABLE, f"in mode {vehicle.mode}")

    def _hear_update(self, order: Order, held: HeldOrder) -> None:
        vehicle = self._vehicle
        hops = read_update(order, vehicle.world.finder, held, vehicle.driver.here())
        if vehicle.ailments.refuses == "updates" or vehicle.mode is not OperatingMode.AUTOMATIC:
            hops = refuse(order, complaints.NOT_NOW, f"not now, in mode {vehicle.mode}")
        if isinstance(hops, Rejection):
            self._reject(order, hops)
            return
        vehicle.forget_order_errors()
        if held.stood_at_base_end and hops and hops[0].is_released:
            vehicle.driver.stood_for_base()
        held.stood_at_base_end = False
        held.extend(order, hops)
        vehicle.handling.expect(order.nodes[1:])
        if vehicle.character.repeats_stitch_actions:
            self._take_stitch_anew(order, held)
        vehicle.touched()
        vehicle.go_on()

    def _take_stitch_anew(self, order: Order, held: HeldOrder) -> None:
        """The actions of the stitching node are new ones, whatever became of them before."""
        stitch, vehicle = order.nodes[0], self._vehicle
        if not stitch.actions:
            return
        vehicle.handling.expect_again(stitch)
        is_there = held.last_node.sequence_id == stitch.sequence_id and vehicle.driver.phase is Phase.STANDING
        if is_there and not vehicle.handling.is_busy:
            vehicle.arrived(stitch)

    def _reject(self, order: Order, rejection: Rejection) -> None:
        vehicle, text = self._vehicle, rejection.description
        vehicle.world.record(WorldEventKind.ORDER_REJECTED, vehicle=vehicle.id, place=order.order_id, detail=text)
        vehicle.complain(rejection.complaint, text, rejection.references)


def topic_reference(name: str) -> tuple[ErrorReference, ...]:
    return (ErrorReference(key="topic", value=name),)


def _all_released(order: Order) -> Order:
    """The order as one understands it who does not look at what is released."""
    replace = msgspec.structs.replace
    return replace(
        order,
        nodes=tuple(replace(node, released=True) for node in order.nodes),
        edges=tuple(replace(edge, released=True) for edge in order.edges),
    )
