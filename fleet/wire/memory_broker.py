"""A broker inside one process, for simulation and tests.

It keeps the promises of MQTT and none beyond: order per connection, retained messages, last wills, one client
per id, sessions for those who ask, and bounds beyond which it loses messages without a word. Where real brokers
differ it has the `Manners` of one of them. All it needs of the running loop is timers and the time, so under virtual
time the same seed gives the same deliveries. Messages come by callback: no task, no socket.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from fleet.wire.link import Will
from fleet.wire.mailbox import Mailbox
from fleet.wire.manners import MOSQUITTO, Manners
from fleet.wire.network import Faults, Latency, Line, Network, Traffic
from fleet.wire.rights import Rights
from fleet.wire.subscription import Audience, Subscription, granted_qos

REFUSED = 0x80
"""What a broker answers to a subscription that it does not grant."""
KEEPALIVES_MISSED = 1.5


class Client(Protocol):
    """Whoever connects, in the words of CONNECT, and what the broker does to it."""

    @property
    def client_id(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def is_clean(self) -> bool: ...
    @property
    def will(self) -> Will | None: ...
    @property
    def keepalive_s(self) -> float: ...
    @property
    def acknowledges(self) -> bool: ...

    def hear(self, topic: str, payload: bytes, *, retained: bool) -> None: ...

    def lose(self, reason: str) -> None:
        """The line is broken."""
        ...


class Receiver(Protocol):
    """What messages for one client are handed to."""

    def __hash__(self) -> int: ...

    def send(self, topic: str, payload: bytes, *, qos: int, retained: bool) -> object: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Ear:
    """A client's ear that hears only what it may, or only by one of its filters."""

    receiver: Receiver
    rights: Rights | None
    traffic: Traffic

    def send(self, topic: str, payload: bytes, *, qos: int, retained: bool) -> None:
        if self.rights is None or self.rights.may_hear(topic):
            self.receiver.send(topic, payload, qos=qos, retained=retained)
        else:
            self.traffic.denied += 1


