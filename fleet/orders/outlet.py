"""What is still to be sent, again and again, until the vehicle's state shows it.

MQTT promises nothing, so an order is sent with the same content after 2, 4, 8 and then every 10 seconds. Nothing is
sent to a vehicle that is not heard or may not move: what waits is looked at anew when a fresh state of it comes in.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from fleet.model.ids import ActionId, OrderId, VehicleId
from fleet.model.order import ActionPhase, OrderPhase
from fleet.model.site import Limits
from fleet.model.twin import Liveness
from fleet.orders.reach import RESPONSES, ZONES, is_answered, may_be_told
from fleet.state.fleet_state import FleetState
from fleet.telemetry.profiles import profile

ORDER_LIFE_S = 60.0


class OutboxStatus(StrEnum):
    """What became of a message that was committed for sending."""

    COMMITTED = "committed"  # counts as exposed: it may be sent at any moment, or have been
    CONFIRMED = "confirmed"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """A message that may be sent once it is committed; header id and time stamp come at sending.

    Attributes:
        seq: the journal record that it belongs to.
        topic: "order", "instantActions", "zoneSet" or "responses".
        ref: order id, action id of an instant action, id of the zone set, or of the request that is answered.
        body: the message without header; the same ref and update always have the same body.
        digest: sha256 of the body.
    """

    id: int
    seq: int
    vehicle_id: VehicleId
    topic: str
    ref: str
    update_id: int
    body: bytes
    digest: str
    created_s: float


@dataclass(slots=True)
class _Waiting:
    """`is_doubted`: decided before the line was down, and not looked at again since."""

    row: OutboxRow
    attempts: int = 0
    is_doubted: bool = False


class Outlet:
    """The rows that wait for a confirmation, and when each is sent next.

    Rows that wait for their vehicle cost nothing until it is heard, however many there are.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: dict[int, _Waiting] = {}
        self._by_vehicle: dict[VehicleId, list[int]] = {}
        self._due: list[tuple[float, int]] = []
        self._queued: set[int] = set()
        self._ages: list[tuple[float, int]] = []
        self._suspects: dict[int, None] = {}
        self._ordered_s: dict[VehicleId, float] = {}

    def add(self, row: OutboxRow, at_s: float) -> None:
        """A row was committed: send it from `at_s` on."""
        self._waiting[row.id] = _Waiting(row)
        self._by_vehicle.setdefault(row.vehicle_id, []).append(row.id)
        self._queue(row.id, at_s)
        if _is_new_order(row):
            heapq.heappush(self._ages, (row.created_s + ORDER_LIFE_S, row.id))

    def stale(self, state: FleetState, now_s: float) -> list[OrderId]:
        """New orders that could not be sent for so long that they should be decided anew instead.

        One for a vehicle that is not heard is looked at again when it is.
        """
        while self._ages and self._ages[0][0] < now_s:
            self._suspects[heapq.heappop(self._ages)[1]] = None
        found: dict[int, OrderId] = {}
        for row_id in self._suspects:
            waiting = self._waiting.get(row_id)
            order = state.orders.get(OrderId(waiting.row.ref)) if waiting and _is_stale(waiting, now_s) else None
            if order is None or order.phase is not OrderPhase.ISSUED:
                continue
            if state.twin(order.vehicle_id).liveness is Liveness.FRESH:
                found[row_id] = order.id
        self._suspects = dict.fromkeys(found)
        return list(found.values())

    def doubt(self) -> None:
        """The line was down, or we were: what was decided before is looked at again before it is sent (3.10)."""
        for waiting in self._waiting.values():
            waiting.is_doubted = waiting.row.topic == "order"

    def doubted(self) -> tuple[OrderId, ...]:
        """Orders whose messages wait to be looked at again."""
        return tuple({OrderId(w.row.ref): None for w in self._waiting.values() if w.is_doubted})

    def is_ready(self, state: FleetState) -> bool:
        """Whether one of them belongs to a vehicle that has spoken since."""
        vehicles = {waiting.row.vehicle_id for waiting in self._waiting.values() if waiting.is_doubted}
        return any(state.twin(vehicle_id).liveness is Liveness.FRESH for vehicle_id in vehicles)

    def trust(self, order_id: OrderId, now_s: float) -> None:
        """An order was looked at again, and still stands: what waits of it may go."""
        for row_id, waiting in self._waiting.items():
            if waiting.is_doubted and waiting.row.ref == order_id:
                waiting.is_doubted = False
                if row_id not in self._queued:
                    self._queue(row_id, now_s)

    def due(
        self, state: FleetState, now_s: float, is_behind: Callable[[VehicleId], bool] = lambda _: False
    ) -> list[tuple[OutboxRow, int]]:
        """Rows to send now, with how many times each will have been sent then.

        Rows for vehicles that are not heard, or may not move, stay where they are; `heard` brings them back. So do
        orders for one whose latest word is not taken yet: it may have said that it takes none.
        """
        found: list[tuple[OutboxRow, int]] = []
        while self._due and self._due[0][0] <= now_s:
            _, row_id = heapq.heappop(self._due)
            self._queued.discard(row_id)
            waiting = self._waiting.get(row_id)
            if waiting is None or waiting.is_doubted or _is_stale(waiting, now_s):
                continue
            if not _may_be_told(state, waiting.row):
                continue
            if waiting.row.topic == "order" and is_behind(waiting.row.vehicle_id):
                continue
            if waiting.row.topic == "order":
                if (again_s := self._takes_again_s(state, waiting.row.vehicle_id)) > now_s:
                    self._queue(row_id, again_s)
                    continue
                self._ordered_s[waiting.row.vehicle_id] = now_s
            waiting.attempts += 1
            self._queue(row_id, now_s + self._wait_s(state, waiting))
            found.append((waiting.row, waiting.attempts))
        return found

    def _takes_again_s(self, state: FleetState, vehicle_id: VehicleId) -> float:
        """From when on the vehicle takes another order: it counts from whatever came last, a mere copy too (4.3)."""
        interval_s = profile(state.twin(vehicle_id)).limits.order_interval_s_min
        return self._ordered_s.get(vehicle_id, -math.inf) + min(interval_s, ORDER_LIFE_S / 2.0)

    def _wait_s(self, state: FleetState, waiting: _Waiting) -> float:
        """Until it is said again; never sooner than the vehicle takes orders."""
        wait_s = self._limits.resend_wait_s(waiting.attempts)
        if waiting.row.topic != "order":
            return wait_s
        return max(wait_s, profile(state.twin(waiting.row.vehicle_id)).limits.order_interval_s_min)

    def may_go(self, state: FleetState, row: OutboxRow) -> bool:
        """Whether a row that was due a moment ago is still to be sent, as the state is now."""
        return row.id in self._waiting and _may_be_told(state, row) and outcome(state, row) is None

    def not_sent(self, row_id: int) -> None:
        """A row that was due stayed here after all: that was no attempt."""
        if (waiting := self._waiting.get(row_id)) is not None:
            waiting.attempts -= 1

    def heard(self, vehicle_id: VehicleId, now_s: float) -> None:
        """A vehicle is heard again, or the line is up again: what it has not confirmed is due."""
        for row_id in self._by_vehicle.get(vehicle_id, ()):
            if (waiting := self._waiting.get(row_id)) is None:
                continue
            if row_id not in self._queued:
                self._queue(row_id, now_s)
            if _is_stale(waiting, now_s):
                self._suspects[row_id] = None

    def settle(self, state: FleetState, vehicle_id: VehicleId) -> list[tuple[int, OutboxStatus]]:
        """Rows of the vehicle that need no more sending in this state, and what became of each."""
        return [
            (row_id, status)
            for row_id in self._by_vehicle.get(vehicle_id, ())
            if row_id in self._waiting and (status := outcome(state, self._waiting[row_id].row)) is not None
        ]

    def drop(self, row_ids: list[int]) -> None:
        """These rows are settled, and that is committed."""
        for row_id in row_ids:
            waiting = self._waiting.pop(row_id, None)
            if waiting is not None:
                self._by_vehicle[waiting.row.vehicle_id].remove(row_id)

    def _queue(self, row_id: int, at_s: float) -> None:
        self._queued.add(row_id)
        heapq.heappush(self._due, (at_s, row_id))

    @property
    def next_due_s(self) -> float:
        return self._due[0][0] if self._due else float("inf")

    @property
    def open_count(self) -> int:
        return len(self._waiting)


