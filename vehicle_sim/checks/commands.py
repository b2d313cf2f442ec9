"""Promises about commands: none is older than its life, none moves whom a person or a stop holds, none breaks us."""

from __future__ import annotations

from collections.abc import Sequence

from fleet.journal.commit import Commit
from fleet.model import event as ev
from fleet.model.event import Event
from fleet.model.ids import VehicleId
from fleet.wire.link import Topic
from fleet.wire.messages import InstantActions, Order
from vehicle_sim.checks.base import Check, Glance

LIFE_S = 60.0
TICK_S = 1.0
MOVES = frozenset({"startCharging", "stopPause"})
MAY_BE_MOVED = frozenset({"AUTOMATIC", "SEMIAUTOMATIC", "INTERVENED"})


class NothingStale(Check):
    """S26: an order that could not be sent within its life after it was decided is not sent any more."""

    id = "S26"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        self._decided_s: dict[str, float] = {}
        self._sent: set[str] = set()

    def committed(self, commit: Commit, events: Sequence[Event]) -> None:
        for row in commit.outbox:
            if row.topic == "order" and not row.update_id:
                self._decided_s[row.ref] = self.glance.timers.now_s()

    def sent_order(self, topic: Topic, order: Order, payload: bytes) -> None:
        if order.order_update_id or order.order_id in self._sent:
            return
        self._sent.add(order.order_id)
        age_s = self.glance.timers.now_s() - self._decided_s.get(
            self.glance.our_order_id(order.order_id), self.glance.timers.now_s()
        )
        if age_s > LIFE_S + TICK_S:
            self.violate(f"{order.order_id} is sent for the first time {age_s:.0f} s after it", topic.serial_number)


class NobodyIsMovedAgainstAStop(Check):
    """S29: nothing that makes it move goes to a vehicle in a hand's mode, stopped, or held by people."""

    id = "S29"

    def sent_order(self, topic: Topic, order: Order, payload: bytes) -> None:
        self._judge(topic, f"{order.order_id}.{order.order_update_id}")

    def sent_actions(self, topic: Topic, actions: InstantActions, payload: bytes) -> None:
        for action in actions.actions:
            if action.action_type in MOVES:
                self._judge(topic, f"{action.action_type} {action.action_id}")

    def _judge(self, topic: Topic, what: str) -> None:
        state = self.glance.state()
        twin = state.twins.get(VehicleId(topic.serial_number)) if state is not None else None
        if twin is None:
            return
        against = f"in mode {twin.mode}" if twin.mode not in MAY_BE_MOVED else ""
        against = against or ("stopped" if twin.is_stopped else "") or (f"held: {twin.held}" if twin.held else "")
        if against:
            self.violate(f"{what} is sent to a vehicle that is {against}", topic.serial_number)


class NothingBreaks(Check):
    """S21: nothing that comes in makes our own code raise; what does is put aside, and is a bug all the same."""

    id = "S21"

    def committed(self, commit: Commit, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, ev.ItemQuarantined):
                self.violate(f"{event.subject}: {event.error}")
