"""What the versions of the standard differ in, and what is made of what one of them has no words for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fleet.errors import WireError
from fleet.model.profile import FieldName, Profile
from fleet.wire import codec
from fleet.wire.link import Topic
from fleet.wire.messages import (
    Action,
    ActionParameter,
    ActionState,
    ActionStatus,
    BlockingType,
    Connection,
    ConnectionState,
    ControlPoint,
    Corridor,
    EmergencyStop,
    ErrorLevel,
    Factsheet,
    Grant,
    Header,
    Inbound,
    Information,
    InstantActions,
    NodePosition,
    OperatingMode,
    Order,
    OrderEdge,
    OrderNode,
    RequestStatus,
    Response,
    Responses,
    Trajectory,
    VehicleState,
    Visualization,
    Zone,
    ZoneSet,
    ZoneType,
)
from fleet.wire.rules import order_violations, violations
from tests.unit.test_wire_codec import HEADER, SENT_S, STATE

V3_STATE: dict[str, Any] = {
    **{key: value for key, value in STATE.items() if key not in ("batteryState", "safetyState")},
    "version": "3.0.0",
    "instantActionStates": [],
    "powerSupply": {"stateOfCharge": 80, "charging": False},
    "safetyState": {"activeEmergencyStop": "NONE", "fieldViolation": False},
}
VERSIONS = ("2.0.0", "2.1.0", "3.0.0")


def profile(version: str, **habits: Any) -> Profile:  # noqa: ANN401  any field of it
    return Profile(version=version, topic_major=int(version[0]), **habits)


def topic(name: str, major: int = 2) -> Topic:
    return Topic("uagv", major, "acme", "van-1", name)


def said(name: str, message: dict[str, Any], major: int = 2) -> Inbound:
    return codec.decode(topic(name, major), json.dumps(message).encode())


def read_state(**changes: object) -> VehicleState:
    state = said("state", V3_STATE | changes, 3)
    assert isinstance(state, VehicleState)
    return state


def told(message: Order | InstantActions | ZoneSet | Responses, version: str, **habits: Any) -> dict[str, Any]:  # noqa: ANN401
    body: dict[str, Any] = json.loads(codec.body_of(message, profile(version, **habits)))
    return body


DROP = Action(
    action_id="a1",
    action_type="drop",
    blocking_type=BlockingType.SINGLE,
    parameters=(ActionParameter(key="loadId", value="run-1"),),
    is_retriable=True,
)


def leg(**edge: Any) -> Order:  # noqa: ANN401
    start = OrderNode(node_id="n1", sequence_id=0, released=True)
    place = NodePosition(x_m=1.0, y_m=2.0, map_id="city", deviation_m=2.0, deviation_rad=0.5)
    end = OrderNode(node_id="n2", sequence_id=2, released=True, position=place, actions=(DROP,))
    way = OrderEdge(edge_id="e", sequence_id=1, released=True, start_node_id="n1", end_node_id="n2", **edge)
    return Order(order_id="leg-1", order_update_id=0, nodes=(start, end), edges=(way,))


BEND = Trajectory(
    points=(ControlPoint(x_m=0.0, y_m=0.0), ControlPoint(x_m=3.0, y_m=4.0), ControlPoint(x_m=3.0, y_m=9.0))
)


# Which version --------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("0.1", "0.2")
def test_a_message_is_read_in_its_own_version_whatever_its_topic_says() -> None:
    assert said("state", V3_STATE, major=2).header.version == "3.0.0"
    assert said("state", STATE, major=3).header.version == "2.1.0"


@pytest.mark.vda5050("0.6")
@pytest.mark.parametrize("version", ["2.0.7", "2.7.3", "2", "2.1"])
def test_an_unknown_minor_or_patch_is_read(version: str) -> None:
    assert said("state", STATE | {"version": version}).header.version == version


@pytest.mark.vda5050("0.6")
@pytest.mark.parametrize("version", ["4.0.0", "1.1.0", "0", "two", "", "-2.0.0", "2.1.0-rc1"])
def test_an_unknown_major_is_refused_in_words(version: str) -> None:
    with pytest.raises(WireError) as caught:
        said("state", STATE | {"version": version}, major=9)
    assert "version" in caught.value.reason


@pytest.mark.vda5050("0.4")
def test_a_vehicle_is_answered_with_its_own_text_and_the_nearest_version_before_it() -> None:
    room = leg(corridor=Corridor(left_m=1.0, right_m=1.0))
    assert "corridor" not in told(room, "2.0.4")["edges"][0]
    assert "corridor" in told(room, "2.7.3")["edges"][0]
    header = Header(header_id=1, sent_s=SENT_S, version="2.0.4", manufacturer="acme", serial_number="van-1")
    assert b'"version":"2.0.4"' in codec.encode_order(leg(), header)


# What is told ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_an_order_with_all_we_know_keeps_the_rules_of_each_version(version: str) -> None:
    order = leg(
        length_m=10.0,
        speed_mps_max=5.0,
        trajectory=BEND,
        corridor=Corridor(left_m=1.0, right_m=2.0, is_for_contour=True),
    )
    header = Header(header_id=1, sent_s=SENT_S, version=version, manufacturer="acme", serial_number="van-1")
    assert order_violations(version, codec.encode_order(order, header)) == []


@pytest.mark.vda5050("13.6")
def test_the_knots_of_a_polyline_follow_from_the_lengths_of_its_pieces() -> None:
    assert told(leg(trajectory=BEND), "2.1.0")["edges"][0]["trajectory"] == {
        "degree": 1,
        "knotVector": [0.0, 0.0, 0.5, 1.0, 1.0],
        "controlPoints": [{"x": 0.0, "y": 0.0}, {"x": 3.0, "y": 4.0}, {"x": 3.0, "y": 9.0}],
    }
    assert set(told(leg(trajectory=BEND), "3.0.0")["edges"][0]["trajectory"]) == {"controlPoints"}


@pytest.mark.parametrize(
    "curve",
    [
        Trajectory(points=BEND.points, degree=2),
        Trajectory(points=BEND.points[:1]),
        Trajectory(points=(BEND.points[0], BEND.points[0])),
    ],
)
def test_a_curve_whose_knots_nobody_can_tell_is_not_told(curve: Trajectory) -> None:
    with pytest.raises(ValueError, match="curve"):
        told(leg(trajectory=curve), "2.1.0")


@pytest.mark.vda5050("13.9")
def test_a_corridor_is_told_in_the_words_of_each_version() -> None:
    room = leg(corridor=Corridor(left_m=1.0, right_m=2.0))
    assert told(room, "2.1.0")["edges"][0]["corridor"] == {
        "leftWidth": 1.0, "rightWidth": 2.0, "corridorRefPoint": "CONTOUR",
    }  # fmt: skip
    assert told(room, "3.0.0")["edges"][0]["corridor"] == {
        "leftWidth": 1.0, "rightWidth": 2.0, "corridorReferencePoint": "CONTOUR",
    }  # fmt: skip


@pytest.mark.vda5050("0.7")
@pytest.mark.parametrize("version", ["2.0.0", "2.1.0"])
def test_what_carries_safety_and_cannot_be_told_is_refused(version: str) -> None:
    corridor = Corridor(left_m=1.0, right_m=1.0, needs_leave=True)
    zones = ZoneSet(map_id="city", zone_set_id="z", zones=())
    granted = Responses(responses=(Response(request_id="r", grant=Grant.GRANTED),))
    for message in (leg(corridor=corridor), zones, granted):
        with pytest.raises(ValueError, match="version 2"):
            told(message, version)


@pytest.mark.vda5050("0.7")
def test_what_is_harmless_and_cannot_be_told_is_left_out() -> None:
    action = told(leg(corridor=Corridor(left_m=1.0, right_m=1.0)), "2.0.0")["nodes"][1]["actions"][0]
    assert (action["blockingType"], "retriable" in action) == ("HARD", False)
    assert told(leg(), "3.0.0")["nodes"][1]["actions"][0]["retriable"] is True


@pytest.mark.vda5050("13.10")
def test_room_around_a_node_is_a_radius_in_2_and_an_ellipse_in_3() -> None:
    assert told(leg(), "2.0.0")["nodes"][1]["nodePosition"]["allowedDeviationXY"] == 2.0
    ellipse = told(leg(), "3.0.0")["nodes"][1]["nodePosition"]["allowedDeviationXY"]
    assert ellipse == {"a": 2.0, "b": 2.0, "theta": 0.0}


@pytest.mark.vda5050("0.5")
def test_instant_actions_stand_under_both_names_for_a_make_that_wants_it() -> None:
    instant = InstantActions(actions=(DROP,))
    both = told(instant, "2.0.0", has_instant_actions_alias=True)
    assert both["instantActions"] == both["actions"]
    assert both["actions"][0]["actionId"] == "a1"
    assert "instantActions" not in told(instant, "2.0.0")


@pytest.mark.vda5050("9.4")
def test_an_instant_action_blocks_nothing_in_3() -> None:
    assert told(InstantActions(actions=(DROP,)), "3.0.0")["actions"][0] == {
        "actionType": "drop", "actionId": "a1", "blockingType": "NONE",
        "actionParameters": [{"key": "loadId", "value": "run-1"}],
    }  # fmt: skip


def test_a_zone_that_leaves_something_to_guess_is_not_told() -> None:
    square = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    slow = Zone(zone_id="s", zone_type=ZoneType.SPEED_LIMIT, outline=square, speed_mps_max=3.0)
    told(ZoneSet(map_id="city", zone_set_id="z", zones=(slow,)), "3.0.0")
    for zone in (
        Zone(zone_id="s", zone_type=ZoneType.SPEED_LIMIT, outline=square),
        Zone(zone_id="s", zone_type=ZoneType.BLOCKED, outline=square[:2]),
        Zone(zone_id="s", zone_type=ZoneType.BLOCKED, outline=square, speed_mps_max=3.0),
    ):
        with pytest.raises(ValueError, match="zone"):
            told(ZoneSet(map_id="city", zone_set_id="z", zones=(zone,)), "3.0.0")


def test_a_lease_that_no_calendar_holds_is_not_told() -> None:
    endless = Responses(responses=(Response(request_id="r", grant=Grant.GRANTED, lease_until_s=float("inf")),))
    with pytest.raises(ValueError, match=r"."):
        told(endless, "3.0.0")


# A make's own names ---------------------------------------------------------------------------------------------------

NAMES = (FieldName("drop", "unload"), FieldName("loadId", "parcelGroup"))


def test_a_make_is_told_and_heard_in_its_own_names() -> None:
    action = told(leg(), "2.1.0", fields=NAMES)["nodes"][1]["actions"][0]
    assert (action["actionType"], action["actionParameters"][0]["key"]) == ("unload", "parcelGroup")
    shown = STATE | {"actionStates": [{"actionId": "a1", "actionType": "unload", "actionStatus": "RUNNING"}]}
    state = codec.decode(topic("state"), json.dumps(shown).encode(), fields=NAMES)
    assert isinstance(state, VehicleState)
    assert state.action_states[0].action_type == "drop"
    sheet = HEADER | {
        "protocolFeatures": {
            "agvActions": [
                {"actionType": "unload", "actionParameters": [{"key": "parcelGroup", "valueDataType": "STRING"}]}
            ]
        }
    }
    read = codec.decode(topic("factsheet"), json.dumps(sheet).encode(), fields=NAMES)
    assert isinstance(read, Factsheet)
    assert (read.actions[0].action_type, read.actions[0].required_keys) == ("drop", ("loadId",))


def test_a_vehicle_of_that_make_reads_its_own_names() -> None:
    header = Header(header_id=1, sent_s=SENT_S, version="2.1.0", manufacturer="acme", serial_number="van-1")
    payload = codec.with_header(codec.body_of(leg(), profile("2.1.0", fields=NAMES)), header)
    plain, ours = codec.decode_order(payload)[1], codec.decode_order(payload, fields=NAMES)[1]
    assert plain.nodes[1].actions[0].action_type == "unload"
    assert ours.nodes[1].actions[0].action_type == "drop"


# What is said in 3.0 --------------------------------------------------------------------------------------------------


def test_the_words_of_3_are_ours() -> None:
    state = read_state(
        operatingMode="INTERVENED",
        actionStates=[{"actionId": "a1", "actionStatus": "RETRIABLE", "actionResult": "box jammed"}],
        errors=[{"errorType": "x", "errorLevel": "CRITICAL"}],
        mobileRobotPosition={"x": 1, "y": 2, "theta": 0.5, "mapId": "city", "localized": True},
    )
    assert state.mode is OperatingMode.INTERVENED
    assert state.action_states == (ActionState(action_id="a1", status=ActionStatus.RETRIABLE, result="box jammed"),)
    assert state.errors[0].level is ErrorLevel.CRITICAL
    assert state.position is not None
    assert (state.position.is_localized, state.power.soc_fraction) == (True, 0.8)


@pytest.mark.vda5050("9.2")
def test_instant_actions_stand_apart_in_3_and_among_the_others_in_2() -> None:
    done = [{"actionId": "i1", "actionStatus": "FINISHED"}]
    state = read_state(instantActionStates=done)
    assert [action.action_id for action in state.action_states] == ["a1"]
    assert [action.action_id for action in state.instant_action_states] == ["i1"]
    payload = codec.encode_state(state)
    assert violations("3.0.0", "state", payload) == []
    old = json.loads(codec.body_of(state, profile("2.1.0")))
    assert [action["actionId"] for action in old["actionStates"]] == ["a1", "i1"]


@pytest.mark.vda5050("2.8", "7.5")
def test_unknown_words_of_3_are_taken_with_caution() -> None:
    state = read_state(
        operatingMode="DANCING",
        actionStates=[{"actionId": "a1", "actionStatus": "THINKING"}],
        errors=[{"errorType": "oddity", "errorLevel": "HMM", "errorReferences": None}],
        safetyState={"activeEmergencyStop": "SOMEHOW", "fieldViolation": False},
        edgeRequests=[
            {"requestId": "r", "requestType": "CORRIDOR", "edgeId": "e", "sequenceId": 1, "requestStatus": "MAYBE"}
        ],
        colour="red",
        plannedPath=None,
        loads=None,
    )
    assert state.mode is OperatingMode.UNKNOWN
    assert state.action_states[0].status is ActionStatus.RUNNING
    assert state.errors[0].level is ErrorLevel.FATAL
    assert state.safety.emergency_stop is EmergencyStop.MANUAL
    assert state.requests[0].status is RequestStatus.REQUESTED


@pytest.mark.vda5050("7.5")
@pytest.mark.parametrize("level", ["WARNING", "URGENT", "CRITICAL", "FATAL"])
def test_each_level_of_3_is_understood(level: str) -> None:
    assert read_state(errors=[{"errorType": "x", "errorLevel": level}]).errors[0].level is ErrorLevel(level)


@pytest.mark.vda5050("10.11")
def test_no_loads_told_is_not_the_same_as_unloaded_in_3_either() -> None:
    assert read_state().loads is None
    assert read_state(loads=[]).loads == ()


@pytest.mark.vda5050("10.15")
@pytest.mark.parametrize(
    "tail",
    [
        {"plannedPath": {"trajectory": 7}},
        {"intermediatePath": {"polyline": [{"x": 1, "y": 1, "eta": "soon"}]}},
        {"intermediatePath": []},
        {"information": {"infoType": "x"}},
        {},
    ],
)
def test_a_path_or_remark_that_cannot_be_read_costs_itself_alone(tail: dict[str, Any]) -> None:
    state = read_state(**tail)
    assert (state.planned_path, state.waypoints, state.information) == (None, (), ())


@pytest.mark.vda5050("10.15")
def test_the_way_a_vehicle_means_to_take_is_read_with_its_times() -> None:
    state = read_state(
        plannedPath={"trajectory": {"controlPoints": [{"x": 0, "y": 0}, {"x": 1, "y": 0}]}, "traversedNodes": ["n2"]},
        intermediatePath={"polyline": [{"x": 1, "y": 0, "eta": "2026-11-23T08:00:10.000Z"}]},
    )
    assert state.planned_path is not None
    assert (state.planned_path.node_ids, state.planned_path.trajectory.degree) == (("n2",), 1)
    assert state.waypoints[0].eta_s == SENT_S - 0.25 + 10.0


@pytest.mark.vda5050("2.8")
def test_one_odd_remark_does_not_cost_the_others() -> None:
    told_of = [
        {"infoType": "a", "infoLevel": "LOUD"},
        5,
        {"infoType": "b", "infoLevel": "DEBUG", "infoDescription": "c"},
    ]
    state = said("state", STATE | {"information": told_of})
    assert isinstance(state, VehicleState)
    assert state.information == (
        Information(info_type="a"),
        Information(info_type="b", is_debug=True, description="c"),
    )


def test_a_vehicle_may_hibernate() -> None:
    message = said("connection", HEADER | {"version": "3.0.0", "connectionState": "HIBERNATING"}, 3)
    assert isinstance(message, Connection)
    assert message.state is ConnectionState.HIBERNATING


@pytest.mark.vda5050("2.8")
def test_a_visualization_of_3_may_lack_what_it_must_have() -> None:
    message = codec.decode(topic("visualization", 3), b'{"velocity":{"vx":1.5}}')
    assert isinstance(message, Visualization)
    assert (message.speed_mps, message.state_header_id) == (1.5, None)


@pytest.mark.vda5050("4.6", "4.7")
def test_a_factsheet_of_3_may_be_empty_or_full_of_unknown_words() -> None:
    sheet = said("factsheet", HEADER | {"version": "3.0.0"}, 3)
    assert isinstance(sheet, Factsheet)
    assert (sheet.actions, sheet.zone_types, sheet.limits.zones_max) == ((), (), 0)
    odd = said(
        "factsheet",
        HEADER
        | {
            "version": "3.0.0",
            "typeSpecification": {"mobileRobotKinematics": "LEGS", "supportedZones": ["SPEED_LIMIT", "QUIET"]},
            "protocolFeatures": {"mobileRobotActions": [{"actionType": "drop", "actionScopes": ["DREAM"]}]},
        },
        3,
    )
    assert isinstance(odd, Factsheet)
    assert (odd.zone_types, odd.actions[0].scopes) == (("SPEED_LIMIT", "QUIET"), ("DREAM",))


@pytest.mark.parametrize(("version", "read_m"), [("2.1.0", 2.5), ("3.0.0", 3.5)])
def test_a_factsheet_is_read_by_the_names_of_its_version_alone(version: str, read_m: float) -> None:
    both = {"heightMax": 2.5, "maximumHeight": 3.5}
    sheet = said("factsheet", HEADER | {"version": version, "physicalParameters": both})
    assert isinstance(sheet, Factsheet)
    assert sheet.height_m == read_m


def test_limits_and_offers_of_a_factsheet_are_read() -> None:
    sheet = said(
        "factsheet",
        HEADER
        | {
            "protocolLimits": {
                "maxStringLens": {"msgLen": 4096, "idLen": 20, "idNumericalOnly": True},
                "maxArrayLens": {"trajectory.controlPoints": 30, "instantActions": 1, "order.nodes": -1},
                "timing": {"minOrderInterval": 2.5, "minStateInterval": 0.5, "defaultStateInterval": 10},
            },
            "protocolFeatures": {
                "optionalParameters": [
                    {"parameter": "order.edges.trajectory", "support": "REQUIRED"},
                    {"parameter": "order.edges.length", "support": "SUPPORTED"},
                ],
                "agvActions": [
                    {
                        "actionType": "drop",
                        "actionScopes": ["NODE"],
                        "blockingTypes": ["HARD", "SOFT"],
                        "actionParameters": [
                            {"key": "loadId", "valueDataType": "STRING", "isOptional": False},
                            {"key": "height", "valueDataType": "NUMBER", "isOptional": True},
                        ],
                    }
                ],
            },
        },
    )
    assert isinstance(sheet, Factsheet)
    limits = sheet.limits
    assert (limits.message_bytes_max, limits.id_chars_max, limits.ids_are_numbers) == (4096, 20, True)
    assert (limits.control_points_max, limits.instant_actions_max, limits.order_nodes_max) == (30, 1, 0)
    assert (limits.order_interval_s_min, limits.state_interval_s_default) == (2.5, 10.0)
    assert [(each.name, each.is_required) for each in sheet.optional_parameters] == [
        ("order.edges.trajectory", True), ("order.edges.length", False),
    ]  # fmt: skip
    assert (sheet.actions[0].blocking_types, sheet.actions[0].required_keys) == (("HARD", "SOFT"), ("loadId",))


def test_a_body_is_found_again_in_what_was_sent() -> None:
    for version in VERSIONS:
        header = Header(header_id=7, sent_s=SENT_S, version=version, manufacturer="acme", serial_number="van-1")
        body = codec.body_of(leg(), profile(version))
        assert codec.body_in(codec.with_header(body, header), version) == body
