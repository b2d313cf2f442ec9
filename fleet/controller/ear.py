"""Hears the line: bytes become messages, the late and the doubled are dropped, the rest goes into the inbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from fleet.clock import Clock
from fleet.controller.inbox import Inbox
from fleet.controller.stats import Stats
from fleet.errors import WireError
from fleet.model.ids import VehicleId
from fleet.model.site import Site
from fleet.model.vehicle import Vehicle
from fleet.telemetry.gate import HeaderGate, Verdict
from fleet.telemetry.liveness import Watch
from fleet.wire.codec import decode, rules_of
from fleet.wire.link import Topic
from fleet.wire.messages import Connection, Factsheet, Inbound, Position, VehicleState, Visualization

CLOCK_OFF_S = 300.0
"""More than any network delays a message, or a vehicle's clock drifts: its time is another than ours."""

log = structlog.get_logger("fleet.ear")


@dataclass(frozen=True, slots=True)
class Heard:
    """The last a vehicle said, for display; decisions are made from folded state only."""

    state: VehicleState | None
    position: Position | None
    speed_mps: float | None
    at_s: float


class Ear:
    """The link's listener for one area.

    Attributes:
        heard: by vehicle, the last state and position; in memory, lossy.
        factsheets: by vehicle, what it said it can do.
        clocks_off: vehicles whose last state bears a time far from ours, with how far; by seconds ahead.
    """

    def __init__(self, site: Site, clock: Clock, inbox: Inbox, watch: Watch, stats: Stats) -> None:
        self._clock = clock
        self._inbox = inbox
        self._watch = watch
        self._stats = stats
        self._gate = HeaderGate()
        self._vehicles: Mapping[tuple[str, str], Vehicle] = {
            (vehicle.manufacturer, vehicle.serial_number): vehicle for vehicle in site.vehicles.values()
        }
        self.heard: dict[VehicleId, Heard] = {}
        self.factsheets: dict[VehicleId, Factsheet] = {}
        self.clocks_off: dict[VehicleId, float] = {}
        self._clocks_told: set[VehicleId] = set()
        self.is_link_up = False
        self.link_trouble = "not connected yet"

    def on_link_up(self) -> None:
        """The line is up, and it was not the vehicles' fault that they were not heard."""
        self.is_link_up, self.link_trouble = True, ""
        self._watch.from_now(self._clock.trade_now_s())
        log.info("link_up")
        self._inbox.put_link_up()

    def on_link_down(self, reason: str) -> None:
        self.is_link_up, self.link_trouble = False, reason
        log.warning("link_down", reason=reason)

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Take one message; whatever is wrong with it costs a count and nothing else."""
        parsed = Topic.parse(topic)
        vehicle = self._vehicles.get((parsed.manufacturer, parsed.serial_number)) if parsed else None
        if parsed is None or vehicle is None:
            self._stats.dropped["unknown_vehicle"] += 1
            return
        vehicle_id = vehicle.id
        self._stats.received[parsed.name] += 1
        try:
            message = decode(parsed, payload, vehicle.vda5050_version, vehicle.habits.fields)
        except WireError as error:
            self._stats.dropped["malformed"] += 1
            log.warning("message_refused", vehicle=vehicle_id, topic=topic, reason=error.reason)
            return
        if retained and isinstance(message, VehicleState):  # the broker's memory of it, and nobody knows how old
            self._stats.dropped["retained"] += 1
            return
        self._judge(vehicle, parsed, message, payload)
        verdict = self._gate.judge(vehicle_id, parsed.name, message.header, payload, self._clock.trade_now_s())
        if verdict in (Verdict.LATE, Verdict.DOUBLED):
            self._stats.dropped[verdict.value] += 1
            return
        self._take(vehicle_id, message)

    def _judge(self, vehicle: Vehicle, topic: Topic, message: Inbound, payload: bytes) -> None:
        """Count what breaks the rules of its own version; a message that could be read is used all the same."""
        name = topic.name
        for violation in rules_of(message, topic, vehicle.vda5050_version).violations(name, payload):
            self._stats.schema_violations[f"{name}:{violation.path}"] += 1
            log.debug("rule_broken", vehicle=vehicle.id, topic=name, path=violation.path, reason=violation.reason)

    def _take(self, vehicle_id: VehicleId, message: Inbound) -> None:
        now_s = self._clock.trade_now_s()
        last = self.heard.get(vehicle_id)
        match message:
            case VehicleState():
                self._watch.heard(vehicle_id, now_s)
                self._compare_clocks(vehicle_id, message.header.sent_s - now_s)
                self.heard[vehicle_id] = Heard(message, message.position, message.speed_mps, now_s)
                self._inbox.put_state(vehicle_id, message)
            case Connection():
                self._inbox.put_connection(vehicle_id, message)
            case Visualization():
                state = last.state if last else None
                self.heard[vehicle_id] = Heard(state, message.position, message.speed_mps, now_s)
            case Factsheet():
                self.factsheets[vehicle_id] = message

    def _compare_clocks(self, vehicle_id: VehicleId, ahead_s: float) -> None:
        """A vehicle that lives in another time drives and reports all the same; people should know, and are told once.

        All of them at once means a trade epoch or time factor that was given to one side only.
        """
        if abs(ahead_s) <= CLOCK_OFF_S:
            self.clocks_off.pop(vehicle_id, None)
            return
        self.clocks_off[vehicle_id] = ahead_s
        if vehicle_id not in self._clocks_told:
            self._clocks_told.add(vehicle_id)
            remedy = "set the vehicle's clock; in a simulation give both sides the same --trade-epoch and --time-factor"
            log.warning("clock_off", vehicle=vehicle_id, ahead_s=round(ahead_s), remedy=remedy)
