"""Orders that a vehicle takes without moving, and updates of them."""

from __future__ import annotations

from fleet.wire.messages import ErrorLevel, Order
from fleet.wire.refusal_words import Reason
from vehicle_sim.judge import expect
from vehicle_sim.judge.bench import Bench
from vehicle_sim.judge.check import Check, Need
from vehicle_sim.judge.moves import open_order, standing_order
from vehicle_sim.judge.verdict import JudgedError, given, not_tried, wrong

GRAVE = frozenset({ErrorLevel.CRITICAL, ErrorLevel.FATAL})


async def takes_an_order(bench: Bench) -> None:
    order = standing_order(bench)
    since = await bench.tell(order)
    await expect.taken(bench, order, since)


async def is_idle_when_done(bench: Bench) -> None:
    order = standing_order(bench)
    since = await bench.tell(order)
    await expect.taken(bench, order, since)
    if not await bench.until(bench.is_idle):
        left = len(bench.state.node_states), len(bench.state.edge_states), len(bench.open_actions())
        raise wrong("an order that is done stays open: {} nodes, {} edges, {} actions left".format(*left))
    if bench.state.order_id != order.order_id:
        raise wrong(f"forgets the order once it is done: order id {bench.state.order_id!r}")


async def ignores_a_repetition(bench: Bench) -> None:
    order, since = await open_order(bench)
    again = await bench.tell(order)
    state = await expect.fresh_state(bench)
    if not expect.shows(state, order):
        raise wrong(f"after the repetition it shows order {state.order_id!r} update {state.order_update_id}")
    before, after = bench.states(since)[0], state
    if [node.sequence_id for node in after.node_states] != [node.sequence_id for node in before.node_states]:
        raise wrong(f"lists {len(after.node_states)} nodes after the repetition, {len(before.node_states)} before")
    grave = [error for error in expect.new_errors(bench, again) if error.level in GRAVE]
    if grave:
        raise wrong(f"takes the repetition for a fault: {expect.told_errors(grave)}")


async def _updated_once(bench: Bench) -> tuple[Order, Order]:
    """An order and its update 1, which takes back the horizon if there is one."""
    order, _ = await open_order(bench)
    update = Order(order_id=order.order_id, order_update_id=1, nodes=order.nodes[:1], edges=())
    since = await bench.tell(update)
    try:
        await expect.taken(bench, update, since)
    except JudgedError as fault:
        if bench.course is None and expect.errors_about(bench, update, since):
            raise not_tried(
                "the vehicle takes no update of an order that is done, as it may; give it a course"
            ) from fault
        raise
    return order, update


async def takes_an_update(bench: Bench) -> None:
    await _updated_once(bench)
    if not await bench.until(bench.is_idle):
        raise wrong("the horizon was taken back, and is still listed")


async def refuses_an_older_update(bench: Bench) -> None:
    with given():
        order, update = await _updated_once(bench)
    await expect.refused(bench, order, await bench.tell(order), Reason.OUTDATED)
    state = await expect.fresh_state(bench)
    if not expect.shows(state, update):
        raise wrong(f"after the older update it shows order {state.order_id!r} update {state.order_update_id}")


async def refuses_a_wrong_stitch(bench: Bench) -> None:
    order, _ = await open_order(bench)
    first = type(order.nodes[0])(node_id=bench.new_id(), sequence_id=0, released=True, position=order.nodes[0].position)
    update = Order(order_id=order.order_id, order_update_id=1, nodes=(first,), edges=())
    await expect.refused(bench, update, await bench.tell(update), Reason.STITCH)
    state = await expect.fresh_state(bench)
    if not expect.shows(state, order):
        raise wrong(
            f"after the refusal it shows order {state.order_id!r} update {state.order_update_id}, not the old one"
        )


async def keeps_an_error_until_the_next_order(bench: Bench) -> None:
    bad = standing_order(bench)
    since = await bench.tell(bad, lambda message: message["nodes"][0].update(released=False))
    with given():
        error = await expect.refused(bench, bad, since, Reason.SHAPE)
    for _ in range(2):
        if error not in (await expect.fresh_state(bench)).errors:
            raise wrong(f"{error.error_type} is gone from the next state, before a new order came")
    good = standing_order(bench)
    await expect.taken(bench, good, await bench.tell(good))
    if error in (await expect.fresh_state(bench)).errors:
        raise wrong(f"{error.error_type} stays although a new order was taken")


ORDERS = frozenset({Need.ORDERS})
STANDING = (
    Check(
        "6.4", "order-taken", "takes an order for where it stands, and a state shows its ids", takes_an_order, ORDERS
    ),
    Check(
        "6.8",
        "order-done",
        "lists nothing any more of an order that is done, and keeps its id",
        is_idle_when_done,
        ORDERS,
    ),
    Check("6.5", "order-repeated", "ignores the repetition of an order it has", ignores_a_repetition, ORDERS),
    Check(
        "6.1",
        "update-taken",
        "takes an update with a higher number that begins at the end of its base",
        takes_an_update,
        ORDERS,
    ),
    Check(
        "7.r3",
        "update-outdated",
        "refuses an update with a lower number, and keeps the newer one",
        refuses_an_older_update,
        ORDERS,
    ),
    Check(
        "7.r4",
        "update-elsewhere",
        "refuses an update that does not begin at the end of its base; the order goes on",
        refuses_a_wrong_stitch,
        ORDERS,
    ),
    Check(
        "7.2",
        "error-kept",
        "shows a refusal in every state until it takes the next order",
        keeps_an_error_until_the_next_order,
        ORDERS,
    ),
)
