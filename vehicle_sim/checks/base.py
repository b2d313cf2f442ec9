"""What a check is shown, and how it speaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fleet.journal.commit import Commit, Store
from fleet.model.event import Event
from fleet.model.ids import OrderId, RunId, VehicleId
from fleet.model.run import Run
from fleet.report.exposure import Release
from fleet.roads.site_roads import SiteRoads
from fleet.state.fleet_state import FleetState
from fleet.telemetry.names import their_name
from fleet.telemetry.profiles import profile
from fleet.wire.codec import body_in, decode_instant_actions, decode_order
from fleet.wire.link import Topic
from fleet.wire.messages import InstantActions, Order
from vehicle_sim.finder import told_of
from vehicle_sim.ground import RoadPart
from vehicle_sim.hearing import Hearing
from vehicle_sim.timers import Timers
from vehicle_sim.vehicle import SimVehicle
from vehicle_sim.world import World


@dataclass(slots=True)
class Glance:
    """Everything a check may look at.

    Attributes:
        acked: runs that were answered with success, as they were asked for.
        state: the committed state of the present controller, None while there is none.
        is_listed: whether the present site file has a vehicle.
        alive_since_s: when the present controller came up.
        believed_heard_s: when the controller itself last believed a state of a vehicle; 0 for never.
        hearing: what really came in.
        calm_s: when faults are over.
        notes: what is no violation and still worth counting.
        releases: road that vehicles were let into.
        our_names: of orders, by the names they were told under.
    """

    world: World
    vehicles: Mapping[VehicleId, SimVehicle]
    roads: SiteRoads
    store: Store
    timers: Timers
    acked: dict[RunId, Run]
    state: Callable[[], FleetState | None]
    is_listed: Callable[[VehicleId], bool]
    alive_since_s: Callable[[], float]
    believed_heard_s: Callable[[VehicleId], float]
    hearing: Hearing
    calm_s: float
    notes: Counter[str] = field(default_factory=Counter)
    releases: list[Release] = field(default_factory=list)
    our_names: dict[str, OrderId] = field(default_factory=dict)

    def our_order_id(self, told: str) -> OrderId:
        """What the controller calls an order; some vehicles are told another name."""
        return self.our_names.get(told, OrderId(told))

    def note_names(self, vehicle_id: VehicleId) -> None:
        """Remember how the vehicle is told the order it has."""
        state = self.state()
        twin = state.twins.get(vehicle_id) if state is not None else None
        if twin is not None and twin.order_id is not None:
            self.our_names[their_name(twin.order_id, profile(twin).limits)] = twin.order_id


class Check:
    """One promise. Subclasses override what they need to see."""

    id = ""

    def __init__(self, glance: Glance) -> None:
        self.glance = glance

    def body_in(self, topic: Topic, payload: bytes) -> bytes:
        """What was sent, without its header."""
        return body_in(payload, self.glance.vehicles[VehicleId(topic.serial_number)].vehicle.vda5050_version)

    def roads_of(self, order: Order, index: int) -> tuple[RoadPart, ...]:
        """What the edge of that index means to whoever goes by the map, the likeliest first."""
        told = told_of(order.edges[index], order.nodes[index].position, order.nodes[index + 1].position)
        return self.glance.world.finder.anywhere(told) if told is not None else ()

    def violate(self, detail: str, vehicle: str = "") -> None:
        self.glance.world.violate(self.id, vehicle, detail)

    def committed(self, commit: Commit, events: Sequence[Event]) -> None:
        """A commit took place."""

    def moved(self, before: FleetState, after: FleetState) -> None:
        """The controller's state moved on."""

    def sent_order(self, topic: Topic, order: Order, payload: bytes) -> None:
        """An order goes out."""

    def sent_actions(self, topic: Topic, actions: InstantActions, payload: bytes) -> None:
        """Instant actions go out."""

    def ended(self, state: FleetState) -> None:
        """Faults are over, and everything has come to rest."""


class Checks:
    """All checks, told of everything."""

    def __init__(self, checks: Sequence[Check], glance: Glance) -> None:
        self._checks = checks
        self._glance = glance
        self._last: FleetState | None = None

    def committed(self, commit: Commit) -> None:
        events = [record.event() for record in commit.records]
        for check in self._checks:
            check.committed(commit, events)

    def moved(self, after: FleetState) -> None:
        if self._last is not None:
            for check in self._checks:
                check.moved(self._last, after)
        self._last = after

    def sent(self, topic_text: str, payload: bytes) -> None:
        topic = Topic.parse(topic_text)
        vehicle = self._glance.vehicles.get(VehicleId(topic.serial_number)) if topic else None
        if topic is None or vehicle is None:
            return
        self._glance.note_names(vehicle.id)
        version, fields = vehicle.vehicle.vda5050_version, vehicle.vehicle.habits.fields
        if topic.name == "order":
            order = decode_order(payload, version, fields)[1]
            for check in self._checks:
                check.sent_order(topic, order, payload)
        elif topic.name == "instantActions":
            actions = decode_instant_actions(payload, version, fields)[1]
            for check in self._checks:
                check.sent_actions(topic, actions, payload)

    def ended(self, state: FleetState) -> None:
        for check in self._checks:
            check.ended(state)
