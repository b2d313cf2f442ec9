"""What every link promises, held by the one in memory, by NATS and by mosquitto."""

from __future__ import annotations

import random
from pathlib import Path

import aiomqtt
import pytest

from fleet.errors import LinkDownError
from fleet.wire.link import Will
from fleet.wire.login import Login
from fleet.wire.memory import MemoryLink
from fleet.wire.mqtt import LineLimits, MqttLink
from fleet.wire.subscription import Subscription
from tests.interop.heard import Heard, awaited
from tests.interop.rigs import EVERY_KIND, REAL_KINDS, MqttRig, OpenRig, opener
from tests.needs import needs


@pytest.fixture(params=EVERY_KIND)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> OpenRig:
    return opener(request.param, tmp_path)


@pytest.fixture(params=REAL_KINDS)
def opened_for_real(request: pytest.FixtureRequest, tmp_path: Path) -> OpenRig:
    return opener(request.param, tmp_path)


@pytest.mark.vda5050("1.4")
@awaited
async def test_a_vehicle_that_speaks_at_qos_2_is_heard_all_the_same(opened_for_real: OpenRig) -> None:
    async with opened_for_real() as rig:
        assert isinstance(rig, MqttRig)
        _, heard = await rig.join("control", Subscription("t"))
        async with aiomqtt.Client(rig.url.host, rig.url.port, protocol=aiomqtt.ProtocolVersion.V311) as van:
            await van.publish("t", b"at qos 2", qos=2)
        await heard.until(lambda: heard.payloads == [b"at qos 2"])


@awaited
async def test_a_late_comer_hears_what_is_retained_and_nothing_else(opened: OpenRig) -> None:
    async with opened() as rig:
        van, _ = await rig.join("van")
        await van.publish("v/1/connection", b"old", qos=1, retain=True)
        await van.publish("v/1/connection", b"new", qos=1, retain=True)
        await van.publish("v/1/state", b"passing", qos=1)
        await van.publish("v/2/connection", b"cleared", qos=1, retain=True)
        await van.publish("v/2/connection", b"", qos=1, retain=True)
        _, heard = await rig.join("control", Subscription("v/#", qos=1))
        await van.publish("v/1/end", b"end", qos=1)
        await heard.until(lambda: b"end" in heard.payloads)
        assert heard.messages == [("v/1/connection", b"new", True), ("v/1/end", b"end", False)]


@awaited
async def test_who_listens_hears_a_retained_message_as_a_live_one(opened: OpenRig) -> None:
    async with opened() as rig:
        _, heard = await rig.join("control", Subscription("t"))
        van, _ = await rig.join("van")
        await van.publish("t", b"now", retain=True)
        await heard.until(lambda: heard.messages == [("t", b"now", False)])


@awaited
async def test_who_speaks_hears_itself(opened: OpenRig) -> None:
    """By this a controller knows that it may speak, and whom the broker remembers."""
    async with opened() as rig:
        control, heard = await rig.join("control", Subscription("t"))
        await control.publish("t", b"own", retain=True)
        await heard.until(lambda: heard.messages == [("t", b"own", False)])


@awaited
async def test_a_will_is_spoken_for_whom_vanishes(opened: OpenRig) -> None:
    async with opened() as rig:
        _, heard = await rig.join("control", Subscription("v/+/connection", qos=1))
        van = await rig.guest("van", will=Will("v/1/connection", b"broken", 1, retain=True))
        await van.vanish()
        await heard.until(lambda: heard.messages == [("v/1/connection", b"broken", False)])
        _, late = await rig.join("late", Subscription("v/+/connection", qos=1))
        await late.until(lambda: late.messages == [("v/1/connection", b"broken", True)])


@awaited
async def test_a_farewell_leaves_the_will_unspoken(opened: OpenRig) -> None:
    async with opened() as rig:
        other, heard = await rig.join("control", Subscription("t"))
        van, told = await rig.join("van", will=Will("t", b"broken", 0, retain=False))
        await rig.leave(van)
        assert told.events[-1].startswith("down") or not van.is_up
        await other.publish("t", b"end")
        await heard.until(lambda: b"end" in heard.payloads)
        assert heard.payloads == [b"end"]


@awaited
async def test_who_goes_in_peace_says_so_itself(opened: OpenRig) -> None:
    async with opened() as rig:
        _, heard = await rig.join("other", Subscription("t", qos=1))
        van, _ = await rig.join("van", will=Will("t", b"broken", 1, retain=True))
        assert isinstance(van, MemoryLink | MqttLink)
        van.farewell = Will("t", b"gone", 1, retain=True)
        await rig.leave(van)
        await heard.until(lambda: heard.payloads == [b"gone"])


@awaited
async def test_wildcards_hear_their_levels_only(opened: OpenRig) -> None:
    async with opened() as rig:
        _, heard = await rig.join("control", Subscription("uagv/v2/+/+/state"))
        van, _ = await rig.join("van")
        for topic in ("uagv/v2/a/state", "uagv/v2/a/b/order", "uagv/v2/a/b/c/state", "uagv/v2/a.c/b-1/state"):
            await van.publish(topic, b"x")
        await heard.until(lambda: bool(heard.messages))
        assert [topic for topic, _, _ in heard.messages] == ["uagv/v2/a.c/b-1/state"]


@pytest.mark.parametrize("qos", [0, 1])
@awaited
async def test_what_one_client_says_arrives_in_order(opened: OpenRig, qos: int) -> None:
    async with opened() as rig:
        _, heard = await rig.join("control", Subscription("t/+", qos))
        vans = [(await rig.join(f"van-{number}"))[0] for number in range(2)]
        for number in range(100):
            for name, van in enumerate(vans):
                await van.publish(f"t/{name}", b"%d" % number, qos=qos)
        await heard.until(lambda: len(heard.messages) == 200)
        for name in range(2):
            said = [payload for topic, payload, _ in heard.messages if topic == f"t/{name}"]
            assert said == [b"%d" % number for number in range(100)]


