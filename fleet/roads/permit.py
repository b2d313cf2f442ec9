"""Who may drive where.

Every question is answered twice, by code that shares nothing: as arrays over the whole graph, for routing (this
file), and one edge, turn or route at a time with the reason in words, for people, for tests and for the check before
a release (`fleet.roads.refuse`). Neither may be changed to call the other.

Tags are read cautiously: a value nobody listed forbids. A vehicle may drive where `motor_vehicle`, else `vehicle`,
else `access` lets it; `destination`, `delivery` and `customers` roads may be used to get to a place on them, and are
no short cut unless it saves more than `fleet.roads.route.ENTRY_S`. A ban that holds at some hours counts as a ban,
one that looks only at weight or size does not: it is meant for lorries.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleet.model.vehicle import VehicleType
from fleet.roads.graph import Bools, RoadGraph, TextColumn


@dataclass(frozen=True, slots=True)
class RoadProfile:
    """What decides where a kind of vehicle may drive, and how fast.

    Attributes:
        road_classes: OSM highway values.
        speed_mps_max: its own top speed; > 0.
    """

    road_classes: frozenset[str]
    speed_mps_max: float

    def __post_init__(self) -> None:
        if not self.speed_mps_max > 0:
            raise ValueError(f"a vehicle's top speed must be above 0 m/s, not {self.speed_mps_max}")

    @classmethod
    def of(cls, vehicle_type: VehicleType) -> RoadProfile:
        return cls(vehicle_type.road_classes, vehicle_type.speed_mps_max)


_OPEN = frozenset({"yes", "permissive", "designated", "official", "public", "discouraged"})
_ON_BUSINESS = frozenset({"destination", "delivery", "customers"})
_LETS_PASS = frozenset(
    {"", "cattle_grid", "border_control", "toll_booth", "entrance", "height_restrictor", "kerb", "no"}
)
_UNTAGGED, _FORBIDS, _BUSINESS, _OPENS = -1, 0, 1, 2
_CONDITION = re.compile(r"(\w+)\s*@\s*(\([^)]*\)|[^;|]*)")
_SIZE = re.compile("weight|length|height|width|axle")


def allowed_mask(graph: RoadGraph, profile: RoadProfile, closed: AbstractSet[int] = frozenset()) -> Bools:
    """Edges that the profile may drive on while the edges `closed` are closed: (n_edges,)."""
    mask = graph.edge_class.among(profile.road_classes)
    mask &= _access(graph) != _FORBIDS
    mask &= ~_where(graph.edge_conditional, _bans_at_times)
    mask[np.fromiter(closed, np.int64, len(closed))] = False
    return mask


def on_business_mask(graph: RoadGraph) -> Bools:
    """Edges that may be used only to get to a place on them: (n_edges,)."""
    on_business: Bools = _access(graph) == _BUSINESS
    return on_business


def passable_mask(graph: RoadGraph) -> Bools:
    """Nodes that can be driven through: (n_nodes,); a closed barrier makes two dead ends of a street."""
    tagged = _where(graph.node_access, lambda text: _verdict(text.partition("=")[2]) > _FORBIDS)
    return tagged | (graph.node_access.among({""}) & graph.node_barrier.among(_LETS_PASS))


def turn_round_mask(graph: RoadGraph, allowed: Bools) -> Bools:
    """Directed edges at whose end a vehicle may turn round, (n_edges,): dead ends, where only the way back is left.

    Exits count when they are `allowed`, whether or not the turn into them is. Behind a closed barrier there are none.
    """
    exits = np.bincount(graph.edge_from[allowed], minlength=graph.node_count)
    last_exit: Bools = (exits[graph.edge_to] == 1) | ~passable_mask(graph)[graph.edge_to]
    return last_exit & (graph.edge_reverse >= 0) & allowed[graph.edge_reverse]


def _access(graph: RoadGraph) -> NDArray[np.int8]:
    """What the access tags say, the most specific first: (n_edges,) of the four verdicts, untagged taken as open."""
    verdict = np.full(graph.edge_count, _OPENS, np.int8)
    for column in (graph.edge_access, graph.edge_vehicle, graph.edge_motor_vehicle):
        says = np.array([_verdict(value) for value in column.values], np.int8)[column.codes]
        verdict = np.where(says == _UNTAGGED, verdict, says)
    return verdict


def _verdict(value: str) -> int:
    if not value:
        return _UNTAGGED
    tokens = {token.strip() for token in value.split(";")}
    if not tokens <= _OPEN | _ON_BUSINESS:
        return _FORBIDS
    return _BUSINESS if tokens & _ON_BUSINESS else _OPENS


def _bans_at_times(text: str) -> bool:
    return any(
        _verdict(value) == _FORBIDS and not _SIZE.search(condition) for value, condition in _CONDITION.findall(text)
    )


def _where(column: TextColumn, claim: Callable[[str], bool]) -> Bools:
    return np.array([claim(value) for value in column.values], np.bool_)[column.codes]
