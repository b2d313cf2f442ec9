"""What a client asks to hear: topic filters of MQTT 3.1.1, section 4.7."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Member = TypeVar("Member", bound=Hashable)

FROM_VEHICLES = ("connection", "factsheet", "state", "visualization")
"""What vehicles say, by topic."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic filter, and the highest quality of service to be heard at."""

    filter: str
    qos: int = 0

    def __post_init__(self) -> None:
        levels = self.filter.split("/")
        if not self.filter or "\0" in self.filter or "#" in self.filter.replace("#", "", levels[-1] == "#"):
            raise ValueError(f"{self.filter!r} is no topic filter")
        if any("+" in level and level != "+" for level in levels):
            raise ValueError(f"{self.filter!r} is no topic filter")
        if levels[0] == "$share":  # some brokers grant it and deliver nothing
            raise ValueError(f"{self.filter!r}: shared subscriptions are not known to every broker")
        if self.qos not in (0, 1):
            raise ValueError(f"quality of service {self.qos}: only 0 and 1 are used here")

    @property
    def is_exact(self) -> bool:
        return "+" not in self.filter and "#" not in self.filter

    def matches(self, topic: str) -> bool:
        return matches(self.filter, topic)


def from_vehicles(interfaces: Iterable[str]) -> list[Subscription]:
    """All that vehicles say below these interface names.

    At QoS 1, which costs nothing where they speak at 0, and takes nothing from those who speak at more (section 1.2).
    """
    return [Subscription(f"{name}/+/+/+/{topic}", qos=1) for name in interfaces for topic in FROM_VEHICLES]


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a topic falls under a filter; topics that begin with `$` hide from leading wildcards."""
    if topic[:1] == "$" and topic_filter[:1] in ("+", "#"):
        return False
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        if len(levels) < len(wanted):
            return False
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(want in ("+", level) for want, level in zip(wanted, levels, strict=True))


def covers(wider: str, narrower: str) -> bool:
    """Whether every topic under the second filter falls under the first."""
    wide, narrow = wider.split("/"), narrower.split("/")
    for index, level in enumerate(wide):
        if level == "#":
            return True
        if index >= len(narrow) or narrow[index] == "#" or level not in ("+", narrow[index]):
            return False
    return len(wide) == len(narrow)


class Audience(Generic[Member]):
    """Who listens to what; finding the hearers of a topic costs nothing for those who listen to others."""

    def __init__(self) -> None:
        self._exact: dict[str, dict[Member, int]] = {}
        self._wild: dict[Member, tuple[Subscription, ...]] = {}
        self._wild_hearers: dict[str, dict[Member, int]] = {}

    def add(self, member: Member, subscriptions: Sequence[Subscription]) -> None:
        wild = tuple(s for s in subscriptions if not s.is_exact)
        if wild:
            self._wild[member] = wild
            self._wild_hearers.clear()
        for exact in subscriptions:
            if exact.is_exact:
                self._exact.setdefault(exact.filter, {})[member] = exact.qos

    def remove(self, member: Member, subscriptions: Sequence[Subscription]) -> None:
        if self._wild.pop(member, None) is not None:
            self._wild_hearers.clear()
        for exact in subscriptions:
            hearers = self._exact.get(exact.filter, {})
            hearers.pop(member, None)

    def of(self, topic: str) -> Mapping[Member, int]:
        """Each hearer once, with the highest quality it asked for, always in the same order."""
        wild = self._wild_hearers.get(topic)
        if wild is None:
            wild = self._wild_hearers[topic] = self._match(topic)
        exact = self._exact.get(topic)
        if not exact:
            return wild
        return wild | {member: max(qos, wild.get(member, 0)) for member, qos in exact.items()}

    def _match(self, topic: str) -> dict[Member, int]:
        found = {m: granted_qos(wild, topic) for m, wild in self._wild.items()}
        return {member: qos for member, qos in found.items() if qos is not None}


def granted_qos(subscriptions: Sequence[Subscription], topic: str) -> int | None:
    """The quality at which these subscriptions hear a topic, None where they do not."""
    return max((s.qos for s in subscriptions if s.matches(topic)), default=None)
