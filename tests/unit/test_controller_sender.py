"""What goes out: committed first, with the vehicle's own name and version, each message with a number of its own."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest
import structlog

from fleet.controller.lease import TTL_S
from fleet.dispatch.commands import SubmitRuns
from fleet.model.assist import AssistCause
from fleet.model.ids import OrderId, VehicleId
from fleet.model.order import OrderPhase
from fleet.model.profile import Habits, Profile, WireLimits
from fleet.model.twin import Liveness
from fleet.roads.site_roads import SiteRoads
from fleet.wire.codec import encode_state, with_header
from fleet.wire.memory import MemoryLink
from fleet.wire.messages import Header, VehicleState
from fleet.wire.rules import violations
from fleet.wire.subscription import Subscription
from tests.life import Town, lived
from tests.nouns import POINT_1, VAN_1, VAN_2, a_header, a_request, a_state, an_error, town

DIGITS, LETTERS = WireLimits(id_chars_max=10, ids_are_numbers=True), WireLimits(id_chars_max=6)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What a controller logs on its way down is no news here."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@dataclass
class Bystander:
    """Hears all that is said to vehicles: topic and fields, in order."""

    heard: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    retained: int = 0

    def on_link_up(self) -> None: ...

    def on_link_down(self, reason: str) -> None: ...

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        self.retained += retained
        self.heard.append((topic, json.loads(payload)))

    def to(self, vehicle_id: VehicleId, name: str) -> list[dict[str, object]]:
        return [fields for topic, fields in self.heard if topic.endswith(f"/{vehicle_id}/{name}")]


def beside(place: Town, name: str = "bystander") -> Bystander:
    listener = Bystander()
    topics = [Subscription(f"uagv/+/+/+/{topic}") for topic in ("order", "instantActions", "zoneSet", "responses")]
    MemoryLink(place.broker, name, topics).open(listener)
    return listener


def numbers(said: list[dict[str, object]]) -> list[int]:
    return [int(str(fields["headerId"])) for fields in said]


@pytest.mark.vda5050("2.1")
def test_each_vehicle_and_topic_has_a_count_of_its_own_that_rises_by_one() -> None:
    async def work(place: Town) -> None:
        listener = beside(place)
        async with place.served() as controller:
            for van in (VAN_1, VAN_2):
                await place.say(van)
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"), a_request("r-2"))), "client")
            await asyncio.sleep(60.0)
        counted = 0
        for van in (VAN_1, VAN_2):
            for topic in ("order", "instantActions"):
                said = numbers(listener.to(van, topic))
                assert said == list(range(said[0], said[0] + len(said))) if said else True
                counted += len(said)
        assert counted > 6

    lived(work)


@pytest.mark.vda5050("7.1")
def test_an_order_that_is_refused_by_its_header_alone_is_not_said_again() -> None:
    """Though an error of this kind, about something before, was there already."""

    async def work(place: Town) -> None:
        listener = beside(place)
        older = an_error("validationError", headerId="3", topic="order")
        async with place.served() as controller:
            await place.say(state=a_state(errors=[older]))
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            await asyncio.sleep(1.0)
            [first] = listener.to(VAN_1, "order")
            await place.say(state=a_state(errors=[older]))
            assert controller.state.orders[OrderId(str(first["orderId"]))].phase is OrderPhase.ISSUED
            newer = an_error("validationError", headerId=str(first["headerId"]), topic="order")
            await place.say(state=a_state(errors=[older, newer]))
            listener.heard.clear()
            await asyncio.sleep(30.0)
            assert listener.to(VAN_1, "order") == []
            assert AssistCause.ORDER_REJECTED in {assist.cause for assist in controller.state.assists.values()}

    lived(work)


@pytest.mark.vda5050("2.2", "6.5")
def test_an_order_that_is_said_again_is_the_same_under_another_number() -> None:
    async def work(place: Town) -> None:
        listener = beside(place)
        async with place.served() as controller:
            await place.say()
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            await asyncio.sleep(8.0)
        first, *again = listener.to(VAN_1, "order")
        assert len(again) >= 2
        body = {key: value for key, value in first.items() if key not in ("headerId", "timestamp")}
        for said in again:
            assert {key: value for key, value in said.items() if key not in ("headerId", "timestamp")} == body
            assert said["headerId"] != first["headerId"]

    lived(work)


@pytest.mark.vda5050("2.3", "2.4")
def test_every_message_bears_the_vehicles_own_name_and_a_time_in_utc() -> None:
    async def work(place: Town) -> None:
        listener = beside(place)
        async with place.served() as controller:
            await place.say()
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            await asyncio.sleep(5.0)
        assert listener.heard
        for topic, said in listener.heard:
            assert [said["manufacturer"], said["serialNumber"]] == topic.split("/")[2:4]
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(said["timestamp"]))

    lived(work)


@pytest.mark.vda5050("1.3")
def test_nothing_that_makes_a_vehicle_act_is_kept_by_the_broker() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            await place.say()
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            await asyncio.sleep(2.0)
        late = beside(place, "late")
        await asyncio.sleep(2.0)
        assert late.heard == []

    lived(work)


@pytest.mark.vda5050("0.4", "0.2", "14.13")
@pytest.mark.parametrize(("version", "major"), [("2.0.0", 2), ("2.1.0", 1), ("3.0.0", 3)])
def test_a_vehicle_is_answered_in_its_own_version_on_the_topics_it_speaks_on(version: str, major: int) -> None:
    """The site file says 2.1.0."""

    async def work(place: Town) -> None:
        listener = beside(place)
        async with place.served() as controller:
            for number in range(5):
                header = msgspec.structs.replace(a_header(number, place.clock.trade_now_s()), version=version)
                place.broker.publish(f"uagv/v{major}/acme/{VAN_1}/state", encode_state(a_state(header=header)))
                await asyncio.sleep(1.0)
            listener.heard.clear()
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            await asyncio.sleep(5.0)
        orders = [(topic, said["version"]) for topic, said in listener.heard if topic.endswith("/order")]
        assert set(orders) == {(f"uagv/v{major}/acme/{VAN_1}/order", version)}

    lived(work)


@pytest.mark.vda5050("0.2")
def test_topics_of_another_major_than_the_message_call_a_person_once_and_do_no_harm() -> None:
    async def work(place: Town) -> None:
        listener = beside(place)
        async with place.served() as controller:
            for number in range(5):
                state = encode_state(a_state(header=a_header(number, place.clock.trade_now_s())))
                place.broker.publish(f"uagv/v1/acme/{VAN_1}/state", state)
                await asyncio.sleep(1.0)
            told = controller.state.assists.values()
            assert [(each.cause, each.detail) for each in told] == [
                (AssistCause.PROFILE_CONTRADICTS, "it speaks version '2.1.0' on topics of v1")
            ]
            assert controller.state.twin(VAN_1).liveness is Liveness.FRESH
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            await asyncio.sleep(5.0)
        orders = {topic: said["version"] for topic, said in listener.heard if topic.endswith("/order")}
        assert orders == {f"uagv/v1/acme/{VAN_1}/order": "2.1.0"}

    lived(work)


@pytest.mark.vda5050("0.4", "2.2")
def test_an_order_that_waits_while_its_vehicle_gets_other_firmware_is_said_again_in_the_words_of_that() -> None:
    """2.0.0 has no corridors; what was decided for 2.1.0 went out with one under a header of 2.0.0."""
    habits = Habits(takes_trajectories=True, corridor_m=1.2)
    vehicle = replace(town().site.vehicles[VAN_1], habits=habits)
    roads = SiteRoads(replace(town().site, vehicles={VAN_1: vehicle}), town().graph)

    async def work(place: Town) -> None:
        listener = beside(place)
        async with place.served(roads) as controller:
            await place.say(VAN_1, a_state(at=f"point:{POINT_1}"))
            await asyncio.sleep(3.0)
            header = msgspec.structs.replace(a_header(9, place.clock.trade_now_s()), version="2.0.0")
            newer = encode_state(a_state(at=f"point:{POINT_1}", header=header))
            place.broker.publish(f"uagv/v2/acme/{VAN_1}/state", newer)
            await asyncio.sleep(8.0)
            assert not controller.state.quarantine
        told = listener.to(VAN_1, "order")
        assert {said["version"]: has_corridors(said) for said in told} == {"2.1.0": True, "2.0.0": False}
        assert len({(said["orderId"], said["orderUpdateId"]) for said in told}) == 1
        assert len({way_in(said) for said in told}) == 1
        for said in told:
            assert violations(str(said["version"]), "order", json.dumps(said).encode()) == []

    lived(work)


@pytest.mark.vda5050("4.2", "5.4")
@pytest.mark.parametrize("is_shown", [True, False], ids=["shown", "not shown yet"])
@pytest.mark.parametrize(("before", "then"), [(WireLimits(), DIGITS), (DIGITS, WireLimits()), (DIGITS, LETTERS)])
def test_an_order_is_told_on_under_its_names_after_a_start_with_a_site_file_that_asks_for_others(
    before: WireLimits, then: WireLimits, is_shown: bool
) -> None:
    """The last look at an order, which begins anew with each start, holds it against the names it was given."""

    async def work(place: Town) -> None:
        listener = beside(place)
        idle = a_state(at=f"point:{POINT_1}")
        async with place.served(with_ids(before)):
            await place.say(VAN_1, idle)
            await asyncio.sleep(1.0)
            order = listener.to(VAN_1, "order")[-1]
            if is_shown:
                await place.say(VAN_1, shown(order))
        listener.heard.clear()
        async with place.served(with_ids(then)) as controller:
            for passed in range(2 if is_shown else 1):
                await place.say(VAN_1, shown(order, passed) if is_shown else idle)
                await asyncio.sleep(3.0)
            assert (controller.stats.held_back, dict(controller.state.quarantine)) == (0, {})
        told = listener.to(VAN_1, "order")
        assert {said["orderId"] for said in told} == {order["orderId"]}
        assert (int(str(told[-1]["orderUpdateId"])) > 0) is is_shown

    lived(work)


def with_ids(limits: WireLimits) -> SiteRoads:
    vehicle = replace(town().site.vehicles[VAN_1], habits=Habits(limits=limits))
    return SiteRoads(replace(town().site, vehicles={VAN_1: vehicle}), town().graph)


def shown(order: dict[str, Any], passed: int = 0) -> VehicleState:
    """A state of a vehicle that has this order and has driven so many pieces of its base."""
    nodes = [(node["nodeId"], node["sequenceId"]) for node in order["nodes"] if node["released"]]
    edges = [(edge["edgeId"], edge["sequenceId"]) for edge in order["edges"] if edge["released"]]
    at, sequence = nodes[min(passed, len(nodes) - 1)]
    return a_state(
        order=order["orderId"],
        update=order["orderUpdateId"],
        at=at,
        sequence=sequence,
        left=[each for each in nodes if each[1] > sequence],
        edges=[each for each in edges if each[1] > sequence],
        new_base_request=True,
    )


def has_corridors(order: dict[str, Any]) -> bool:
    return any(edge.get("corridor") for edge in order["edges"])


def way_in(order: dict[str, Any]) -> str:
    """Everything in an order but its header and corridors."""
    edges = [{key: value for key, value in edge.items() if key != "corridor"} for edge in order["edges"]]
    return json.dumps([order["nodes"], edges])


def test_a_codec_that_breaks_on_one_vehicle_costs_that_one_alone_its_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plug-in may be wrong, or be new to the vehicle while messages in the words of another still wait."""

    def breaks(topic_name: str, body: bytes, header: Header, profile: Profile) -> bytes:
        if header.serial_number == VAN_1:
            raise ValueError("a bus is not spoken to like that")
        return with_header(body, header)

    monkeypatch.setattr("fleet.controller.sender.retold", breaks)

    async def work(place: Town) -> None:
        listener = beside(place)
        async with place.served() as controller:
            for van in (VAN_1, VAN_2):
                await place.say(van)
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            await asyncio.sleep(10.0)
            held = controller.state.quarantine
        assert listener.to(VAN_1, "instantActions") == []
        assert listener.to(VAN_2, "instantActions") != []
        assert "a bus is not spoken to like that" in held[f"vehicle:{VAN_1}"]

    lived(work)


