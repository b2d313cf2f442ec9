"""Whether a vehicle holds the map that our orders name: it is sent nowhere without it (section 5.13)."""

from __future__ import annotations

from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import VehicleId
from fleet.model.order import ActionKind
from fleet.model.twin import MAP_DISABLED, MAP_ENABLED, MAP_MISSING, Twin
from fleet.orders.asked import ask
from fleet.orders.fit import is_offered
from fleet.orders.reach import may_be_heard
from fleet.state.attention import raise_assist, resolve_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.telemetry.intake import in_short
from fleet.telemetry.profiles import profile
from fleet.wire.messages import VehicleState

AGAIN_S = 60.0
"""One that is asked in vain is asked again after a while, not in each of its states."""


def take_maps(draft: Draft, map_id: str, vehicle_id: VehicleId, state: VehicleState) -> None:
    """What the vehicle says of its maps; one that lists none says nothing, and would refuse an order by itself."""
    twin = draft.state.twin(vehicle_id)
    word, version = _word(map_id, state)
    if (word, version) != (twin.map_word, twin.map_version):
        draft.emit(ev.MapChanged(vehicle_id=vehicle_id, map_id=map_id, word=word, map_version=version))
    subject = vehicle_subject(vehicle_id)
    if word == MAP_MISSING:
        detail = f"holds no map {map_id}; have its maker bring it there"
        raise_assist(draft, AssistCause.MAP_MISSING, subject, detail)
        return
    if word == MAP_DISABLED:
        _have_it_enabled(draft, draft.state.twin(vehicle_id))
        return
    resolve_assist(draft, AssistCause.MAP_MISSING, subject, f"it holds map {map_id}")


def _word(map_id: str, state: VehicleState) -> tuple[str, str]:
    if not state.maps:
        return "", ""
    ours = [held for held in state.maps if held.map_id == map_id]
    enabled = next((held for held in ours if held.is_enabled), None)
    if enabled is not None:
        return MAP_ENABLED, in_short(enabled.map_version)
    return (MAP_DISABLED, in_short(max(held.map_version for held in ours))) if ours else (MAP_MISSING, "")


def _have_it_enabled(draft: Draft, twin: Twin) -> None:
    if twin.order_id is not None or twin.instant(ActionKind.ENABLE_MAP) or not may_be_heard(twin):
        return
    if not is_offered(profile(twin), ActionKind.ENABLE_MAP):
        detail = f"map {twin.map_id} is disabled, and it does not offer enableMap; have its maker enable it"
        raise_assist(draft, AssistCause.MAP_MISSING, vehicle_subject(twin.vehicle.id), detail)
        return
    if twin.map_asked_s and draft.now_s < twin.map_asked_s + AGAIN_S:
        return
    if twin.map_asked_s:
        detail = f"map {twin.map_id} stays disabled, though it was asked to enable it"
        raise_assist(draft, AssistCause.MAP_MISSING, vehicle_subject(twin.vehicle.id), detail)
    more = (("mapId", twin.map_id), ("mapVersion", twin.map_version))
    ask(draft, twin.vehicle.id, ActionKind.ENABLE_MAP, more=more)
