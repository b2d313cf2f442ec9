"""Two controllers on one broker: the later one ends, and says why."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace

import msgspec
import pytest

from fleet.controller import AreaController
from fleet.controller.presence import (
    ANSWER_S_MAX,
    Announcement,
    Presence,
    presence_subscription,
    presence_topic,
    presence_will,
)
from fleet.controller.stats import Stats
from fleet.dispatch.exits import ResolveAssist
from fleet.errors import OtherControllerError
from fleet.model.assist import AssistCause
from fleet.wire.memory import MemoryBroker, MemoryLink
from fleet.wire.rights import Rights
from fleet.wire.subscription import Subscription
from tests.life import TOPICS, Town
from tests.nouns import NOW_S, town
from vehicle_sim.virtual_time import VirtualClock, run_virtual

AREA = "town"


@dataclass
class Other:
    """A controller that only announces itself, as far as it matters here."""

    broker: MemoryBroker
    name: str
    since_s: float
    stats: Stats = field(default_factory=Stats)
    events: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    ended: OtherControllerError | None = None

    def __post_init__(self) -> None:
        will = presence_will(AREA, self.name)
        self.link = MemoryLink(self.broker, f"fleet-{self.name}", [presence_subscription(AREA)], will)
        self.presence = Presence(AREA, self.name, f"host of {self.name}", self.since_s, self.link, self.stats)

    async def run(self) -> None:
        listener = self.presence.before(self, lambda: self.events.append("may command"), self.others.append)
        self.link.open(listener)
        try:
            await self.presence.keep()
        except OtherControllerError as error:
            self.ended = error
            self.broker.cut(self.link.client_id)
        finally:
            self.link.close()

    def on_link_up(self) -> None:
        self.events.append("up")

    def on_link_down(self, reason: str) -> None:
        self.events.append("down")

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        self.events.append(topic)


Start = Callable[[Other], object]
Story = Callable[[MemoryBroker, Start], Coroutine[object, object, None]]


def tell(story: Story, rights: dict[str, Rights] | None = None) -> None:
    """Play a story in which controllers start; whoever is still there at its end is ended."""

    async def told(clock: VirtualClock) -> None:
        broker = MemoryBroker(random.Random(1), rights=rights)
        async with asyncio.TaskGroup() as tasks:
            started: list[asyncio.Task[None]] = []
            await story(broker, lambda other: started.append(tasks.create_task(other.run())))
            for each in started:
                each.cancel()

    run_virtual(told, NOW_S)


def test_who_is_alone_commands_as_soon_as_the_broker_has_told_whom_it_knows() -> None:
    async def story(broker: MemoryBroker, start: Start) -> None:
        alone = Other(broker, "alone", 1.0)
        start(alone)
        await asyncio.sleep(0.1)
        assert alone.events == ["up", "may command"]

    tell(story)


@pytest.mark.vda5050("1.7")
def test_the_later_of_two_controllers_ends_and_names_the_first() -> None:
    async def story(broker: MemoryBroker, start: Start) -> None:
        first, second = Other(broker, "first", 2.0), Other(broker, "second", 1.0)  # whose clock is behind
        start(first)
        await asyncio.sleep(1.0)
        start(second)
        await asyncio.sleep(1.0)
        assert second.ended is not None
        assert "host of first" in str(second.ended)
        assert "may command" not in second.events
        assert first.ended is None
        assert first.presence.is_settled
        assert first.stats.other_controllers > 0
        assert {who.partition(" (")[0] for who in first.others} == {"host of second"}
        assert second.others == []
        assert list(broker.retained) == [presence_topic(AREA, "first")]

    tell(story)


@pytest.mark.vda5050("1.7")
@pytest.mark.parametrize("apart_s", [0.0, 0.002, 0.005, 0.02])
def test_of_two_that_start_together_one_stays(apart_s: float) -> None:
    async def story(broker: MemoryBroker, start: Start) -> None:
        both = [Other(broker, "a", 1.0), Other(broker, "b", 1.0)]
        for each in both:
            start(each)
            await asyncio.sleep(apart_s)
        await asyncio.sleep(2.0 * ANSWER_S_MAX)
        assert [each.ended is None for each in both] == [True, False]
        assert both[0].presence.is_settled

    tell(story)


@pytest.mark.vda5050("1.7")
def test_whoever_hears_that_another_commands_gives_no_more_orders_however_long_it_takes_to_end() -> None:
    async def story(broker: MemoryBroker, start: Start) -> None:
        first, second = Other(broker, "first", 1.0), Other(broker, "second", 2.0)
        start(second)
        await asyncio.sleep(1.0)
        assert second.presence.is_settled
        said = msgspec.json.encode(
            Announcement(instance="first", owner="host of first", since_s=1.0, has_commanded=True)
        )
        second.presence.on_message(presence_topic(AREA, first.name), said, retained=False)
        assert not second.presence.is_settled

    tell(story)


@pytest.mark.vda5050("1.7")
def test_of_two_controllers_the_one_that_stays_calls_a_person_who_alone_closes_it() -> None:
    async def told(clock: VirtualClock) -> None:
        at = Town(clock)
        filters = [Subscription(f"uagv/+/+/+/{name}") for name in TOPICS]
        link = MemoryLink(at.broker, "fleet-us", [*filters, presence_subscription(AREA)], presence_will(AREA, "us"))
        controller = AreaController(replace(at.controller(town()).parts, link=link))
        await controller.open()
        controller.announce(Presence(AREA, "us", "our host", NOW_S, link, controller.stats))
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(controller.run())
            await asyncio.sleep(1.0)
            assert not controller.state.assists
            other = Other(at.broker, "other", NOW_S + 1.0)
            ending = tasks.create_task(other.run())
            await asyncio.sleep(10.0)
            assert other.ended is not None
            assert ending.done()
            [call] = controller.state.assists.values()
            assert (call.cause, call.subject) == (AssistCause.OTHER_CONTROLLER, f"area:{AREA}")
            assert "host of other" in call.detail
            await controller.ask(ResolveAssist(call.id, "a copy of the data directory; it is gone"), "people")
            assert not controller.state.assists
            running.cancel()

    run_virtual(told, NOW_S)


@pytest.mark.vda5050("1.7")
def test_two_that_could_not_hear_each_other_are_one_again_when_they_do() -> None:
    async def story(broker: MemoryBroker, start: Start) -> None:
        first, second = Other(broker, "first", 1.0), Other(broker, "second", 2.0)
        start(first)
        await asyncio.sleep(1.0)
        broker.cut("fleet-first", for_s=60.0)
        start(second)
        await asyncio.sleep(10.0)
        assert second.presence.is_settled
        await asyncio.sleep(60.0)
        assert first.presence.is_settled
        assert second.ended is not None

    tell(story)


def test_who_is_only_remembered_is_waited_for_and_then_forgotten() -> None:
    async def story(broker: MemoryBroker, start: Start) -> None:
        broker.publish(presence_topic(AREA, "dead"), b"who cares", retain=True)
        alone = Other(broker, "alone", 1.0)
        start(alone)
        await asyncio.sleep(ANSWER_S_MAX - 0.1)
        assert alone.events == ["up"]
        await asyncio.sleep(0.2)
        assert alone.events == ["up", "may command"]
        assert list(broker.retained) == [presence_topic(AREA, "alone")]

    tell(story)


def test_a_will_of_an_earlier_connection_does_not_make_us_absent() -> None:
    async def story(broker: MemoryBroker, start: Start) -> None:
        alone = Other(broker, "alone", 1.0)
        start(alone)
        await asyncio.sleep(1.0)
        broker.publish(presence_topic(AREA, "alone"), b"", qos=1, retain=True)
        await asyncio.sleep(1.0)
        assert list(broker.retained) == [presence_topic(AREA, "alone")]
        broker.cut("fleet-alone", for_s=10.0)
        assert broker.retained == {}
        await asyncio.sleep(15.0)
        assert alone.presence.is_settled

    tell(story)


def test_a_broker_that_forbids_the_announcement_delays_us_and_no_more() -> None:
    async def story(broker: MemoryBroker, start: Start) -> None:
        alone = Other(broker, "alone", 1.0)
        start(alone)
        await asyncio.sleep(ANSWER_S_MAX - 0.1)
        assert alone.events == ["up"]
        await asyncio.sleep(0.2)
        assert alone.events == ["up", "may command"]

    tell(story, {"": Rights(says=(), hears=("#",))})


@pytest.mark.parametrize("noise", [b"{", b"\xff", b"[]", b'{"instance": 1}', b"x" * 10_000])
def test_noise_on_our_topic_is_counted_and_changes_nothing(noise: bytes) -> None:
    async def story(broker: MemoryBroker, start: Start) -> None:
        alone = Other(broker, "alone", 1.0)
        start(alone)
        await asyncio.sleep(1.0)
        broker.publish(presence_topic(AREA, "noise"), noise)
        await asyncio.sleep(1.0)
        assert alone.presence.is_settled
        assert alone.stats.dropped == {"malformed": 1}

    tell(story)


@pytest.mark.vda5050("1.7")
def test_nothing_is_said_to_vehicles_while_another_controller_may_command() -> None:
    async def told(clock: VirtualClock) -> None:
        at = Town(clock)
        at.broker.publish(presence_topic(AREA, "maybe dead"), b"who cares", retain=True)
        filters = [Subscription(f"uagv/+/+/+/{name}") for name in TOPICS]
        link = MemoryLink(at.broker, "fleet-us", [*filters, presence_subscription(AREA)])
        controller = AreaController(replace(at.controller(town()).parts, link=link))
        await controller.open()
        controller.announce(Presence(AREA, "us", "our host", NOW_S, link, controller.stats))
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(controller.run())
            await asyncio.sleep(ANSWER_S_MAX - 0.5)
            assert at.heard == []
            await asyncio.sleep(2.0)
            assert "van-1/instantActions" in at.heard
            running.cancel()

    run_virtual(told, NOW_S)
