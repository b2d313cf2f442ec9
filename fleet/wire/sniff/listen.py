"""A listener on a real broker: everything that is said, on all topics, until it is time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiomqtt

from fleet.clock import Clock
from fleet.errors import BrokerError
from fleet.wire.broker_client import BrokerClient
from fleet.wire.broker_url import BrokerUrl
from fleet.wire.login import Login
from fleet.wire.sniff.heard import AskedAgain, Entry, Heard
from fleet.wire.subscription import Subscription

LISTEN_QOS = 1  # at 0, all would come as 0
ANSWER_S_MAX = 5.0
AGAIN_S = 1.0  # for what the broker keeps to come once more


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """Where and what to listen to.

    Attributes:
        only: vehicles as MANUFACTURER/SERIAL; all where it is empty.
        seconds: how long; None until somebody says stop.
    """

    url: BrokerUrl
    login: Login
    clock: Clock
    only: Sequence[str] = ()
    seconds: float | None = None

    @property
    def filters(self) -> list[str]:
        return [f"+/+/{vehicle}/+" for vehicle in self.only] or ["#"]

    @property
    def filters_again(self) -> list[str]:
        """Others that hold the vehicles' topics: some brokers tell what they keep once for each filter only."""
        return [f"+/+/{vehicle}/#" for vehicle in self.only] or ["+/+/+/+/+"]


async def listen(ears: Ears, take: Callable[[Entry], None], stop: asyncio.Event) -> str:
    """Hand on everything until `stop` is set or the seconds are over; why it ended before that, or nothing.

    Raises:
        BrokerError: the broker cannot be reached, or lets nobody listen.
    """
    client = BrokerClient(ears.url, ears.login, answer_s_max=ANSWER_S_MAX)
    try:
        async with client:
            await _ask_for(client, ears.filters)
            return await _serve(ears, client, take, stop)
    except (aiomqtt.MqttError, OSError) as fault:
        raise BrokerError(f"broker {ears.url}: {client.why(fault)}") from fault


async def _ask_for(client: BrokerClient, filters: Sequence[str]) -> None:
    await client.listen([Subscription(wanted, LISTEN_QOS) for wanted in filters])


async def _serve(ears: Ears, client: BrokerClient, take: Callable[[Entry], None], stop: asyncio.Event) -> str:
    async with asyncio.TaskGroup() as tasks:
        hearing = tasks.create_task(_hear(client, take, ears.clock), name="hear")
        stopped = tasks.create_task(stop.wait(), name="stop")
        await asyncio.wait({hearing, stopped}, timeout=ears.seconds, return_when=asyncio.FIRST_COMPLETED)
        if not hearing.done():
            take(AskedAgain(ears.clock.trade_now_s()))
            await _ask_for(client, ears.filters_again)
            await asyncio.wait({hearing}, timeout=AGAIN_S)
        reason = hearing.result() if hearing.done() else ""
        hearing.cancel()
        stopped.cancel()
    return reason


async def _hear(client: BrokerClient, take: Callable[[Entry], None], clock: Clock) -> str:
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
        return client.why(fault)
    return ""
