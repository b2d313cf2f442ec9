"""Room beside its lane that a vehicle asks leave for: asked, granted, used, given back, taken back or run out.

A simulated vehicle has no reason of its own to swerve. So it takes some pieces of road for narrow, by their names, and
asks there; half the time it gives the room back before the piece ends, and else keeps it to the end.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fleet.wire.messages import Grant, RequestStatus, Response, Responses, VehicleRequest
from vehicle_sim.held_order import Hop

if TYPE_CHECKING:
    from vehicle_sim.vehicle import SimVehicle

KIND = "CORRIDOR"
ASKS_IN = 3
"""It asks on one of so many pieces of road on which it might."""
USES_S = 8.0
REQUESTED, GRANTED = RequestStatus.REQUESTED, RequestStatus.GRANTED


@dataclass(frozen=True, slots=True)
class _Asked:
    order_id: str
    hop: Hop
    status: RequestStatus = REQUESTED


class Leaves:
    """What one vehicle has asked leave for; what it has passed, or holds no order for any more, is given back."""

    def __init__(self, owner: SimVehicle) -> None:
        self._owner = owner
        self._asked: dict[str, _Asked] = {}
        self._count = 0

    def entered(self, hop: Hop) -> None:
        """It enters a piece of road; where that is narrow, and leave is needed for the room beside it, it asks."""
        corridor, order = hop.edge.corridor, self._owner.order
        if corridor is None or not corridor.needs_leave or order is None:
            return
        if _draw(f"{self._owner.id}:{order.order_id}:{hop.edge.edge_id}") % ASKS_IN:
            return
        self._count += 1
        self._asked[f"q-{self._count}"] = _Asked(order.order_id, hop)
        self._owner.touched()

    def hear(self, told: Responses) -> None:
        for response in told.responses:
            asked = self._asked.get(response.request_id)
            if asked is not None:
                self._take(response, asked)

    def states(self) -> tuple[VehicleRequest, ...]:
        """What a state shows of it."""
        self._give_back_passed()
        return tuple(
            VehicleRequest(
                request_id=request_id,
                request_type=KIND,
                subject=asked.hop.edge.edge_id,
                sequence_id=asked.hop.edge.sequence_id,
                status=asked.status,
            )
            for request_id, asked in self._asked.items()
        )

    def used(self) -> list[Hop]:
        """Pieces of road beside whose lane it may be at this moment, with leave."""
        self._give_back_passed()
        return [asked.hop for asked in self._asked.values() if asked.status is GRANTED]

    def _take(self, response: Response, asked: _Asked) -> None:
        request_id, timers = response.request_id, self._owner.world.timers
        match response.grant:
            case Grant.GRANTED if asked.status is REQUESTED and response.lease_until_s is not None:
                self._asked[request_id] = replace(asked, status=GRANTED)
                timers.call_at(response.lease_until_s, lambda: self._ends(request_id, RequestStatus.EXPIRED))
                if _draw(f"{asked.order_id}:{request_id}") % 2:
                    timers.call_at(timers.now_s() + USES_S, lambda: self._ends(request_id, None))
            case Grant.REVOKED:
                self._asked[request_id] = replace(asked, status=RequestStatus.REVOKED)
            case Grant.REJECTED:
                del self._asked[request_id]
            case _:
                return
        self._owner.touched()

    def _ends(self, request_id: str, status: RequestStatus | None) -> None:
        """It is back in its lane: its lease has run out, or it gives the room back."""
        asked = self._asked.get(request_id)
        if asked is None or asked.status is not GRANTED:
            return
        if status is None:
            del self._asked[request_id]
        else:
            self._asked[request_id] = replace(asked, status=status)
        self._owner.touched()

    def _give_back_passed(self) -> None:
        order = self._owner.order
        left = {hop.edge.sequence_id for hop in order.hops} if order is not None else set()
        order_id = order.order_id if order is not None else ""
        self._asked = {
            request_id: asked
            for request_id, asked in self._asked.items()
            if asked.order_id == order_id and asked.hop.edge.sequence_id in left
        }


def _draw(text: str) -> int:
    """The same for the same text in every process."""
    return zlib.crc32(text.encode())
