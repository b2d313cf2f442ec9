"""Controller and vehicles in one process under virtual time.

It is the same controller as in operation, so that thousands of its days can be lived in a night.

Crashes throw the controller away and build a new one on the same store, while the vehicles drive on.
"""

from __future__ import annotations

import asyncio
import random
from functools import cache

import structlog

from fleet.controller import AreaController, Parts
from fleet.dispatch.commands import Answer, Command
from fleet.errors import JournalError
from fleet.journal.store import SqlStore
from fleet.journal.writer import InlineWriter
from fleet.model.ids import RunId, VehicleId
from fleet.model.site import Site
from fleet.model.token import new_token
from fleet.model.vehicle import Vehicle
from fleet.planning.port import Budget
from fleet.roads.graph import RoadGraph
from fleet.roads.site_roads import SiteRoads
from fleet.state.fleet_state import FleetState
from fleet.wire.memory import MemoryBroker, MemoryLink
from fleet.wire.rights import site_rights
from fleet.wire.subscription import from_vehicles
from fleet.workers.inline import InlineSolver
from vehicle_sim.checks import Checks, Glance, all_checks
from vehicle_sim.crash import Crasher, CrashError, CrashLink, CrashStore
from vehicle_sim.customers import Customers
from vehicle_sim.demand import draw_demand
from vehicle_sim.faults import CrashMoment, FaultEvent, FaultKind, NetworkFaults
from vehicle_sim.ground import Ground
from vehicle_sim.hearing import Hearing
from vehicle_sim.meddling import Operator
from vehicle_sim.memory_radio import MemoryRadio
from vehicle_sim.mischief import Mischief
from vehicle_sim.outcome import Options, OtherSite, Outcome, Tally, Wrapping
from vehicle_sim.park import park, subscriptions_of
from vehicle_sim.people import Attendant, unsure_runs
from vehicle_sim.scenario import Scenario
from vehicle_sim.timers import VirtualTimers
from vehicle_sim.truth import Truth
from vehicle_sim.vehicle import SimVehicle
from vehicle_sim.virtual_time import VirtualClock, run_virtual
from vehicle_sim.voice import will_of
from vehicle_sim.world import World

__all__ = ["Options", "OtherSite", "Outcome", "Wrapping", "simulate"]

CLIENT_ID = "fleet"
RESTART_S = 3.0
CLIENT_WAIT_S = 30.0
LOOK_EVERY_S = 30.0
LEASE_S = 1200.0  # nobody contends for the area here; each renewal is a transaction
GRACE_S = 4 * 3600.0
"""How long after the scenario's end everything has to have come to its end: the bound of L1."""

log = structlog.get_logger("sim.harness")


@cache
def _template() -> bytes:
    """An empty, migrated database, made once a process."""
    store = SqlStore("sqlite://")
    try:
        return store.dump()
    finally:
        store.close()


_kept_roads: list[SiteRoads] = []


def _roads(site: Site, graph: RoadGraph) -> SiteRoads:
    """The last site's roads are kept: answers do not depend on who asked before, and many seeds share a site."""
    if not (_kept_roads and _kept_roads[0].site is site and _kept_roads[0].graph is graph):
        _kept_roads[:] = [SiteRoads(site, graph)]
    return _kept_roads[0]


def simulate(scenario: Scenario, graph: RoadGraph, seed: int, options: Options | None = None) -> Outcome:
    """Run the scenario once, from its start until everything has come to its end."""
    options = options or Options()
    roads = _roads(scenario.site, graph)
    shuffle_seed = seed if options.shuffle else None

    async def work(clock: VirtualClock) -> Outcome:
        return await _Simulation(scenario, roads, seed, options, clock).run()

    return run_virtual(work, scenario.start_s, shuffle_seed)


