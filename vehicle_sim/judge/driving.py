"""Orders that move the vehicle, along the course only, and each base ends where the course says it may stop."""

from __future__ import annotations

import math
from dataclasses import replace

from fleet.wire.messages import ActionStatus, OrderNode, Position, VehicleState
from fleet.wire.refusal_words import Reason
from vehicle_sim.judge import expect
from vehicle_sim.judge.bench import Bench
from vehicle_sim.judge.check import Check, Need
from vehicle_sim.judge.instant import need_offer
from vehicle_sim.judge.moves import ENTERS_HORIZON, Leg, arrived, drive, drive_s, hold, leg, set_off, standing_order
from vehicle_sim.judge.verdict import given, not_tried, wrong

LOOP_M_MAX = 500.0
STOOD_M = 0.5
STOPPING_S = 30.0


async def drives_an_order(bench: Bench) -> None:
    whole = leg(bench, 1, 1)
    since = await drive(bench, whole.order())
    await arrived(bench, whole, whole.steps, since)
    if not await bench.until(bench.is_idle):
        raise wrong("stands at the last node of its order, and still lists something to do")
    _shrank(bench.states(since), whole)


def _shrank(states: list[VehicleState], whole: Leg) -> None:
    """What is left of an order becomes less from its front (10.1)."""
    before: list[int] | None = None
    for state in states:
        if state.order_id != whole.order_id:
            continue
        left = [node.sequence_id for node in state.node_states]
        if before is not None and left != before[len(before) - len(left) :]:
            raise wrong(f"lists nodes {left} after {before}: nodes leave the list from its front, and none comes back")
        if not left and state.last_node_sequence_id < 2 * whole.steps:
            raise wrong("lists no nodes while it is on its way")
        before = left


async def waits_before_its_horizon(bench: Bench) -> None:
    held, _ = await hold(bench)
    await bench.wait_s(2 * bench.terms.patience_s)  # a move ends the check
    listed = [(node.sequence_id, node.released) for node in (await expect.fresh_state(bench)).node_states]
    missing = [step for step in range(1, held.steps + 1) if (2 * step, False) not in listed]
    if missing:
        raise wrong(f"does not list the {held.steps} nodes of its horizon as not released: {listed}")


async def goes_on_with_an_update(bench: Bench) -> None:
    if not bench.heeds_released:
        raise not_tried(ENTERS_HORIZON)
    first = leg(bench, 2, 1)
    await set_off(bench, first)
    longer = first.with_released(first.steps, first.steps)
    updated = await bench.tell(longer.update(first))
    await expect.taken(bench, longer.update(first), updated)
    await arrived(bench, longer, longer.steps, updated)


async def stops_at_the_end_of_its_base(bench: Bench) -> None:
    part = leg(bench, 2, 1)
    since = await drive(bench, part.order())
    await arrived(bench, part, part.released, since)
    bench.may_drive = False
    await bench.wait_s(2 * bench.terms.patience_s)


async def pauses_on_the_way(bench: Bench) -> None:
    need_offer(bench, "startPause")
    way = leg(bench, 2, 2)
    since = await set_off(bench, way, share=0.25)
    asked = len(bench.transcript)
    await expect.finished(bench, await bench.ask("startPause"), asked, STOPPING_S + bench.terms.patience_s)
    if not await bench.until(lambda: bench.state.paused and not bench.state.driving):
        raise wrong("startPause is finished, and it drives on or does not say paused")
    stood = bench.state.position
    await bench.wait_s(bench.terms.patience_s)
    if _gap_m(stood, (await expect.fresh_state(bench)).position) > STOOD_M:
        raise wrong("moves while it is paused")
    asked = len(bench.transcript)
    await expect.finished(bench, await bench.ask("stopPause"), asked)
    await arrived(bench, way, way.steps, since)


def _gap_m(one: Position | None, other: Position | None) -> float:
    return 0.0 if one is None or other is None else math.hypot(one.x_m - other.x_m, one.y_m - other.y_m)


async def passes_a_node_twice(bench: Bench) -> None:
    assert bench.course is not None
    length_m = bench.course.length_m(0, len(bench.course.edges))
    if length_m > LOOP_M_MAX:
        raise not_tried(f"the loop is {length_m:.0f} m long; at most {LOOP_M_MAX:.0f} m are released at once")
    start = leg(bench, 1, 1)
    loop = replace(start, steps=len(bench.course.edges), released=len(bench.course.edges))
    since = await drive(bench, loop.order())
    await arrived(bench, loop, loop.steps, since)


