"""How the controller uses the line: what it says at which quality, what it leaves behind, and what it bears to hear."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine

import pytest

from fleet.controller import sender
from fleet.daemon import line_of
from fleet.dispatch.commands import SubmitRuns
from fleet.errors import TooLargeError
from fleet.model.assist import AssistCause
from fleet.model.twin import Liveness
from fleet.wire.broker_url import BrokerUrl
from fleet.wire.codec import PAYLOAD_BYTES_MAX, encode_connection, encode_state
from fleet.wire.link import Topic
from fleet.wire.memory import MemoryBroker, MemoryLink
from fleet.wire.messages import ActionStatus, Connection, ConnectionState
from fleet.wire.subscription import Subscription
from tests import life
from tests.life import Town
from tests.nouns import NOW_S, VAN_1, VAN_2, a_header, a_request, a_site, a_state
from vehicle_sim.virtual_time import VirtualClock, run_virtual

OWN = f"uagv/v2/acme/{VAN_1}"


def lived(story: Callable[[Town], Coroutine[object, object, None]]) -> None:
    async def work(clock: VirtualClock) -> None:
        await story(Town(clock))

    run_virtual(work, NOW_S)


class Listener:
    """Somebody else on the broker."""

    def __init__(self, broker: MemoryBroker) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        MemoryLink(broker, "somebody", [Subscription("#", qos=1)]).open(self)

    def on_link_up(self) -> None: ...

    def on_link_down(self, reason: str) -> None: ...

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        self.heard.append((topic, payload, retained))

    def asked(self, action: str) -> set[str]:
        """The ids under which the first van was asked for something; what is asked again has the same."""
        said = [json.loads(payload) for topic, payload, _ in self.heard if topic == f"{OWN}/instantActions"]
        return {each["actionId"] for message in said for each in message["actions"] if each["actionType"] == action}


async def order_a_run(place: Town) -> None:
    async with place.served() as controller:
        await place.say()
        await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
        await asyncio.sleep(5.0)
    assert f"{VAN_1}/order" in place.heard


@pytest.mark.vda5050("1.2")
def test_we_hear_all_that_vehicles_say_at_qos_1() -> None:
    line = line_of(a_site(), BrokerUrl("127.0.0.1", 1), "a")
    qos = {each.filter.rpartition("/")[2]: each.qos for each in line.subscriptions if each.filter.startswith("uagv/")}
    assert qos == {"state": 1, "visualization": 1, "factsheet": 1, "connection": 1}


@pytest.mark.vda5050("1.2", "1.3")
def test_all_that_we_say_to_vehicles_has_qos_0_and_is_not_retained(monkeypatch: pytest.MonkeyPatch) -> None:
    said: set[tuple[str, int, bool]] = set()
    hear = MemoryBroker.hear

    def noted(self: MemoryBroker, session: object, topic: str, payload: bytes, qos: int, retain: bool) -> bool:
        said.add((topic.rpartition("/")[2], qos, retain))
        return hear(self, session, topic, payload, qos, retain)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(MemoryBroker, "hear", noted)
    lived(order_a_run)
    assert said == {("order", 0, False), ("instantActions", 0, False)}


@pytest.mark.vda5050("1.3")
def test_who_subscribes_after_an_order_was_sent_is_not_told_it() -> None:
    async def story(place: Town) -> None:
        await order_a_run(place)
        late = Listener(place.broker)
        await asyncio.sleep(60.0)
        assert late.heard == []

    lived(story)


@pytest.mark.vda5050("1.4")
@pytest.mark.parametrize("qos", [0, 1])
def test_a_vehicle_is_heard_at_whatever_quality_it_speaks(qos: int) -> None:
    async def story(place: Town) -> None:
        async with place.served() as controller:
            online = Connection(header=a_header(), state=ConnectionState.ONLINE)
            place.broker.publish(f"{OWN}/connection", encode_connection(online), qos=qos)
            place.broker.publish(f"{OWN}/state", encode_state(a_state()), qos=qos)
            await asyncio.sleep(1.0)
            twin = controller.state.twin(VAN_1)
            assert (twin.connection, twin.liveness) == ("ONLINE", Liveness.FRESH)

    lived(story)


@pytest.mark.vda5050("1.4")
def test_a_vehicle_that_never_says_that_it_is_connected_is_believed_by_its_states() -> None:
    async def story(place: Town) -> None:
        async with place.served() as controller:
            await place.say()
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            await asyncio.sleep(5.0)
        assert f"{VAN_1}/order" in place.heard

    lived(story)


@pytest.mark.vda5050("1.6")
@pytest.mark.parametrize("dies", [False, True])
def test_after_a_gap_we_listen_again_and_ask_how_each_vehicle_is(dies: bool) -> None:
    async def story(place: Town) -> None:
        somebody = Listener(place.broker)
        async with place.served() as controller:
            await place.say()
            asked = somebody.asked("stateRequest")
            await place.say(state=a_state(actions=dict.fromkeys(asked, ActionStatus.FINISHED)))
            if dies:
                place.broker.stop(keep_retained=False)
                place.broker.start()
            else:
                place.broker.cut("fleet-us", for_s=5.0)
            await asyncio.sleep(20.0)
            assert controller.ear.is_link_up
            assert len(somebody.asked("stateRequest") - asked) == 1
            heard = controller.stats.received["state"]
            await place.say()
            assert controller.stats.received["state"] == heard + 1

    lived(story)


class NarrowLink(MemoryLink):
    """A line of MQTT 5 to a broker that has said how little it takes."""

    async def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        if topic.endswith("/order"):
            raise TooLargeError(f"{topic}: {len(payload)} bytes are more than the 400 that the broker takes")
        await super().publish(topic, payload, qos=qos, retain=retain)


@pytest.mark.vda5050("6.5")
@pytest.mark.parametrize("whose", ["our bound", "the broker's"])
def test_an_order_that_no_broker_would_take_calls_a_person_and_leaves_the_line_up(
    monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    async def story(place: Town) -> None:
        if whose == "the broker's":
            monkeypatch.setattr(life, "MemoryLink", NarrowLink)
        async with place.served() as controller:
            await place.say()
            if whose == "our bound":
                monkeypatch.setattr(sender, "SENT_BYTES_MAX", 400)
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            for _ in range(3):
                await asyncio.sleep(5.0)
                await place.say()
            assert f"{VAN_1}/order" not in place.heard
            assert controller.ear.is_link_up
            [call] = [a for a in controller.state.assists.values() if a.cause is AssistCause.ORDER_UNCONFIRMED]
            assert "cannot be sent" in call.detail
            assert "are more than" in call.detail
            assert controller.stats.dropped["too_large_to_send"] > 0

    lived(story)


@pytest.mark.vda5050("1.9")
def test_a_message_that_is_too_large_is_counted_and_others_are_heard() -> None:
    async def story(place: Town) -> None:
        async with place.served() as controller:
            place.broker.publish(f"{OWN}/state", b" " * (PAYLOAD_BYTES_MAX + 1))
            await place.say(VAN_2)
            assert controller.stats.dropped == {"malformed": 1}
            assert controller.state.twin(VAN_1).liveness is Liveness.UNHEARD
            assert controller.state.twin(VAN_2).liveness is Liveness.FRESH

    lived(story)


@pytest.mark.vda5050("1.1")
@pytest.mark.parametrize(
    "topic",
    [
        "uagv/v2/acme/van-1",
        "uagv/v2/acme/van-1/state/more",
        "uagv/2/acme/van-1/state",
        "uagv/v2//van-1/state",
        "uagv/v²/acme/van-1/state",
        f"uagv/v{'9' * 5000}/acme/van-1/state",
        "state",
    ],
)
def test_what_is_no_topic_of_a_vehicle_is_not_taken_for_one(topic: str) -> None:
    assert Topic.parse(topic) is None


@pytest.mark.vda5050("1.1")
def test_a_topic_has_five_levels_under_a_prefix_of_the_sites_choosing() -> None:
    topic = Topic("our-fleet", 3, "acme", "van.1:a_b-c", "state")
    assert topic.text() == "our-fleet/v3/acme/van.1:a_b-c/state"
    assert Topic.parse(topic.text()) == topic
