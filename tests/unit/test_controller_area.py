"""The controller of an area over its store and line: restarts, a full disk, a lost lease."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa
import structlog

from fleet.controller import AreaController, Parts
from fleet.dispatch.commands import CancelRun, HoldVehicle, SubmitRuns
from fleet.errors import FencedError, StoreBusyError
from fleet.journal.commit import Commit
from fleet.journal.record import Head, record_of
from fleet.journal.replay import all_records, fold, verify
from fleet.journal.store import SqlStore
from fleet.journal.writer import InlineWriter
from fleet.model import event as ev
from fleet.model.ids import RunId, VehicleId
from fleet.model.trip import Plan, Reason
from fleet.model.twin import Liveness
from fleet.planning.draft import NewTripId
from fleet.planning.port import Budget, Solver
from fleet.planning.problem import Problem
from fleet.roads.site_roads import SiteRoads
from fleet.state.fleet_state import FleetState
from fleet.wire.codec import encode_state
from fleet.wire.memory import MemoryBroker, MemoryLink
from fleet.wire.messages import ActionStatus, VehicleState
from fleet.wire.subscription import Subscription
from tests.nouns import NOW_S, POINT_1, POINT_2, VAN_1, VAN_2, a_header, a_request, a_run, a_state, an_order, town
from vehicle_sim.virtual_time import VirtualClock, run_virtual

TOPICS = ("state", "connection", "factsheet", "visualization", "nonsense")
Work = Callable[["Town"], Awaitable[None]]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What a controller logs on its way down is no news here."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


class Town:
    """A store, a broker and a clock that outlive controllers; vans speak when told to."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.store = SqlStore("sqlite://")
        self.broker = MemoryBroker(random.Random(1))
        self.heard: list[str] = []
        self._number = 0
        ears = MemoryLink(self.broker, "ears", [Subscription("uagv/#")])
        ears.open(self)

    def on_link_up(self) -> None: ...

    def on_link_down(self, reason: str) -> None: ...

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if not topic.endswith("/state"):
            self.heard.append(topic.partition("/v2/acme/")[2])

    def controller(self, roads: SiteRoads, owner: str = "us", solver: Solver | None = None) -> AreaController:
        link = MemoryLink(self.broker, f"fleet-{owner}", [Subscription(f"uagv/+/+/+/{name}") for name in TOPICS])
        return AreaController(
            Parts(
                clock=self.clock,
                link=link,
                store=self.store,
                writer=InlineWriter(self.store),
                solver=solver,
                budget=Budget(steps=1),
                roads=roads,
                token="t",
                owner=owner,
                by_force=True,
            )
        )

    @asynccontextmanager
    async def served(
        self, roads: SiteRoads | None = None, solver: Solver | None = None
    ) -> AsyncIterator[AreaController]:
        """A controller at work; killed at the end."""
        controller = self.controller(roads or town(), solver=solver)
        await controller.open()
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(controller.run())
            await asyncio.sleep(1.0)
            yield controller
            running.cancel()

    async def say(self, vehicle_id: VehicleId = VAN_1, state: VehicleState | None = None) -> None:
        self._number += 1
        header = a_header(self._number, self.clock.trade_now_s(), vehicle_id)
        told = {name: getattr(state or a_state(), name) for name in VehicleState.__struct_fields__}
        payload = encode_state(VehicleState(**(told | {"header": header})))
        self.broker.publish(f"uagv/v2/acme/{vehicle_id}/state", payload)
        await asyncio.sleep(1.0)

    def write(self, *events: ev.Event) -> None:
        """Put events into the journal as a controller before us might have."""
        lease = self.store.acquire("town", "before", NOW_S, 0.0, by_force=True)
        head = self.store.head("town")
        records = []
        for event in events:
            record = record_of(
                event,
                head,
                area="town",
                epoch=lease.epoch,
                trade_s=NOW_S,
                machine_s=NOW_S,
                actor="before",
                cause="",
            )
            records.append(record)
            head = Head(record.seq, record.hash)
        commit = Commit(area="town", epoch=lease.epoch, head=self.store.head("town"), records=tuple(records))
        assert self.store.write([commit]) == [None]

    def fill_disk(self, *, pages: int) -> None:
        with self.store._engine.connect() as connection:
            connection.execute(sa.text(f"PRAGMA max_page_count = {pages}"))


def lived(work: Work) -> None:
    async def live(clock: VirtualClock) -> None:
        await work(Town(clock))

    run_virtual(live, NOW_S)


def test_the_state_that_is_shown_is_the_fold_of_what_was_committed() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            await place.say()
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            records = list(all_records(place.store, "town"))
            assert verify(records) is None
            assert fold(FleetState(), records) == controller.state

    lived(work)


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


def test_a_vehicle_that_left_the_site_holds_no_bay() -> None:
    async def work(place: Town) -> None:
        async with place.served() as first:
            await place.say(VAN_1)
            await first.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            assert first.state.reservations["bay:depot"] == (VAN_1,)
        async with place.served(town(vehicles=(VAN_2,))) as second:
            assert second.state.reservations["bay:depot"] == ()

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


def test_a_doubled_message_changes_nothing() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            payload = encode_state(a_state(actions={"x": ActionStatus.FINISHED}))
            for _ in range(3):
                place.broker.publish(f"uagv/v2/acme/{VAN_1}/state", payload)
                await asyncio.sleep(1.0)
            assert controller.stats.dropped["doubled"] == 2

    lived(work)


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


# A gap of the line --------------------------------------------------------------------------------------------------


async def _with_an_order_decided_in_a_gap(place: Town, controller: AreaController, gap_s: float = 10.0) -> None:
    """The van stands and is fresh; a run for it comes in while the line is down; then the line is up again."""
    await place.say()
    place.broker.cut("fleet-us", for_s=gap_s)
    await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
    assert controller.outlet.open_count
    await asyncio.sleep(gap_s + 5.0)
    assert controller.ear.is_link_up


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
