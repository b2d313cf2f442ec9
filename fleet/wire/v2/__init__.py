"""VDA 5050 2.0.0 and 2.1.0 in our words and back. They read alike; 2.1.0 has corridors and maps."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from fleet.wire.kinds import Kind
from fleet.wire.messages import Connection, Factsheet, InstantActions, Order, VehicleState, Visualization
from fleet.wire.order_rules import ALWAYS, edges_name_their_ends
from fleet.wire.rulebook import RuleBook
from fleet.wire.standard.actions import instant_actions_shape, read_instant_actions
from fleet.wire.standard.codec import SaidReaders, StandardCodec, ToldReaders, Writers
from fleet.wire.standard.state import connection_shape, read_connection
from fleet.wire.v2 import rules, rules_2_0, words
from fleet.wire.v2.factsheet import factsheet_fields, read_factsheet
from fleet.wire.v2.order import order_shape, order_shape_2_0, read_order
from fleet.wire.v2.state import read_state, read_visualization, state_shape, state_shape_2_0, visualization_shape

_SAID: SaidReaders = {
    "connection": partial(read_connection, words=words.CONNECTION_READ),
    "state": read_state,
    "visualization": read_visualization,
    "factsheet": read_factsheet,
}
_TOLD: ToldReaders = {
    "order": read_order,
    "instantActions": partial(read_instant_actions, blocking=words.BLOCKING_READ),
}
_WRITERS: Writers = {
    Connection: partial(connection_shape, words=words.CONNECTION_WRITE),
    VehicleState: state_shape,
    Visualization: visualization_shape,
    Factsheet: factsheet_fields,
    Order: order_shape,
    InstantActions: partial(instant_actions_shape, blocking=words.BLOCKING_WRITE),
}
_WRITERS_2_0: Writers = {**_WRITERS, VehicleState: state_shape_2_0, Order: order_shape_2_0}


def _codec(version: str, fields: Mapping[str, Kind], writers: Writers) -> StandardCodec:
    return StandardCodec(
        version,
        topic_example="uagv",
        stitches_with_actions=False,
        rules=RuleBook(fields, (*ALWAYS, edges_name_their_ends)),
        said=_SAID,
        told=_TOLD,
        writers=writers,
    )


CODEC_2_0_0 = _codec("2.0.0", rules_2_0.TOPICS, _WRITERS_2_0)
CODEC_2_1_0 = _codec("2.1.0", rules.TOPICS, _WRITERS)
