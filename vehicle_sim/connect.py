"""A site's vehicles on a real broker, in trade time that may run fast: what a daemon is tried out with."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from dataclasses import dataclass, replace
from pathlib import Path

from fleet.clock import SystemClock, from_utc_text
from fleet.config import load
from fleet.errors import ConfigError
from fleet.maps.cache import load_or_import
from fleet.model.ids import VehicleId
from fleet.model.site import MqttVersion, Site
from fleet.model.vehicle import Vehicle
from fleet.roads.graph import RoadGraph
from fleet.roads.site_roads import SiteRoads
from fleet.wire.broker_url import BrokerUrl
from fleet.wire.login import login_of
from fleet.wire.mqtt import MqttLink
from vehicle_sim.characters import Character, character_of
from vehicle_sim.demand import draw_demand
from vehicle_sim.faults import FaultPlan, Rates, draw_plan, rates_of
from vehicle_sim.ground import Ground
from vehicle_sim.mischief import Mischief
from vehicle_sim.mqtt_radio import MqttRadio
from vehicle_sim.park import park, subscriptions_of
from vehicle_sim.roll_call import RollCall
from vehicle_sim.scenario import Scenario, part_of
from vehicle_sim.timers import ScaledTimers
from vehicle_sim.truth import Truth
from vehicle_sim.voice import will_of
from vehicle_sim.world import World

TRUTH_MACHINE_S = 10.0
FAREWELL_MACHINE_S = 0.3
DEFAULT_FAULTS_S = 7200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectOptions:
    """What `vehicle-sim connect` is told.

    Attributes:
        time_factor: trade seconds per machine second.
        trade_epoch: "TRADE@WALL", both ISO 8601: trade time at a wall time; shared with the daemon. None: now.
        with_faults: those of the scenario, or everyday ones for the first two hours where there is no scenario.
        with_demand: the scenario's runs, drawn with this seed, stand ready; else a lot is known from its first pick.
        characters: "NAME" for all vehicles, or "WHO=NAME" for one of them or for a make; beside the scenario's.
        mqtt: what all vehicles speak with the broker; None for what the site says.
        truth: file to write the ground truth to.
        cache: folder for imported maps.
    """

    broker: str
    site: Path
    vehicles: int | None = None
    time_factor: float = 1.0
    trade_epoch: str | None = None
    seed: int = 1
    scenario: Path | None = None
    with_faults: bool = False
    with_demand: bool = False
    characters: tuple[str, ...] = ()
    mqtt: MqttVersion | None = None
    truth: Path | None = None
    visualization_s: float | None = None
    cache: Path | None = None


def clock_of(time_factor: float, trade_epoch: str | None) -> SystemClock:
    """The trade clock that daemon and vehicles share.

    Raises:
        ConfigError: the epoch is not two instants joined by "@".
    """
    now_s = SystemClock.started_now().trade_now_s()
    if trade_epoch is None:
        return SystemClock.scaled(time_factor, now_s, now_s)
    trade, at, wall = trade_epoch.partition("@")
    try:
        return SystemClock.scaled(time_factor, from_utc_text(trade), from_utc_text(wall if at else ""))
    except ValueError as error:
        raise ConfigError([f"--trade-epoch: found {trade_epoch!r}, needs TRADE@WALL, both as in ISO 8601"]) from error


def try_to_write(flag: str, path: Path) -> None:
    """Before anything is asked of a vehicle, not after half an hour of its time.

    Raises:
        ConfigError: the file cannot be written; names the flag and the remedy.
    """
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as fault:
        remedy = "name a file in a folder that is there"
        raise ConfigError([f"{flag} {path}: cannot be written ({fault.strerror}); {remedy}"]) from fault


async def connect(options: ConnectOptions) -> None:
    """Serve until asked to end (SIGTERM, SIGINT), then say farewell and write the truth.

    Raises:
        ConfigError: site or scenario cannot be used.
        BrokerError: the broker's address is none.
        MapError: the map cannot be used.
    """
    url = BrokerUrl.parse(options.broker)
    if options.truth is not None:
        try_to_write("--truth", options.truth)
    scenario = Scenario.load(options.scenario) if options.scenario else None
    site = part_of(load(options.site, os.environ, {"broker.url": options.broker}), options.vehicles, None)
    graph, _ = load_or_import(site.map_path, options.cache or site.data_dir / "maps")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for asked in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(asked, stop.set)
    await _Street(options, url, site, scenario, graph).serve(stop)


class _Street:
    """The world and its vehicles, wired to the broker."""

    def __init__(
        self, options: ConnectOptions, url: BrokerUrl, site: Site, scenario: Scenario | None, graph: RoadGraph
    ) -> None:
        self._options = options
        self._url = url
        self._login = replace(login_of(os.environ), mqtt=options.mqtt or site.broker.mqtt)
        clock = clock_of(options.time_factor, options.trade_epoch)
        self._timers = ScaledTimers(clock, asyncio.get_running_loop())
        plan = _plan_of(options, site, scenario, clock.trade_now_s())
        world = World(
            site,
            Ground(graph),
            self._timers,
            options.seed,
            no_show_share=plan.rates.no_show,
            no_show_until_s=plan.until_s,
            invents_lots=True,
        )
        if scenario and options.with_demand:
            world.expect(told.run for told in draw_demand(scenario, options.seed))
        self._radios: dict[VehicleId, MqttRadio] = {}
        self.vehicles = park(
            site,
            SiteRoads(site, graph),
            world,
            self._radio,
            options.seed,
            visualization_s=options.visualization_s,
            characters=_characters(options.characters, site, scenario),
        )
        self._truth = Truth(world, self.vehicles, self._timers, samples=options.truth is not None)
        self._mischief = Mischief(plan, self._timers, world, self.vehicles)

    async def serve(self, stop: asyncio.Event) -> None:
        self._mischief.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                lines = [
                    tasks.create_task(self._radios[vehicle.id].run(vehicle), name=f"line {vehicle.id}")
                    for vehicle in self.vehicles.values()
                ]
                roll_call = tasks.create_task(RollCall(str(self._url), self._radios.values()).keep(), name="roll call")
                await self._until(stop)
                await self._say_farewell()
                for task in (*lines, roll_call):
                    task.cancel()
        finally:
            self._write()

    async def _until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._write()
            try:
                async with asyncio.timeout(TRUTH_MACHINE_S):
                    await stop.wait()
            except TimeoutError:
                continue

    async def _say_farewell(self) -> None:
        for vehicle in self.vehicles.values():
            vehicle.voice.farewell()
        await asyncio.sleep(FAREWELL_MACHINE_S)

    def _write(self) -> None:
        if self._options.truth:
            self._truth.write(self._options.truth)

    def _radio(self, vehicle: Vehicle) -> MqttRadio:
        will = will_of(vehicle, self._timers.now_s())
        rng = random.Random(f"line:{self._options.seed}:{vehicle.id}")
        link = MqttLink(self._url, vehicle.serial_number, subscriptions_of(vehicle), rng, will, login=self._login)
        radio = self._radios[vehicle.id] = MqttRadio(link, will, self._timers)
        return radio


def _characters(told: tuple[str, ...], site: Site, scenario: Scenario | None) -> dict[str, Character]:
    """Whom each vehicle takes after.

    Raises:
        ConfigError: there is no such character, vehicle or make.
    """
    characters = dict(scenario.characters) if scenario else {}
    known = {name for vehicle in site.vehicles.values() for name in (vehicle.id, vehicle.manufacturer)}
    for text in told:
        who, equals, name = text.rpartition("=")
        if equals and who not in known:
            raise ConfigError([f"--character: found {text!r}, the site has no vehicle or make {who!r}"])
        characters |= dict.fromkeys([who] if equals else sorted(known), character_of(name))
    return characters


def _plan_of(options: ConnectOptions, site: Site, scenario: Scenario | None, now_s: float) -> FaultPlan:
    if not options.with_faults:
        return draw_plan(Rates(), options.seed, (), (), now_s, now_s)
    if scenario is None:
        until_s = now_s + DEFAULT_FAULTS_S
        return draw_plan(rates_of("city"), options.seed, list(site.vehicles), list(site.points), now_s, until_s)
    return scenario.fault_plan(options.seed).shifted(now_s - scenario.start_s)
