"""The vehicle on the bench: a line to it, what it said, and waiting for what it says next.

All waits are in trade time on timers that are handed in, so the same checks run under virtual time against simulated
vehicles and over a broker against real ones.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec.structs import replace

from fleet.wire import codec
from fleet.wire.link import Link, Topic
from fleet.wire.messages import (
    TERMINAL_STATUSES,
    Action,
    ActionParameter,
    ActionState,
    BlockingType,
    Factsheet,
    Header,
    InstantActions,
    Order,
    Outbound,
    ProtocolLimits,
    VehicleState,
    ZoneSet,
)
from vehicle_sim.judge.course import Course
from vehicle_sim.judge.transcript import SPOKEN, Entry, Transcript, heard
from vehicle_sim.judge.verdict import MovedError, not_tried
from vehicle_sim.timers import Timers

STATE_INTERVAL_S = 30.0
OPTIONAL_OF_EDGES = {"length_m": {"length"}, "speed_mps_max": {"maxSpeed", "maximumSpeed"}}
"""What we call optional fields of edges, and what factsheets call them."""

ORDER_WAIT_S_MAX = 60.0
SLACK_S = 5.0
"""What a state may be late, on its way and by its maker's timer."""


class Hands(Protocol):
    """Somebody beside the vehicle."""

    async def do(self, what: str) -> bool:
        """Ask for it, and return once it is done; False where nobody does it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms a vehicle is judged.

    Attributes:
        patience_s: how long it may take to react, trade time.
        version: what it is told to speak; None to learn it from what it says.
        interface_name: first level of its topics; None for any.
        session_number: stands in every id that is made, so that none is ever used twice.
        node_action: an action for the maker's vehicle to do at a node.
    """

    manufacturer: str
    serial_number: str
    patience_s: float = 10.0
    version: str | None = None
    interface_name: str | None = None
    session_number: int = 1
    node_action: Action | None = None

    @property
    def topic_filter(self) -> str:
        return f"{self.interface_name or '+'}/+/{self.manufacturer}/{self.serial_number}/+"


