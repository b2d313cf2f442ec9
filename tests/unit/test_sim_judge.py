"""The judge: whom it judges, what it keeps to itself, and how it tells what it found."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec.structs import replace

from fleet.errors import ConfigError
from fleet.roads.permit import RoadProfile
from fleet.roads.refuse import may_drive
from fleet.wire.messages import OperatingMode
from tests import nouns
from tests.unit.judged import CORNERS, Message, Plant, finding, judge, judge_for_a_while, round_the_block
from vehicle_sim.judge.catalogue import CHECKS, chosen, number_order
from vehicle_sim.judge.check import Need
from vehicle_sim.judge.command import JudgeOptions, Terminal
from vehicle_sim.judge.command import judge as judge_by_options
from vehicle_sim.judge.course import Course
from vehicle_sim.judge.page import report_html
from vehicle_sim.judge.reference import renewed
from vehicle_sim.judge.report import SHOWN_MAX, gist, in_order, lines, report_json
from vehicle_sim.judge.site_course import course_of, vehicle_of
from vehicle_sim.judge.text import report_text
from vehicle_sim.judge.transcript import Entry
from vehicle_sim.judge.verdict import Verdict
from vehicle_sim.vehicle import SimVehicle

ENDLESS = "[" * 100_000
PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"


def deaf_to_updates(topic: str, message: Message) -> Iterable[Message]:
    return () if topic == "order" and message.get("orderUpdateId") else (message,)


def rolling_away(topic: str, message: Message) -> Iterable[Message]:
    """Says that it drives once it has an order."""
    if topic == "state" and message["orderId"]:
        message["driving"] = True
    return (message,)


# What is left alone ---------------------------------------------------------------------------------------------------


def test_a_vehicle_is_not_moved_unless_somebody_says_where_it_may_drive() -> None:
    odometers: list[SimVehicle] = []
    judge(plant=Plant(onto=odometers.append))
    assert odometers[0].driver.odometer_m == 0.0


def test_no_base_ends_where_the_course_forbids_to_stop() -> None:
    course = round_the_block()
    nodes = [replace(node, may_stop=node.node_id not in ("n2", "n3")) for node in course.nodes]
    heard: list[Message] = []

    def hears(topic: str, message: Message) -> Iterable[Message]:
        if topic == "order" and message.get("edges"):
            heard.append(message)
        return (message,)

    judge(plant=Plant(hears=hears), course=Course(tuple(nodes), course.edges))
    ends = {[node["nodeId"] for node in order["nodes"] if node["released"]][-1] for order in heard}
    assert ends == {"station:home", "n4"}


def test_a_vehicle_that_moves_of_its_own_is_given_no_further_order() -> None:
    told: list[Message] = []

    def hears(topic: str, message: Message) -> Iterable[Message]:
        if topic == "order":
            told.append(message)
        return (message,)

    report = judge(["order-done", "order-repeated"], Plant(says=rolling_away, hears=hears))
    assert [(found.verdict, found.why) for found in report.findings] == [
        (Verdict.WRONG, "drives although nothing that was sent let it"),
        (Verdict.NOT_TRIED, "the vehicle could not be brought to rest after an earlier check"),
    ]
    assert len(told) == 1


def test_a_vehicle_is_left_idle_and_not_paused() -> None:
    left: list[SimVehicle] = []
    judge(course=round_the_block(), plant=Plant(onto=left.append))
    assert left[0].is_idle
    assert not left[0].is_paused


def test_whoever_ends_the_judge_ends_what_it_has_ordered() -> None:
    van = judge_for_a_while(8.0, ["10.1"], round_the_block())
    assert van.is_idle
    assert 0.0 < van.driver.odometer_m < 100.0


def test_on_a_site_the_course_is_a_loop_from_home_on_roads_it_may_use() -> None:
    roads = nouns.town()
    vehicle = roads.site.vehicles[nouns.VAN_1]
    course = course_of(roads.site, roads.graph, vehicle)
    assert course.nodes[0].node_id == course.nodes[-1].node_id == nouns.DEPOT_NODE
    assert {node.map_id for node in course.nodes} == {roads.site.map_id}
    keys = [edge.edge_id.partition("@")[0] for edge in course.edges]
    edges = [roads.graph.edge_by_key(key) for key in keys]
    assert None not in edges
    profile = RoadProfile.of(roads.site.type_of(vehicle.id))
    assert all(may_drive(roads.graph, profile, edge) is None for edge in edges if edge is not None)


def test_a_vehicle_that_the_site_does_not_list_has_no_course() -> None:
    with pytest.raises(ConfigError, match="acme/other is not in the site; it lists"):
        vehicle_of(nouns.town().site, "acme", "other")


# Whom it judges -------------------------------------------------------------------------------------------------------


def test_a_vehicle_that_nobody_hears_is_named_with_what_to_look_at() -> None:
    with pytest.raises(ConfigError, match=r"vehicle acme/van-1 was not heard .* look at --vehicle"):
        judge(plant=Plant(says=lambda topic, message: ()))


def test_a_vehicle_with_an_order_of_another_master_is_left_alone() -> None:
    def is_busy(topic: str, message: Message) -> Iterable[Message]:
        if topic == "state":
            left = {"nodeId": "n2", "sequenceId": 2, "released": True}
            message.update(orderId="theirs", nodeStates=[left])
        return (message,)

    with pytest.raises(ConfigError, match="busy with order 'theirs'"):
        judge(plant=Plant(says=is_busy))


def test_a_vehicle_that_is_driving_is_left_alone() -> None:
    def drives(topic: str, message: Message) -> Iterable[Message]:
        if topic == "state":
            message["driving"] = True
        return (message,)

    with pytest.raises(ConfigError, match="vehicle acme/van-1 is driving: wait until it stands"):
        judge(plant=Plant(says=drives))


def test_what_the_version_of_a_vehicle_has_no_words_for_is_not_tried() -> None:
    """It says another version in its connection than in all else: no reason to lose what was found of it."""

    def mixes(topic: str, message: Message) -> Iterable[Message]:
        if topic == "connection":
            message["version"] = "2.1.0"
        return (message,)

    found = finding(judge(["13.12"], Plant(says=mixes), version="3.0.0"), "zones")
    assert found.verdict is Verdict.NOT_TRIED
    assert "nothing can be told to it in version '2.1.0'" in found.why


def test_a_vehicle_off_its_course_is_not_sent_along_it() -> None:
    course = round_the_block()
    elsewhere = [replace(node, x=node.x + 50.0) for node in course.nodes]
    with pytest.raises(ConfigError, match="drive it to 'station:home' first"):
        judge(course=Course(tuple(elsewhere), course.edges))


def test_a_vehicle_that_a_person_drives_gets_no_order() -> None:
    report = judge(["6.4", "9.8"], Plant(onto=lambda van: setattr(van, "mode", OperatingMode.MANUAL)))
    assert finding(report, "order-taken").why == "the vehicle is in mode MANUAL, which takes no orders"
    assert finding(report, "state-request").verdict is Verdict.RIGHT


def test_what_needs_a_road_or_hands_is_not_tried_without_and_says_what_gives_them() -> None:
    report = judge()
    for found in report.findings:
        if Need.ROAD in found.check.needs:
            assert (found.verdict, "--nodes" in found.why) == (Verdict.NOT_TRIED, True)
        elif Need.HANDS in found.check.needs:
            assert (found.verdict, "--by-hand" in found.why) == (Verdict.NOT_TRIED, True)


# What it is told ------------------------------------------------------------------------------------------------------


def test_checks_are_chosen_by_number_section_and_key() -> None:
    assert {check.number for check in chosen(["8"])} == {"8.1", "8.2", "8.6", "8.7"}
    assert [check.key for check in chosen(["7.2"])] == ["error-kept"]
    assert [check.key for check in chosen(["will"])] == ["will"]
    assert chosen([]) == CHECKS


def test_a_wish_for_no_check_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no check '6\.44'; there are 0\.1, 0\.2"):
        chosen(["6.44"])


def a_loop() -> list[Message]:
    parts: list[Message] = []
    for node_id, x, y in (*CORNERS, CORNERS[0]):
        parts += [{"nodeId": node_id, "x": x, "y": y, "mapId": "street"}, {"edgeId": f"from-{node_id}"}]
    return parts[:-1]


def test_a_course_is_read_from_a_list_of_nodes_and_edges(tmp_path: Path) -> None:
    path = tmp_path / "loop.json"
    path.write_text(json.dumps(a_loop()))
    course = Course.read(path)
    assert [node.node_id for node in course.nodes] == ["station:home", "n2", "n4", "n3", "station:home"]
    assert course.length_m(0, 4) == 400.0


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda parts: parts[:-1], "needs a list: a node, an edge"),
        (lambda parts: parts[:-2], "a loop ends where it begins"),
        (lambda parts: [{**parts[0], "mayStop": False}, *parts[1:]], "must be allowed to stop"),
        (lambda parts: [{**parts[0], "nodeid": "a"}, *parts[1:]], "nodeid"),
        (lambda parts: [*parts[:1], {"edgeId": 7}, *parts[2:]], "edgeId"),
        (lambda _parts: ENDLESS, "loop.json: maximum recursion depth"),
    ],
)
def test_a_course_that_is_none_says_where(tmp_path: Path, spoil: object, words: str) -> None:
    assert callable(spoil)
    path = tmp_path / "loop.json"
    parts = spoil(a_loop())
    path.write_text(parts if isinstance(parts, str) else json.dumps(parts))
    with pytest.raises(ConfigError, match=words):
        Course.read(path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"vehicle": "van-1"}, "needs MANUFACTURER/SERIAL"),
        ({"drive": True}, "belong together"),
        ({"site": Path("site.toml")}, "belong together"),
        ({"nodes": Path("a.json"), "drive": True}, "give one"),
        ({"action": "beep"}, "needs an action as an order has it"),
        ({"broker": "127.0.0.1"}, "write mqtt://HOST:PORT"),
        ({"interface_name": "uagv/#"}, "--interface: found 'uagv/#', needs the first level"),
        ({"version": "9.9"}, "--version: version '9.9' is not spoken here"),
        ({"out": Path("/no-such-folder/page.html")}, "--out /no-such-folder/page.html: cannot be written"),
        ({"user": "judge", "password_file": Path("no-such-file")}, "no-such-file: cannot be read"),
    ],
)
def test_options_that_cannot_be_used_say_what_would_do(options: Message, words: str) -> None:
    with pytest.raises(Exception, match=words):
        judge_by_options(JudgeOptions(**{"broker": "mqtt://127.0.0.1:1", "vehicle": "acme/van-1", **options}))


@pytest.mark.parametrize(("answer", "is_done"), [("\n", True), ("yes\n", True), ("n\n", False), ("", False)])
def test_who_stands_beside_the_vehicle_says_when_it_is_done_or_that_it_cannot_be(
    answer: str, is_done: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert asyncio.run(Terminal().do("press the button")) is is_done
    assert "Please press the button" in capsys.readouterr().err


# How it tells ---------------------------------------------------------------------------------------------------------


def test_a_fault_is_told_once_and_what_it_makes_impossible_is_not_tried() -> None:
    report = judge(["6.1", "7.r3"], Plant(hears=deaf_to_updates), course=round_the_block())
    assert finding(report, "update-taken").verdict is Verdict.WRONG
    outdated = finding(report, "update-outdated")
    assert outdated.verdict is Verdict.NOT_TRIED
    assert outdated.why.startswith("it does not get so far: no state shows order")


def test_a_wrong_one_comes_with_what_was_sent_and_what_came_and_after_how_long() -> None:
    found = finding(judge(["6.1"], Plant(hears=deaf_to_updates), course=round_the_block()), "update-taken")
    told = [(line.is_ours, line.name, line.gist.partition(":")[0]) for line in lines(found)]
    assert told == [
        (True, "order", "order judge-1-2 update 0"),
        (False, "state", "order judge-1-2 update 0, at station"),
        (True, "order", "order judge-1-2 update 1"),
    ]
    assert lines(found)[0].after_s == 0.0
    assert 0.0 < lines(found)[1].after_s < 0.1


def test_an_order_is_told_with_the_place_where_its_base_ends() -> None:
    def told(*released: bool) -> str:
        nodes = [{"nodeId": f"n{i}", "released": each} for i, each in enumerate(released)]
        payload = json.dumps({"orderId": "o", "orderUpdateId": 0, "nodes": nodes}).encode()
        return gist(Entry(at_s=0.0, topic="", name="order", payload=payload, is_ours=True)).partition(": ")[2]

    assert told(True, True, False, False) == "n0 → n1; not released: n2 → n3"
    assert told(True, True) == "n0 → n1"
    assert told(False) == "not released: n0"
    assert told() == "no nodes"


def test_what_is_wrong_stands_in_the_order_of_the_numbers() -> None:
    report = judge(plant=Plant(hears=lambda topic, message: ()), course=round_the_block())
    wrong = [finding.check.number for finding in in_order(report) if finding.verdict is Verdict.WRONG]
    assert len(wrong) > 3
    assert wrong == sorted(wrong, key=number_order)
    text = report_text(report)
    places = [text.index(f"WRONG {number:<6} ") for number in dict.fromkeys(wrong)]
    assert places == sorted(places)


def test_the_three_formats_tell_the_same() -> None:
    report = judge(plant=Plant(says=lambda topic, message: (message,)), course=round_the_block())
    told = report_json(report)
    assert json.loads(json.dumps(told)) == told
    assert told["counts"] == {"right": 52, "wrong": 0, "not_offered": 4, "not_tried": 6}
    text, page = report_text(report), report_html(report)
    for check in CHECKS:
        assert check.duty in text
        assert check.number in page


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    page = report_html(judge(["6.1"], Plant(hears=deaf_to_updates)))
    assert "<script" not in page
    assert "http" not in page
    assert "src=" not in page


def test_what_a_vehicle_says_is_shown_and_not_obeyed() -> None:
    def shouting(topic: str, message: Message) -> Iterable[Message]:
        if topic == "state":
            message["errors"] = [{"errorType": "<b>&", "errorLevel": "loud"}]
        return (message,)

    page = report_html(judge(["K1"], Plant(says=shouting)))
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;" in page


def test_a_long_story_is_shown_by_its_ends() -> None:
    def chattering(topic: str, message: Message) -> Iterable[Message]:
        if topic == "state":
            return [{**message, "headerId": 1000 + i, "lastNodeId": f"n{i}"} for i in range(3 * SHOWN_MAX)]
        return (message,)

    found = finding(
        judge(["order-taken"], Plant(says=chattering, hears=lambda t, m: () if t == "order" else (m,))), "order-taken"
    )
    assert len(lines(found)) <= SHOWN_MAX


def test_the_tables_of_the_guide_are_those_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page) == page


def test_a_report_that_cannot_be_written_is_told_before_the_vehicle_is_asked_anything(tmp_path: Path) -> None:
    out = tmp_path / "nowhere" / "judged.html"
    options = JudgeOptions(broker="mqtt://127.0.0.1:9", vehicle="acme/van-1", output="html", out=out)
    with pytest.raises(ConfigError, match=r"--out .*cannot be written"):
        judge_by_options(options)
