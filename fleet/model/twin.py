"""What we believe of one vehicle."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fleet.model.ids import ActionId, OrderId, RunId, TripId
from fleet.model.order import REQUESTS, ActionKind, ActionPhase
from fleet.model.place import Place
from fleet.model.plug import NEVER_ASKED, Plug
from fleet.model.profile import NOTHING_LEARNED, Learned, WireLimits
from fleet.model.refusal import Refusal, ShutRoad
from fleet.model.size import outsize
from fleet.model.vehicle import Vehicle

MAP_ENABLED, MAP_DISABLED, MAP_MISSING = "enabled", "disabled", "missing"
MAP_UNFIT = frozenset({MAP_DISABLED, MAP_MISSING})
HIBERNATING = "HIBERNATING"
INTERVENED = "INTERVENED"
AUTOMATIC_MODES = ("AUTOMATIC", "SEMIAUTOMATIC", INTERVENED)
"""Modes in which a vehicle keeps the order it has and takes another; the words of VDA 5050 3.0."""
MODES_OF_PEOPLE = ("MANUAL", "SERVICE", "TEACH_IN", "STARTUP")
"""Modes in which it has cleared its order; of one that is unknown nobody can say."""


class Liveness(StrEnum):
    """How long ago a state of the vehicle came in."""

    UNHEARD = "unheard"  # not since this controller started, or the line to it came up
    FRESH = "fresh"
    STALE = "stale"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """An instant action we asked for and whose end we wait for."""

    action_id: ActionId
    kind: ActionKind
    issued_s: float
    phase: ActionPhase = ActionPhase.PENDING
    order_id: OrderId | None = None
    about: ActionId | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Blocked:
    """The vehicle says it cannot enter a piece of road."""

    edge_id: str
    since_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """The zone set a vehicle was told last, that of ours it shows, and that it was asked to heed; empty for none.

    Attributes:
        old: sets of ours that it still holds and that no longer hold, sorted.
        tidied: of those, the ones that it was asked to forget.
    """

    told: str = ""
    shown: str = ""
    asked: str = ""
    is_enabled: bool = False
    old: tuple[str, ...] = ()
    tidied: tuple[str, ...] = ()


NO_ZONES = Zones()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Our last answer to something a vehicle asked leave for.

    Attributes:
        is_open: its states do not show yet that it has the answer.
        subject: the edge or zone that it asked for.
        answered_s: when it was given.
        holds_room: room beside its lane was granted, and by its own word it still has it.
    """

    request_id: str
    grant: str
    until_s: float | None
    is_open: bool = True
    subject: str = ""
    answered_s: float = 0.0
    holds_room: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """What we believe of one vehicle; each change of it is an event.

    Attributes:
        connection: the last word on the connection topic, as VDA 5050 3.0 spells it.
        mode: operating mode, as VDA 5050 3.0 spells it.
        stopped_s: since when its emergency stop or protective field has stopped it.
        is_localized: it knows where it is, by its own word.
        beyond: where it is behind the end of its base, or empty.
        has_order_left: its own state shows nodes, edges or actions still to be done.
        foreign_order: an order id it shows that is not ours, or empty.
        node_id: last node it reported.
        place: where on the road that node is, if we know it.
        soc_fraction: in steps of 0.01.
        plug: what charging has come to.
        fatal: error types of the level that stops a vehicle, as it words them.
        complaints: refusals it shows that do not name both an order and an update of it.
        forgotten: orders that it lost one after the other without having passed a node.
        aboard: runs of which parcels ride on it.
        held: why nothing may be sent to it, or empty.
        heard_epoch: the last controller that heard it, by its epoch.
        learned: what it has told of how it wants to be spoken to.
        critical: error types of the level that ends an order and lets the vehicle take another.
        critical_s: since when they are as they are.
        refusal: what its refusals have come to; None where it refused nothing of late.
        avoids: optional parts of messages that it refused.
        window_edges: it is told no more edges of a way at once; 0 for no such limit.
        shut: roads that it cannot be sent over.
        told_s: when an order or update was last committed for it.
        map_word: what it says of the map of our orders: enabled, disabled, missing, or nothing.
        map_id, map_version: of that map, as it has it.
        zones: what it was told of closed roads.
        answers: what it asked leave for lately, and was answered.
        hears_instants: its states have shown an instant action of ours.
        names_kept: the limits by whose names it was told what it has, where others hold by now.
        strange_order: the last order it showed that the journal does not know, by the vehicle's own name of it.
        cleared_s: when it was last told to forget its finished instant actions; 0 for never.
        map_asked_s: when it was last asked to enable the map of our orders; 0 for never.
    """

    vehicle: Vehicle
    connection: str = ""
    liveness: Liveness = Liveness.UNHEARD
    mode: str = ""
    is_stopped: bool = False  # emergency stop or protective field
    stopped_s: float = 0.0
    is_localized: bool = True
    is_paused: bool = False
    beyond: str = ""
    has_order_left: bool = False
    foreign_order: str = ""
    node_id: str = ""
    place: Place | None = None
    soc_fraction: float = 0.0
    is_charging: bool = False
    plug: Plug = NEVER_ASKED
    fatal: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    blocked: Blocked | None = None
    order_id: OrderId | None = None
    trip_id: TripId | None = None
    instants: tuple[Instant, ...] = ()
    aboard: frozenset[RunId] = frozenset()
    held: str = ""
    forgotten: int = 0
    heard_epoch: int = 0
    learned: Learned = NOTHING_LEARNED
    critical: tuple[str, ...] = ()
    critical_s: float = 0.0
    refusal: Refusal | None = None
    avoids: tuple[str, ...] = ()
    window_edges: int = 0
    shut: tuple[ShutRoad, ...] = ()
    told_s: float = 0.0
    map_word: str = ""
    map_id: str = ""
    map_version: str = ""
    zones: Zones = NO_ZONES
    answers: tuple[Answered, ...] = ()
    hears_instants: bool = False
    names_kept: WireLimits | None = None
    strange_order: str = ""
    cleared_s: float = 0.0
    map_asked_s: float = 0.0

    @property
    def can_take_orders(self) -> bool:
        """Online, heard of, in an automatic mode, and nothing forbids motion."""
        return (
            self.liveness is Liveness.FRESH
            and self.connection not in ("OFFLINE", "HIBERNATING", "CONNECTION_BROKEN")
            and self.mode in AUTOMATIC_MODES
            and self.is_localized
            and not self.is_stopped
            and not self.is_paused
            and not self.fatal
            and not self.held
            and not self.foreign_order
            and self.map_word not in MAP_UNFIT
            and not self.beyond
            and not self.learned.unspoken
            and not self.outsize
        )

    @property
    def outsize(self) -> str:
        """Why it has no room on our roads, or empty."""
        return outsize(self.vehicle.habits, self.learned)

    def is_shut(self, road_key: str, now_s: float) -> bool:
        """Whether this one vehicle cannot be sent over the road."""
        return any(shut.road_key == road_key and shut.until_s > now_s for shut in self.shut)

    @property
    def is_hibernating(self) -> bool:
        """Asleep on purpose: not silent, and nothing but the word to wake reaches it."""
        return self.connection == HIBERNATING

    @property
    def is_asked(self) -> bool:
        """An instant action that changes something has not come to its end."""
        return any(i.kind not in REQUESTS for i in self.instants)

    def instant(self, kind: ActionKind) -> Instant | None:
        """The running instant action of this kind, if any."""
        return next((instant for instant in self.instants if instant.kind is kind), None)
