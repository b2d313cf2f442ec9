"""What a vehicle says: connection, state, factsheet, visualization, each with its own header counter."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import msgspec

from fleet.errors import LinkDownError
from fleet.model.profile import Profile
from fleet.model.vehicle import Vehicle
from fleet.wire import codec
from fleet.wire.link import Topic, Will
from fleet.wire.messages import (
    Connection,
    ConnectionState,
    ErrorReference,
    Factsheet,
    Header,
    Inbound,
    Load,
    MapState,
    NodeState,
    OfferedAction,
    OptionalParameter,
    OrderNode,
    PlannedPath,
    Position,
    Power,
    VehicleError,
    VehicleState,
    Visualization,
    Waypoint,
)
from vehicle_sim import complaints
from vehicle_sim.complaints import error_of
from vehicle_sim.held_order import ACTIONS_KNOWN
from vehicle_sim.manners import Manners
from vehicle_sim.outlook import outlook
from vehicle_sim.timers import Timer

if TYPE_CHECKING:
    from vehicle_sim.vehicle import SimVehicle

HEADER_ID_MAX = 2**32
REQUIRED_KEYS = ("stationType", "stationName", "loadId")
HEIGHT_M = 1.8  # of a small van; nothing is decided by it


class Radio(Protocol):
    """A vehicle's line, for callers that cannot wait."""

    def send(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
        """Hand a message to the line.

        Raises:
            LinkDownError: the line is down; nothing was sent.
        """
        ...

    def silence(self, for_s: float) -> None:
        """Lose the network for so many trade seconds, without a farewell."""
        ...


def _rounded(theta_rad: float) -> float:
    """To a ten-thousandth, and never beyond half a turn, which rounding up would be."""
    return max(-3.1415, min(3.1415, round(theta_rad, 4)))


def _node_state(node: OrderNode) -> NodeState:
    return NodeState(node_id=node.node_id, sequence_id=node.sequence_id, released=node.released)


def topic_of(vehicle: Vehicle, name: str) -> str:
    major = codec.topic_major(vehicle.vda5050_version)
    return Topic(vehicle.interface_name, major, vehicle.manufacturer, vehicle.serial_number, name).text()


def will_of(vehicle: Vehicle, now_s: float) -> Will:
    """What the broker says when the vehicle vanishes."""
    message = Connection(header=_header(vehicle, 0, now_s), state=ConnectionState.CONNECTION_BROKEN)
    return Will(topic_of(vehicle, "connection"), _encoded(vehicle, message), qos=1, retain=True)


def _header(vehicle: Vehicle, header_id: int, now_s: float) -> Header:
    return Header(
        header_id=header_id % HEADER_ID_MAX,
        sent_s=now_s,
        version=vehicle.vda5050_version,
        manufacturer=vehicle.manufacturer,
        serial_number=vehicle.serial_number,
    )


def _encoded(vehicle: Vehicle, message: Inbound) -> bytes:
    """A message in the version and with the names of the vehicle's make."""
    profile = Profile(version=vehicle.vda5050_version, topic_major=0, fields=vehicle.habits.fields)
    return codec.with_header(codec.body_of(message, profile), message.header)


class Voice:
    """Sends states when something changed, all changes of one instant in one, and at least every so often."""

    def __init__(
        self, owner: SimVehicle, map_id: str, radio: Radio, state_interval_s: float, visualization_s: float | None
    ) -> None:
        self._owner = owner
        self.map_id = map_id
        self._maps = (MapState(map_id=map_id, map_version="1", is_enabled=True),)
        self.radio = radio
        self._timers = owner.world.timers
        self._state_interval_s = state_interval_s
        self._visualization_s = visualization_s
        self.manners = Manners(owner.character)
        self._topics = {
            name: topic_of(owner.vehicle, name) for name in ("connection", "state", "factsheet", "visualization")
        }
        self._pending: Timer | None = None
        self._last_state_s = 0.0
        self._is_awake = False
        self._has_restarted = False
        self.states_sent = 0

    # ---- when

    def greet(self) -> None:
        """The line is up: say so, who we are and how we are."""
        if self._has_restarted:
            self._has_restarted = False
            self.manners.count_anew()
        if not self._is_awake or self._owner.character.repeats_online:
            self._say_connection(ConnectionState.ONLINE)
        self.say_factsheet()
        self.say_state()
        if not self._is_awake:
            self._is_awake = True
            self._later(self._state_interval_s, self._beat)
            if self._visualization_s:
                self._later(self._visualization_s, self._show)

    def farewell(self) -> None:
        """About to leave on purpose."""
        self._say_connection(ConnectionState.OFFLINE)

    def say_sleeping(self) -> None:
        self._say_connection(ConnectionState.HIBERNATING)

    def say_awake(self) -> None:
        self._say_connection(ConnectionState.ONLINE)

    def touched(self) -> None:
        """Something changed; say it once this instant is over."""
        if self._pending is None and self._is_awake:
            self._pending = self._timers.call_at(self._timers.now_s(), self.say_state)

    def say_state(self) -> None:
        self._pending = None
        self._last_state_s = self._timers.now_s()
        if self._owner.is_off or self._owner.is_hibernating:
            return
        self.states_sent += 1
        self._send("state", self.state())

    def say_factsheet(self) -> None:
        self._send("factsheet", self._factsheet())

    def count_anew(self) -> None:
        """After a restart every topic counts from zero, beginning with what is heard of it first."""
        self._has_restarted = True

    def _say_connection(self, state: ConnectionState) -> None:
        message = Connection(header=self._header("connection"), state=state)
        self._send("connection", message)

    def _beat(self) -> None:
        due_s = self._last_state_s + self._state_interval_s
        if due_s <= self._timers.now_s() + 1e-3:
            self.say_state()
            due_s = self._last_state_s + self._state_interval_s
        self._timers.call_at(due_s, self._beat)

    def _show(self) -> None:
        assert self._visualization_s is not None
        message = Visualization(
            header=self._header("visualization"),
            position=self._position(),
            speed_mps=self._owner.driver.speed_mps(),
            state_header_id=self.manners.last_number("state") % HEADER_ID_MAX,
        )
        self._send("visualization", message)
        self._later(self._visualization_s, self._show)

    def _later(self, wait_s: float, callback: Callable[[], None]) -> None:
        self._timers.call_at(self._timers.now_s() + wait_s, callback)

    # ---- what

    def state(self) -> VehicleState:
        owner, order, driver = self._owner, self._owner.order, self._owner.driver
        hops = tuple(order.hops) if order else ()
        kept = (_node_state(order.last_node),) if order and owner.character.keeps_reached_node else ()
        path, waypoints = self._outlook()
        return VehicleState(
            header=self._header("state"),
            order_id=order.order_id if order else "",
            order_update_id=order.update_id if order else 0,
            last_node_id=owner.last_node_id,
            last_node_sequence_id=order.last_node.sequence_id if order else 0,
            node_states=(*kept, *[hop.node_state for hop in hops]),
            edge_states=tuple([hop.edge_state for hop in hops]),
            action_states=tuple(owner.handling.states(owner.character.shows_over_states)),
            instant_action_states=tuple(owner.instant.states()),
            driving=driver.is_driving,
            paused=owner.is_paused,
            new_base_request=driver.wants_base(),
            distance_since_last_node_m=round(driver.since_node_m(), 2),
            position=self._position(),
            speed_mps=round(driver.speed_mps(), 3),
            loads=self._loads(),
            power=self._power(),
            mode=owner.mode,
            errors=(*[error for _, error in owner.errors.values()], *self._road_errors()),
            safety=owner.safety,
            maps=self._maps,
            zone_sets=owner.zones.states() or None,
            planned_path=path,
            waypoints=waypoints,
            requests=owner.leaves.states(),
        )

    def _outlook(self) -> tuple[PlannedPath | None, tuple[Waypoint, ...]]:
        owner = self._owner
        if not owner.edition.tells_path:
            return None, ()
        return outlook(owner.driver, owner.world.ground, self._timers.now_s())

    def _position(self) -> Position:
        x_m, y_m, theta_rad = self._owner.world.ground.pose(self._owner.driver.here())
        return Position(
            x_m=round(x_m, 3), y_m=round(y_m, 3), theta_rad=_rounded(theta_rad), map_id=self.map_id, is_localized=True
        )

    def _loads(self) -> tuple[Load, ...]:
        lots = self._owner.world.lots_aboard(self._owner.id)
        return tuple(Load(load_id=lot.run_id, load_type="lot", weight_kg=round(lot.mass_kg, 3)) for lot in lots)

    def _power(self) -> Power:
        battery = self._owner.type.battery
        energy_wh = self._owner.driver.energy_wh()
        return Power(
            soc_fraction=round(energy_wh / battery.energy_wh, 5),
            is_charging=self._owner.plug.is_charging,
            reach_m=round(energy_wh / battery.empty_wh_per_m) if battery.empty_wh_per_m else None,
        )

    def _road_errors(self) -> tuple[VehicleError, ...]:
        driver = self._owner.driver
        errors = []
        if (hop := driver.blocked_at) is not None:
            references = (
                ErrorReference(key="edgeId", value=hop.edge.edge_id),
                ErrorReference(key="nodeId", value=self._owner.last_node_id),
            )
            text = "something stands on the road ahead"
            errors.append(error_of(complaints.BLOCKED, self._owner.major, text, references))
        if driver.is_empty:
            errors.append(error_of(complaints.EMPTY, self._owner.major))
        return tuple(errors)

    def _factsheet(self) -> Factsheet:
        vehicle_type = self._owner.type
        return Factsheet(
            header=self._header("factsheet"),
            series_name=vehicle_type.id,
            load_kg_max=vehicle_type.mass_kg_max,
            speed_mps_max=vehicle_type.speed_mps_max,
            accel_mps2_max=vehicle_type.accel_mps2,
            decel_mps2_max=vehicle_type.accel_mps2,
            length_m=vehicle_type.length_m,
            height_m=HEIGHT_M,
            width_m=vehicle_type.width_m,
            limits=msgspec.structs.replace(
                self._owner.character.limits, state_interval_s_default=self._state_interval_s
            ),
            actions=self.offers(),
            optional_parameters=self._optional_parameters(),
            zone_types=self._owner.edition.zones,
        )

    def offers(self) -> tuple[OfferedAction, ...]:
        """The actions it can do."""
        blocking = ("HARD",) if self._owner.edition.lists_blocking_types else ()
        at_nodes = tuple(
            OfferedAction(action_type=kind, scopes=("NODE",), blocking_types=blocking, required_keys=REQUIRED_KEYS)
            for kind in sorted(ACTIONS_KNOWN)
        )
        at_once = tuple(OfferedAction(action_type=kind, scopes=("INSTANT",)) for kind in self._owner.instant.known)
        return (*at_nodes, *at_once)

    def _optional_parameters(self) -> tuple[OptionalParameter, ...]:
        quirks = self._owner.character
        names = sorted({*quirks.supports, *quirks.requires})
        return tuple(OptionalParameter(name=name, is_required=name in quirks.requires) for name in names)

    # ---- how

    def _header(self, name: str) -> Header:
        number = self.manners.header_id(name)
        return _header(self._owner.vehicle, number, self._timers.now_s() + self._owner.clock_lie_s)

    def _send(self, name: str, message: Inbound) -> None:
        manners = self.manners
        payload = manners.written(name, _encoded(self._owner.vehicle, message))
        with suppress(LinkDownError):  # nobody hears it then; a fresh state follows once the line is up again
            self.radio.send(self._topics[name], payload, qos=manners.qos(name), retain=manners.retains(name))
