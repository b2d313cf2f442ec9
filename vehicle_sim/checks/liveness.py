"""Promises about vehicles that go and come: silence is noticed in time, and whoever is well again gets work."""

from __future__ import annotations

from collections.abc import Sequence

from fleet.journal.commit import Commit
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.event import Event
from fleet.model.ids import VehicleId
from fleet.model.order import ActionKind
from fleet.model.twin import Liveness, Twin
from fleet.state.attention import vehicle_subject
from fleet.state.fleet_state import FleetState
from vehicle_sim.checks.base import Check, Glance

WELL_FOR_S = 150.0
"""The two minutes of the promise, and one state on top."""
SWEEP_S = 10.0
SLACK_S = 3.0
"""A tick of the controller's clock and its turn."""


class TheWellGetWork(Check):
    """L2: once faults are over, a vehicle that is well, heard and stands with nothing to do can be given work again.

    Within two minutes, and without anybody starting us anew. One that stands under an order we do not follow counts.
    """

    id = "L2"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        self._well_since_s: dict[VehicleId, float] = {}
        self._told: set[VehicleId] = set()
        glance.timers.call_at(glance.calm_s, self._sweep)

    def _sweep(self) -> None:
        now_s, state = self.glance.timers.now_s(), self.glance.state()
        for vehicle_id in self.glance.vehicles:
            twin = state.twins.get(vehicle_id) if state is not None else None
            is_ours = self.glance.is_listed(vehicle_id)
            if twin is None or twin.held or not is_ours or not self._is_well(vehicle_id):
                self._well_since_s.pop(vehicle_id, None)
                continue
            since_s = max(self._well_since_s.setdefault(vehicle_id, now_s), self.glance.hearing.up_since_s)
            if state is not None and now_s - since_s > WELL_FOR_S and vehicle_id not in self._told:
                self._judge(state, twin, now_s)
        self.glance.timers.call_at(now_s + SWEEP_S, self._sweep)

    def _is_well(self, vehicle_id: VehicleId) -> bool:
        """By the truth, not by what is believed of it."""
        vehicle = self.glance.vehicles[vehicle_id]
        stands = not vehicle.driver.is_driving and not vehicle.handling.is_busy and vehicle.driver.blocked_at is None
        return stands and vehicle.ailments.is_well and not vehicle.driver.is_empty and not vehicle.is_paused

    def _judge(self, state: FleetState, twin: Twin, now_s: float) -> None:
        order = state.active_order(twin.vehicle.id)
        why, is_idle = "", self.glance.vehicles[twin.vehicle.id].is_idle
        if not twin.can_take_orders:
            why = f"{twin.liveness}, {twin.connection}, {twin.mode}, fatal {twin.fatal}, foreign {twin.foreign_order!r}"
        elif twin.instant(ActionKind.CANCEL_ORDER):
            why = "a cancel has no end"
        elif order is not None and now_s - max(order.issued_s, order.passed_s) > WELL_FOR_S:
            why = f"{order.id} is {order.phase} and has no end"
        elif order is None and twin.has_order_left:
            why = "it is believed to have work left" if is_idle else "it stands under an order that nobody follows"
        if why:
            self._told.add(twin.vehicle.id)
            self.violate(f"is well and idle for {WELL_FOR_S:.0f} s and gets no work: {why}", twin.vehicle.id)


class SilenceIsNoticed(Check):
    """L5: a vehicle is stale and then lost when it was not heard for so long, not sooner and not later."""

    id = "L5"

    def __init__(self, glance: Glance) -> None:
        super().__init__(glance)
        limits = glance.roads.site.limits
        self._limit_s = {Liveness.STALE: limits.stale_s, Liveness.LOST: limits.lost_s}
        self._told: set[tuple[VehicleId, Liveness, float]] = set()
        glance.timers.call_at(glance.timers.now_s() + SWEEP_S, self._sweep)

    def committed(self, commit: Commit, events: Sequence[Event]) -> None:
        raised = {event.assist.subject for event in events if isinstance(event, ev.AssistRaised)}
        for event in events:
            if not isinstance(event, ev.LivenessChanged) or event.liveness not in self._limit_s:
                continue
            believed_s = self.glance.believed_heard_s(event.vehicle_id)
            since_s = max(believed_s, self.glance.alive_since_s())
            silent_s = self.glance.timers.now_s() - since_s
            if silent_s < self._limit_s[event.liveness] - SLACK_S:
                self.violate(f"is called {event.liveness} after {silent_s:.0f} s", event.vehicle_id)
            subject, state = vehicle_subject(event.vehicle_id), self.glance.state()
            is_known = state is not None and state.open_assist(subject, AssistCause.VEHICLE_LOST) is not None
            if event.liveness is Liveness.LOST and subject not in raised and not is_known:
                self.violate("is lost and nobody is called", event.vehicle_id)

    def _sweep(self) -> None:
        """Nobody is silent of whom nothing could have come in: the line must have been up for so long."""
        now_s, state = self.glance.timers.now_s(), self.glance.state()
        able_since_s = max(self.glance.alive_since_s(), self.glance.hearing.up_since_s)
        if state is not None:
            for vehicle_id, twin in state.twins.items():
                if not self.glance.is_listed(vehicle_id):
                    continue
                heard_s = max(self.glance.hearing.state_s.get(vehicle_id, 0.0), able_since_s)
                self._judge(vehicle_id, twin.liveness, now_s - heard_s, heard_s)
        self.glance.timers.call_at(now_s + SWEEP_S, self._sweep)

    def _judge(self, vehicle_id: VehicleId, level: Liveness, silent_s: float, heard_s: float) -> None:
        due = [name for name, limit_s in self._limit_s.items() if silent_s > limit_s + SLACK_S]
        reached = {Liveness.STALE: [Liveness.STALE], Liveness.LOST: [Liveness.STALE, Liveness.LOST]}.get(level, [])
        for missed in [name for name in due if name not in reached]:
            if (vehicle_id, missed, heard_s) not in self._told:
                self._told.add((vehicle_id, missed, heard_s))
                self.violate(f"was not heard for {silent_s:.0f} s and is called {level}", vehicle_id)
