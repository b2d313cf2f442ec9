"""What a vehicle does by the version that it speaks, beside the words: what 3.0 has and 2.x has not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One major of the standard, as a vehicle lives by it.

    Attributes:
        topics: what it listens to.
        instants: instant actions that it has on top of those of every version.
        keeps_instants: instant actions that are over are shown until they are cleared, not until the next order.
        knows_retriable: an action that failed and may be tried again waits for a decision.
        judges_repeats: another content under a number that was used is complained of.
        zones: types of zones that it heeds, and says so.
        lists_blocking_types: its factsheet says how an action may block; the schemas of 2.x take no list there.
        tells_path: its states say which way it means to take, and when it will be where.
    """

    topics: tuple[str, ...] = ("order", "instantActions")
    instants: frozenset[str] = frozenset()
    keeps_instants: bool = False
    knows_retriable: bool = False
    judges_repeats: bool = False
    zones: tuple[str, ...] = ()
    lists_blocking_types: bool = False
    tells_path: bool = False


TWO = Edition()
THREE = Edition(
    topics=("order", "instantActions", "zoneSet", "responses"),
    instants=frozenset(
        {
            "clearInstantActions",
            "retry",
            "skipRetry",
            "startHibernation",
            "stopHibernation",
            "enableZoneSet",
            "deleteZoneSet",
        }
    ),
    keeps_instants=True,
    knows_retriable=True,
    judges_repeats=True,
    zones=("BLOCKED", "SPEED_LIMIT"),
    lists_blocking_types=True,
    tells_path=True,
)


def edition_of(major: int) -> Edition:
    return THREE if major >= 3 else TWO
