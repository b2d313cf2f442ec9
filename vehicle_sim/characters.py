"""What vehicles of one make do otherwise than the standard asks, as a table of quirks.

Real vehicles differ, and each quirk here was seen in one or is allowed by a sentence that can be read in two ways;
the numbers are those of our protocol checklist. Each quirk is heeded at one place of the simulated vehicle, and every
character exists in every version of the standard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from fleet.errors import ConfigError
from fleet.model.vehicle import Vehicle
from fleet.wire.messages import ProtocolLimits

NODE_POSITION = "order.nodes.nodePosition"
NODE_DEVIATION = "order.nodes.nodePosition.allowedDeviationXY"
EDGE_SPEED = "order.edges.maxSpeed"
EDGE_LENGTH = "order.edges.length"
TRAJECTORY = "order.edges.trajectory"
CORRIDOR = "order.edges.corridor"
EVERYTHING = (CORRIDOR, EDGE_LENGTH, EDGE_SPEED, NODE_DEVIATION, NODE_POSITION, TRAJECTORY)
NO_LIMITS = ProtocolLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """How a make behaves. Without anything said it does all that the standard asks, to the letter.

    Attributes of its speech (heeded by `manners`):
        has_time_zone: time stamps end in Z (2.3).
        shares_counter: one header counter for all topics (2.5).
        repeats_number_every: so many messages after one another two bear the same header id; 0 for never (2.5).
        state_qos, connection_qos, retains_connection: how messages are handed to the broker (1.4).
        says_null: absent optional fields are there and null (2.8).
        says_more: fields and words that no version has (2.8).
        has_full_factsheet: all parts of the factsheet are filled (4.6).
        instant_key: under which key it looks for the list of instant actions (0.5).
    Of its memory and its states:
        repeats_online: it says ONLINE at each new connection, not only at its first (3.5).
        keeps_reached_node: the last node it reached stays in the list of nodes that are left (10.2).
        shows_over_states: so many states show an action that is over; 0 for as long as the order (9.2).
        confirms_again: an order that it holds already is answered with a state (6.5).
        repeats_stitch_actions: actions of a stitching node that is sent again are done again (6.3).
        forgets_after_orders: after so many orders it restarts on the way of the next one; 0 for never.
        restart_after_s, restart_s: how long after it took that order, and how long it is off.
    Of its strictness (heeded by `strictness`):
        takes_own_version_only: refuses messages that bear another version string than its own (0.4).
        limits: what it can take, as its factsheet says (4.2, 4.3).
        supports, requires: optional fields that it takes, and those among them that it must be given (4.4).
        takes_listed_only: refuses fields and actions that its factsheet does not list (4.4, 4.5).
    Of its obedience:
        heeds_released: it does not enter what is not released (5.12).
        cancels_at_once: a cancel makes it brake where it is, not at the next node (8.3).
        answers_cancel_after_s: it stands for so long before it says that a cancel is done (8.1).
    """

    name: str
    has_time_zone: bool = True
    shares_counter: bool = False
    repeats_number_every: int = 0
    state_qos: int = 0
    connection_qos: int = 1
    retains_connection: bool = True
    says_null: bool = False
    says_more: bool = False
    has_full_factsheet: bool = True
    instant_key: str = "actions"
    repeats_online: bool = True
    keeps_reached_node: bool = False
    shows_over_states: int = 0
    confirms_again: bool = True
    repeats_stitch_actions: bool = False
    forgets_after_orders: int = 0
    restart_after_s: float = 45.0
    restart_s: float = 40.0
    takes_own_version_only: bool = False
    limits: ProtocolLimits = NO_LIMITS
    supports: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    takes_listed_only: bool = False
    heeds_released: bool = True
    cancels_at_once: bool = True
    answers_cancel_after_s: float = 0.0

    @property
    def needs_people(self) -> bool:
        """It gets into troubles of its own accord that end only where people see to them."""
        return self.forgets_after_orders > 0 or self.shows_over_states > 0


EXACT = Character(name="exact", supports=EVERYTHING)
SLOPPY = Character(
    name="sloppy",
    has_time_zone=False,
    shares_counter=True,
    repeats_number_every=50,
    state_qos=1,
    connection_qos=0,
    retains_connection=False,
    says_null=True,
    says_more=True,
    has_full_factsheet=False,
    instant_key="instantActions",
    repeats_online=False,
    keeps_reached_node=True,
    shows_over_states=5,
    confirms_again=False,
    repeats_stitch_actions=True,
)
LOOSE = replace(SLOPPY, name="loose", shows_over_states=0)
FORGETFUL = Character(name="forgetful", supports=EVERYTHING, forgets_after_orders=3)
STRICT = Character(
    name="strict",
    takes_own_version_only=True,
    limits=ProtocolLimits(
        message_bytes_max=12_000,
        id_chars_max=10,
        ids_are_numbers=True,
        order_nodes_max=20,
        order_edges_max=19,
        node_actions_max=8,
        edge_actions_max=1,
        action_parameters_max=6,
        instant_actions_max=1,
        control_points_max=20,
        knots_max=22,
        order_interval_s_min=1.0,
    ),
    supports=(EDGE_LENGTH, EDGE_SPEED, TRAJECTORY),
    requires=(NODE_DEVIATION, NODE_POSITION),
    takes_listed_only=True,
)
STUBBORN = Character(name="stubborn", heeds_released=False, cancels_at_once=False, answers_cancel_after_s=45.0)

CHARACTERS: Mapping[str, Character] = MappingProxyType(
    {character.name: character for character in (EXACT, LOOSE, SLOPPY, FORGETFUL, STRICT, STUBBORN)}
)


def character_of(name: str) -> Character:
    """The character of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in CHARACTERS:
        raise ConfigError([f"character: found {name!r}, needs one of {', '.join(sorted(CHARACTERS))}"])
    return CHARACTERS[name]


def character_among(characters: Mapping[str, Character], vehicle: Vehicle) -> Character:
    """The character of a vehicle, where they are given by serial number or by make; else an exact one."""
    by_make = characters.get(vehicle.manufacturer, EXACT)
    return characters.get(vehicle.id, by_make)
