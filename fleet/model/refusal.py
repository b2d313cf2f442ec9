"""What a vehicle's refusals have come to: what is tried next, how often it was, and what it is spared from then on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reaction(StrEnum):
    """What we do about a refusal (section 7 of our protocol checklist)."""

    OUR_BUG = "our_bug"  # nothing is said again; a person is called
    SIMPLIFY = "simplify"  # leave out what the vehicle need not be told
    RESYNCHRONISE = "resynchronise"  # count on from the greatest update that it knows
    STITCH_AGAIN = "stitch_again"  # to the end of the base that it holds
    SHUT_ROAD = "shut_road"  # for this vehicle, and find another way
    START_WHERE_IT_STANDS = "start_where_it_stands"  # from a node of its own at its position
    WAIT_UNTIL_IDLE = "wait_until_idle"
    WAIT_FOR_MODE = "wait_for_mode"
    WAIT_UNTIL_READY = "wait_until_ready"  # it does not say what is wrong: perhaps nothing is, in a moment
    ENABLE_MAP = "enable_map"
    SHORTEN = "shorten"  # tell less of the way at once
    BEGIN_ANEW = "begin_anew"  # a new order instead of an update
    CANCEL_IS_DONE = "cancel_is_done"
    ASK_A_PERSON = "ask_a_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Refusals in a row, since the vehicle last took an order (of updates: since it last finished one).

    Attributes:
        reaction: to the last of them.
        count: how often in a row it was this reaction.
        total: how often in a row it was any.
        again_s: nothing new is told before.
    """

    reaction: Reaction
    count: int
    total: int
    again_s: float
    is_of_update: bool = False


@dataclass(frozen=True, slots=True)
class ShutRoad:
    """A road that one vehicle says it cannot be sent over; it is open to the others."""

    road_key: str
    until_s: float
