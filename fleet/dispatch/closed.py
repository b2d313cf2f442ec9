"""Roads that people have closed under a vehicle that drives there."""

from __future__ import annotations

from fleet.dispatch.intent import Cancel
from fleet.model.assist import AssistCause
from fleet.model.ids import VehicleId
from fleet.model.order import Order, OrderPhase
from fleet.state.attention import raise_assist, vehicle_subject
from fleet.state.draft import Draft


def stop_for_closed(draft: Draft, vehicle_id: VehicleId) -> Cancel | None:
    """The end of an order whose base holds a road that people have closed; a person is called as well.

    The one decision that is made for every vehicle, whoever holds it and whatever is wrong with it.
    """
    order = draft.state.active_order(vehicle_id)
    if order is None or not (banned := _banned_ahead(draft, order)):
        return None
    call_for_closed(draft, vehicle_id, f"{banned} in its base was closed")
    return Cancel(order.id, f"{banned} was closed")


def _banned_ahead(draft: Draft, order: Order) -> str:
    """A road in the base that was closed by people since it was released; empty where there is none.

    This is looked at whether or not the vehicle may be told anything else: one that is held or silent drives on too.
    The road that the vehicle is on is none of them: there is no way but to drive on and leave it.
    """
    if not draft.state.closures or order.phase is OrderPhase.CANCELLING:
        return ""
    ahead = list(order.path[order.passed : order.released])
    here = _edge_under(draft, order)
    while ahead and ahead[0].edge == here:
        ahead.pop(0)
    return next((piece.edge_id for piece in ahead if draft.state.is_banned(piece.road_key)), "")


def _edge_under(draft: Draft, order: Order) -> int | None:
    """The road edge that the vehicle is on: it stands where it began, or is on its way from the last node.

    Whoever has driven all that it has shown to have stands there, though an update may be on its way to it.
    """
    place = draft.state.twin(order.vehicle_id).place
    if order.update_seen < 0 or order.passed >= order.accepted:
        return None if place is None else place.edge
    return order.path[order.passed].edge


def banned_under(draft: Draft, order: Order) -> str:
    """The road the vehicle is on and still has to leave, where people have closed it since."""
    if order.passed >= len(order.path):
        return ""
    piece = order.path[order.passed]
    is_on_it = piece.edge == _edge_under(draft, order)
    return piece.edge_id if is_on_it and draft.state.is_banned(piece.road_key) else ""


def call_for_closed(draft: Draft, vehicle_id: VehicleId, detail: str) -> None:
    raise_assist(draft, AssistCause.ROAD_CLOSED, vehicle_subject(vehicle_id), detail)
