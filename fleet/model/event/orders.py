"""What vehicles were told, and how far they are with it."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.model.event.base import Event
from fleet.model.ids import ActionId, OrderId, VehicleId
from fleet.model.order import ActionKind, ActionPhase, Order, OrderPhase, PathEdge
from fleet.model.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIssued(Event):
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIdPassed(Event):
    """The next order id is one that the vehicle shows already, as it would be told it; nobody ever gets it."""

    vehicle_id: VehicleId
    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExtended(Event):
    """More of the way is released; `wide` are pieces of it that are told with room beside the lane."""

    order_id: OrderId
    update_id: int
    released: int
    announced: int
    wide: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRerouted(Event):
    """The way behind the base is another one from now on."""

    order_id: OrderId
    kept: int
    path: tuple[PathEdge, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaced(Event):
    """The pieces of the way from `kept` on, none of them released, are driven at other speeds; the way is the same."""

    order_id: OrderId
    kept: int
    speeds_mps: tuple[float, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSeen(Event):
    """A state of the vehicle shows this order and update: it is accepted."""

    order_id: OrderId
    update_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRefused(Event):
    """The vehicle refused an update: its number is burnt, and the base is what was accepted before.

    Attributes:
        update_id: the greatest number that is burnt.
        counts: as so many refusals; one that no further update could mend counts as enough to end the order.
    """

    order_id: OrderId
    update_id: int
    why: str
    counts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRequested(Event):
    """The vehicle asks for more road before it would get some."""

    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePassed(Event):
    """The vehicle has driven the first `passed` edges of its order."""

    order_id: OrderId
    passed: int
    place: Place
    node_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionMoved(Event):
    order_id: OrderId
    action_id: ActionId
    phase: ActionPhase
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedActionSeen(Event):
    """The vehicle does, or has done, something of an order that was over for us: a late copy of it has come back."""

    vehicle_id: VehicleId
    order_id: OrderId
    action_id: ActionId
    phase: ActionPhase
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelling(Event):
    """We want the order ended; the vehicle may still drive to the end of its base."""

    order_id: OrderId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEnded(Event):
    order_id: OrderId
    phase: OrderPhase
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantIssued(Event):
    """An instant action was asked for.

    Attributes:
        order_id: the order that a cancelOrder is about.
        about: the action that a retry or skipRetry is about.
        tries: how many of this kind went unanswered just before.
    """

    vehicle_id: VehicleId
    action_id: ActionId
    kind: ActionKind
    order_id: OrderId | None
    about: ActionId | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantMoved(Event):
    vehicle_id: VehicleId
    action_id: ActionId
    phase: ActionPhase
    result: str
    is_shown: bool = False