@pytest.mark.vda5050("6.5")
def test_an_order_that_no_state_shows_calls_a_person_when_it_was_said_too_often() -> None:
    async def work(place: Town) -> None:
        listener = beside(place)
        async with place.served() as controller:
            await place.say()
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            while not any(a.cause is AssistCause.ORDER_UNCONFIRMED for a in controller.state.assists.values()):
                assert len(listener.to(VAN_1, "order")) <= controller.site.limits.resend_attempts + 1
                await asyncio.sleep(2.0)
                await place.say()
        assert len(listener.to(VAN_1, "order")) == controller.site.limits.resend_attempts + 1

    lived(work)


@pytest.mark.parametrize("trouble", ["a lease that runs out", "a store that cannot be read"])
def test_nothing_is_said_while_it_is_not_sure_that_the_area_is_ours_or_what_was_committed(trouble: str) -> None:
    """Another controller may have taken over, and the order that is said again may be over."""

    async def work(place: Town) -> None:
        listener = beside(place)
        async with place.served() as controller:
            await place.say()
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            await asyncio.sleep(20.0)
            if trouble == "a lease that runs out":
                place.store.renews_nothing = True
                await asyncio.sleep(TTL_S)
            else:
                place.store.unsure, place.store.unreadable = "lost", 8
                await place.say(VAN_1, a_state(paused=True))
            said = len(listener.to(VAN_1, "order"))
            assert said >= 3
            await asyncio.sleep(30.0)
            assert len(listener.to(VAN_1, "order")) == said
            place.store.renews_nothing, place.store.unreadable = False, 0
            await asyncio.sleep(40.0)
            await place.say()
            await asyncio.sleep(15.0)
            assert len(listener.to(VAN_1, "order")) > said

    lived(work)
