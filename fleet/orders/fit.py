"""Whether an order can be told to a vehicle, and how much of it at once: the limits of its factsheet (section 4).

A way that is too long for one message is told in windows: less horizon first, then a shorter base, which ends at a
place to stand all the same. What cannot be told at all is a value with its limit and a remedy, for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from fleet.model.order import ActionKind, Order
from fleet.model.profile import Profile, WireLimits
from fleet.orders.build import REQUIRED_KNOWN, Terms, field_name, misfit, order_message, parameter_keys, update_message
from fleet.telemetry.names import become_one, chars_lacking, chars_needed, their_message
from fleet.wire.codec import body_of

HEADER_BYTES = 320
"""Header id, time stamp, version, manufacturer and serial number, with room for long ones."""
SENT_BYTES_MAX = 256 * 1024
"""A broker throws out whoever says more than it takes: one order, sent again and again, would cost all the line."""
ALWAYS_KNOWN = frozenset({ActionKind.CANCEL_ORDER, ActionKind.STATE_REQUEST, ActionKind.FACTSHEET_REQUEST})
"""Every vehicle must know these, whatever it lists; without a cancel nobody would be safe from it."""

REMEDY = "raise the limit in the vehicle, or correct it in the vehicle's [[profile]]"


@dataclass(frozen=True, slots=True)
class Untellable:
    """Why a vehicle cannot be told something, and what would help."""

    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.reason}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Window:
    """How much of a way one message tells: edges in the base, and edges at all."""

    released: int
    announced: int


def window(before: Order | None, order: Order, wanted: int, terms: Terms) -> Window | Untellable:
    """The longest base up to `wanted` edges, and the longest horizon behind it, that one message can tell.

    Args:
        before: the order as the vehicle has it; None for one that is new to it.
    """
    trouble = never(order, terms.profile)
    if trouble is not None:
        return trouble
    first = before.released if before is not None else 0
    reason = ""
    for released in _bases(order, first, wanted):
        reason = _too_much(before, replace(order, released=released, announced=released), terms)
        if not reason:
            return _with_horizon(before, order, released, terms)
    return Untellable(reason, REMEDY)


def stretch_too_long(order: Order, terms: Terms) -> Untellable | None:
    """A stretch of the way without a place to stand that no single message can tell: the vehicle would be left there.

    Asked before an order is first told, for it is too late when the vehicle has come to it.
    """
    limits = terms.profile.limits
    if not (limits.order_nodes_max or limits.order_edges_max or limits.message_bytes_max):
        return None
    first = 0
    for end, piece in enumerate(order.path, start=1):
        if not piece.is_safe_end and end < len(order.path):
            continue
        before = replace(order, released=first, announced=first) if first else None
        if reason := _too_much(before, replace(order, released=end, announced=end), terms):
            where = order.path[first].edge_id
            return Untellable(f"{reason} for the stretch without a place to stand that begins with {where}", REMEDY)
        first = end
    return None


def never(order: Order, profile: Profile) -> Untellable | None:
    """What keeps an order from this vehicle however little of its way is told."""
    limits = profile.limits
    if chars_lacking(limits):
        what = "digits" if limits.ids_are_numbers else "characters"
        reason = f"ids of {limits.id_chars_max} {what} would soon come again"
        return Untellable(reason, f"allow {chars_needed(limits)} {what} or more in the vehicle")
    actions_max = limits.node_actions_max
    if actions_max and len(order.actions) > actions_max:
        return Untellable(f"{len(order.actions)} actions at a node, it takes {actions_max}", "plan fewer runs a stop")
    for kind in sorted({action.kind for action in order.actions}):
        if (trouble := offered_at_node(profile, kind)) is not None:
            return trouble
    unknown = sorted({field_name(name) for name in profile.required} - REQUIRED_KNOWN)
    if unknown:
        return Untellable(f"it must be told {', '.join(unknown)}, which we never tell", "correct its factsheet")
    if become_one(order, limits):
        return Untellable(f"two ids become one in {limits.id_chars_max} characters", "allow longer ids in the vehicle")
    return None


def offered_at_node(profile: Profile, kind: ActionKind) -> Untellable | None:
    """Why a parcel action may not be asked of this vehicle at a node; None where it may (section 4.5)."""
    if not profile.actions:
        return None
    offer = profile.offer(kind)
    if offer is None:
        return Untellable(f"{kind} is not in its factsheet", "name it in `fields` of its [[profile]]")
    if offer.scopes and "NODE" not in offer.scopes:
        return Untellable(f"{kind} is not offered at nodes", "ask the maker")
    if offer.blocking and not {"HARD", "SOFT"} & set(offer.blocking):
        return Untellable(f"{kind} does not keep the vehicle standing", "ask the maker")
    missing = sorted(set(offer.required) - set(parameter_keys(profile).known))
    if missing:
        return Untellable(f"{kind} needs {', '.join(missing)}, which we do not know", "ask the maker")
    if (other := misfit(profile, kind)) is not None:
        return Untellable(f"{kind} takes {other[0]} as {other[1]}, which it is not", "ask the maker")
    if profile.limits.action_parameters_max and len(offer.required) > profile.limits.action_parameters_max:
        return Untellable(f"{kind} needs more parameters than it takes", "correct its factsheet")
    return None


def is_offered(profile: Profile, kind: ActionKind) -> bool:
    """Whether an instant action may be asked of this vehicle."""
    offer = profile.offer(kind)
    if kind in ALWAYS_KNOWN or not profile.actions:
        return True
    return offer is not None and (not offer.scopes or "INSTANT" in offer.scopes)


def _bases(order: Order, first: int, wanted: int) -> Iterator[int]:
    """Ends of the base to try, the farthest first; each but the first is a place to stand."""
    yield wanted
    yield from (end for end in range(wanted - 1, first, -1) if order.path[end - 1].is_safe_end)


def _with_horizon(before: Order | None, order: Order, released: int, terms: Terms) -> Window:
    """As much horizon as the vehicle wants and one message holds."""
    most = min(len(order.path), released + terms.profile.horizon_edges)
    for announced in range(most, released, -1):
        if not _too_much(before, replace(order, released=released, announced=announced), terms):
            return Window(released, announced)
    return Window(released, released)


def _too_much(before: Order | None, order: Order, terms: Terms) -> str:
    """Which limit a message of this order would break; empty for none."""
    profile, limits = terms.profile, terms.profile.limits
    edges = order.announced - (before.released if before is not None else 0)
    counts = (
        (edges + 1, limits.order_nodes_max, "nodes"),
        (edges, limits.order_edges_max, "edges"),
        (edges, profile.window_edges, "edges, for want of memory,"),
    )
    over = next(
        (f"{count} {what} in one message, it takes {most}" for count, most, what in counts if 0 < most < count), ""
    )
    if over or not limits.message_bytes_max:
        return over
    size = message_bytes(before, order, terms)
    most = limits.message_bytes_max
    return f"a message of {size} bytes, it takes {most}" if size > most else ""


def message_bytes(before: Order | None, order: Order, terms: Terms) -> int:
    """How long the message would be on the wire, its header included."""
    message = order_message(order, terms) if before is None else update_message(before, order, terms)
    return len(body_of(their_message(message, terms.profile.limits), terms.profile)) + HEADER_BYTES


def at_most(limits: WireLimits, runs: Iterable[str]) -> int:
    """How many runs can be loaded or unloaded by one order."""
    count = len(tuple(runs))
    return min(count, limits.node_actions_max) if limits.node_actions_max else count
