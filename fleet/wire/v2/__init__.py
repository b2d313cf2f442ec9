"""VDA 5050 2.1.0 in our words and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

from fleet.wire.messages import (
    Connection,
    Factsheet,
    Header,
    Inbound,
    InstantActions,
    Order,
    Outbound,
    Responses,
    VehicleState,
    Visualization,
    ZoneSet,
)
from fleet.wire.v2.factsheet import factsheet_shape, read_factsheet
from fleet.wire.v2.order import instant_actions_shape, order_shape, read_instant_actions, read_order
from fleet.wire.v2.shapes import Shape
from fleet.wire.v2.state import (
    connection_shape,
    read_connection,
    read_state,
    read_visualization,
    state_shape,
    visualization_shape,
)

_READERS: Mapping[str, Callable[[Header, bytes], Inbound]] = {
    "connection": read_connection,
    "state": read_state,
    "visualization": read_visualization,
    "factsheet": read_factsheet,
}


class CodecV2:
    """The codec of 2.1.0; it also reads 2.0.x, whose inbound messages are a subset."""

    def read(self, name: str, header: Header, payload: bytes) -> Inbound:
        reader = _READERS.get(name)
        if reader is None:
            raise ValueError(f"a vehicle says nothing on topic {name!r}")
        return reader(header, payload)

    def read_order(self, payload: bytes) -> Order:
        return read_order(payload)

    def read_instant_actions(self, payload: bytes) -> InstantActions:
        return read_instant_actions(payload)

    def shape(self, message: Inbound | Outbound) -> Shape:
        match message:
            case VehicleState():
                return state_shape(message)
            case Order():
                return order_shape(message)
            case InstantActions():
                return instant_actions_shape(message)
            case Connection():
                return connection_shape(message)
            case Visualization():
                return visualization_shape(message)
            case Factsheet():
                return factsheet_shape(message)
            case ZoneSet() | Responses():
                raise ValueError(f"{type(message).__name__} is not told in version 2")
        assert_never(message)
