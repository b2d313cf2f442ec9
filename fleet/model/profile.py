"""What one vehicle differs in from others on the wire: what its make was configured with, and what it told of itself.

Configuration beats the factsheet, which beats what other messages show; where two speak and disagree, people are told
(sections 0.3 and 4.6 of our protocol checklist). But no road is announced to whoever takes it for released. Nothing
here knows a version: it is the text that a codec is found by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class WireLimits:
    """What a vehicle can take in one message or in a time; 0 means no limit.

    Attributes:
        message_bytes_max: of a whole message.
        id_chars_max: of every id that we make.
        ids_are_numbers: ids may hold digits only.
        order_interval_s_min: between two orders or updates.
    """

    message_bytes_max: int = 0
    id_chars_max: int = 0
    ids_are_numbers: bool = False
    order_nodes_max: int = 0
    order_edges_max: int = 0
    node_actions_max: int = 0
    edge_actions_max: int = 0
    action_parameters_max: int = 0
    instant_actions_max: int = 0
    control_points_max: int = 0
    knots_max: int = 0
    zones_max: int = 0
    order_interval_s_min: float = 0.0


@dataclass(frozen=True, slots=True)
class FieldName:
    """What we call an action or one of its parameters, and what a make calls it."""

    ours: str
    theirs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What the site file says of a make; None where it leaves it to the vehicle.

    Attributes:
        has_instant_actions_alias: its instant actions are also listed under the key `instantActions` (0.5).
        stitches_with_actions: the stitching node of an update repeats its actions (6.3).
        horizon_edges: edges announced beyond the base; 0 for vehicles that do not heed `released` (5.12).
        takes_trajectories: edges carry the course of the road.
        corridor_m: how far left and right of the line of an edge its outline may be; 0 for no corridor.
        node_deviation_m: how far from a node that is only passed it may be.
        limits: of what it can take.
        state_interval_s: it says its state at least this often.
        has_coarse_gauge: it tells a charge of 20 % for a bad battery, and of 80 % for a good one (11.6).
        length_m, width_m: its size; beats what it says itself.
        fields: names of actions and of their parameters that are others at this make.
    """

    has_instant_actions_alias: bool | None = None
    stitches_with_actions: bool | None = None
    horizon_edges: int | None = None
    takes_trajectories: bool | None = None
    corridor_m: float | None = None
    node_deviation_m: float | None = None
    limits: WireLimits | None = None
    state_interval_s: float | None = None
    has_coarse_gauge: bool | None = None
    length_m: float | None = None
    width_m: float | None = None
    fields: tuple[FieldName, ...] = ()


