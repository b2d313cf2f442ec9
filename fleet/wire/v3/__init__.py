"""VDA 5050 3.0.0 in our words and back."""

from __future__ import annotations

from typing import assert_never

from fleet.model.profile import Profile
from fleet.wire import order_rules
from fleet.wire.messages import (
    Connection,
    Factsheet,
    Inbound,
    InstantActions,
    Order,
    Outbound,
    Responses,
    VehicleState,
    Visualization,
    ZoneSet,
)
from fleet.wire.rulebook import RuleBook
from fleet.wire.shapes import Shape
from fleet.wire.standard import SaidReaders, StandardCodec, ToldReaders
from fleet.wire.v3 import rules
from fleet.wire.v3.factsheet import factsheet_shape, read_factsheet
from fleet.wire.v3.order import (
    instant_actions_shape,
    order_shape,
    read_instant_actions,
    read_order,
    read_responses,
    read_zone_set,
    responses_shape,
    zone_set_shape,
)
from fleet.wire.v3.state import (
    connection_shape,
    read_connection,
    read_state,
    read_visualization,
    state_shape,
    visualization_shape,
)

_SAID: SaidReaders = {
    "connection": read_connection,
    "state": read_state,
    "visualization": read_visualization,
    "factsheet": read_factsheet,
}
_TOLD: ToldReaders = {
    "order": read_order,
    "instantActions": read_instant_actions,
    "zoneSet": read_zone_set,
    "responses": read_responses,
}


class CodecV3(StandardCodec):
    def __init__(self, version: str, rule_book: RuleBook) -> None:
        super().__init__(
            version, topic_example="vda5050", stitches_with_actions=True, rules=rule_book, said=_SAID, told=_TOLD
        )

    def shape(self, message: Inbound | Outbound, profile: Profile) -> Shape:
        match message:
            case VehicleState():
                return state_shape(message)
            case Order():
                return order_shape(message)
            case InstantActions():
                return instant_actions_shape(message, has_alias=profile.has_instant_actions_alias)
            case Connection():
                return connection_shape(message)
            case Visualization():
                return visualization_shape(message)
            case Factsheet():
                return factsheet_shape(message)
            case ZoneSet():
                return zone_set_shape(message)
            case Responses():
                return responses_shape(message)
        assert_never(message)


_ORDER_RULES = (
    order_rules.edges_join_nodes,
    order_rules.sequence_counts_up,
    order_rules.base_is_a_prefix,
    order_rules.actions_are_single,
)
CODEC_3_0_0 = CodecV3("3.0.0", RuleBook(rules.TOPICS, _ORDER_RULES))
