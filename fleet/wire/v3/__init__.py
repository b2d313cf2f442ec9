"""VDA 5050 3.0.0 in our words and back."""

from __future__ import annotations

from functools import partial

from fleet.wire.messages import (
    Connection,
    Factsheet,
    InstantActions,
    Order,
    Responses,
    VehicleState,
    Visualization,
    ZoneSet,
)
from fleet.wire.order_rules import ALWAYS
from fleet.wire.rulebook import RuleBook
from fleet.wire.standard.actions import instant_actions_shape, read_instant_actions
from fleet.wire.standard.codec import StandardCodec
from fleet.wire.standard.state import connection_shape, read_connection
from fleet.wire.v3 import rules, words
from fleet.wire.v3.factsheet import factsheet_shape, read_factsheet
from fleet.wire.v3.order import order_shape, read_order
from fleet.wire.v3.state import read_state, read_visualization, state_shape, visualization_shape
from fleet.wire.v3.zones import read_responses, read_zone_set, responses_shape, zone_set_shape

CODEC_3_0_0 = StandardCodec(
    "3.0.0",
    topic_example="vda5050",
    stitches_with_actions=True,
    rules=RuleBook(rules.TOPICS, ALWAYS),
    said={
        "connection": partial(read_connection, words=words.CONNECTION_READ),
        "state": read_state,
        "visualization": read_visualization,
        "factsheet": read_factsheet,
    },
    told={
        "order": read_order,
        "instantActions": partial(read_instant_actions, blocking=words.BLOCKING_READ),
        "zoneSet": read_zone_set,
        "responses": read_responses,
    },
    writers={
        Connection: partial(connection_shape, words=words.CONNECTION_WRITE),
        VehicleState: state_shape,
        Visualization: visualization_shape,
        Factsheet: factsheet_shape,
        Order: order_shape,
        InstantActions: partial(instant_actions_shape, blocking=words.BLOCKING_AT_ONCE),
        ZoneSet: zone_set_shape,
        Responses: responses_shape,
    },
)
