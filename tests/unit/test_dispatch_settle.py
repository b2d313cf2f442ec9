"""A person tells where parcels are that nobody was sure of, and the run goes on or comes to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from fleet.dispatch.commands import Answer, Command, perform
from fleet.dispatch.decide import decide
from fleet.dispatch.intent import Deliver, GoHome
from fleet.dispatch.settle import SettleParcels, unsure
from fleet.errors import RefusedError, UnknownThingError
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.custody import Custody, CustodyKind
from fleet.model.ids import ActionId, ParcelId, RunId, StationId, TripId, VehicleId
from fleet.model.run import OPEN_PHASES, RunPhase
from fleet.model.trip import TripPhase
from fleet.planning.adopt import replan
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import raise_assist
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from tests.nouns import (
    DEPOT,
    NOW_S,
    POINT_1,
    VAN_1,
    VAN_2,
    a_plan,
    a_run,
    a_trip,
    after,
    loaded,
    opened,
    parcels_of,
    town,
)

RUN = RunId("run-1")
ONE, TWO, THREE = parcels_of("run-1")
AT = CustodyKind


def doubted(roads: SiteRoads) -> FleetState:
    """Van 1 was under way with run-1; whether it has handed it over, nobody can say."""
    draft = Draft(loaded(roads), NOW_S)
    unsure(draft, RUN, parcels_of("run-1"), "drop on van-1 has no outcome")
    draft.emit(ev.VehicleHeld(vehicle_id=VAN_1, why="parcels changed hands"))
    return draft.state


def doubted_at_loading(roads: SiteRoads) -> FleetState:
    draft = Draft(opened(roads), NOW_S)
    draft.emit(ev.RunsAccepted(key="", digest="", runs=(a_run(),)))
    draft.emit(ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip())))
    draft.emit(ev.TripStarted(trip_id=a_trip().id, vehicle_id=VAN_1))
    unsure(draft, RUN, parcels_of("run-1"), "pick on van-1 has no outcome")
    return draft.state


def said(
    at: CustodyKind, *parcels: ParcelId, vehicle: VehicleId | None = None, again: bool = False, why: str = "I looked"
) -> SettleParcels:
    return SettleParcels(run_id=RUN, at=at, why=why, vehicle_id=vehicle, parcel_ids=parcels, tries_again=again)


def settled(roads: SiteRoads, state: FleetState, *commands: Command) -> Draft:
    draft = Draft(state, NOW_S + 60.0)
    for command in commands:
        perform(draft, roads, command)
    return draft


def held(state: FleetState) -> list[Custody]:
    return [state.custody[parcel] for parcel in parcels_of("run-1")]


def causes(state: FleetState) -> list[AssistCause]:
    return [assist.cause for assist in state.assists.values()]


# At their point -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [doubted, doubted_at_loading], ids=["under way", "loading"])
def test_parcels_that_a_person_found_at_their_point_are_delivered(roads: SiteRoads, before: object) -> None:
    assert callable(before)
    state = settled(roads, before(roads), said(AT.POINT)).state
    view = state.run(RUN)
    assert set(held(state)) == {Custody(AT.POINT, POINT_1)}
    assert (view.phase, view.delivered_count, view.delivered_s) == (RunPhase.DELIVERED, 3, NOW_S + 60.0)
    assert RUN not in state.open_runs
    assert causes(state) == []


def test_the_evidence_is_the_person_and_what_was_said(roads: SiteRoads) -> None:
    draft = Draft(doubted(roads), NOW_S)
    draft.actor = "ana"
    perform(draft, roads, said(AT.POINT, why="the clerk has them all"))
    first = draft.entries[0]
    assert isinstance(first.event, ev.ParcelsSettled)
    assert (first.actor, first.event.why) == ("ana", "the clerk has them all")


def test_a_run_is_open_until_its_last_parcel_is_settled(roads: SiteRoads) -> None:
    state = settled(roads, doubted(roads), said(AT.POINT, ONE, TWO)).state
    assert state.run(RUN).phase is RunPhase.UNDER_WAY
    assert causes(state) == [AssistCause.PARCELS_UNSURE]
    state = settled(roads, state, said(AT.POINT)).state
    assert state.run(RUN).phase is RunPhase.DELIVERED
    assert state.run(RUN).delivered_count == 3


# At their station -----------------------------------------------------------------------------------------------------


def test_parcels_found_at_their_station_are_returned_and_name_the_fault(roads: SiteRoads) -> None:
    state = settled(roads, doubted(roads), said(AT.STATION, why="towed back")).state
    assert set(held(state)) == {Custody(AT.STATION, DEPOT)}
    assert state.run(RUN).phase is RunPhase.RETURNED
    assert "towed back" in state.run(RUN).cause


@pytest.mark.parametrize("before", [doubted, doubted_at_loading], ids=["under way", "loading"])
def test_a_lot_that_is_tried_again_gets_another_trip(roads: SiteRoads, before: object) -> None:
    assert callable(before)
    draft = settled(roads, before(roads), said(AT.STATION, again=True))
    view = draft.state.run(RUN)
    assert (view.phase, view.trip_id, view.cause) == (RunPhase.REQUESTED, None, "")
    assert draft.plan_reasons
    draft.emit(ev.VehicleHeld(vehicle_id=VAN_1, why="broken"))
    replan(draft, roads, 5)
    assert [trip.trip.run_ids for trip in draft.state.planned_trips(VAN_2)] == [(RUN,)]


def test_the_van_it_was_on_does_not_take_it_from_its_next_trip(roads: SiteRoads) -> None:
    """Van 1 is released in its old loading trip while van 2 loads the very same run."""
    draft = settled(roads, doubted_at_loading(roads), said(AT.STATION, again=True))
    plan = a_plan(a_trip("trip-2", VAN_2))
    draft.emit(ev.PlanAdopted(version=2, why="", plan=plan))
    draft.emit(ev.TripStarted(trip_id=TripId("trip-2"), vehicle_id=VAN_2))
    decide(draft, roads, VAN_1)
    assert draft.state.run(RUN).phase is RunPhase.LOADING
    assert draft.state.run(RUN).trip_id == "trip-2"


def test_half_a_lot_is_not_tried_again(roads: SiteRoads) -> None:
    with pytest.raises(RefusedError, match="only a whole lot"):
        settled(roads, doubted(roads), said(AT.POINT, ONE), said(AT.STATION, again=True))
    with pytest.raises(RefusedError, match="only a whole lot"):
        settled(roads, doubted(roads), said(AT.STATION, ONE, again=True))


def test_only_what_is_at_its_station_is_tried_again(roads: SiteRoads) -> None:
    with pytest.raises(RefusedError, match="at its station"):
        settled(roads, doubted(roads), said(AT.POINT, again=True))


def test_a_run_that_was_cancelled_is_never_tried_again(roads: SiteRoads) -> None:
    state = after(doubted(roads), [ev.RunRecalled(run_id=RUN, why="cancelled: the shop is closed")])
    with pytest.raises(RefusedError, match="cancelled: the shop is closed; it can be settled as returned only"):
        settled(roads, state, said(AT.STATION, again=True))
    assert settled(roads, state, said(AT.STATION)).state.run(RUN).phase is RunPhase.RETURNED


# Aboard ---------------------------------------------------------------------------------------------------------------


def test_parcels_found_aboard_go_on_to_their_point_once_the_van_is_released(roads: SiteRoads) -> None:
    draft = settled(roads, doubted(roads), said(AT.VEHICLE, vehicle=VAN_1))
    assert set(held(draft.state)) == {Custody(AT.VEHICLE, VAN_1)}
    assert draft.state.twin(VAN_1).aboard == {RUN}
    assert decide(draft, roads, VAN_1) is None
    draft.emit(ev.VehicleReleased(vehicle_id=VAN_1, why="seen to"))
    intent = decide(draft, roads, VAN_1)
    assert isinstance(intent, Deliver)
    assert intent.visit.run_ids == (RUN,)


def test_a_lot_found_loaded_after_all_leaves_with_its_trip(roads: SiteRoads) -> None:
    draft = settled(roads, doubted_at_loading(roads), said(AT.VEHICLE, vehicle=VAN_1))
    assert isinstance(decide(draft, roads, VAN_1), Deliver)
    assert draft.state.trip(a_trip().id).phase is TripPhase.UNDER_WAY


def test_what_was_carried_over_to_another_van_is_brought_back_by_it(roads: SiteRoads) -> None:
    draft = settled(roads, doubted(roads), said(AT.VEHICLE, vehicle=VAN_2))
    assert draft.state.twin(VAN_1).aboard == frozenset()
    assert draft.state.twin(VAN_2).aboard == {RUN}
    assert decide(draft, roads, VAN_2) == GoHome(None)


def test_what_is_left_aboard_of_a_lot_comes_back_when_the_rest_is_at_the_point(roads: SiteRoads) -> None:
    draft = settled(roads, doubted(roads), said(AT.POINT, ONE, TWO), said(AT.VEHICLE, vehicle=VAN_1))
    assert draft.state.run(RUN).phase is RunPhase.PARTLY_DELIVERED
    draft.emit(ev.VehicleReleased(vehicle_id=VAN_1, why="seen to"))
    assert isinstance(decide(draft, roads, VAN_1), GoHome)
    draft.emit(returned(THREE))
    assert draft.state.run(RUN).phase is RunPhase.RETURNED


@pytest.mark.parametrize("vehicle", ["van-9", None])
def test_a_vehicle_that_nobody_knows_carries_nothing(roads: SiteRoads, vehicle: str | None) -> None:
    with pytest.raises((UnknownThingError, RefusedError), match=r"van-9|name a vehicle"):
        settled(roads, doubted(roads), said(AT.VEHICLE, vehicle=VehicleId(vehicle) if vehicle else None))


def test_a_vehicle_that_left_the_site_carries_nothing_on(roads: SiteRoads) -> None:
    with pytest.raises(RefusedError, match="no longer in the site"):
        settled(town(vehicles=(VAN_2,)), doubted(roads), said(AT.VEHICLE, vehicle=VAN_1))


def test_a_vehicle_of_another_station_carries_nothing_on(roads: SiteRoads) -> None:
    far = replace(a_run(), station_id=StationId("far"))
    draft = Draft(loaded(roads, far), NOW_S)
    unsure(draft, RUN, parcels_of("run-1"), "no outcome")
    with pytest.raises(RefusedError, match="belongs to depot"):
        settled(roads, draft.state, said(AT.VEHICLE, vehicle=VAN_1))


# Missing --------------------------------------------------------------------------------------------------------------


def test_a_missing_lot_is_lost_and_says_why(roads: SiteRoads) -> None:
    state = settled(roads, doubted(roads), said(AT.MISSING, why="neither on the van nor at the shop")).state
    view = state.run(RUN)
    assert {custody.kind for custody in held(state)} == {AT.MISSING}
    assert (view.phase, view.missing) == (RunPhase.LOST, parcels_of("run-1"))
    assert view.cause == "3 parcels missing: neither on the van nor at the shop"
    assert causes(state) == []


def test_a_run_of_which_one_parcel_is_missing_is_never_called_delivered(roads: SiteRoads) -> None:
    state = settled(roads, doubted(roads), said(AT.MISSING, TWO), said(AT.POINT)).state
    view = state.run(RUN)
    assert (view.phase, view.delivered_count, view.missing) == (RunPhase.LOST, 2, (TWO,))
    assert "1 parcel missing" in view.cause


def delivered(*parcels: ParcelId) -> ev.Event:
    return ev.ParcelsDelivered(
        run_id=RUN, vehicle_id=VAN_1, point_id=POINT_1, parcel_ids=parcels, refused=(), action_id=ActionId("a")
    )


def returned(*parcels: ParcelId) -> ev.Event:
    return ev.ParcelsReturned(
        run_id=RUN, vehicle_id=VAN_1, station_id=DEPOT, parcel_ids=parcels, action_id=ActionId("a"), why="nobody"
    )


@pytest.mark.parametrize(
    ("first", "then", "phase"),
    [
        (said(AT.MISSING, TWO), delivered(ONE, THREE), RunPhase.LOST),
        (said(AT.MISSING, TWO), returned(ONE, THREE), RunPhase.LOST),
        (said(AT.STATION, TWO), delivered(ONE, THREE), RunPhase.RETURNED),
        (said(AT.POINT, TWO), returned(ONE, THREE), RunPhase.RETURNED),
    ],
    ids=["missing, then delivered", "missing, then returned", "left at the station", "handed over before"],
)
def test_what_the_van_does_with_the_rest_does_not_make_the_others_whole(
    roads: SiteRoads, first: SettleParcels, then: ev.Event, phase: RunPhase
) -> None:
    state = settled(roads, doubted(roads), first, said(AT.VEHICLE, ONE, THREE, vehicle=VAN_1)).state
    assert state.run(RUN).phase in OPEN_PHASES
    ended = after(state, [then])
    assert ended.run(RUN).phase is phase
    assert ended.run(RUN).cause
    assert ended.twin(VAN_1).aboard == frozenset()


def test_a_van_that_brings_its_part_home_does_not_end_a_run_that_is_still_looked_for(roads: SiteRoads) -> None:
    state = settled(roads, doubted(roads), said(AT.VEHICLE, ONE, TWO, vehicle=VAN_1)).state
    state = after(state, [delivered(ONE, TWO)])
    assert state.run(RUN).phase in OPEN_PHASES
    assert causes(state) == [AssistCause.PARCELS_UNSURE]
    assert settled(roads, state, said(AT.POINT)).state.run(RUN).phase is RunPhase.DELIVERED


# What cannot be -------------------------------------------------------------------------------------------------------


def test_nothing_is_settled_that_nobody_is_unsure_of(roads: SiteRoads) -> None:
    with pytest.raises(RefusedError, match=r"nothing to settle here: run-1\.1 is at vehicle:van-1"):
        settled(roads, loaded(roads), said(AT.POINT))
    with pytest.raises(RefusedError, match=r"name only those"):
        settled(roads, doubted(roads), said(AT.POINT, ONE), said(AT.STATION, ONE, TWO))


def test_an_unknown_run_or_parcel_is_not_settled(roads: SiteRoads) -> None:
    with pytest.raises(UnknownThingError, match="no run 'run-9'"):
        settled(roads, doubted(roads), SettleParcels(run_id=RunId("run-9"), at=AT.POINT, why=""))
    with pytest.raises(UnknownThingError, match=r"no parcel of run run-1 'run-2\.1'"):
        settled(roads, doubted(roads), said(AT.POINT, ParcelId("run-2.1")))


def test_nobody_settles_parcels_as_still_unsure(roads: SiteRoads) -> None:
    with pytest.raises(RefusedError, match="leave the assist open"):
        settled(roads, doubted(roads), said(AT.ASSIST))


REPEATS: Sequence[tuple[SettleParcels, ...]] = [
    (said(AT.POINT),),
    (said(AT.STATION),),
    (said(AT.STATION, again=True),),
    (said(AT.VEHICLE, vehicle=VAN_1),),
    (said(AT.MISSING),),
    (said(AT.POINT, ONE), said(AT.MISSING, TWO, THREE)),
]


@pytest.mark.parametrize("commands", REPEATS, ids=lambda commands: " ".join(c.at for c in commands))
def test_the_same_settlement_said_twice_is_a_repeat(roads: SiteRoads, commands: tuple[SettleParcels, ...]) -> None:
    state = settled(roads, doubted(roads), *commands).state
    for command in commands:
        draft = Draft(state, NOW_S)
        assert perform(draft, roads, command) == Answer((RUN,), is_repeat=True)
        assert draft.state == replace(state, now_s=NOW_S + 60.0)
        assert not draft.entries


def test_a_returned_run_is_not_tried_again_by_saying_so_later(roads: SiteRoads) -> None:
    with pytest.raises(RefusedError, match="nothing to settle"):
        settled(roads, doubted(roads), said(AT.STATION), said(AT.STATION, again=True))


def test_the_person_called_for_a_failed_stop_need_not_come_when_all_is_settled(roads: SiteRoads) -> None:
    draft = Draft(doubted(roads), NOW_S)
    raise_assist(draft, AssistCause.NO_STAFF, "run:run-1", "nobody")
    assert causes(settled(roads, draft.state, said(AT.POINT)).state) == []
