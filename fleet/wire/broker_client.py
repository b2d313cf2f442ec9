"""One connection to a broker, in MQTT 3.1.1 or 5: what the broker takes, and in words why it does not.

aiomqtt throws away what MQTT 5 adds: the largest packet that a broker takes, and its reasons, also for a message that
it acknowledges and refuses. Sessions are those of 3.1.1 without a memory: a clean start, and an end with the
connection. Nor do subscriptions differ: we hear ourselves, and what is retained comes at each subscription, marked.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import aiomqtt
from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, ConnectFlags, DisconnectFlags
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from fleet.errors import TooLargeError
from fleet.model.site import MqttVersion
from fleet.wire.broker_url import BrokerUrl
from fleet.wire.link import Will
from fleet.wire.login import Login
from fleet.wire.subscription import Subscription

PROTOCOLS = MappingProxyType(
    {MqttVersion.V3_1_1: aiomqtt.ProtocolVersion.V311, MqttVersion.V5: aiomqtt.ProtocolVersion.V5}
)

REASONS: Mapping[int, str] = MappingProxyType(
    {
        0x85: "the broker does not take our client id",
        0x86: "the broker does not know this user with this password; see broker.user and the password",
        0x87: "not authorised; see the user, the password, and the rights that `fleet config rights` lists",
        0x88: "the broker is not at service",
        0x89: "the broker is too busy",
        0x8A: "the broker has banned us",
        0x8B: "the broker is shutting down",
        0x8D: "the broker heard nothing from us for too long",
        0x8E: "another client has come with our client id",
        0x93: "the broker was told more at once than it takes",
        0x95: "a message was larger than the broker takes; see its max_packet_size",
        0x96: "the broker is spoken to more often than it allows",
        0x97: "what the broker allows this user is used up; see its quotas",
        0x98: "whoever looks after the broker has closed the line",
        0x9A: "the broker retains no messages, which VDA 5050 needs; see its retain_available",
        0x9B: "the broker takes no messages at QoS 1, which VDA 5050 needs; see its max_qos",
        0x9F: "the broker is connected to more often than it allows",
    }
)
"""What brokers say no with, by the reason codes of MQTT 5; paho translates those of 3.1.1 into them."""

SILENT, UNANSWERED, BROKEN = 0x8D, "the broker does not answer", "the connection broke"
OTHER_VERSION = 0x84
REMEDIES: Mapping[MqttVersion, str] = MappingProxyType(
    {
        MqttVersion.V3_1_1: 'the broker speaks no MQTT 3.1.1; set broker.mqtt (--mqtt) to "5"',
        MqttVersion.V5: 'the broker speaks no MQTT 5; leave broker.mqtt (--mqtt) at "3.1.1", as for our own broker',
    }
)


class BrokerClient(aiomqtt.Client):
    """A connection, made once: a used one remembers what it should forget.

    Attributes:
        packet_bytes_max: what the broker takes at once; None where it names no bound, as it never does in 3.1.1.
    """

    def __init__(
        self,
        url: BrokerUrl,
        login: Login,
        *,
        client_id: str | None = None,
        answer_s_max: float,
        keepalive_s: int = 60,
        will: Will | None = None,
        queue_type: type[asyncio.Queue[aiomqtt.Message]] | None = None,
    ) -> None:
        super().__init__(
            url.host,
            url.port,
            identifier=client_id,
            protocol=PROTOCOLS[login.mqtt],
            clean_session=True if login.mqtt is MqttVersion.V3_1_1 else None,  # in 5 the first start always is
            keepalive=keepalive_s,
            timeout=answer_s_max,
            will=aiomqtt.Will(will.topic, will.payload, will.qos, will.retain) if will else None,
            queue_type=queue_type,
            username=login.user,
            password=login.password,
            tls_context=login.tls() if url.is_secure else None,
            socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
        )
        self.packet_bytes_max: int | None = None
        self._mqtt = login.mqtt
        self._explained = ""
        self._is_in = self._broke = False
        self._unanswered: dict[int, asyncio.Future[None]] = {}

    async def listen(self, wanted: Sequence[Subscription]) -> None:
        """Subscribe to all of it.

        Raises:
            aiomqtt.MqttError: the broker refuses one of them, by name.
        """
        if self._mqtt is MqttVersion.V5:
            answers = await self.subscribe([(each.filter, SubscribeOptions(qos=each.qos)) for each in wanted])
        else:
            answers = await self.subscribe([(each.filter, each.qos) for each in wanted])
        for each, answer in zip(wanted, answers, strict=True):
            if isinstance(answer, ReasonCode) and answer.is_failure:
                raise aiomqtt.MqttError(f"the broker refuses the subscription to {each.filter}{self._because(answer)}")

    async def say(self, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        """Hand over a message: at QoS 0 to the socket, at QoS 1 until the broker has answered.

        Raises:
            TooLargeError: the broker has said that it takes no message of this size; nothing was sent.
            aiomqtt.MqttError: the broker did not take it, or the line broke before it could.
        """
        self.check_size(topic, payload, qos)
        info = self._client.publish(topic, payload, qos, retain)
        if info.rc != MQTT_ERR_SUCCESS:
            raise aiomqtt.MqttCodeError(info.rc)
        if info.is_published():
            return
        answer = self._unanswered[info.mid] = asyncio.get_running_loop().create_future()
        try:
            await self._wait_for(answer, timeout=None)
        finally:
            self._unanswered.pop(info.mid, None)

    def check_size(self, topic: str, payload: bytes, qos: int) -> None:
        """Keep back what would cost the line: a broker throws out whoever says more than it takes.

        Raises:
            TooLargeError: the broker has said that it takes no message of this size.
        """
        if self.packet_bytes_max is not None and (size := packet_bytes(topic, payload, qos)) > self.packet_bytes_max:
            raise TooLargeError(
                f"{topic}: {size} bytes are more than the {self.packet_bytes_max} that the broker takes;"
                " raise its max_packet_size"
            )

    def why(self, fault: BaseException) -> str:
        """Why the line broke or never was one, for whoever has to mend it."""
        cause = fault.__cause__ or fault
        code = cause.rc if isinstance(cause, aiomqtt.MqttCodeError) else None
        if not isinstance(code, ReasonCode):
            return str(cause)
        if self._broke:
            return UNANSWERED if code.value == SILENT else BROKEN
        return self._in_words(code)

    def _in_words(self, code: ReasonCode) -> str:
        if code.value == OTHER_VERSION:
            return REMEDIES[self._mqtt]
        words = REASONS.get(code.value, f"the broker says: {code}")
        return f"{words} ({self._explained})" if self._explained else words

    def _because(self, code: ReasonCode) -> str:
        return f": {self._in_words(code)}" if self._mqtt is MqttVersion.V5 else ""

    def _on_connect(
        self,
        client: Client,
        userdata: object,
        flags: ConnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        self._is_in = not reason_code.is_failure
        self._explained = _explanation(properties)
        self.packet_bytes_max = getattr(properties, "MaximumPacketSize", None)
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_publish(
        self, client: Client, userdata: object, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        answer = self._unanswered.get(mid)
        if answer is not None and not answer.done():
            if reason_code.is_failure:
                self._explained = _explanation(properties)
                answer.set_exception(aiomqtt.MqttCodeError(reason_code))
            else:
                answer.set_result(None)
        super()._on_publish(client, userdata, mid, reason_code, properties)

    def _on_disconnect(
        self,
        client: Client,
        userdata: object,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        if self._is_in:  # else it has been told already why not
            self._broke = not flags.is_disconnect_packet_from_server
            self._explained = _explanation(properties)
        for answer in self._unanswered.values():
            if not answer.done():
                answer.set_exception(aiomqtt.MqttCodeError(reason_code))
        super()._on_disconnect(client, userdata, flags, reason_code, properties)
        if self._disconnected.done() and not self._disconnected.cancelled():
            self._disconnected.exception()  # looked at: who has gone already need not hear why, nor the log


def packet_bytes(topic: str, payload: bytes, qos: int) -> int:
    """How long a message is on the line in MQTT 5, where nothing is said beside it."""
    body = 2 + len(topic.encode()) + (2 if qos else 0) + 1 + len(payload)
    length_bytes = 1 + (body >= 2**7) + (body >= 2**14) + (body >= 2**21)
    return 1 + length_bytes + body


def _explanation(properties: Properties | None) -> str:
    """What the broker says beside its code: its reason, or whom to turn to."""
    told = (getattr(properties, name, None) for name in ("ReasonString", "ServerReference"))
    return "; ".join(text for text in told if text)
