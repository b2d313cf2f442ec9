"""VDA 5050 2.0.0 and 2.1.0 in our words and back."""

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
from fleet.wire.v2 import rules, rules_2_0
from fleet.wire.v2.factsheet import factsheet_shape, read_factsheet
from fleet.wire.v2.order import instant_actions_shape, order_shape, read_instant_actions, read_order
from fleet.wire.v2.state import (
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
_TOLD: ToldReaders = {"order": read_order, "instantActions": read_instant_actions}


class CodecV2(StandardCodec):
    """A version of 2.x. They read alike; 2.1.0 has corridors and maps, of which 2.0.0 has no words."""

    def __init__(self, version: str, rule_book: RuleBook, *, has_corridors: bool, has_maps: bool) -> None:
        super().__init__(
            version, topic_example="uagv", stitches_with_actions=False, rules=rule_book, said=_SAID, told=_TOLD
        )
        self._has_corridors = has_corridors
        self._has_maps = has_maps

    def shape(self, message: Inbound | Outbound, profile: Profile) -> Shape:
        match message:
            case VehicleState():
                return state_shape(message, has_maps=self._has_maps)
            case Order():
                return order_shape(message, has_corridors=self._has_corridors)
            case InstantActions():
                return instant_actions_shape(message, has_alias=profile.has_instant_actions_alias)
            case Connection():
                return connection_shape(message)
            case Visualization():
                return visualization_shape(message)
            case Factsheet():
                return factsheet_shape(message)
            case ZoneSet() | Responses():
                raise ValueError(f"{type(message).__name__} cannot be told in version {self.version}")
        assert_never(message)


_ORDER_RULES = (
    order_rules.edges_join_nodes,
    order_rules.sequence_counts_up,
    order_rules.base_is_a_prefix,
    order_rules.edges_name_their_ends,
    order_rules.actions_are_single,
)
CODEC_2_0_0 = CodecV2("2.0.0", RuleBook(rules_2_0.TOPICS, _ORDER_RULES), has_corridors=False, has_maps=False)
CODEC_2_1_0 = CodecV2("2.1.0", RuleBook(rules.TOPICS, _ORDER_RULES), has_corridors=True, has_maps=True)
