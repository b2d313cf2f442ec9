"""Draws what is to be delivered: runs from stations to points, with parcels, windows and the time they are told."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fleet.model.custody import CustodyKind
from fleet.model.ids import ParcelId, PointId, RunId, StationId
from fleet.model.place import PickupPoint
from fleet.model.run import Lot, Run, RunPhase
from fleet.model.site import Site
from fleet.state.fleet_state import FleetState, RunView
from vehicle_sim.scenario import Scenario, WaveTable

PARCEL_KG = 1.2
PARCELS_PER_M3 = 110.0


@dataclass(frozen=True, slots=True)
class ToldRun:
    """A run, and when the controller is told of it."""

    told_s: float
    run: Run


@dataclass(frozen=True, slots=True)
class _Ask:
    """Parcels of one wave for one point."""

    wave: int
    point_id: PointId
    weight: float


def draw_demand(scenario: Scenario, seed: int) -> list[ToldRun]:
    """All runs of a scenario, in the order in which they are told."""
    rng = random.Random(f"demand:{seed}")
    told: list[ToldRun] = []
    for day in range(scenario.demand.days):
        told += _day(scenario, rng, day, len(told))
    return sorted(told, key=lambda each: (each.told_s, each.run.id))


def _day(scenario: Scenario, rng: random.Random, day: int, before: int) -> list[ToldRun]:
    """The runs of one day; `before` of them were drawn for the days before."""
    asks = _asks(scenario, rng)
    counts = _counts(scenario, asks)
    ready_s = {
        (wave, station_id): scenario.local_s(table.ready, day) + rng.uniform(-table.spread, table.spread)
        for wave, table in enumerate(scenario.demand.wave)
        for station_id in scenario.site.stations
    }
    told: list[ToldRun] = []
    for ask, count in zip(asks, counts, strict=True):
        station_id = nearest_station(scenario.site, scenario.site.points[ask.point_id])
        for part in _parts(count, scenario.demand.parcels_per_run_max):
            number = before + len(told) + 1
            run = _run(scenario, number, ask, part, station_id, ready_s[ask.wave, station_id])
            told.append(ToldRun(max(run.ready_s - scenario.demand.told_before, scenario.start_s), run))
    return told


def nearest_station(site: Site, point: PickupPoint) -> StationId:
    """As the crow flies; all stations of a site hand out all brands."""

    def away(station_id: StationId) -> float:
        station = site.stations[station_id]
        east = (station.lon - point.lon) * math.cos(math.radians(point.lat))
        return math.hypot(east, station.lat - point.lat)

    return min(site.stations, key=away)


def _asks(scenario: Scenario, rng: random.Random) -> list[_Ask]:
    """Who gets how much of which wave: every point in every wave, or as many as there are runs."""
    demand = scenario.demand
    day = {point: rng.lognormvariate(-(demand.sigma**2) / 2, demand.sigma) for point in scenario.site.points}
    if demand.runs is None:
        return [
            _Ask(number, point, table.share * day[point])
            for number, table in enumerate(demand.wave)
            for point in scenario.site.points
        ]
    asks: list[_Ask] = []
    for number, runs in enumerate(_runs_of_waves(demand.wave, demand.runs)):
        points = _dealt(list(scenario.site.points), runs, rng)
        asks += [_Ask(number, point, day[point]) for point in points]
    return asks


def _runs_of_waves(waves: Sequence[WaveTable], runs: int) -> list[int]:
    return _shared_out([wave.share for wave in waves], runs)


def _dealt(points: list[PointId], count: int, rng: random.Random) -> Iterator[PointId]:
    """So many points, each as often as any other as far as that goes."""
    for first in range(0, count, len(points)):
        rng.shuffle(points)
        yield from points[: count - first]


def _counts(scenario: Scenario, asks: Sequence[_Ask]) -> list[int]:
    """Parcels of each ask."""
    demand = scenario.demand
    if demand.parcels is not None:
        spare = demand.parcels - len(asks)
        if spare < 0:
            return _shared_out([ask.weight for ask in asks], demand.parcels)
        return [1 + more for more in _shared_out([ask.weight for ask in asks], spare)]
    mean = demand.parcels_per_point or 0.0
    return [round(ask.weight * mean) for ask in asks]


def _shared_out(weights: Sequence[float], total: int) -> list[int]:
    """Whole numbers in proportion to the weights that add up to the total: largest remainders get the rest."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    counts = [math.floor(share) for share in exact]
    by_remainder = sorted(range(len(weights)), key=lambda i: (counts[i] - exact[i], i))
    for i in by_remainder[: total - sum(counts)]:
        counts[i] += 1
    return counts


def _parts(count: int, most: int) -> list[int]:
    """A count in as few and as equal parts as fit."""
    parts = -(-count // most)
    return [count // parts + (i < count % parts) for i in range(parts)] if parts else []


def _run(scenario: Scenario, number: int, ask: _Ask, count: int, station_id: StationId, ready_s: float) -> Run:
    run_id = RunId(f"run-{number:04d}")
    return Run(
        id=run_id,
        station_id=station_id,
        point_id=ask.point_id,
        lot=Lot(
            parcel_ids=tuple(ParcelId(f"{run_id}.{i:03d}") for i in range(1, count + 1)),
            mass_kg=round(PARCEL_KG * count, 3),
            volume_m3=round(count / PARCELS_PER_M3, 4),
        ),
        ready_s=ready_s,
        due_s=ready_s + scenario.demand.wave[ask.wave].due_after,
        priority=1,
        brand=scenario.demand.brand,
    )


def left_behind(state: FleetState, now_s: float) -> list[Run]:
    """New runs for parcels that ended ones left at their station, each with a window as long as it was."""
    views = (state.runs[run_id] for run_id in sorted(state.runs))
    over = (view for view in views if view.phase in (RunPhase.RETURNED, RunPhase.CANCELLED))
    lots = ((view.run, _at_station(state, view)) for view in over)
    return [_again(run, parcels, now_s) for run, parcels in lots if parcels]


def _at_station(state: FleetState, view: RunView) -> tuple[ParcelId, ...]:
    return tuple(p for p in view.parcel_ids if state.custody[p].kind is CustodyKind.STATION)


def _again(run: Run, parcels: tuple[ParcelId, ...], now_s: float) -> Run:
    share = len(parcels) / run.lot.parcel_count
    lot = Lot(parcel_ids=parcels, mass_kg=run.lot.mass_kg * share, volume_m3=run.lot.volume_m3 * share)
    return replace(run, id=RunId(f"{run.id}-again"), lot=lot, ready_s=now_s, due_s=now_s + run.due_s - run.ready_s)