async def cannot_start_elsewhere(bench: Bench) -> None:
    """First node: the stop farthest away. Should it be taken, the vehicle is stopped at once."""
    here = leg(bench, 1, 0)
    position = bench.state.position
    if position is None:
        raise not_tried("the vehicle does not tell its position")
    far = max(here.course.nodes, key=lambda node: math.hypot(node.x - position.x_m, node.y - position.y_m))
    if math.hypot(far.x - position.x_m, far.y - position.y_m) <= 2 * far.allowed_deviation:
        raise not_tried("no node of the course is far from where the vehicle stands")
    order = standing_order(bench)
    node = OrderNode(node_id=far.node_id, sequence_id=0, released=True, position=far.position())
    order = type(order)(order_id=order.order_id, order_update_id=0, nodes=(node,), edges=())
    await expect.refused(bench, order, await bench.tell(order), Reason.OUT_OF_REACH)


async def cancels_what_it_waits_for(bench: Bench) -> None:
    with given():
        held, _ = await hold(bench)
    await _cancelled(bench, held)


async def cancels_on_the_way(bench: Bench) -> None:
    way = leg(bench, 2, 2)
    await set_off(bench, way, share=0.25)
    await _cancelled(bench, way)
    if not await bench.until(lambda: not bench.state.driving, STOPPING_S):
        raise wrong("cancelOrder is finished, and it drives")
    bench.may_drive = False
    await bench.wait_s(bench.terms.patience_s)


async def _cancel(bench: Bench, way: Leg) -> VehicleState:
    """Cancel, and give the first state that shows it finished."""
    since = len(bench.transcript)
    action_id = await bench.ask("cancelOrder")
    await expect.finished(bench, action_id, since, drive_s(bench, way))
    return next(state for state in bench.states(since) if _ends(state, action_id))


async def _cancelled(bench: Bench, way: Leg) -> None:
    end = await _cancel(bench, way)
    left = [node for node in end.node_states if node.sequence_id > end.last_node_sequence_id]
    if left or end.edge_states:
        raise wrong(f"cancelOrder is finished with {len(left)} nodes and {len(end.edge_states)} edges still listed")
    if end.order_id != way.order_id:
        raise wrong(f"shows order id {end.order_id!r} after the cancel; it keeps the id of the order")


def _ends(state: VehicleState, action_id: str) -> bool:
    actions = (*state.instant_action_states, *state.action_states)
    return any(a.action_id == action_id and a.status is ActionStatus.FINISHED for a in actions)


async def takes_no_update_after_a_cancel(bench: Bench) -> None:
    with given():
        held, _ = await hold(bench)
        await _cancel(bench, held)
    update = held.with_released(0, 0).update(held)
    await expect.refused(bench, update, await bench.tell(update), Reason.CANCELLED)


async def takes_an_order_after_a_cancel(bench: Bench) -> None:
    with given():
        held, _ = await hold(bench)
        await _cancel(bench, held)
    order = standing_order(bench)
    await expect.taken(bench, order, await bench.tell(order))


async def takes_an_order_between_nodes(bench: Bench) -> None:
    if bench.course is not None and bench.course.find(bench.state) is not None:
        raise not_tried("the vehicle stands at a node; a cancel on the way did not stop it before")
    order = standing_order(bench)
    await expect.taken(bench, order, await bench.tell(order))


ROAD = frozenset({Need.ORDERS, Need.ROAD})
WAITING = (
    Check(
        "5.12",
        "horizon-waited",
        "stands before its horizon until it is released, and lists it",
        waits_before_its_horizon,
        ROAD,
    ),
    Check(
        "8.2",
        "cancel-waiting",
        "empties its lists at a cancel, ends it as finished and keeps the order's id",
        cancels_what_it_waits_for,
        ROAD,
    ),
    Check(
        "6.10",
        "cancel-then-update",
        "refuses an update of an order that was cancelled",
        takes_no_update_after_a_cancel,
        ROAD,
    ),
    Check(
        "8.6", "cancel-then-order", "takes a new order once a cancel is finished", takes_an_order_after_a_cancel, ROAD
    ),
    Check("7.r6", "start-elsewhere", "refuses an order that begins where it is not", cannot_start_elsewhere, ROAD),
)
DRIVING = (
    Check(
        "10.1", "order-driven", "drives an order to its end, and its lists shrink from the front", drives_an_order, ROAD
    ),
    Check(
        "6.2", "update-driven", "drives on along an update that joins the end of its base", goes_on_with_an_update, ROAD
    ),
    Check(
        "6.12",
        "base-end",
        "stops at the end of its base while nothing more is released",
        stops_at_the_end_of_its_base,
        ROAD,
    ),
    Check("5.7", "loop-driven", "drives an order that passes one node twice", passes_a_node_twice, ROAD),
    Check("9.6", "pause-driving", "stops for a pause on the way, and drives on after it", pauses_on_the_way, ROAD),
    Check(
        "8.1", "cancel-driving", "stops for a cancel on the way, and says finished only then", cancels_on_the_way, ROAD
    ),
    Check(
        "8.7",
        "order-between-nodes",
        "takes an order that begins where a cancel left it",
        takes_an_order_between_nodes,
        ROAD,
    ),
)
