"""What goes out: committed first, with the vehicle's own name and version, each message with a number of its own."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import pytest
import structlog

from fleet.dispatch.commands import SubmitRuns
from fleet.model.assist import AssistCause
from fleet.model.ids import OrderId, VehicleId
from fleet.model.order import OrderPhase
from fleet.model.twin import Liveness
from fleet.wire.codec import encode_state, with_header
from fleet.wire.memory import MemoryLink
from fleet.wire.messages import Header
from fleet.wire.subscription import Subscription
from tests.life import Town, lived
from tests.nouns import VAN_1, VAN_2, a_header, a_request, a_state, an_error


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


def test_a_codec_that_breaks_on_one_vehicle_costs_that_one_alone_its_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plug-in may be wrong, or be new to the vehicle while messages in the words of another still wait."""

    def breaks(body: bytes, header: Header) -> bytes:
        if header.serial_number == VAN_1:
            raise ValueError("a bus is not spoken to like that")
        return with_header(body, header)

    monkeypatch.setattr("fleet.controller.sender.with_header", breaks)

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
