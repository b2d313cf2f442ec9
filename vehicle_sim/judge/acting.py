"""An action at the node where the vehicle stands, which its maker named because it does no harm."""

from __future__ import annotations

from msgspec.structs import replace

from fleet.wire.messages import ActionStatus, Order
from vehicle_sim.judge import expect
from vehicle_sim.judge.bench import Bench
from vehicle_sim.judge.check import Check, Need
from vehicle_sim.judge.moves import standing_order
from vehicle_sim.judge.verdict import given, not_offered, not_tried, wrong

ACTION_S_MAX = 600.0


def _order_with_action(bench: Bench) -> Order:
    action = bench.terms.node_action
    if action is None:
        raise not_tried("no action was named for it to do; --action names one")
    if bench.offers(action.action_type, "NODE") is False:
        raise not_offered(f"its factsheet does not list {action.action_type} for nodes")
    order = standing_order(bench)
    own = replace(action, action_id=bench.new_id())
    return replace(order, nodes=(replace(order.nodes[0], actions=(own,)),))


async def does_a_node_action(bench: Bench) -> None:
    order = _order_with_action(bench)
    action_id = order.nodes[0].actions[0].action_id
    since = await bench.tell(order)
    await expect.taken(bench, order, since)
    first = next(state for state in bench.states(since) if expect.shows(state, order))
    if not any(each.action_id == action_id for each in first.action_states):
        raise wrong("the state that shows the order does not list its action")
    end = await expect.done(bench, action_id, since, ACTION_S_MAX)
    if end.status is ActionStatus.FAILED and not bench.state.errors:
        raise wrong("its action fails with no error that says why")


async def does_not_repeat_an_action(bench: Bench) -> None:
    """The node that an update begins at comes again with its actions; they are not new ones."""
    order = _order_with_action(bench)
    action_id = order.nodes[0].actions[0].action_id
    with given():
        since = await bench.tell(order)
        end = await expect.done(bench, action_id, since, ACTION_S_MAX)
    update = replace(order, order_update_id=1)
    since = await bench.tell(update)
    await bench.until(lambda: any(expect.shows(state, update) for state in bench.states(since)))
    if not expect.shows(await expect.fresh_state(bench), update):
        raise not_tried("it takes no update of an order that is done, as it may")
    again = [status for status in expect.statuses(bench, action_id, since) if status is not end.status]
    if again:
        raise wrong(f"begins action {action_id} anew, which was {end.status}: it is {again[0]}")


ORDERS = frozenset({Need.ORDERS})
ACTING = (
    Check(
        "6.3",
        "stitched-action",
        "does not repeat the actions of a node at which an update begins",
        does_not_repeat_an_action,
        ORDERS,
    ),
    Check("12.1", "node-action", "lists the action of a node, and brings it to an end", does_a_node_action, ORDERS),
)
