"""What the listener knows of one vehicle from what came by so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from fleet.wire.messages import (
    TERMINAL_STATUSES,
    Action,
    ActionStatus,
    ConnectionState,
    Factsheet,
    Order,
    OrderEdge,
    OrderNode,
    VehicleState,
)

ORDERS_KEPT = 20  # of each vehicle, with all they said; of older ones only the id
IS_GONE = frozenset({ConnectionState.OFFLINE, ConnectionState.CONNECTION_BROKEN})

Part = OrderNode | OrderEdge
Parts = dict[int, Part]  # by sequence id


def parts_of(order: Order) -> Iterator[Part]:
    """Its nodes and edges."""
    yield from order.nodes
    yield from order.edges


@dataclass(slots=True)
class Version:
    """One update of an order, with all of the order up to its end, as far as it was heard."""

    order: Order
    parts: Parts
    sent_s: float

    @property
    def base(self) -> Parts:
        return {number: part for number, part in self.parts.items() if part.released}

    @property
    def base_end(self) -> OrderNode | None:
        """The last released node."""
        nodes = [part for part in self.base.values() if isinstance(part, OrderNode)]
        return max(nodes, key=lambda node: node.sequence_id, default=None)


@dataclass(slots=True)
class Told:
    """An order as the vehicle was told it, update by update."""

    order_id: str
    versions: dict[int, Version] = field(default_factory=dict)
    shown: int = -1
    is_cancelled: bool = False

    @property
    def latest(self) -> int:
        return max(self.versions, default=-1)

    def take(self, order: Order, at_s: float) -> None:
        """Put an update behind what it continues."""
        before = self.joined(order)
        first = order.nodes[0].sequence_id if order.nodes else 0
        parts = {number: part for number, part in before.parts.items() if number < first} if before else {}
        parts |= {part.sequence_id: part for part in parts_of(order)}
        self.versions[order.order_update_id] = Version(order, parts, at_s)

    def joined(self, order: Order) -> Version | None:
        """The version that an update continues: the latest, or the one that the vehicle shows if that was refused."""
        if not order.nodes:
            return None
        first = order.nodes[0]
        for number in (self.latest, self.shown):
            version = self.versions.get(number)
            end = version.base_end if version else None
            if end is not None and (end.node_id, end.sequence_id) == (first.node_id, first.sequence_id):
                return version
        return None


@dataclass(slots=True)
class Known:
    """One vehicle, both directions."""

    name: str
    interface_name: str = ""
    first_s: float | None = None
    counts: Counter[str] = field(default_factory=Counter)
    versions: dict[str, set[str]] = field(default_factory=lambda: {"vehicle": set(), "master": set()})
    connection: ConnectionState | None = None
    connection_s: float = 0.0
    said_online: int = 0
    live: set[str] = field(default_factory=set)  # topics that were heard live
    kept: set[str] = field(default_factory=set)  # topics that the broker keeps, since it was asked again
    factsheet: Factsheet | None = None
    state: VehicleState | None = None
    state_s: float = 0.0
    orders: dict[str, Told] = field(default_factory=dict)
    last_order_sent_s: float | None = None
    actions: dict[str, tuple[str, Action]] = field(default_factory=dict)  # id -> order or "", and what it was
    statuses: dict[str, ActionStatus] = field(default_factory=dict)

    @property
    def is_connected(self) -> bool:
        """As far as it said so; one that never said anything of it is held to be."""
        return self.connection is None or self.connection is ConnectionState.ONLINE

    def take_order(self, order: Order, at_s: float) -> None:
        """Remember an order or update; the oldest orders are remembered by name only."""
        told = self.orders.setdefault(order.order_id, Told(order.order_id))
        if order.order_update_id not in told.versions and order.order_update_id > told.latest:
            told.take(order, at_s)
        for old in list(self.orders.values())[:-ORDERS_KEPT]:
            old.versions.clear()

    def open_work(self) -> str:
        """What the vehicle still has to do of its order, in words; empty when it is idle."""
        state = self.state
        if state is None or not state.order_id:
            return ""
        nodes = [node for node in state.node_states if node.sequence_id > state.last_node_sequence_id]
        if left := len(nodes) + len(state.edge_states):
            return f"{left} nodes and edges of {state.order_id!r} are left"
        instants = {action_id for action_id, (owner, _) in self.actions.items() if not owner}
        for action in state.action_states:
            if action.status not in TERMINAL_STATUSES and action.action_id not in instants:
                return f"action {action.action_id!r} of {state.order_id!r} is {action.status}"
        return ""