@awaited
async def test_messages_sent_without_waiting_keep_their_order(opened: OpenRig) -> None:
    async with opened() as rig:
        _, heard = await rig.join("control", Subscription("t"))
        van, _ = await rig.join("van")
        assert isinstance(van, MemoryLink | MqttLink)
        for number in range(100):
            van.send("t", b"%d" % number)
        await heard.until(lambda: len(heard.messages) == 100)
        assert heard.payloads == [b"%d" % number for number in range(100)]


@pytest.mark.vda5050("1.6")
@awaited
async def test_a_link_comes_back_with_its_broker_and_listens_again(opened: OpenRig) -> None:
    async with opened() as rig:
        control, heard = await rig.join("control", Subscription("t"))
        await rig.stop()
        await heard.until(lambda: heard.events[-1].startswith("down"))
        with pytest.raises(LinkDownError):
            await control.publish("t", b"into the void")
        assert not control.is_up
        await rig.start()
        await heard.until(lambda: heard.events[-1] == "up")
        await control.publish("t", b"back")
        await heard.until(lambda: b"back" in heard.payloads)
        assert heard.payloads == [b"back"]


@awaited
async def test_a_dying_broker_speaks_no_wills(opened: OpenRig) -> None:
    async with opened() as rig:
        _, heard = await rig.join("control", Subscription("t", qos=1))
        await rig.join("van", will=Will("t", b"broken", 1, retain=False))
        await rig.stop()
        await heard.until(lambda: heard.events[-1].startswith("down"))
        await rig.start()
        await heard.until(lambda: heard.events[-1] == "up")
        assert heard.payloads == []


@awaited
async def test_a_client_id_belongs_to_whoever_came_last(opened: OpenRig) -> None:
    async with opened() as rig:
        _, first = await rig.join("van")
        _, second = await rig.join("van")
        await first.until(lambda: first.events[1:2] != [] and first.events[1].startswith("down"))
        assert second.events[0] == "up"


class Touchy(Heard):
    """Raises at every first message."""

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        super().on_message(topic, payload, retained=retained)
        if payload == b"bad":
            raise RuntimeError("a bug in a listener")


@awaited
async def test_a_listener_that_fails_does_not_deafen_the_line(opened_for_real: OpenRig) -> None:
    async with opened_for_real() as rig:
        assert isinstance(rig, MqttRig)
        heard = Touchy()
        link = MqttLink(rig.url, "control", [Subscription("t")], random.Random(1), login=Login(mqtt=rig.mqtt))
        rig.run(link, heard)
        await heard.until(lambda: link.is_up)
        for payload in (b"bad", b"bad", b"good"):
            await link.publish("t", payload)
        await heard.until(lambda: b"good" in heard.payloads)
        assert (heard.events, link.counts.listener_faults) == (["up"], 2)


@awaited
async def test_a_line_on_which_nothing_is_heard_is_laid_anew(opened_for_real: OpenRig) -> None:
    async with opened_for_real() as rig:
        assert isinstance(rig, MqttRig)
        heard = Heard()
        limits = LineLimits(retry_s_min=0.01, silence_s_max=0.05)
        link = MqttLink(rig.url, "control", [Subscription("t")], random.Random(1), None, limits, Login(mqtt=rig.mqtt))
        rig.run(link, heard)
        await heard.until(lambda: heard.events.count("up") >= 2)
        assert heard.events[1] == "down: nothing heard for 0.05 s"


@awaited
async def test_a_line_on_which_nobody_speaks_is_laid_anew_ever_less_often(opened_for_real: OpenRig) -> None:
    """All vehicles may be off; what the broker remembers of them is no word of theirs."""
    async with opened_for_real() as rig:
        assert isinstance(rig, MqttRig)
        van, _ = await rig.join("van")
        await van.publish("t", b"remembered", qos=1, retain=True)
        heard = Heard()
        limits = LineLimits(retry_s_min=0.01, silence_s_max=0.05, silence_s_rest=0.2)
        link = MqttLink(
            rig.url, "control", [Subscription("t", qos=1)], random.Random(1), None, limits, Login(mqtt=rig.mqtt)
        )
        rig.run(link, heard)
        await heard.until(lambda: heard.events.count("up") >= 5)
        downs = [event.removeprefix("down: nothing heard for ") for event in heard.events if event != "up"]
        assert downs[:4] == ["0.05 s", "0.1 s", "0.2 s", "0.2 s"]
        await heard.until(lambda: b"now" in heard.payloads, lambda: van.publish("t", b"now"))
        after = len(heard.events)
        await heard.until(lambda: len(heard.events) > after)
        assert heard.events[after] == "down: nothing heard for 0.05 s"


@needs("mosquitto")
@awaited
async def test_a_will_may_change_between_connections(tmp_path: Path) -> None:
    async with opener("mosquitto", tmp_path)() as rig:
        van, told = await rig.join("van", will=Will("t", b"first", 0, retain=False))
        assert isinstance(van, MqttLink)
        van.will = Will("t", b"second", 0, retain=False)
        await rig.stop()
        await rig.start()
        await told.until(lambda: told.events.count("up") == 2)
        _, heard = await rig.join("control", Subscription("t"))
        await rig.join("van")  # takes the id; mosquitto then speaks for the one before, NATS does not
        await heard.until(lambda: bool(heard.messages))
        assert heard.payloads == [b"second"]
