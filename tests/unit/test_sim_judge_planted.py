"""A check that cannot fail is none: for each there is a vehicle that breaks its line, and only such a one is told."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from fleet.wire.messages import EmergencyStop, OperatingMode, Safety
from tests.unit.judged import Message, Plant, finding, judge, round_the_block
from tests.unit.test_sim_vehicle import parcel_action
from vehicle_sim.characters import EXACT, FORGETFUL, SLOPPY, STRICT, STUBBORN, Character
from vehicle_sim.judge.catalogue import CHECKS
from vehicle_sim.judge.verdict import Verdict
from vehicle_sim.vehicle import SAFE, SimVehicle

Change = Callable[[Message], Any]
Hears = Callable[[str, Message], Iterable[Message]]


def saying(name: str, change: Change) -> Plant:
    """Every message of one topic is changed on its way out."""

    def says(topic: str, message: Message) -> Iterable[Message]:
        if topic == name:
            change(message)
        return (message,)

    return Plant(says=says)


def hearing(change: Change) -> Plant:
    """Every order is changed on its way in."""

    def hears(topic: str, message: Message) -> Iterable[Message]:
        if topic == "order":
            change(message)
        return (message,)

    return Plant(hears=hears)


def deaf(to_order: Callable[[Message], bool]) -> Plant:
    """Certain orders are passed over in silence."""
    return Plant(hears=lambda topic, message: () if topic == "order" and to_order(message) else (message,))


def deaf_to_action(action_type: str) -> Plant:
    return Plant(
        hears=lambda topic, message: (
            () if topic == "instantActions" and message["actions"][0]["actionType"] == action_type else (message,)
        )
    )


def ending(action_type: str, status: str) -> Plant:
    """Actions of a type are always told with this status."""

    def change(state: Message) -> None:
        for action in state["actionStates"]:
            if action["actionType"] == action_type:
                action["actionStatus"] = status

    return saying("state", change)


def old_name(topic: str, message: Message) -> Iterable[Message]:
    """Knows only the name the list of instant actions had before 2.0."""
    if topic != "instantActions":
        return (message,)
    return ({**message, "actions": message["instantActions"]},) if "instantActions" in message else ()


def after_twice(name: str, act: Change) -> Plant:
    """From the first repetition of an order on, states are changed."""
    seen: list[str] = []

    def hears(topic: str, message: Message) -> Iterable[Message]:
        if topic == "order":
            seen.append(message["orderId"])
        return (message,)

    def says(topic: str, message: Message) -> Iterable[Message]:
        if topic == name and len(seen) > len(set(seen)):
            act(message)
        return (message,)

    return Plant(hears=hears, says=says)


def forgetting_errors() -> Plant:
    """Shows each error in one state only."""
    told: list[Message] = []

    def change(state: Message) -> None:
        fresh = [error for error in state["errors"] if error not in told]
        told.extend(fresh)
        state["errors"] = fresh

    return saying("state", change)


def dying_of_garbage() -> Plant:
    dead: list[bool] = []
    return Plant(hears=lambda topic, message: () if dead else (message,), gets_garbage=lambda: dead.append(True))


def silent_while_nothing_changes() -> Plant:
    last: list[Message] = [{}]

    def says(topic: str, message: Message) -> Iterable[Message]:
        if topic != "state":
            return (message,)
        told = {key: value for key, value in message.items() if key not in ("headerId", "timestamp", "batteryState")}
        is_news, last[0] = told != last[0], told
        return (message,) if is_news else ()

    return Plant(says=says)


def living_on() -> Plant:
    """Shows a finished action as running from the third time on."""
    times: list[int] = []

    def change(state: Message) -> None:
        for action in state["actionStates"]:
            times.append(1)
            if len(times) > 3:
                action["actionStatus"] = "RUNNING"

    return saying("state", change)


def limiting_ids(factsheet: Message) -> None:
    factsheet["protocolLimits"]["maxStringLens"]["idLen"] = 20


def releasing_all(order: Message) -> None:
    for part in (*order["nodes"], *order["edges"]):
        part["released"] = True


def blank_after_cancel(state: Message) -> None:
    if any(a["actionType"] == "cancelOrder" and a["actionStatus"] == "FINISHED" for a in state["actionStates"]):
        state["orderId"] = ""


def staying_open(state: Message) -> None:
    if state["orderId"]:
        state["nodeStates"] = [{"nodeId": "x", "sequenceId": 2, "released": True}]


def standing_where_it_is(order: Message) -> None:
    if not order["edges"]:
        order["nodes"][0]["nodeId"] = "station:home"


def is_update(order: Message) -> bool:
    return bool(order["orderUpdateId"])


def has_no_edges(order: Message) -> bool:
    return not order.get("edges")


def begins_at_one_of_ours(order: Message) -> bool:
    return str(order["nodes"][0]["nodeId"]).startswith("judge-")


def is_of_one_node(order: Message) -> bool:
    return len(order["nodes"]) == 1


def seen_newer() -> Callable[[Message], bool]:
    """Whether an order is older than one that was heard."""
    newest: dict[str, int] = {}

    def is_older(order: Message) -> bool:
        before = newest.get(order["orderId"], -1)
        newest[order["orderId"]] = max(before, order["orderUpdateId"])
        return bool(order["orderUpdateId"] < before)

    return is_older


def setting(**values: Any) -> Change:  # noqa: ANN401
    return lambda message: message.update(values)


def nodes_setting(**values: Any) -> Change:  # noqa: ANN401
    return lambda order: order["nodes"][0].update(values) if order.get("nodes") else None


def position_setting(**values: Any) -> Change:  # noqa: ANN401
    return lambda order: order["nodes"][0]["nodePosition"].update(values) if order.get("nodes") else None


PLANTED: dict[str, Callable[[], Plant]] = {
    "instant-actions-key": lambda: Plant(hears=old_name),
    "state-request": lambda: ending("stateRequest", "FAILED"),
    "factsheet-request": lambda: deaf_to_action("factsheetRequest"),
    "instant-repeated": lambda: saying("state", lambda state: state["actionStates"].extend(state["actionStates"])),
    "instant-unknown": lambda: ending("judgeNoSuchAction", "FINISHED"),
    "cancel-nothing": lambda: ending("cancelOrder", "FINISHED"),
    "pause-standing": lambda: saying("state", setting(paused=False)),
    "order-taken": lambda: deaf(lambda order: True),
    "order-done": lambda: saying("state", staying_open),
    "order-repeated": lambda: after_twice("state", setting(orderId="other")),
    "update-taken": lambda: deaf(is_update),
    "update-outdated": lambda: deaf(seen_newer()),
    "update-elsewhere": lambda: deaf(begins_at_one_of_ours),
    "error-kept": forgetting_errors,
    "order-without-nodes": lambda: deaf(lambda order: "nodes" not in order),
    "order-edge-too-many": lambda: hearing(setting(edges=[])),
    "order-begins-late": lambda: hearing(nodes_setting(sequenceId=0)),
    "order-unreleased": lambda: hearing(nodes_setting(released=True)),
    "order-unknown-action": lambda: hearing(nodes_setting(actions=[])),
    "order-unknown-map": lambda: hearing(position_setting(mapId="street")),
    "order-other-version": lambda: hearing(setting(version="2.1.0")),
    "order-no-number": lambda: hearing(position_setting(x=0.0)),
    "order-id-too-long": lambda: saying("factsheet", limiting_ids),
    "survives-garbage": dying_of_garbage,
    "order-second": lambda: deaf(has_no_edges),
    "horizon-waited": lambda: hearing(releasing_all),
    "cancel-waiting": lambda: saying("state", blank_after_cancel),
    "cancel-then-update": lambda: deaf(is_update),
    "cancel-then-order": lambda: deaf(has_no_edges),
    "start-elsewhere": lambda: hearing(standing_where_it_is),
    "order-driven": lambda: saying("state", setting(nodeStates=[])),
    "update-driven": lambda: deaf(is_update),
    "base-end": lambda: hearing(releasing_all),
    "loop-driven": lambda: deaf(lambda order: len(order["nodes"]) > 4),
    "pause-driving": lambda: saying("state", setting(paused=False)),
    "node-action": lambda: saying("state", setting(actionStates=[])),
    "stitched-action": Plant,
    "cancel-driving": lambda: ending("cancelOrder", "FINISHED"),
    "order-between-nodes": lambda: deaf(begins_at_one_of_ours),
    "will": Plant,
    "manual": lambda: saying("state", setting(operatingMode="AUTOMATIC")),
    "emergency-stop": lambda: saying("state", setting(safetyState={"eStop": "NONE", "fieldViolation": False})),
    "hibernation": lambda: saying("connection", setting(connectionState="ONLINE")),
    "instant-apart": lambda: saying("state", lambda state: state["actionStates"].extend(state["instantActionStates"])),
    "instant-cleared": lambda: deaf_to_action("clearInstantActions"),
    "zones": lambda: saying("state", lambda state: state.pop("zoneSets", None)),
    "online": lambda: saying("connection", setting(connectionState="OFFLINE")),
    "steady": Plant,
    "kept": lambda: Plant(retains=("connection", "factsheet", "state")),
    "json": lambda: saying("visualization", lambda shown: shown["velocity"].update(vx=math.nan)),
    "order-nowhere": lambda: deaf(lambda order: "judge-" in order["nodes"][-1]["nodeId"]),
    "version": lambda: saying("state", setting(version="2.0.0")),
    "identity": lambda: saying("factsheet", setting(serialNumber="van-2")),
    "state-interval": silent_while_nothing_changes,
    "header-ids": lambda: saying("state", lambda state: state.update(headerId=2 * state["headerId"])),
    "timestamps": lambda: saying("state", lambda state: state.update(timestamp=state["timestamp"].rstrip("Z"))),
    "clock": lambda: Plant(onto=lambda van: setattr(van, "clock_lie_s", 60.0)),
    "action-life": living_on,
    "fields-state": lambda: saying("state", lambda state: state["batteryState"].update(batteryCharge=300)),
    "fields-connection": lambda: saying("connection", setting(headerId=2**33)),
    "fields-factsheet": lambda: saying("factsheet", lambda factsheet: factsheet.pop("physicalParameters")),
    "fields-visualization": lambda: saying("visualization", lambda shown: shown["velocity"].update(vx="fast")),
}
"""What is wrong with the vehicle for each check; the table is as long as the catalogue."""

NEEDS_VERSION_3 = {"instant-apart", "instant-cleared", "zones", "hibernation"}


BEFORE = {
    "action-life": ("9.8", "3.6"),
    "order-between-nodes": ("8.1",),
    "steady": ("6.4", "10.1", "6.2", "3.6"),
    "json": ("3.6",),
    "fields-visualization": ("3.6",),
}
"""Checks that must have been made for another to have something to judge."""


CHARACTERS = {
    "steady": replace(FORGETFUL, forgets_after_orders=1, restart_after_s=5.0),
    "stitched-action": SLOPPY,
}
"""Faults that a simulated vehicle has by its character; all others are exact."""


def press(vehicle: SimVehicle) -> None:
    vehicle.safety = Safety(emergency_stop=EmergencyStop.MANUAL, field_violation=False)


def release(vehicle: SimVehicle) -> None:
    vehicle.safety = SAFE


def take_over(vehicle: SimVehicle) -> None:
    vehicle.mode = OperatingMode.MANUAL


def give_back(vehicle: SimVehicle) -> None:
    vehicle.mode = OperatingMode.AUTOMATIC


DEEDS: dict[str, Callable[[SimVehicle], None]] = {
    "network away": lambda vehicle: vehicle.go_silent(60.0),
    "network back": lambda vehicle: None,
    "to MANUAL": take_over,
    "automatic mode": give_back,
    "stand by": lambda vehicle: None,
    "press": press,
    "release": release,
}
NO_WILL = {**DEEDS, "network away": lambda vehicle: None}


@pytest.mark.parametrize("key", list(PLANTED))
def test_each_fault_is_found_under_its_own_number(key: str) -> None:
    report = judge(
        (*BEFORE.get(key, ()), key),
        PLANTED[key](),
        course=round_the_block(),
        deeds=NO_WILL if key == "will" else DEEDS,
        node_action=parcel_action("", "pick"),
        character=CHARACTERS.get(key, EXACT),
        version="3.0.0" if key in NEEDS_VERSION_3 else "2.1.0",
    )
    found = finding(report, key)
    assert found.verdict is Verdict.WRONG, found.why
    assert found.why
    assert found.evidence


def test_no_check_is_without_a_vehicle_that_fails_it() -> None:
    assert set(PLANTED) == {check.key for check in CHECKS}


def test_the_exact_vehicle_keeps_every_line_that_it_offers() -> None:
    report = judge(course=round_the_block(), deeds=DEEDS, node_action=parcel_action("", "pick"))
    assert {found.check.key for found in report.findings if found.verdict is Verdict.WRONG} == set()
    not_tried = {found.check.key for found in report.findings if found.verdict is Verdict.NOT_TRIED}
    assert not_tried == set()


def test_the_exact_vehicle_keeps_every_line_without_being_moved() -> None:
    report = judge()
    assert {found.check.key for found in report.findings if found.verdict is Verdict.WRONG} == set()


# The characters of simulated vehicles ---------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2.0.0", "2.1.0", "3.0.0"])
@pytest.mark.parametrize(
    ("character", "numbers"),
    [
        (EXACT, set()),
        (STRICT, set()),
        (SLOPPY, {"0.5", "1.3", "2.1", "2.3", "3.1", "3.3", "6.3", "9.1", "K1", "K3"}),
        (FORGETFUL, {"3.8"}),
        (STUBBORN, {"5.3", "5.12", "6.12"}),
    ],
    ids=["exact", "strict", "sloppy", "forgetful", "stubborn"],
)
def test_a_vehicle_is_told_what_its_character_does_otherwise(
    character: Character, numbers: set[str], version: str
) -> None:
    report = judge(
        course=round_the_block(),
        deeds=DEEDS,
        node_action=parcel_action("", "pick"),
        character=character,
        version=version,
    )
    wrong = {found.check.number: found.why for found in report.findings if found.verdict is Verdict.WRONG}
    assert set(wrong) == numbers, wrong
