"""A `Link` over a real broker, through aiomqtt, which is asyncio-mqtt under its present name.

Each connection is a fresh client with a clean session, because a used one remembers what it should forget. Messages
go straight from the socket to the listener: aiomqtt's own queue would grow without bound, or drop.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import aiomqtt

from fleet.errors import LinkDownError, TooLargeError
from fleet.wire.broker_client import BrokerClient
from fleet.wire.broker_url import BrokerUrl
from fleet.wire.link import LinkListener, Will
from fleet.wire.login import Login
from fleet.wire.subscription import Subscription

FAREWELL_S_MAX = 1.0
EARLY_MAX = 65_536  # retained messages that arrive before the line is called up

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LineLimits:
    """How long the line waits, machine time.

    Attributes:
        silence_s_max: a line on which nothing is heard for so long is laid anew; None lets it be silent for ever.
        silence_s_rest: where nobody speaks on the new line either, the wait doubles up to this: they may all be off.
    """

    keepalive_s: int = 15
    answer_s_max: float = 5.0
    send_s_max: float = 5.0
    retry_s_min: float = 0.2
    retry_s_max: float = 10.0
    steady_after_s: float = 10.0
    silence_s_max: float | None = None
    silence_s_rest: float = 1800.0
    waiting_max: int = 1000


@dataclass(slots=True)
class LineCounts:
    """What passed since the start."""

    heard: int = 0
    sent: int = 0
    refused: int = 0
    connects: int = 0
    listener_faults: int = 0


@dataclass(frozen=True, slots=True)
class _Speech:
    topic: str
    payload: bytes
    qos: int
    retain: bool


class MqttLink:
    """One client's line to a broker. `will` may be changed; the next connection takes the new one.

    Attributes:
        farewell: what we say when we go in peace, where the will stays unspoken.
    """

    def __init__(
        self,
        url: BrokerUrl,
        client_id: str,
        subscriptions: Sequence[Subscription],
        rng: random.Random,
        will: Will | None = None,
        limits: LineLimits | None = None,
        login: Login | None = None,
    ) -> None:
        self.client_id = client_id
        self.will = will
        self.farewell: Will | None = None
        self.counts = LineCounts()
        self._url = url
        self.subscriptions = tuple(subscriptions)
        self._rng = rng
        self._login = login or Login()
        self.limits = limits or LineLimits()
        self._client: BrokerClient | None = None
        self._outgoing: asyncio.Queue[_Speech] = asyncio.Queue(self.limits.waiting_max)
        self._heard_at_s = 0.0
        self._silences = 0
        self._early: deque[aiomqtt.Message] = deque(maxlen=EARLY_MAX)

    @property
    def is_up(self) -> bool:
        return self._client is not None

    async def run(self, listener: LinkListener) -> None:
        loop = asyncio.get_running_loop()
        failures, told = 0, ""
        while True:
            began_s, connects = loop.time(), self.counts.connects
            reason = await self._serve_once(listener)
            if self.counts.connects == connects and reason != told:  # people should know why it does not come up
                self._tell(partial(listener.on_link_down, reason))
            told = reason
            failures = 1 if loop.time() - began_s > self.limits.steady_after_s else failures + 1
            wait_s = self._retry_s(failures)
            log.info("link_retry", extra={"client": self.client_id, "reason": reason, "wait_s": round(wait_s, 2)})
            await asyncio.sleep(wait_s)

    async def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """Hand a message to the broker: QoS 0 to the socket, QoS 1 until it is acknowledged.

        Raises:
            TooLargeError: the broker has said that it takes no message of this size; nothing was sent.
            LinkDownError: the line is down, or the broker did not take it in time; it may still have arrived.
        """
        if (client := self._client) is None:
            raise LinkDownError(f"{self.client_id} has no line to {self._url}")
        try:
            async with asyncio.timeout(self.limits.send_s_max):
                await client.say(topic, payload, qos, retain)
        except TooLargeError:
            self.counts.refused += 1
            raise
        except (aiomqtt.MqttError, TimeoutError, ValueError) as fault:
            self.counts.refused += 1
            raise LinkDownError(f"{self._url} did not take {topic}: {client.why(fault) or 'timed out'}") from fault
        self.counts.sent += 1

    def send(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """`publish` for callers that are no coroutines; sent in order, forgotten when the line breaks.

        Raises:
            TooLargeError: the broker has said that it takes no message of this size.
            LinkDownError: the line is down, or too many messages wait already.
        """
        if self._client is None:
            raise LinkDownError(f"{self.client_id} has no line to {self._url}")
        self._client.check_size(topic, payload, qos)
        try:
            self._outgoing.put_nowait(_Speech(topic, payload, qos, retain))
        except asyncio.QueueFull as fault:
            self.counts.refused += 1
            raise LinkDownError(f"{self._outgoing.qsize()} messages already wait for {self._url}") from fault

    def _retry_s(self, failures: int) -> float:
        limits = self.limits
        longest_s = min(limits.retry_s_min * 2.0 ** min(failures - 1, 30), limits.retry_s_max)
        return longest_s * self._rng.uniform(0.5, 1.0)

    async def _serve_once(self, listener: LinkListener) -> str:
        """One connection from beginning to end; why it ended."""
        self._early.clear()
        client = self._new_client(listener)
        try:
            async with client:
                if self.subscriptions:
                    await client.listen(self.subscriptions)
                try:
                    return await self._serve(client, listener)
                except asyncio.CancelledError:
                    await self._say_farewell(client)
                    raise
        except (aiomqtt.MqttError, ValueError, OSError) as fault:
            task = asyncio.current_task()
            if task is not None and task.cancelling():  # the farewell failed while we were being cancelled
                raise asyncio.CancelledError from fault
            return client.why(fault)

    async def _say_farewell(self, client: BrokerClient) -> None:
        if (last := self.farewell) is None:
            return
        try:
            async with asyncio.timeout(FAREWELL_S_MAX):
                await client.say(last.topic, last.payload, last.qos, last.retain)
        except (aiomqtt.MqttError, TooLargeError, TimeoutError) as fault:
            log.debug("farewell_not_said", extra={"topic": last.topic, "reason": str(fault)})

    def _new_client(self, listener: LinkListener) -> BrokerClient:
        return BrokerClient(
            self._url,
            self._login,
            client_id=self.client_id,
            answer_s_max=self.limits.answer_s_max,
            keepalive_s=self.limits.keepalive_s,
            will=self.will,
            queue_type=_passage_to(lambda message: self._hear(message, listener)),
        )

    async def _serve(self, client: BrokerClient, listener: LinkListener) -> str:
        self._client = client
        self._heard_at_s = asyncio.get_running_loop().time()
        self.counts.connects += 1
        self._tell(listener.on_link_up)
        while self._early:
            self._hear(self._early.popleft(), listener)
        reason = "shut down"
        try:
            async with asyncio.TaskGroup() as tasks:
                speaking = tasks.create_task(self._speak(client), name="speak")
                reason = await self._until_broken(client)
                speaking.cancel()
        finally:
            self._client = None
            self._outgoing = asyncio.Queue(self.limits.waiting_max)
            self._tell(lambda: listener.on_link_down(reason))
        return reason

    async def _speak(self, client: BrokerClient) -> None:
        while True:
            speech = await self._outgoing.get()
            try:
                await self.publish(speech.topic, speech.payload, qos=speech.qos, retain=speech.retain)
            except LinkDownError as fault:
                log.debug("message_not_sent", extra={"topic": speech.topic, "reason": str(fault)})

    async def _until_broken(self, client: BrokerClient) -> str:
        """Wait until the connection ends, or nothing has been heard for too long; why."""
        loop = asyncio.get_running_loop()
        while True:
            silence_s_max, look_s = self._silence_s(), self.limits.silence_s_max
            if silence_s_max is not None and look_s is not None:
                left_s = self._heard_at_s + silence_s_max - loop.time()
                if left_s <= 0.0:
                    self._silences += 1
                    return f"nothing heard for {silence_s_max:g} s"
                look_s = min(left_s, look_s)  # a word that was heard meanwhile makes the rest shorter again
            try:
                async with asyncio.timeout(look_s):
                    await anext(client.messages)  # our passage yields none: it only ends, by raising
            except TimeoutError:
                continue
            except aiomqtt.MqttError as fault:
                return client.why(fault)

    def _silence_s(self) -> float | None:
        if self.limits.silence_s_max is None:
            return None
        longest_s = max(self.limits.silence_s_rest, self.limits.silence_s_max)
        return min(self.limits.silence_s_max * 2.0 ** min(self._silences, 30), longest_s)

    def _hear(self, message: aiomqtt.Message, listener: LinkListener) -> None:
        if self._client is None:
            self._early.append(message)
            return
        self._heard_at_s = asyncio.get_running_loop().time()
        self.counts.heard += 1
        topic, payload = message.topic.value, message.payload
        is_own = self.will is not None and topic == self.will.topic
        if not message.retain and not is_own:  # what the broker remembers, or gives back, tells nothing of who speaks
            self._silences = 0
        if isinstance(payload, bytes):
            self._tell(lambda: listener.on_message(topic, payload, retained=message.retain))

    def _tell(self, call: Callable[[], None]) -> None:
        """Call the listener; its faults must not reach the network loop, which would fall silent."""
        try:
            call()
        except Exception:
            self.counts.listener_faults += 1
            if self.counts.listener_faults.bit_count() == 1:  # the 1st, 2nd, 4th, 8th ...: no flood
                log.exception("listener_failed", extra={"faults": self.counts.listener_faults})


def _passage_to(hear: Callable[[aiomqtt.Message], None]) -> type[asyncio.Queue[aiomqtt.Message]]:
    """A queue type for aiomqtt that keeps nothing and hands each message on at once."""

    class Passage(asyncio.Queue[aiomqtt.Message]):
        def put_nowait(self, item: aiomqtt.Message) -> None:
            hear(item)

    return Passage
