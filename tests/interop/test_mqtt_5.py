"""What MQTT 5 adds to a line: bounds that are kept to, and refusals that say why."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.clock import SystemClock
from fleet.errors import BrokerError, LinkDownError, TooLargeError
from fleet.model.site import MqttVersion
from fleet.wire.broker_client import packet_bytes
from fleet.wire.broker_url import BrokerUrl
from fleet.wire.login import Login
from fleet.wire.mqtt import MqttLink
from fleet.wire.rights import fleet_rights, vehicle_rights
from fleet.wire.sniff.heard import Entry
from fleet.wire.sniff.heard import Heard as Said
from fleet.wire.sniff.listen import Ears, listen
from fleet.wire.subscription import Subscription
from tests.interop.guest import PUBACK, packet, password_of, publish_packet, text
from tests.interop.heard import Heard, awaited
from tests.interop.rigs import QUICK, REAL_KINDS, House, MqttRig, Rig, opener
from tests.needs import needs

USERS = {"fleet": fleet_rights("uagv"), "van-1": vehicle_rights("uagv", "acme", "van-1")}
IN_5 = Login(mqtt=MqttVersion.V5)
ACCEPTED = packet(0x20, b"\0\0\0")
CONNECT, PUBLISH, SUBSCRIBE = 0x10, 0x30, 0x80


def mosquitto(folder: Path, **house: object) -> contextlib.AbstractAsyncContextManager[Rig]:
    return opener("mosquitto-5", folder)(house=House(**house))  # type: ignore[arg-type]


@needs("mosquitto")
@pytest.mark.vda5050("1.5")
@awaited
async def test_what_is_larger_than_the_broker_takes_is_kept_back_and_the_line_stays(tmp_path: Path) -> None:
    async with mosquitto(tmp_path, packet_bytes_max=2000) as rig:
        line, heard = await rig.join("fleet", Subscription("t/#"))
        assert isinstance(line, MqttLink)
        fits = bytes(2000 - packet_bytes("t/fits", b"", 0) - 1)  # one more for the length, which takes two bytes then
        await line.publish("t/fits", fits)
        with pytest.raises(TooLargeError, match="2001 bytes are more than the 2000 that the broker takes"):
            await line.publish("t/fits", fits + b"x")
        with pytest.raises(TooLargeError):
            line.send("t/fits", fits + b"x")
        await line.publish("t/last", b"", qos=1)
        await heard.until(lambda: len(heard.messages) == 2)
        assert [payload for _, payload, _ in heard.messages] == [fits, b""]
        assert heard.events == ["up"]


@needs("mosquitto")
@pytest.mark.vda5050("1.5")
@awaited
async def test_who_says_what_it_may_not_is_told_so(tmp_path: Path) -> None:
    async with mosquitto(tmp_path, users=USERS) as rig:
        assert isinstance(rig, MqttRig)
        login = Login(user="van-1", password=password_of("van-1"), mqtt=MqttVersion.V5)
        line, heard = MqttLink(rig.url, "van-1", (), random.Random(1), None, QUICK, login), Heard()
        rig.run(line, heard)
        await heard.until(lambda: line.is_up)
        with pytest.raises(
            LinkDownError, match=r"uagv/v2/acme/van-2/state: not authorised; see .* `fleet config rights`"
        ):
            await line.publish("uagv/v2/acme/van-2/state", b"forged", qos=1)
        await line.publish("uagv/v2/acme/van-1/state", b"true", qos=1)
        assert heard.events == ["up"]


@pytest.mark.vda5050("1.6")
@pytest.mark.parametrize("kind", REAL_KINDS)
@awaited
async def test_nothing_waits_at_the_broker_for_a_line_that_has_ended(tmp_path: Path, kind: str) -> None:
    async with opener(kind, tmp_path)() as rig:
        line, _ = await rig.join("fleet", Subscription("t", qos=1))
        await rig.leave(line)
        assert not (await rig.guest("fleet", is_clean=False)).had_session


@pytest.mark.vda5050("1.5")
@awaited
async def test_a_broker_that_speaks_no_mqtt_5_is_told_from_one_that_is_down(tmp_path: Path) -> None:
    """As the broker that comes with the fleet."""
    async with opener("nats", tmp_path)() as rig:
        assert isinstance(rig, MqttRig)
        line, heard = MqttLink(rig.url, "fleet", (), random.Random(1), None, QUICK, IN_5), Heard()
        rig.run(line, heard)
        await heard.until(lambda: bool(heard.events))
        assert heard.events[0].startswith("down: the broker speaks no MQTT 5; leave broker.mqtt (--mqtt) at")
        ears = Ears(url=rig.url, login=IN_5, clock=SystemClock.started_now())
        with pytest.raises(BrokerError, match="speaks no MQTT 5"):
            await listen(ears, list[Entry]().append, asyncio.Event())


@needs("mosquitto")
@awaited
async def test_a_listener_on_the_wire_hears_what_is_said_in_either(tmp_path: Path) -> None:
    async with mosquitto(tmp_path) as rig, asyncio.TaskGroup() as tasks:
        assert isinstance(rig, MqttRig)
        older, heard = MqttLink(rig.url, "van", (), random.Random(1)), Heard()
        rig.run(older, heard)
        newer, _ = await rig.join("fleet")
        await heard.until(lambda: older.is_up)
        await older.publish("t/van", b"kept", qos=1, retain=True)
        await newer.publish("t/fleet", b"kept", qos=1, retain=True)
        stop, entries = asyncio.Event(), list[Entry]()
        ears = Ears(url=rig.url, login=IN_5, clock=SystemClock.started_now())
        tasks.create_task(listen(ears, entries.append, stop))
        await heard.until(lambda: {each.topic for each in entries if isinstance(each, Said)} == {"t/van", "t/fleet"})
        stop.set()


# Brokers of whom mosquitto is none ------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def a_broker_that_answers(answers: dict[int, bytes]) -> AsyncIterator[BrokerUrl]:
    """A broker with one answer to each kind of packet."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind, length = await reader.readexactly(2)  # none of ours is longer than 127 bytes
                await reader.readexactly(length)
                writer.write(answers.get(kind & 0xF0, b""))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield BrokerUrl("127.0.0.1", server.sockets[0].getsockname()[1])


