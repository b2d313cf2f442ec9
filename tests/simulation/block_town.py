"""A town of square blocks with one station and three pickup points: a small day that can be run hundreds of times."""

from __future__ import annotations

from pathlib import Path

from fleet.roads.graph import RoadGraph
from vehicle_sim.grid import grid_town
from vehicle_sim.scenario import Scenario

COLUMNS, ROWS, BLOCK_M = 4, 3, 300.0

SITE = """
[site]
id = "blocks"
name = "Block town"
time_zone = "Europe/Vaduz"
map = "none.osm.pbf"

[[station]]
id = "depot"
name = "Depot"
lat = {depot[0]:.7f}
lon = {depot[1]:.7f}
loading_bays = 1
chargers = 1
charger_kw = 20.0
{points}
[[vehicle]]
manufacturer = "makers"
serial_number = "VAN-1"
vda5050_version = "2.1.0"
type = "zto_5"
home_station = "depot"

[[vehicle]]
manufacturer = "builders"
serial_number = "BOX-1"
vda5050_version = "2.1.0"
type = "post_3"
home_station = "depot"
"""

POINT = """
[[point]]
id = "point-{i}"
name = "Point {i}"
lat = {lat:.7f}
lon = {lon:.7f}
"""

SCENARIO = """
name = "blocks"
site = "site.toml"
start = "2026-03-02T06:00"
duration = "40m"

[demand]
runs = 6
parcels = 900
told_before = "2m"

[[demand.wave]]
share = 1.0
ready = "06:03"
due_after = "60m"
"""


def block_town(
    folder: Path, scenario: str = SCENARIO, more: str = "", version: str = "2.1.0", profile: str = ""
) -> tuple[Scenario, RoadGraph]:
    """The scenario and its roads, with files in `folder`.

    Args:
        folder: where they are written.
        scenario: the text of the scenario file.
        more: added to the site file.
        version: that the vehicles speak.
        profile: lines of a profile that all vehicles have, or empty for none.
    """
    graph = grid_town(COLUMNS, ROWS, BLOCK_M)

    def at(x_m: float, y_m: float) -> tuple[float, float]:
        lat, lon = graph.plane.to_latlon(x_m, y_m)
        return float(lat), float(lon)

    doors = [at(600.0 + 120.0, -8.0), at(900.0 + 8.0, 420.0), at(300.0 + 130.0, 608.0)]
    points = "".join(POINT.format(i=i, lat=lat, lon=lon) for i, (lat, lon) in enumerate(doors, start=1))
    site = SITE.format(depot=at(150.0, -8.0), points=points) + more
    its_profile = '\nprofile = "make"' if profile else ""
    site = site.replace('vda5050_version = "2.1.0"', f'vda5050_version = "{version}"{its_profile}')
    site += f'\n[[profile]]\nid = "make"\n{profile}\n' if profile else ""
    (folder / "site.toml").write_text(site, encoding="utf-8")
    (folder / "scenario.toml").write_text(scenario, encoding="utf-8")
    return Scenario.load(folder / "scenario.toml"), graph
