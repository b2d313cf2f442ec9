"""Who may be told what now, by mode, connection and silence; rows that wait in the outlet are asked about as well."""

from __future__ import annotations

import pytest

from fleet.model import event as ev
from fleet.model.ids import ActionId
from fleet.model.order import REQUESTS, ActionKind
from fleet.model.profile import Learned
from fleet.model.site import Limits
from fleet.model.twin import Liveness, Twin
from fleet.orders.outlet import Outlet
from fleet.orders.reach import RESPONSES, ZONES, may_be_asked, may_be_told
from fleet.roads.site_roads import SiteRoads
from fleet.state.fleet_state import FleetState
from tests.nouns import NOW_S, VAN_1, after, an_order, loaded
from tests.unit.test_orders_outlet import a_row

K = ActionKind
SLEEPS = ev.ConnectionChanged(vehicle_id=VAN_1, connection="HIBERNATING")
UNSPOKEN = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(unspoken="4.0.0"))
STALE = ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.STALE)


def in_mode(mode: str) -> ev.Event:
    return ev.ConditionChanged(vehicle_id=VAN_1, mode=mode, is_stopped=False, is_paused=False, fatal=())


@pytest.fixture
def issued(roads: SiteRoads) -> FleetState:
    """Van 1 was given an order that it has not shown yet."""
    return after(loaded(roads), [ev.OrderIssued(order=an_order("n1", "point:p1"))])


def van(state: FleetState, *events: ev.Event) -> Twin:
    return after(state, events).twin(VAN_1)


def asked(twin: Twin) -> set[ActionKind]:
    """All that it may be asked."""
    return {kind for kind in ActionKind if may_be_asked(twin, kind)} - {K.PICK, K.DROP}


@pytest.mark.vda5050("11.m1")
@pytest.mark.parametrize("mode", ["AUTOMATIC", "SEMIAUTOMATIC"])
def test_an_automatic_vehicle_takes_orders_and_instant_actions(issued: FleetState, mode: str) -> None:
    twin = van(issued, in_mode(mode))
    assert may_be_told(twin, "order", "o-1")
    assert asked(twin) == set(ActionKind) - {K.PICK, K.DROP, K.STOP_HIBERNATION}


@pytest.mark.vda5050("11.m2")
def test_a_vehicle_that_people_intervene_on_takes_orders_and_of_instant_actions_only_the_cancel(
    issued: FleetState,
) -> None:
    twin = van(issued, in_mode("INTERVENED"))
    assert may_be_told(twin, "order", "o-1")
    assert asked(twin) == {K.CANCEL_ORDER}
    assert not may_be_told(twin, RESPONSES, "q-1")


@pytest.mark.vda5050("11.m3", "11.m4", "2.8")
@pytest.mark.parametrize("mode", ["MANUAL", "SERVICE", "TEACH_IN", "STARTUP", "UNKNOWN"])
def test_a_vehicle_in_any_other_mode_takes_nothing(issued: FleetState, mode: str) -> None:
    twin = van(issued, in_mode(mode))
    assert not may_be_told(twin, "order", "o-1")
    assert asked(twin) == set()
    assert not may_be_told(twin, ZONES, "z-1")


@pytest.mark.vda5050("11.1", "14.3")
def test_what_waits_in_the_outlet_is_not_sent_once_its_vehicle_leaves_the_automatic_modes(issued: FleetState) -> None:
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    [(row, _)] = outlet.due(issued, NOW_S)  # it is about to go out
    manual = after(issued, [in_mode("MANUAL")])
    assert not outlet.may_go(manual, row)
    assert outlet.due(manual, NOW_S + 10.0) == []


@pytest.mark.vda5050("9.8")
def test_the_mode_of_a_silent_vehicle_is_old_and_it_is_asked_for_its_state(issued: FleetState) -> None:
    twin = van(issued, in_mode("MANUAL"), STALE)
    assert asked(twin) == REQUESTS


@pytest.mark.vda5050("11.8")
def test_a_hibernating_vehicle_hears_only_that_it_shall_wake(issued: FleetState) -> None:
    twin = van(issued, SLEEPS)
    assert asked(twin) == {K.STOP_HIBERNATION}
    assert not may_be_told(twin, "order", "o-1")


@pytest.mark.vda5050("0.6")
def test_a_vehicle_whose_version_nobody_speaks_is_told_nothing_not_even_a_request(issued: FleetState) -> None:
    request = ev.InstantIssued(vehicle_id=VAN_1, action_id=ActionId("a-9"), kind=K.STATE_REQUEST, order_id=None)
    assert may_be_told(van(issued, request), "instantActions", "a-9")
    twin = van(issued, request, UNSPOKEN)
    told = [may_be_told(twin, topic, ref) for topic, ref in (("order", "o-1"), ("instantActions", "a-9"), (ZONES, "z"))]
    assert told == [False] * 3


@pytest.mark.vda5050("10.13")
def test_a_vehicle_that_does_not_know_where_it_is_is_told_no_order(issued: FleetState) -> None:
    lost = ev.ConditionChanged(
        vehicle_id=VAN_1, mode="AUTOMATIC", is_stopped=False, is_paused=False, fatal=(), is_localized=False
    )
    assert not may_be_told(van(issued, lost), "order", "o-1")
