"""L10: whatever a person is called for comes to an end, by itself, by a command, or by being closed."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fleet.cli.assist_reference import render
from fleet.cli.reference import commands as cli_commands
from fleet.dispatch.commands import (
    CancelRun,
    CloseRoad,
    Command,
    HoldVehicle,
    ReleaseVehicle,
    ReopenRoad,
    perform,
)
from fleet.dispatch.exits import EXITS, ResolveAssist, remedy
from fleet.dispatch.settle import SettleParcels, unsure
from fleet.errors import RefusedError, UnknownThingError
from fleet.model import event as ev
from fleet.model.assist import Assist, AssistCause
from fleet.model.custody import CustodyKind
from fleet.model.ids import ActionId, AssistId, RunId
from fleet.model.order import ActionKind
from fleet.model.profile import Learned
from fleet.model.twin import Liveness
from fleet.orders.end_order import EndOrder, end_order
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import raise_assist
from fleet.state.draft import Draft
from tests.nouns import NOW_S, POINT_1, VAN_1, a_run, after, an_order, loaded, opened, parcels_of

C = AssistCause
RUN = RunId("run-1")
VAN, LOT, STREET = "vehicle:van-1", "run:run-1", "e2-3-1"
HELD = ev.VehicleHeld(vehicle_id=VAN_1, why="seen to")

Scene = Callable[[SiteRoads], Draft]


def under_way(roads: SiteRoads, *events: ev.Event) -> Draft:
    """Van 1 has run-1 aboard and an order to its door that it has not shown yet."""
    order = an_order("n1", f"point:{POINT_1}")
    return Draft(after(loaded(roads), [ev.OrderIssued(order=order), *events]), NOW_S)


def waiting(roads: SiteRoads) -> Draft:
    return Draft(after(opened(roads), [ev.RunsAccepted(key="", digest="", runs=(a_run(),))]), NOW_S)


def parcels_unsure(roads: SiteRoads) -> Draft:
    draft = under_way(roads)
    unsure(draft, RUN, parcels_of("run-1"), "no outcome")
    return draft


def condition(*, mode: str = "AUTOMATIC", fatal: tuple[str, ...] = ()) -> ev.Event:
    return ev.ConditionChanged(vehicle_id=VAN_1, mode=mode, is_stopped=False, is_paused=False, fatal=fatal)


def called(cause: AssistCause, subject: str, *events: ev.Event, scene: Scene = under_way) -> Scene:
    def build(roads: SiteRoads) -> Draft:
        draft = scene(roads)
        for event in events:
            draft.emit(event)
        raise_assist(draft, cause, subject, "x")
        return draft

    return build


LOST = ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.LOST)
OFFLINE = ev.ConnectionChanged(vehicle_id=VAN_1, connection="OFFLINE")
ORDERED = ev.OrderIssued(order=an_order("n1", "point:p1"))
UNSPOKEN = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(unspoken="4.0.0"))
TOO_LARGE = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(has_factsheet=True, length_m=7.5))
FOREIGN = ev.WorkLeftChanged(vehicle_id=VAN_1, has_order_left=True, foreign_order="theirs")
CLOSED = ev.RoadClosed(road_key=STREET, until_s=NOW_S + 600.0, why="works")
ASKED = ev.InstantIssued(vehicle_id=VAN_1, action_id=ActionId("a-9"), kind=ActionKind.START_PAUSE, order_id=None)
HOLD, RELEASE, END = HoldVehicle(VAN_1, "w"), ReleaseVehicle(VAN_1, "w"), EndOrder(VAN_1, "w")

STANDING: dict[AssistCause, tuple[Scene, tuple[Command | EndOrder, ...]]] = {
    C.PARCELS_UNSURE: (parcels_unsure, (SettleParcels(run_id=RUN, at=CustodyKind.POINT, why="w"),)),
    C.FOREIGN_ORDER: (called(C.FOREIGN_ORDER, VAN, FOREIGN), (HOLD, END)),
    C.VEHICLE_LOST: (called(C.VEHICLE_LOST, VAN, LOST), (END,)),
    C.VEHICLE_OFFLINE: (called(C.VEHICLE_OFFLINE, VAN, ORDERED, OFFLINE), (HOLD, END)),
    C.VERSION_UNKNOWN: (called(C.VERSION_UNKNOWN, VAN, UNSPOKEN), (HOLD, END)),
    C.VEHICLE_TOO_LARGE: (called(C.VEHICLE_TOO_LARGE, VAN, TOO_LARGE), (HOLD, END)),
    C.VEHICLE_REMOVED: (called(C.VEHICLE_REMOVED, VAN, HELD), (END,)),
    C.VEHICLE_FAULT: (called(C.VEHICLE_FAULT, VAN, condition(fatal=("brakes",))), (HOLD, END)),
    C.VEHICLE_NOT_AUTOMATIC: (called(C.VEHICLE_NOT_AUTOMATIC, VAN, condition(mode="MANUAL")), (HOLD, END)),
    C.RELEASE_REFUSED: (called(C.RELEASE_REFUSED, VAN), (HOLD, END)),
    C.ROAD_CLOSED: (called(C.ROAD_CLOSED, VAN), (HOLD, END)),
    C.ORDER_REJECTED: (called(C.ORDER_REJECTED, VAN, HELD), (RELEASE,)),
    C.ORDER_UNCONFIRMED: (called(C.ORDER_UNCONFIRMED, VAN, ASKED), (HOLD, END)),
    C.MAP_MISSING: (
        called(C.MAP_MISSING, VAN, ev.MapChanged(vehicle_id=VAN_1, map_id="town", word="missing")),
        (HOLD, END),
    ),
    C.BLOCKED: (called(C.BLOCKED, VAN, ev.BlockedChanged(vehicle_id=VAN_1, edge_id=STREET)), (HOLD, END)),
    C.RUN_UNSERVED: (called(C.RUN_UNSERVED, LOT, scene=waiting), (CancelRun(RUN, "w"),)),
    C.QUARANTINED: (
        called(C.QUARANTINED, VAN, ev.ItemQuarantined(subject=VAN, error="KeyError")),
        (RELEASE,),
    ),
}
"""Where a person may not merely close it, and what ends it instead."""

CLOSABLE: dict[AssistCause, str] = {
    C.ORDER_VANISHED: VAN,
    C.BEYOND_BASE: VAN,
    C.OTHER_CONTROLLER: "area:town",
    C.VEHICLE_LOUD: VAN,
    C.PROFILE_CONTRADICTS: VAN,
    C.LOW_BATTERY: VAN,
    C.CHARGER_FAULT: VAN,
    C.VEHICLE_LIMITS: VAN,
    C.NO_ROUTE: VAN,
    C.NO_STAFF: LOT,
    C.DROP_FAILED: VAN,
    C.PICK_FAILED: LOT,
}


def the_assist(draft: Draft, cause: AssistCause) -> Assist:
    [assist] = [assist for assist in draft.state.assists.values() if assist.cause is cause]
    return assist


def carry_out(draft: Draft, roads: SiteRoads, command: Command | EndOrder) -> None:
    if isinstance(command, EndOrder):
        end_order(draft, roads.site, command)
    else:
        perform(draft, roads, command)


def close(draft: Draft, roads: SiteRoads, cause: AssistCause) -> None:
    perform(draft, roads, ResolveAssist(the_assist(draft, cause).id, "seen to"))


def is_open(draft: Draft, cause: AssistCause) -> bool:
    return any(assist.cause is cause for assist in draft.state.assists.values())


# The table ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", AssistCause)
def test_every_cause_has_an_exit_that_a_person_can_take(cause: AssistCause) -> None:
    assert EXITS[cause].commands


def test_the_table_names_commands_that_exist() -> None:
    known = {command.name for command in cli_commands()}
    typed = {" ".join(shlex.split(text)[:3]) for exit_ in EXITS.values() for text in exit_.commands}
    assert typed <= known


@pytest.mark.parametrize("cause", AssistCause)
def test_every_cause_is_tried_below(cause: AssistCause) -> None:
    assert (cause in STANDING) is not (cause in CLOSABLE)


def test_the_page_about_assists_is_what_the_table_says() -> None:
    page = Path(__file__).parents[2] / "docs" / "assists.md"
    assert page.read_text(encoding="utf-8") == render()


def test_the_remedy_names_the_thing_itself_and_only_what_fits_it() -> None:
    lost = Assist(id=AssistId("a1"), cause=C.RELEASE_REFUSED, subject=VAN, detail="x", raised_s=0.0, deadline_s=0.0)
    assert remedy(lost).startswith("fleet vehicle pause van-1; fleet vehicle end-order van-1")
    assert remedy(replace(lost, subject="road:e7")) == "fleet roads reopen e7; fleet assist resolve a1"


# Each cause -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", STANDING)
def test_what_still_stands_is_not_closed_and_the_command_that_ends_it_is_named(
    roads: SiteRoads, cause: AssistCause
) -> None:
    draft = STANDING[cause][0](roads)
    with pytest.raises(RefusedError, match="still stands") as refusal:
        close(draft, roads, cause)
    assert "fleet " in str(refusal.value)
    assert is_open(draft, cause)


@pytest.mark.parametrize("cause", STANDING)
def test_what_stands_ends_by_the_commands_that_are_named(roads: SiteRoads, cause: AssistCause) -> None:
    scene, commands = STANDING[cause]
    draft = scene(roads)
    for command in commands:
        carry_out(draft, roads, command)
    if is_open(draft, cause):
        close(draft, roads, cause)
    assert not is_open(draft, cause)


def test_a_foreign_order_is_over_when_the_vehicle_no_longer_shows_it(roads: SiteRoads) -> None:
    draft = STANDING[C.FOREIGN_ORDER][0](roads)
    draft.emit(ev.WorkLeftChanged(vehicle_id=VAN_1, has_order_left=False, foreign_order=""))
    close(draft, roads, C.FOREIGN_ORDER)
    assert not is_open(draft, C.FOREIGN_ORDER)


@pytest.mark.parametrize("cause", CLOSABLE)
def test_what_hides_no_danger_is_closed_by_whoever_has_seen_to_it(roads: SiteRoads, cause: AssistCause) -> None:
    draft = called(cause, CLOSABLE[cause])(roads)
    close(draft, roads, cause)
    [*_, last] = draft.entries
    assert isinstance(last.event, ev.AssistResolved)
    assert last.event.resolution == "closed by hand: seen to"
    assert not is_open(draft, cause)


def test_what_is_not_open_cannot_be_closed(roads: SiteRoads) -> None:
    with pytest.raises(UnknownThingError, match="no open assist"):
        perform(under_way(roads), roads, ResolveAssist(AssistId("assist-9"), "seen to"))


def test_an_assist_for_parcels_of_which_none_is_unsure_is_no_dead_end(roads: SiteRoads) -> None:
    draft = under_way(roads)
    unsure(draft, RUN, (), "the numbers do not add up")
    close(draft, roads, C.PARCELS_UNSURE)
    assert not is_open(draft, C.PARCELS_UNSURE)


def test_a_planner_that_fails_again_after_somebody_looked_calls_again(roads: SiteRoads) -> None:
    quarantined = ev.ItemQuarantined(subject="planner:own", error="ValueError")
    draft = called(C.QUARANTINED, "planner:own", quarantined)(roads)
    close(draft, roads, C.QUARANTINED)
    assert "planner:own" not in draft.state.quarantine


# A vehicle out of service ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cause", "trouble"),
    [
        (C.VEHICLE_LOST, LOST),
        (C.VEHICLE_FAULT, condition(fatal=("brakes",))),
        (C.VEHICLE_NOT_AUTOMATIC, condition(mode="MANUAL")),
        (C.FOREIGN_ORDER, FOREIGN),
    ],
)
def test_a_vehicle_in_the_workshop_calls_nobody_until_it_is_released(
    roads: SiteRoads, cause: AssistCause, trouble: ev.Event
) -> None:
    draft = Draft(after(opened(roads), [HELD, trouble]), NOW_S)
    raise_assist(draft, cause, VAN, "x")
    close(draft, roads, cause)
    assert not is_open(draft, cause)
    perform(draft, roads, RELEASE)
    assert is_open(draft, cause)


# Roads ----------------------------------------------------------------------------------------------------------------


def test_a_road_that_the_map_has_lost_is_opened_again_and_with_it_the_call_closed(roads: SiteRoads) -> None:
    draft = Draft(after(opened(roads), [replace(CLOSED, road_key="gone")]), NOW_S)
    raise_assist(draft, C.RELEASE_REFUSED, "road:gone", "the map does not have it any more")
    with pytest.raises(RefusedError, match="fleet roads reopen gone"):
        close(draft, roads, C.RELEASE_REFUSED)
    perform(draft, roads, ReopenRoad("gone", "built over"))
    assert "gone" not in draft.state.closures
    assert not is_open(draft, C.RELEASE_REFUSED)


def test_a_road_that_is_nowhere_is_still_not_opened(roads: SiteRoads) -> None:
    with pytest.raises(UnknownThingError):
        perform(Draft(opened(roads), NOW_S), roads, ReopenRoad("gone", "w"))
    with pytest.raises(UnknownThingError):
        perform(Draft(opened(roads), NOW_S), roads, CloseRoad("gone", NOW_S, "w"))


# Runs -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", [C.PICK_FAILED, C.RUN_UNSERVED])
def test_nobody_is_called_for_a_run_that_is_cancelled(roads: SiteRoads, cause: AssistCause) -> None:
    draft = called(cause, LOT, scene=waiting)(roads)
    perform(draft, roads, CancelRun(RUN, "the shop is closed"))
    assert not draft.state.assists