NO_HABITS = Habits()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionOffer:
    """An action that a vehicle's factsheet lists.

    Attributes:
        scopes: of INSTANT, NODE, EDGE, ZONE; empty where it does not say.
        blocking: allowed blocking types; empty where it does not say.
        required: keys of parameters that it must be given.
        types: keys of parameters that it takes, with the word for the data type of each.
    """

    kind: str
    scopes: tuple[str, ...] = ()
    blocking: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    types: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What a vehicle has told of itself so far; tuples are sorted, for this is journalled.

    Attributes:
        version: as its messages spell it, or empty.
        topic_major: of the topics it speaks on; 0 for not heard.
        has_factsheet: it has sent one; what follows is from it.
        supported: optional parameters of messages that it takes, such as `order.edges.trajectory`.
        required: and those that it must be given.
        actions: that it offers; empty where it does not say.
        zones: zone types that it heeds.
        state_interval_s: it says its state at least this often.
        unspoken: the version of its last message, where that is one that nobody here speaks; else empty.
        was_told_alias: it answered no instant action, so they have been listed under the key of old as well (0.5).
        accel_mps2_max: the least of how it speeds up and brakes.
        decel_mps2_max: how it brakes.
        needs_alias: only then it answered one.
        ignores_released: it took road for its base that it was only told of ahead (5.12).
    """

    version: str = ""
    topic_major: int = 0
    unspoken: str = ""
    was_told_alias: bool = False
    needs_alias: bool = False
    ignores_released: bool = False
    has_factsheet: bool = False
    supported: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    actions: tuple[ActionOffer, ...] = ()
    zones: tuple[str, ...] = ()
    limits: WireLimits = WireLimits()
    state_interval_s: float | None = None
    length_m: float | None = None
    width_m: float | None = None
    speed_mps_max: float | None = None
    accel_mps2_max: float | None = None
    decel_mps2_max: float | None = None


NOTHING_LEARNED = Learned()
TRAJECTORY = "trajectory"
DEFAULT_HORIZON_EDGES = 5
DEFAULT_DEVIATION_M = 5.0
STATE_INTERVAL_S_MAX = 300.0
"""A vehicle that means to speak more seldom, by its own word, is missed all the same; the site file may say more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How one vehicle is spoken to, with every question answered; `profile_of` makes it.

    Attributes:
        version: the exact text that its messages bear, and ours to it.
        topic_major: of the topics we speak to it on.
        asks_leave: it asks before it uses room beside its lane, and hears when it has to give it back.
        avoids: optional parts of an order that it has refused.
        window_edges: it is told no more edges at once; 0 for no such limit.
        others as in `Habits`.
    """

    version: str
    topic_major: int
    has_instant_actions_alias: bool = False
    stitches_with_actions: bool = False
    horizon_edges: int = DEFAULT_HORIZON_EDGES
    takes_trajectories: bool = False
    corridor_m: float = 0.0
    asks_leave: bool = False
    node_deviation_m: float = DEFAULT_DEVIATION_M
    limits: WireLimits = WireLimits()
    state_interval_s: float | None = None
    has_coarse_gauge: bool = False
    actions: tuple[ActionOffer, ...] = ()
    supported: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    fields: tuple[FieldName, ...] = ()
    avoids: tuple[str, ...] = ()
    window_edges: int = 0

    def offer(self, kind: str) -> ActionOffer | None:
        """What the vehicle says of an action; None where it does not list it."""
        return next((offer for offer in self.actions if offer.kind == kind), None)


def spoken_version(version: str, learned: Learned) -> str:
    """The exact text that a vehicle is answered with: its own, once heard.

    Args:
        version: as configured; a make's own protocol, which has no number, is not left for what messages say.
    """
    return learned.version if major_of(learned.version) and major_of(version) else version


def profile_of(
    version: str,
    habits: Habits,
    learned: Learned,
    *,
    stitches_by_default: bool,
    major_by_default: int = 0,
    asks_leave: bool = False,
) -> Profile:
    """How a vehicle is spoken to.

    Args:
        version: as configured.
        stitches_by_default: whether its version asks for the actions of a stitching node again.
        major_by_default: of the topics that its version is spoken on; 0 for the major of the version itself.
        asks_leave: whether its version has words for that.
    """
    spoken = spoken_version(version, learned)
    takes = _names_trajectory(learned)
    return Profile(
        version=spoken,
        topic_major=learned.topic_major or major_by_default or major_of(spoken) or major_of(version),
        has_instant_actions_alias=_first(habits.has_instant_actions_alias, learned.was_told_alias),
        stitches_with_actions=_first(habits.stitches_with_actions, stitches_by_default),
        horizon_edges=0 if learned.ignores_released else _first(habits.horizon_edges, DEFAULT_HORIZON_EDGES),
        takes_trajectories=_first(habits.takes_trajectories, takes),
        corridor_m=_first(habits.corridor_m, 0.0),
        asks_leave=asks_leave,
        node_deviation_m=_first(habits.node_deviation_m, DEFAULT_DEVIATION_M),
        limits=_limits(habits.limits, learned.limits),
        state_interval_s=habits.state_interval_s or _believed(learned.state_interval_s),
        has_coarse_gauge=bool(habits.has_coarse_gauge),
        actions=learned.actions,
        supported=learned.supported,
        required=learned.required,
        zones=learned.zones,
        fields=habits.fields,
    )


def contradictions(version: str, habits: Habits, learned: Learned) -> Iterator[str]:
    """Where the site file and the vehicle disagree, in words; the site file is followed, except for the version."""
    spoken = learned.version or version
    if spoken != version:
        yield f"vda5050_version is {version!r} in the site file, {spoken!r} in its messages"
    if learned.topic_major and learned.topic_major != major_of(spoken):
        yield f"it speaks version {spoken!r} on topics of v{learned.topic_major}"
    if learned.needs_alias and habits.has_instant_actions_alias is None:
        yield "it hears instant actions only as a list `instantActions`; instant_actions_alias = true says so"
    if learned.ignores_released and habits.horizon_edges != 0:
        yield "it takes announced road for released, so none is announced to it; horizon_edges = 0 says so"
    if not learned.has_factsheet:
        return
    if habits.takes_trajectories and not _names_trajectory(learned):
        yield "trajectory is true in the site file, and not listed in its factsheet"
    told, limits = learned.limits, habits.limits
    for each in fields(WireLimits) if limits is not None else ():
        ours, theirs = getattr(limits, each.name), getattr(told, each.name)
        if ours and theirs and ours != theirs:
            yield f"limit {each.name} is {ours} in the site file, {theirs} in its factsheet"


def _names_trajectory(learned: Learned) -> bool:
    return any(name.rpartition(".")[2] == TRAJECTORY for name in (*learned.supported, *learned.required))


def _limits(configured: WireLimits | None, told: WireLimits) -> WireLimits:
    if configured is None:
        return told
    return WireLimits(**{f.name: getattr(configured, f.name) or getattr(told, f.name) for f in fields(WireLimits)})


def _believed(interval_s: float | None) -> float | None:
    return None if interval_s is None else min(interval_s, STATE_INTERVAL_S_MAX)


def _first(configured: T | None, otherwise: T) -> T:
    return otherwise if configured is None else configured


def major_of(version: str) -> int:
    """The major of a version text, 0 where it has none."""
    digits = version.partition(".")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else 0
