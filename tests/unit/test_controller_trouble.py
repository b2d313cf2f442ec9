"""The controller of an area when things fail it: the line, the planner, the store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
import structlog
from structlog.testing import capture_logs

from fleet.controller import AreaController
from fleet.dispatch.commands import Answer, CancelRun, Command, HoldVehicle, SubmitRuns
from fleet.errors import FencedError, StoreBusyError
from fleet.journal.replay import all_records, fold
from fleet.model import event as ev
from fleet.model.ids import RunId
from fleet.model.trip import Plan, Reason
from fleet.model.twin import Liveness
from fleet.planning.draft import NewTripId
from fleet.planning.port import Budget
from fleet.planning.problem import Problem
from fleet.roads.site_roads import SiteRoads
from fleet.state.fleet_state import FleetState
from fleet.wire.codec import encode_state
from tests.life import Town, lived
from tests.nouns import POINT_1, POINT_2, VAN_1, VAN_2, a_header, a_request, a_run, a_state, town


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What a controller logs on its way down is no news here."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


# A gap of the line --------------------------------------------------------------------------------------------------


async def _with_an_order_decided_in_a_gap(place: Town, controller: AreaController, gap_s: float = 10.0) -> None:
    """The van stands and is fresh; a run for it comes in while the line is down; then the line is up again."""
    await place.say()
    place.broker.cut("fleet-us", for_s=gap_s)
    await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
    assert controller.outlet.open_count
    await asyncio.sleep(gap_s + 5.0)
    assert controller.ear.is_link_up


@pytest.mark.vda5050("3.4", "3.10")
def test_after_a_gap_of_the_line_nothing_goes_to_a_vehicle_before_it_has_spoken_again() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            await _with_an_order_decided_in_a_gap(place, controller)
            assert f"{VAN_1}/order" not in place.heard
            assert controller.state.twin(VAN_1).liveness is Liveness.UNHEARD
            await place.say()
            await asyncio.sleep(5.0)
            assert f"{VAN_1}/order" in place.heard

    lived(work)


@pytest.mark.vda5050("3.4", "3.10")
def test_an_order_is_not_said_again_after_a_gap_before_its_vehicle_has_spoken() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            await place.say()
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            await asyncio.sleep(3.0)
            assert f"{VAN_1}/order" in place.heard
            place.broker.cut("fleet-us", for_s=10.0)
            place.heard.clear()
            await asyncio.sleep(20.0)
            assert controller.ear.is_link_up
            assert f"{VAN_1}/order" not in place.heard

    lived(work)


def test_a_state_that_the_broker_remembered_over_the_gap_is_not_the_vehicles_word() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            header = a_header(1000, place.clock.trade_now_s() + 1.0)
            place.broker.publish(f"uagv/v2/acme/{VAN_1}/state", encode_state(a_state(header=header)), retain=True)
            await place.say(VAN_2)
        async with place.served() as controller:
            await asyncio.sleep(5.0)
            assert controller.state.twin(VAN_1).liveness is Liveness.UNHEARD
            assert controller.stats.dropped["retained"] == 1

    lived(work)


def test_a_gap_that_could_not_be_recorded_yet_is_no_reason_to_send_either() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            await place.say()
            place.broker.cut("fleet-us", for_s=10.0)
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            place.fill_disk(pages=1)
            await asyncio.sleep(20.0)
            assert controller.ear.is_link_up
            place.fill_disk(pages=100_000)
            await asyncio.sleep(10.0)
            assert not controller.store_trouble
            assert f"{VAN_1}/order" not in place.heard

    lived(work)


def test_what_was_not_heard_while_the_line_was_down_makes_no_vehicle_silent() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            await place.say()
            place.broker.cut("fleet-us", for_s=30.0)
            await asyncio.sleep(32.0)
            assert controller.ear.is_link_up
            await asyncio.sleep(15.0)
            assert controller.state.twin(VAN_1).liveness is Liveness.UNHEARD
            assert not controller.state.assists
            await asyncio.sleep(120.0)
            assert controller.state.twin(VAN_1).liveness is Liveness.LOST

    lived(work)


# Planning -------------------------------------------------------------------------------------------------------------


def unplannable(name: str) -> ev.RunsAccepted:
    """A run whose figures no planner can work with."""
    run = a_run(name)
    return ev.RunsAccepted(key="", digest="", runs=(replace(run, lot=replace(run.lot, mass_kg=-1.0)),))


def test_planning_that_failed_is_tried_again_within_a_minute_and_heals() -> None:
    async def work(place: Town) -> None:
        place.write(unplannable("bad"))
        async with place.served() as controller:
            await place.say()
            assert "planner:own" in controller.state.quarantine
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            failures = controller.stats.failures
            await asyncio.sleep(65.0)
            assert controller.stats.failures == failures + 1
            await controller.ask(CancelRun(RunId("bad"), "nonsense"), "people")
            assert list(controller.state.quarantine) == []
            assert controller.state.run(RunId("r-1")).trip_id is not None

    lived(work)


def test_a_pickup_point_that_left_the_site_file_stops_nothing_but_its_own_runs() -> None:
    def runs(ready_s: float) -> SubmitRuns:
        to_both = ((f"r-{number}", point) for number, point in ((1, POINT_1), (2, POINT_2)))
        return SubmitRuns(
            key="k",
            runs=tuple(a_request(name, point, ready_s=ready_s, due_s=ready_s + 5400.0) for name, point in to_both),
        )

    site = town().site
    less = replace(site, points={it: point for it, point in site.points.items() if it != POINT_1})

    async def work(place: Town) -> None:
        async with place.served() as first:
            await place.say(VAN_1)
            await first.ask(runs(place.clock.trade_now_s() + 3600.0), "client")
            assert first.state.run(RunId("r-1")).trip_id is not None
        async with place.served(SiteRoads(less, town().graph)) as second:
            [assist] = second.state.assists.values()
            assert assist.subject == "run:r-1"
            await place.say(VAN_1)
            assert second.state.unassigned[RunId("r-1")].reason is Reason.POINT_GONE
            assert second.state.run(RunId("r-2")).trip_id is not None
            assert second.stats.failures == 0

    lived(work)


class BrokenSolver:
    """Fails as nobody foresaw."""

    def __init__(self) -> None:
        self.asked = 0

    async def improve(
        self, problem: Problem, plan: Plan, budget: Budget, new_trip_id: NewTripId, seed: int = 0
    ) -> Plan | None:
        self.asked += 1
        raise ZeroDivisionError("a bug of the solver's own")


def test_a_solver_that_fails_leaves_the_plan_as_it_is_and_is_asked_again() -> None:
    async def work(place: Town) -> None:
        solver = BrokenSolver()
        async with place.served(solver=solver) as controller:
            await place.say()
            ready_s = place.clock.trade_now_s() + 3600.0
            for number in (1, 2):
                run = a_request(f"r-{number}", ready_s=ready_s, due_s=ready_s + 5400.0)
                await controller.ask(SubmitRuns(key=f"k-{number}", runs=(run,)), "client")
                await asyncio.sleep(5.0)
            assert solver.asked == 2
            assert controller.stats.failures == 2
            assert controller.state.run(RunId("r-2")).trip_id is not None

    lived(work)


# A store that does not say -------------------------------------------------------------------------------------------


async def outcome_of(controller: AreaController, command: Command) -> Answer | StoreBusyError:
    try:
        return await controller.ask(command, "client")
    except StoreBusyError as error:
        return error


@pytest.mark.parametrize("becomes", ["written", "lost"])
def test_a_commit_of_unknown_outcome_is_looked_up_until_the_store_answers(becomes: str) -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller, asyncio.TaskGroup() as tasks:
            await place.say()
            place.store.unsure, place.store.unreadable = becomes, 3
            asked = SubmitRuns(key="k", runs=(a_request("r-1"),))
            submitted = tasks.create_task(outcome_of(controller, asked))
            await asyncio.sleep(2.0)
            assert controller.store_trouble
            assert not submitted.done()
            assert f"{VAN_1}/order" not in place.heard
            assert isinstance(await outcome_of(controller, HoldVehicle(VAN_2, "")), StoreBusyError)
            await place.say()
            await asyncio.sleep(20.0)
            was_written = becomes == "written"
            assert not controller.store_trouble
            assert isinstance(submitted.result(), Answer) == was_written
            assert (RunId("r-1") in controller.state.runs) == was_written
            assert (f"{VAN_1}/order" in place.heard) == was_written
            assert fold(FleetState(), all_records(place.store, "town")) == controller.state

    lived(work)


def test_an_area_that_was_taken_while_the_store_did_not_answer_ends() -> None:
    async def work(place: Town) -> None:
        first = place.controller(town())
        await first.open()

        async def serve() -> None:
            with pytest.raises(ExceptionGroup) as ended:
                await first.run()
            assert ended.group_contains(FencedError)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve())
            await asyncio.sleep(1.0)
            place.store.unsure, place.store.unreadable = "lost", 2
            await place.say()
            assert first.store_trouble
            place.store.unreadable = 0
            place.write(ev.VehicleHeld(vehicle_id=VAN_1, why=""))

    lived(work)


# Another time ---------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("2.7")
def test_a_vehicle_that_lives_in_another_time_is_told_of_once_and_until_it_is_over() -> None:
    async def work(place: Town) -> None:
        with capture_logs() as logs:
            async with place.served() as controller:
                for ahead_s in (86_400.0, 86_401.0):
                    header = a_header(int(ahead_s), place.clock.trade_now_s() + ahead_s)
                    place.broker.publish(f"uagv/v2/acme/{VAN_1}/state", encode_state(a_state(header=header)))
                    await place.say(VAN_2)
                assert list(controller.ear.clocks_off) == [VAN_1]
                assert controller.state.twin(VAN_1).liveness is Liveness.FRESH
                for minute in range(30):  # set right: its messages are older now, and believed when they are steady
                    header = a_header(minute, place.clock.trade_now_s())
                    place.broker.publish(f"uagv/v2/acme/{VAN_1}/state", encode_state(a_state(header=header)))
                    await asyncio.sleep(60.0)
                assert controller.ear.clocks_off == {}
        assert [log["vehicle"] for log in logs if log["event"] == "clock_off"] == [VAN_1]

    structlog.reset_defaults()  # here what is logged is news
    lived(work)
