"""One vehicle that says too much cannot fill the disk of all, is still heard, and loses nothing that stays true."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import msgspec
import pytest

from fleet.controller.allowance import BURST, CALM, DEBT_MAX, RECORD_BYTES, REFILL_PER_S, Allowances
from fleet.controller.inbox import Facts
from fleet.controller.stats import Stats
from fleet.dispatch.commands import SubmitRuns
from fleet.journal.record import Head, Record, record_of
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import VehicleId
from fleet.model.twin import Liveness
from fleet.state.attention import vehicle_subject
from fleet.telemetry.learn import Voice
from fleet.wire.codec import encode_said
from fleet.wire.messages import (
    Connection,
    ConnectionState,
    ErrorLevel,
    Factsheet,
    Header,
    Inbound,
    OfferedAction,
    OperatingMode,
    ProtocolLimits,
    RequestStatus,
    VehicleRequest,
    VehicleState,
)
from tests.life import Town, lived
from tests.nouns import NOW_S, VAN_1, VAN_2, a_header, a_request, a_state, an_error, town

# The account ----------------------------------------------------------------------------------------------------------


def records(count: int, chars: int = 0) -> list[Record]:
    """Records of an event, made longer by as much."""
    event = ev.VehicleHeld(vehicle_id=VAN_1, why="x" * chars)
    record = record_of(
        event, Head(0, ""), area="town", epoch=1, trade_s=NOW_S, machine_s=NOW_S, actor="controller", cause=""
    )
    return [record] * count


@pytest.fixture
def allowances() -> Allowances:
    return Allowances(Stats())


def said(*states: VehicleState, vehicle_id: VehicleId = VAN_1) -> Facts:
    return Facts(states={vehicle_id: list(states)})


def numbered(number: int) -> VehicleState:
    return a_state(header=a_header(number))


def heard_of(allowances: Allowances, facts: Facts, at_s: float) -> list[int]:
    """Which of its states are taken now."""
    allowances.admit(facts, at_s)
    return [state.header.header_id for state in facts.states.get(VAN_1, ())]


def test_whoever_says_little_is_heard_to_the_last_word(allowances: Allowances) -> None:
    for second in range(10_000):
        allowances.spend(VAN_1, records(1), NOW_S + second / REFILL_PER_S)
        assert heard_of(allowances, said(numbered(1), numbered(2)), NOW_S + second / REFILL_PER_S) == [1, 2]


def test_of_a_loud_vehicle_only_the_latest_word_is_taken_and_only_when_its_allowance_permits(
    allowances: Allowances,
) -> None:
    allowances.spend(VAN_1, records(int(BURST) + 5), NOW_S)
    facts = said(numbered(1), numbered(2))
    assert heard_of(allowances, facts, NOW_S) == []
    assert facts.loud == {VAN_1}
    assert heard_of(allowances, said(numbered(3)), NOW_S + 1.0) == []
    assert allowances.waits(VAN_1)
    assert allowances.next_due_s == NOW_S + 5.0 / REFILL_PER_S
    assert heard_of(allowances, Facts(), NOW_S + 5.1 / REFILL_PER_S) == [3]
    assert not allowances.waits(VAN_1)


def test_a_person_is_told_of_a_loud_vehicle_once(allowances: Allowances) -> None:
    told = []
    for second in range(100):
        facts = said(numbered(second))
        allowances.admit(facts, NOW_S + second)
        told += sorted(facts.loud)
        allowances.spend(VAN_1, records(50), NOW_S + second)
    assert told == [VAN_1]


def test_others_are_heard_as_ever(allowances: Allowances) -> None:
    allowances.spend(VAN_1, records(int(BURST)), NOW_S)
    facts = said(numbered(1), numbered(2), vehicle_id=VAN_2)
    allowances.admit(facts, NOW_S)
    assert facts.states == {VAN_2: [numbered(1), numbered(2)]}


def test_what_was_passed_over_is_counted() -> None:
    stats = Stats()
    allowances = Allowances(stats)
    allowances.spend(VAN_1, records(int(BURST)), NOW_S)
    allowances.admit(said(numbered(1), numbered(2), numbered(3)), NOW_S)
    allowances.admit(said(numbered(4)), NOW_S)
    assert stats.dropped["passed_over"] == 3


def test_long_records_cost_more(allowances: Allowances) -> None:
    allowances.spend(VAN_1, records(3, chars=int(BURST / 3.0) * RECORD_BYTES), NOW_S)
    assert heard_of(allowances, said(numbered(1)), NOW_S) == []


def test_nobody_is_unheard_for_longer_than_it_takes_to_make_up_for_the_largest_debt(allowances: Allowances) -> None:
    allowances.spend(VAN_1, records(100_000), NOW_S)
    assert heard_of(allowances, said(numbered(1)), NOW_S + DEBT_MAX / REFILL_PER_S) == []
    assert heard_of(allowances, Facts(), NOW_S + DEBT_MAX / REFILL_PER_S + 0.1) == [1]


def test_whoever_says_less_for_some_minutes_is_loud_no_longer(allowances: Allowances) -> None:
    allowances.spend(VAN_1, records(int(BURST)), NOW_S)
    allowances.admit(Facts(), NOW_S)
    calm_s = NOW_S + CALM / REFILL_PER_S
    assert allowances.calm(calm_s - 1.0) == ()
    assert allowances.next_due_s == calm_s
    assert allowances.calm(calm_s) == (VAN_1,)
    allowances.calmed([VAN_1])
    assert allowances.calm(calm_s) == ()
    assert allowances.next_due_s == float("inf")
    assert heard_of(allowances, said(numbered(1), numbered(2)), calm_s) == [1, 2]


def test_a_state_from_before_the_line_came_up_is_not_taken_after_it(allowances: Allowances) -> None:
    allowances.spend(VAN_1, records(int(BURST)), NOW_S)
    allowances.admit(said(numbered(1)), NOW_S)
    allowances.admit(replace(said(numbered(2)), link_came_up=True), NOW_S + 0.5)
    assert heard_of(allowances, Facts(), NOW_S + 2.0) == []


def test_a_loud_vehicle_that_has_spoken_since_the_line_came_up_counts_as_unheard_until_its_word_is_taken(
    allowances: Allowances,
) -> None:
    allowances.spend(VAN_1, records(int(BURST)), NOW_S)
    facts = Facts(states={VAN_1: [numbered(2)]}, link_came_up=True, spoke_since={VAN_1})
    allowances.admit(facts, NOW_S)
    assert facts.spoke_since == set()
    assert heard_of(allowances, Facts(), NOW_S + 2.0) == [2]


def test_a_break_of_the_line_just_before_the_latest_word_is_not_forgotten(allowances: Allowances) -> None:
    allowances.spend(VAN_1, records(int(BURST)), NOW_S)
    broken, online = (Connection(header=a_header(), state=ConnectionState[s]) for s in ("CONNECTION_BROKEN", "ONLINE"))
    for message in (online, broken, online):
        allowances.admit(Facts(connections=[(VAN_1, message), (VAN_2, message)]), NOW_S)
    later = Facts()
    allowances.admit(later, NOW_S + 1.0)
    assert later.connections == [(VAN_1, broken), (VAN_1, online)]


def test_all_that_a_loud_vehicle_said_last_is_taken_together(allowances: Allowances) -> None:
    allowances.spend(VAN_1, records(int(BURST)), NOW_S)
    voice = Voice("state", 2, "2.0.0")
    waits = Facts(voices={(VAN_1, "state"): voice}, factsheets={VAN_1: a_sheet(1)}, restarted={VAN_1})
    allowances.admit(waits, NOW_S)
    assert replace(waits, loud=set()) == Facts()
    later = Facts(factsheets={VAN_1: a_sheet(2)})
    allowances.admit(later, NOW_S + 1.0)
    assert later == Facts(voices={(VAN_1, "state"): voice}, factsheets={VAN_1: a_sheet(2)}, restarted={VAN_1})


# The journal ----------------------------------------------------------------------------------------------------------

RATE_HZ, FLOOD_S = 80, 12
Shout = Callable[[int, random.Random], Iterator[Inbound]]


def a_sheet(number: int, words: int = 0) -> Factsheet:
    offered = tuple(
        OfferedAction(action_type=f"a{number}-{i}", required_keys=tuple(f"{j:0>70}" for j in range(words)))
        for i in range(max(words, 1))
    )
    return Factsheet(
        header=a_header(number),
        series_name="",
        load_kg_max=None,
        speed_mps_max=None,
        accel_mps2_max=None,
        decel_mps2_max=None,
        length_m=None,
        width_m=None,
        limits=ProtocolLimits(),
        actions=offered,
    )


def in_version(version: str) -> Header:
    return msgspec.structs.replace(a_header(), version=version)


def flipping_modes(number: int, rng: random.Random) -> Iterator[Inbound]:
    yield a_state(mode=(OperatingMode.MANUAL, OperatingMode.AUTOMATIC)[number % 2])


def asking_without_end(number: int, rng: random.Random) -> Iterator[Inbound]:
    asked = (
        VehicleRequest(
            request_id=f"{rng.random()}", request_type="CORRIDOR", subject="e", status=RequestStatus.REQUESTED
        )
        for _ in range(20)
    )
    yield a_state(header=in_version("3.0.0"), requests=tuple(asked))


def long_names(number: int, rng: random.Random) -> Iterator[Inbound]:
    fatal = tuple(an_error(f"{number}-{i:0>200}", ErrorLevel.FATAL) for i in range(40))
    yield a_state(order_id=f"{number:0>20000}", errors=fatal)


def large_factsheets(number: int, rng: random.Random) -> Iterator[Inbound]:
    if not number % 16:
        yield a_sheet(number, words=40)


def coming_and_going(number: int, rng: random.Random) -> Iterator[Inbound]:
    word = (ConnectionState.CONNECTION_BROKEN, ConnectionState.ONLINE)[number % 2]
    yield Connection(header=a_header(), state=word)
    yield a_state()


def many_tongues(number: int, rng: random.Random) -> Iterator[Inbound]:
    yield a_state(header=in_version(("2.0.0", "2.1.0")[number % 2]))


async def flood(place: Town, shout: Shout, seconds: int = FLOOD_S) -> None:
    rng = random.Random(1)
    for number in range(1, seconds * RATE_HZ + 1):
        await asyncio.sleep(1.0 / RATE_HZ)
        for message in shout(number, rng):
            version = message.header.version
            header = msgspec.structs.replace(a_header(number, place.clock.trade_now_s(), VAN_2), version=version)
            topic = {VehicleState: "state", Connection: "connection", Factsheet: "factsheet"}[type(message)]
            payload = encode_said(msgspec.structs.replace(message, header=header))
            place.broker.publish(f"uagv/v{version[0]}/acme/{VAN_2}/{topic}", payload)


@pytest.mark.vda5050("1.9")
@pytest.mark.parametrize(
    "shout", [flipping_modes, asking_without_end, long_names, large_factsheets, coming_and_going, many_tongues]
)
def test_whatever_a_vehicle_floods_us_with_the_journal_grows_by_no_more_than_its_allowance(shout: Shout) -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            await flood(place, shout)
            await flood(place, shout)
            written = place.store.records("town", 0, 100_000)
            cost = sum(1 + len(record.body) // RECORD_BYTES for record in written)
            assert cost < BURST + DEBT_MAX + 2 * FLOOD_S * REFILL_PER_S + 60
            calls = [r for r in written if r.type == "AssistRaised" and AssistCause.VEHICLE_LOUD in r.body]
            assert len(calls) == 1
            assert controller.stats.failures == 0

    lived(work)


def test_the_last_word_of_a_flood_is_believed_and_the_silence_after_it_noticed() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            await flood(place, flipping_modes)
            assert controller.allowances.waits(VAN_2)
            await asyncio.sleep(20.0)
            twin = controller.state.twin(VAN_2)
            assert (twin.mode, twin.liveness) == ("MANUAL", Liveness.FRESH)
            await asyncio.sleep(20.0)
            assert controller.state.twin(VAN_2).liveness is Liveness.STALE
            await asyncio.sleep(CALM / REFILL_PER_S)
            subject = vehicle_subject(VAN_2)
            assert controller.state.open_assist(subject, AssistCause.VEHICLE_LOUD) is None

    lived(work)


def test_a_flooding_vehicle_is_never_called_silent_nor_sets_our_pace() -> None:
    async def work(place: Town) -> None:
        async with place.served() as controller:
            await flood(place, flipping_modes, seconds=60)
            assert controller.stats.turns <= 61.0 / controller.site.limits.turn_machine_s_busy + 5
            [*written] = place.store.records("town", 0, 100_000)
            assert not any(r.type == "LivenessChanged" and "stale" in r.body and VAN_2 in r.body for r in written)
            assert controller.state.twin(VAN_2).liveness is Liveness.FRESH

    lived(work)


def test_a_restart_of_ours_gives_a_loud_vehicle_no_new_burst() -> None:
    async def work(place: Town) -> None:
        async with place.served():
            await flood(place, flipping_modes)
        before = place.store.head("town").seq
        async with place.served() as controller:
            await flood(place, flipping_modes)
            assert controller.head_seq - before < FLOOD_S * REFILL_PER_S + 40

    lived(work)


@pytest.mark.vda5050("11.1")
def test_a_loud_vehicle_that_has_just_left_automatic_is_told_no_order() -> None:
    """Its last word is not taken yet, and by the one before it the vehicle may be sent away."""

    async def work(place: Town) -> None:
        async with place.served(town(vehicles=(VAN_2,))) as controller:
            await place.say(VAN_2)
            await flood(place, flipping_modes)
            while controller.state.twin(VAN_2).mode != "AUTOMATIC":
                await place.say(VAN_2, a_state(mode=OperatingMode.AUTOMATIC))
            controller.allowances.spend(VAN_2, records(5), place.clock.trade_now_s())
            place.heard.clear()
            await place.say(VAN_2, a_state(mode=OperatingMode.MANUAL))
            await controller.ask(SubmitRuns(key="k", runs=(a_request("r-1"),)), "client")
            assert controller.state.active_order(VAN_2) is not None
            await asyncio.sleep(30.0)
            assert controller.state.twin(VAN_2).mode == "MANUAL"
            assert f"{VAN_2}/order" not in place.heard

    lived(work)
