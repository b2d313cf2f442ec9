"""What dispatch decides for one vehicle; `orders` carries it out."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.model.ids import ActionId, OrderId, TripId
from fleet.model.order import ActionKind
from fleet.state.fleet_state import Visit


@dataclass(frozen=True, slots=True)
class Load:
    """Have the trip's runs loaded where the vehicle stands."""

    trip_id: TripId


@dataclass(frozen=True, slots=True)
class Deliver:
    """Drive to a pickup point and hand over what is for it."""

    trip_id: TripId
    visit: Visit


@dataclass(frozen=True, slots=True)
class GoHome:
    """Drive to the home station and unload what is still aboard."""

    trip_id: TripId | None


@dataclass(frozen=True, slots=True)
class Extend:
    """Release the way up to its first `released` edges."""

    order_id: OrderId
    released: int


@dataclass(frozen=True, slots=True)
class Reroute:
    """Find another way behind the base, and not over the roads `around`."""

    order_id: OrderId
    why: str
    around: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the order, wherever the vehicle is on it."""

    order_id: OrderId
    why: str


@dataclass(frozen=True, slots=True)
class Recant:
    """Say once more that an order is over whose late copy has reached the vehicle."""

    order_id: OrderId


@dataclass(frozen=True, slots=True)
class Ask:
    """An instant action."""

    kind: ActionKind


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Have an action done again that failed and whose vehicle waits for our word; or let it fail for good."""

    action_id: ActionId
    gives_up: bool = False


Intent = TryAgain | Load | Deliver | GoHome | Extend | Reroute | Cancel | Recant | Ask
