"""The headers of what we send: one count for each vehicle and topic, and which order each of the last ones carried.

A vehicle that cannot read an order refuses it by all that it could read, which may be no more than the header's number.
Headers are set at the moment of sending and stand in no journal, so it is put into the order's own words here, before
anybody decides by it; after a restart of ours such a refusal is matched by time, as one that names nothing.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from fleet.model.ids import VehicleId
from fleet.orders.outlet import OutboxRow
from fleet.wire.messages import ErrorReference, VehicleError, VehicleState

EPOCH_STEP = 2**20
REMEMBERED = 16
"""Of each topic; an order is said again every 10 s, and another one follows only when it was shown."""
ORDER_TOPIC = "order"


@dataclass(frozen=True, slots=True)
class _Sent:
    header_id: int
    order_id: str
    update_id: int


class SentHeaders:
    """Numbers go on growing over restarts, by the epoch, and begin again after 32 bits."""

    def __init__(self) -> None:
        self._last_ids: defaultdict[VehicleId, dict[str, int]] = defaultdict(dict)
        self._orders: defaultdict[VehicleId, deque[_Sent]] = defaultdict(lambda: deque(maxlen=REMEMBERED))

    def next_id(self, row: OutboxRow, epoch: int) -> int:
        """The number under which this row may go out now; the same again until one has gone."""
        last_id = self._last_ids[row.vehicle_id].get(row.topic, epoch * EPOCH_STEP)
        return (last_id + 1) % 2**32

    def sent(self, row: OutboxRow, header_id: int) -> None:
        self._last_ids[row.vehicle_id][row.topic] = header_id
        if row.topic == ORDER_TOPIC:
            self._orders[row.vehicle_id].append(_Sent(header_id, row.ref, row.update_id))

    def explained(self, vehicle_id: VehicleId, state: VehicleState) -> VehicleState:
        """The state, in which errors that name one of our headers also name the order and update that it was."""
        errors = tuple(self._explained(vehicle_id, error) for error in state.errors)
        return state if errors == state.errors else replace(state, errors=errors)

    def _explained(self, vehicle_id: VehicleId, error: VehicleError) -> VehicleError:
        named = {reference.key: reference.value for reference in error.references}
        sent = None if "orderId" in named else self._order_under(vehicle_id, named)
        if sent is None:
            return error
        order = ErrorReference(key="orderId", value=sent.order_id)
        update = ErrorReference(key="orderUpdateId", value=str(sent.update_id))
        return replace(error, references=(*error.references, order, update))

    def _order_under(self, vehicle_id: VehicleId, named: Mapping[str, str]) -> _Sent | None:
        """The order that went out under a number, where the vehicle says so or it can have been nothing else."""
        number, topic = named.get("headerId", ""), named.get("topic", "").rpartition("/")[2].lower()
        if topic not in ("", ORDER_TOPIC):
            return None
        sent = next((each for each in self._orders[vehicle_id] if str(each.header_id) == number), None)
        if sent is None or topic:
            return sent
        others = (last_id for name, last_id in self._last_ids[vehicle_id].items() if name != ORDER_TOPIC)
        return None if any(0 <= last_id - sent.header_id < REMEMBERED for last_id in others) else sent
