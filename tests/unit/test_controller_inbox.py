"""What came in since the last turn: bounded, the latest wins, and nothing that alone says something is lost."""

from __future__ import annotations

import asyncio

import pytest

from fleet.controller.inbox import COMMANDS_MAX, CONNECTIONS_KEPT, STATES_KEPT, Asked, Facts, Inbox
from fleet.dispatch.commands import HoldVehicle
from fleet.errors import RefusedError
from fleet.wire.messages import (
    ActionState,
    ActionStatus,
    Connection,
    ConnectionState,
    OperatingMode,
    Power,
    VehicleState,
)
from tests.nouns import VAN_1, VAN_2, a_header, a_plan, a_state, a_trip, an_error


def online(state: ConnectionState = ConnectionState.ONLINE) -> Connection:
    return Connection(header=a_header(), state=state)


def charged(soc_fraction: float) -> VehicleState:
    return a_state(power=Power(soc_fraction=soc_fraction, is_charging=False))


def kept(*states: VehicleState) -> list[VehicleState]:
    inbox = Inbox()
    for state in states:
        inbox.put_state(VAN_1, state)
    return inbox.take().states[VAN_1]


def test_of_states_that_say_the_same_the_latest_wins() -> None:
    assert kept(charged(0.8), charged(0.7), charged(0.6)) == [charged(0.6)]


def test_states_of_two_vehicles_do_not_push_each_other_out() -> None:
    inbox = Inbox()
    inbox.put_state(VAN_1, charged(0.8))
    inbox.put_state(VAN_2, charged(0.7))
    assert inbox.take().states == {VAN_1: [charged(0.8)], VAN_2: [charged(0.7)]}


@pytest.mark.parametrize(
    "alone",
    [
        a_state(order="o-1"),
        a_state(actions={"a-1": "delivered=3"}),
        a_state(errors=[an_error("validationError")]),
        a_state(mode=OperatingMode.MANUAL),
        a_state(instant_action_states=(ActionState(action_id="a-1", status=ActionStatus.FINISHED),)),
    ],
    ids=["an order", "an action's end", "an error", "a mode", "an instant action's end"],
)
def test_a_state_that_alone_says_something_is_kept(alone: VehicleState) -> None:
    assert kept(a_state(), alone, a_state()) == [a_state(), alone, a_state()]


def test_states_of_one_vehicle_are_bounded() -> None:
    states = [a_state(actions={f"a-{n}": ActionStatus.RUNNING}) for n in range(3 * STATES_KEPT)]
    found = kept(*states)
    assert len(found) == STATES_KEPT
    assert found[-1] == states[-1]


def test_nothing_is_left_after_it_was_taken() -> None:
    inbox = Inbox()
    inbox.put_state(VAN_1, a_state())
    inbox.put_connection(VAN_1, online())
    inbox.put_plan(a_plan())
    inbox.put_unconfirmed(VAN_1, "o-1", "was sent 6 times")
    inbox.put_link_up()
    assert inbox.take().count == 4
    assert inbox.take() == Facts()


def test_too_many_commands_are_refused_and_not_forgotten() -> None:
    async def flood() -> None:
        inbox = Inbox()
        loop = asyncio.get_running_loop()
        for _ in range(COMMANDS_MAX):
            inbox.put_command(Asked(HoldVehicle(VAN_1, ""), "us", loop.create_future()))
        with pytest.raises(RefusedError, match="try again"):
            inbox.put_command(Asked(HoldVehicle(VAN_1, ""), "us", loop.create_future()))
        assert len(inbox.take().commands) == COMMANDS_MAX

    asyncio.run(flood())


def kept_of(*states: ConnectionState) -> list[ConnectionState]:
    inbox = Inbox()
    for state in states:
        inbox.put_connection(VAN_1, online(state))
    return [message.state for _, message in inbox.take().connections]


def test_a_vehicle_that_floods_the_connection_topic_takes_no_more_room_than_any_other() -> None:
    inbox = Inbox()
    for _ in range(5000):
        inbox.put_connection(VAN_1, online())
        inbox.put_connection(VAN_1, online(ConnectionState.OFFLINE))
    inbox.put_connection(VAN_2, online())
    connections = inbox.take().connections
    assert len(connections) == CONNECTIONS_KEPT + 1
    assert (VAN_2, online()) in connections


def test_a_break_between_two_words_that_it_is_online_is_not_lost() -> None:
    on, off = ConnectionState.ONLINE, ConnectionState.OFFLINE
    assert kept_of(on, off, on) == [on, off, on]
    assert kept_of(on, off, on, off, on)[-2:] == [off, on]


