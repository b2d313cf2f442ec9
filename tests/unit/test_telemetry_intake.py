"""Only changes become events: a fleet that stands still writes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet.model import event as ev
from fleet.model.ids import OrderId
from fleet.model.twin import Blocked, Liveness, Twin
from fleet.telemetry.intake import connection_events, has_order_left, state_events
from fleet.wire.messages import (
    ActionStatus,
    Connection,
    ConnectionState,
    EmergencyStop,
    ErrorLevel,
    OperatingMode,
    Power,
    Safety,
    VehicleState,
)
from tests.nouns import NOW_S, a_header, a_state, a_vehicle, an_error

KNOWN = Twin(vehicle=a_vehicle(), connection="ONLINE", liveness=Liveness.FRESH, mode="AUTOMATIC", soc_fraction=0.8)


def charged(soc_fraction: float, *, is_charging: bool = False) -> VehicleState:
    return a_state(power=Power(soc_fraction=soc_fraction, is_charging=is_charging))


def kinds(twin: Twin, state: VehicleState) -> list[type[ev.Event]]:
    return [type(event) for event in state_events(twin, state)]


def test_a_state_that_says_what_is_known_says_nothing() -> None:
    assert kinds(KNOWN, a_state()) == []


def test_a_vehicle_that_moves_on_its_way_writes_nothing_of_itself() -> None:
    assert kinds(KNOWN, a_state(driving=True, speed_mps=7.0, distance_since_last_node_m=33.0)) == []


@pytest.mark.parametrize("liveness", [Liveness.UNHEARD, Liveness.STALE, Liveness.LOST])
def test_a_vehicle_that_is_heard_again_is_fresh(liveness: Liveness) -> None:
    assert kinds(replace(KNOWN, liveness=liveness), a_state()) == [ev.LivenessChanged]


def test_a_state_mends_a_connection_that_was_told_broken() -> None:
    assert kinds(replace(KNOWN, connection="CONNECTION_BROKEN"), a_state()) == [ev.ConnectionChanged]


def test_a_state_does_not_mend_a_farewell() -> None:
    assert kinds(replace(KNOWN, connection="OFFLINE"), a_state()) == []


@pytest.mark.parametrize(
    "state",
    [
        a_state(mode=OperatingMode.MANUAL),
        a_state(paused=True),
        a_state(safety=Safety(emergency_stop=EmergencyStop.AUTOACK, field_violation=False)),
        a_state(safety=Safety(emergency_stop=EmergencyStop.NONE, field_violation=True)),
        a_state(errors=[an_error("motor", ErrorLevel.CRITICAL)]),
    ],
    ids=["mode", "pause", "emergency stop", "field", "fault"],
)
def test_a_changed_condition_is_news(state: VehicleState) -> None:
    assert kinds(KNOWN, state) == [ev.ConditionChanged]


@pytest.mark.parametrize("level", [ErrorLevel.WARNING, ErrorLevel.URGENT])
def test_an_error_that_stops_nobody_is_no_news(level: ErrorLevel) -> None:
    assert kinds(KNOWN, a_state(errors=[an_error("dirty lens", level)])) == []


def test_the_order_in_which_faults_are_listed_means_nothing() -> None:
    faults = [an_error(name, ErrorLevel.FATAL) for name in ("b", "a", "b")]
    assert kinds(replace(KNOWN, fatal=("a", "b")), a_state(errors=faults)) == []


@pytest.mark.parametrize(("soc_fraction", "news"), [(0.801, 0), (0.795, 0), (0.79, 1), (0.81, 1), (0.2, 1)])
def test_each_whole_percent_of_charge_is_news(soc_fraction: float, news: int) -> None:
    assert len(kinds(KNOWN, charged(soc_fraction))) == news


def test_charge_that_hovers_is_told_no_more_than_once() -> None:
    told, twin = 0, KNOWN
    for soc_fraction in (0.795, 0.805, 0.795, 0.805, 0.795):
        for event in state_events(twin, charged(soc_fraction)):
            assert isinstance(event, ev.ChargeChanged)
            twin = replace(twin, soc_fraction=event.soc_fraction)
            told += 1
    assert told <= 1


def test_a_battery_that_runs_down_is_told_once_for_each_percent() -> None:
    told, twin = 0, KNOWN
    for step in range(501):
        for event in state_events(twin, charged(0.8 - step * 0.001)):
            assert isinstance(event, ev.ChargeChanged)
            twin = replace(twin, soc_fraction=event.soc_fraction)
            told += 1
    assert 45 <= told <= 51


def under_an_order(**changes: object) -> Twin:
    return replace(KNOWN, order_id=OrderId("o-1"), **changes)  # type: ignore[arg-type]  # by field name


def test_a_charge_that_leaps_up_on_the_road_is_not_believed() -> None:
    """Nothing but a charger fills a battery; a vehicle that says otherwise may be sent too far."""
    assert kinds(under_an_order(soc_fraction=0.3), charged(0.6)) == []


def test_a_charge_that_drops_is_believed_at_once() -> None:
    [event] = state_events(under_an_order(), charged(0.4))
    assert isinstance(event, ev.ChargeChanged)
    assert event.soc_fraction == 0.4


def test_a_charge_that_recovers_a_little_downhill_is_believed() -> None:
    [event] = state_events(under_an_order(soc_fraction=0.3), charged(0.33))
    assert isinstance(event, ev.ChargeChanged)
    assert event.soc_fraction == 0.33


def test_a_battery_exchanged_at_rest_is_believed() -> None:
    [event] = state_events(replace(KNOWN, soc_fraction=0.1), charged(1.0))
    assert isinstance(event, ev.ChargeChanged)
    assert event.soc_fraction == 1.0


def test_a_vehicle_that_tells_no_charge_is_believed_to_have_what_it_had() -> None:
    unknown = a_state(power=Power(soc_fraction=None, is_charging=True))
    [event] = state_events(KNOWN, unknown)
    assert event == ev.ChargeChanged(vehicle_id=KNOWN.vehicle.id, soc_fraction=0.8, is_charging=True)


def test_plugging_in_is_news_at_any_charge() -> None:
    assert kinds(KNOWN, charged(0.8, is_charging=True)) == [ev.ChargeChanged]


@pytest.mark.parametrize("kind", ["blocked", "pathBlocked", "obstacle", "BLOCKED"])
def test_a_blocked_vehicle_names_the_edge_it_cannot_enter(kind: str) -> None:
    [event] = state_events(KNOWN, a_state(errors=[an_error(kind, edgeId="e1-2-1")]))
    assert event == ev.BlockedChanged(vehicle_id=a_vehicle().id, edge_id="e1-2-1")


def test_a_vehicle_that_stays_blocked_says_it_once() -> None:
    blocked = replace(KNOWN, blocked=Blocked("e1-2-1", NOW_S))
    assert kinds(blocked, a_state(errors=[an_error("blocked", edgeId="e1-2-1")])) == []
    assert kinds(blocked, a_state(errors=[an_error("blocked")])) == []


def test_a_vehicle_that_is_no_longer_blocked_says_so() -> None:
    [event] = state_events(replace(KNOWN, blocked=Blocked("e1-2-1", NOW_S)), a_state())
    assert event == ev.BlockedChanged(vehicle_id=a_vehicle().id, edge_id="")


def test_a_connection_that_is_told_again_is_no_news() -> None:
    told = Connection(header=a_header(), state=ConnectionState.ONLINE)
    assert list(connection_events(KNOWN, told)) == []
    assert len(list(connection_events(replace(KNOWN, connection="OFFLINE"), told))) == 1


# Idle -----------------------------------------------------------------------------------------------------------------


def test_a_vehicle_without_nodes_edges_or_running_actions_is_idle() -> None:
    assert not has_order_left(a_state(actions={"a": ActionStatus.FINISHED, "b": ActionStatus.FAILED}))


def test_a_vehicle_that_keeps_the_node_it_has_reached_is_idle() -> None:
    assert not has_order_left(a_state(sequence=6, left=[("n3", 6)]))


@pytest.mark.parametrize(
    "state",
    [
        a_state(sequence=4, left=[("n3", 6)]),
        a_state(edges=[("e3", 5)]),
        a_state(actions={"a": ActionStatus.WAITING}),
        a_state(actions={"a": ActionStatus.PAUSED}),
        a_state(actions={"a": ActionStatus.RETRIABLE}),
    ],
    ids=["a node", "an edge", "a waiting action", "a paused action", "a retriable action"],
)
def test_whatever_is_left_of_an_order_keeps_a_vehicle_busy(state: VehicleState) -> None:
    assert has_order_left(state)
