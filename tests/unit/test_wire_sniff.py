"""A listener tells each side of the line what it does wrong, and says nothing where all is well."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fleet.wire.header import timestamp
from fleet.wire.sniff.heard import line_of, read_lines
from fleet.wire.sniff.lines import LINES
from fleet.wire.sniff.report import SniffReport
from fleet.wire.sniff.schemas import OfficialSchemas, SchemasError
from fleet.wire.sniff.sniffer import Sniffer
from tests.street import T0_S, Json, Street, an_order, street, under_way
from tests.vda5050_doc import read_spec


def names(report: SniffReport) -> list[str]:
    return sorted({finding.line.name for finding in (*report.violations, *report.remarks)})


# All is well ----------------------------------------------------------------------------------------------------------


def a_good_day() -> Street:
    """Two orders with an update, an action, a pause, a repeat, a restart and a farewell."""
    day = street().factsheet().instant()
    day.order().state(**under_way())
    day.order()  # said again: same content, another number
    day.order(update=1, first=1, released=3).state(**under_way(update=1, at=1, end=3))
    day.state(**under_way(update=1, at=3, end=3, driving=False))
    drop = {"actionId": "a-1", "actionType": "drop", "blockingType": "HARD"}
    last = an_order("o-2", first=0, released=3)
    last["nodes"][2]["actions"] = [drop]
    day.say("order", last)
    for status in ("WAITING", "RUNNING", "PAUSED", "RUNNING", "FINISHED"):
        done = [{"actionId": "a-1", "actionStatus": status}]
        day.state(**under_way("o-2", at=2, actionStates=done))
    day.online("CONNECTIONBROKEN", headerId=1, timestamp=timestamp(T0_S + 1.0))
    day.header_ids.clear()
    day.online().state()
    return day.online("OFFLINE")


def test_of_a_good_day_nothing_is_said() -> None:
    report = a_good_day().judged()
    assert names(report) == []
    assert report.is_clean
    [line] = report.vehicles
    assert (line.vehicle, line.versions) == ("acme/van-1", ("2.1.0",))
    assert line.messages["order"] == 4
    assert report.messages == sum(line.messages.values())


# Each line fires ------------------------------------------------------------------------------------------------------


def deviant(order: Json, part: str, index: int, **changes: object) -> Json:
    changed = copy.deepcopy(order)
    changed[part][index].update(changes)
    return changed


def sent(*orders: Json) -> Street:
    """Orders one after the other, each shown by the vehicle before the next."""
    there = street()
    for order in orders:
        there.say("order", order)
        shown = under_way(order["orderId"], order["orderUpdateId"], order["nodes"][0]["sequenceId"] // 2)
        end = order["nodes"][-1]["sequenceId"] // 2
        there.state(
            **(shown | under_way(order["orderId"], order["orderUpdateId"], shown["lastNodeSequenceId"] // 2, end))
        )
    return there


def with_action(order: Json, index: int = 1, **changes: object) -> Json:
    action = {"actionId": "a-1", "actionType": "drop", "blockingType": "HARD"} | changes
    return deviant(order, "nodes", index, actions=[action])


def many_jumps() -> Street:
    there = street()
    for _ in range(12):
        there.header_ids["state"] += 4
        there.state()
    return there


def action_states(*statuses: str) -> Street:
    there = sent(with_action(an_order()))
    for status in statuses:
        there.state(**under_way(actionStates=[{"actionId": "a-1", "actionStatus": status}]))
    return there


NEWEST = "vda5050/v3/acme/van-1"


def newest() -> Street:
    """A vehicle of 3.0 that has just come."""
    return Street().online(topic=f"{NEWEST}/connection", version="3.0.0")


CANCEL = {"actionId": "c-1", "actionType": "cancelOrder"}
TAUGHT: Json = {"operatingMode": "MANUAL"}

PLANTED: dict[str, Callable[[], Street]] = {
    "version_unknown": lambda: street().state(how={"version": "9.0.0", "topic": "uagv/v9/acme/van-1/state"}),
    "major_of_topic": lambda: street().state(how={"topic": "uagv/v1/acme/van-1/state"}),
    "majors_mixed": lambda: street().state(how={"version": "9.0.0"}),
    "version_of_answer": lambda: street().order(how={"version": "2.1.7"}).state(**under_way()),
    "topic_signs": lambda: street().raw("uagv/v2/acme/van 2/state", b"{}"),
    "topic_unknown": lambda: street().say("states", {}),
    "qos": lambda: street().online(qos=0),
    "retained": lambda: street().order(how={"retained": True}),
    "not_retained": lambda: street().asked_again(),
    "counter_fell": lambda: street().state().state(how={"headerId": 1}),
    "counter_skips": many_jumps,
    "counter_repeats": lambda: street().state(how={"headerId": 1}),
    "clock_back": lambda: street().state(how={"timestamp": timestamp(T0_S)}),
    "clock_off": lambda: street().state(how={"timestamp": timestamp(T0_S + 60.0)}),
    "other_vehicle": lambda: street().state(how={"serialNumber": "van-2"}),
    "connection_unheard": lambda: Street().state(),
    "not_online": lambda: street().online("CONNECTIONBROKEN").state(how={"after_s": 5.0}),
    "silent": lambda: street().state(how={"after_s": 40.0}),
    "too_long": lambda: street().factsheet().order(nodes=5, released=5),
    "too_often": lambda: street().factsheet().order().order(how={"after_s": 0.1}),
    "action_not_offered": lambda: street().factsheet().say("order", with_action(an_order(), actionType="dance")),
    "order": lambda: street().say("order", deviant(an_order(), "edges", 0, endNodeId="n9")),
    "first_update": lambda: street().order(update=3),
    "order_id_again": lambda: sent(*(an_order(f"o-{k}", nodes=1, released=1) for k in range(25))).order(order_id="o-1"),
    "action_id_again": lambda: sent(
        with_action(an_order("o-1", nodes=1, released=1), 0), with_action(an_order("o-2", nodes=1, released=1), 0)
    ),
    "same_place": lambda: street().say(
        "order", deviant(an_order(), "nodes", 1, nodePosition={"x": 0.0, "y": 0.0, "mapId": "town"})
    ),
    "map": lambda: street()
    .state(maps=[{"mapId": "town", "mapVersion": "1", "mapStatus": "DISABLED"}])
    .order(),
    "beyond_base": lambda: sent(an_order()).state(**under_way(at=2)),
    "update_back": lambda: sent(an_order(), an_order(update=2, first=1)).order(update=1, first=1),
    "update_skips": lambda: sent(an_order(), an_order(update=2, first=1)),
    "stitch": lambda: sent(an_order(), an_order(update=1)),
    "base_changed": lambda: sent(
        an_order(),
        deviant(an_order(update=1, first=1), "nodes", 0, nodePosition={"x": 11.0, "y": 0.0, "mapId": "town"}),
    ),
    "update_again": lambda: sent(an_order()).order(nodes=4),
    "order_unseen": lambda: street().order().state(how={"after_s": 20.0}),
    "update_unseen": lambda: street().order().order(update=1, first=1),
    "busy": lambda: sent(an_order()).order(order_id="o-2"),
    "update_after_cancel": lambda: sent(an_order()).instant(**CANCEL).order(update=1, first=1),
    "action_after_end": lambda: action_states("RUNNING", "FAILED", "FINISHED"),
    "action_back": lambda: action_states("RUNNING", "WAITING"),
    "instant_blocks": lambda: street().instant(blockingType="HARD"),
    "instant_handling": lambda: street().instant(actionType="pick"),
    "progress_back": lambda: sent(an_order()).state(**under_way(at=1)).state(**under_way(at=0)),
    "left_grew": lambda: sent(an_order()).state(**under_way(at=1)).state(**under_way(at=1) | under_way(at=0)),
    "other_nodes": lambda: sent(an_order()).state(
        **under_way(nodeStates=[{"nodeId": "n7", "sequenceId": 4, "released": False}])
    ),
    "reached_listed": lambda: sent(an_order()).state(**under_way(at=1, nodeStates=under_way()["nodeStates"])),
    "state_sequence": lambda: sent(an_order()).state(
        **under_way(nodeStates=[{"nodeId": "n1", "sequenceId": 1, "released": True}])
    ),
    "foreign_order": lambda: street().state(orderId="stranger"),
    "mode": lambda: street().state(**TAUGHT).order(),
    "connection_fields": lambda: street().online("HERE"),
    "state_fields": lambda: street().state(driving="yes"),
    "visualization_fields": lambda: street().say("visualization", {"velocity": {"vx": "fast"}}),
    "factsheet_fields": lambda: street().factsheet(loadSpecification=[]),
    "order_fields": lambda: street().say("order", an_order(orderUpdateId=-1)),
    "instantActions_fields": lambda: street().say("instantActions", {"actions": [{"actionId": 7}]}),
    "zoneSet_fields": lambda: newest().say("zoneSet", {"zoneSet": []}, topic=f"{NEWEST}/zoneSet", version="3.0.0"),
    "responses_fields": lambda: newest().say("responses", {}, topic=f"{NEWEST}/responses", version="3.0.0"),
    "json": lambda: street().raw("uagv/v2/acme/van-1/state", b'{"x": NaN}'),
}  # fmt: skip
ELSEWHERE = {"schema", "schema_slip", "vehicle_unheard"}


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_what_is_planted_is_found(name: str) -> None:
    report = PLANTED[name]().judged()
    assert name in names(report)
    assert report.is_clean is all(LINES[found].is_remark for found in names(report))


def test_every_line_is_planted() -> None:
    assert set(PLANTED) | ELSEWHERE == set(LINES)


def test_every_number_is_a_line_or_a_section_of_the_page() -> None:
    spec = read_spec()
    numbers = {line.number for line in spec.lines()} | {str(section.number) for section in spec.sections}
    assert {line.number for line in LINES.values()} <= numbers


# Finer points ---------------------------------------------------------------------------------------------------------


def test_each_fault_is_told_once_with_how_often_and_where_first() -> None:
    [finding] = street().state(driving="yes").state(driving="no").judged().violations
    assert (finding.count, finding.by, finding.place) == (2, "vehicle", "driving")
    assert (finding.topic, finding.at_s) == ("uagv/v2/acme/van-1/state", T0_S + 3.0)


def test_a_vehicle_that_says_it_is_back_may_count_anew() -> None:
    there = street().state().state()
    there.header_ids.clear()
    assert names(there.online().state().judged()) == []


def test_a_master_may_count_anew_unheard() -> None:
    there = sent(an_order()).order()
    there.header_ids["order"] = 0
    assert names(there.order().judged()) == []


def test_a_counter_may_begin_again_after_32_bits() -> None:
    there = street()
    there.header_ids["state"] = 2**32 - 2
    there.state()
    there.header_ids["state"] = -1
    assert names(there.state().judged()) == []


def test_a_message_that_others_overtook_moves_nothing() -> None:
    there = sent(an_order()).state(**under_way(at=1))
    late = {"headerId": 2, "timestamp": timestamp(T0_S + 2.5)}
    assert names(there.state(how=late, **under_way(at=0)).judged()) == []


def test_an_update_after_a_refused_one_joins_what_the_vehicle_shows() -> None:
    there = sent(an_order()).order(update=1, first=1, released=3)
    refused = [{"errorType": "orderUpdateError", "errorLevel": "WARNING"}]
    there.state(**under_way(errors=refused)).order(update=2, first=1, released=2)
    assert names(there.state(**under_way(update=2, at=1, end=3)).judged()) == []


def test_a_vehicle_that_keeps_the_node_it_reached_may_be_sent_on() -> None:
    at_its_end = under_way(at=1, edgeStates=[], nodeStates=[{"nodeId": "n1", "sequenceId": 2, "released": True}])
    there = sent(an_order(nodes=2)).state(**at_its_end).order(order_id="o-2").state(**under_way("o-2"))
    assert names(there.judged()) == ["reached_listed"]


def test_a_listener_that_came_late_takes_an_order_as_it_is() -> None:
    there = Street().online().state(**under_way(update=4, at=8, end=9)).order(update=5, first=9, released=2)
    assert names(there.state(**under_way(update=5, at=9, end=11)).judged()) == []


def test_what_the_broker_kept_is_not_judged_by_its_age() -> None:
    there = Street().online(retained=True, timestamp=timestamp(T0_S - 9999.0)).state()
    assert names(there.asked_again().online(retained=True).judged()) == []


def test_a_vehicle_that_said_farewell_may_be_silent() -> None:
    there = street().online("OFFLINE")
    there.now_s += 1000.0
    assert names(there.online().state().judged()) == []


def test_a_vehicle_of_the_site_that_is_not_heard_is_told() -> None:
    assert names(street().judged(expected=["acme/van-1", "acme/van-2"])) == ["vehicle_unheard"]


def test_only_the_vehicles_asked_for_are_judged() -> None:
    there = street().raw("uagv/v2/acme/van-2/state", b"?").raw("weather/report", b"rain")
    report = there.judged(only=["acme/van-1"])
    assert (names(report), report.messages, report.others) == ([], 2, 2)


def test_what_is_heard_with_a_retained_flag_by_nobody_is_not_gone() -> None:
    assert names(street().raw("uagv/v2/acme/van-1/connection", b"").judged()) == []


def test_a_message_without_a_version_is_judged_by_the_topics_major() -> None:
    report = street().raw("uagv/v2/acme/van-1/state", b"{}").judged()
    assert "version" in [finding.place for finding in report.violations]


def test_hostile_bytes_are_told_and_harm_nothing() -> None:
    there = street()
    for payload in (b"\xff\xfe", b"[" * 100_000, b"null", b'"text"', b"{" * 9, b'{"version": {}}', b"9" * 5000):
        for name in ("state", "order", "instantActions", "connection", "factsheet", "visualization"):
            there.raw(f"uagv/v2/acme/van-1/{name}", payload)
    assert "json" in names(there.judged())


# Reports and files ----------------------------------------------------------------------------------------------------


def test_a_report_reads_like_a_letter() -> None:
    text = street().state(driving="yes").judged().to_text()
    assert text.startswith("3 messages of 1 vehicles in 2 s: 1 violations, 0 remarks\n")
    assert "  10     acme/van-1, by the vehicle, 1x: A field of the state breaks the standard.\n" in text
    assert "first on uagv/v2/acme/van-1/state, at driving: driving must be true or false, is text" in text
    assert "acme/van-1  2.1.0    1           0        1 connection, 2 state" in text


def test_a_fault_of_many_vehicles_is_told_once() -> None:
    there = street().state(driving="yes")
    there.state(how={"topic": "uagv/v2/acme/van-2/state", "serialNumber": "van-2"}, driving="yes")
    report = there.online(topic="uagv/v2/acme/van-2/connection", serialNumber="van-2").judged()
    assert len(report.violations) == 2
    assert report.to_text().count("A field of the state") == 1
    assert "acme/van-1 and 1 more, by the vehicle, 2x" in report.to_text()


def test_a_report_says_the_same_to_programs() -> None:
    found = street().state(driving="yes").judged().to_json()
    assert json.loads(json.dumps(found)) == found
    [violation] = found["violations"]
    assert (violation["number"], violation["name"], violation["count"]) == ("10", "state_fields", 1)
    assert found["vehicles"][0]["violations"] == 1


def test_what_was_recorded_is_judged_alike() -> None:
    there = a_good_day().state(driving="yes").raw("uagv/v2/acme/van-1/order", b"\xff\x00").asked_again()
    lines = [line_of(entry) for entry in there.entries]
    assert list(read_lines(lines)) == there.entries
    again = Sniffer()
    again.hear_all(read_lines([*lines, ""]))
    assert again.end().to_json() == there.judged().to_json()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2"),
        ("[]", "no object"),
        ('{"at_s": 1, "payload": ""}', "no 'topic'"),
        ('{"at_s": "now", "topic": "t", "payload": ""}', "at_s"),
        ('{"at_s": NaN, "topic": "t", "payload": ""}', "at_s"),
        ('{"at_s": 1, "topic": "t", "payload": {}}', "payload is no text"),
        ('{"at_s": 1, "topic": "t", "payload": "", "qos": 7}', "qos"),
        ('{"at_s": 1, "topic": "t", "payload_base64": "%"}', "line 2"),
    ],
)
def test_a_line_that_nobody_recorded_is_named(line: str, words: str) -> None:
    with pytest.raises(ValueError, match="line 2") as caught:
        list(read_lines(["", line]))
    assert words in str(caught.value)


# Official schemas -----------------------------------------------------------------------------------------------------


def test_the_official_schemas_are_asked_where_somebody_has_them(shared: Path) -> None:
    schemas = OfficialSchemas.load(shared / "vda5050")
    assert names(a_good_day().judged(schemas=schemas)) == ["schema_slip"]  # the schema forgot PAUSED
    assert names(street().state(batteryState=None).judged(schemas=schemas)) == ["schema", "state_fields"]


def test_a_folder_without_schemas_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(SchemasError, match=r"2\.1\.0/state\.json"):
        OfficialSchemas.load(tmp_path)
    (tmp_path / "2.1.0").mkdir()
    (tmp_path / "2.1.0" / "state.json").write_text("{")
    with pytest.raises(SchemasError, match="is no schema"):
        OfficialSchemas.load(tmp_path)
