"""Two controllers of one area must not both give orders: each says that it is there, and the later one ends.

The one that stays has a person called: whoever started the other one may have meant it.

This stands outside the names of VDA 5050, on `fleet/AREA/controller/INSTANCE`, retained, and the last will takes it
back. The lease in the store and the lock on the data directory keep apart controllers that share a journal; this is for
those that share a broker only, such as one started from a copy of the data directory. Everything is in machine time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import structlog

from fleet.controller.stats import Stats
from fleet.errors import LinkDownError, OtherControllerError
from fleet.wire.link import Link, LinkListener, Will
from fleet.wire.subscription import Subscription

ANSWER_S_MAX = 5.0
"""Who is remembered by the broker and does not answer for so long is no longer there."""
ANSWER_PAUSE_S = 0.2
BYTES_MAX = 4096

log = structlog.get_logger("fleet.presence")


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """What a controller says of itself.

    Attributes:
        has_commanded: it has been free to give orders; False while it asks whether anyone else does.
    """

    instance: str
    owner: str
    since_s: float
    has_commanded: bool

    @property
    def rank(self) -> tuple[bool, float, str]:
        """The least one stays: one that commands already before one that asks, then the older one."""
        return not self.has_commanded, self.since_s, self.instance


_READER = msgspec.json.Decoder(Announcement)


def presence_topic(area: str, instance: str) -> str:
    return f"fleet/{area}/controller/{instance}"


def presence_subscription(area: str) -> Subscription:
    return Subscription(presence_topic(area, "+"), qos=1)


def presence_will(area: str, instance: str) -> Will:
    """Takes the announcement back."""
    return Will(presence_topic(area, instance), b"", qos=1, retain=True)


class Presence:
    """Announces one controller and hears the others; stands between the link and the listener for the vehicles.

    After each connection nothing may be sent until its own announcement has come back, for by then the broker has told
    whom it remembers; and if that is anybody, until they have had time to answer.
    """

    def __init__(self, area: str, instance: str, owner: str, since_s: float, link: Link, stats: Stats) -> None:
        self.is_settled = False
        self._area = area
        self._me = Announcement(instance=instance, owner=owner, since_s=since_s, has_commanded=False)
        self._link = link
        self._stats = stats
        self._topic = presence_topic(area, instance)
        self._listener: LinkListener | None = None
        self._prefix = presence_topic(area, "")
        self._on_settled: Callable[[], None] = lambda: None
        self._on_other: Callable[[str], None] = lambda who: None
        self._suspects: set[str] = set()
        self._is_up = False
        self._is_heard = False
        self._answers_until_s = 0.0
        self._shall_speak = False
        self._older: Announcement | None = None
        self._news = asyncio.Event()

    def before(
        self, listener: LinkListener, on_settled: Callable[[], None], on_other: Callable[[str], None]
    ) -> LinkListener:
        """Hand on to this listener all that is not ours; tell when sending is free, and who else was there."""
        self._listener, self._on_settled, self._on_other = listener, on_settled, on_other
        return self

    def on_link_up(self) -> None:
        self._answers_until_s = asyncio.get_running_loop().time() + ANSWER_S_MAX
        self._is_up = self._shall_speak = True
        self._is_heard = self.is_settled = False
        self._suspects.clear()
        self._news.set()
        if self._listener is not None:
            self._listener.on_link_up()

    def on_link_down(self, reason: str) -> None:
        self._is_up = self.is_settled = False
        if self._listener is not None:
            self._listener.on_link_down(reason)

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if topic == self._topic:
            self._hear_myself(payload)
        elif topic.startswith(self._prefix):
            self._hear_other(topic, payload, retained=retained)
        elif self._listener is not None:
            self._listener.on_message(topic, payload, retained=retained)

    async def keep(self) -> None:
        """Announce, answer and settle, until cancelled.

        Raises:
            OtherControllerError: another one commands the area.
        """
        while True:
            await self._until_news()
            if self._older is not None:
                raise OtherControllerError(
                    f"another controller commands the area {self._area} over this broker: {self._older.owner}"
                    f" (instance {self._older.instance}); stop one of the two, or give this one a site id of its own"
                )
            if self._is_up and self._shall_speak:
                await self._speak()
                await asyncio.sleep(ANSWER_PAUSE_S if self.is_settled else 0.0)
            is_alone = self._is_heard and not self._suspects and self._older is None
            if self._is_up and not self.is_settled and is_alone:
                await self._settle()

    async def _until_news(self) -> None:
        """Wait for what is heard; while we are not settled, no longer than others may take to answer."""
        try:
            async with asyncio.timeout_at(None if self.is_settled or not self._is_up else self._answers_until_s):
                await self._news.wait()
        except TimeoutError:
            if not self._is_heard:  # nothing of ours came back: perhaps the broker does not let us say this
                remedy = f"let the fleet's user of the broker write and read {presence_topic(self._area, '+')}"
                log.warning("presence_not_heard", topic=self._topic, remedy=remedy)
                self._is_heard = True
            await self._clear(self._suspects)
        self._news.clear()

    async def _settle(self) -> None:
        self.is_settled = True
        if not self._me.has_commanded:
            self._me = msgspec.structs.replace(self._me, has_commanded=True)
            await self._speak()
        self._on_settled()

    async def _speak(self) -> None:
        self._shall_speak = False
        await self._publish(self._topic, msgspec.json.encode(self._me))

    async def _clear(self, suspects: set[str]) -> None:
        """They are gone, and their will was not spoken."""
        for topic in sorted(suspects):
            log.warning("presence_cleared", topic=topic)
            await self._publish(topic, b"")
        suspects.clear()

    async def _publish(self, topic: str, payload: bytes) -> None:
        try:
            await self._link.publish(topic, payload, qos=1, retain=True)
        except LinkDownError as error:
            log.info("presence_not_said", reason=str(error))

    def _hear_myself(self, payload: bytes) -> None:
        if payload:
            self._is_heard = True
        else:  # the will of a connection before this one
            self._shall_speak = True
        self._news.set()

    def _hear_other(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if not payload:
            self._suspects.discard(topic)
        elif retained:
            self._suspects.add(topic)
        elif (other := _read(payload)) is None:
            self._stats.dropped["malformed"] += 1
        elif other.rank < self._me.rank:
            self._older, self.is_settled = other, False  # not one more order, however long it takes us to end
        else:
            self._on_other(f"{other.owner} (instance {other.instance})")
            self._stats.other_controllers += 1
            self._shall_speak = True
            log.error("other_controller", area=self._area, owner=other.owner, instance=other.instance)
        self._news.set()


def _read(payload: bytes) -> Announcement | None:
    """What another says of itself; None where that cannot be read."""
    if len(payload) > BYTES_MAX:
        return None
    try:
        return _READER.decode(payload)
    except ValueError:
        return None
