"""Many messages: wounded ones that must harm nobody, and one vehicle that must not slow the others.

`make campaign` works through a hundred times as many as `make test`: a million.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import msgspec
import pytest
import structlog
from hypothesis import HealthCheck, given, settings

from fleet.controller import AreaController
from fleet.controller.ear import Ear
from fleet.controller.inbox import Facts, Inbox
from fleet.controller.sparing import Sparing
from fleet.controller.stats import Stats
from fleet.dispatch.commands import SubmitRuns
from fleet.errors import WireError
from fleet.telemetry.liveness import Watch
from fleet.wire import codec
from fleet.wire.codec import encode_said, encode_state, encode_told
from fleet.wire.link import Topic
from fleet.wire.messages import Header, Inbound, Outbound
from fleet.wire.registry import STANDARD
from tests.campaign import CAMPAIGN
from tests.life import Town, lived
from tests.nouns import NOW_S, VAN_1, VAN_2, Office, a_header, a_request, a_state, loaded, town
from tests.wire_words import OUTBOUND, inbound
from tests.wire_wounds import hit, twisted
from vehicle_sim.virtual_time import VirtualClock, run_virtual

WOUNDED_PER_CASE = 500 * CAMPAIGN
TURN_EVERY = 50
SAID = [(version, name) for version in STANDARD for name in ("connection", "state", "visualization", "factsheet")]
TOLD = [(version, name) for version in STANDARD for name in OUTBOUND if name in STANDARD[version].rules.fields]
FEW = settings(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """A line for each of a million refused messages is what a log is for, not a test."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


def samples_said(version: str, name: str) -> list[Inbound]:
    drawn: list[Inbound] = []

    @FEW
    @given(inbound(version)[name])
    def draw(message: Inbound) -> None:
        drawn.append(message)

    draw()
    return drawn


def samples_told(version: str, name: str) -> list[bytes]:
    drawn: list[bytes] = []

    @FEW
    @given(OUTBOUND[name])
    def draw(message: Outbound) -> None:
        drawn.append(encode_told(message, _header(version, len(drawn), 0.0)))

    draw()
    return drawn


def _header(version: str, number: int, sent_s: float) -> Header:
    return Header(header_id=number, sent_s=sent_s, version=version, manufacturer="acme", serial_number=VAN_1)


class Hearing:
    """An ear, and the turns that fold what it takes."""

    def __init__(self, clock: VirtualClock, version: str) -> None:
        roads = town()
        van = replace(roads.site.vehicles[VAN_1], vda5050_version=version)
        site = replace(roads.site, vehicles={**roads.site.vehicles, VAN_1: van})
        self.stats, self.inbox = Stats(), Inbox()
        self.watch = Watch(35.0, 120.0)
        self.ear = Ear(site, clock, self.inbox, self.watch, self.stats, Sparing(clock))
        self.office = Office(roads, loaded(roads))
        self.clock = clock
        self.rejected = 0

    def hear(self, topic: str, payload: bytes) -> None:
        """Hand it over; one that is rejected must leave no trace but a count."""
        dropped, before = self.stats.dropped.total(), self._traces()
        received = self.stats.received.total()
        self.ear.on_message(topic, payload, retained=False)
        rejected = self.stats.dropped.total() - dropped
        assert rejected in (0, 1)
        assert self.stats.received.total() == received + 1
        if rejected:
            self.rejected += 1
            assert self._traces() == before

    def turn(self) -> None:
        """Whatever was taken, nothing of ours breaks over it."""
        outcome = self.office.turn(self.inbox.take())
        assert outcome.failures == []

    def _traces(self) -> tuple[object, ...]:
        facts: Facts = self.inbox._facts
        return (
            {vehicle_id: len(states) for vehicle_id, states in facts.states.items()},
            {vehicle_id: id(states[-1]) for vehicle_id, states in facts.states.items()},
            {vehicle_id: [id(said) for said in kept] for vehicle_id, kept in self.inbox._connections.items()},
            {vehicle_id: id(sheet) for vehicle_id, sheet in facts.factsheets.items()},
            {vehicle_id: id(heard) for vehicle_id, heard in self.ear.heard.items()},
        )