def _is_stale(waiting: _Waiting, now_s: float) -> bool:
    """A new order that was never sent and is old: the fleet has moved on since it was decided."""
    return not waiting.attempts and _is_new_order(waiting.row) and now_s > waiting.row.created_s + ORDER_LIFE_S


def _is_new_order(row: OutboxRow) -> bool:
    return row.topic == "order" and not row.update_id


def _may_be_told(state: FleetState, row: OutboxRow) -> bool:
    twin = state.twins.get(row.vehicle_id)
    return twin is not None and may_be_told(twin, row.topic, row.ref)


def outcome(state: FleetState, row: OutboxRow) -> OutboxStatus | None:
    """What has become of a row, by what the vehicle's states have shown; None while it is open."""
    if row.topic in (ZONES, RESPONSES):
        known = is_answered(state.twin(row.vehicle_id), row.topic, row.ref, row.created_s)
        if known is None:
            return OutboxStatus.SUPERSEDED
        return OutboxStatus.CONFIRMED if known else None
    if row.topic != "order":
        twin = state.twin(row.vehicle_id)
        instant = next((i for i in twin.instants if i.action_id == ActionId(row.ref)), None)
        is_open = instant is not None and instant.phase is ActionPhase.PENDING
        return None if is_open else OutboxStatus.CONFIRMED
    order = state.orders.get(OrderId(row.ref))
    if order is None:
        return OutboxStatus.SUPERSEDED
    if order.update_seen >= row.update_id:
        return OutboxStatus.CONFIRMED
    return OutboxStatus.SUPERSEDED if order.phase is OrderPhase.CANCELLING else None
