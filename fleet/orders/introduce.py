"""How a vehicle wants to be spoken to is learned, and people are told where that is not what they have configured."""

from __future__ import annotations

from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.change import replace
from fleet.model.ids import VehicleId
from fleet.model.order import ActionKind, ActionPhase
from fleet.model.profile import Learned, contradictions
from fleet.model.site import Site
from fleet.model.size import misfits
from fleet.model.twin import Twin
from fleet.state.attention import raise_assist, resolve_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.telemetry.learn import Voice, after_factsheet, after_version, after_voice
from fleet.telemetry.names import same_names
from fleet.telemetry.profiles import profile
from fleet.wire.messages import Factsheet
from fleet.wire.registry import registry


def take_voice(draft: Draft, site: Site, vehicle_id: VehicleId, voice: Voice) -> None:
    """A message was said in another way than the ones before it."""
    _learn(draft, site, vehicle_id, after_voice(draft.state.twin(vehicle_id), voice))


def take_factsheet(draft: Draft, site: Site, vehicle_id: VehicleId, sheet: Factsheet) -> None:
    """What a vehicle says it can do; asked for or not, it need not be asked again."""
    twin = draft.state.twin(vehicle_id)
    _learn(draft, site, vehicle_id, after_factsheet(twin.learned, sheet))
    keep_names(draft, twin)
    if (request := twin.instant(ActionKind.FACTSHEET_REQUEST)) is not None:
        draft.emit(
            ev.InstantMoved(
                vehicle_id=vehicle_id, action_id=request.action_id, phase=ActionPhase.FINISHED, result="it came"
            )
        )


def take_answer(draft: Draft, site: Site, before: Twin, event: ev.InstantMoved) -> None:
    """A state shows an instant action; the first one after they were listed under the old key tells that it needs it.

    Args:
        before: the vehicle as it was before the event.
    """
    if event.is_shown and before.learned.was_told_alias and not before.hears_instants:
        _learn(draft, site, before.vehicle.id, replace(before.learned, needs_alias=True))


def take_heedlessness(draft: Draft, site: Site, vehicle_id: VehicleId) -> None:
    """It takes announced road for released: from now on none is announced to it, and its order is begun anew."""
    learned = draft.state.twin(vehicle_id).learned
    _learn(draft, site, vehicle_id, replace(learned, ignores_released=True))


def take_version(draft: Draft, site: Site, twin: Twin, version: str) -> None:
    """A state that could be read bears this version; looked at with each state, so it must cost nothing."""
    if version == (twin.learned.version or twin.vehicle.vda5050_version) and not twin.learned.unspoken:
        return
    _learn(draft, site, twin.vehicle.id, replace(after_version(twin, version), unspoken=""))


def keep_names(draft: Draft, before: Twin) -> None:
    """An order goes on under the name it was given, whatever ids factsheet or site file ask for from now on.

    Args:
        before: the vehicle as it was spoken to before they did.
    """
    vehicle_id, limits = before.vehicle.id, profile(before).limits
    if _has_names(before) and not same_names(profile(draft.state.twin(vehicle_id)).limits, limits):
        draft.emit(ev.NamesKept(vehicle_id=vehicle_id, limits=limits))


def take_new_names(draft: Draft, vehicle_id: VehicleId) -> None:
    """Once it has nothing to do, a vehicle is told things by the names that are asked for now."""
    twin = draft.state.twin(vehicle_id)
    if twin.names_kept is not None and not _has_names(twin):
        draft.emit(ev.NamesKept(vehicle_id=vehicle_id, limits=None))


def _has_names(twin: Twin) -> bool:
    """It has been told something under a name by which it will speak of it."""
    return twin.order_id is not None or twin.is_asked


def tell_contradictions(draft: Draft, site: Site, vehicle_id: VehicleId) -> None:
    """Call a person where site file and vehicle disagree, once for each thing they disagree about."""
    twin, subject = draft.state.twin(vehicle_id), vehicle_subject(vehicle_id)
    vehicle = twin.vehicle
    found = [*contradictions(vehicle.vda5050_version, vehicle.habits, twin.learned)]
    found += misfits(site.vehicle_types[vehicle.type_id], vehicle.habits, twin.learned)
    detail = "; ".join(found)
    known = draft.state.open_assist(subject, AssistCause.PROFILE_CONTRADICTS)
    if known is not None and known.detail != detail:
        resolve_assist(draft, AssistCause.PROFILE_CONTRADICTS, subject, detail or "they agree")
    if detail:
        raise_assist(draft, AssistCause.PROFILE_CONTRADICTS, subject, detail)
    _tell_too_large(draft, twin)


def _tell_too_large(draft: Draft, twin: Twin) -> None:
    """A vehicle that has no room on our roads is sent nowhere, and others do what it was to do (section 4.8)."""
    subject, detail = vehicle_subject(twin.vehicle.id), twin.outsize
    known = draft.state.open_assist(subject, AssistCause.VEHICLE_TOO_LARGE)
    if known is not None and known.detail != detail:
        resolve_assist(draft, AssistCause.VEHICLE_TOO_LARGE, subject, detail or "it has room")
    if detail:
        raise_assist(draft, AssistCause.VEHICLE_TOO_LARGE, subject, detail)
    if bool(detail) is not (known is not None):
        draft.want_plan(f"{twin.vehicle.id} {'is too large' if detail else 'has room after all'}")


def _learn(draft: Draft, site: Site, vehicle_id: VehicleId, learned: Learned) -> None:
    before = draft.state.twin(vehicle_id).learned
    if learned == before:
        return
    draft.emit(ev.ProfileLearned(vehicle_id=vehicle_id, learned=learned))
    if learned.unspoken != before.unspoken:
        _tell_unspoken(draft, vehicle_id, learned.unspoken)
    tell_contradictions(draft, site, vehicle_id)
    draft.touch(vehicle_id)


def _tell_unspoken(draft: Draft, vehicle_id: VehicleId, version: str) -> None:
    """Nothing is sent to a vehicle of which no message can be read (section 0.6)."""
    subject = vehicle_subject(vehicle_id)
    resolve_assist(draft, AssistCause.VERSION_UNKNOWN, subject, f"it speaks {version or 'a known version'}")
    if version:
        known = ", ".join(sorted(registry().codecs))
        detail = f"speaks VDA 5050 {version!r}, and {known} are known here; nothing is sent to it"
        raise_assist(draft, AssistCause.VERSION_UNKNOWN, subject, detail)
