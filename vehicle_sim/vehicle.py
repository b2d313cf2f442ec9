"""One VDA 5050 vehicle: hears orders, drives, loads and unloads, charges, and says so.

Discrete events on timers, no task of its own: the same vehicle runs under virtual time on the in-memory link and on
an ordinary loop against a real broker. It trusts no order: what it cannot do it refuses, as a real one would.
"""

from __future__ import annotations

from typing import assert_never

from fleet.errors import WireError
from fleet.model.place import Place
from fleet.model.site import Site
from fleet.model.vehicle import Vehicle
from fleet.wire import codec
from fleet.wire.messages import (
    EmergencyStop,
    ErrorReference,
    Header,
    InstantActions,
    OperatingMode,
    Order,
    OrderNode,
    Responses,
    Safety,
    VehicleError,
    ZoneSet,
)
from vehicle_sim import complaints
from vehicle_sim.ailments import Ailments
from vehicle_sim.characters import EXACT, Character
from vehicle_sim.complaints import Complaint, error_of, major_of
from vehicle_sim.driver import Driver
from vehicle_sim.editions import edition_of
from vehicle_sim.handling import Doing, Handling
from vehicle_sim.held_order import HeldOrder, Hop
from vehicle_sim.instant import InstantDesk
from vehicle_sim.lapses import Lapses
from vehicle_sim.leave import Leaves
from vehicle_sim.order_desk import OrderDesk, topic_reference
from vehicle_sim.plug import Plug
from vehicle_sim.strictness import can_be_called, size_fault
from vehicle_sim.voice import Radio, Voice
from vehicle_sim.world import World, WorldEventKind
from vehicle_sim.zones import Zones

SAFE = Safety(emergency_stop=EmergencyStop.NONE, field_violation=False)


class SimVehicle:
    """A vehicle on the road; a `LinkListener`.

    Args:
        vehicle: as the site lists it.
        place: where it stands at first; its home station.
        node_id: the name of that place.
        soc_fraction: charge at first.
        state_interval_s: a state goes out at least this often, in trade time.
        visualization_s: interval of the visualization topic, None for none.
        character: what it does otherwise than the standard asks.

    Attributes:
        home: the place and node of its home station.
        stands_at: the last node while it knows no order; empty where it does not know that either.
        was_moved: people have moved it since it reached its last node, and it knows that.
        safety: the emergency stop and the protective field.
        clock_lie_s: how far its clock is ahead of the true time.
        is_off: it is restarting; nothing is heard, said or done.
        is_hibernating: it sleeps until it is woken; it says no states and takes no orders.
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
        character: Character = EXACT,
    ) -> None:
        self.vehicle = vehicle
        self.id = vehicle.id
        self.character = character
        self.major = major_of(vehicle.vda5050_version)
        self.edition = edition_of(self.major)
        self.world = world
        self.type = site.type_of(vehicle.id)
        self.stands_at = node_id if can_be_called(character.limits, node_id) else ""
        self.home = (place, self.stands_at)
        self.mode = OperatingMode.AUTOMATIC
        self.safety = SAFE
        self.was_moved = False
        self.clock_lie_s = 0.0
        self.is_off = False
        self.is_paused = self.is_hibernating = False
        self.errors: dict[str, tuple[Complaint, VehicleError]] = {}
        self.driver = Driver(vehicle.id, self.type, world, place, soc_fraction, self)
        self.zones = Zones(world.ground)
        self.handling = Handling(
            vehicle.id, world, self.touched, self._action_failed, self.go_on, self.edition.knows_retriable
        )
        self.plug = Plug(vehicle.id, self.driver, world)
        self.orders = OrderDesk(self)
        self.instant = InstantDesk(self)
        self.lapses = Lapses(self)
        self.leaves = Leaves(self)
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
        try:
            self._hear(name, payload)
        except (WireError, ValueError) as fault:
            text = fault.reason if isinstance(fault, WireError) else str(fault)
            self.complain(complaints.MALFORMED, text, topic_reference(name))

    def _hear(self, name: str, payload: bytes) -> None:
        """Read a message.

        Raises:
            WireError: it is none.
            ValueError: this vehicle does not take it.
        """
        if fault := size_fault(self.character, payload):
            raise ValueError(fault)
        if name not in self.edition.topics:
            raise ValueError(f"nothing is heard on {name}")
        payload = self.voice.manners.read(name, payload)
        header, told = codec.decode_told(name, payload, self.vehicle.vda5050_version, self.vehicle.habits.fields)
        self._check_version(header)
        match told:
            case Order():
                self.orders.hear(told)
            case InstantActions():
                for action in told.actions:
                    self.instant.hear(action)
            case ZoneSet():
                self.zones.take(told)
                self.touched()
            case Responses():
                self.leaves.hear(told)
            case _:
                assert_never(told)

    def _check_version(self, header: Header) -> None:
        """Majors never mix; and there are vehicles that take only the very version they speak."""
        mine, theirs = self.vehicle.vda5050_version, header.version
        is_other = theirs != mine if self.character.takes_own_version_only else major_of(theirs) != self.major
        if is_other:
            raise ValueError(f"version {theirs} is not spoken here, but {mine}")

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
        if node_id != self.last_node_id:
            self.driver.reached_node()
        self.driver.order, self.stands_at = None, node_id
        self.orders.forget_all()
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

    def zone_speed_mps(self, edge: int) -> float:
        return self.zones.speed_mps(edge)

    def load_kg(self) -> float:
        return sum(lot.mass_kg for lot in self.world.lots_aboard(self.id))

    def entered(self, hop: Hop) -> None:
        self.leaves.entered(hop)

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

    def complain(self, complaint: Complaint, description: str, references: tuple[ErrorReference, ...] = ()) -> None:
        """Show an error in every state until it is over."""
        key = f"{complaint.two}:{','.join(reference.value for reference in references)}"
        self.errors[key] = complaint, error_of(complaint, self.major, description, references)
        self.touched()

    def forget_order_errors(self) -> None:
        """An order or update was taken: what was wrong with those before is over."""
        self.errors = {key: error for key, error in self.errors.items() if not error[0].is_about_order}

    def _action_failed(self, doing: Doing) -> None:
        reference = ErrorReference(key="actionId", value=doing.action.action_id)
        self.complain(complaints.ACTION_FAILED, doing.result or "", (reference,))
