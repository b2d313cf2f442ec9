"""What MQTT promises and what it does not, held by the broker in memory, by NATS and by mosquitto, there in 5 as well.

Where brokers differ, `fleet.wire.manners` says how, and the rig's row of it is what is expected here.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fleet.errors import LinkDownError
from fleet.wire.link import Will
from fleet.wire.memory_broker import REFUSED
from fleet.wire.rights import fleet_rights, vehicle_rights
from fleet.wire.subscription import Subscription
from tests.interop.guest import Guest
from tests.interop.heard import awaited
from tests.interop.rigs import EVERY_KIND, REAL_KINDS, House, OpenRig, Rig, opener

USERS = {
    "fleet": fleet_rights("uagv"),
    "van-1": vehicle_rights("uagv", "acme", "van-1"),
    "van-2": vehicle_rights("uagv", "acme", "van-2"),
}
OWN, FOREIGN = "uagv/v2/acme/van-1", "uagv/v2/acme/van-2"


@pytest.fixture(params=EVERY_KIND)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> OpenRig:
    return opener(request.param, tmp_path)


def numbers(count: int, first: int = 0) -> list[bytes]:
    return [b"%d" % number for number in range(first, first + count)]


async def say(speaker: Guest, topic: str, payloads: list[bytes]) -> None:
    for payload in payloads:
        await speaker.publish(topic, payload, qos=1)


async def has_all(rig: Rig, listener: Guest) -> None:
    """Wait until everything that was said to a listener before has arrived: what comes last comes after it."""
    await listener.subscribe(Subscription("last"))
    await comes_to_the_last(rig, listener)


async def comes_to_the_last(rig: Rig, listener: Guest) -> None:
    """The same for one that listens for the last already: a full queue may swallow the answer to a subscription."""
    speaker = await rig.guest("last")
    before = listener.payloads.count(b"last")
    await listener.until(lambda: listener.payloads.count(b"last") > before, lambda: speaker.publish("last", b"last"))
    await speaker.leave()


def said(guest: Guest) -> list[bytes]:
    return [payload for payload in guest.payloads if payload != b"last"]


def is_whole(rig: Rig, heard: list[bytes], expected: list[bytes]) -> bool:
    """A broker that repeats by the clock may lose the first ones on the way to a client that has just come.

    NATS does so about once in a hundred times, after a restart of its own or without one: what it says before the
    client's session stands is lost, and it says it again only when its time is over, behind later ones. So they come
    later, or twice, and never not at all; the others bring all in order.
    """
    return heard == expected if rig.manners.repeats_after_s is None else set(heard) == set(expected)


# Sessions -----------------------------------------------------------------------------------------------------------


@awaited
async def test_what_is_said_at_qos_1_waits_for_a_client_that_asked_to_be_remembered(opened: OpenRig) -> None:
    async with opened(house=House(repeats_after_s=2)) as rig:
        van = await rig.guest("van", Subscription("t", qos=1), is_clean=False)
        assert not van.had_session
        await van.leave()
        speaker = await rig.guest("speaker")
        await say(speaker, "t", [b"first", b"second"])
        await speaker.publish("t", b"at qos 0")
        await say(speaker, "t", [b"third"])
        van = await rig.guest("van", is_clean=False)
        assert van.had_session
        await van.until(lambda: len(set(van.payloads)) == 3)
        await has_all(rig, van)
        assert is_whole(rig, said(van), [b"first", b"second", b"third"])


@awaited
async def test_nothing_waits_for_who_listens_at_qos_0(opened: OpenRig) -> None:
    async with opened() as rig:
        van = await rig.guest("van", Subscription("t", qos=0), is_clean=False)
        await van.leave()
        await say(await rig.guest("speaker"), "t", [b"missed"])
        van = await rig.guest("van", is_clean=False)
        assert van.had_session
        await say(await rig.guest("speaker-2"), "t", [b"heard"])
        await van.until(lambda: b"heard" in van.payloads)
        assert said(van) == [b"heard"]


@awaited
async def test_nothing_waits_for_a_client_with_a_clean_session(opened: OpenRig) -> None:
    async with opened() as rig:
        van = await rig.guest("van", Subscription("t", qos=1))
        await van.leave()
        await say(await rig.guest("speaker"), "t", [b"missed"])
        van = await rig.guest("van", Subscription("t", qos=1))
        assert not van.had_session
        await has_all(rig, van)
        assert said(van) == []


@awaited
async def test_a_clean_connection_ends_the_session_before_it(opened: OpenRig) -> None:
    async with opened() as rig:
        van = await rig.guest("van", Subscription("t", qos=1), is_clean=False)
        await van.leave()
        await say(await rig.guest("speaker"), "t", [b"waits"])
        await (await rig.guest("van")).leave()
        van = await rig.guest("van", is_clean=False)
        assert not van.had_session
        await has_all(rig, van)
        assert said(van) == []


@awaited
async def test_what_was_heard_and_not_confirmed_is_said_again(opened: OpenRig) -> None:
    async with opened(house=House(repeats_after_s=3)) as rig:
        van = await rig.guest("van", Subscription("t", qos=1), is_clean=False, acknowledges=False)
        speaker = await rig.guest("speaker")
        await say(speaker, "t", numbers(3))
        await van.until(lambda: len(set(van.payloads)) == 3)
        await van.vanish()
        await say(speaker, "t", numbers(1, first=3))
        van = await rig.guest("van", is_clean=False)
        await van.until(lambda: len(set(van.payloads)) == 4)
        assert is_whole(rig, van.payloads, numbers(4))


@awaited
async def test_what_was_heard_and_confirmed_is_not_said_again(opened: OpenRig) -> None:
    async with opened(house=House(repeats_after_s=3)) as rig:
        van = await rig.guest("van", Subscription("t", qos=1), is_clean=False)
        speaker = await rig.guest("speaker")
        await say(speaker, "t", numbers(3))
        await van.until(lambda: len(set(van.payloads)) == 3)
        await has_all(rig, van)
        await van.vanish()
        await say(speaker, "t", numbers(1, first=3))
        van = await rig.guest("van", is_clean=False)
        await van.until(lambda: b"3" in van.payloads)
        assert said(van) == [b"3"]


@awaited
async def test_a_client_that_confirms_nothing_is_told_no_more_after_a_while(opened: OpenRig) -> None:
    async with opened(house=House(in_flight_max=5)) as rig:
        van = await rig.guest("van", Subscription("t", qos=1), is_clean=False, acknowledges=False)
        await say(await rig.guest("speaker"), "t", numbers(20))
        await van.until(lambda: len(van.payloads) >= 5)
        await has_all(rig, van)
        assert said(van) == numbers(5)


@awaited
async def test_what_was_said_and_not_acknowledged_is_said_and_heard_twice(opened: OpenRig) -> None:
    async with opened(house=House(repeats_after_s=3)) as rig:
        control = await rig.guest("control", Subscription("t", qos=1))
        van = await rig.guest("van", is_clean=False)
        await van.publish_unacknowledged("t", b"twice")
        await control.until(lambda: bool(control.payloads))
        await rig.let_in(van)
        await control.until(lambda: len(control.payloads) == 2)


@awaited
async def test_a_session_moves_to_whoever_takes_the_id(opened: OpenRig) -> None:
    async with opened(house=House(repeats_after_s=3)) as rig:
        first = await rig.guest("van", Subscription("t", qos=1), is_clean=False)
        second = await rig.guest("van", is_clean=False)
        await first.until(lambda: not first.is_open)
        assert second.had_session
        await say(await rig.guest("speaker"), "t", [b"now"])
        await second.until(lambda: second.payloads == [b"now"])


# Bounds, beyond which messages are lost without a word ----------------------------------------------------------------


@awaited
async def test_more_than_fits_a_session_is_acknowledged_and_lost(opened: OpenRig) -> None:
    async with opened(house=House(queued_max=10, repeats_after_s=2)) as rig:
        van = await rig.guest("van", Subscription("t", qos=1), is_clean=False)
        await van.leave()
        await say(await rig.guest("speaker"), "t", numbers(40))
        van = await rig.guest("van", is_clean=False)
        kept = numbers(rig.manners.queued_max or 40)
        await van.until(lambda: len(set(van.payloads)) >= len(kept))
        await has_all(rig, van)
        assert is_whole(rig, said(van), kept)


@awaited
async def test_who_does_not_read_loses_messages_or_the_line(opened: OpenRig) -> None:
    async with opened(house=House(queued_max=10, pending_bytes_max=2**20)) as rig:
        van = await rig.guest("van", Subscription("t"), Subscription("last"))
        speaker = await rig.guest("speaker")
        await van.stop_reading()
        sent = [b"%05d" % number + bytes(4000) for number in range(4000)]
        for payload in sent:
            await speaker.publish("t", payload)
        await speaker.publish("elsewhere", b"", qos=1)  # the broker has taken all
        await van.read_on()
        if rig.manners.pending_bytes_max:
            await van.until(lambda: not van.is_open)
            assert van.payloads == sent[: len(van.payloads)]
        else:
            await comes_to_the_last(rig, van)
            heard = said(van)
            assert heard == sent[: len(heard)]
            await speaker.publish("t", b"it goes on")
            await van.until(lambda: b"it goes on" in van.payloads)
        assert len(van.payloads) < len(sent)


@pytest.mark.parametrize("qos", [0, 1])
@awaited
async def test_who_says_more_than_the_broker_takes_is_thrown_out(opened: OpenRig, qos: int) -> None:
    async with opened(house=House(packet_bytes_max=2000)) as rig:
        control = await rig.guest("control", Subscription("t/#"))
        van = await rig.guest("van", will=Will("t/will", b"broken", 0, retain=False))
        await van.publish("t/fits", bytes(1000))
        if qos:
            with pytest.raises(LinkDownError):
                await van.publish("t/large", bytes(3000), qos=1)
        else:
            await van.publish("t/large", bytes(3000))
        await van.until(lambda: not van.is_open)
        await control.until(lambda: b"broken" in control.payloads)
        assert [topic for topic, _, _ in control.heard.messages] == ["t/fits", "t/will"]


@pytest.mark.parametrize("kind", ["memory-mosquitto", "memory-mosquitto-5", *REAL_KINDS[1:]])
@awaited
async def test_where_only_the_content_is_bounded_a_larger_one_is_acknowledged_and_lost(
    kind: str, tmp_path: Path
) -> None:
    async with opener(kind, tmp_path)(house=House(payload_bytes_max=2000)) as rig:
        control = await rig.guest("control", Subscription("t"))
        van = await rig.guest("van")
        await van.publish("t", bytes(3000), qos=1)
        await van.publish("t", b"fits", qos=1)
        await control.until(lambda: control.payloads == [b"fits"])
        assert van.is_open


# Wills ----------------------------------------------------------------------------------------------------------------


@awaited
async def test_a_client_of_which_nothing_is_heard_is_given_up_and_its_will_spoken(opened: OpenRig) -> None:
    async with opened() as rig:
        control = await rig.guest("control", Subscription("t"))
        began_s = time.monotonic()
        van = await rig.guest("van", will=Will("t", b"broken", 0, retain=False), keepalive_s=1)
        await van.fall_silent()
        await control.until(lambda: control.payloads == [b"broken"])
        assert time.monotonic() - began_s >= 1.0, "not before its keepalive is over"


@awaited
async def test_whether_a_will_is_spoken_when_the_id_is_taken_is_the_brokers_matter(opened: OpenRig) -> None:
    async with opened() as rig:
        control = await rig.guest("control", Subscription("t"))
        first = await rig.guest("van", will=Will("t", b"broken", 0, retain=False))
        await rig.guest("van")
        await first.until(lambda: not first.is_open)
        await has_all(rig, control)
        assert said(control) == ([b"broken"] if rig.manners.speaks_will_at_takeover else [])


@awaited
async def test_a_broker_that_is_told_to_stop_may_speak_all_wills_first(opened: OpenRig) -> None:
    async with opened(house=House(is_persistent=True)) as rig:
        await rig.guest("van", will=Will("t", b"broken", 1, retain=True))
        await rig.stop(is_asked=True)
        await rig.start()
        control = await rig.guest("control", Subscription("t"))
        await has_all(rig, control)
        assert said(control) == ([b"broken"] if rig.manners.speaks_wills_when_stopped else [])


# The broker's memory --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_persistent", [True, False])
@awaited
async def test_over_a_restart_all_is_kept_or_nothing(opened: OpenRig, is_persistent: bool) -> None:
    async with opened(house=House(is_persistent=is_persistent, repeats_after_s=2)) as rig:
        van = await rig.guest("van", Subscription("t", qos=1), is_clean=False)
        await van.leave()
        speaker = await rig.guest("speaker")
        await say(speaker, "t", numbers(3))
        await speaker.publish("kept", b"retained", qos=1, retain=True)
        await rig.stop(is_asked=True)
        await speaker.until(lambda: not speaker.is_open)
        await rig.start()
        expected = [*numbers(3), b"retained"] if is_persistent else []
        van = await rig.guest("van", is_clean=False)
        await van.until(lambda: set(van.payloads) >= set(expected[:3]))
        await van.subscribe(Subscription("kept", qos=1))
        await van.until(lambda: set(van.payloads) >= set(expected))
        await has_all(rig, van)
        assert van.had_session is is_persistent
        assert is_whole(rig, said(van), expected)


@awaited
async def test_an_empty_payload_ends_what_is_retained_and_is_heard_like_any_other(opened: OpenRig) -> None:
    async with opened() as rig:
        control = await rig.guest("control", Subscription("t", qos=1))
        speaker = await rig.guest("speaker")
        await speaker.publish("t", b"kept", qos=1, retain=True)
        await speaker.publish("t", b"", qos=1, retain=True)
        await control.until(lambda: control.heard.messages == [("t", b"kept", False), ("t", b"", False)])
        late = await rig.guest("late", Subscription("t", qos=1))
        await has_all(rig, late)
        assert said(late) == []


@awaited
async def test_who_listens_anew_is_told_again_what_is_retained(opened: OpenRig) -> None:
    async with opened() as rig:
        await (await rig.guest("speaker")).publish("t", b"kept", qos=1, retain=True)
        control = await rig.guest("control", Subscription("t", qos=1))
        await control.until(lambda: control.heard.messages == [("t", b"kept", True)])
        await control.subscribe(Subscription("t", qos=1))
        await control.until(lambda: control.heard.messages == [("t", b"kept", True)] * 2)


@awaited
async def test_who_listens_twice_hears_once_or_twice(opened: OpenRig) -> None:
    async with opened() as rig:
        control = await rig.guest("control", Subscription("t/+"), Subscription("t/1", qos=1))
        await (await rig.guest("speaker")).publish("t/1", b"said", qos=1)
        times = 1 if rig.manners.speaks_once else 2
        await control.until(lambda: len(control.payloads) >= times)
        await has_all(rig, control)
        assert said(control) == [b"said"] * times


# Who may say what -----------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("1.5")
@awaited
async def test_a_vehicle_is_heard_below_its_own_serial_only(opened: OpenRig) -> None:
    async with opened(house=House(users=USERS)) as rig:
        filters = [f"uagv/+/+/+/{name}" for name in ("state", "connection")]
        control = await rig.guest("control", *map(Subscription, filters), user="fleet")
        van = await rig.guest("van", user="van-1")
        for topic in (f"{FOREIGN}/state", f"{OWN}/order", "uagv/v2/acme/state"):
            await van.publish(topic, b"forged", qos=0)
            await van.publish(topic, b"forged", qos=1, retain=True)  # acknowledged all the same
        await van.publish(f"{OWN}/state", b"true", qos=1)
        await control.until(lambda: b"true" in control.payloads)
        assert control.heard.messages == [(f"{OWN}/state", b"true", False)]
        assert van.is_open
        late = await rig.guest("late", *map(Subscription, filters), user="fleet")
        await van.publish(f"{OWN}/state", b"again", qos=1)
        await late.until(lambda: b"again" in late.payloads)
        assert late.payloads == [b"again"], "nor is anything forged retained"


@pytest.mark.vda5050("1.5")
@awaited
async def test_a_vehicle_leaves_no_will_in_anothers_name(opened: OpenRig) -> None:
    async with opened(house=House(users=USERS)) as rig:
        control = await rig.guest("control", Subscription("uagv/+/+/+/connection"), user="fleet")
        forger = await rig.guest("forger", will=Will(f"{FOREIGN}/connection", b"forged", 1, retain=True), user="van-1")
        honest = await rig.guest("honest", will=Will(f"{OWN}/connection", b"broken", 1, retain=True), user="van-1")
        await forger.vanish()
        await honest.vanish()
        await control.until(lambda: b"broken" in control.payloads)
        assert control.payloads == [b"broken"]


@pytest.mark.vda5050("1.5")
@awaited
async def test_a_vehicle_hears_no_orders_but_its_own(opened: OpenRig) -> None:
    """Asserted on what is heard: some brokers grant any filter, and then deliver nothing."""
    async with opened(house=House(users=USERS)) as rig:
        van = await rig.guest("van", user="van-1")
        wanted = [f"{OWN}/order", f"{FOREIGN}/order", "uagv/#"]
        answers = await van.subscribe(*map(Subscription, wanted))
        assert answers == ((0, 0, 0) if rig.manners.grants_forbidden_filters else (0, REFUSED, REFUSED))
        control = await rig.guest("control", user="fleet")
        await control.publish(f"{FOREIGN}/order", b"theirs", qos=1)
        await control.publish(f"{OWN}/order", b"mine", qos=1)
        await van.until(lambda: b"mine" in van.payloads)
        assert set(van.payloads) == {b"mine"}


@pytest.mark.vda5050("1.5")
@awaited
async def test_who_is_not_known_is_not_let_in(opened: OpenRig) -> None:
    async with opened(house=House(users=USERS)) as rig:
        known = await rig.guest("known", user="van-1")
        stranger = rig.stranger(known.entrance.as_user(None))
        assert not await stranger.enter()
        assert not await rig.stranger(known.entrance.as_user("van-3")).enter()


# What one broker cannot spell ----------------------------------------------------------------------------------------


@awaited
async def test_a_topic_with_a_space_may_cost_its_speaker_the_line(opened: OpenRig) -> None:
    async with opened() as rig:
        van = await rig.guest("van")
        if rig.manners.unspeakable:
            with pytest.raises(LinkDownError):
                await van.publish("van 1/state", b"", qos=1)
            await van.until(lambda: not van.is_open)
        else:
            await van.publish("van 1/state", b"", qos=1)
            assert van.is_open


@pytest.mark.parametrize("client_id", ["van.1", "van 1", "van*1", "van>1"])
@awaited
async def test_not_every_broker_takes_every_client_id(opened: OpenRig, client_id: str) -> None:
    async with opened() as rig:
        van = await rig.guest("van-1")
        other = rig.stranger(van.entrance.named(client_id))
        assert await other.enter() is not bool(rig.manners.unfit_for_ids)