async def told_by(answers: dict[int, bytes], *wanted: Subscription) -> str:
    """What is said of a line that never comes up."""
    async with a_broker_that_answers(answers) as url, asyncio.TaskGroup() as tasks:
        line, heard = MqttLink(url, "fleet", wanted, random.Random(1), None, QUICK, IN_5), Heard()
        running = tasks.create_task(line.run(heard))
        await heard.until(lambda: any(event != "up" for event in heard.events))
        running.cancel()
    return next(event for event in heard.events if event != "up")


def refused(code: int, why: str = "") -> bytes:
    """A CONNACK."""
    properties = b"\x1f" + text(why.encode()) if why else b""
    return packet(0x20, bytes([0, code, len(properties)]) + properties)


@pytest.mark.vda5050("1.5")
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            refused(0x87),
            "down: not authorised; see the user, the password, and the rights that `fleet config rights` lists",
        ),
        (refused(0x97, "10 a day"), "down: what the broker allows this user is used up; see its quotas (10 a day)"),
        (refused(0x9A), "down: the broker retains no messages, which VDA 5050 needs; see its retain_available"),
        (refused(0x83, "moon"), "down: the broker says: Implementation specific error (moon)"),
    ],
)
@awaited
async def test_why_a_broker_lets_nobody_in_is_told_in_words(answer: bytes, words: str) -> None:
    assert await told_by({CONNECT: answer}) == words


@awaited
async def test_a_subscription_that_is_refused_is_named_with_the_reason() -> None:
    answers = {CONNECT: ACCEPTED, SUBSCRIBE: packet(0x90, b"\0\x01\0\x87")}
    told = await told_by(answers, Subscription("uagv/#"))
    assert told.startswith("down: the broker refuses the subscription to uagv/#: not authorised")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (packet(PUBACK, b"\0\x01\x97\0"), "did not take t: what the broker allows this user is used up"),
        (packet(0xE0, b"\x95\0"), "did not take t: a message was larger than the broker takes"),
        (packet(0xE0, b"\x8e\0"), "did not take t: another client has come with our client id"),
        (packet(0xE0, b"\x97\0"), "did not take t: what the broker allows this user is used up"),
    ],
)
@awaited
async def test_why_a_message_was_not_taken_is_told_at_once(answer: bytes, words: str) -> None:
    async with a_broker_that_answers({CONNECT: ACCEPTED, PUBLISH: answer}) as url, asyncio.TaskGroup() as tasks:
        line, heard = MqttLink(url, "fleet", (), random.Random(1), None, QUICK, IN_5), Heard()
        running = tasks.create_task(line.run(heard))
        await heard.until(lambda: line.is_up)
        with pytest.raises(LinkDownError, match=words):
            await line.publish("t", b"", qos=1)
        running.cancel()


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("length", [0, 121, 122, 123, 124, 16_370, 16_376, 16_380, 16_384, 2_097_140, 2_097_152])
def test_the_length_of_a_message_is_known_before_it_is_sent(qos: int, length: int) -> None:
    payload = bytes(length)
    assert packet_bytes("t", payload, qos) == len(publish_packet("t", b"\0" + payload, qos, False, 1))
