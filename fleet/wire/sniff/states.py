"""States and connections against what the vehicle said and was told before: sections 3, 5, 9 and 10."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from fleet.wire.messages import (
    TERMINAL_STATUSES,
    ActionState,
    ActionStatus,
    Connection,
    EdgeState,
    NodeState,
    OrderNode,
    VehicleState,
)
from fleet.wire.sniff.known import IS_GONE, Known, Version
from fleet.wire.sniff.lines import Fault

SILENCE_S_MAX = 35.0  # the standard's 30, and some for the way
GONE_SLACK_S = 1.0  # a state may have been on its way
RANK: Mapping[ActionStatus, int] = {
    ActionStatus.WAITING: 0,
    ActionStatus.INITIALIZING: 1,
    ActionStatus.RUNNING: 2,
    ActionStatus.PAUSED: 2,
    ActionStatus.RETRIABLE: 2,
    ActionStatus.FINISHED: 3,
    ActionStatus.FAILED: 3,
}


def judge_state(known: Known, at_s: float, state: VehicleState) -> Iterator[Fault]:
    """What is wrong with a state, before it is remembered."""
    yield from silence(known, at_s)
    if known.connection in IS_GONE and at_s - known.connection_s > GONE_SLACK_S:
        yield Fault("not_online", f"{at_s - known.connection_s:.1f} s after {known.connection}")
    yield from _sequences(state)
    yield from _reached(state)
    yield from _lifecycles(known, (*state.action_states, *state.instant_action_states))
    if known.state is not None:
        yield from _progress(known.state, state)
        yield from _foreign(known, known.state, state)
    yield from _against_order(known, state)


def take_state(known: Known, at_s: float, state: VehicleState) -> None:
    """Remember a state that was judged."""
    known.state, known.state_s = state, at_s
    told = known.orders.get(state.order_id)
    if told is not None:
        told.shown = max(told.shown, state.order_update_id)
    for action in (*state.action_states, *state.instant_action_states):
        if known.statuses.get(action.action_id) not in TERMINAL_STATUSES:  # the first end is the one that counts
            known.statuses[action.action_id] = action.status


def take_connection(known: Known, at_s: float, connection: Connection) -> None:
    """Remember what was said of a connection."""
    known.connection, known.connection_s = connection.state, at_s
    if known.is_connected:
        known.said_online += 1


def silence(known: Known, at_s: float) -> Iterator[Fault]:
    """A vehicle that is connected and told no state for too long."""
    since_s = max(known.state_s, known.connection_s, known.first_s or at_s)
    if known.is_connected and at_s - since_s > SILENCE_S_MAX:
        yield Fault("silent", f"{at_s - since_s:.1f} s without one")


def _sequences(state: VehicleState) -> Iterator[Fault]:
    parts: tuple[tuple[str, Sequence[NodeState | EdgeState], int], ...] = (
        ("nodeStates", state.node_states, 0),
        ("edgeStates", state.edge_states, 1),
    )
    for place, listed, parity in parts:
        numbers = [part.sequence_id for part in listed]
        if any(number % 2 != parity for number in numbers) or any(b <= a for a, b in pairwise(numbers)):
            yield Fault("state_sequence", f"{numbers}", place)


def _reached(state: VehicleState) -> Iterator[Fault]:
    for node in state.node_states:
        if state.last_node_id and node.sequence_id <= state.last_node_sequence_id:
            yield Fault("reached_listed", f"{node.node_id!r} ({node.sequence_id}) was reached")


def _lifecycles(known: Known, actions: Sequence[ActionState]) -> Iterator[Fault]:
    for action in actions:
        before = known.statuses.get(action.action_id)
        if before is None or before is action.status:
            continue
        moved = f"{action.action_id!r} went from {before} to {action.status}"
        if before in TERMINAL_STATUSES:
            yield Fault("action_after_end", moved)
        elif RANK[action.status] < RANK[before] and before is not ActionStatus.RETRIABLE:
            yield Fault("action_back", moved)


def _progress(before: VehicleState, state: VehicleState) -> Iterator[Fault]:
    if not state.order_id or state.order_id != before.order_id:
        return
    for what, was, now in (
        ("update", before.order_update_id, state.order_update_id),
        ("last node", before.last_node_sequence_id, state.last_node_sequence_id),
    ):
        if now < was:
            yield Fault("progress_back", f"{what} {now} after {was} of {state.order_id!r}", what)
    if state.order_update_id == before.order_update_id:
        more = {node.sequence_id for node in state.node_states} - {node.sequence_id for node in before.node_states}
        if more:
            yield Fault("left_grew", f"nodes {sorted(more)} of {state.order_id!r} came back")


def _foreign(known: Known, before: VehicleState, state: VehicleState) -> Iterator[Fault]:
    if state.order_id and state.order_id != before.order_id and state.order_id not in known.orders:
        yield Fault("foreign_order", f"{state.order_id!r}")


def _against_order(known: Known, state: VehicleState) -> Iterator[Fault]:
    told = known.orders.get(state.order_id)
    if told is None or not told.versions:
        return
    version = told.versions.get(state.order_update_id)
    if version is not None:
        yield from _listed(version, state)
    ends = [end.sequence_id for v in told.versions.values() if (end := v.base_end) is not None]
    if ends and state.last_node_sequence_id > max(ends):
        yield Fault("beyond_base", f"at number {state.last_node_sequence_id}; {max(ends)} was the last released")


def _listed(version: Version, state: VehicleState) -> Iterator[Fault]:
    listed = [(node.sequence_id, node.node_id) for node in state.node_states]
    listed += [(edge.sequence_id, edge.edge_id) for edge in state.edge_states]
    for number, name in listed:
        part = version.parts.get(number)
        told = None if part is None else (part.node_id if isinstance(part, OrderNode) else part.edge_id)
        is_from_before = part is None and number < min(version.parts, default=0)  # we began to listen later
        if told != name and not is_from_before:
            yield Fault("other_nodes", f"{name!r} as number {number}; the order has {told!r}")
