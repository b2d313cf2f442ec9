"""A listener on a real broker: everything that is said, on all topics, until it is time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiomqtt

from fleet.clock import Clock
from fleet.errors import BrokerError
from fleet.wire.broker_url import BrokerUrl
from fleet.wire.login import Login
from fleet.wire.sniff.heard import AskedAgain, Entry, Heard

EVERYTHING, EVERY_VEHICLE = "#", "+/+/+/+/+"
LISTEN_QOS = 1  # at 0, all would come as 0
ANSWER_S_MAX = 5.0
AGAIN_S = 1.0  # for what the broker keeps to come once more


async def listen(
    url: BrokerUrl,
    take: Callable[[Entry], None],
    stop: asyncio.Event,
    seconds: float | None,
    clock: Clock,
    login: Login | None = None,
) -> str:
    """Hand on everything until `stop` is set or the seconds are over; why it ended before that, or nothing.

    Raises:
        BrokerError: the broker cannot be reached.
    """
    login = login or Login()
    try:
        async with aiomqtt.Client(
            url.host,
            url.port,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=True,
            timeout=ANSWER_S_MAX,
            username=login.user,
            password=login.password,
            tls_context=login.tls() if url.is_secure else None,
        ) as client:
            await client.subscribe(EVERYTHING, qos=LISTEN_QOS)
            return await _serve(client, take, stop, seconds, clock)
    except aiomqtt.MqttError as fault:
        raise BrokerError(f"broker {url} cannot be reached: {fault}") from fault


async def _serve(
    client: aiomqtt.Client, take: Callable[[Entry], None], stop: asyncio.Event, seconds: float | None, clock: Clock
) -> str:
    async with asyncio.TaskGroup() as tasks:
        hearing = tasks.create_task(_hear(client, take, clock), name="hear")
        stopped = tasks.create_task(stop.wait(), name="stop")
        await asyncio.wait({hearing, stopped}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not hearing.done():
            take(AskedAgain(clock.trade_now_s()))
            await client.subscribe(EVERY_VEHICLE, qos=LISTEN_QOS)
            await asyncio.wait({hearing}, timeout=AGAIN_S)
        reason = hearing.result() if hearing.done() else ""
        hearing.cancel()
        stopped.cancel()
    return reason


async def _hear(client: aiomqtt.Client, take: Callable[[Entry], None], clock: Clock) -> str:
    """Hand on what comes; why the line ended."""
    try:
        async for message in client.messages:
            if isinstance(message.payload, bytes):
                take(
                    Heard(
                        at_s=clock.trade_now_s(),
                        topic=message.topic.value,
                        payload=message.payload,
                        retained=message.retain,
                        qos=message.qos,
                    )
                )
    except aiomqtt.MqttError as fault:
        return str(fault)
    return ""
