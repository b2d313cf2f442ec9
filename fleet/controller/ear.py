"""Hears the line: bytes become messages, the late and the doubled are dropped, the rest goes into the inbox."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from fleet.clock import Clock
from fleet.controller.inbox import Inbox
from fleet.controller.sparing import Sparing
from fleet.controller.stats import Stats
from fleet.errors import WireError
from fleet.model.ids import VehicleId
from fleet.model.site import Site
from fleet.model.vehicle import Vehicle
from fleet.telemetry.gate import HeaderGate, Verdict
from fleet.telemetry.learn import Voice
from fleet.telemetry.liveness import Watch
from fleet.wire.codec import decode, rules_of
from fleet.wire.link import Topic
from fleet.wire.messages import (
    Connection,
    ConnectionState,
    Factsheet,
    Header,
    Inbound,
    Position,
    VehicleState,
    Visualization,
    Waypoint,
)
from fleet.wire.unspoken import unspoken_version

CLOCK_OFF_S = 300.0
"""More than any network delays a message, or a vehicle's clock drifts: its time is another than ours."""

INTRODUCING = frozenset({"state", "connection", "factsheet"})
"""Topics by which a vehicle shows how it wants to be spoken to."""
RULES_TOLD_MAX = 20
RULES_COUNTED_MAX = 20
"""Of one message."""
INDEX = re.compile(r"\[\d+\]")

log = structlog.get_logger("fleet.ear")


@dataclass(frozen=True, slots=True)
class Heard:
    """The last a vehicle said, for display; decisions are made from folded state only."""

    state: VehicleState | None
    position: Position | None
    speed_mps: float | None
    at_s: float
    waypoints: tuple[Waypoint, ...] = ()
    clock_ahead_s: float = 0.0


class Ear:
    """The link's listener for one area.

    Attributes:
        heard: by vehicle, the last state and position; in memory, lossy.
        clocks_off: vehicles whose last state bears a time far from ours, with how far; by seconds ahead.
    """

    def __init__(self, site: Site, clock: Clock, inbox: Inbox, watch: Watch, stats: Stats, sparing: Sparing) -> None:
        self._clock = clock
        self._sparing = sparing
        self._inbox = inbox
        self._watch = watch
        self._stats = stats
        self._gate = HeaderGate()
        self._vehicles: Mapping[tuple[str, str], Vehicle] = {
            (vehicle.manufacturer, vehicle.serial_number): vehicle for vehicle in site.vehicles.values()
        }
        self.heard: dict[VehicleId, Heard] = {}
        self.clocks_off: dict[VehicleId, float] = {}
        self._clocks_told: set[VehicleId] = set()
        self._reusers_told: set[VehicleId] = set()
        self._rules_told: dict[VehicleId, set[str]] = {}
        self._voices: dict[tuple[VehicleId, str], Voice] = {}
        self._online: dict[VehicleId, Header | None] = {}
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
            fields = {"vehicle": vehicle_id, "topic": topic, "reason": error.reason}
            self._sparing.say(log.warning, "message_refused", vehicle_id, **fields)
            if (version := unspoken_version(parsed, payload)) and not retained:
                self._introduce(vehicle_id, Voice(parsed.name, parsed.major, version, is_spoken=False))
            return
        if retained and isinstance(message, VehicleState):  # the broker's memory of it, and nobody knows how old
            self._stats.dropped["retained"] += 1
            return
        self._judge(vehicle, parsed, message, payload)
        verdict = self._gate.judge(vehicle_id, parsed.name, message.header, payload, self._clock.trade_now_s())
        if vehicle_id in self._gate.reusers and vehicle_id not in self._reusers_told:
            self._reusers_told.add(vehicle_id)
            log.warning("header_id_reused", vehicle=vehicle_id, topic=topic, header_id=message.header.header_id)
        if verdict in (Verdict.LATE, Verdict.DOUBLED):
            self._stats.dropped[verdict.value] += 1
            return
        self._introduce(vehicle_id, Voice(parsed.name, parsed.major, message.header.version))
        self._take(vehicle_id, message, retained=retained)

    def _introduce(self, vehicle_id: VehicleId, voice: Voice) -> None:
        """How a message was said is told to the fleet where it was not said like that before."""
        if voice.topic in INTRODUCING and self._voices.get((vehicle_id, voice.topic)) != voice:
            self._voices[vehicle_id, voice.topic] = voice
            self._inbox.put_voice(vehicle_id, voice)

    def _judge(self, vehicle: Vehicle, topic: Topic, message: Inbound, payload: bytes) -> None:
        """Count what breaks the rules of its own version; a message that could be read is used all the same.

        However much is wrong with one message: no more is counted of it than people read, and places by what they are,
        not by where in a list they stand.
        """
        broken = rules_of(message, topic, vehicle.vda5050_version).violations(topic.name, payload)
        for violation in broken[:RULES_COUNTED_MAX]:
            place = f"{topic.name}:{INDEX.sub('[]', violation.path)}"
            self._stats.schema_violations[place] += 1
            told = self._rules_told.setdefault(vehicle.id, set())
            is_news = place not in told and len(told) < RULES_TOLD_MAX
            tell = log.warning if is_news else log.debug
            tell("rule_broken", vehicle=vehicle.id, topic=topic.name, path=violation.path, reason=violation.reason)
            if is_news:
                told.add(place)

    def _take(self, vehicle_id: VehicleId, message: Inbound, *, retained: bool) -> None:
        now_s = self._clock.trade_now_s()
        last = self.heard.get(vehicle_id)
        match message:
            case VehicleState():
                ahead_s = message.header.sent_s - now_s
                self._watch.heard(vehicle_id, now_s)
                self._compare_clocks(vehicle_id, ahead_s)
                self.heard[vehicle_id] = Heard(
                    message, message.position, message.speed_mps, now_s, message.waypoints, ahead_s
                )
                self._inbox.put_state(vehicle_id, message)
            case Connection():
                self._take_connection(vehicle_id, message, now_s, retained=retained)
            case Visualization():
                last = last or Heard(None, None, None, now_s)
                seen = replace(last, position=message.position, speed_mps=message.speed_mps, at_s=now_s)
                self.heard[vehicle_id] = replace(seen, waypoints=message.waypoints or last.waypoints)
            case Factsheet():
                self._inbox.put_factsheet(vehicle_id, message)

    def _take_connection(self, vehicle_id: VehicleId, message: Connection, now_s: float, *, retained: bool) -> None:
        """Whoever says twice in a row that it is there has begun anew in between (section 3.8).

        What the broker remembers, or says a second time, is no second word.
        """
        before = self._online.get(vehicle_id)
        is_online = message.state is ConnectionState.ONLINE
        self._online[vehicle_id] = message.header if is_online else None
        if message.state is ConnectionState.HIBERNATING:
            self._watch.sleeps(vehicle_id)
        else:
            self._watch.wakes(vehicle_id, now_s)
        if is_online and not retained and before is not None and _is_later(message.header, before):
            self._sparing.say(log.info, "vehicle_restarted", vehicle_id, vehicle=vehicle_id)
            self._gate.restarted(vehicle_id, message.header.sent_s, now_s)
            self._inbox.put_restarted(vehicle_id)
        self._inbox.put_connection(vehicle_id, message)

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


def _is_later(header: Header, before: Header) -> bool:
    return (header.header_id, header.sent_s) != (before.header_id, before.sent_s)
