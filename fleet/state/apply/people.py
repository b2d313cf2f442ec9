"""Events of roads, and of what people are called for."""

from __future__ import annotations

from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.change import replace
from fleet.model.ids import VehicleId
from fleet.state.apply.changes import count, with_twin
from fleet.state.apply.registry import on
from fleet.state.fleet_state import Closure, FleetState, SlowRoad


@on(ev.RoadClosed)
def _road_closed(state: FleetState, event: ev.RoadClosed, now_s: float) -> FleetState:
    closures = state.closures.mutate()
    for key in [key for key, closure in state.closures.items() if closure.until_s <= now_s]:
        del closures[key]
    closures[event.road_key] = Closure(event.until_s, event.why, event.is_obstacle)
    return replace(state, closures=closures.finish())


@on(ev.RoadReopened)
def _road_reopened(state: FleetState, event: ev.RoadReopened, now_s: float) -> FleetState:
    if event.road_key not in state.closures:
        return state
    return replace(state, closures=state.closures.delete(event.road_key))


@on(ev.RoadSlowed)
def _road_slowed(state: FleetState, event: ev.RoadSlowed, now_s: float) -> FleetState:
    known = state.slow_roads.get(event.road_key)
    first_s, loosest_mps = now_s, event.speed_mps
    if known is not None and known.until_s > now_s:
        first_s, loosest_mps = known.first_s, max(known.loosest_mps, event.speed_mps)
    slow = SlowRoad(event.speed_mps, now_s, event.until_s, event.why, first_s, loosest_mps)
    return replace(state, slow_roads=state.slow_roads.set(event.road_key, slow))


@on(ev.RoadUnslowed)
def _road_unslowed(state: FleetState, event: ev.RoadUnslowed, now_s: float) -> FleetState:
    if event.road_key not in state.slow_roads:
        return state
    return replace(state, slow_roads=state.slow_roads.delete(event.road_key))


@on(ev.AssistRaised)
def _assist_raised(state: FleetState, event: ev.AssistRaised, now_s: float) -> FleetState:
    assist = event.assist
    open_ones = (*state.assists_of.get(assist.subject, ()), assist.id)
    assists_of = state.assists_of.set(assist.subject, open_ones)
    return count(replace(state, assists=state.assists.set(assist.id, assist), assists_of=assists_of), "assist")


@on(ev.AssistResolved)
def _assist_resolved(state: FleetState, event: ev.AssistResolved, now_s: float) -> FleetState:
    known = state.assists[event.assist_id]
    if known.cause is AssistCause.QUARANTINED and not known.subject.startswith("vehicle:"):  # that one is released
        quarantine = state.quarantine.delete(known.subject) if known.subject in state.quarantine else state.quarantine
        state = replace(state, quarantine=quarantine)
    left = tuple(assist_id for assist_id in state.assists_of[known.subject] if assist_id != event.assist_id)
    assists_of = state.assists_of.set(known.subject, left) if left else state.assists_of.delete(known.subject)
    return replace(state, assists=state.assists.delete(event.assist_id), assists_of=assists_of)


@on(ev.ItemQuarantined)
def _item_quarantined(state: FleetState, event: ev.ItemQuarantined, now_s: float) -> FleetState:
    state = replace(state, quarantine=state.quarantine.set(event.subject, event.error))
    kind, _, name = event.subject.partition(":")
    if kind == "vehicle":
        return with_twin(state, VehicleId(name), held=f"quarantined: {event.error}")
    return state


@on(ev.QuarantineEnded)
def _quarantine_ended(state: FleetState, event: ev.QuarantineEnded, now_s: float) -> FleetState:
    return replace(state, quarantine=state.quarantine.delete(event.subject))
