"""What goes wrong in the demo: a street is blocked, a vehicle falls silent, a clerk is absent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fleet.cli.demo.options import DAY, STARTS_AT, VEHICLES
from fleet.model.site import Site
from fleet.report import Asked

_FAULTS = """
[[fault]]  # a delivery van double-parked in a narrow street
kind = "road_blocked"
vehicle = {blocked}
at = "52m"
lasts = "9m"

[[fault]]  # a valley without a signal
kind = "silence"
vehicle = {silent}
at = "68m"
lasts = "6m"

[[fault]]  # the shop stays shut this morning
kind = "clerk_away"
point = {closed}
at = "5m"
lasts = "3h"
"""

CHARACTERS = {"Gonzen": "loose"}
"""Makes whose vehicles keep the standard loosely, as `vehicle-sim` knows them."""
_SCENARIO = """\
# Written by `fleet demo`; `vehicle-sim connect` reads the faults in it.
name = "demo"
site = {site}
start = "{day}T{start}"
duration = "4h"

[demand]  # of no meaning here: the demo hands its runs in over HTTP
parcels = 1
wave = [{{ share = 1.0, ready = "06:30" }}]

[faults]
profile = "calm"
until = "4h"
"""


def write_scenario(path: Path, site_file: Path, site: Site, asked: Sequence[Asked], *, with_faults: bool) -> None:
    """Write the faults of this morning where the vehicles' simulator finds them."""
    text = _SCENARIO.format(site=json.dumps(str(site_file.resolve())), day=DAY.isoformat(), start=STARTS_AT)
    text += _characters(site)
    if with_faults:
        blocked, silent, closed = victims(site, asked)
        text += _FAULTS.format(blocked=json.dumps(blocked), silent=json.dumps(silent), closed=json.dumps(closed))
    path.write_text(text, encoding="utf-8")


def _characters(site: Site) -> str:
    makes = sorted({vehicle.manufacturer for vehicle in site.vehicles.values()} & CHARACTERS.keys())
    return "\n[characters]\n" + "".join(f"{json.dumps(make)} = {json.dumps(CHARACTERS[make])}\n" for make in makes)


def victims(site: Site, asked: Sequence[Asked]) -> tuple[str, str, str]:
    """A vehicle before whom the street is blocked, one that falls silent, and a point that stays shut.

    The point is one of those that expect the fewest runs, so that most of the morning goes on as planned.
    """
    vehicles = list(site.vehicles)[:VEHICLES]
    visits = Counter(run.point_id for run in asked)
    closed = min(visits, key=lambda point: (visits[point], point))
    return vehicles[0], vehicles[len(vehicles) // 2], closed
