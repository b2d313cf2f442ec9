"""Why a run is in no trip: the first hurdle that none of its station's vehicles takes."""

from __future__ import annotations

import math

from fleet.model.trip import Reason, Unassigned
from fleet.planning.ground import ROUNDING, Ground
from fleet.planning.problem import ProblemVehicle


def why_not(ground: Ground, index: int) -> Unassigned:
    """The reason that holds for a run which no vehicle could take even alone."""
    run = ground.problem.runs[index]
    reason, detail = _first_hurdle(ground, index)
    return Unassigned(run_id=run.id, reason=reason, detail=detail)


def _first_hurdle(ground: Ground, index: int) -> tuple[Reason, str]:
    problem, run = ground.problem, ground.problem.runs[index]
    station, point = problem.stations[run.station], problem.points[run.point]
    home = [vehicle for vehicle in problem.vehicles if vehicle.station == run.station]
    if not home:
        return Reason.STATION_WITHOUT_VEHICLE, f"no vehicle is at home at {station.id}"
    free = [vehicle for vehicle in home if vehicle.allowed and vehicle.available_s < math.inf]
    if not free:
        return Reason.NO_VEHICLE_FREE, f"none of the {len(home)} vehicles of {station.id} may be planned now"
    if (short := _too_large(ground, index, free)) is not None:
        return short
    free = [it for it in free if _holds(run.mass_kg, run.volume_m3, run.parcels, it)]
    free = [it for it in free if ground.shape(it.type_index, (index,)).round_s < math.inf]
    if not free:
        return Reason.POINT_UNREACHABLE, f"no vehicle that can carry it may drive from {station.id} to {point.id} and back"
    ranged = [it for it in free if ground.fits(it, ground.shape(it.type_index, (index,)))]
    if not ranged:
        least_wh = min(_needed_wh(ground, it, index) for it in free)
        return Reason.OUT_OF_RANGE, f"{point.id} and back takes {least_wh:.0f} Wh with the reserve, more than a full battery"
    if station.loading_bays < 1:
        return Reason.NO_VEHICLE_FREE, f"{station.id} has no loading bay"
    if not any(_has_energy(ground, it, index) for it in ranged):
        return Reason.OUT_OF_RANGE, f"too little energy left for {point.id}, and {station.id} cannot charge"
    return Reason.NO_VEHICLE_FREE, f"no vehicle, bay and charger of {station.id} ever come free together"


def _too_large(ground: Ground, index: int, vehicles: list[ProblemVehicle]) -> tuple[Reason, str] | None:
    """The measure that shuts out the last vehicle, taken in the order mass, volume, parcels."""
    run = ground.problem.runs[index]
    measures = (
        (Reason.TOO_HEAVY, run.mass_kg, [it.mass_kg_max for it in vehicles], "kg"),
        (Reason.TOO_BIG, run.volume_m3, [it.volume_m3_max for it in vehicles], "m3"),
        (Reason.TOO_MANY_PARCELS, float(run.parcels), [float(it.parcels_max) for it in vehicles], "parcels"),
    )
    left = set(range(len(vehicles)))
    for reason, amount, limits, unit in measures:
        largest = max(limits[place] for place in left)
        left = {place for place in left if amount <= limits[place] + ROUNDING}
        if not left:
            return reason, f"{amount:g} {unit}; the largest vehicle that could otherwise take it holds {largest:g} {unit}"
    return None


def _holds(mass_kg: float, volume_m3: float, parcels: int, vehicle: ProblemVehicle) -> bool:
    return (
        mass_kg <= vehicle.mass_kg_max + ROUNDING
        and volume_m3 <= vehicle.volume_m3_max + ROUNDING
        and parcels <= vehicle.parcels_max
    )


def _needed_wh(ground: Ground, vehicle: ProblemVehicle, index: int) -> float:
    return ground.energy_wh(vehicle, ground.shape(vehicle.type_index, (index,))) + vehicle.battery.reserve_wh()


def _has_energy(ground: Ground, vehicle: ProblemVehicle, index: int) -> bool:
    """Whether the vehicle has, or could get, the energy for this run alone."""
    station = ground.problem.stations[vehicle.station]
    power_w = min(station.charger_w, vehicle.battery.charge_w_max) if station.chargers else 0.0
    return power_w > 0.0 or vehicle.energy_wh >= _needed_wh(ground, vehicle, index)
