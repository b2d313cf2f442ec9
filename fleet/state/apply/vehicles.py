"""Events of vehicles themselves."""

from __future__ import annotations

from fleet.model import event as ev
from fleet.model.change import replace
from fleet.model.refusal import Refusal, ShutRoad
from fleet.model.twin import MAP_ENABLED, Answered, Blocked, Liveness
from fleet.state.apply.changes import with_twin
from fleet.state.apply.registry import on
from fleet.state.fleet_state import FleetState

ANSWERS_KEPT = 32


@on(ev.ConnectionChanged)
def _connection_changed(state: FleetState, event: ev.ConnectionChanged, now_s: float) -> FleetState:
    return with_twin(state, event.vehicle_id, connection=event.connection)


@on(ev.LivenessChanged)
def _liveness_changed(state: FleetState, event: ev.LivenessChanged, now_s: float) -> FleetState:
    if event.liveness is Liveness.FRESH:
        return with_twin(state, event.vehicle_id, liveness=event.liveness, heard_epoch=state.epoch)
    return with_twin(state, event.vehicle_id, liveness=event.liveness)


@on(ev.ConditionChanged)
def _condition_changed(state: FleetState, event: ev.ConditionChanged, now_s: float) -> FleetState:
    twin = state.twin(event.vehicle_id)
    stopped_s = (twin.stopped_s if twin.is_stopped else now_s) if event.is_stopped else 0.0
    return with_twin(
        state,
        event.vehicle_id,
        mode=event.mode,
        is_stopped=event.is_stopped,
        stopped_s=stopped_s,
        is_localized=event.is_localized,
        is_paused=event.is_paused,
        fatal=event.fatal,
        critical=event.critical,
        critical_s=twin.critical_s if event.critical == twin.critical else now_s,
    )


@on(ev.MapChanged)
def _map_changed(state: FleetState, event: ev.MapChanged, now_s: float) -> FleetState:
    asked_s = 0.0 if event.word == MAP_ENABLED else state.twin(event.vehicle_id).map_asked_s
    return with_twin(
        state,
        event.vehicle_id,
        map_word=event.word,
        map_id=event.map_id,
        map_version=event.map_version,
        map_asked_s=asked_s,
    )


@on(ev.RefusalTaken)
def _refusal_taken(state: FleetState, event: ev.RefusalTaken, now_s: float) -> FleetState:
    twin = state.twin(event.vehicle_id)
    last = twin.refusal
    count = last.count + 1 if last is not None and last.reaction is event.reaction else 1
    total = last.total + 1 if last is not None else 1
    refusal = Refusal(
        reaction=event.reaction,
        count=count,
        total=total,
        again_s=event.again_s,
        is_of_update=event.update_id > 0,
    )
    return with_twin(
        state,
        event.vehicle_id,
        refusal=refusal,
        avoids=tuple(sorted({*twin.avoids, *event.avoids})),
        window_edges=event.window_edges or twin.window_edges,
    )


@on(ev.RoadShut)
def _road_shut(state: FleetState, event: ev.RoadShut, now_s: float) -> FleetState:
    others = (s for s in state.twin(event.vehicle_id).shut if s.until_s > now_s and s.road_key != event.road_key)
    return with_twin(state, event.vehicle_id, shut=(*others, ShutRoad(event.road_key, event.until_s)))


@on(ev.ProfileLearned)
def _profile_learned(state: FleetState, event: ev.ProfileLearned, now_s: float) -> FleetState:
    return with_twin(state, event.vehicle_id, learned=event.learned)


@on(ev.NamesKept)
def _names_kept(state: FleetState, event: ev.NamesKept, now_s: float) -> FleetState:
    return with_twin(state, event.vehicle_id, names_kept=event.limits)


@on(ev.StrangeOrderShown)
def _strange_order_shown(state: FleetState, event: ev.StrangeOrderShown, now_s: float) -> FleetState:
    return with_twin(state, event.vehicle_id, strange_order=event.order_id)


@on(ev.BeyondBaseChanged)
def _beyond_base_changed(state: FleetState, event: ev.BeyondBaseChanged, now_s: float) -> FleetState:
    return with_twin(state, event.vehicle_id, beyond=event.where)


@on(ev.ZonesTold)
def _zones_told(state: FleetState, event: ev.ZonesTold, now_s: float) -> FleetState:
    known = state.twin(event.vehicle_id).zones
    tidied = tuple(name for name in known.tidied if name != event.zone_set_id)
    return with_twin(state, event.vehicle_id, zones=replace(known, told=event.zone_set_id, tidied=tidied))


@on(ev.ZonesTidied)
def _zones_tidied(state: FleetState, event: ev.ZonesTidied, now_s: float) -> FleetState:
    known = state.twin(event.vehicle_id).zones
    return with_twin(state, event.vehicle_id, zones=replace(known, tidied=(*known.tidied, event.zone_set_id)))


