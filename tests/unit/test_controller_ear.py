"""What comes in over the line: taken, counted, told to people once, never more trouble than one message is worth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

import msgspec
import pytest
import structlog
from structlog.testing import capture_logs

from fleet.clock import Clock
from fleet.controller.ear import Ear
from fleet.controller.inbox import Inbox
from fleet.controller.sparing import Sparing
from fleet.controller.stats import Stats
from fleet.model.ids import VehicleId
from fleet.model.twin import Liveness
from fleet.telemetry.learn import Voice
from fleet.telemetry.liveness import Watch
from fleet.wire.codec import encode_connection, encode_factsheet, encode_state, encode_visualization
from fleet.wire.messages import Connection, ConnectionState, OperatingMode, VehicleState, Visualization
from tests.nouns import NOW_S, VAN_1, VAN_2, a_header, a_site, a_state, standing_at
from tests.unit.test_telemetry_learn import a_factsheet

ON, OFF, BROKEN = ConnectionState.ONLINE, ConnectionState.OFFLINE, ConnectionState.CONNECTION_BROKEN


class Line:
    """An ear, told of messages as the broker hands them over; each bears a number of its own and the present time."""

    def __init__(self) -> None:
        self.now_s = NOW_S
        self.inbox, self.stats, self.watch = Inbox(), Stats(), Watch(35.0, 120.0)
        clock = cast(Clock, self)  # it is asked the time only
        self.sparing = Sparing(clock)
        self.ear = Ear(a_site(), clock, self.inbox, self.watch, self.stats, self.sparing)
        self.number = 0

    def trade_now_s(self) -> float:
        return self.now_s

    def machine_now_s(self) -> float:
        return self.now_s

    def hear(self, name: str, payload: bytes, *, major: int = 2, of: VehicleId = VAN_1, retained: bool = False) -> None:
        self.ear.on_message(f"uagv/v{major}/acme/{of}/{name}", payload, retained=retained)

    def state(self, said: VehicleState | None = None, **header: object) -> None:
        """Van 1 says a state, by default that it stands at its station."""
        self.number += 1
        self.now_s += 1.0
        head = msgspec.structs.replace(a_header(self.number, self.now_s), **header)
        self.hear("state", encode_state(msgspec.structs.replace(said or a_state(), header=head)))

    def raw_state(self, **changes: object) -> None:
        """The same as JSON with some fields changed, or left out where they are told to be `...`."""
        self.number += 1
        self.now_s += 1.0
        fields = json.loads(encode_state(a_state(header=a_header(self.number, self.now_s)))) | changes
        self.hear("state", json.dumps({key: value for key, value in fields.items() if value is not ...}).encode())

    def connection(
        self, word: ConnectionState, *, number: int = 0, retained: bool = False, version: str = "2.1.0"
    ) -> None:
        self.now_s += 1.0
        header = msgspec.structs.replace(a_header(number, self.now_s), version=version)
        self.hear("connection", encode_connection(Connection(header=header, state=word)), retained=retained)

    @property
    def states(self) -> list[VehicleState]:
        return self.inbox.take().states.get(VAN_1, [])


@pytest.fixture
def line() -> Iterator[Line]:
    structlog.reset_defaults()
    yield Line()
    structlog.reset_defaults()


# Sloppy vehicles ------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("2.3", "0.5")
@pytest.mark.parametrize(
    "written", ["2027-01-15T08:00:09", "2027-01-15T08:00:09.5+00:00", "2027-01-15T08:00:09.123456789Z"]
)
def test_a_time_without_zone_or_with_another_form_is_read_as_utc(line: Line, written: str) -> None:
    line.raw_state(timestamp=written)
    assert 0.0 <= line.states[0].header.sent_s - NOW_S < 10.0


@pytest.mark.vda5050("2.3")
def test_a_time_without_zone_is_warned_of_once(line: Line) -> None:
    with capture_logs() as logs:
        for second in range(5):
            line.raw_state(timestamp=f"2027-01-15T08:00:0{second}")
    told = [log for log in logs if log["event"] == "rule_broken" and log["log_level"] == "warning"]
    assert [log["path"] for log in told] == ["timestamp"]
    assert line.stats.schema_violations["state:timestamp"] == 5
    assert len(line.states) == 1


@pytest.mark.vda5050("2.8")
def test_null_for_what_may_be_absent_is_as_good_as_absent(line: Line) -> None:
    line.raw_state(agvPosition=None, velocity=None, loads=None, maps=None, paused=None)
    [state] = line.states
    assert (state.position, state.loads, state.paused) == (None, None, False)


@pytest.mark.vda5050("2.8")
def test_fields_and_words_that_nobody_knows_do_no_harm(line: Line) -> None:
    line.raw_state(operatingMode="DREAMING", colour="red", distanceSinceLastNode=3)
    [state] = line.states
    assert (state.mode, state.distance_since_last_node_m) == (OperatingMode.UNKNOWN, 3.0)


@pytest.mark.vda5050("10.11")
def test_loads_that_are_not_told_are_unknown_and_an_empty_list_is_none_aboard(line: Line) -> None:
    line.raw_state(loads=...)
    line.raw_state(loads=[], orderId="o-1")
    assert [state.loads for state in line.states] == [None, ()]


@pytest.mark.vda5050("2.5")
def test_numbers_shared_between_topics_leave_gaps_that_mean_nothing(line: Line) -> None:
    for _ in range(5):
        line.state()
        line.number += 1
        header = a_header(line.number, line.now_s)
        line.hear("visualization", encode_visualization(Visualization(header=header, position=None, speed_mps=1.0)))
    assert not line.stats.dropped


@pytest.mark.vda5050("2.4")
def test_a_message_in_the_name_of_another_vehicle_is_dropped_and_counted(line: Line) -> None:
    line.state(serial_number=VAN_2)
    assert line.states == []
    assert line.stats.dropped["malformed"] == 1


# Versions and topics --------------------------------------------------------------------------------------------------


def voices(line: Line) -> list[Voice]:
    return list(line.inbox.take().voices.values())


@pytest.mark.vda5050("0.1", "0.2")
def test_how_a_vehicle_speaks_is_told_once_and_the_message_is_used_all_the_same(line: Line) -> None:
    for number in (1, 2):
        line.hear("state", encode_state(a_state(header=a_header(number, NOW_S + number))), major=1)
    facts = line.inbox.take()
    assert list(facts.voices.values()) == [Voice("state", 1, "2.1.0")]
    assert len(facts.states[VAN_1]) == 1
    line.hear("state", encode_state(a_state(header=a_header(3, NOW_S + 3.0))), major=1)
    assert voices(line) == []


@pytest.mark.vda5050("0.6")
def test_a_message_of_a_version_that_nobody_speaks_is_dropped_and_its_version_told(line: Line) -> None:
    line.raw_state(version="7.0.0")
    facts = line.inbox.take()
    assert facts.states == {}
    assert list(facts.voices.values()) == [Voice("state", 2, "7.0.0", is_spoken=False)]


@pytest.mark.vda5050("0.6")
def test_an_unknown_patch_of_a_known_version_is_read(line: Line) -> None:
    line.raw_state(version="2.1.9")
    assert line.states[0].header.version == "2.1.9"


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b'{"version": 7}', b"\xff\xfe", b'{"version": "7.0.0"'])
def test_noise_is_no_version(line: Line, payload: bytes) -> None:
    line.hear("state", payload)
    assert voices(line) == []


@pytest.mark.vda5050("0.3", "4.1")
def test_a_factsheet_that_the_broker_has_kept_is_taken(line: Line) -> None:
    line.hear("factsheet", encode_factsheet(a_factsheet(header=a_header(1, NOW_S))), retained=True)
    facts = line.inbox.take()
    assert list(facts.factsheets) == [VAN_1]
    assert facts.voices[VAN_1, "factsheet"].version == "2.1.0"


def test_a_state_that_the_broker_has_kept_says_nothing_of_now(line: Line) -> None:
    line.hear("state", encode_state(a_state()), retained=True)
    facts = line.inbox.take()
    assert (facts.states, facts.voices) == ({}, {})


# Three clocks ---------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("3.8")
def test_who_says_twice_that_it_is_there_has_begun_anew_and_may_count_from_nothing_by_another_clock(line: Line) -> None:
    line.connection(ON, number=1)
    line.number = 5000
    line.state()
    line.connection(ON, number=1)
    assert line.inbox.take().restarted == {VAN_1}
    line.number = 0
    line.now_s += 1.0
    an_hour_back = line.now_s - 3600.0
    line.hear("state", encode_state(a_state(header=a_header(0, an_hour_back), order="o-9")))
    assert [state.order_id for state in line.states] == ["o-9"]


@pytest.mark.vda5050("2.6", "3.8")
def test_a_word_that_the_broker_repeats_is_no_second_word(line: Line) -> None:
    header = a_header(1, NOW_S)
    said = encode_connection(Connection(header=header, state=ON))
    line.hear("connection", said)
    line.hear("connection", said)  # delivered twice
    line.connection(ON, number=7, retained=True)  # kept by the broker, after our own reconnect
    assert line.inbox.take().restarted == set()


def test_who_went_and_came_back_has_not_begun_anew_unheard(line: Line) -> None:
    for word in (ON, BROKEN, ON, OFF, ON):
        line.connection(word, number=1)
    assert line.inbox.take().restarted == set()


@pytest.mark.vda5050("3.1")
@pytest.mark.parametrize(
    ("word", "version", "spelt"),
    [
        (ON, "2.0.0", b"ONLINE"),
        (OFF, "2.1.0", b"OFFLINE"),
        (BROKEN, "2.1.0", b"CONNECTIONBROKEN"),
        (BROKEN, "3.0.0", b"CONNECTION_BROKEN"),
        (ConnectionState.HIBERNATING, "3.0.0", b"HIBERNATING"),
    ],
)
def test_every_word_of_the_connection_topic_is_heard_in_each_version(
    line: Line, word: ConnectionState, version: str, spelt: bytes
) -> None:
    header = msgspec.structs.replace(a_header(1, NOW_S), version=version)
    said = encode_connection(Connection(header=header, state=word))
    assert b'"' + spelt + b'"' in said
    line.hear("connection", said, retained=True)
    assert [message.state for _, message in line.inbox.take().connections] == [word]


@pytest.mark.vda5050("2.6")
def test_a_last_will_with_the_number_and_time_of_the_connect_is_heard(line: Line) -> None:
    said = a_header(1, NOW_S)
    line.hear("connection", encode_connection(Connection(header=said, state=ON)))
    line.hear("connection", encode_connection(Connection(header=said, state=BROKEN)))
    assert [message.state for _, message in line.inbox.take().connections] == [ON, BROKEN]


def test_what_was_said_before_it_began_anew_is_late(line: Line) -> None:
    line.connection(ON, number=1)
    line.state()
    before = encode_state(a_state(header=a_header(99, line.now_s), order="of-old"))
    line.connection(ON, number=2)
    line.inbox.take()
    line.hear("state", before)
    assert line.states == []
    line.state()
    assert len(line.states) == 1


@pytest.mark.vda5050("2.7")
def test_how_far_each_clock_is_off_is_measured_and_silence_is_measured_by_ours(line: Line) -> None:
    line.state(sent_s=line.now_s - 86_400.0)
    assert line.ear.heard[VAN_1].clock_ahead_s == pytest.approx(-86_400.0, abs=2.0)
    assert line.ear.heard[VAN_1].at_s == line.now_s
    assert line.watch.overdue(line.now_s + 34.0) == []
    assert line.watch.overdue(line.now_s + 35.0) == [(VAN_1, Liveness.STALE)]


@pytest.mark.vda5050("3.6")
def test_who_hibernates_is_not_silent_until_it_wakes(line: Line) -> None:
    line.state()
    line.connection(ConnectionState.HIBERNATING, version="3.0.0")
    line.state()
    assert line.watch.overdue(line.now_s + 7200.0) == []
    line.now_s += 7200.0
    line.connection(ON)
    assert line.watch.overdue(line.now_s + 34.0) == []
    assert line.watch.overdue(line.now_s + 35.0) == [(VAN_1, Liveness.STALE)]


# Visualization --------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("10.14")
def test_where_a_vehicle_shows_itself_is_for_display_and_reaches_no_turn(line: Line) -> None:
    line.state()
    line.inbox.take()
    line.watch.overdue(line.now_s)
    for number in range(100):
        line.now_s += 1.0
        position = standing_at(float(number), 0.0)
        header = a_header(number, line.now_s)
        line.hear("visualization", encode_visualization(Visualization(header=header, position=position, speed_mps=5.0)))
    assert line.inbox.take().count == 0
    assert line.ear.heard[VAN_1].speed_mps == 5.0
    assert (VAN_1, Liveness.STALE) in line.watch.overdue(line.now_s)


@pytest.mark.vda5050("2.5")
def test_a_number_that_comes_again_with_another_body_is_taken_and_warned_of_once(line: Line) -> None:
    with capture_logs() as logs:
        for second in range(1, 4):
            line.hear("state", encode_state(a_state(header=a_header(7, NOW_S + second), driving=bool(second % 2))))
    assert line.stats.dropped == {}
    assert len(line.states) == 1, "the latest of them"
    told = [(log["log_level"], log["header_id"]) for log in logs if log["event"] == "header_id_reused"]
    assert told == [("warning", 7)]


@pytest.mark.vda5050("1.9")
def test_a_bad_message_costs_one_line_in_the_log_and_one_count(line: Line) -> None:
    with capture_logs() as logs:
        line.hear("state", b"{")
    assert [(log["event"], log["log_level"]) for log in logs] == [("message_refused", "warning")]
    assert line.stats.dropped == {"malformed": 1}


# The log --------------------------------------------------------------------------------------------------------------


def test_a_flood_of_messages_that_cannot_be_read_costs_a_line_a_minute(line: Line) -> None:
    """The first one at once, then how many there were since, with the last of them; each is counted."""
    with capture_logs() as logs:
        for _ in range(6000):
            line.now_s += 0.02
            line.hear("state", b"{")
            line.hear("factsheet", b"{", of=VAN_2)
            line.sparing.tell_counts()
        line.now_s += 60.0
        line.sparing.tell_counts()
    for vehicle_id in (VAN_1, VAN_2):
        times = [log.get("times") for log in logs if log["vehicle"] == vehicle_id]
        assert len(times) == 3
        assert times[0] is None
        assert sum(filter(None, times)) == 5999
    assert line.stats.dropped["malformed"] == 12_000


def test_a_vehicle_that_begins_anew_all_the_time_costs_a_line_a_minute(line: Line) -> None:
    with capture_logs() as logs:
        for number in range(50):
            line.connection(ON, number=number)
    assert [log["event"] for log in logs] == ["vehicle_restarted"]


def test_after_a_quiet_minute_trouble_is_told_at_once_again(line: Line) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            line.hear("state", b"{")
            line.now_s += 61.0
            line.sparing.tell_counts()
    assert [log.get("times") for log in logs] == [None, None, None]
