"""Vehicles that take only short ids, or ids of digits, and never learn what we call things ourselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fleet.model.ids import VehicleId
from fleet.model.profile import NO_HABITS, WireLimits
from fleet.model.run import RunPhase
from fleet.model.site import Site
from tests.simulation.block_town import SCENARIO, block_town
from vehicle_sim.harness import Options, simulate
from vehicle_sim.outcome import OtherSite
from vehicle_sim.vehicle import SimVehicle

ROUGH = '\n[faults]\nprofile = "rough"\n'
DIGITS, LETTERS, ANY = WireLimits(id_chars_max=8, ids_are_numbers=True), WireLimits(id_chars_max=6), WireLimits()


def with_ids(site: Site, limits: WireLimits) -> Site:
    habits = replace(NO_HABITS, limits=limits)
    return replace(site, vehicles={key: replace(each, habits=habits) for key, each in site.vehicles.items()})


def in_words(limits: WireLimits) -> str:
    """As a site file has it."""
    return f"id_chars_max = {limits.id_chars_max}\nids_are_numbers = {str(limits.ids_are_numbers).lower()}"


@pytest.mark.vda5050("4.2", "5.4", "5.6", "5.7")
@pytest.mark.parametrize("limits", [DIGITS, LETTERS], ids=["digits", "letters"])
def test_ids_without_room_for_the_journals_token_lead_every_parcel_to_its_door(
    tmp_path: Path, limits: WireLimits
) -> None:
    street: dict[VehicleId, SimVehicle] = {}
    scenario, roads = block_town(tmp_path, SCENARIO + ROUGH, profile=in_words(limits))
    outcome = simulate(scenario, roads, 2, Options(meddle=lambda vehicles, _: street.update(vehicles)))
    assert outcome.violations == []
    assert {view.phase for view in outcome.runs.values()} == {RunPhase.DELIVERED}
    told = [vehicle.order.order_id for vehicle in street.values() if vehicle.order is not None]
    assert told
    assert {len(name) for name in told} == {limits.id_chars_max}
    assert all(name.isdigit() is limits.ids_are_numbers for name in told)


@pytest.mark.vda5050("4.2", "5.4")
@pytest.mark.parametrize("after_s", [480.0, 700.0])
@pytest.mark.parametrize(("before", "then"), [(ANY, DIGITS), (DIGITS, LETTERS), (DIGITS, ANY)])
def test_a_site_file_that_asks_for_other_ids_on_the_way_changes_nothing_for_the_parcels(
    tmp_path: Path, before: WireLimits, then: WireLimits, after_s: float
) -> None:
    """The controller dies and comes up with it while vehicles drive, load and hand over."""
    scenario, roads = block_town(tmp_path, profile=in_words(before))
    other = OtherSite(after_s, with_ids(scenario.site, then))
    outcome = simulate(scenario, roads, 1, Options(other_site=other))
    assert outcome.crashes == 1
    assert (outcome.violations, outcome.orders_rejected) == ([], 0)
    assert {view.phase for view in outcome.state.runs.values()} == {RunPhase.DELIVERED}
