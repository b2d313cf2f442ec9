"""How one simulation is run, and what it ended with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fleet.controller import AreaController
from fleet.journal.archive import Archive
from fleet.journal.commit import Store
from fleet.model.ids import RunId, VehicleId
from fleet.model.site import Site
from fleet.report.exposure import Release
from fleet.roads.site_roads import SiteRoads
from fleet.state.fleet_state import FleetState, RunView
from fleet.wire.manners import MOSQUITTO, Manners
from vehicle_sim.crash import CrashPoint
from vehicle_sim.demand import ToldRun
from vehicle_sim.faults import FaultPlan
from vehicle_sim.people import Settle, settle_by_looking
from vehicle_sim.scenario import Scenario
from vehicle_sim.timers import Timers
from vehicle_sim.truth import Truth
from vehicle_sim.vehicle import SimVehicle
from vehicle_sim.world import Violation, World

Wrapping = Callable[[AreaController], None]
Meddling = Callable[[Mapping[VehicleId, SimVehicle], Timers], None]


@dataclass(frozen=True, slots=True)
class OtherSite:
    """From `after_s` behind the start on, a controller that starts finds this site; the one before it dies then."""

    after_s: float
    site: Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How one simulation is run.

    Attributes:
        profile: replaces the scenario's own fault profile.
        crash_points: store writes at which the controller dies, on top of the faults.
        until_s: end of the scenario instead of its own.
        solver_steps: budget of the solver; 0 for none.
        spoil: plants a bug in each new controller, to see whether the checks find it.
        meddle: lays hands on the vehicles before anything begins; may set timers for more.
        shuffle: also draw the order of callbacks that are ready together.
        other_site: the site file is changed, and the controller restarted with it.
        settle: how people tell where parcels are that nobody is sure of; None leaves those runs waiting for ever.
        manners: which broker the one in memory behaves like.
        has_rights: the broker lets everyone say and hear only what is theirs.
        sends_again: what came back to its station is handed in again in a new run, until the scenario's end.
    """

    profile: str | None = None
    crash_points: frozenset[CrashPoint] = frozenset()
    until_s: float | None = None
    solver_steps: int = 10
    spoil: Wrapping | None = None
    meddle: Meddling | None = None
    shuffle: bool = False
    samples: bool = False
    other_site: OtherSite | None = None
    settle: Settle | None = settle_by_looking
    sends_again: bool = False
    manners: Manners = MOSQUITTO
    has_rights: bool = False


@dataclass(slots=True)
class Outcome:
    """What a simulation ended with.

    Attributes:
        schema_violations: rules that what we say breaks, by topic and field.
        heard_violations: the same of what vehicles say; those of a sloppy make do it all day.
        fault_hits: how often each fault really befell somebody.
        acts: what people did about it.
        notes: what is no violation and still worth counting.
        releases: road that vehicles were let into.
        waiting: open runs that only a person could end, who has no means to.
    """

    seed: int
    state: FleetState
    store: Store
    world: World
    truth: Truth
    scenario: Scenario
    roads: SiteRoads
    told: list[ToldRun]
    plan: FaultPlan
    writes: int
    crashes: int
    refused: list[str]
    schema_violations: dict[str, int]
    heard_violations: dict[str, int]
    orders_sent: int
    orders_rejected: int
    plan_s: list[float]
    dispatch_s: list[float]
    stops_for_want_of_base: int
    simulated_s: float
    fault_hits: dict[str, int]
    acts: dict[str, int]
    notes: dict[str, int]
    releases: list[Release]
    waiting: frozenset[RunId]
    is_over: bool

    @property
    def violations(self) -> list[Violation]:
        return self.world.violations

    @property
    def runs(self) -> dict[RunId, RunView]:
        """All runs, those that were archived too."""
        archived = {each.view.run.id: each.view for each in Archive(self.store, self.scenario.site.id).runs()}
        return archived | dict(self.state.runs)


@dataclass(slots=True)
class Tally:
    """Figures of controllers that are gone."""

    said_wrongly: Counter[str] = field(default_factory=Counter)
    heard_wrongly: Counter[str] = field(default_factory=Counter)
    orders_sent: int = 0
    plan_s: list[float] = field(default_factory=list)
    dispatch_s: list[float] = field(default_factory=list)

    def take(self, controller: AreaController) -> None:
        stats = controller.stats
        self.said_wrongly.update(stats.said_wrongly())
        self.heard_wrongly.update(stats.heard_wrongly())
        self.orders_sent += stats.sent["order"]
        self.plan_s += stats.solver_s
        self.dispatch_s += stats.dispatch_s
