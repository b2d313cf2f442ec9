"""People around the fleet: those who ask for something at the worst moment, and those who see to what waits for them.

Both speak to the controller as people do, through its commands; what they do with their own hands they do to the
simulated vehicles. All of it is drawn from the seed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

from fleet.clock import Clock
from fleet.dispatch.commands import Answer, Command, ReleaseVehicle
from fleet.dispatch.exits import ResolveAssist
from fleet.dispatch.settle import SettleParcels
from fleet.errors import JournalError, RefusedError, UnknownThingError
from fleet.model.assist import AssistCause
from fleet.model.custody import CustodyKind
from fleet.model.ids import RunId, VehicleId
from fleet.model.twin import Twin
from fleet.state.attention import vehicle_subject
from fleet.state.fleet_state import FleetState, RunView
from vehicle_sim.vehicle import SimVehicle
from vehicle_sim.world import World

ROUND_S = 30.0
PATIENCE_S = (90.0, 420.0)
"""So long something has waited before somebody has come, looked and done something."""
AT_THE_WHEEL_S = 120.0
RETRY_S = 5.0
REFILL_SHARE = 0.6

Ask = Callable[[Command, str], Awaitable[Answer]]
Settle = Callable[[FleetState, RunView, World], Command | None]
"""What a person who has looked where a run's parcels are tells the fleet; None where there is nothing to tell yet."""


async def insist(ask: Ask, command: Command, actor: str, clock: Clock) -> Answer | None:
    """Ask until there is an answer; None where it is a refusal."""
    while True:
        try:
            return await ask(command, actor)
        except (JournalError, TimeoutError):
            await clock.sleep_until(clock.trade_now_s() + RETRY_S)
        except (RefusedError, UnknownThingError):
            return None


def unsure_runs(state: FleetState) -> set[RunId]:
    """Runs whose parcels wait for a person to say where they are."""
    subjects = (assist.subject for assist in state.assists.values() if assist.cause is AssistCause.PARCELS_UNSURE)
    return {RunId(subject.partition(":")[2]) for subject in subjects}


def settle_by_looking(state: FleetState, view: RunView, world: World) -> Command | None:
    """Say where the first of them really are; the others are looked at on the next round."""
    waiting = [p for p in view.parcel_ids if state.custody[p].kind is CustodyKind.ASSIST]
    if not waiting:
        return None
    really = world.custody[waiting[0]]
    there = tuple(parcel for parcel in waiting if world.custody[parcel] == really)
    is_whole = {world.custody[parcel] for parcel in view.parcel_ids} == {really}
    return SettleParcels(
        run_id=view.run.id,
        at=really.kind,
        why="counted",
        vehicle_id=VehicleId(really.holder) if really.kind is CustodyKind.VEHICLE else None,
        parcel_ids=there,
        tries_again=really.kind is CustodyKind.STATION and is_whole and not view.recalled,
    )


class Attendant:
    """A sensible person with time: goes round, and sees to each thing some minutes after it came up.

    Args:
        holding: vehicles that somebody else holds on purpose.
        settle: how parcels are told to be where they are.

    Attributes:
        acts: what was done, and how often.
    """

    def __init__(
        self,
        ask: Ask,
        clock: Clock,
        vehicles: Mapping[VehicleId, SimVehicle],
        world: World,
        holding: set[VehicleId],
        seed: int,
        settle: Settle | None = settle_by_looking,
    ) -> None:
        self._ask, self._clock = ask, clock
        self._vehicles, self._world = vehicles, world
        self._holding = holding
        self._settle = settle
        self._rng = random.Random(f"attendant:{seed}")
        self._due_s: dict[str, float] = {}
        self.acts: Counter[str] = Counter()

    async def attend(self, state: Callable[[], FleetState | None]) -> None:
        """Go round until cancelled."""
        while True:
            await self._clock.sleep_until(self._clock.trade_now_s() + ROUND_S)
            now = state()
            if now is not None and self._settle is not None:
                for run_id in sorted(unsure_runs(now)):
                    await self._see_to_parcels(now, now.run(run_id), self._settle)
            for vehicle_id in sorted(self._vehicles):
                now = state()
                if now is not None and vehicle_id in now.twins:
                    await self._see_to(now, now.twin(vehicle_id))

    async def _see_to_parcels(self, state: FleetState, view: RunView, settle: Settle) -> None:
        """Not while parcels change hands anywhere: what is true now may not be in a minute."""
        if any(vehicle.handling.has_hands_at_work for vehicle in self._vehicles.values()):
            return
        command = settle(state, view, self._world)
        if command is not None and self._is_time(f"settle:{view.run.id}", is_needed=True):
            self.acts["settle"] += 1
            await insist(self._ask, command, "attendant", self._clock)

    async def _see_to(self, state: FleetState, twin: Twin) -> None:
        vehicle = self._vehicles[twin.vehicle.id]
        is_held = bool(twin.held) and twin.vehicle.id not in self._holding and not vehicle.handling.has_hands_at_work
        if self._is_time(f"held:{vehicle.id}", is_needed=is_held):
            self.acts["release"] += 1
            await insist(self._ask, ReleaseVehicle(vehicle.id, "looked at"), "attendant", self._clock)
        if self._is_time(f"stranded:{vehicle.id}", is_needed=self._is_stranded(state, twin)):
            self.acts["drive home"] += 1
            self._drive_home(vehicle)
        beyond = state.open_assist(vehicle_subject(vehicle.id), AssistCause.BEYOND_BASE)
        if self._is_time(f"beyond:{vehicle.id}", is_needed=beyond is not None) and beyond is not None:
            self.acts["let go on"] += 1
            await insist(self._ask, ResolveAssist(beyond.id, "the street is free"), "attendant", self._clock)
        foreign = state.open_assist(vehicle_subject(vehicle.id), AssistCause.FOREIGN_ORDER) is not None
        if self._is_time(f"foreign:{vehicle.id}", is_needed=foreign):
            self.acts["clear order"] += 1
            vehicle.ailments.go_manual(AT_THE_WHEEL_S)

    def _is_stranded(self, state: FleetState, twin: Twin) -> bool:
        """Empty, or nobody knows where it is: somebody has to go there and drive it home."""
        if self._vehicles[twin.vehicle.id].driver.is_empty:
            return True
        no_way = state.open_assist(vehicle_subject(twin.vehicle.id), AssistCause.NO_ROUTE) is not None
        return no_way and twin.place is None

    def _drive_home(self, vehicle: SimVehicle) -> None:
        vehicle.ailments.go_manual(AT_THE_WHEEL_S)
        self._world.timers.call_at(self._clock.trade_now_s() + AT_THE_WHEEL_S / 2.0, lambda: self._set_down(vehicle))

    def _set_down(self, vehicle: SimVehicle) -> None:
        if not vehicle.ailments.can_be_moved:
            return
        vehicle.ailments.is_towed(*vehicle.home)
        if vehicle.driver.is_empty:
            vehicle.driver.refilled(REFILL_SHARE * vehicle.type.battery.energy_wh)

    def _is_time(self, what: str, *, is_needed: bool) -> bool:
        """Whether something has waited for so long that a person sees to it now."""
        if not is_needed:
            self._due_s.pop(what, None)
            return False
        now_s = self._clock.trade_now_s()
        if what not in self._due_s:
            self._due_s[what] = now_s + self._rng.uniform(*PATIENCE_S)
        if now_s < self._due_s[what]:
            return False
        del self._due_s[what]
        return True
