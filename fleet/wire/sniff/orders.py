"""Orders and instant actions against what the vehicle was told before, and what it says: sections 4 to 6, 9 and 12."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from fleet.wire.messages import Action, BlockingType, Header, InstantActions, OperatingMode, Order, OrderNode
from fleet.wire.sniff.known import Known, Parts, Told, parts_of
from fleet.wire.sniff.lines import Fault

TAKES_ORDERS = frozenset({OperatingMode.AUTOMATIC, OperatingMode.SEMIAUTOMATIC, OperatingMode.INTERVENED})
TAKES_INSTANTS = TAKES_ORDERS - {OperatingMode.INTERVENED}
ALWAYS_ASKED = frozenset({"stateRequest", "factsheetRequest", "cancelOrder"})  # they move nothing
HANDLING = frozenset({"pick", "drop"})
INTERVAL_SLACK_S = 0.05
CANCEL = "cancelOrder"


def judge_order(known: Known, header: Header, order: Order, size_bytes: int) -> Iterator[Fault]:
    """What is wrong with an order or update, before it is remembered."""
    told = known.orders.get(order.order_id)
    if told is None:
        yield from _new(known, order)
    else:
        yield from _continued(told, known, order)
    if known.state is not None and known.state.mode not in TAKES_ORDERS:
        yield Fault("mode", f"order {order.order_id!r} in mode {known.state.mode}")
    yield from _places(known, order)
    yield from _limits(known, header, order, size_bytes)
    for part in parts_of(order):
        scope = "NODE" if isinstance(part, OrderNode) else "EDGE"
        yield from _actions(known, order.order_id, part.actions, scope)


def judge_instants(known: Known, instant: InstantActions) -> Iterator[Fault]:
    """What is wrong with instant actions, before they are remembered."""
    for action in instant.actions:
        if action.blocking_type is not BlockingType.NONE:
            yield Fault("instant_blocks", f"{action.action_type} is {action.blocking_type}", action.action_type)
        if action.action_type in HANDLING:
            yield Fault("instant_handling", f"{action.action_type} {action.action_id!r}", action.action_type)
        is_asked = action.action_type not in ALWAYS_ASKED
        if known.state is not None and is_asked and known.state.mode not in TAKES_INSTANTS:
            yield Fault("mode", f"{action.action_type} in mode {known.state.mode}")
    yield from _actions(known, "", instant.actions, "INSTANT")


def take_order(known: Known, header: Header, order: Order, at_s: float) -> None:
    """Remember an order that was judged."""
    known.take_order(order, at_s)
    known.last_order_sent_s = header.sent_s
    for part in parts_of(order):
        for action in part.actions:
            known.actions.setdefault(action.action_id, (order.order_id, action))


def take_instants(known: Known, instant: InstantActions) -> None:
    """Remember instant actions that were judged."""
    for action in instant.actions:
        known.actions.setdefault(action.action_id, ("", action))
        if action.action_type == CANCEL and (order := _cancelled(known, action)) is not None:
            order.is_cancelled = True


def _cancelled(known: Known, action: Action) -> Told | None:
    """The order that a cancel means: the one it names, or the last."""
    named = next((str(p.value) for p in action.parameters if p.key == "orderId"), None)
    return known.orders.get(named) if named else next(reversed(known.orders.values()), None)


def _new(known: Known, order: Order) -> Iterator[Fault]:
    state = known.state
    is_under_way = state is not None and state.order_id == order.order_id  # it began before we listened
    if order.order_update_id != 0 and state is not None and not is_under_way:
        yield Fault("first_update", f"{order.order_id!r} begins with update {order.order_update_id}")
    if not is_under_way and (work := known.open_work()):
        yield Fault("busy", f"{order.order_id!r} was sent while {work}")


def _continued(told: Told, known: Known, order: Order) -> Iterator[Fault]:
    update = order.order_update_id
    said = told.versions.get(update)
    if not told.versions:
        yield Fault("order_id_again", f"{order.order_id!r}")
    elif said is not None:
        if said.order != order:
            yield Fault("update_again", f"update {update} of {order.order_id!r}")
    elif update < told.latest:
        yield Fault("update_back", f"update {update} of {order.order_id!r} after {told.latest}")
    else:
        yield from _update(told, known, order)


def _update(told: Told, known: Known, order: Order) -> Iterator[Fault]:
    name = f"update {order.order_update_id} of {order.order_id!r}"
    if order.order_update_id > told.latest + 1:
        yield Fault("update_skips", f"{name} after {told.latest}")
    if told.is_cancelled:
        yield Fault("update_after_cancel", name)
    is_refused = known.state is not None and bool(known.state.errors)
    if told.shown < told.latest and not is_refused:
        yield Fault("update_unseen", f"{name}; update {told.latest} was not shown")
    before = told.joined(order)
    if before is None:
        yield from _badly_joined(told, order, name)
        return
    yield from _altered(before.base, order, name)


def _badly_joined(told: Told, order: Order, name: str) -> Iterator[Fault]:
    end = told.versions[told.latest].base_end
    if end is not None and order.nodes:
        first = order.nodes[0]
        detail = f"{name} begins at {first.node_id!r} ({first.sequence_id}), not at {end.node_id!r} ({end.sequence_id})"
        yield Fault("stitch", detail)


def _altered(base: Parts, order: Order, name: str) -> Iterator[Fault]:
    for part in parts_of(order):
        before = base.get(part.sequence_id)
        if before is None:
            continue
        if isinstance(part, OrderNode) and isinstance(before, OrderNode):
            is_same = (part.node_id, part.position, part.released) == (before.node_id, before.position, True)
        else:
            is_same = part == before
        if not is_same:
            yield Fault("base_changed", f"{name} alters number {part.sequence_id}")


def _places(known: Known, order: Order) -> Iterator[Fault]:
    maps = known.state.maps if known.state is not None else None
    enabled = {shown.map_id for shown in maps or () if shown.is_enabled}
    for node in order.nodes:
        if maps and node.released and node.position is not None and node.position.map_id not in enabled:
            yield Fault("map", f"map {node.position.map_id!r}")
    for before, after in pairwise(order.nodes):
        here, there = before.position, after.position
        if here and there and (here.x_m, here.y_m, here.map_id) == (there.x_m, there.y_m, there.map_id):
            yield Fault("same_place", f"{before.node_id!r} and {after.node_id!r}")


def _limits(known: Known, header: Header, order: Order, size_bytes: int) -> Iterator[Fault]:
    if known.factsheet is None:
        return
    limits = known.factsheet.limits
    ids = [order.order_id, *(n.node_id for n in order.nodes), *(e.edge_id for e in order.edges)]
    ids += [action.action_id for part in parts_of(order) for action in part.actions]
    for what, found, most in (
        ("bytes", size_bytes, limits.message_bytes_max),
        ("nodes", len(order.nodes), limits.order_nodes_max),
        ("edges", len(order.edges), limits.order_edges_max),
        ("signs of an id", max(len(name) for name in ids), limits.id_chars_max),
    ):
        if most and found > most:
            yield Fault("too_long", f"{found} {what}; at most {most} are taken", what)
    if known.last_order_sent_s is not None:
        passed_s = header.sent_s - known.last_order_sent_s
        if passed_s < limits.order_interval_s_min - INTERVAL_SLACK_S:
            yield Fault("too_often", f"{passed_s:.3f} s after the last; at least {limits.order_interval_s_min:g} s")


def _actions(known: Known, owner: str, actions: Iterable[Action], scope: str) -> Iterator[Fault]:
    offered = {offer.action_type: offer for offer in known.factsheet.actions} if known.factsheet else {}
    for action in actions:
        before = known.actions.get(action.action_id)
        if before is not None and before != (owner, action):
            yield Fault("action_id_again", f"{action.action_id!r} was {before[1].action_type} before")
        offer = offered.get(action.action_type)
        if offered and (offer is None or (offer.scopes and scope not in offer.scopes)):
            yield Fault("action_not_offered", f"{action.action_type} as {scope}", action.action_type)
