"""What is to be delivered in the demo's morning, drawn from a seed."""

from __future__ import annotations

import math
import random
from itertools import pairwise

from fleet.cli.demo.options import DAY
from fleet.clock import utc_text
from fleet.config import local_time_s
from fleet.model.place import PickupPoint
from fleet.model.site import Site
from fleet.report import Asked

RUNS, PARCELS = 84, 8_000
READY_AT, READY_SPREAD_S = "06:30", 1200.0
DUE_AFTER_S = 5400.0
SIGMA = 0.35  # of the lognormal sizes of lots
BRAND = "demo"
BATCH = 12


def draw_morning(site: Site, seed: int) -> list[Asked]:
    """Runs in the order of their readiness: every point as often as any other, each from its nearest station."""
    rng = random.Random(f"morning:{seed}")
    points = [point for _ in range(-(-RUNS // len(site.points))) for point in site.points.values()][:RUNS]
    counts = _shared_out([rng.lognormvariate(0.0, SIGMA) for _ in points], PARCELS)
    middle_s = local_time_s(DAY, READY_AT, site.time_zone)
    ready_s = sorted(round(middle_s + rng.uniform(-READY_SPREAD_S, READY_SPREAD_S)) for _ in points)
    rng.shuffle(points)
    return [
        Asked(
            run_id=f"run-{number:03d}",
            station_id=_nearest_station(site, point),
            point_id=point.id,
            parcels=count,
            ready_s=float(at_s),
            due_s=at_s + DUE_AFTER_S,
        )
        for number, (point, count, at_s) in enumerate(zip(points, counts, ready_s, strict=True), start=1)
    ]


def batches(asked: list[Asked], seed: int) -> list[tuple[str, list[dict[str, object]]]]:
    """Requests as they are sent: an idempotency key and the runs it stands for."""
    pieces = [asked[i : i + BATCH] for i in range(0, len(asked), BATCH)]
    return [(f"demo-{seed}-{number}", [_body(run) for run in piece]) for number, piece in enumerate(pieces, start=1)]


def _body(run: Asked) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "station_id": run.station_id,
        "point_id": run.point_id,
        "parcels": run.parcels,
        "ready_at": utc_text(run.ready_s),
        "due_at": utc_text(run.due_s),
        "brand": BRAND,
    }


def _nearest_station(site: Site, point: PickupPoint) -> str:
    def away(station_id: str) -> float:
        station = stations[station_id]
        return math.hypot((station.lon - point.lon) * math.cos(math.radians(point.lat)), station.lat - point.lat)

    stations = {str(station.id): station for station in site.stations.values()}
    return min(stations, key=away)


def _shared_out(weights: list[float], total: int) -> list[int]:
    """Whole numbers of at least 1 in proportion to the weights, which add up to the total."""
    spare, whole = total - len(weights), sum(weights)
    edges, taken = [0], 0.0
    for weight in weights:
        taken += weight
        edges.append(round(spare * taken / whole))
    return [1 + after - before for before, after in pairwise(edges)]
