"""Whether the places of a site can be served on a map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from fleet.roads.graph import RoadGraph
from fleet.roads.permit import RoadProfile
from fleet.roads.route import Router
from fleet.roads.snap import SNAP_LIMIT_M, NotReachable, Snap, Snapper

FAR_M = 60.0
"""From here on people carry parcels a long way from the kerb."""


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A station or point to be checked; `name` as in the site file."""

    name: str
    lat: float
    lon: float


class FindingKind(StrEnum):
    """What is wrong with a place, or with all of them."""

    NOT_SERVED = "not_served"
    FAR = "far"
    NEARER_ROAD = "nearer_road"
    DEAD_END = "dead_end"
    SAME_KERB = "same_kerb"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a person should know about a place.

    Attributes:
        serious: no vehicle of the profile can serve the place.
        profile: name of the profile it was found for.
        text: a sentence with the remedy or the reason.
    """

    kind: FindingKind
    serious: bool
    place: str
    profile: str
    text: str


def check_places(
    graph: RoadGraph,
    profiles: Mapping[str, RoadProfile],
    places: Sequence[NamedPlace],
    *,
    limit_m: float = SNAP_LIMIT_M,
    left_hand_traffic: bool = False,
) -> list[Finding]:
    """What is wrong with the places for each profile; serious findings first, then as given.

    Args:
        graph: the map.
        profiles: by name; each is checked for itself.
        places: stations and points.
        limit_m: how far a place may lie from its road.
        left_hand_traffic: of the site.
    """
    found: list[Finding] = []
    for name, profile in profiles.items():
        router = Router(graph, profile)
        snapper = Snapper(router, left_hand_traffic=left_hand_traffic)
        snaps = [snapper.snap(place.lat, place.lon, limit_m=limit_m) for place in places]
        for place, snap in zip(places, snaps, strict=True):
            found += [Finding(kind, serious, place.name, name, text) for kind, serious, text in _judge(router, snap)]
        found += _same_kerb(places, snaps, name)
    return sorted(found, key=lambda finding: not finding.serious)


def _judge(router: Router, snap: Snap | NotReachable) -> Iterator[tuple[FindingKind, bool, str]]:
    if isinstance(snap, NotReachable):
        yield FindingKind.NOT_SERVED, True, snap.reason
        return
    road = router.graph.describe(snap.place.edge)
    if snap.distance_m > FAR_M:
        yield FindingKind.FAR, False, f"the vehicle stops {snap.distance_m:.0f} m away on {road}"
    if snap.passed_over:
        yield FindingKind.NEARER_ROAD, False, f"served from {road}; a nearer road is not used: {snap.passed_over}"
    if _is_dead_end(router, snap.place.edge):
        yield FindingKind.DEAD_END, False, f"{road} is a dead end: the vehicle turns round there"


def _is_dead_end(router: Router, edge: int) -> bool:
    """Whether the only way on from the edge is back."""
    exits = router.graph.exits(int(router.graph.edge_to[edge]))
    onward = exits[router.allowed[exits]]
    return bool(np.all(onward == router.graph.edge_reverse[edge]))


def _same_kerb(places: Sequence[NamedPlace], snaps: Sequence[Snap | NotReachable], profile: str) -> Iterator[Finding]:
    """Places given twice, or so close that their vehicles would stand on one another."""
    seen: dict[tuple[int, int], str] = {}
    for place, snap in zip(places, snaps, strict=True):
        if isinstance(snap, Snap):
            spot = snap.place.edge, round(snap.place.offset_m)
            first = seen.setdefault(spot, place.name)
            if first != place.name:
                text = f"stops at the same spot as {first}"
                yield Finding(FindingKind.SAME_KERB, False, place.name, profile, text)