class Bench:
    """Says and hears; a `LinkListener`.

    Attributes:
        mark: where in the transcript the present check began.
        may_drive: whether something that was said allows the vehicle to move.
        holds: the present check gave an order of which only the first node is released.
        heeds_released: it has not been seen to enter what was not released.
        says_both: the list of instant actions goes out under its old name as well.
    """

    def __init__(
        self, link: Link, timers: Timers, terms: Terms, course: Course | None = None, hands: Hands | None = None
    ) -> None:
        self.terms, self.course, self.hands = terms, course, hands
        self.transcript = Transcript()
        self.mark = 0
        self.may_drive = False
        self.holds = False
        self.heeds_released = True
        self.says_both = False
        self.is_up = False
        self.line_trouble = ""
        self.prefix: Topic | None = None
        self.version = terms.version or ""
        self.factsheet: Factsheet | None = None
        self._link, self._timers = link, timers
        self._news = asyncio.Event()
        self._moved = False
        self._order_due_s = 0.0
        self._last_state: VehicleState | None = None
        self._numbers: Counter[str] = Counter()
        self._own: set[bytes] = set()
        self._instant_ids: set[str] = set()
        self._ids = 0

    # ---- hearing

    async def listen(self) -> None:
        """Keep the line up until cancelled."""
        await self._link.run(self)

    def on_link_up(self) -> None:
        self.is_up = True
        self._news.set()

    def on_link_down(self, reason: str) -> None:
        self.is_up, self.line_trouble = False, reason
        self.transcript.breaks_s.append(self.now_s())

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        parsed = Topic.parse(topic)
        if parsed is None or (retained and not payload):
            return
        if parsed.name in SPOKEN:
            self._overhear(parsed, payload)
            return
        entry = heard(self.now_s(), parsed, payload, retained=retained)
        self.transcript.entries.append(entry)
        self._learn(entry, parsed)
        self._news.set()

    def _overhear(self, topic: Topic, payload: bytes) -> None:
        if payload not in self._own:
            self.transcript.strangers.append(
                Entry(at_s=self.now_s(), is_ours=False, topic=topic.text(), name=topic.name, payload=payload)
            )

    def _learn(self, entry: Entry, topic: Topic) -> None:
        if self.prefix is None:
            self.prefix = topic
        message = entry.message
        if message is not None and not self.version:
            self.version = message.header.version
        if isinstance(message, Factsheet):
            self.factsheet = message
        if isinstance(message, VehicleState) and not entry.retained:
            self._last_state = message
            self._moved |= message.driving and not self.may_drive

    # ---- waiting

    def now_s(self) -> float:
        return self._timers.now_s()

    async def until(self, is_so: Callable[[], bool], within_s: float | None = None) -> bool:
        """Wait until it is so, at most this long (`patience_s`); whether it came to be.

        Raises:
            MovedError: the vehicle drives although nothing allowed it to.
        """
        due_s = self.now_s() + (self.terms.patience_s if within_s is None else within_s)
        while True:
            if self._moved:
                raise MovedError
            if is_so():
                return True
            if self.now_s() >= due_s:
                return False
            self._news.clear()
            timer = self._timers.call_at(due_s, self._news.set)
            try:
                await self._news.wait()
            finally:
                timer.cancel()

    async def wait_s(self, seconds: float) -> None:
        await self.until(lambda: False, seconds)

    def calm(self) -> None:
        """What moved is dealt with."""
        self._moved = False

    # ---- what is known

    @property
    def has_state(self) -> bool:
        return self._last_state is not None

    @property
    def state(self) -> VehicleState:
        """The newest.

        Raises:
            JudgedError: none was heard.
        """
        if self._last_state is None:
            raise not_tried("the vehicle has not told its state")
        return self._last_state

    def states(self, since: int | None = None) -> list[VehicleState]:
        """Those since a place in the transcript, by default since the check began."""
        return self.transcript.states(self.mark if since is None else since)

    @property
    def limits(self) -> ProtocolLimits:
        return self.factsheet.limits if self.factsheet else ProtocolLimits()

    def offers(self, action_type: str, scope: str = "INSTANT") -> bool | None:
        """Whether the factsheet offers an action; None where it lists none at all."""
        if self.factsheet is None or not self.factsheet.actions:
            return None
        return any(
            each.action_type == action_type and (not each.scopes or scope in each.scopes)
            for each in self.factsheet.actions
        )

    def is_idle(self) -> bool:
        """Nothing of an order is left; a node that was reached may still be listed, in version 2."""
        state = self.state
        nodes_left = [node for node in state.node_states if node.sequence_id > state.last_node_sequence_id]
        return not nodes_left and not state.edge_states and not self.open_actions()

    def open_actions(self) -> list[ActionState]:
        """Of the order: instant actions share its list in version 2."""
        return [
            action
            for action in self.state.action_states
            if action.status not in TERMINAL_STATUSES and action.action_id not in self._instant_ids
        ]

    # ---- saying

    def new_id(self) -> str:
        """An id that was never used, as long as the vehicle allows and of digits where it wants digits."""
        self._ids += 1
        limits = self.limits
        text = (
            f"{self.terms.session_number}{self._ids:03d}"
            if limits.ids_are_numbers
            else f"judge-{self.terms.session_number}-{self._ids}"
        )
        return text[-limits.id_chars_max :] if limits.id_chars_max else text

    def topic(self, name: str) -> str:
        assert self.prefix is not None  # nothing is said before the vehicle was heard
        heard_on = self.prefix
        return f"{heard_on.interface_name}/v{heard_on.major}/{heard_on.manufacturer}/{heard_on.serial_number}/{name}"

    def header(self, name: str) -> Header:
        number = self._numbers[name]
        self._numbers[name] += 1
        return Header(
            header_id=number,
            sent_s=self.now_s(),
            version=self.version,
            manufacturer=self.terms.manufacturer,
            serial_number=self.terms.serial_number,
        )

    async def say(self, name: str, payload: bytes) -> int:
        """Send bytes as they are; the place in the transcript at which they stand."""
        self._own.add(payload)
        topic = self.topic(name)
        place = len(self.transcript)
        self.transcript.entries.append(Entry(at_s=self.now_s(), is_ours=True, topic=topic, name=name, payload=payload))
        await self._link.publish(topic, payload)
        return place

    async def tell(self, order: Order, change: Callable[[dict[str, Any]], None] | None = None) -> int:
        """Send an order, changed on purpose if asked; the place of the message in the transcript."""
        await self._order_is_due()
        payload = self._written(self._fitted(order), "order")
        if change is not None:
            message = json.loads(payload)
            change(message)
            payload = json.dumps(message).encode()
        return await self.say("order", payload)

    async def _order_is_due(self) -> None:
        """Keep the time between two orders that its factsheet asks for (4.3)."""
        await self.until(lambda: self.now_s() >= self._order_due_s, ORDER_WAIT_S_MAX)
        self._order_due_s = self.now_s() + self.limits.order_interval_s_min

    def _fitted(self, order: Order) -> Order:
        """Without what its factsheet leaves out, where that lists any optional field (4.4)."""
        listed = (
            {each.name.rpartition(".")[2] for each in self.factsheet.optional_parameters} if self.factsheet else set()
        )
        if not listed:
            return order
        without = {ours: None for ours, theirs in OPTIONAL_OF_EDGES.items() if not listed & theirs}
        return replace(order, edges=tuple(replace(edge, **without) for edge in order.edges))

    async def ask(self, action_type: str, *, action_id: str | None = None, **parameters: str) -> str:
        """Send an instant action; its id."""
        action = Action(
            action_id=action_id or self.new_id(),
            action_type=action_type,
            blocking_type=BlockingType.NONE,
            parameters=tuple(ActionParameter(key=key, value=value) for key, value in parameters.items()),
        )
        payload = self._written(InstantActions(actions=(action,)), "instantActions")
        if self.says_both:
            message = json.loads(payload)
            message["instantActions"] = message["actions"]
            payload = json.dumps(message).encode()
        self._instant_ids.add(action.action_id)
        await self.say("instantActions", payload)
        return action.action_id

    async def lay(self, zones: ZoneSet) -> int:
        """Send a set of zones."""
        return await self.say("zoneSet", self._written(zones, "zoneSet"))

    def _written(self, message: Outbound, name: str) -> bytes:
        try:
            return codec.encode_told(message, self.header(name))
        except ValueError as fault:  # the version it says is none, or has no words for this
            raise not_tried(f"nothing can be told to it in version {self.version!r}: {fault}") from fault
