"""A judge and one simulated vehicle over the in-memory broker, under virtual time, with whatever is planted between."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fleet.model.place import Place
from fleet.wire.link import LinkListener
from fleet.wire.memory import MemoryBroker, MemoryLink
from fleet.wire.messages import Action
from fleet.wire.subscription import Subscription
from tests.unit.test_sim_vehicle import MAKE, START_S, a_run, a_site
from vehicle_sim.characters import EXACT, Character
from vehicle_sim.grid import grid_town
from vehicle_sim.ground import Ground
from vehicle_sim.judge.bench import Bench, Hands, Terms
from vehicle_sim.judge.catalogue import chosen
from vehicle_sim.judge.check import Finding
from vehicle_sim.judge.course import Course, CourseEdge, CourseNode
from vehicle_sim.judge.report import Report
from vehicle_sim.judge.session import Session
from vehicle_sim.memory_radio import MemoryRadio
from vehicle_sim.timers import VirtualTimers
from vehicle_sim.vehicle import SimVehicle
from vehicle_sim.virtual_time import VirtualClock, run_virtual
from vehicle_sim.voice import Radio, topic_of, will_of
from vehicle_sim.world import World

Message = dict[str, Any]
CORNERS = (("station:home", 0.0, 0.0), ("n2", 100.0, 0.0), ("n4", 100.0, 100.0), ("n3", 0.0, 100.0))
EXACT_RETAINS = ("connection", "factsheet")
STREETS = ("e1-2-1", "e2-4-1", "e4-3-1", "e3-1-1")


def round_the_block(map_id: str = "street") -> Course:
    """Four streets of 100 m; the vehicle's station stands at the first corner."""
    nodes = [CourseNode(node_id=node_id, x=x, y=y, map_id=map_id) for node_id, x, y in (*CORNERS, CORNERS[0])]
    return Course(tuple(nodes), tuple(CourseEdge(edge_id=edge_id, length=100.0, max_speed=10.0) for edge_id in STREETS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """What is wrong with a vehicle.

    Attributes:
        says: what goes out instead of a message of the vehicle, given its topic's last level.
        hears: what comes in instead of a message for it.
        gets_garbage: called for what comes in and is no message.
        onto: done to the vehicle before it is judged.
        retains: which topics the broker keeps; None as is right.
    """

    says: Callable[[str, Message], Iterable[Message]] = lambda name, message: (message,)
    hears: Callable[[str, Message], Iterable[Message]] = lambda name, message: (message,)
    gets_garbage: Callable[[], None] = lambda: None
    onto: Callable[[SimVehicle], None] = lambda vehicle: None
    retains: tuple[str, ...] = EXACT_RETAINS


NOTHING = Plant()


@dataclass(slots=True)
class _Between:
    """Stands between a vehicle and its line, in both directions."""

    radio: Radio
    plant: Plant
    listener: LinkListener | None = None

    def send(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
        name = topic.rpartition("/")[2]
        for message in self.plant.says(name, json.loads(payload)):
            self.radio.send(
                topic,
                json.dumps(message).encode(),
                qos=qos,
                retain=name in self.plant.retains and (retain or name not in EXACT_RETAINS),
            )

    def silence(self, for_s: float) -> None:
        self.radio.silence(for_s)

    def on_link_up(self) -> None:
        assert self.listener is not None
        self.listener.on_link_up()

    def on_link_down(self, reason: str) -> None: ...

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        assert self.listener is not None
        message = _read(payload)
        if not isinstance(message, dict):
            self.plant.gets_garbage()
            self.listener.on_message(topic, payload, retained=retained)
            return
        for told in self.plant.hears(topic.rpartition("/")[2], message):
            self.listener.on_message(topic, json.dumps(told).encode(), retained=retained)


def _read(payload: bytes) -> object:
    try:
        return json.loads(payload)
    except ValueError:
        return None


class Helper(Hands):
    """Does to a simulated vehicle what it is asked for, from a table of the words that are asked with."""

    def __init__(self, vehicle: SimVehicle, deeds: dict[str, Callable[[SimVehicle], None]]) -> None:
        self._vehicle, self._deeds = vehicle, deeds

    async def do(self, what: str) -> bool:
        deed = next((deed for words, deed in self._deeds.items() if words in what), None)
        if deed is not None:
            deed(self._vehicle)
            self._vehicle.touched()
        return deed is not None


def judge(
    only: Sequence[str] = (),
    plant: Plant | None = None,
    *,
    course: Course | None = None,
    deeds: dict[str, Callable[[SimVehicle], None]] | None = None,
    node_action: Action | None = None,
    version: str = "2.1.0",
    character: Character = EXACT,
) -> Report:
    """What the judge finds about a vehicle with this fault, or about an exact one."""

    async def play(clock: VirtualClock) -> Report:
        terms = Terms(manufacturer="acme", serial_number="van-1", patience_s=5.0, node_action=node_action)
        bench, van = a_bench(clock, terms, course, plant or Plant(), version, character)
        bench.hands = Helper(van, deeds) if deeds is not None else None
        await clock.sleep_until(START_S + 1.0)
        return await Session(bench, chosen(only)).run()

    return run_virtual(play, START_S)


def judge_for_a_while(seconds: float, only: Sequence[str], course: Course) -> SimVehicle:
    """Somebody ends the judge in the middle; the vehicle as it is a minute later."""

    async def play(clock: VirtualClock) -> SimVehicle:
        bench, van = a_bench(clock, Terms(manufacturer="acme", serial_number="van-1"), course)
        judging = clock.loop.create_task(Session(bench, chosen(only)).run())
        await clock.sleep_until(START_S + seconds)
        judging.cancel()
        await clock.sleep_until(START_S + seconds + 60.0)
        assert judging.cancelled()
        return van

    return run_virtual(play, START_S)


def a_bench(
    clock: VirtualClock,
    terms: Terms,
    course: Course | None = None,
    plant: Plant = NOTHING,
    version: str = "2.1.0",
    character: Character = EXACT,
) -> tuple[Bench, SimVehicle]:
    """A vehicle on its way to the broker, and the bench it is judged on."""
    site, make, timers = a_site(), replace(MAKE, vda5050_version=version), VirtualTimers(clock)
    world = World(site, Ground(grid_town(2, 2)), timers)
    world.expect([a_run()])
    broker = MemoryBroker(random.Random(1))
    listens = [Subscription(topic_of(make, name)) for name in ("order", "instantActions", "zoneSet")]
    line = MemoryLink(broker, "van-1", listens, will_of(make, START_S))
    between = _Between(MemoryRadio(broker, line), plant)
    van = between.listener = SimVehicle(
        make, site, world, between, Place(0, 0.0), "station:home", visualization_s=5.0, character=character
    )
    plant.onto(van)
    line.open(between)
    link = MemoryLink(broker, "judge", [Subscription(terms.topic_filter, 1)])
    return Bench(link, timers, terms, course), van


def finding(report: Report, key: str) -> Finding:
    return next(found for found in report.findings if found.check.key == key)
