"""Named places of an OSM extract that can serve as stations or pickup points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import osmium
from osmium.filter import KeyFilter
from osmium.osm import NODE, WAY, Node, Way

from fleet.maps.osm import reading

POI_AMENITIES = frozenset(
    {
        "bank", "cafe", "clinic", "college", "community_centre", "fast_food", "fuel", "hospital", "kindergarten",
        "library", "marketplace", "parcel_locker", "pharmacy", "post_depot", "post_office", "pub", "restaurant",
        "school", "theatre", "townhall", "university",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Poi:
    """A place people know.

    Attributes:
        key: stable name: "n" or "w" and the OSM id.
        kind: "amenity=..." , "shop=..." or "tourism=hotel".
        name: as tagged, "" if it has none.
        lat, lon: WGS 84; of a building the mean of its corners.
    """

    key: str
    kind: str
    name: str
    lat: float
    lon: float


def pois(path: Path) -> list[Poi]:
    """Places with a known amenity, any shop, and hotels; nodes and buildings, ordered by key.

    Raises:
        MapError: the file is missing or is no OSM file.
    """
    found = []
    with reading(path):
        wanted = KeyFilter("amenity", "shop", "tourism")
        for thing in osmium.FileProcessor(str(path), NODE | WAY).with_locations().with_filter(wanted):
            kind = _kind(dict(thing.tags))
            if kind and (middle := _middle(thing)):
                letter = "n" if isinstance(thing, Node) else "w"
                found.append(Poi(f"{letter}{thing.id}", kind, thing.tags.get("name") or "", *middle))
    return sorted(found, key=lambda poi: (poi.key[0], int(poi.key[1:])))


def _kind(tags: Mapping[str, str]) -> str | None:
    if tags.get("amenity") in POI_AMENITIES:
        return f"amenity={tags['amenity']}"
    if tags.get("shop", "no") not in {"no", "vacant"}:
        return f"shop={tags['shop']}"
    return "tourism=hotel" if tags.get("tourism") == "hotel" else None


def _middle(thing: object) -> tuple[float, float] | None:
    """Of a closed way the corner that closes it counts once."""
    if isinstance(thing, Node):
        return (thing.location.lat, thing.location.lon) if thing.location.valid() else None
    if not isinstance(thing, Way):
        return None
    spots = {n.ref: (n.location.lat, n.location.lon) for n in thing.nodes if n.location.valid()}.values()
    if not spots:
        return None
    return sum(lat for lat, _ in spots) / len(spots), sum(lon for _, lon in spots) / len(spots)
