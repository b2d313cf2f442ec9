"""Sends what is committed, and only that, for as long as the area is ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog

from fleet.clock import Clock
from fleet.controller.headers import SentHeaders
from fleet.controller.inbox import Inbox
from fleet.controller.lease import LeaseKeeper
from fleet.controller.stats import Stats
from fleet.errors import LinkDownError, TooLargeError
from fleet.model.ids import OrderId, VehicleId
from fleet.model.profile import Profile
from fleet.model.site import Site
from fleet.model.vehicle import Vehicle
from fleet.orders.fit import SENT_BYTES_MAX
from fleet.orders.guard import Guard
from fleet.orders.outlet import OutboxRow, Outlet
from fleet.orders.reach import RESPONSES, ZONES
from fleet.state.fleet_state import FleetState
from fleet.telemetry.profiles import profile
from fleet.wire.codec import decode_order, retold, with_header
from fleet.wire.link import Link, Topic
from fleet.wire.messages import Header, Order
from fleet.wire.rules import violations

HELD_BACK_CHARS_MAX = 400

log = structlog.get_logger("fleet.sender")


class Sender:
    """Carries the outlet's due rows to the link.

    Attributes:
        line_known: how many times the line has come up by what the fleet's state knows; nothing is sent over a line
            that it has not heard of yet, for then it still believes what vehicles said before the gap.
        is_held: nothing is sent, for the store is in trouble.
        may_command: asked before anything is sent: whether no other controller commands the area.
        is_behind: asked before an order is sent: whether its vehicle has said something since that is not taken yet.
    """

    def __init__(
        self,
        site: Site,
        clock: Clock,
        link: Link,
        outlet: Outlet,
        inbox: Inbox,
        lease: LeaseKeeper,
        stats: Stats,
        guard: Guard,
    ) -> None:
        self._site = site
        self._guard = guard
        self._clock = clock
        self._link = link
        self._outlet = outlet
        self._inbox = inbox
        self._lease = lease
        self._stats = stats
        self._news = asyncio.Event()
        self._decided_s: dict[int, float] = {}
        self.headers = SentHeaders()
        self.line_known = 0
        self.is_held = False
        self.may_command: Callable[[], bool] = lambda: True
        self.is_behind: Callable[[VehicleId], bool] = lambda _: False

    def wake(self) -> None:
        self._news.set()

    def committed(self, rows: Iterable[OutboxRow], decided_s: float) -> None:
        """These rows may go out now; `decided_s` is the machine time at which their turn began."""
        for row in rows:
            self._outlet.add(row, self._clock.trade_now_s())
            self._decided_s[row.id] = decided_s
        self._news.set()

    async def send_forever(self, state: Callable[[], FleetState]) -> None:
        """Send what is due whenever woken, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            if not self._may_send():
                continue
            for row, attempts in self._outlet.due(state(), self._clock.trade_now_s(), self.is_behind):
                if self._may_send() and self._outlet.may_go(state(), row):
                    await self._send(row, attempts, state())
                else:  # things changed while the rows before it went out
                    self._outlet.not_sent(row.id)

    def _may_send(self) -> bool:
        knows_line = self.line_known == self._inbox.link_ups
        is_free = self._link.is_up and self._lease.is_good and not self.is_held
        return is_free and knows_line and self.may_command()

    async def _send(self, row: OutboxRow, attempts: int, state: FleetState) -> None:
        if attempts == self._site.limits.resend_attempts + 1:
            self._inbox.put_unconfirmed(row.vehicle_id, row.ref, f"was sent {attempts - 1} times")
        vehicle = self._site.vehicles[row.vehicle_id]
        to = profile(state.twin(row.vehicle_id))
        header = self._header(row, vehicle, to.version)
        payload = self._payload(row, header, to)
        if payload is None:
            self._outlet.not_sent(row.id)
            return
        topic = Topic(vehicle.interface_name, to.topic_major, vehicle.manufacturer, vehicle.serial_number, row.topic)
        if len(payload) > SENT_BYTES_MAX:
            self._too_large(row, f"{len(payload)} bytes are more than {SENT_BYTES_MAX}")
            return
        order = self._sound_order(row, payload, state, to) if row.topic == "order" else None
        if row.topic == "order" and order is None:
            self._outlet.not_sent(row.id)
            return
        try:
            self.headers.sent(row, header.header_id)
            await self._link.publish(topic.text(), payload)
        except TooLargeError as error:
            self._too_large(row, str(error))
            return
        except LinkDownError as error:
            log.warning("not_sent", vehicle=row.vehicle_id, ref=row.ref, reason=str(error))
            return
        if order is not None:
            self._guard.sent(row.vehicle_id, order)
        self._stats.sent[row.topic] += 1
        if attempts > 1:
            self._stats.resent += 1
        if (decided_s := self._decided_s.pop(row.id, None)) is not None:
            self._stats.dispatch_s.append(self._clock.machine_now_s() - decided_s)

    def _too_large(self, row: OutboxRow, reason: str) -> None:
        """Nobody would ever take it: a person is called now. It is tried on, for the broker may be set otherwise."""
        self._stats.dropped["too_large_to_send"] += 1
        log.error("too_large_to_send", vehicle=row.vehicle_id, ref=row.ref, reason=reason)
        self._inbox.put_unconfirmed(row.vehicle_id, row.ref, f"cannot be sent: {reason}")

    def _payload(self, row: OutboxRow, header: Header, to: Profile) -> bytes | None:
        """The message as it goes out. A codec may come from a plug-in: one that breaks costs its own vehicle alone."""
        try:
            is_for_one_version = row.topic in (ZONES, RESPONSES)
            payload = with_header(row.body, header) if is_for_one_version else retold(row.topic, row.body, header, to)
            self._judge(header.version, row.topic, payload)
        except Exception as error:
            self._hold_back(row, [f"{type(error).__name__}: {error}"])
            return None
        return payload

    def _sound_order(self, row: OutboxRow, payload: bytes, state: FleetState, to: Profile) -> Order | None:
        """The order as its vehicle will read it, if it may be sent; if not, nobody gets it and a person is called."""
        try:
            order = decode_order(payload, to.version, to.fields)[1]
            faults = self._guard.faults(row.vehicle_id, OrderId(row.ref), order, state, row.created_s)
        except Exception as error:  # whatever is wrong with a message or its judge, it is not sent
            order, faults = None, [f"{type(error).__name__}: {error}"]
        if order is not None and not faults:
            return order
        self._hold_back(row, faults)
        return None

    def _hold_back(self, row: OutboxRow, faults: list[str]) -> None:
        text = f"{row.ref}.{row.update_id} was not sent: {'; '.join(faults)}"[:HELD_BACK_CHARS_MAX]
        self._stats.held_back += 1
        log.error(
            "held_back", vehicle=row.vehicle_id, topic=row.topic, ref=row.ref, update=row.update_id, faults=faults
        )
        self._inbox.put_held_back(row.vehicle_id, text)

    def _judge(self, version: str, name: str, payload: bytes) -> None:
        for violation in violations(version, name, payload):
            self._stats.schema_violations[f"{name}:{violation.path}"] += 1
            log.error("own_rule_broken", topic=name, path=violation.path, reason=violation.reason)

    def _header(self, row: OutboxRow, vehicle: Vehicle, version: str) -> Header:
        """The next header; it bears exactly the version that the vehicle's own messages do."""
        return Header(
            header_id=self.headers.next_id(row, self._lease.epoch),
            sent_s=self._clock.trade_now_s(),
            version=version,
            manufacturer=vehicle.manufacturer,
            serial_number=vehicle.serial_number,
        )
