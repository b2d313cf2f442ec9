"""The lines that traffic is judged by, each with its number in docs/vda5050.md.

A remark is something that the standard allows, or that may have a reason which nobody on the broker can see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that is wrong, in words for whoever does it. `number` may be a whole section."""

    name: str
    number: str
    words: str
    is_remark: bool = False


class Fault(NamedTuple):
    """A line that a message breaks: at which place of it, and how."""

    name: str
    detail: str
    place: str = ""


def _lines(*lines: Line) -> Mapping[str, Line]:
    return MappingProxyType({line.name: line for line in lines})


def _fault(name: str, number: str, words: str) -> Line:
    return Line(name=name, number=number, words=words)


def _remark(name: str, number: str, words: str) -> Line:
    return Line(name=name, number=number, words=words, is_remark=True)


LINES = _lines(
    # versions
    _fault("version_unknown", "0.6", "A version is spoken that has no rules here; nothing of it can be judged."),
    _fault("major_of_topic", "0.2", "The topic names another major than the message."),
    _fault("majors_mixed", "0.1", "One vehicle's traffic mixes two majors."),
    _fault("version_of_answer", "0.4", "What is sent to a vehicle has another version text than what comes from it."),
    # transport
    _fault("topic_signs", "1.1", "A level of the topic holds signs that serial numbers do not have."),
    _remark("topic_unknown", "1.1", "The standard has no topic of this name."),
    _fault("qos", "1.2", "The quality of service is another than this topic's."),
    _fault("retained", "1.3", "The broker keeps what nobody may find there later."),
    _fault("not_retained", "1.3", "The broker does not keep what those who come later need."),
    # header
    _fault("counter_fell", "2.1", "The number of a message went back, and the vehicle did not say that it is new."),
    _fault("counter_skips", "2.1", "Most numbers are left out: the topic seems to have no counter of its own."),
    _fault("counter_repeats", "2.5", "Two messages of a topic have one number and say different things."),
    _fault("clock_back", "2.5", "A later message has an earlier time than the one before."),
    _remark("clock_off", "2.7", "The sender's clock is far from the listener's."),
    _fault("other_vehicle", "2.4", "The message names another vehicle than its topic."),
    # connection and liveness
    _fault("connection_unheard", "3.1", "A vehicle tells its state, but never that it is connected."),
    _fault("not_online", "3.5", "A vehicle that is said to be gone speaks, without saying that it is back."),
    _fault("silent", "3.6", "No state came for longer than 30 s."),
    # what the vehicle says of itself
    _fault("too_long", "4.2", "A message is longer, or has more parts, than the vehicle says it takes."),
    _fault("too_often", "4.3", "Orders follow each other sooner than the vehicle asks."),
    _fault("action_not_offered", "4.5", "The vehicle does not name this action for this place."),
    # orders
    _fault("order", "5", "The parts of an order do not fit together."),
    _fault("first_update", "5.4", "A new order does not begin with update 0."),
    _fault("order_id_again", "5.4", "The id of an order that is over is used for another one."),
    _fault("action_id_again", "5.6", "An action has the id of another one."),
    _remark("same_place", "5.8", "Two nodes in a row stand in the same place."),
    _fault("map", "5.13", "The base leads over a map that the vehicle has not enabled."),
    _fault("beyond_base", "5.12", "A vehicle drove on where nothing was released to it."),
    _fault("update_back", "6.1", "An update has a lower number than the one before."),
    _remark("update_skips", "6.1", "The number of an update goes up by more than one; some may have been refused."),
    _fault("stitch", "6.2", "An update does not begin with the last released node of the base."),
    _fault("base_changed", "6.2", "An update alters what was released before."),
    _fault("update_again", "2.2", "One update was sent with two contents."),
    _remark("order_unseen", "6.4", "No state ever showed this order or update."),
    _remark("update_unseen", "6.6", "The next update was sent before the last one was shown."),
    _fault("busy", "6.8", "A new order was sent before the vehicle was done with the old one."),
    _fault("update_after_cancel", "6.10", "An order was updated after its cancel."),
    # actions
    _fault("action_after_end", "9.1", "An action that had ended has another status afterwards."),
    _fault("action_back", "9.1", "An action went back to a status before the one it had."),
    _fault("instant_blocks", "9.4", "An instant action wants to block."),
    _fault("instant_handling", "12.4", "Parcels are handled at once instead of at a stop."),
    # states
    _fault("progress_back", "10.1", "The progress of an order went back."),
    _fault("left_grew", "10.1", "There is more left of an order than before, without an update."),
    _fault("other_nodes", "10.1", "A state lists other nodes or edges than the order has."),
    _fault("state_sequence", "5.2", "The numbers of nodes or edges in a state are not in order."),
    _remark("reached_listed", "10.2", "A node that was reached still stands among those that are left."),
    _fault("foreign_order", "10.8", "A vehicle began an order that nobody sent it."),
    _fault("mode", "11.1", "A vehicle was told something in a mode in which it takes nothing."),
    # fields, by topic
    _fault("connection_fields", "3", "A field of the connection breaks the standard."),
    _fault("state_fields", "10", "A field of the state breaks the standard."),
    _fault("visualization_fields", "10.14", "A field of the visualization breaks the standard."),
    _fault("factsheet_fields", "4", "A field of the factsheet breaks the standard."),
    _fault("order_fields", "5", "A field of the order breaks the standard."),
    _fault("instantActions_fields", "9", "A field of the instant actions breaks the standard."),
    _fault("zoneSet_fields", "13.12", "A field of the zone set breaks the standard."),
    _fault("responses_fields", "0", "A field of the responses breaks the standard."),
    _fault("json", "1.8", "A message is no JSON object."),
    _fault("schema", "1.8", "The official schema refuses a message."),
    _remark("schema_slip", "1.8", "The official schema refuses what the text of the standard allows."),
    _remark("vehicle_unheard", "3.1", "A vehicle of the site was not heard at all."),
)