@on(ev.ZonesShown)
def _zones_shown(state: FleetState, event: ev.ZonesShown, now_s: float) -> FleetState:
    known = state.twin(event.vehicle_id).zones
    is_lost = not event.zone_set_id and known.shown == known.told  # it had it: it is told again
    told = "" if is_lost else known.told
    zones = replace(
        known,
        told=told,
        shown=event.zone_set_id,
        is_enabled=event.is_enabled,
        old=event.old,
        tidied=tuple(name for name in known.tidied if name in event.old),
    )
    return with_twin(state, event.vehicle_id, zones=zones)


@on(ev.RequestAnswered)
def _request_answered(state: FleetState, event: ev.RequestAnswered, now_s: float) -> FleetState:
    known = {each.request_id: each for each in state.twin(event.vehicle_id).answers}
    before = known.pop(event.request_id, None)
    answer = Answered(
        request_id=event.request_id,
        grant=event.grant,
        until_s=event.until_s,
        subject=event.subject,
        answered_s=now_s,
        holds_room=event.takes_room or (before is not None and before.holds_room),
    )
    kept = [each for each in known.values() if each.holds_room]
    others = [each for each in known.values() if not each.holds_room][1 - ANSWERS_KEPT :]
    if answer.holds_room:
        state = replace(state, roomy=state.roomy.set(event.vehicle_id, None))
    return with_twin(state, event.vehicle_id, answers=(*kept, *others, answer))


@on(ev.LeaveEnded)
def _leave_ended(state: FleetState, event: ev.LeaveEnded, now_s: float) -> FleetState:
    answers = tuple(
        replace(answer, holds_room=False) if answer.request_id == event.request_id else answer
        for answer in state.twin(event.vehicle_id).answers
    )
    return with_twin(state, event.vehicle_id, answers=answers)


@on(ev.AnswerTaken)
def _answer_taken(state: FleetState, event: ev.AnswerTaken, now_s: float) -> FleetState:
    answers = tuple(
        replace(answer, is_open=False) if answer.request_id == event.request_id else answer
        for answer in state.twin(event.vehicle_id).answers
    )
    return with_twin(state, event.vehicle_id, answers=answers)


@on(ev.ComplaintsChanged)
def _complaints_changed(state: FleetState, event: ev.ComplaintsChanged, now_s: float) -> FleetState:
    return with_twin(state, event.vehicle_id, complaints=event.complaints)


@on(ev.ChargeChanged)
def _charge_changed(state: FleetState, event: ev.ChargeChanged, now_s: float) -> FleetState:
    twin = state.twin(event.vehicle_id)
    plug = twin.plug
    if event.is_charging is not twin.is_charging:
        plug = plug.after_switching(now_s, is_charging=event.is_charging)
    elif event.is_charging and event.soc_fraction > twin.soc_fraction:
        plug = plug.after_rising(now_s)
    return with_twin(state, event.vehicle_id, soc_fraction=event.soc_fraction, is_charging=event.is_charging, plug=plug)


@on(ev.ChargingFailed)
def _charging_failed(state: FleetState, event: ev.ChargingFailed, now_s: float) -> FleetState:
    plug = state.twin(event.vehicle_id).plug.after_failing(event.kind, now_s)
    return with_twin(state, event.vehicle_id, plug=plug)


@on(ev.VehiclePlaced)
def _vehicle_placed(state: FleetState, event: ev.VehiclePlaced, now_s: float) -> FleetState:
    return with_twin(state, event.vehicle_id, place=event.place, node_id=event.node_id)


@on(ev.WorkLeftChanged)
def _work_left_changed(state: FleetState, event: ev.WorkLeftChanged, now_s: float) -> FleetState:
    return with_twin(state, event.vehicle_id, has_order_left=event.has_order_left, foreign_order=event.foreign_order)


@on(ev.BlockedChanged)
def _blocked_changed(state: FleetState, event: ev.BlockedChanged, now_s: float) -> FleetState:
    blocked = Blocked(event.edge_id, now_s) if event.edge_id else None
    return with_twin(state, event.vehicle_id, blocked=blocked)


@on(ev.VehicleHeld)
def _vehicle_held(state: FleetState, event: ev.VehicleHeld, now_s: float) -> FleetState:
    return with_twin(state, event.vehicle_id, held=event.why)


@on(ev.VehicleReleased)
def _vehicle_released(state: FleetState, event: ev.VehicleReleased, now_s: float) -> FleetState:
    subject = f"vehicle:{event.vehicle_id}"
    quarantine = state.quarantine.delete(subject) if subject in state.quarantine else state.quarantine
    twin = state.twin(event.vehicle_id)
    # What was left out and did not help is told again; but never road that it would drive into unreleased.
    avoids = twin.avoids if twin.refusal is None else tuple(part for part in twin.avoids if part == "horizon")
    free = replace(state, quarantine=quarantine)
    return with_twin(free, event.vehicle_id, held="", forgotten=0, refusal=None, avoids=avoids)