class _Simulation:
    """One run; made inside the virtual loop."""

    def __init__(self, scenario: Scenario, roads: SiteRoads, seed: int, options: Options, clock: VirtualClock) -> None:
        self.scenario, self.roads, self.seed, self.options, self.clock = scenario, roads, seed, options, clock
        self.end_s = options.until_s if options.until_s is not None else scenario.end_s
        self.plan = scenario.fault_plan(seed, options.profile)
        self.timers = VirtualTimers(clock)
        self.network_faults = NetworkFaults(self.plan.rates, self.plan.from_s, self.plan.until_s, clock.trade_now_s)
        rights = site_rights(scenario.site, CLIENT_ID) if options.has_rights else None
        net = random.Random(f"net:{seed}")
        self.broker = MemoryBroker(net, faults=self.network_faults, manners=options.manners, rights=rights)
        ground = Ground(roads.graph)
        no_show = self.plan.rates.no_show
        self.world = World(scenario.site, ground, self.timers, seed, no_show_share=no_show)
        self.vehicles = self._vehicles()
        self.needs_people = self.plan.needs_people or any(v.character.needs_people for v in self.vehicles.values())
        self.truth = Truth(self.world, self.vehicles, self.timers, samples=options.samples)
        self.store = SqlStore("sqlite://", _template())
        self.crasher = Crasher(options.crash_points)
        self.crasher.on_crash(lambda: self.broker.cut(CLIENT_ID))
        told = [told for told in draw_demand(scenario, seed) if told.told_s < self.end_s]
        self.customers = Customers(self._ask, clock, self.world, told)
        self.hearing = Hearing(clock.trade_now_s)
        self.alive_since_s = clock.trade_now_s()
        self.controller: AreaController | None = None
        self.glance = self._glance()
        self.checks: Checks = all_checks(self.glance)
        self.tally = Tally()
        self.is_over = False
        self.mischief = Mischief(self.plan, self.timers, self.world, self.vehicles, self._elsewhere)
        self.operator = self._operator()
        self.attendant = Attendant(
            self._ask, clock, self.vehicles, self.world, self.operator.holding, seed, options.settle
        )
        self.tasks: asyncio.TaskGroup | None = None

    def _glance(self) -> Glance:
        return Glance(
            world=self.world,
            vehicles=self.vehicles,
            roads=self.roads,
            store=self.store,
            timers=self.timers,
            acked=self.customers.acked,
            state=self._state,
            is_listed=lambda vehicle_id: vehicle_id in self.roads.site.vehicles,
            alive_since_s=lambda: self.alive_since_s,
            believed_heard_s=self._believed_heard_s,
            hearing=self.hearing,
            calm_s=self.plan.until_s,
        )

    def _operator(self) -> Operator:
        return Operator(
            self._ask,
            self.clock,
            self.world,
            self._state,
            lambda vehicle_id: self.world.ground.key(self.vehicles[vehicle_id].driver.here().edge),
            lambda: self.customers.batches,
            self.mischief.hits,
            self.plan.until_s,
        )

    def _state(self) -> FleetState | None:
        return None if self.controller is None else self.controller.state

    def _believed_heard_s(self, vehicle_id: VehicleId) -> float:
        heard = None if self.controller is None else self.controller.ear.heard.get(vehicle_id)
        return 0.0 if heard is None else heard.at_s

    def _vehicles(self) -> dict[VehicleId, SimVehicle]:
        links: dict[str, MemoryLink] = {}

        def radio_of(vehicle: Vehicle) -> MemoryRadio:
            will = will_of(vehicle, self.clock.trade_now_s())
            listens = subscriptions_of(vehicle)
            link = MemoryLink(self.broker, f"v-{vehicle.id}", listens, will, user=vehicle.id)
            links[vehicle.id] = link
            return MemoryRadio(self.broker, link)

        scenario = self.scenario
        vehicles = park(scenario.site, self.roads, self.world, radio_of, self.seed, characters=scenario.characters)
        for vehicle_id, vehicle in vehicles.items():
            links[vehicle_id].open(vehicle)
        return dict(vehicles)

    # The whole run ------------------------------------------------------------------------------------------------

    async def run(self) -> Outcome:
        self.mischief.start()
        if self.options.meddle is not None:
            self.options.meddle(self.vehicles, self.timers)
        if self.options.other_site is not None:
            self.timers.call_at(self.scenario.start_s + self.options.other_site.after_s, self._change_site)
        async with asyncio.TaskGroup() as self.tasks:
            lives = [self.tasks.create_task(self._live_on(), name="lives")]
            client = self.tasks.create_task(self._ask_for_runs(), name="client")
            if self.needs_people:
                lives.append(self.tasks.create_task(self.attendant.attend(self._state), name="attendant"))
            await self._until_over(client)
            for life in lives:
                life.cancel()
        return self._outcome()

    async def _until_over(self, client: asyncio.Task[None]) -> None:
        """Every run has come to its end and every vehicle is home, or the bound for that is over."""
        while self.clock.trade_now_s() < self.end_s + GRACE_S:
            await asyncio.sleep(LOOK_EVERY_S)
            if client.done() and self.clock.trade_now_s() >= self.plan.until_s and self._has_come_to_rest():
                self.is_over = True
                break
        if self.controller is None:
            raise RuntimeError("the simulation ended while the controller was down")
        self.tally.take(self.controller)
        self.checks.ended(self.controller.state)

    def _has_come_to_rest(self) -> bool:
        controller = self.controller
        if controller is None or set(controller.state.open_runs) - self._waiting() or self.operator.busy:
            return False
        at_home = all(vehicle.is_idle and not vehicle.driver.is_driving for vehicle in self.vehicles.values())
        state = controller.state
        return at_home and all(twin.trip_id is None and twin.order_id is None for twin in state.twins.values())

    def _waiting(self) -> frozenset[RunId]:
        """Open runs that only a person could end, who has no means to."""
        state = self._state()
        has_means = self.options.settle is not None or not self.needs_people
        return frozenset() if state is None or has_means else frozenset(unsure_runs(state))

    def _outcome(self) -> Outcome:
        assert self.controller is not None
        rejected = sum(1 for event in self.truth.events if event.kind == "order_rejected")
        return Outcome(
            seed=self.seed,
            state=self.controller.state,
            store=self.store,
            world=self.world,
            truth=self.truth,
            scenario=self.scenario,
            roads=self.roads,
            told=self.customers.told,
            plan=self.plan,
            writes=self.crasher.writes,
            crashes=self.crasher.crashes,
            refused=self.customers.refused,
            schema_violations=dict(self.tally.said_wrongly),
            heard_violations=dict(self.tally.heard_wrongly),
            orders_sent=self.tally.orders_sent,
            orders_rejected=rejected,
            plan_s=self.tally.plan_s,
            dispatch_s=self.tally.dispatch_s,
            stops_for_want_of_base=sum(v.driver.stops_for_want_of_base for v in self.vehicles.values()),
            simulated_s=self.clock.trade_now_s() - self.scenario.start_s,
            fault_hits={**self.network_faults.hits, **self.mischief.hits},
            acts=dict(self.attendant.acts),
            notes=dict(self.glance.notes),
            releases=self.glance.releases,
            waiting=self._waiting(),
            is_over=self.is_over,
        )

    # The controller's lives ---------------------------------------------------------------------------------------

    async def _live_on(self) -> None:
        """One controller after the other on the same store, each until it dies."""
        while True:
            try:
                await self._live()
            except BaseExceptionGroup as group:
                if group.split(CrashError)[1] is not None:
                    raise
            except CrashError:
                pass
            if self.controller is not None:
                self.tally.take(self.controller)
                self.controller = None
            await asyncio.sleep(RESTART_S)

    async def _live(self) -> None:
        controller = AreaController(self._parts())
        if self.options.spoil is not None:
            self.options.spoil(controller)
        await controller.open()
        self.controller = controller
        self.alive_since_s = self.clock.trade_now_s()
        controller.on_commit(lambda: self.checks.moved(controller.state))
        await controller.run()

    def _parts(self) -> Parts:
        store = CrashStore(self.store, self.crasher, self.checks.committed)
        listens = from_vehicles([self.scenario.site.interface_name])
        link = MemoryLink(self.broker, CLIENT_ID, listens, user=CLIENT_ID)
        solver = InlineSolver(clock=self.clock, latency_s=5.0) if self.options.solver_steps else None
        return Parts(
            clock=self.clock,
            link=CrashLink(link, self.crasher, self.checks.sent, self.hearing.before),
            store=store,
            writer=InlineWriter(store),
            solver=solver,
            budget=Budget(steps=self.options.solver_steps or 1),
            roads=self.roads,
            token=new_token(self.clock.trade_now_s(), f"{self.seed % 256:02x}"),
            owner="sim",
            by_force=True,
            lease_s=LEASE_S,
        )

    def _elsewhere(self, event: FaultEvent) -> None:
        match event.kind:
            case FaultKind.CRASH:
                self.crasher.arm(event.moment)
            case FaultKind.BROKER_DOWN:
                self.broker.stop(keep_retained=False)
                self.timers.call_at(self.clock.trade_now_s() + event.for_s, self.broker.start)
            case FaultKind.OPERATOR | FaultKind.ROADWORKS if self.tasks is not None:
                self.tasks.create_task(self.operator.act(event), name=f"operator {event.name}")

    def _change_site(self) -> None:
        assert self.options.other_site is not None
        self.roads = SiteRoads(self.options.other_site.site, self.roads.graph)
        self.crasher.arm(CrashMoment.AFTER_COMMIT)

    # People -------------------------------------------------------------------------------------------------------

    async def _ask_for_runs(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.customers.hand_in_all(), name="first")
            if self.options.sends_again:
                tasks.create_task(self.customers.send_again(self._state, self.end_s), name="again")

    async def _ask(self, command: Command, actor: str) -> Answer:
        if self.controller is None:
            raise JournalError("the controller is down")
        async with asyncio.timeout(CLIENT_WAIT_S):
            return await self.controller.ask(command, actor)
