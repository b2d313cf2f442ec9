"""Batteries that sag on the road and chargers that are dead, in a small town: nobody is stranded, nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import pytest

from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import VehicleId
from fleet.model.order import ActionKind
from fleet.model.run import RunPhase
from fleet.roads.graph import RoadGraph
from tests.simulation.block_town import block_town
from vehicle_sim.harness import Options, Outcome, simulate
from vehicle_sim.plug import Plug
from vehicle_sim.scenario import Scenario
from vehicle_sim.timers import Timers
from vehicle_sim.vehicle import SimVehicle

Town = tuple[Scenario, RoadGraph]
Vehicles = Mapping[VehicleId, SimVehicle]
SAG = 0.30
LOOK_EVERY_S = 5.0


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return block_town(tmp_path_factory.mktemp("town"))


def take(vehicle: SimVehicle, share: float) -> None:
    """So much of a full battery is suddenly gone."""
    vehicle.driver.charge = vehicle.driver.charge.less(share * vehicle.type.battery.energy_wh)


def sagging(at_soc: float) -> Callable[[Vehicles, Timers], None]:
    """Each vehicle has so much at first, and loses a large part of it when it first drives with parcels aboard."""

    def meddle(vehicles: Vehicles, timers: Timers) -> None:
        left = dict(vehicles)
        for vehicle in vehicles.values():
            take(vehicle, vehicle.driver.energy_wh() / vehicle.type.battery.energy_wh - at_soc)

        def look() -> None:
            for vehicle_id, vehicle in list(left.items()):
                if vehicle.driver.is_driving and vehicle.load_kg() > 0.0:
                    take(left.pop(vehicle_id), SAG)
            if left:
                timers.call_at(timers.now_s() + LOOK_EVERY_S, look)

        look()

    return meddle


class FickleCharger(Plug):
    """A charger that gives nothing until somebody has seen to it."""

    is_dead = True

    def start(self) -> str:
        return "the charger gives no power" if self.is_dead else super().start()


def dead_chargers(for_s: float) -> Callable[[Vehicles, Timers], None]:
    """Vehicles come with little charge, and for a while no charger gives any."""

    def meddle(vehicles: Vehicles, timers: Timers) -> None:
        plugs = [FickleCharger(vehicle.id, vehicle.driver, vehicle.world) for vehicle in vehicles.values()]
        for vehicle, plug in zip(vehicles.values(), plugs, strict=True):
            vehicle.plug = plug
            take(vehicle, vehicle.driver.energy_wh() / vehicle.type.battery.energy_wh - 0.17)

        def mend() -> None:
            for plug in plugs:
                plug.is_dead = False

        timers.call_at(timers.now_s() + for_s, mend)

    return meddle


def events(outcome: Outcome) -> list[ev.Event]:
    return [record.event() for record in outcome.store.records(outcome.scenario.site.id, 0, 1_000_000)]


def raised(outcome: Outcome) -> Counter[AssistCause]:
    return Counter(event.assist.cause for event in events(outcome) if isinstance(event, ev.AssistRaised))


def still_open(outcome: Outcome) -> list[AssistCause]:
    return [assist.cause for assist in outcome.state.assists.values()]


def test_a_battery_that_sags_with_much_left_changes_nothing(town: Town) -> None:
    outcome = simulate(*town, 1, Options(solver_steps=0, meddle=sagging(0.9)))
    assert outcome.violations == []
    assert {view.phase for view in outcome.state.runs.values()} == {RunPhase.DELIVERED}
    assert raised(outcome)[AssistCause.LOW_BATTERY] == 0


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_vehicle_whose_battery_sags_on_the_road_comes_home_and_brings_its_parcels_back(town: Town, seed: int) -> None:
    outcome = simulate(*town, seed, Options(solver_steps=0, meddle=sagging(0.47)))
    assert outcome.violations == []
    assert outcome.is_over
    back = [view for view in outcome.state.runs.values() if view.phase is RunPhase.RETURNED]
    assert back
    assert all("low battery" in view.cause for view in back)
    assert raised(outcome)[AssistCause.LOW_BATTERY] >= 1
    assert AssistCause.LOW_BATTERY not in still_open(outcome)


@pytest.mark.parametrize("seed", range(1, 4))
def test_runs_wait_for_a_dead_charger_and_are_delivered_once_it_works(town: Town, seed: int) -> None:
    outcome = simulate(*town, seed, Options(solver_steps=0, meddle=dead_chargers(for_s=3600.0)))
    assert outcome.violations == []
    assert outcome.is_over
    assert {view.phase for view in outcome.state.runs.values()} == {RunPhase.DELIVERED}
    assert raised(outcome)[AssistCause.CHARGER_FAULT] >= 1
    assert AssistCause.CHARGER_FAULT not in still_open(outcome)


def test_a_dead_charger_is_asked_a_few_times_an_hour(town: Town) -> None:
    outcome = simulate(*town, 1, Options(solver_steps=0, meddle=dead_chargers(for_s=3600.0)))
    actions = (event.kind for event in events(outcome) if isinstance(event, ev.InstantIssued))
    asked = sum(kind is ActionKind.START_CHARGING for kind in actions)
    assert 4 <= asked <= 24
