"""The late and the doubled are dropped, and a vehicle that begins anew is believed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fleet.model.ids import VehicleId
from fleet.telemetry.gate import FRESH_COUNT, STEADY_COUNT, STEADY_S, WRAP, HeaderGate, Verdict
from tests.nouns import NOW_S, VAN_1, VAN_2, a_header

TAKEN = (Verdict.TAKE, Verdict.RESTARTED)


class Line:
    """One gate, told of messages by header id and seconds; each says something else unless told otherwise."""

    def __init__(self) -> None:
        self.gate = HeaderGate()

    def say(
        self,
        number: int,
        sent_s: float,
        body: str = "",
        topic: str = "state",
        vehicle_id: VehicleId = VAN_1,
        came_s: float | None = None,
    ) -> Verdict:
        payload = (body or f"{number} at {sent_s}").encode()
        came = NOW_S + (sent_s if came_s is None else came_s)
        return self.gate.judge(vehicle_id, topic, a_header(number, NOW_S + sent_s), payload, came)


@pytest.mark.vda5050("2.5")
def test_messages_in_order_are_taken_and_gaps_mean_nothing() -> None:
    line = Line()
    assert [line.say(n, s) for n, s in ((1, 0.0), (2, 1.0), (90, 2.0))] == [Verdict.TAKE] * 3


@pytest.mark.vda5050("2.5")
def test_a_message_said_again_is_doubled() -> None:
    line = Line()
    line.say(5, 1.0, "same")
    assert line.say(5, 1.0, "same") is Verdict.DOUBLED


@pytest.mark.vda5050("2.5")
def test_a_message_with_an_older_number_and_time_is_late() -> None:
    line = Line()
    line.say(5, 5.0)
    assert line.say(4, 4.0) is Verdict.LATE


def test_a_late_message_leaves_the_newest_as_it_was() -> None:
    line = Line()
    line.say(5, 5.0)
    line.say(3, 3.0)
    assert line.say(4, 4.0) is Verdict.LATE


def test_a_doubled_message_that_is_also_late_is_not_taken() -> None:
    line = Line()
    line.say(4, 4.0, "old")
    line.say(5, 5.0)
    assert line.say(4, 4.0, "old") not in TAKEN


@pytest.mark.vda5050("2.5")
def test_a_vehicle_that_counts_from_anew_has_restarted() -> None:
    line = Line()
    line.say(5000, 5.0)
    assert line.say(0, 6.0) is Verdict.RESTARTED
    assert line.say(1, 7.0) is Verdict.TAKE


def test_a_message_from_before_a_restart_that_comes_after_it_is_late() -> None:
    """Found by trouble seeds 1 and 61: a state without an order made the order given since look vanished."""
    line = Line()
    line.say(5000, 5.0, "before")
    line.say(0, 6.0)
    assert line.say(5001, 5.5, "overtaken") is Verdict.LATE
    assert line.say(5000, 5.0, "before") is Verdict.LATE
    assert line.say(1, 7.0) is Verdict.TAKE


def test_what_was_said_before_a_clock_was_set_back_is_no_restart() -> None:
    """Found by trouble seeds 355 and 378: a doubled state without an order made the order given since look vanished."""
    line = Line()
    for number in (27, 28, 30):
        line.say(number, 1000.0 + number)
    line.say(31, 5.0, "by the clock that was set back")
    assert line.say(28, 1028.0) is Verdict.DOUBLED
    assert line.say(29, 1029.0, "held up") is Verdict.LATE
    assert line.say(32, 6.0) is Verdict.TAKE


def test_a_restart_whose_first_message_is_lost_is_seen_by_the_next_number_that_was_used_before() -> None:
    line = Line()
    for number in (0, 1, 3, 4):
        line.say(number, float(number))
    assert line.say(2, 10.0) is Verdict.LATE
    assert line.say(3, 11.0) is Verdict.RESTARTED


def test_a_clock_set_right_after_a_restart_is_believed_at_once() -> None:
    line = Line()
    line.say(5000, 3600.0)
    line.say(0, 3610.0)
    assert line.say(1, 20.0) is Verdict.TAKE


def test_a_restart_of_long_ago_makes_nothing_late() -> None:
    """A doubled message from when the clock was ahead looks like a restart; found by trouble seed 250."""
    line = Line()
    line.say(40, 3700.0, "ahead", came_s=100.0)
    line.say(41, 120.0)
    line.say(40, 3700.0, "ahead", came_s=130.0)
    assert line.say(150, 3000.0) in TAKEN


def test_a_clock_set_back_without_a_restart_is_believed_at_once() -> None:
    line = Line()
    line.say(5, 500.0)
    assert line.say(6, 100.0) is Verdict.TAKE


@pytest.mark.vda5050("2.1", "2.5")
def test_a_number_that_wraps_to_zero_is_no_restart() -> None:
    line = Line()
    line.say(WRAP - 1, 1.0)
    assert line.say(0, 2.0) is Verdict.TAKE


def test_a_late_message_from_before_the_wrap_is_late() -> None:
    line = Line()
    line.say(WRAP - 2, 1.0)
    line.say(0, 3.0)
    assert line.say(WRAP - 1, 2.0) is Verdict.LATE


@pytest.mark.vda5050("2.5")
def test_a_vehicle_that_repeats_its_number_with_another_body_is_heard() -> None:
    line = Line()
    line.say(7, 1.0, "one")
    assert line.say(7, 2.0, "two") is Verdict.TAKE


def test_a_clock_that_goes_back_while_the_numbers_go_on_is_believed() -> None:
    line = Line()
    line.say(7, 100.0)
    assert line.say(8, 40.0) in TAKEN


def test_a_vehicle_that_restarts_with_its_clock_set_back_is_believed_in_the_end() -> None:
    line = Line()
    line.say(5000, 100_000.0)
    step_s = STEADY_S / STEADY_COUNT + 1.0
    verdicts = [line.say(n, n * step_s, came_s=100_000.0 + n * step_s) for n in range(STEADY_COUNT + 2)]
    assert verdicts[0] is Verdict.LATE
    assert Verdict.RESTARTED in verdicts
    assert verdicts[-1] in TAKEN


def test_many_late_messages_in_a_short_time_are_no_restart() -> None:
    line = Line()
    line.say(5000, 100_000.0)
    verdicts = {line.say(n, float(n), came_s=100_000.0 + n) for n in range(3 * STEADY_COUNT)}
    assert verdicts == {Verdict.LATE}


def test_late_messages_out_of_order_are_no_restart_however_long_they_come() -> None:
    line = Line()
    line.say(5000, 100_000.0)
    late = [(n, s) for n in range(2, 400, 2) for s in (float(n), float(n - 1))]
    verdicts = {line.say(int(s), s, came_s=100_000.0 + 60.0 * n) for n, s in late}
    assert verdicts == {Verdict.LATE}


@pytest.mark.vda5050("2.6", "14.12")
@pytest.mark.parametrize("topic", ["connection"])
def test_a_last_will_is_never_late(topic: str) -> None:
    """It carries the header of the connect, and is outdated by design."""
    line = Line()
    line.say(90, 90.0, topic=topic)
    assert line.say(1, 1.0, topic=topic) is Verdict.TAKE
    assert line.say(1, 1.0, topic=topic) is Verdict.TAKE


@pytest.mark.vda5050("2.1")
def test_topics_and_vehicles_count_by_themselves() -> None:
    line = Line()
    line.say(90, 90.0)
    assert line.say(1, 1.0, topic="visualization") is Verdict.TAKE
    assert line.say(1, 1.0, vehicle_id=VAN_2) is Verdict.TAKE


def test_what_was_said_while_the_clock_was_years_ahead_is_late_once_it_is_right_again() -> None:
    """It looks newer than all that follows; a restart in between takes its number away as well."""
    line, years_s = Line(), 3.0e8
    assert line.say(57, years_s, came_s=0.0) in TAKEN
    assert line.say(59, 60.0) in TAKEN
    assert line.say(0, 90.0) is Verdict.RESTARTED
    assert line.say(58, years_s + 1.0, came_s=300.0) is Verdict.LATE
    assert line.say(1, 301.0) in TAKEN


def test_a_clock_that_is_wrong_for_a_while_and_right_again_silences_nobody() -> None:
    line, years_s = Line(), 3.0e8
    assert line.say(1, 0.0) in TAKEN
    assert line.say(2, years_s + 60.0, came_s=60.0) in TAKEN
    assert line.say(3, 0.5, came_s=61.0) is Verdict.LATE
    assert line.say(4, 400.0) in TAKEN
    assert line.say(5, 401.0) in TAKEN


def test_a_clock_that_is_put_right_after_two_wrong_ones_silences_nobody() -> None:
    line, years_s = Line(), 3.0e8
    assert line.say(1, 0.0) in TAKEN
    assert line.say(2, 3600.0, came_s=60.0) in TAKEN
    assert line.say(3, years_s, came_s=120.0) in TAKEN
    assert line.say(4, 500.0) in TAKEN


# One odd message ------------------------------------------------------------------------------------------------------

HOURS_S = 5.0 * 3600.0
ODD = [
    pytest.param((lambda n: n), 5000, HOURS_S, id="its number far ahead and its clock by hours"),
    pytest.param((lambda n: n), 5000, 0.0, id="its number far ahead"),
    pytest.param((lambda n: n), 5000, -HOURS_S, id="its number far ahead and its clock behind"),
    pytest.param((lambda n: 7), 7, HOURS_S, id="its clock ahead by hours, of a vehicle that never counts"),
]


@pytest.mark.vda5050("2.5", "2.7")
@pytest.mark.parametrize(("number_at", "odd", "ahead_s"), ODD)
def test_one_odd_message_makes_nobody_deaf(number_at: Callable[[int], int], odd: int, ahead_s: float) -> None:
    """Found by a breaker: one state with a clock five hours ahead, and the vehicle was not heard for 15 minutes."""
    line = Line()
    for second in range(10):
        line.say(number_at(second), float(second))
    assert line.say(odd, 10.0 + ahead_s, "odd", came_s=10.0) in TAKEN
    verdicts = [line.say(number_at(second), float(second)) for second in range(11, 30)]
    assert [verdict in TAKEN for verdict in verdicts] == [False] * (FRESH_COUNT - 1) + [True] * (20 - FRESH_COUNT)
    assert line.say(odd, 10.0 + ahead_s, "odd", came_s=30.0) not in TAKEN
    assert line.say(number_at(31), 31.0) in TAKEN


@pytest.mark.parametrize(("number_at", "odd", "ahead_s"), ODD)
def test_what_was_sent_before_an_odd_message_is_late_however_much_of_it_comes_after_it(
    number_at: Callable[[int], int], odd: int, ahead_s: float
) -> None:
    """Held up, or said again by somebody: it was sent before, by its own clock."""
    line = Line()
    for second in range(5):
        line.say(number_at(second), float(second))
    line.say(odd, 20.0 + ahead_s, "odd", came_s=20.0)
    for held_up in range(5, 20):
        assert line.say(number_at(held_up), float(held_up), came_s=20.0 + held_up / 20.0) not in TAKEN
    for old in range(20):
        assert line.say(number_at(old), float(old), "again", came_s=100.0 + old) not in TAKEN


def test_late_messages_one_by_one_among_those_in_order_are_never_believed() -> None:
    line = Line()
    line.say(0, 0.0)
    for second in range(1, 40):
        assert line.say(2 * second, float(second)) in TAKEN
        assert line.say(2 * second - 1, second - 0.5, came_s=second + 0.01) is Verdict.LATE


@pytest.mark.vda5050("3.8")
def test_a_vehicle_that_says_it_began_anew_is_believed_though_its_clock_went_back() -> None:
    line = Line()
    line.say(5000, 100_000.0)
    line.gate.restarted(VAN_1, NOW_S + 50.0, NOW_S + 100_010.0)
    assert line.say(0, 51.0, came_s=100_011.0) is Verdict.TAKE
    assert line.say(1, 52.0, came_s=100_012.0) is Verdict.TAKE


def test_what_was_said_before_it_began_anew_is_late_after_it() -> None:
    line = Line()
    line.say(7, 1.0)
    line.gate.restarted(VAN_1, NOW_S + 10.0, NOW_S + 10.0)
    assert line.say(8, 9.0, came_s=11.0) is Verdict.LATE
    assert line.say(0, 12.0) is Verdict.TAKE


def test_that_one_vehicle_began_anew_says_nothing_of_another() -> None:
    line = Line()
    line.say(7, 7.0, vehicle_id=VAN_2)
    line.gate.restarted(VAN_1, NOW_S + 10.0, NOW_S + 10.0)
    assert line.say(6, 6.0, vehicle_id=VAN_2) is Verdict.LATE
