"""How large a vehicle is and how well it brakes: by the site file, or by its own word where that asks for more care.

Lanes and places to stand have room for vehicles up to a size. Whoever says it is larger is sent nowhere, whatever its
type says, until the `[[profile]]` of its make or its factsheet is put right (section 4.8 of our protocol checklist).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fleet.model.profile import STATE_INTERVAL_S_MAX, Habits, Learned
from fleet.model.vehicle import LENGTH_M_MAX, WIDTH_M_MAX, VehicleType

SAME = 0.01
ORDER_INTERVAL_S_MAX = 60.0
"""Whoever takes an order more seldom stands at the end of each base."""


ENTRY_M = 0.2
"""A vehicle comes along its line this exactly: what is told of a road is so far from the road at most."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much room a vehicle takes."""

    length_m: float
    width_m: float


def size_of(configured: VehicleType, habits: Habits, learned: Learned) -> Size:
    """The size to reckon with: that of its profile in the site file, else the larger of its type's and its own."""
    return Size(
        length_m=_figure(habits.length_m, learned.length_m, configured.length_m),
        width_m=_figure(habits.width_m, learned.width_m, configured.width_m),
    )


def outsize(habits: Habits, learned: Learned) -> str:
    """Why a vehicle has no room on our roads, in words; empty where it has."""
    length_m = learned.length_m if habits.length_m is None else None
    if length_m is not None and length_m > LENGTH_M_MAX + SAME:
        return f"it is {length_m:g} m long by its factsheet, places to stand have room for {LENGTH_M_MAX:g} m"
    width_m = learned.width_m if habits.width_m is None else None
    if width_m is not None and width_m > WIDTH_M_MAX + SAME:
        return f"it is {width_m:g} m wide by its factsheet, lanes have room for {WIDTH_M_MAX:g} m"
    return ""


def braking_mps2(configured: VehicleType, learned: Learned) -> float:
    """How well it brakes for certain: by its type, or by its own word where that is less."""
    told_mps2 = learned.decel_mps2_max or learned.accel_mps2_max
    return min(configured.accel_mps2, told_mps2 or configured.accel_mps2)


def misfits(configured: VehicleType, habits: Habits, learned: Learned) -> Iterator[str]:
    """Where a vehicle says it is larger or weaker than the site file says, in words."""
    figures = (
        ("long", "m", learned.length_m, habits.length_m or configured.length_m),
        ("wide", "m", learned.width_m, habits.width_m or configured.width_m),
    )
    for word, unit, told, ours in figures:
        if told is not None and told > ours + SAME:
            yield f"it is {told:g} {unit} {word} by its factsheet, {ours:g} {unit} by the site file"
    if learned.speed_mps_max is not None and learned.speed_mps_max < configured.speed_mps_max - SAME:
        told_mps, our_mps = learned.speed_mps_max, configured.speed_mps_max
        yield f"it drives {told_mps:g} m/s at most by its factsheet, {our_mps:g} m/s by the site file"
    if (brakes_mps2 := braking_mps2(configured, learned)) < configured.accel_mps2 - SAME:
        yield f"it brakes by {brakes_mps2:g} m/s² by its factsheet, {configured.accel_mps2:g} m/s² by the site file"
    needed_m = size_of(configured, habits, learned).width_m / 2.0 + ENTRY_M
    if habits.corridor_m and habits.corridor_m < needed_m:
        yield f"a corridor of {habits.corridor_m:g} m does not hold it, it needs {needed_m:g} m: it is told none"
    yield from _slow_habits(learned)


def _slow_habits(learned: Learned) -> Iterator[str]:
    seconds = (
        ("says its state", "defaultStateInterval", learned.state_interval_s or 0.0, STATE_INTERVAL_S_MAX),
        ("takes an order", "minOrderInterval", learned.limits.order_interval_s_min, ORDER_INTERVAL_S_MAX),
    )
    for what, name, told_s, most_s in seconds:
        if told_s > most_s:
            yield f"it {what} every {told_s:g} s only by {name} of its factsheet, more than {most_s:g} s; see its unit"


def _figure(in_profile: float | None, told: float | None, of_type: float) -> float:
    return in_profile or max(told or 0.0, of_type)