def test_the_same_word_said_again_is_one() -> None:
    assert kept_of(*[ConnectionState.ONLINE] * 5) == [ConnectionState.ONLINE]


def test_of_plans_the_newest_counts() -> None:
    inbox = Inbox()
    inbox.put_plan(a_plan())
    newest = a_plan(a_trip())
    inbox.put_plan(newest)
    assert inbox.take().plans == [newest]


def test_a_message_without_an_answer_is_told_of_once_with_its_last_count() -> None:
    inbox = Inbox()
    for attempts in (6, 7, 8):
        inbox.put_unconfirmed(VAN_1, "o-1", f"was sent {attempts} times")
    inbox.put_unconfirmed(VAN_1, "o-2", "was sent 6 times")
    assert inbox.take().unconfirmed == [(VAN_1, "o-1", "was sent 8 times"), (VAN_1, "o-2", "was sent 6 times")]


def test_who_spoke_before_the_line_came_up_has_not_spoken_since() -> None:
    inbox = Inbox()
    inbox.put_state(VAN_1, a_state())
    inbox.put_link_up()
    inbox.put_state(VAN_2, a_state())
    assert inbox.take().spoke_since == {VAN_2}


# Given back -----------------------------------------------------------------------------------------------------------


def test_facts_that_were_given_back_come_before_newer_ones() -> None:
    inbox = Inbox()
    old, new = a_state(order="o-1"), a_state(order="o-2")
    inbox.put_state(VAN_1, old)
    inbox.put_connection(VAN_1, online(ConnectionState.CONNECTION_BROKEN))
    facts = inbox.take()
    inbox.put_state(VAN_1, new)
    inbox.put_connection(VAN_1, online())
    inbox.give_back(facts)
    again = inbox.take()
    assert again.states == {VAN_1: [old, new]}
    assert [message.state for _, message in again.connections] == ["CONNECTION_BROKEN", "ONLINE"]


def test_a_newer_state_that_says_no_more_replaces_the_one_given_back() -> None:
    inbox = Inbox()
    inbox.put_state(VAN_1, charged(0.8))
    facts = inbox.take()
    inbox.put_state(VAN_1, charged(0.7))
    inbox.give_back(facts)
    assert inbox.take().states == {VAN_1: [charged(0.7)]}


def test_all_else_is_given_back_too() -> None:
    inbox = Inbox()
    inbox.put_plan(a_plan())
    inbox.put_unconfirmed(VAN_1, "o-1", "was sent 6 times")
    inbox.put_link_up()
    facts = inbox.take()
    inbox.give_back(facts)
    again = inbox.take()
    assert (len(again.plans), len(again.unconfirmed), again.link_came_up) == (1, 1, True)


def test_commands_are_not_given_back_because_their_callers_were_told() -> None:
    async def ask() -> None:
        inbox = Inbox()
        inbox.put_command(Asked(HoldVehicle(VAN_1, ""), "us", asyncio.get_running_loop().create_future()))
        facts = inbox.take()
        inbox.give_back(facts)
        assert inbox.take().commands == []

    asyncio.run(ask())


def test_who_has_spoken_since_the_line_came_up_is_known_after_a_turn_was_given_back() -> None:
    inbox = Inbox()
    inbox.put_link_up()
    inbox.put_state(VAN_1, a_state())
    facts = inbox.take()
    inbox.put_state(VAN_2, a_state())
    inbox.give_back(facts)
    assert inbox.take().spoke_since == {VAN_1, VAN_2}


def test_a_second_gap_while_a_turn_was_given_back_counts_from_its_own_end() -> None:
    inbox = Inbox()
    inbox.put_link_up()
    inbox.put_state(VAN_1, a_state())
    facts = inbox.take()
    inbox.put_link_up()
    inbox.put_state(VAN_2, a_state())
    inbox.give_back(facts)
    again = inbox.take()
    assert (again.spoke_since, again.link_ups) == ({VAN_2}, 2)


def test_news_wakes_whoever_waits_for_it() -> None:
    async def wait() -> None:
        inbox = Inbox()
        for put in (inbox.nudge, inbox.put_link_up):
            put()
            async with asyncio.timeout(1.0):
                await inbox.wait()
            inbox.take()

    asyncio.run(wait())


def test_an_order_that_was_held_back_is_told_once_and_not_lost_with_a_turn_that_was_not_recorded() -> None:
    inbox = Inbox()
    inbox.put_held_back(VAN_1, "its base ends on a bridge")
    inbox.put_held_back(VAN_1, "the same again")
    facts = inbox.take()
    assert facts.held_back == {VAN_1: "its base ends on a bridge"}
    inbox.give_back(facts)
    assert inbox.take().held_back == {VAN_1: "its base ends on a bridge"}
