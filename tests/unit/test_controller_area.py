"""The controller of an area over its store and line: restarts, a full disk, a lost lease."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
import structlog

from fleet.controller.opening import in_our_time
from fleet.dispatch.commands import HoldVehicle, SubmitRuns
from fleet.dispatch.settle import SettleParcels
from fleet.errors import ConfigError, FencedError, StoreBusyError
from fleet.journal.replay import all_records, fold, verify
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.custody import CustodyKind
from fleet.model.ids import OrderId, RunId
from fleet.model.order import OrderPhase
from fleet.model.profile import Learned
from fleet.model.refusal import Reaction
from fleet.model.run import RunPhase
from fleet.model.twin import Liveness
from fleet.orders.end_order import EndOrder
from fleet.orders.hibernation import WakeUp
from fleet.roads.site_roads import SiteRoads
from fleet.state.fleet_state import FleetState
from fleet.wire.codec import encode_connection, encode_state
from fleet.wire.messages import ActionStatus, Connection, ConnectionState
from tests.life import TOPICS, Town, lived
from tests.nouns import NOW_S, VAN_1, VAN_2, a_header, a_request, a_run, a_state, an_order, driving, town
from tests.unit.test_orders_outlet import a_row

YEAR_S = 365.0 * 86_400.0


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What a controller logs on its way down is no news here."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


def test_the_state_that_is_shown_is_the_fold_of_what_was_committed() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            await place.say()
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            records = list(all_records(place.store, "town"))
            assert verify(records) is None
            assert fold(FleetState(), records) == controller.state

    lived(work)


def test_a_clock_that_went_back_since_the_last_life_is_refused() -> None:
    """Windows, closures and silences would all be reckoned from a time that has been already."""

    async def work(place: Town) -> None:
        opened = ev.AreaOpened(token="t", epoch=1, map_sha256="")
        place.write(opened, at_s=NOW_S + 3600.0)
        with pytest.raises(ConfigError, match="the clock says"):
            await place.controller(town()).open()
        place.write(opened, at_s=NOW_S + 30.0)
        async with place.served() as life:
            assert life.state.token == "t"

    lived(work)


@pytest.mark.vda5050("3.9")
def test_an_order_under_way_at_our_start_is_gone_on_with_once_its_vehicle_shows_it() -> None:
    async def work(place: Town) -> None:
        async with place.served() as first:
            await place.say()
            await first.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            await asyncio.sleep(5.0)
            [order] = first.state.orders.values()
        place.heard.clear()
        async with place.served() as second:
            assert second.state.orders[order.id].phase is OrderPhase.ISSUED
            await place.say(state=driving(order, 0))
            assert second.state.orders[order.id].phase is OrderPhase.ACTIVE
            await asyncio.sleep(20.0)
            assert f"{VAN_1}/order" not in place.heard, "it is the vehicle's already"

    lived(work)


def test_a_clock_that_leapt_ahead_since_the_last_life_is_refused_before_it_writes_anything() -> None:
    async def work(place: Town) -> None:
        place.write(ev.AreaOpened(token="t", epoch=1, map_sha256=""), at_s=NOW_S - 2.0 * YEAR_S)
        before = place.store.head("town")
        with pytest.raises(ConfigError, match="--clock-is-right"):
            await place.controller(town()).open()
        assert place.store.head("town") == before

    lived(work)


def test_by_the_word_of_a_person_the_fleet_goes_on_after_a_life_by_a_clock_that_was_years_ahead() -> None:
    """Every later start was refused, for years."""
    ahead_s = NOW_S + 10.0 * YEAR_S

    async def work(place: Town) -> None:
        closed = ev.RoadClosed(road_key="e2-3-1", until_s=ahead_s + 60.0, why="works")
        roads = town()
        place.write(
            ev.AreaOpened(token="t", epoch=1, map_sha256=roads.graph.edition),
            ev.VehicleEnrolled(vehicle=roads.site.vehicles[VAN_1]),
            ev.RunsAccepted(key="", digest="", runs=(a_run(),)),
            at_s=NOW_S - 60.0,
        )
        met = ev.RoadClosed(road_key="e3-4-1", until_s=ahead_s + 900.0, why="met by van-1", is_obstacle=True)
        shut = ev.RoadShut(vehicle_id=VAN_1, road_key="e3-4-1", until_s=ahead_s + 900.0, why="no way")
        place.write(closed, met, shut, refused(again_s=ahead_s + 30.0), at_s=ahead_s)
        with pytest.raises(ConfigError, match="--clock-is-right"):
            await place.controller(roads).open()
        controller = place.controller(roads)
        controller.parts = replace(controller.parts, clock_is_right=True)
        await controller.open()
        state = controller.state
        refusal = state.twin(VAN_1).refusal
        assert refusal is not None
        assert refusal.again_s == pytest.approx(NOW_S + 30.0, abs=5.0)
        assert state.run(RunId("run-1")).run == a_run()
        assert state.run(RunId("run-1")).accepted_s == NOW_S - 60.0
        assert state.closures["e2-3-1"].until_s == ahead_s + 60.0
        of_ours = [state.closures["e3-4-1"].until_s, *(road.until_s for road in state.twin(VAN_1).shut)]
        assert of_ours == pytest.approx([NOW_S + 900.0] * 2, abs=5.0), "obstacles are not there for years"
        records = list(all_records(place.store, "town"))
        assert verify(records) is None
        assert fold(FleetState(), records) == state
        async with place.served(roads) as life:  # and never again by anybody's word
            await place.say()
            assert life.state.now_s < ahead_s

    lived(work)


def test_what_waits_to_be_sent_keeps_its_order_when_the_clock_is_put_right() -> None:
    """A leave and its end are answers to one request: the leave must not be said again behind its end."""
    turned = ev.ClockTurnedBack(from_s=NOW_S + YEAR_S, by_s=YEAR_S)
    before, granted, revoked = (
        replace(a_row("q-1", topic="responses"), created_s=at_s)
        for at_s in (NOW_S, NOW_S + YEAR_S, NOW_S + YEAR_S + 2.0)
    )
    put_right = [in_our_time(row, turned, NOW_S + 5.0).created_s for row in (before, granted, revoked)]
    assert put_right == [NOW_S, NOW_S, NOW_S + 2.0]
    assert in_our_time(revoked, None, NOW_S + YEAR_S).created_s == NOW_S + YEAR_S + 2.0, "a clock may be a little back"
    assert in_our_time(revoked, None, NOW_S).created_s == NOW_S


def refused(again_s: float) -> ev.Event:
    return ev.RefusalTaken(
        vehicle_id=VAN_1,
        order_id=OrderId("o-1"),
        update_id=0,
        kind="k",
        reaction=Reaction.WAIT_FOR_MODE,
        again_s=again_s,
    )


def test_a_second_life_knows_what_the_first_one_promised() -> None:
    async def work(place: Town) -> None:
        async with place.served() as first:
            answer = await first.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
        async with place.served() as second:
            assert RunId("r-1") in second.state.runs
            again = await second.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            assert again == replace(answer, is_repeat=True)
            assert second.lease.epoch == first.lease.epoch + 1

    lived(work)


@pytest.mark.vda5050("3.9")
def test_nothing_is_sent_to_a_vehicle_before_it_has_spoken_in_this_life() -> None:
    async def work(place: Town) -> None:
        async with place.served():
            await place.say()
        place.heard.clear()
        async with place.served() as second:
            await second.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            await asyncio.sleep(20.0)
            assert f"{VAN_1}/order" not in place.heard
            await place.say()
            await asyncio.sleep(5.0)
            assert f"{VAN_1}/order" in place.heard

    lived(work)


def test_a_vehicle_in_quarantine_is_still_there_after_a_restart() -> None:
    async def work(place: Town) -> None:
        async with place.served() as first:
            await place.say()
        order = an_order("n1", "point:p1", runs=("ghost",), trip_id=None)
        place.write(ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0))
        async with place.served() as first:
            done = a_state(order=order.id, at="point:p1", sequence=4, actions={"a-ghost": "delivered=3"})
            await place.say(VAN_1, done)
            await place.say(VAN_2)
            assert list(first.state.quarantine) == [f"vehicle:{VAN_1}"]
            assert first.state.twin(VAN_2).liveness is Liveness.FRESH
        async with place.served() as second:
            await place.say(VAN_1, done)
            assert list(second.state.quarantine) == [f"vehicle:{VAN_1}"]
            assert not second.state.twin(VAN_1).can_take_orders
            assert second.stats.failures == 0

    lived(work)


def test_a_full_disk_refuses_commands_keeps_what_vehicles_said_and_heals_by_itself() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            place.fill_disk(pages=1)
            with pytest.raises(StoreBusyError):
                await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1", parcels=400),)), "client")
            assert controller.store_trouble
            await place.say()
            place.fill_disk(pages=100_000)
            await asyncio.sleep(5.0)
            assert not controller.store_trouble
            assert controller.state.twin(VAN_1).liveness is Liveness.FRESH
            assert RunId("r-1") not in controller.state.runs
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1", parcels=400),)), "client")

    lived(work)


def test_an_owner_whose_area_was_taken_ends_and_commits_nothing_more() -> None:
    async def work(place: Town) -> None:
        first = place.controller(town())
        await first.open()
        taken = place.controller(town(), "them")

        async def serve() -> None:
            with pytest.raises(ExceptionGroup) as ended:
                await first.run()
            assert ended.group_contains(FencedError)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve())
            await asyncio.sleep(1.0)
            await taken.open()
            seq = place.store.head("town").seq
            await place.say()
        assert place.store.head("town").seq == seq

    lived(work)


def test_a_vehicle_that_left_the_site_with_an_order_unsent_does_not_stop_the_others() -> None:
    async def work(place: Town) -> None:
        async with place.served() as first:
            await place.say(VAN_1)
            await first.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            assert first.outlet.open_count
        async with place.served(town(vehicles=(VAN_2,))) as second:
            await place.say(VAN_2)
            await asyncio.sleep(90.0)
            await second.ask(HoldVehicle(VAN_2, ""), "people")

    lived(work)


def test_a_vehicle_whose_version_lost_its_plug_in_does_not_keep_the_others_from_work() -> None:
    async def work(place: Town) -> None:
        async with place.served():
            await place.say(VAN_2)
        place.write(ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(version="7.1.0")))
        async with place.served() as controller:
            await place.say(VAN_2)
            assert controller.state.twin(VAN_2).liveness is Liveness.FRESH

    lived(work)


def test_a_vehicle_that_left_the_site_holds_no_bay() -> None:
    async def work(place: Town) -> None:
        async with place.served() as first:
            await place.say(VAN_1)
            await first.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            assert first.state.reservations["bay:depot"] == (VAN_1,)
        async with place.served(town(vehicles=(VAN_2,))) as second:
            assert second.state.reservations["bay:depot"] == ()

    lived(work)


def test_a_vehicle_that_left_the_site_with_a_trip_calls_a_person_who_can_end_it() -> None:
    async def work(place: Town) -> None:
        async with place.served() as first:
            await place.say(VAN_1)
            await first.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            assert first.state.twin(VAN_1).order_id
        async with place.served(town(vehicles=(VAN_2,))) as second:
            [call] = second.state.assists.values()
            assert (call.cause, call.subject) == (AssistCause.VEHICLE_REMOVED, "vehicle:van-1")
            assert "fleet vehicle end-order van-1" in call.detail
            await second.ask(EndOrder(VAN_1, "sold"), "ana")
            assert second.state.twin(VAN_1).order_id is None
            assert second.state.twin(VAN_1).trip_id is None
            [call] = second.state.assists.values()
            assert call.cause is AssistCause.PARCELS_UNSURE
            again = SettleParcels(run_id=RunId("r-1"), at=CustodyKind.STATION, why="it never left", tries_again=True)
            await second.ask(again, "ana")
            await place.say(VAN_2)
            assert second.state.run(RunId("r-1")).phase is RunPhase.LOADING
            assert second.state.twin(VAN_2).trip_id == second.state.run(RunId("r-1")).trip_id
            assert not second.state.assists

    lived(work)


def test_trips_that_a_vehicle_out_of_the_site_has_not_begun_go_to_others() -> None:
    async def work(place: Town) -> None:
        later = a_request("r-1", ready_s=NOW_S + 1800.0)
        async with place.served() as first:
            await place.say(VAN_1)
            await first.ask(SubmitRuns(key="k", runs=(later,)), "client")
            assert [view.trip.run_ids for view in first.state.planned_trips(VAN_1)] == [("r-1",)]
        async with place.served(town(vehicles=(VAN_2,))) as second:
            assert second.state.run(RunId("r-1")).phase is RunPhase.REQUESTED
            assert not second.state.assists
            await place.say(VAN_2)
            assert [view.trip.run_ids for view in second.state.planned_trips(VAN_2)] == [("r-1",)]

    lived(work)


def test_a_vehicle_that_is_listed_again_needs_nobody_any_more() -> None:
    async def work(place: Town) -> None:
        async with place.served() as first:
            await place.say(VAN_1)
            await first.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
        async with place.served(town(vehicles=(VAN_2,))) as second:
            assert second.state.assists
        async with place.served() as third:
            assert not third.state.assists
            assert third.state.twin(VAN_1).order_id

    lived(work)


def test_nobody_is_called_for_the_troubles_of_a_vehicle_that_left_the_site_with_nothing() -> None:
    async def work(place: Town) -> None:
        async with place.served() as first:
            await place.say()
            await asyncio.sleep(130.0)
            assert {assist.cause for assist in first.state.assists.values()} == {AssistCause.VEHICLE_LOST}
        async with place.served(town(vehicles=(VAN_2,))) as second:
            assert [assist.subject for assist in second.state.assists.values()] == ["vehicle:van-2"]

    lived(work)


def test_a_silent_vehicle_is_stale_and_then_lost_though_nobody_says_anything() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            await place.say()
            await asyncio.sleep(36.0)
            assert controller.state.twin(VAN_1).liveness is Liveness.STALE
            await asyncio.sleep(85.0)
            assert controller.state.twin(VAN_1).liveness is Liveness.LOST

    lived(work)


@pytest.mark.vda5050("3.6")
def test_a_vehicle_that_was_woken_and_never_said_that_it_is_there_is_missed_when_it_falls_silent() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            await place.say()
            header = a_header(1, place.clock.trade_now_s(), VAN_1)
            sleeps = encode_connection(Connection(header=header, state=ConnectionState.HIBERNATING))
            place.broker.publish(f"uagv/v2/acme/{VAN_1}/connection", sleeps.replace(b"OFFLINE", b"HIBERNATING"))
            await asyncio.sleep(300.0)
            await controller.ask(WakeUp(VAN_1, "early"), "people")
            [waking] = controller.state.twin(VAN_1).instants
            await place.say(VAN_1, a_state(actions={waking.action_id: ActionStatus.FINISHED}))
            assert controller.state.twin(VAN_1).can_take_orders
            await asyncio.sleep(200.0)
            assert controller.state.twin(VAN_1).liveness is Liveness.LOST

    lived(work)


def test_a_doubled_message_changes_nothing() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            payload = encode_state(a_state(actions={"x": ActionStatus.FINISHED}))
            for _ in range(3):
                place.broker.publish(f"uagv/v2/acme/{VAN_1}/state", payload)
                await asyncio.sleep(1.0)
            assert controller.stats.dropped["doubled"] == 2

    lived(work)


@pytest.mark.vda5050("2.4")
def test_a_message_in_the_name_of_another_vehicle_is_dropped() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            place.broker.publish(f"uagv/v2/acme/{VAN_2}/state", encode_state(a_state()))
            await asyncio.sleep(1.0)
            assert controller.state.twin(VAN_2).liveness is Liveness.UNHEARD
            assert sum(controller.stats.dropped.values()) == 1

    lived(work)


@pytest.mark.parametrize("payload", [b"", b"{", b"null", b"\xff\xfe", b'{"headerId":1}', b"[" * 10_000])
def test_no_message_stops_the_controller(payload: bytes) -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            for name in TOPICS:
                place.broker.publish(f"uagv/v2/acme/{VAN_1}/{name}", payload)
            await place.say()
            assert controller.state.twin(VAN_1).liveness is Liveness.FRESH

    lived(work)


def test_a_vehicle_with_new_particulars_is_not_believed_before_it_has_spoken_either() -> None:
    changed = replace(town().site.vehicles[VAN_1], interface_name="other")
    site = replace(town().site, vehicles={**town().site.vehicles, VAN_1: changed})

    async def work(place: Town) -> None:
        async with place.served():
            await place.say(VAN_1)
        async with place.served(SiteRoads(site, town().graph)) as second:
            assert second.state.twin(VAN_1).vehicle == changed
            assert second.state.twin(VAN_1).liveness is Liveness.UNHEARD

    lived(work)
