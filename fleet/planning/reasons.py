"""Why a run is in no trip: the first hurdle that none of its station's vehicles takes."""

from __future__ import annotations

import math

from fleet.model.trip import Reason, Unassigned
from fleet.planning.ground import ROUNDING, Ground
from fleet.planning.problem import Problem, ProblemRun


def why_not(ground: Ground, index: int) -> Unassigned:
    """The reason that holds for a run which no vehicle could take even alone."""
    run = ground.problem.runs[index]
    reason, detail = _first_hurdle(ground, index)
    return Unassigned(run_id=run.id, reason=reason, detail=detail)


def _first_hurdle(ground: Ground, index: int) -> tuple[Reason, str]:
    problem, run = ground.problem, ground.problem.runs[index]
    station, point = problem.stations[run.station], problem.points[run.point]
    home = [place for place, it in enumerate(problem.vehicles) if it.station == run.station]
    if not home:
        return Reason.STATION_WITHOUT_VEHICLE, f"no vehicle is at home at {station.id}"
    free = [it for it in home if problem.vehicles[it].allowed and problem.vehicles[it].available_s < math.inf]
    if not free:
        return Reason.NO_VEHICLE_FREE, f"none of the {len(home)} vehicles of {station.id} may be planned now"
    free, short = _large_enough(problem, run, free)
    if short is not None:
        return short
    alone = {it: ground.shape(problem.vehicles[it].type_index, (index,)) for it in free}
    free = [it for it in free if alone[it].round_s < math.inf]
    if not free:
        return Reason.POINT_UNREACHABLE, f"no vehicle that holds it may drive from {station.id} to {point.id} and back"
    needed_wh = {it: ground.energy_wh(it, alone[it]) + problem.vehicles[it].battery.reserve_wh() for it in free}
    ranged = [it for it in free if ground.fits(it, alone[it])]
    if not ranged:
        detail = (
            f"{point.id} and back takes {min(needed_wh.values()):.0f} Wh with the reserve, more than a full battery"
        )
        return Reason.OUT_OF_RANGE, detail
    if station.loading_bays < 1:
        return Reason.NO_VEHICLE_FREE, f"{station.id} has no loading bay"
    if not any(ground.charge_s(it, problem.vehicles[it].energy_wh, alone[it]) < math.inf for it in ranged):
        return Reason.OUT_OF_RANGE, f"too little energy left for {point.id}, and {station.id} cannot charge"
    return Reason.NO_VEHICLE_FREE, f"no vehicle of {station.id} ever has a bay and the energy for one more trip"


def _large_enough(
    problem: Problem, run: ProblemRun, vehicles: list[int]
) -> tuple[list[int], tuple[Reason, str] | None]:
    """The vehicles that hold the run; if none, what shut out the last: mass, volume, parcels, in this order."""
    facts = problem.vehicles
    measures = (
        (Reason.TOO_HEAVY, run.mass_kg, [facts[it].mass_kg_max for it in vehicles], "kg"),
        (Reason.TOO_BIG, run.volume_m3, [facts[it].volume_m3_max for it in vehicles], "m3"),
        (Reason.TOO_MANY_PARCELS, run.parcels, [facts[it].parcels_max for it in vehicles], "parcels"),
    )
    left = list(range(len(vehicles)))
    for reason, amount, limits, unit in measures:
        largest = max(limits[place] for place in left)
        left = [place for place in left if amount <= limits[place] + ROUNDING]
        if not left:
            return [], (reason, f"{amount:g} {unit}; the largest vehicle in question holds {largest:g} {unit}")
    return [vehicles[place] for place in left], None
