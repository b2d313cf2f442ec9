from __future__ import annotations

from pathlib import Path

from fleet.maps.check import Finding, FindingKind, NamedPlace, check_places
from fleet.maps.geojson import ATTRIBUTION, roads_geojson
from fleet.maps.pois import pois
from tests.drawn_map import VAN, DrawnMap, draw, latlon

SPOTS = {"a": (0.0, 0.0), "b": (200.0, 0.0), "c": (200.0, 150.0), "d": (0.0, 150.0), "e": (200.0, 400.0)}
ROADS: dict[str, dict[str, str]] = {"ab": {}, "bc": {}, "cd": {}, "da": {}, "ce": {"name": "Sackgasse"}}
MAPS = Path(__file__).parents[2] / "configs" / "maps"


def check(drawn: DrawnMap, **places: tuple[float, float]) -> list[Finding]:
    named = [NamedPlace(name, *latlon(*spot)) for name, spot in places.items()]
    return check_places(drawn.graph, {"van": VAN}, named)


def test_a_place_at_the_kerb_of_a_through_road_has_no_findings(tmp_path: Path) -> None:
    assert check(draw(tmp_path, SPOTS, ROADS), kiosk=(100.0, -8.0)) == []


def test_a_place_that_no_vehicle_reaches_is_serious_and_comes_first(tmp_path: Path) -> None:
    found = check(draw(tmp_path, SPOTS, ROADS), cul_de_sac=(205.0, 300.0), island=(100.0, -500.0))
    assert [(finding.place, finding.kind, finding.serious) for finding in found] == [
        ("island", FindingKind.NOT_SERVED, True),
        ("cul_de_sac", FindingKind.DEAD_END, False),
    ]
    assert found[0].text == "nearest road is 500 m away, the limit is 100 m"


def test_a_dead_end_is_found_only_by_those_who_must_turn_round_there(tmp_path: Path) -> None:
    found = check(draw(tmp_path, SPOTS, ROADS), going_in=(205.0, 300.0), coming_out=(195.0, 300.0))
    assert [(finding.place, finding.kind) for finding in found] == [("going_in", FindingKind.DEAD_END)]


def test_a_place_served_from_a_road_that_is_not_the_nearest_is_pointed_out(tmp_path: Path) -> None:
    spots = SPOTS | {"x": (0.0, -70.0), "y": (200.0, -70.0)}
    found = check(draw(tmp_path, spots, ROADS | {"xy": {"access": "private"}}), shop=(100.0, -65.0))
    assert {finding.kind for finding in found} == {FindingKind.FAR, FindingKind.NEARER_ROAD}


def test_two_places_at_one_kerb_are_pointed_out(tmp_path: Path) -> None:
    found = check(draw(tmp_path, SPOTS, ROADS), post=(100.0, -8.0), bank=(100.0, -9.0))
    assert [(finding.kind, finding.place, finding.text) for finding in found] == [
        (FindingKind.SAME_KERB, "bank", "stops at the same spot as post")
    ]


def test_roads_on_a_screen_carry_their_keys_and_the_name_of_their_source(tmp_path: Path) -> None:
    drawn = draw(tmp_path, SPOTS, ROADS)
    shown = roads_geojson(drawn.graph)
    assert shown["attribution"] == ATTRIBUTION
    assert len(shown["features"]) == len(ROADS)
    last = shown["features"][-1]
    assert last["properties"]["name"] == "Sackgasse"
    edge = drawn.graph.edge_by_key(str(last["properties"]["key"]))
    assert edge == drawn.edge("ce")
    lat, lon = latlon(*SPOTS["c"])
    assert last["geometry"]["coordinates"][0] == [round(lon, 6), round(lat, 6)]


def test_the_post_offices_and_shops_of_a_map_are_found() -> None:
    found = pois(MAPS / "liechtenstein.osm.pbf")
    kinds = [poi.kind for poi in found]
    assert kinds.count("amenity=post_office") == 7
    assert sum(kind.startswith("shop=") for kind in kinds) == 46  # two more are cafe or fuel station first
    assert all(47.0 < poi.lat < 47.3 and 9.4 < poi.lon < 9.7 for poi in found)
    assert len({poi.key for poi in found}) == len(found)