class _Ears:
    """What a client listens to, and by which members of the audience."""

    def __init__(self, audience: Audience[Receiver], receiver: Receiver) -> None:
        self.receiver = receiver
        self._audience = audience
        self._wanted: dict[str, Subscription] = {}
        self._members: list[tuple[Receiver, tuple[Subscription, ...]]] = []

    def listen(self, granted: Sequence[Subscription], *, once: bool, rights: Rights | None, traffic: Traffic) -> None:
        """Listen to these as well."""
        self.close()
        self._wanted |= {each.filter: each for each in granted}
        wanted = tuple(self._wanted.values())
        if not once:
            self._members = [(_Ear(self.receiver, rights, traffic), (each,)) for each in wanted]
        elif rights is not None:
            self._members = [(_Ear(self.receiver, rights, traffic), wanted)]
        else:
            self._members = [(self.receiver, wanted)]
        for member, filters in self._members:
            self._audience.add(member, filters)

    def close(self) -> None:
        for member, filters in self._members:
            self._audience.remove(member, filters)
        self._members = []


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One connection of one client, with the will it had at connect.

    Attributes:
        had_mailbox: the broker remembered the client.
    """

    client: Client
    line: Line
    will: Will | None
    ears: _Ears
    mailbox: Mailbox | None
    had_mailbox: bool

    def break_off(self, reason: str) -> None:
        if self.line.is_open:
            self.line.is_open = False
            self.client.lose(reason)


class MemoryBroker:
    """The broker; must be made while its event loop runs.

    Args:
        rng: all chance of the broker and its links is drawn from it.
        latency: of every delivery.
        faults: asked for every delivery; None for a perfect network.
        reconnect_s: what a link waits at least, and twice of it at most, before it tries again.
        manners: which broker it behaves like.
        rights: by user; who is not in it is not let in. None lets everyone in and permits all.
    """

    def __init__(
        self,
        rng: random.Random,
        latency: Latency | None = None,
        faults: Faults | None = None,
        reconnect_s: float = 1.0,
        manners: Manners = MOSQUITTO,
        rights: Mapping[str, Rights] | None = None,
    ) -> None:
        self.traffic = Traffic()
        loop = asyncio.get_running_loop()
        self.network = Network(loop, rng, latency or Latency(), faults, self.traffic, manners)
        self.reconnect_s = reconnect_s
        self.is_running = True
        self._manners = manners
        self._rights = rights
        self._sessions: dict[str, Session] = {}
        self._kept: dict[str, tuple[Mailbox, _Ears]] = {}
        self._audience: Audience[Receiver] = Audience()
        self._barred_until_s: dict[str, float] = {}
        self._retained: dict[str, tuple[bytes, int]] = {}
        self._unheard: set[str] = set()
        self._is_choosy = rights is not None or bool(
            manners.packet_bytes_max or manners.payload_bytes_max or manners.unspeakable
        )

    @property
    def retained(self) -> Mapping[str, bytes]:
        return {topic: payload for topic, (payload, _) in self._retained.items()}

    def is_connected(self, client_id: str) -> bool:
        return client_id in self._sessions

    # What befalls it ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Come back after a stop; links return when their next try is due."""
        self.is_running = True

    def stop(self, *, keep_retained: bool = True, is_asked: bool = False) -> None:
        """Die: every line breaks.

        Args:
            keep_retained: whether it is one with persistence: sessions and what waits in them are kept as well.
            is_asked: it was told to stop, and may say its clients' wills first; killed, it says nothing.
        """
        if is_asked and self._manners.speaks_wills_when_stopped:
            for session in tuple(self._sessions.values()):
                self._speak_will(session)
            for session in self._sessions.values():
                session.line.flush()
        self.is_running = False
        if not keep_retained:
            self._retained.clear()
            for client_id in tuple(self._kept):
                self._discard(client_id)
        for session in tuple(self._sessions.values()):
            session.break_off("the broker stopped")
            self._forget(session)

    def cut(self, client_id: str, *, for_s: float = 0.0, noticed_after_s: float = 0.0) -> None:
        """Break a client's line without a farewell.

        Args:
            client_id: who; one that is not connected stays out all the same.
            for_s: how long it cannot come back; `math.inf` until `admit`.
            noticed_after_s: when the broker notices and speaks the will; the client's return ends it too.
        """
        if for_s > 0.0:
            self._barred_until_s[client_id] = self.network.loop.time() + for_s
        if client_id not in self._sessions:
            return
        session = self._sessions[client_id]
        session.break_off("the line was cut")
        if noticed_after_s > 0.0:
            self.network.loop.call_later(noticed_after_s, self._notice, session)
        else:
            self._notice(session)

    def fall_silent(self, client_id: str, *, for_s: float = 0.0) -> None:
        """A client's line goes dead, which the broker notices when it has missed enough signs of life."""
        if (session := self._sessions.get(client_id)) is not None:
            self.cut(client_id, for_s=for_s, noticed_after_s=KEEPALIVES_MISSED * session.client.keepalive_s)

    def lose_acknowledgement(self, client_id: str) -> None:
        """The next message that this client says at QoS 1 is heard, and its line breaks before it learns so."""
        self._unheard.add(client_id)

    def stall(self, client_id: str) -> None:
        """A client stops reading; what is said to it piles up, up to the broker's bounds, until it reads on."""
        self._sessions[client_id].line.stall()

    def read_on(self, client_id: str) -> None:
        if (session := self._sessions.get(client_id)) is not None:
            session.line.read_on()

    def admit(self, client_id: str) -> None:
        """Let a client that was cut come back at its next try."""
        self._barred_until_s.pop(client_id, None)

    # What clients ask of it ---------------------------------------------------------------------------------------

    def connect(self, client: Client) -> Session | None:
        """A new session, or None where the client is not let in: the broker is down, or it may not come.

        Whoever holds the client id is thrown out.
        """
        if not self._lets_in(client):
            return None
        if (previous := self._sessions.get(client.client_id)) is not None:
            if self._manners.speaks_will_at_takeover:
                self._notice(previous)
            self._forget(previous)
            previous.break_off("another client took the id")
        session = self._new_session(client)
        self._sessions[client.client_id] = session
        return session

    def subscribe(self, session: Session, wanted: Sequence[Subscription]) -> tuple[int, ...]:
        """Grant subscriptions, and say what is retained under them; the answer to each: its quality, or `REFUSED`."""
        if self._manners.unspeakable and any(self._is_unspeakable(each.filter) for each in wanted):
            self._throw_out(session, "a filter that the broker cannot read")
            return (REFUSED,) * len(wanted)
        answers = tuple(each.qos if self._grants(session, each) else REFUSED for each in wanted)
        granted = [each for each, answer in zip(wanted, answers, strict=True) if answer != REFUSED]
        rights = self._rights_of(session.client)
        session.ears.listen(granted, once=self._manners.speaks_once, rights=rights, traffic=self.traffic)
        for topic, (payload, qos) in self._retained.items():
            if (heard := granted_qos(granted, topic)) is not None and (rights is None or rights.may_hear(topic)):
                session.ears.receiver.send(topic, payload, qos=min(qos, heard), retained=True)
        return answers

    def hear(self, session: Session, topic: str, payload: bytes, qos: int, retain: bool) -> bool:
        """Take what a client says; whether it is acknowledged, which is no promise that anybody hears it."""
        if self._is_choosy and not self._takes(session, topic, payload):
            return session.line.is_open
        self.publish(topic, payload, qos=qos, retain=retain)
        if qos and session.client.client_id in self._unheard:
            self._unheard.discard(session.client.client_id)
            self.cut(session.client.client_id)
            return False
        return True

    def disconnect(self, session: Session) -> None:
        """A farewell: the will stays unspoken."""
        session.line.is_open = False
        self._forget(session)

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """Hand a message to everyone who listens; tests may speak here without being a client."""
        self.traffic.published += 1
        if retain:
            self._retained.pop(topic, None)  # the newest stands last: replay keeps the order of speaking
            if payload:
                self._retained[topic] = payload, qos
        for receiver, granted in self._audience.of(topic).items():
            receiver.send(topic, payload, qos=min(qos, granted), retained=False)

    # Within -------------------------------------------------------------------------------------------------------

    def _lets_in(self, client: Client) -> bool:
        if not self.is_running or self._barred_until_s.get(client.client_id, 0.0) > self.network.loop.time():
            return False
        if any(character in self._manners.unfit_for_ids for character in client.client_id):
            return False
        return self._rights is None or client.user in self._rights

    def _new_session(self, client: Client) -> Session:
        """What is said to the client goes to its line, or through the mailbox that outlives it."""
        line = Line(self.network, client)
        kept = self._kept.get(client.client_id)
        if client.is_clean:
            self._discard(client.client_id)
            session = Session(client, line, client.will, _Ears(self._audience, line), None, had_mailbox=False)
        else:
            mailbox, ears = kept or self._new_mailbox(client.client_id)
            mailbox.acknowledges = client.acknowledges
            session = Session(client, line, client.will, ears, mailbox, had_mailbox=kept is not None)
            mailbox.attach(line)
        line.on_overflow = lambda: self._throw_out(session, "it does not read")
        return session

    def _new_mailbox(self, client_id: str) -> tuple[Mailbox, _Ears]:
        mailbox = Mailbox(self.network)
        self._kept[client_id] = mailbox, _Ears(self._audience, mailbox)
        return self._kept[client_id]

    def _discard(self, client_id: str) -> None:
        """Forget a client's mailbox and all that waits in it."""
        if (kept := self._kept.pop(client_id, None)) is not None:
            _, ears = kept
            ears.close()

    def _is_unspeakable(self, text: str) -> bool:
        return any(character in text for character in self._manners.unspeakable)

    def _rights_of(self, client: Client) -> Rights | None:
        return None if self._rights is None else self._rights[client.user]

    def _grants(self, session: Session, wanted: Subscription) -> bool:
        rights = self._rights_of(session.client)
        if rights is None or rights.may_subscribe(wanted.filter):
            return True
        self.traffic.denied += 1
        return self._manners.grants_forbidden_filters

    def _takes(self, session: Session, topic: str, payload: bytes) -> bool:
        """Whether what a client says is handed on; some of what is not costs it the connection."""
        manners, rights = self._manners, self._rights_of(session.client)
        if not session.line.is_open:
            return False
        if self._is_unspeakable(topic):
            self._throw_out(session, "a topic that the broker cannot read")
        elif manners.packet_bytes_max and len(payload) > manners.packet_bytes_max:
            self.traffic.oversized += 1
            self._throw_out(session, "a message larger than the broker takes")
        elif manners.payload_bytes_max and len(payload) > manners.payload_bytes_max:
            self.traffic.oversized += 1
        elif rights is not None and not rights.may_say(topic):
            self.traffic.denied += 1
        else:
            return True
        return False

    def _throw_out(self, session: Session, reason: str) -> None:
        """Close a client's connection; it learns so a moment later, when it is done with what it is at."""
        if session.line.is_open:
            session.line.is_open = False
            self.network.loop.call_soon(self._let_go, session, reason)

    def _let_go(self, session: Session, reason: str) -> None:
        self._notice(session)
        session.client.lose(reason)

    def _notice(self, session: Session) -> None:
        """Speak the will of a client that is gone, once."""
        if self._forget(session):
            self._speak_will(session)

    def _speak_will(self, session: Session) -> None:
        rights, will = self._rights_of(session.client), session.will
        if will is not None and (rights is None or rights.may_say(will.topic)):
            self.publish(will.topic, will.payload, qos=will.qos, retain=will.retain)

    def _forget(self, session: Session) -> bool:
        """Whether the session was still known."""
        if self._sessions.get(session.client.client_id) is not session:
            return False
        del self._sessions[session.client.client_id]
        if session.mailbox is None:
            session.ears.close()
        else:
            session.mailbox.detach()
        return True
