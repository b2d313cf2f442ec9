"""What a vehicle asks leave for is answered, always and at once, and every answer is a decision on record.

Nothing is granted that the vehicle was not let into anyway: a corridor along a released edge, for as long as a base may
last, and one that reaches beyond the lane only where nobody else has road, or may soon have. It is taken back as soon
as somebody needs the road, who is kept out until the vehicle shows that it has left the room (`fleet.dispatch.room`).
A way of its own is never granted, nor a zone: the zones that we tell of are closed roads. Nor is anybody told to queue:
no state of a vehicle could show that it has heard that.
"""

from __future__ import annotations

from fleet.dispatch.room import corridor_m, is_free_for_a_while, is_wide
from fleet.model import event as ev
from fleet.model.ids import VehicleId
from fleet.model.order import Order, OrderPhase
from fleet.model.twin import Answered, Twin
from fleet.orders.reach import RESPONSES
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.wire.messages import Grant, RequestStatus, Response, Responses, VehicleRequest, VehicleState

LEASE_S = 60.0
LOOK_S = 2.0
"""How often it is looked at whether somebody needs the road whose room was granted."""
REQUESTS_MAX = 16
"""Of one state; whoever asks for more at once is answered when it asks again."""
NAMES_CHARS_MAX = 1000
"""Of all names of one request; who asks in longer ones is not heard, for each answer stays in the journal."""
CORRIDOR = "CORRIDOR"
NEEDED = "another vehicle has road there, or may soon have"


def take_requests(draft: Draft, roads: SiteRoads, vehicle_id: VehicleId, state: VehicleState) -> None:
    """Answer what the vehicle asks for, and note which answers it has taken and what it has given back."""
    if not state.requests and not draft.state.twin(vehicle_id).answers:
        return
    shown = {request.request_id: request.status for request in state.requests}
    for answer in draft.state.twin(vehicle_id).answers:
        _take_status(draft, vehicle_id, answer, shown.get(answer.request_id))
    # An id that is asked under anew, after its answer was taken, is another request: some count from 1 at each start.
    answered = {answer.request_id for answer in draft.state.twin(vehicle_id).answers if answer.is_open}
    for request in state.requests[:REQUESTS_MAX]:
        is_asked = request.status is RequestStatus.REQUESTED and request.request_id not in answered
        if is_asked and _names_chars(request) <= NAMES_CHARS_MAX:
            _answer(draft, roads, draft.state.twin(vehicle_id), request)
            answered.add(request.request_id)


def _names_chars(request: VehicleRequest) -> int:
    return len(request.request_id) + len(request.request_type) + len(request.subject)


def see_to_leaves(draft: Draft, roads: SiteRoads, vehicle_id: VehicleId) -> None:
    """Take back room that somebody else needs by now."""
    twin, order = draft.state.twin(vehicle_id), draft.state.active_order(vehicle_id)
    for answer in twin.answers:
        if order is None or not answer.holds_room or answer.grant == Grant.REVOKED:
            continue
        if draft.now_s <= answer.answered_s:  # one turn has one answer, or nobody could tell which was the last
            draft.wake(vehicle_id, draft.now_s + LOOK_S)
            continue
        if all(piece.edge_id != answer.subject for piece in order.path[order.passed :]):
            continue  # it is behind it
        if is_free_for_a_while(draft.state, roads, order, answer.subject):
            draft.wake(vehicle_id, draft.now_s + LOOK_S)
        else:
            _take_back(draft, vehicle_id, answer)


def _take_status(draft: Draft, vehicle_id: VehicleId, answer: Answered, shown: RequestStatus | None) -> None:
    """What a state shows of a request that was answered.

    Room counts as used until the vehicle says otherwise: a lease that has run out by our clock may not have by its own.
    """
    waits = {RequestStatus.REQUESTED} | ({RequestStatus.GRANTED} if answer.grant == Grant.REVOKED else set())
    is_asked_anew = shown is RequestStatus.REQUESTED and not answer.is_open
    if answer.holds_room and (is_asked_anew or shown not in (RequestStatus.REQUESTED, RequestStatus.GRANTED)):
        draft.emit(ev.LeaveEnded(vehicle_id=vehicle_id, request_id=answer.request_id))
    if answer.is_open and shown not in waits:
        draft.emit(ev.AnswerTaken(vehicle_id=vehicle_id, request_id=answer.request_id))


def _answer(draft: Draft, roads: SiteRoads, twin: Twin, request: VehicleRequest) -> None:
    why = refusal_of(draft, roads, twin, request)
    grant = Grant.REJECTED if why else Grant.GRANTED
    decided = ev.RequestAnswered(
        vehicle_id=twin.vehicle.id,
        request_id=request.request_id,
        kind=request.request_type,
        subject=request.subject,
        grant=grant.value,
        until_s=None if why else draft.now_s + LEASE_S,
        why=why or "it lies in its base",
        takes_room=not why and is_wide(corridor_m(roads, twin)),
    )
    if _say(draft, decided) and decided.takes_room:
        draft.wake(twin.vehicle.id, draft.now_s + LOOK_S)


def _take_back(draft: Draft, vehicle_id: VehicleId, answer: Answered) -> None:
    decided = ev.RequestAnswered(
        vehicle_id=vehicle_id,
        request_id=answer.request_id,
        kind=CORRIDOR,
        subject=answer.subject,
        grant=Grant.REVOKED.value,
        until_s=None,
        why=NEEDED,
    )
    _say(draft, decided)


def _say(draft: Draft, decided: ev.RequestAnswered) -> bool:
    """Note the decision and tell it; False where the vehicle's version has no words for an answer."""
    vehicle_id, request_id = decided.vehicle_id, decided.request_id
    response = Response(request_id=request_id, grant=Grant(decided.grant), lease_until_s=decided.until_s)
    message = Responses(responses=(response,))
    if not draft.can_say(vehicle_id, message):
        return False
    draft.emit(decided)
    draft.send(vehicle_id, RESPONSES, request_id, 0, message)
    return True


def refusal_of(draft: Draft, roads: SiteRoads, twin: Twin, request: VehicleRequest) -> str:
    """Why the vehicle is not given what it asks for; empty where it is."""
    if request.request_type != CORRIDOR:
        return f"{request.request_type} is never given"
    order = draft.state.active_order(twin.vehicle.id)
    if order is None or order.phase is not OrderPhase.ACTIVE:
        return "it has no order of ours that holds"
    if not twin.can_take_orders:
        return "it may not be let on now"
    told_m = corridor_m(roads, twin)
    if not told_m:
        return "no corridor is configured for it, or none that holds it"
    if not _is_in_base(order, request.subject):
        return f"{request.subject} is not in its base"
    if is_wide(told_m) and not is_free_for_a_while(draft.state, roads, order, request.subject):
        return NEEDED
    return ""


def _is_in_base(order: Order, edge_id: str) -> bool:
    return any(piece.edge_id == edge_id for piece in order.path[order.passed : order.released])