@pytest.mark.vda5050("1.9", "2.8")
@pytest.mark.parametrize(("version", "name"), SAID)
def test_a_wounded_message_harms_nobody(version: str, name: str) -> None:
    """Of all that come in each is taken or rejected, and counted; a rejected one changes nothing; no turn breaks."""
    drawn = samples_said(version, name)
    rng = random.Random(f"{version}{name}")
    topic = Topic("uagv", STANDARD[version].topic_major, "acme", VAN_1, name).text()

    async def live(clock: VirtualClock) -> None:
        hearing = Hearing(clock, version)
        for number in range(WOUNDED_PER_CASE):
            await asyncio.sleep(0.5)
            header = _header(version, number, clock.trade_now_s())
            sound = encode_said(msgspec.structs.replace(rng.choice(drawn), header=header))
            hearing.hear(topic, (hit if rng.random() < 0.5 else twisted)(sound, rng))
            if number % TURN_EVERY == TURN_EVERY - 1:
                hearing.turn()
        assert 0 < hearing.rejected < WOUNDED_PER_CASE
        assert hearing.stats.received.total() == WOUNDED_PER_CASE

    run_virtual(live, NOW_S)


@pytest.mark.vda5050("1.9")
@pytest.mark.parametrize(("version", "name"), TOLD)
def test_a_wounded_order_is_read_or_refused_by_a_vehicle(version: str, name: str) -> None:
    drawn, rng, refused = samples_told(version, name), random.Random(f"{version}{name}"), 0
    for _ in range(WOUNDED_PER_CASE):
        payload = (hit if rng.random() < 0.5 else twisted)(rng.choice(drawn), rng)
        try:
            codec.decode_told(name, payload, version)
        except WireError:
            refused += 1
        STANDARD[version].rules.violations(name, payload)
        if name == "order":
            STANDARD[version].rules.order_violations(payload)
    assert 0 < refused < WOUNDED_PER_CASE


# One against all ------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("1.9")
@pytest.mark.parametrize("poison", [False, True], ids=["flooding", "poisoning"])
def test_one_loud_vehicle_does_not_slow_the_others(poison: bool) -> None:
    """A hundred messages a second from one: the other is heard as often, and people are answered as soon."""

    async def work(place: Town) -> None:
        async with place.served() as controller:
            shouter = Shouter(place, poison=poison)
            calm = await minute(place, controller, lambda: None)
            loud = await minute(place, controller, shouter.shout)
            assert calm.heard == loud.heard == MINUTE
            assert loud.answer_s <= calm.answer_s + controller.site.limits.turn_machine_s_busy
            assert loud.turns <= calm.turns + shouter.said
            assert loud.commits <= MINUTE / controller.site.limits.turn_machine_s_busy
            assert controller.stats.failures == 0

    lived(work)


MINUTE = 20
"""Seconds of it."""


@dataclass(frozen=True)
class Minute:
    """What such a while brought: states heard of the calm one, turns, commits, and the longest wait for an answer."""

    heard: int
    turns: int
    commits: int
    answer_s: float


class Shouter:
    def __init__(self, place: Town, *, poison: bool) -> None:
        self._place, self._poison = place, poison
        self._rng = random.Random(5)
        self.said = 0

    def shout(self) -> None:
        for _ in range(100):
            self.said += 1
            header = a_header(self.said, self._place.clock.trade_now_s(), VAN_2)
            sound = encode_state(msgspec.structs.replace(a_state(order_id=f"x{self.said}"), header=header))
            payload = twisted(sound, self._rng) if self._poison else sound
            self._place.broker.publish(f"uagv/v2/acme/{VAN_2}/state", payload)


async def minute(place: Town, controller: AreaController, noise: Callable[[], None]) -> Minute:
    """The calm one speaks each second, and each second somebody asks for a run."""
    stats, heard_s, answer_s = controller.stats, set(), 0.0
    turns, commits = stats.turns, stats.commits
    for second in range(MINUTE):
        noise()
        await place.say()
        heard_s.add(controller.ear.heard[VAN_1].at_s)
        since_s = place.clock.trade_now_s()
        request = SubmitRuns(key=f"{noise}{second}", runs=(a_request(f"r-{turns}-{second}"),))
        noise()
        await controller.ask(request, "client")
        answer_s = max(answer_s, place.clock.trade_now_s() - since_s)
    return Minute(len(heard_s), stats.turns - turns, stats.commits - commits, answer_s)


def test_what_is_counted_of_one_message_is_bounded() -> None:
    """A list of ten thousand faults costs twenty counts, and no place in it a name of its own."""

    async def live(clock: VirtualClock) -> None:
        hearing = Hearing(clock, "2.1.0")
        payload = encode_said(a_state(header=_header("2.1.0", 1, NOW_S)))
        message = msgspec.json.decode(payload)
        message["errors"] = [{"errorType": "x", "errorLevel": "ODD"}] * 5000
        hearing.hear(f"uagv/v2/acme/{VAN_1}/state", msgspec.json.encode(message))
        assert hearing.stats.schema_violations == {"state:errors[].errorLevel": 20}

    run_virtual(live, NOW_S)
