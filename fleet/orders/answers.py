"""What a vehicle asks leave for is answered, always and at once, and every answer is a decision on record.

Nothing is granted that the vehicle was not let into anyway: a corridor along a released edge, for as long as a base may
last. A way of its own is never granted, nor a zone: the zones that we tell of are closed roads.
"""

from __future__ import annotations

from fleet.model import event as ev
from fleet.model.ids import VehicleId
from fleet.model.order import Order, OrderPhase
from fleet.model.twin import Twin
from fleet.orders.reach import RESPONSES
from fleet.state.draft import Draft
from fleet.telemetry.profiles import profile
from fleet.wire.messages import Grant, RequestStatus, Response, Responses, VehicleRequest, VehicleState

LEASE_S = 60.0
REQUESTS_MAX = 16
"""Of one state; whoever asks for more at once is answered when it asks again."""
CORRIDOR = "CORRIDOR"


def take_requests(draft: Draft, vehicle_id: VehicleId, state: VehicleState) -> None:
    """Answer what the vehicle asks for, and note which answers it has taken."""
    twin = draft.state.twin(vehicle_id)
    if not state.requests and not twin.answers:
        return
    waiting = {request.request_id for request in state.requests if request.status is RequestStatus.REQUESTED}
    for answer in twin.answers:
        if answer.is_open and answer.request_id not in waiting:
            draft.emit(ev.AnswerTaken(vehicle_id=vehicle_id, request_id=answer.request_id))
    # An id that is asked under anew, after its answer was taken, is another request: some count from 1 at each start.
    answered = {answer.request_id for answer in draft.state.twin(vehicle_id).answers if answer.is_open}
    for request in state.requests[:REQUESTS_MAX]:
        if request.status is RequestStatus.REQUESTED and request.request_id not in answered:
            _answer(draft, twin, request)
            answered.add(request.request_id)


def _answer(draft: Draft, twin: Twin, request: VehicleRequest) -> None:
    why = refusal_of(twin, draft.state.active_order(twin.vehicle.id), request)
    grant = Grant.REJECTED if why else Grant.GRANTED
    until_s = None if why else draft.now_s + LEASE_S
    response = Response(request_id=request.request_id, grant=grant, lease_until_s=until_s)
    message = Responses(responses=(response,))
    if not draft.can_say(twin.vehicle.id, message):
        return
    draft.emit(
        ev.RequestAnswered(
            vehicle_id=twin.vehicle.id,
            request_id=request.request_id,
            kind=request.request_type,
            subject=request.subject,
            grant=grant.value,
            until_s=until_s,
            why=why or "it lies in its base",
        )
    )
    draft.send(twin.vehicle.id, RESPONSES, request.request_id, 0, message)


def refusal_of(twin: Twin, order: Order | None, request: VehicleRequest) -> str:
    """Why the vehicle is not given what it asks for; empty where it is."""
    if request.request_type != CORRIDOR:
        return f"{request.request_type} is never given"
    if order is None or order.phase is not OrderPhase.ACTIVE:
        return "it has no order of ours that holds"
    if not twin.can_take_orders:
        return "it may not be let on now"
    if not profile(twin).corridor_m:
        return "no corridor is configured for it"
    in_base = {piece.edge_id for piece in order.path[order.passed : order.released]}
    return "" if request.subject in in_base else f"{request.subject} is not in its base"
