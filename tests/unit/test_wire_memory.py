from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Sequence
from dataclasses import replace

from fleet.wire.link import Will
from fleet.wire.manners import MOSQUITTO, NATS
from fleet.wire.memory import MemoryBroker, MemoryLink
from fleet.wire.network import Faults, Latency
from fleet.wire.rights import Rights
from fleet.wire.subscription import Subscription
from tests.interop.heard import Heard, awaited

AT_ONCE = Latency(0.0, 0.0)


class Plan:
    """Faults taken from a list, one entry per delivery; ordinary deliveries after its end."""

    def __init__(self, *plans: Sequence[float]) -> None:
        self._plans = list(plans)

    def plan(self, topic: str, payload: bytes, rng: random.Random) -> Sequence[float]:
        return self._plans.pop(0) if self._plans else (0.0,)


def broker(faults: Faults | None = None) -> MemoryBroker:
    return MemoryBroker(random.Random(1), AT_ONCE, faults, reconnect_s=0.001)


def hearing(at: MemoryBroker, *subscriptions: Subscription) -> Heard:
    heard = Heard()
    MemoryLink(at, "hearer", subscriptions or (Subscription("t"),)).open(heard)
    return heard


@awaited
async def test_faults_drop_double_and_overtake_and_are_counted() -> None:
    at = broker(Plan((), (0.0, 0.0), (0.002,)))
    heard = hearing(at)
    for payload in (b"lost", b"twice", b"late", b"last"):
        at.publish("t", payload)
    await heard.until(lambda: b"late" in heard.payloads)
    assert heard.payloads == [b"twice", b"twice", b"last", b"late"]
    assert (at.traffic.dropped, at.traffic.doubled, at.traffic.delayed, at.traffic.overtaken) == (1, 1, 1, 1)


@awaited
async def test_a_plan_cannot_lose_what_both_sides_agreed_to_acknowledge() -> None:
    at = broker(Plan((), ()))
    heard = hearing(at, Subscription("t", qos=1))
    at.publish("t", b"acknowledged", qos=1)
    at.publish("t", b"not", qos=0)
    at.publish("t", b"end", qos=1)
    await heard.until(lambda: b"end" in heard.payloads)
    assert heard.payloads == [b"acknowledged", b"end"]


@awaited
async def test_order_is_kept_whatever_the_latency() -> None:
    at = MemoryBroker(random.Random(3), Latency(0.0, 0.003))
    heard = hearing(at)
    sent = [b"%d" % number for number in range(50)]
    for payload in sent:
        at.publish("t", payload)
    await heard.until(lambda: len(heard.payloads) == len(sent))
    assert heard.payloads == sent


@awaited
async def test_a_will_is_spoken_when_the_loss_is_noticed() -> None:
    at = broker()
    heard = hearing(at)
    MemoryLink(at, "van", will=Will("t", b"gone", 0, retain=True)).open(Heard())
    at.cut("van", for_s=math.inf, noticed_after_s=0.001)
    assert at.retained == {}
    await heard.until(lambda: heard.payloads == [b"gone"])
    assert at.retained == {"t": b"gone"}
    assert not at.is_connected("van")


@awaited
async def test_a_barred_client_comes_back_once_it_is_admitted() -> None:
    at = broker()
    heard = hearing(at)
    at.cut("hearer", for_s=math.inf)
    assert heard.events[-1] == "down: the line was cut"
    at.admit("hearer")
    await heard.until(lambda: heard.events[-1] == "up")


@awaited
async def test_what_is_on_its_way_is_lost_with_the_line() -> None:
    at = MemoryBroker(random.Random(1), Latency(0.002, 0.0), reconnect_s=0.001)
    heard = hearing(at)
    at.publish("t", b"on its way")
    at.cut("hearer")
    await heard.until(lambda: heard.events[-1] == "up")
    at.publish("t", b"end")
    await heard.until(lambda: b"end" in heard.payloads)
    assert at.traffic.lost_with_line == 1
    assert heard.payloads == [b"end"]


@awaited
async def test_a_broker_may_forget_everything_when_it_dies() -> None:
    at = broker()
    at.publish("t", b"kept", retain=True)
    at.stop()
    assert at.retained == {"t": b"kept"}
    at.stop(keep_retained=False)
    assert at.retained == {}
    at.start()
    heard = hearing(at)
    at.publish("t", b"live")
    await heard.until(lambda: heard.payloads == [b"live"])


def test_the_same_seed_gives_the_same_deliveries() -> None:
    def story() -> list[bytes]:
        heard = Heard()

        async def tell() -> None:
            at = MemoryBroker(random.Random(7), Latency(0.0, 0.0), Lottery())
            MemoryLink(at, "hearer", [Subscription("t")]).open(heard)
            for number in range(100):
                at.publish("t", b"%d" % number)
            at.publish("t", b"end", qos=1)
            await asyncio.sleep(0)
            await heard.until(lambda: b"end" in heard.payloads)

        asyncio.run(tell())
        return heard.payloads

    assert story() == story()


class Lottery:
    def plan(self, topic: str, payload: bytes, rng: random.Random) -> Sequence[float]:
        return (0.0,) * rng.choice((0, 1, 1, 2)) if payload != b"end" else (0.0,)


@awaited
async def test_what_is_lost_without_a_word_is_counted() -> None:
    manners = replace(MOSQUITTO, queued_max=1, payload_bytes_max=10)
    rights = {"van": Rights(says=("t",), hears=()), "hearer": Rights(says=(), hears=("t",))}
    at = MemoryBroker(random.Random(1), AT_ONCE, manners=manners, rights=rights)
    hearer = MemoryLink(at, "hearer", [Subscription("t", qos=1)], is_clean=False, user="hearer")
    hearer.open(Heard())
    hearer.close()
    van = MemoryLink(at, "van", user="van")
    van.open(Heard())
    for topic, payload in (("t", b"kept"), ("t", b"too many"), ("t", b"too long a message"), ("u", b"forbidden")):
        await van.publish(topic, payload, qos=1)
    assert (at.traffic.overflowed, at.traffic.oversized, at.traffic.denied) == (1, 1, 1)
    heard = Heard()
    hearer.open(heard)
    await heard.until(lambda: heard.payloads == [b"kept"])


@awaited
async def test_a_link_that_may_not_listen_does_not_come_up_where_the_broker_says_so() -> None:
    rights = {"van": Rights(says=(), hears=("own/#",))}
    for manners, is_up in ((NATS, False), (MOSQUITTO, True)):
        at = MemoryBroker(random.Random(1), AT_ONCE, manners=manners, rights=rights)
        van = MemoryLink(at, "van", [Subscription("foreign/#")], user="van")
        van.open(Heard())
        assert van.is_up is is_up
        van.close()


@awaited
async def test_a_line_that_breaks_in_silence_is_noticed_after_one_and_a_half_keepalives() -> None:
    at = broker()
    heard = hearing(at)
    MemoryLink(at, "van", will=Will("t", b"gone", 0, retain=False), keepalive_s=0.02).open(Heard())
    at.fall_silent("van", for_s=math.inf)
    began_s = at.network.loop.time()
    await heard.until(lambda: heard.payloads == [b"gone"])
    assert at.network.loop.time() - began_s >= 0.03
