"""Motion and charge, piece by piece."""

from __future__ import annotations

import math

import pytest

from fleet.model.vehicle import Battery
from vehicle_sim.motion import Charge, Roll, braking_m, change_loss_s, empty_at_s

BATTERY = Battery(
    energy_wh=1000.0,
    empty_wh_per_m=0.1,
    load_wh_per_m_kg=0.001,
    hotel_w=360.0,
    charge_w_max=7200.0,
    reserve_fraction=0.15,
    reserve_m=1000.0,
)


def test_a_start_from_standstill_costs_half_the_time_of_speeding_up() -> None:
    assert change_loss_s(0.0, 10.0, 2.0) == pytest.approx(10.0 / 2.0 / 2.0)
    assert change_loss_s(10.0, 0.0, 2.0) == change_loss_s(0.0, 10.0, 2.0)


def test_no_change_of_speed_costs_nothing() -> None:
    assert change_loss_s(7.0, 7.0, 1.0) == 0.0
    assert change_loss_s(0.0, 0.0, 1.0) == 0.0


def test_a_change_of_speed_in_two_steps_never_costs_more_than_a_full_stop_between() -> None:
    assert change_loss_s(5.0, 10.0, 1.0) < change_loss_s(5.0, 0.0, 1.0) + change_loss_s(0.0, 10.0, 1.0)


def test_the_place_moves_evenly_and_stays_on_the_edge() -> None:
    roll = Roll(edge=3, from_m=20.0, to_m=120.0, speed_mps=10.0, start_s=5.0)
    assert [roll.offset_m(at_s) for at_s in (0.0, 5.0, 10.0, 15.0, 99.0)] == [20.0, 20.0, 70.0, 120.0, 120.0]
    assert roll.end_s == 15.0


def test_braking_on_the_way_ends_after_the_braking_distance() -> None:
    roll = Roll(edge=3, from_m=0.0, to_m=500.0, speed_mps=10.0, start_s=0.0)
    braked = roll.braked_at(20.0, accel_mps2=1.0)
    assert (braked.from_m, braked.to_m) == (200.0, 200.0 + braking_m(10.0, 1.0))
    assert braked.end_s - 20.0 == pytest.approx(10.0)


def test_a_vehicle_that_has_not_begun_to_roll_stands_at_once_when_braked() -> None:
    braked = Roll(edge=3, from_m=7.0, to_m=500.0, speed_mps=10.0, start_s=5.0).braked_at(2.0, accel_mps2=1.0)
    assert (braked.to_m, braked.end_s) == (7.0, 2.0)


def test_a_battery_neither_overflows_nor_owes() -> None:
    charge = Charge(energy_wh=100.0, at_s=0.0, draw_w=-3600.0, full_wh=200.0)
    assert [charge.at(at_s) for at_s in (0.0, 50.0, 500.0)] == [100.0, 150.0, 200.0]
    assert charge.drawing(50.0, 3600.0).at(900.0) == 0.0


def test_the_moment_a_battery_runs_dry_follows_from_power_and_speed() -> None:
    charge = Charge(energy_wh=10.0, at_s=0.0, draw_w=360.0, full_wh=1000.0)
    roll = Roll(edge=0, from_m=0.0, to_m=1e6, speed_mps=10.0, start_s=0.0)
    assert empty_at_s(charge, BATTERY, roll, load_kg=0.0) == pytest.approx(10.0 / (1.0 + 0.1))
    assert empty_at_s(Charge(10.0, 0.0, -1e6, 1000.0), BATTERY, roll, 0.0) == math.inf
