"""One VDA 5050 vehicle: hears orders, drives, loads and unloads, charges, and says so.

Discrete events on timers, no task of its own: the same vehicle runs under virtual time on the in-memory link and on
an ordinary loop against a real broker. It trusts no order: what it cannot do it refuses, as a real one would.
"""

from __future__ import annotations

from fleet.errors import WireError
from fleet.model.place import Place
from fleet.model.site import Site
from fleet.model.vehicle import Vehicle
from fleet.wire import codec
from fleet.wire.messages import (
    EmergencyStop,
    ErrorLevel,
    ErrorReference,
    OperatingMode,
    Order,
    OrderNode,
    Safety,
    VehicleError,
)
from vehicle_sim.ailments import Ailments
from vehicle_sim.driver import Driver, Phase
from vehicle_sim.handling import Doing, Handling
from vehicle_sim.held_order import HeldOrder, Rejection, read_new, read_update
from vehicle_sim.instant import InstantDesk
from vehicle_sim.plug import Plug
from vehicle_sim.voice import Radio, Voice
from vehicle_sim.world import World, WorldEventKind

SAFE = Safety(emergency_stop=EmergencyStop.NONE, field_violation=False)
ORDER_ERRORS = frozenset({"validationError", "noRouteError", "orderError", "orderUpdateError", "orderActionError"})


