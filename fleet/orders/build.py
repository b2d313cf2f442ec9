"""Orders and instant actions become the messages a vehicle is sent."""

from __future__ import annotations

from fleet.model.ids import ActionId, OrderId
from fleet.model.order import ActionKind, Order, OrderPurpose, PathNode, StopAction
from fleet.wire import messages as wire

DEVIATION_M = 5.0


def order_message(order: Order, map_id: str) -> wire.Order:
    """The order as it is first sent: base and horizon from its first node on."""
    return _message(order, 0, map_id)


def update_message(before: Order, after: Order, map_id: str) -> wire.Order:
    """An update: stitched at the last released node of the base that the vehicle holds.

    The stitching node carries no actions: stop actions stand at the end of an order only, and no update ever starts
    there (section 6.3a of our protocol checklist).
    """
    return _message(after, before.released, map_id)


def _message(order: Order, first: int, map_id: str) -> wire.Order:
    last = order.announced
    nodes = [_node(order, index, map_id) for index in range(first, last + 1)]
    edges = [
        wire.OrderEdge(
            edge_id=order.path[index].edge_id,
            sequence_id=2 * index + 1,
            released=index < order.released,
            start_node_id=_path_node(order, index).node_id,
            end_node_id=order.path[index].end.node_id,
            length_m=round(order.path[index].length_m, 2),
            speed_mps_max=round(order.path[index].speed_mps, 2),
        )
        for index in range(first, last)
    ]
    return wire.Order(order_id=order.id, order_update_id=order.update_id, nodes=tuple(nodes), edges=tuple(edges))


def _path_node(order: Order, index: int) -> PathNode:
    return order.start if index == 0 else order.path[index - 1].end


def _node(order: Order, index: int, map_id: str) -> wire.OrderNode:
    node = _path_node(order, index)
    is_goal = index == len(order.path)
    return wire.OrderNode(
        node_id=node.node_id,
        sequence_id=2 * index,
        released=index <= order.released,
        position=wire.NodePosition(x_m=node.x_m, y_m=node.y_m, map_id=map_id, deviation_m=DEVIATION_M),
        actions=tuple(_action(order, action) for action in order.actions) if is_goal else (),
    )


def _action(order: Order, action: StopAction) -> wire.Action:
    """A parcel action: nobody drives while parcels change hands, hence HARD."""
    kind, _, name = order.last_node_id.partition(":")
    station_type = "station" if kind == "station" else "pickup_point"
    return wire.Action(
        action_id=action.action_id,
        action_type=action.kind.value,
        blocking_type=wire.BlockingType.HARD,
        parameters=(
            wire.ActionParameter(key="stationType", value=station_type),
            wire.ActionParameter(key="stationName", value=name),
            wire.ActionParameter(key="loadType", value="lot"),
            wire.ActionParameter(key="loadId", value=action.run_id),
            wire.ActionParameter(key="parcels", value=action.parcel_count),
        ),
    )


def instant_message(kind: ActionKind, action_id: ActionId, order_id: OrderId | None) -> wire.InstantActions:
    """One instant action.

    A cancel names its order, so that a late one cannot hit the next order where the vehicle heeds that; the standard
    does not oblige one of version 2 to. Hence nothing new is told to a vehicle whose cancel is not answered yet.
    """
    parameters = () if order_id is None else (wire.ActionParameter(key="orderId", value=order_id),)
    action = wire.Action(
        action_id=action_id,
        action_type=kind.value,
        blocking_type=wire.BlockingType.NONE,
        parameters=parameters,
    )
    return wire.InstantActions(actions=(action,))


__all__ = ["OrderPurpose", "instant_message", "order_message", "update_message"]
