"""What people ask of the fleet at the worst moment: hold, recall, cancel, close or slow a road, hand in again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from fleet.clock import Clock
from fleet.dispatch.commands import (
    CancelRun,
    CloseRoad,
    HoldVehicle,
    RecallVehicle,
    ReleaseVehicle,
    ReopenRoad,
    RunRequest,
    SlowRoad,
    SubmitRuns,
    UnslowRoad,
)
from fleet.model.ids import RunId, VehicleId
from fleet.model.order import OrderPurpose
from fleet.model.run import RunPhase
from fleet.state.fleet_state import FleetState
from vehicle_sim.faults import BRIEF_S, FaultEvent
from vehicle_sim.people import Ask, insist
from vehicle_sim.world import World

HELD_FOR = "to be looked at"

LOOK_S = 10.0
SLOW_MPS = (2.0, 4.0, 7.0)
PHASES = {
    "cancel_waiting": (RunPhase.REQUESTED, RunPhase.ASSIGNED),
    "cancel_loading": (RunPhase.LOADING,),
    "cancel_under_way": (RunPhase.UNDER_WAY,),
    "cancel_handover": (RunPhase.UNDER_WAY,),
}


class Operator:
    """Carries out the faults that people are.

    Args:
        state: the present controller's, None while there is none.
        road_under: the road a vehicle really is on.
        batches: what was handed in so far.
        hits: counts what was really asked, by the fault's name.
        until_s: nothing is begun any more after it.

    Attributes:
        holding: vehicles held on purpose; nobody else releases them.
        busy: acts that have not come to their end.
    """

    def __init__(
        self,
        ask: Ask,
        clock: Clock,
        world: World,
        state: Callable[[], FleetState | None],
        road_under: Callable[[VehicleId], str],
        batches: Callable[[], Sequence[Sequence[RunRequest]]],
        hits: Counter[str],
        until_s: float,
    ) -> None:
        self._ask, self._clock, self._world = ask, clock, world
        self._state, self._road_under, self._batches = state, road_under, batches
        self._hits, self._until_s = hits, until_s
        self.holding: set[VehicleId] = set()
        self.busy = 0

    async def act(self, event: FaultEvent) -> None:
        """Do one thing, as soon as there is an occasion for it."""
        self.busy += 1
        try:
            while not await self._did(event):
                await self._wait(LOOK_S)
                if self._clock.trade_now_s() + event.for_s >= self._until_s:
                    return
            self._hits[event.name] += 1
        finally:
            self.busy -= 1

    async def _did(self, event: FaultEvent) -> bool:
        """Whether there was an occasion, and it was taken."""
        state, vehicle_id = self._state(), VehicleId(event.target)
        if state is None or vehicle_id not in state.twins:
            return False
        match event.variant:
            case "hold":
                await self._hold(vehicle_id, event.for_s)
            case "recall":
                if not state.twin(vehicle_id).aboard:
                    return False
                await insist(self._ask, RecallVehicle(vehicle_id, "called back"), "operator", self._clock)
            case "close_ahead" | "close_base" | "close_under":
                key = self._road(state, vehicle_id, event.variant)
                if not key:
                    return False
                await self._close((key,), event.for_s)
            case "slow_ahead" | "slow_base" | "slow_one_way" | "close_street":
                keys = self._street(state, vehicle_id, event.variant)
                if not keys:
                    return False
                await (self._close if event.variant == "close_street" else self._slow)(keys, event.for_s)
            case "resubmit":
                return await self._resubmit()
            case _:
                return await self._cancel(state, vehicle_id, event.variant)
        return True

    async def _hold(self, vehicle_id: VehicleId, for_s: float) -> None:
        self.holding.add(vehicle_id)
        await insist(self._ask, HoldVehicle(vehicle_id, HELD_FOR), "operator", self._clock)
        await self._wait(for_s)
        state = self._state()
        if state is None or state.twin(vehicle_id).held in ("", HELD_FOR):  # held for more: that is for who looks
            await insist(self._ask, ReleaseVehicle(vehicle_id, "looked at"), "operator", self._clock)
        self.holding.discard(vehicle_id)

    def _road(self, state: FleetState, vehicle_id: VehicleId, where: str) -> str:
        """The key of a road on the vehicle's way, or empty where it has none such."""
        order = state.active_order(vehicle_id)
        if order is None:
            return ""
        if where == "close_under":
            return self._road_under(vehicle_id)
        base, ahead = order.path[order.passed + 1 : order.released], order.path[order.released :]
        pieces = base if where.endswith("_base") else ahead
        return pieces[0].road_key if pieces else ""

    def _street(self, state: FleetState, vehicle_id: VehicleId, where: str) -> tuple[str, ...]:
        """The same in both directions, where the street has two and people mean both."""
        key, graph = self._road(state, vehicle_id, where), self._world.ground.graph
        edge = graph.edge_by_key(key)
        if edge is None:
            return ()
        back = int(graph.edge_reverse[edge])
        return (key,) if where == "slow_one_way" or back < 0 else (key, graph.edge_key(back))

    async def _close(self, keys: tuple[str, ...], for_s: float) -> None:
        """For a moment, over by itself; or for a while, opened by hand before its time is up."""
        is_brief = for_s <= BRIEF_S
        until_s = self._clock.trade_now_s() + (for_s if is_brief else 2.0 * for_s)
        for key in keys:
            await insist(self._ask, CloseRoad(key, until_s, "a water main"), "operator", self._clock)
        if not is_brief:
            await self._wait(for_s)
            for key in keys:
                await insist(self._ask, ReopenRoad(key, "mended"), "operator", self._clock)

    async def _slow(self, keys: tuple[str, ...], for_s: float) -> None:
        """At some speed, changed once on the way; over by itself in one of two cases, else by hand."""
        now_s = self._clock.trade_now_s()
        first = int(now_s) % len(SLOW_MPS)
        ends_itself = int(now_s) % 2 == 0
        for speed_mps in (SLOW_MPS[first], SLOW_MPS[first - 1]):
            until_s = now_s + (for_s if ends_itself else 2.0 * for_s)
            for key in keys:
                await insist(self._ask, SlowRoad(key, speed_mps, until_s, "fresh asphalt"), "operator", self._clock)
            await self._wait(for_s / 2.0)
        for key in () if ends_itself else keys:
            await insist(self._ask, UnslowRoad(key, "it is dry"), "operator", self._clock)

    async def _cancel(self, state: FleetState, vehicle_id: VehicleId, variant: str) -> bool:
        phases = PHASES[variant]
        found = [run_id for run_id in sorted(state.open_runs) if state.run(run_id).phase in phases]
        if variant.endswith("handover"):
            found = [run_id for run_id in found if run_id in _in_delivery(state, vehicle_id)]
        if not found:
            return False
        await insist(self._ask, CancelRun(found[0], "no longer wanted"), "operator", self._clock)
        return True

    async def _resubmit(self) -> bool:
        """The same runs under another key are refused; under their own key they are answered as before."""
        batches = self._batches()
        if not batches:
            return False
        runs = tuple(batches[-1])
        own = await insist(self._ask, SubmitRuns(key=f"batch-{runs[0].run_id}", runs=runs), "operator", self._clock)
        if own is None or not own.is_repeat:
            self._world.violate("S2", "", f"runs handed in again under their own key were answered {own}")
        other = await insist(self._ask, SubmitRuns(key=f"again-{runs[0].run_id}", runs=runs), "operator", self._clock)
        if other is not None and not other.is_repeat:
            self._world.violate("S2", "", "runs handed in again under another key were taken twice")
        return True

    async def _wait(self, for_s: float) -> None:
        await self._clock.sleep_until(self._clock.trade_now_s() + for_s)


def _in_delivery(state: FleetState, vehicle_id: VehicleId) -> set[RunId]:
    """Runs that the vehicle is on its way to hand over, or is handing over."""
    order = state.active_order(vehicle_id)
    if order is None or order.purpose is not OrderPurpose.DELIVER:
        return set()
    return {action.run_id for action in order.actions}
