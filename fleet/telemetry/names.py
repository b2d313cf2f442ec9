"""Ids as one vehicle can take them: short, or of digits only, where its factsheet asks for that (section 4.2).

Our own names are made by rules: orders and actions are counted, roads are called by the map. From each of them follows
one name for the vehicle, the same on every day and after every restart, so nothing has to be remembered. What the
vehicle says is read back by what it can be speaking of: its orders, their roads and actions, the site's doors.

What is counted is counted from the second at which the journal was begun. So the ids of a new journal do not meet
those of the one before it even where they are too short for its token, and a vehicle that still shows its old order is
never taken to show a new one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from fleet.model.base36 import in_base_36
from fleet.model.order import Order
from fleet.model.profile import WireLimits
from fleet.model.token import first_number
from fleet.wire import messages as wire

LETTERS_MIN, DIGITS_MIN = 6, 8
"""At one id a second these last for two and for almost three years before the first one comes again; with a letter or
a digit less it would be within a season, while a vehicle may still know what it did."""
NUMBER_DIGITS = 9
"""Of numbers, where the vehicle names no length: they fit 32 bits."""
LETTERS_MAX, DIGITS_MAX = 24, 18
COUNTER_LETTERS, COUNTER_DIGITS = 6, 8
NAMES_KEPT = 1 << 15
"""Each state of such a vehicle is read by the names of all its order."""
NAMING_KEYS = frozenset({"orderId", "nodeId", "edgeId", "actionId", "instantActionId"})
_COUNTED = re.compile(r"([a-z])-([^-]+)-(\d+)")

replace = msgspec.structs.replace
Naming = Callable[[str], str]


def chars_needed(limits: WireLimits) -> int:
    """How long the ids of this vehicle have to be, that none comes again while it may still be known."""
    return DIGITS_MIN if limits.ids_are_numbers else LETTERS_MIN


def chars_lacking(limits: WireLimits) -> int:
    """How many characters the longest id of this vehicle lacks to be of use; 0 where it has enough."""
    return max(chars_needed(limits) - limits.id_chars_max, 0) if limits.id_chars_max else 0


def has_own_names(limits: WireLimits) -> bool:
    """Whether a vehicle with these limits may know things by other names than ours."""
    return bool(limits.id_chars_max) or limits.ids_are_numbers


def same_names(one: WireLimits, other: WireLimits) -> bool:
    """Whether everything has the same name by both."""
    return (one.id_chars_max, one.ids_are_numbers) == (other.id_chars_max, other.ids_are_numbers)


def their_name(name: str, limits: WireLimits) -> str:
    """What a vehicle with these limits is told for one of our names."""
    is_short = not limits.id_chars_max or len(name) <= limits.id_chars_max
    if is_short and (not limits.ids_are_numbers or name.isdecimal()):
        return name
    if limits.ids_are_numbers:
        return _in_digits(name, min(limits.id_chars_max or NUMBER_DIGITS, DIGITS_MAX))
    return _in_letters(name, min(limits.id_chars_max, LETTERS_MAX))


def their_message(message: wire.Outbound, limits: WireLimits) -> wire.Outbound:
    """An order or instant actions with the names that the vehicle can take; others bear no names of ours."""
    if not has_own_names(limits):
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
    if not has_own_names(limits):
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


@lru_cache(NAMES_KEPT)
def _in_digits(name: str, digits: int) -> str:
    counted = _COUNTED.fullmatch(name)
    return _counted_number(counted, digits) if counted else str(_number(name, digits))


@lru_cache(NAMES_KEPT)
def _in_letters(name: str, chars: int) -> str:
    counted = _COUNTED.fullmatch(name)
    return _counted_text(counted, chars) if counted else "z" + _text(name, chars - 1)


def _counted_number(counted: re.Match[str], digits: int) -> str:
    """What is counted from the second of the journal on, with digits of its token before it where there is room."""
    number, room = _count(counted), digits - COUNTER_DIGITS
    if room <= 0:
        least = 10 ** (digits - 1)
        return str(least + number % (9 * least))
    return f"{_number(counted[2], room)}{number % 10**COUNTER_DIGITS:0>{COUNTER_DIGITS}}"


def _counted_text(counted: re.Match[str], chars: int) -> str:
    letters = min(COUNTER_LETTERS, chars - 1)
    number, room = in_base_36(_count(counted) % 36**letters), max(chars - 1 - letters, 0)
    return f"{counted[1]}{_text(counted[2], room)}{number:0>{letters}}"


def _count(counted: re.Match[str]) -> int:
    return first_number(counted[2]) + int(counted[3])


def _number(text: str, digits: int) -> int:
    """Never with a zero in front: some vehicles read a number and say it again."""
    least = int("1" + "0" * (digits - 1))
    return least + _digest(text) % (9 * least)


def _text(text: str, chars: int) -> str:
    return f"{in_base_36(_digest(text)):0>{chars}}"[:chars]


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