class SimVehicle:
    """A vehicle on the road; a `LinkListener`.

    Args:
        vehicle: as the site lists it.
        place: where it stands at first; its home station.
        node_id: the name of that place.
        soc_fraction: charge at first.
        state_interval_s: a state goes out at least this often, in trade time.
        visualization_s: interval of the visualization topic, None for none.

    Attributes:
        home: the place and node of its home station.
        stands_at: the last node while it knows no order; empty where it does not know that either.
        was_moved: people have moved it since it reached its last node, and it knows that.
        safety: the emergency stop and the protective field.
        clock_lie_s: how far its clock is ahead of the true time.
        is_off: it is restarting; nothing is heard, said or done.
        ailments: what befalls it.
    """

    def __init__(
        self,
        vehicle: Vehicle,
        site: Site,
        world: World,
        radio: Radio,
        place: Place,
        node_id: str,
        soc_fraction: float = 1.0,
        state_interval_s: float = 30.0,
        visualization_s: float | None = None,
    ) -> None:
        self.vehicle = vehicle
        self.id = vehicle.id
        self.world = world
        self.type = site.type_of(vehicle.id)
        self.home = (place, node_id)
        self.stands_at = node_id
        self.mode = OperatingMode.AUTOMATIC
        self.safety = SAFE
        self.was_moved = False
        self.clock_lie_s = 0.0
        self.is_off = False
        self.is_paused = False
        self.errors: dict[str, VehicleError] = {}
        self._past_order_ids: set[str] = set()
        self.driver = Driver(vehicle.id, self.type, world, place, soc_fraction, self)
        self.handling = Handling(vehicle.id, world, self.touched, self._action_failed, self.go_on)
        self.plug = Plug(vehicle.id, self.driver, world)
        self.instant = InstantDesk(self)
        self.ailments = Ailments(self)
        self.voice = Voice(self, site.map_id, radio, state_interval_s, visualization_s)
        world.add_vehicle(vehicle.id, self.driver.here)

    # ---- the line

    def on_link_up(self) -> None:
        self.world.record(WorldEventKind.HEARD, vehicle=self.id)
        self.voice.greet()

    def on_link_down(self, reason: str) -> None:
        """Drive on to the end of the base; what is said meanwhile is lost."""

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if retained or self.is_off:
            return  # an order kept by a broker is an old one
        name = topic.rpartition("/")[2]
        version, fields = self.vehicle.vda5050_version, self.vehicle.habits.fields
        try:
            if name == "order":
                self._hear_order(codec.decode_order(payload, version, fields)[1])
            elif name == "instantActions":
                for action in codec.decode_instant_actions(payload, version, fields)[1].actions:
                    self.instant.hear(action)
        except WireError as fault:
            self.complain("validationError", fault.reason, (ErrorReference(key="topic", value=name),))

    def go_silent(self, for_s: float) -> None:
        """Lose the network for so many trade seconds; the wheels do not notice."""
        self.world.record(WorldEventKind.SILENT, vehicle=self.id, detail=f"{for_s:.0f} s")
        self.voice.radio.silence(for_s)

    # ---- orders

    @property
    def order(self) -> HeldOrder | None:
        return self.driver.order

    @property
    def is_idle(self) -> bool:
        """Nothing of an order is left to be done."""
        return (self.order is None or not self.order.hops) and self.handling.is_all_over

    @property
    def last_node_id(self) -> str:
        return self.order.last_node.node_id if self.order else self.stands_at

    def forget_order(self, node_id: str) -> None:
        """Know nothing of orders and actions any more; hands at work finish what they do.

        Args:
            node_id: what it still knows to be its last node, or empty.
        """
        self.driver.drop_order()
        self.driver.order, self.stands_at = None, node_id
        self._past_order_ids.clear()
        self.handling.forget_all()
        self.instant.forget_all()
        self.is_paused = False
        self.errors = {}

    def clear_order(self) -> None:
        """Give up what is left of the order, as on entering MANUAL; section 6.10 of VDA 5050 2.1.0."""
        if self.order:
            self.order.is_cancelled = True
        self.handling.abandon()
        self.driver.drop_order()
        self.instant.try_cancel()

    def _hear_order(self, order: Order) -> None:
        held = self.order
        if order.order_id in self._past_order_ids:
            return  # an echo from the network: an order id is used once
        if held is None or order.order_id != held.order_id:
            self._hear_new(order)
        elif order.order_update_id > held.update_id:
            self._hear_update(order, held)
        elif order.order_update_id == held.update_id:
            self.touched()  # said before; a state confirms it
        else:
            text = f"update {order.order_update_id} is older than {held.update_id}"
            self._reject(order, Rejection("orderUpdateError", text, _references(order)))

    def _hear_new(self, order: Order) -> None:
        if refusal := self._cannot_begin():
            self._reject(order, Rejection("orderError", refusal, _references(order)))
            return
        at_node_id = None if self.was_moved else self.last_node_id
        held = read_new(order, self.world.ground, self.driver.here(), at_node_id)
        if isinstance(held, Rejection):
            self._reject(order, held)
            return
        self._forget_order_errors()
        self.instant.forget()
        self.handling.forget()
        self.handling.expect(order.nodes)
        if self.order:
            self._past_order_ids.add(self.order.order_id)
        self.driver.order, self.was_moved = held, False
        self.touched()
        if self.driver.phase is Phase.STANDING and held.last_node.actions:
            self.arrived(held.last_node)
        self.go_on()

    def _cannot_begin(self) -> str:
        if not self.is_idle:
            return "another order is active"
        if self.plug.is_charging:
            return "charging; stopCharging first"
        if self.driver.is_driving and self.driver.phase is not Phase.BRAKING:
            return "not yet standing"
        if self.ailments.refuses:
            return "not ready for orders"
        return "" if self.mode is OperatingMode.AUTOMATIC else f"in mode {self.mode}"

    def _hear_update(self, order: Order, held: HeldOrder) -> None:
        hops = read_update(order, self.world.ground, held, self.driver.here())
        if self.ailments.refuses == "updates" or self.mode is not OperatingMode.AUTOMATIC:
            hops = Rejection("orderUpdateError", f"not now, in mode {self.mode}", _references(order))
        if isinstance(hops, Rejection):
            self._reject(order, hops)
            return
        self._forget_order_errors()
        if held.stood_at_base_end and hops and hops[0].is_released:
            self.driver.stood_for_base()
        held.stood_at_base_end = False
        held.extend(order, hops)
        self.handling.expect(order.nodes[1:])
        self.touched()
        self.go_on()

    def _reject(self, order: Order, rejection: Rejection) -> None:
        self.world.record(
            WorldEventKind.ORDER_REJECTED, vehicle=self.id, place=order.order_id, detail=rejection.description
        )
        self.complain(rejection.error_type, rejection.description, rejection.references, rejection.level)

    def next_edge(self) -> int | None:
        """The road edge it is about to enter, if there is one."""
        hops = [hop for hop in (self.order.hops if self.order else ()) if hop.is_released]
        here = self.driver.here()
        return next((hop.part.edge for hop in hops if hop.part.edge != here.edge), None)

    # ---- the rider of its own driver

    def touched(self) -> None:
        self.voice.touched()

    def may_move(self) -> bool:
        held_back = self.is_paused or self.is_off or self.safety is not SAFE
        busy = self.instant.is_stopping or self.handling.is_busy or self.plug.is_charging
        return not held_back and not busy and self.mode is OperatingMode.AUTOMATIC

    def load_kg(self) -> float:
        return sum(lot.mass_kg for lot in self.world.lots_aboard(self.id))

    def arrived(self, node: OrderNode) -> None:
        if self.is_off:
            self.ailments.arrived(node)
        else:
            self.handling.begin(node)

    def stood(self) -> None:
        self.instant.stood()
        self.ailments.stood()
        self.go_on()

    def go_on(self) -> None:
        self.instant.try_cancel()
        self.driver.go_on()

    # ---- errors

    def complain(
        self,
        error_type: str,
        description: str,
        references: tuple[ErrorReference, ...] = (),
        level: ErrorLevel = ErrorLevel.WARNING,
    ) -> None:
        """Show an error in every state until it is over."""
        key = f"{error_type}:{','.join(reference.value for reference in references)}"
        self.errors[key] = VehicleError(
            error_type=error_type, level=level, description=description, references=references
        )
        self.touched()

    def _action_failed(self, doing: Doing) -> None:
        reference = ErrorReference(key="actionId", value=doing.action.action_id)
        self.complain("orderActionError", doing.result or "", (reference,))

    def _forget_order_errors(self) -> None:
        self.errors = {key: error for key, error in self.errors.items() if error.error_type not in ORDER_ERRORS}


def _references(order: Order) -> tuple[ErrorReference, ...]:
    return (
        ErrorReference(key="orderId", value=order.order_id),
        ErrorReference(key="orderUpdateId", value=str(order.order_update_id)),
    )
