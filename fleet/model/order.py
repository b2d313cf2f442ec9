"""Orders: what one vehicle was told, one order per leg, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType

from fleet.model.ids import ActionId, OrderId, RunId, TripId, VehicleId
from fleet.model.lifecycle import Lifecycle
from fleet.model.place import Place


class OrderPhase(StrEnum):
    """How far an order has come; only ISSUED and ACTIVE ones move a vehicle."""

    ISSUED = "issued"  # committed, hence counted as exposed, but not yet seen in a state of the vehicle
    ACTIVE = "active"
    CANCELLING = "cancelling"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    VANISHED = "vanished"  # the vehicle no longer knows it, and did not complete it
    GIVEN_UP = "given_up"  # a person declared it over; the vehicle may still know it


_O = OrderPhase
ORDER_LIFECYCLE: Lifecycle[OrderPhase] = Lifecycle(
    "order",
    MappingProxyType(
        {
            _O.ISSUED: frozenset({_O.ACTIVE, _O.CANCELLING, _O.REJECTED, _O.VANISHED, _O.GIVEN_UP}),
            _O.ACTIVE: frozenset({_O.FINISHED, _O.CANCELLING, _O.VANISHED, _O.GIVEN_UP}),
            _O.CANCELLING: frozenset({_O.CANCELLED, _O.FINISHED, _O.REJECTED, _O.VANISHED, _O.GIVEN_UP}),
            _O.FINISHED: frozenset(),
            _O.CANCELLED: frozenset(),
            _O.REJECTED: frozenset(),
            _O.VANISHED: frozenset(),
            _O.GIVEN_UP: frozenset(),
        }
    ),
)


class OrderPurpose(StrEnum):
    """Why the vehicle is sent."""

    LOAD = "load"
    DELIVER = "deliver"
    RETURN = "return"


class ActionKind(StrEnum):
    """What we ask of vehicles, by its VDA 5050 name."""

    PICK = "pick"
    DROP = "drop"
    CANCEL_ORDER = "cancelOrder"
    STATE_REQUEST = "stateRequest"
    FACTSHEET_REQUEST = "factsheetRequest"
    START_CHARGING = "startCharging"
    STOP_CHARGING = "stopCharging"
    START_PAUSE = "startPause"
    STOP_PAUSE = "stopPause"
    ENABLE_MAP = "enableMap"
    RETRY = "retry"
    SKIP_RETRY = "skipRetry"
    CLEAR_INSTANT_ACTIONS = "clearInstantActions"
    START_HIBERNATION = "startHibernation"
    STOP_HIBERNATION = "stopHibernation"
    ENABLE_ZONE_SET = "enableZoneSet"
    DELETE_ZONE_SET = "deleteZoneSet"


PARCEL_PARAMETERS = ("loadId", "parcels", "stationName", "loadType", "stationType")
"""Parameters of picks and drops, the needed ones first."""
INSTANT_PARAMETERS = ("orderId", "actionId", "mapId", "mapVersion", "zoneSetId")
"""Parameters of all other actions."""
REQUESTS = frozenset({ActionKind.STATE_REQUEST, ActionKind.FACTSHEET_REQUEST, ActionKind.CLEAR_INSTANT_ACTIONS})
"""Actions that change nothing on the vehicle."""


class ActionPhase(StrEnum):
    """How far an action has come; terminal phases never change again."""

    PENDING = "pending"
    RUNNING = "running"
    RETRIABLE = "retriable"  # it failed, and the vehicle waits for our word whether to try again
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        return self in (ActionPhase.FINISHED, ActionPhase.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PathNode:
    """A node as the vehicle is told it; x east and y north in the area's metric plane."""

    node_id: str
    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PathEdge:
    """One directed piece of road in an order, with the node at its end.

    Attributes:
        edge: index in the road graph the order was made with.
        edge_id: as the vehicle is told; stable over imports.
        road_key: the road edge this is all or a part of.
        from_m, to_m: the part of the road edge that is driven.
        speed_mps: the least of the road's, the vehicle's and any temporary limit.
        is_safe_end: a vehicle may be left standing at the end node.
    """

    edge: int
    edge_id: str
    road_key: str
    from_m: float
    to_m: float
    speed_mps: float
    end: PathNode
    is_safe_end: bool

    @property
    def length_m(self) -> float:
        return self.to_m - self.from_m

    @property
    def duration_s(self) -> float:
        return self.length_m / self.speed_mps

    @property
    def end_place(self) -> Place:
        return Place(self.edge, self.to_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAction:
    """A parcel action at the last node of an order."""

    action_id: ActionId
    kind: ActionKind
    run_id: RunId
    parcel_count: int
    phase: ActionPhase = ActionPhase.PENDING
    result: str = ""
    retries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One leg of one vehicle: the way, what is released of it, what the vehicle has confirmed.

    Node `i` of the way has VDA 5050 sequence id `2 * i`, the edge behind it `2 * i + 1`.

    Attributes:
        goal: where the leg ends on the road.
        released: edges of `path` in the base.
        announced: edges of `path` told at all; those from `released` on are horizon.
        update_id: the last update we committed; counts as driven from then on.
        update_seen: the last update that a state of the vehicle showed; -1 for none.
        passed: edges of `path` that the vehicle has confirmed to have driven.
        passed_s: trade time of the last progress.
        accepted: edges in the base that the vehicle has confirmed; an update stitches to its end after a refusal.
        refusals: updates the vehicle refused.
        old_complaints: refusals the vehicle showed already when the order or its last update was issued.
        acted_s: trade time at which one of its actions last went on; 0 for never.
        wants_base: the vehicle asked for more road, and has got none since.
        wide: pieces of the base that were told with room beside the lane, for which nobody asks leave; ascending.
        exposed: the most edges that were ever in the base: a refused update may have been taken all the same.
    """

    id: OrderId
    vehicle_id: VehicleId
    trip_id: TripId | None
    purpose: OrderPurpose
    start: PathNode
    goal: Place
    path: tuple[PathEdge, ...]
    actions: tuple[StopAction, ...]
    released: int
    announced: int
    issued_s: float
    update_id: int = 0
    update_seen: int = -1
    passed: int = 0
    passed_s: float = 0.0
    phase: OrderPhase = OrderPhase.ISSUED
    extended_s: float = 0.0
    accepted: int = 0
    refusals: int = 0
    old_complaints: tuple[str, ...] = ()
    acted_s: float = 0.0
    wants_base: bool = False
    exposed: int = 0
    wide: tuple[int, ...] = ()

    @property
    def is_fully_released(self) -> bool:
        return self.released == len(self.path)

    @property
    def is_confirmed(self) -> bool:
        return self.update_seen >= self.update_id

    @property
    def base_left_m(self) -> float:
        return sum(edge.length_m for edge in self.path[self.passed : self.released])

    @property
    def rest_of_road(self) -> int:
        """How many pieces behind the base are of the road in whose middle it ends: there is no way but forward."""
        count = 0
        for before, piece in pairwise(self.path[max(self.released - 1, 0) :] if self.released else ()):
            if before.edge != piece.edge or before.to_m != piece.from_m:
                break
            count += 1
        return count

    @property
    def last_node_id(self) -> str:
        return self.path[-1].end.node_id if self.path else self.start.node_id

    def action(self, action_id: ActionId) -> StopAction | None:
        return next((action for action in self.actions if action.action_id == action_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedOrder:
    """What is remembered of an order that is over: a late copy of it may still reach its vehicle."""

    id: OrderId
    phase: OrderPhase
    actions: tuple[StopAction, ...]
