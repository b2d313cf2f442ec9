"""Tiny maps drawn by hand: spots in metres, roads as the letters of their spots, imported like any OSM file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from fleet.maps.osm import ImportSummary, import_map
from fleet.roads.graph import RoadGraph
from fleet.roads.permit import RoadProfile
from fleet.roads.plane import LocalPlane

CENTRE = LocalPlane(47.14, 9.52)
VAN = RoadProfile(frozenset({"primary", "residential", "living_street", "service", "tertiary_link"}), 10.0)

Ban = tuple[str, str, str, str]
"""From road, via spot (one letter) or roads (with blanks between), to road, value of `restriction`."""


@dataclass(frozen=True, slots=True)
class DrawnMap:
    """An imported drawing; spots are called by their letters."""

    path: Path
    graph: RoadGraph
    summary: ImportSummary

    def edge(self, way: str) -> int:
        """The directed edge that drives along these spots, named by its first and last ("ab")."""
        start, end = ord(way[0]), ord(way[-1])
        ids = self.graph.node_osm
        found = [
            edge
            for edge in range(self.graph.edge_count)
            if ids[self.graph.edge_from[edge]] == start and ids[self.graph.edge_to[edge]] == end
        ]
        assert len(found) == 1, f"{len(found)} edges {way}"
        return found[0]

    def edges(self, *ways: str) -> tuple[int, ...]:
        return tuple(self.edge(way) for way in ways)

    def has_edge(self, way: str) -> bool:
        return any(key.startswith(f"e{ord(way[0])}-{ord(way[-1])}-") for key in self.edge_keys())

    def edge_keys(self) -> list[str]:
        return [self.graph.edge_key(edge) for edge in range(self.graph.edge_count)]


def draw(
    folder: Path,
    spots: Mapping[str, tuple[float, float]],
    roads: Mapping[str, Mapping[str, str]],
    marks: Mapping[str, Mapping[str, str]] | None = None,
    bans: Sequence[Ban | tuple[str, str, str, str, Mapping[str, str]]] = (),
) -> DrawnMap:
    """Write the drawing as OSM XML into `folder` and import it.

    Args:
        folder: where the file goes.
        spots: letter -> x, y in metres; its OSM id is its character code.
        roads: letters -> tags; `highway` is residential unless given; ids count from 1.
        marks: letter -> tags of the node.
        bans: turn restrictions.
    """
    ids = {road: number for number, road in enumerate(roads, start=1)}
    body = [_node(letter, spots[letter], (marks or {}).get(letter, {})) for letter in sorted(spots)]
    body += [_way(ids[road], road, {"highway": "residential"} | dict(tags)) for road, tags in roads.items()]
    body += [_ban(number, ban, ids) for number, ban in enumerate(bans, start=1)]
    path = folder / "drawn.osm"
    path.write_text(f'<osm version="0.6" generator="drawn by hand">{"".join(body)}</osm>', encoding="utf-8")
    return DrawnMap(path, *import_map(path))


def latlon(x_m: float, y_m: float) -> tuple[float, float]:
    """Degrees of a spot of the drawing."""
    lat, lon = CENTRE.to_latlon(x_m, y_m)
    return float(lat), float(lon)


def _tags(tags: Mapping[str, str]) -> str:
    return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items())


def _node(letter: str, spot: tuple[float, float], tags: Mapping[str, str]) -> str:
    lat, lon = latlon(*spot)
    return f'<node id="{ord(letter)}" version="1" lat="{lat:.9f}" lon="{lon:.9f}">{_tags(tags)}</node>'


def _way(number: int, road: str, tags: Mapping[str, str]) -> str:
    refs = "".join(f'<nd ref="{ord(letter)}"/>' for letter in road)
    return f'<way id="{number}" version="1">{refs}{_tags(tags)}</way>'


def _ban(number: int, ban: Sequence[object], ids: Mapping[str, int]) -> str:
    start, via, end, kind, *more = ban
    over = [f'type="way" ref="{ids[road]}"' for road in str(via).split() if len(road) > 1]
    over = over or [f'type="node" ref="{ord(str(via))}"']
    vias = "".join(f'<member {member} role="via"/>' for member in over)
    tags = {"type": "restriction", "restriction": str(kind)}
    for extra in more:
        assert isinstance(extra, Mapping)
        tags |= extra
    return (
        f'<relation id="{number}" version="1"><member type="way" ref="{ids[str(start)]}" role="from"/>'
        f'{vias}<member type="way" ref="{ids[str(end)]}" role="to"/>{_tags(tags)}</relation>'
    )
