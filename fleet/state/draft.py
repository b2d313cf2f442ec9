"""A turn's candidate: the next state and the events that lead to it; nobody sees it before the commit."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.model.event import Event
from fleet.model.ids import VehicleId
from fleet.state.apply import apply
from fleet.state.fleet_state import FleetState
from fleet.telemetry.names import their_message
from fleet.telemetry.profiles import profile
from fleet.wire.codec import body_of
from fleet.wire.messages import Outbound


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with who caused it."""

    event: Event
    actor: str
    cause: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to a vehicle, to be sent once the events it belongs to are committed.

    Attributes:
        ref: what it is known by until it is settled: order, action, zone set or request id.
        body: the message as this vehicle is told it, without header.
        after: how many events of the turn stand before it.
    """

    vehicle_id: VehicleId
    topic: str
    ref: str
    update_id: int
    message: Outbound
    body: bytes
    after: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A point to which a draft can be taken back."""

    state: FleetState
    entries: int
    letters: int
    plan_reasons: int


class Draft:
    """Collects events and shows the state they lead to.

    `apply` is the only writer of states; a draft only remembers what it was given, so that the work on one vehicle or
    run can be taken back when it fails, and the whole when the commit does.

    Attributes:
        touched: vehicles that should be looked at before the turn ends.
        wakes: when to look at a vehicle again though nothing happened to it.
        plan_reasons: why new trips are wanted at the end of this turn.
    """

    def __init__(self, state: FleetState, now_s: float) -> None:
        self.base = state
        self.state = state
        self.now_s = now_s
        self.entries: list[Entry] = []
        self.letters: list[Letter] = []
        self.touched: set[VehicleId] = set()
        self.wakes: dict[VehicleId, float] = {}
        self.plan_reasons: list[str] = []
        self.actor = "controller"
        self.cause = ""

    def emit(self, event: Event) -> None:
        self.state = apply(self.state, event, self.now_s)
        self.entries.append(Entry(event, self.actor, self.cause))

    def send(self, vehicle_id: VehicleId, topic: str, ref: str, update_id: int, message: Outbound) -> None:
        """Put a message into the words of its vehicle now, so that one that cannot be told is this vehicle's trouble.

        Raises:
            ValueError: it cannot be told to this vehicle.
        """
        spoken = profile(self.state.twin(vehicle_id))
        body = body_of(their_message(message, spoken.limits), spoken)
        self.letters.append(Letter(vehicle_id, topic, ref, update_id, message, body, len(self.entries)))

    def can_say(self, vehicle_id: VehicleId, message: Outbound) -> bool:
        """Whether the vehicle's version has words for a message; older ones know no zones."""
        try:
            body_of(message, profile(self.state.twin(vehicle_id)))
        except ValueError:
            return False
        return True

    def next_id(self, kind: str, ahead: int = 0) -> str:
        """A new id, unique over restarts; the counter behind it moves with the event that uses it.

        Args:
            ahead: how many ids of this kind were taken since the last such event.
        """
        number = self.state.counters.get(kind, 0) + 1 + ahead
        return f"{kind}-{self.state.token}-{number}"

    def touch(self, vehicle_id: VehicleId) -> None:
        self.touched.add(vehicle_id)

    def wake(self, vehicle_id: VehicleId, at_s: float) -> None:
        """Look at the vehicle again at `at_s`, at the latest."""
        self.wakes[vehicle_id] = min(at_s, self.wakes.get(vehicle_id, at_s))

    def want_plan(self, why: str) -> None:
        if why not in self.plan_reasons:
            self.plan_reasons.append(why)

    def mark(self) -> Mark:
        return Mark(self.state, len(self.entries), len(self.letters), len(self.plan_reasons))

    def back_to(self, mark: Mark) -> None:
        self.state = mark.state
        del self.entries[mark.entries :]
        del self.letters[mark.letters :]
        del self.plan_reasons[mark.plan_reasons :]
