"""Ids as one vehicle can take them: short, or of digits only, where its factsheet asks for that (section 4.2).

Our own names are made by rules: orders and actions are counted, roads are called by the map. From each of them follows
one name for the vehicle, the same on every day and after every restart, so nothing has to be remembered. What the
vehicle says is read back by what it can be speaking of: its orders, their roads and actions, the site's doors.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from fleet.model.order import Order
from fleet.model.profile import WireLimits
from fleet.wire import messages as wire

LETTERS_MIN, DIGITS_MIN = 6, 8
"""Shorter ids would run out."""
NUMBER_DIGITS = 9
"""Of numbers, where the vehicle names no length: they fit 32 bits."""
LETTERS_MAX, DIGITS_MAX = 24, 18
COUNTER_LETTERS, COUNTER_DIGITS = 6, 8
NAMING_KEYS = frozenset({"orderId", "nodeId", "edgeId", "actionId", "instantActionId"})
_COUNTED = re.compile(r"([a-z])-([^-]+)-(\d+)")
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"

replace = msgspec.structs.replace
Naming = Callable[[str], str]


def chars_lacking(limits: WireLimits) -> int:
    """How many characters the longest id of this vehicle lacks to be of use; 0 where it has enough."""
    needed = DIGITS_MIN if limits.ids_are_numbers else LETTERS_MIN
    return max(needed - limits.id_chars_max, 0) if limits.id_chars_max else 0


def their_name(name: str, limits: WireLimits) -> str:
    """What a vehicle with these limits is told for one of our names."""
    is_short = not limits.id_chars_max or len(name) <= limits.id_chars_max
    if is_short and (not limits.ids_are_numbers or name.isdecimal()):
        return name
    counted = _COUNTED.fullmatch(name)
    if limits.ids_are_numbers:
        digits = min(limits.id_chars_max or NUMBER_DIGITS, DIGITS_MAX)
        return _counted_number(counted, digits) if counted else str(_number(name, digits))
    chars = min(limits.id_chars_max, LETTERS_MAX)
    return _counted_text(counted, chars) if counted else "z" + _text(name, chars - 1)


def their_message(message: wire.Outbound, limits: WireLimits) -> wire.Outbound:
    """An order or instant actions with the names that the vehicle can take; others bear no names of ours."""
    if not _asks(limits):
        return message

    def named(name: str) -> str:
        return their_name(name, limits)

    match message:
        case wire.Order():
            return replace(
                message,
                order_id=named(message.order_id),
                nodes=tuple(
                    replace(node, node_id=named(node.node_id), actions=_actions(node.actions, named))
                    for node in message.nodes
                ),
                edges=tuple(
                    replace(
                        edge,
                        edge_id=named(edge.edge_id),
                        start_node_id=named(edge.start_node_id),
                        end_node_id=named(edge.end_node_id),
                        actions=_actions(edge.actions, named),
                    )
                    for edge in message.edges
                ),
            )
        case wire.InstantActions():
            return replace(message, actions=_actions(message.actions, named))
        case _:
            return message


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a vehicle can be speaking of, by our names; each kind of thing has names of its own."""

    orders: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    edges: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()

    def with_order(self, order: Order) -> Known:
        return Known(
            orders=(*self.orders, order.id),
            nodes=(*self.nodes, *node_names(order)),
            edges=(*self.edges, *(piece.edge_id for piece in order.path)),
            actions=(*self.actions, *(action.action_id for action in order.actions)),
        )


def node_names(order: Order) -> Iterator[str]:
    yield order.start.node_id
    yield from (piece.end.node_id for piece in order.path)


def become_one(order: Order, limits: WireLimits) -> bool:
    """Whether two different things of an order would have one name."""
    known = Known().with_order(order)
    kinds = (set(known.nodes), set(known.edges), set(known.actions))
    return any(len({their_name(name, limits) for name in names}) < len(names) for names in kinds)


def our_state(state: wire.VehicleState, limits: WireLimits, known: Callable[[], Known]) -> wire.VehicleState:
    """The state with our own names, as far as it speaks of something known."""
    if not _asks(limits):
        return state
    ours = known()
    order, node, edge, action = (_reading(n, limits) for n in (ours.orders, ours.nodes, ours.edges, ours.actions))
    by_key = {"orderId": order, "nodeId": node, "edgeId": edge, "actionId": action, "instantActionId": action}
    return replace(
        state,
        order_id=order(state.order_id),
        last_node_id=node(state.last_node_id),
        node_states=tuple(replace(each, node_id=node(each.node_id)) for each in state.node_states),
        edge_states=tuple(replace(each, edge_id=edge(each.edge_id)) for each in state.edge_states),
        action_states=tuple(replace(each, action_id=action(each.action_id)) for each in state.action_states),
        instant_action_states=tuple(
            replace(each, action_id=action(each.action_id)) for each in state.instant_action_states
        ),
        errors=tuple(replace(error, references=_references(error, by_key)) for error in state.errors),
        requests=tuple(replace(request, subject=edge(request.subject)) for request in state.requests),
    )


def _reading(names: Iterable[str], limits: WireLimits) -> Naming:
    table = {their_name(name, limits): name for name in names}
    return lambda name: table.get(name, name)


def _asks(limits: WireLimits) -> bool:
    return bool(limits.id_chars_max) or limits.ids_are_numbers


def _actions(actions: tuple[wire.Action, ...], named: Naming) -> tuple[wire.Action, ...]:
    return tuple(
        replace(
            action,
            action_id=named(action.action_id),
            parameters=tuple(
                replace(each, value=named(str(each.value))) if each.key in NAMING_KEYS else each
                for each in action.parameters
            ),
        )
        for action in actions
    )


def _references(error: wire.VehicleError, by_key: Mapping[str, Naming]) -> tuple[wire.ErrorReference, ...]:
    return tuple(
        replace(each, value=by_key[each.key](each.value)) if each.key in by_key else each for each in error.references
    )


def _counted_number(counted: re.Match[str], digits: int) -> str:
    """The counter with digits of the journal's token before it: the next journal gives no number again either."""
    token, counter = counted[2], counted[3]
    room = digits - COUNTER_DIGITS
    if room <= 0 or len(counter) > COUNTER_DIGITS:
        return counter
    return f"{_number(token, room)}{counter:0>{COUNTER_DIGITS}}"


def _counted_text(counted: re.Match[str], chars: int) -> str:
    kind, token, counter = counted[1], counted[2], _in_base_36(int(counted[3]))
    room = max(chars - 1 - COUNTER_LETTERS, 0)
    return f"{kind}{_text(token, room)}{counter:0>{min(COUNTER_LETTERS, chars - 1)}}"


def _number(text: str, digits: int) -> int:
    """Never with a zero in front: some vehicles read a number and say it again."""
    least = int("1" + "0" * (digits - 1))
    return least + _digest(text) % (9 * least)


def _text(text: str, chars: int) -> str:
    return f"{_in_base_36(_digest(text)):0>{chars}}"[:chars]


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")


def _in_base_36(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number, 36)
        letters = _ALPHABET[rest] + letters
    return letters or "0"
