"""What is sent, when it is sent again, and when it need not be sent any more."""

from __future__ import annotations

import pytest

from fleet.model import event as ev
from fleet.model.ids import ActionId, OrderId, VehicleId
from fleet.model.order import ActionKind, ActionPhase, Order, OrderPhase
from fleet.model.profile import Learned, WireLimits
from fleet.model.site import Limits
from fleet.model.twin import Liveness
from fleet.orders.outlet import OutboxRow, OutboxStatus, Outlet, outcome
from fleet.roads.site_roads import SiteRoads
from fleet.state.fleet_state import FleetState
from tests.nouns import NOW_S, VAN_1, VAN_2, after, an_order, loaded

GOAL = "point:p1"


def a_row(ref: str, row_id: int = 1, topic: str = "order", update: int = 0, to: VehicleId = VAN_1) -> OutboxRow:
    return OutboxRow(
        id=row_id,
        seq=1,
        vehicle_id=to,
        topic=topic,
        ref=ref,
        update_id=update,
        body=b"{}",
        digest="",
        created_s=NOW_S,
    )


def told(state: FleetState, order: Order | None = None) -> FleetState:
    """Van 1 was given an order that it has not shown yet."""
    return after(state, [ev.OrderIssued(order=order or an_order("n1", GOAL))])


@pytest.fixture
def issued(roads: SiteRoads) -> FleetState:
    return told(loaded(roads))


def asked(state: FleetState, kind: ActionKind, name: str = "a-9") -> FleetState:
    return after(state, [ev.InstantIssued(vehicle_id=VAN_1, action_id=ActionId(name), kind=kind, order_id=None)])


def with_condition(state: FleetState, **changes: object) -> FleetState:
    plain = {"mode": "AUTOMATIC", "is_stopped": False, "is_paused": False, "fatal": ()} | changes
    return after(state, [ev.ConditionChanged(vehicle_id=VAN_1, **plain)])  # type: ignore[arg-type]  # by field name


def sending_times(outlet: Outlet, state: FleetState, until_s: float) -> list[float]:
    times = []
    for tenth in range(int(until_s * 10) + 1):
        at_s = NOW_S + tenth / 10.0
        times += [round(at_s - NOW_S, 1) for _ in outlet.due(state, at_s)]
    return times


# When -----------------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("4.3")
def test_no_order_follows_a_copy_of_the_one_before_sooner_than_its_vehicle_takes_orders(issued: FleetState) -> None:
    """It was refused for coming 0.11 s after the copy, its vehicle was held and a person called."""
    limits = Learned(has_factsheet=True, limits=WireLimits(order_interval_s_min=1.0))
    state = after(issued, [ev.ProfileLearned(vehicle_id=VAN_1, learned=limits)])
    [order_id] = state.orders
    outlet = Outlet(Limits())
    outlet.add(a_row(order_id), NOW_S)
    assert sending_times(outlet, state, until_s=2.0) == [0.0, 2.0]
    outlet.drop([1])
    outlet.add(a_row(order_id, row_id=2, update=1), NOW_S + 2.1)
    assert sending_times(outlet, state, until_s=3.5) == [3.0]


@pytest.mark.vda5050("6.5", "2.2", "14.1")
def test_an_unconfirmed_order_is_said_again_after_2_4_8_and_then_every_10_seconds(issued: FleetState) -> None:
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    assert sending_times(outlet, issued, 50.0) == [0.0, 2.0, 6.0, 14.0, 24.0, 34.0, 44.0]


@pytest.mark.vda5050("3.10")
@pytest.mark.parametrize("update", [0, 1])
def test_what_was_decided_before_the_line_was_down_is_not_sent_before_it_was_looked_at_again(
    issued: FleetState, update: int
) -> None:
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1", update=update), NOW_S)
    assert len(outlet.due(issued, NOW_S)) == 1
    outlet.doubt()
    outlet.heard(VAN_1, NOW_S + 30.0)
    assert sending_times(outlet, issued, 50.0) == []
    assert (outlet.doubted(), outlet.is_ready(issued)) == (("o-1",), True)
    outlet.trust(OrderId("o-1"), NOW_S + 50.0)
    assert [row.ref for row, _ in outlet.due(issued, NOW_S + 50.0)] == ["o-1"]
    assert outlet.doubted() == ()


@pytest.mark.vda5050("3.10")
def test_an_instant_action_is_not_doubted(issued: FleetState) -> None:
    outlet = Outlet(Limits())
    outlet.add(a_row("a-9", topic="instantActions"), NOW_S)
    outlet.doubt()
    assert outlet.doubted() == ()
    assert len(outlet.due(asked(issued, ActionKind.CANCEL_ORDER), NOW_S)) == 1


def test_every_sending_counts(issued: FleetState) -> None:
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    attempts = [attempt for s in (0.0, 2.0, 6.0) for _, attempt in outlet.due(issued, NOW_S + s)]
    assert attempts == [1, 2, 3]


def test_nothing_is_sent_before_it_is_due(issued: FleetState) -> None:
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S + 5.0)
    assert outlet.due(issued, NOW_S + 4.9) == []
    assert outlet.next_due_s == NOW_S + 5.0


@pytest.mark.parametrize("liveness", [Liveness.UNHEARD, Liveness.STALE, Liveness.LOST])
def test_nothing_is_sent_to_a_silent_vehicle(issued: FleetState, liveness: Liveness) -> None:
    silent = after(issued, [ev.LivenessChanged(vehicle_id=VAN_1, liveness=liveness)])
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    assert sending_times(outlet, silent, 60.0) == []


def test_what_waits_goes_out_when_the_vehicle_is_heard_again(issued: FleetState) -> None:
    silent = after(issued, [ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.LOST)])
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    assert outlet.due(silent, NOW_S + 1.0) == []
    outlet.heard(VAN_1, NOW_S + 50.0)
    assert [row.ref for row, _ in outlet.due(issued, NOW_S + 50.0)] == ["o-1"]


def test_being_heard_does_not_bring_a_sending_forward_that_has_its_time(issued: FleetState) -> None:
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    outlet.due(issued, NOW_S)
    outlet.heard(VAN_1, NOW_S + 0.5)
    assert outlet.due(issued, NOW_S + 1.9) == []


def test_a_silent_vehicle_is_still_asked_for_its_state(issued: FleetState) -> None:
    silent = asked(issued, ActionKind.STATE_REQUEST)
    silent = after(silent, [ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.LOST)])
    outlet = Outlet(Limits())
    outlet.add(a_row("a-9", topic="instantActions"), NOW_S)
    assert len(outlet.due(silent, NOW_S)) == 1


def test_one_vehicles_silence_holds_nothing_back_for_another(issued: FleetState) -> None:
    silent = after(issued, [ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.STALE)])
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    outlet.add(a_row("o-2", row_id=2, to=VAN_2), NOW_S)
    assert [row.ref for row, _ in outlet.due(silent, NOW_S)] == ["o-2"]


# Manual and safety states always win ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [{"mode": "MANUAL"}, {"mode": "SERVICE"}, {"is_stopped": True}, {"fatal": ("motor",)}],
    ids=["manual", "service", "e-stopped", "fatal"],
)
def test_no_order_is_said_again_to_a_vehicle_that_may_not_move(issued: FleetState, changes: dict[str, object]) -> None:
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    assert outlet.due(with_condition(issued, **changes), NOW_S) == []


def test_no_order_is_said_again_to_a_vehicle_that_people_hold(issued: FleetState) -> None:
    held = after(issued, [ev.VehicleHeld(vehicle_id=VAN_1, why="flat tyre")])
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    assert outlet.due(held, NOW_S) == []


def test_no_order_is_said_again_to_a_vehicle_that_follows_somebody_else(issued: FleetState) -> None:
    foreign = after(issued, [ev.WorkLeftChanged(vehicle_id=VAN_1, has_order_left=True, foreign_order="x")])
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    assert outlet.due(foreign, NOW_S) == []


def test_an_order_held_back_goes_out_when_the_vehicle_may_move_again(issued: FleetState) -> None:
    held = after(issued, [ev.VehicleHeld(vehicle_id=VAN_1, why="flat tyre")])
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    outlet.due(held, NOW_S)
    outlet.heard(VAN_1, NOW_S + 50.0)
    assert [row.ref for row, _ in outlet.due(issued, NOW_S + 50.0)] == ["o-1"]


def test_a_cancel_is_said_again_to_a_vehicle_that_has_stopped_for_safety(issued: FleetState) -> None:
    stopped = with_condition(asked(issued, ActionKind.CANCEL_ORDER), is_stopped=True)
    outlet = Outlet(Limits())
    outlet.add(a_row("a-9", topic="instantActions"), NOW_S)
    assert len(outlet.due(stopped, NOW_S)) == 1


# What becomes of it ---------------------------------------------------------------------------------------------------


def test_an_order_is_confirmed_by_the_state_that_shows_it(issued: FleetState) -> None:
    assert outcome(issued, a_row("o-1")) is None
    seen = after(issued, [ev.OrderSeen(order_id=an_order().id, update_id=0)])
    assert outcome(seen, a_row("o-1")) is OutboxStatus.CONFIRMED


def test_a_confirmed_update_confirms_the_ones_before_it(issued: FleetState) -> None:
    seen = after(issued, [ev.OrderSeen(order_id=an_order().id, update_id=2)])
    assert [outcome(seen, a_row("o-1", update=n)) for n in (0, 1, 2)] == [OutboxStatus.CONFIRMED] * 3
    assert outcome(seen, a_row("o-1", update=3)) is None


@pytest.mark.parametrize("phase", [OrderPhase.REJECTED, OrderPhase.VANISHED])
def test_an_order_that_is_over_needs_no_more_sending(issued: FleetState, phase: OrderPhase) -> None:
    over = after(issued, [ev.OrderEnded(order_id=an_order().id, phase=phase, why="")])
    assert outcome(over, a_row("o-1")) is OutboxStatus.SUPERSEDED


def test_an_update_of_an_order_that_is_being_cancelled_is_not_sent_any_more(issued: FleetState) -> None:
    cancelling = after(
        issued,
        [
            ev.OrderSeen(order_id=an_order().id, update_id=0),
            ev.OrderExtended(order_id=an_order().id, update_id=1, released=2, announced=2),
            ev.OrderCancelling(order_id=an_order().id, why="blocked"),
        ],
    )
    assert outcome(cancelling, a_row("o-1", update=1)) is OutboxStatus.SUPERSEDED


@pytest.mark.parametrize("phase", [ActionPhase.RUNNING, ActionPhase.FINISHED, ActionPhase.FAILED])
def test_an_instant_action_is_sent_until_a_state_shows_it_at_all(issued: FleetState, phase: ActionPhase) -> None:
    state = asked(issued, ActionKind.START_CHARGING)
    row = a_row("a-9", topic="instantActions")
    assert outcome(state, row) is None
    shown = after(state, [ev.InstantMoved(vehicle_id=VAN_1, action_id=ActionId("a-9"), phase=phase, result="")])
    assert outcome(shown, row) is OutboxStatus.CONFIRMED


def test_settled_rows_are_told_once_they_are_dropped_no_more(issued: FleetState) -> None:
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    seen = after(issued, [ev.OrderSeen(order_id=an_order().id, update_id=0)])
    assert outlet.settle(seen, VAN_1) == [(1, OutboxStatus.CONFIRMED)]
    outlet.drop([1])
    assert outlet.settle(seen, VAN_1) == []
    assert outlet.open_count == 0


def test_a_row_that_could_not_be_settled_in_the_journal_is_settled_again(issued: FleetState) -> None:
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    seen = after(issued, [ev.OrderSeen(order_id=an_order().id, update_id=0)])
    assert outlet.settle(seen, VAN_1) == outlet.settle(seen, VAN_1)


def test_a_dropped_row_is_never_sent_again(issued: FleetState) -> None:
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    outlet.due(issued, NOW_S)
    outlet.drop([1])
    assert sending_times(outlet, issued, 60.0) == []


def test_an_order_that_could_not_be_sent_for_its_life_time_is_not_flushed_afterwards(issued: FleetState) -> None:
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    outlet.heard(VAN_1, NOW_S + 3600.0)
    assert outlet.due(issued, NOW_S + 3600.0) == []


# Decided anew -------------------------------------------------------------------------------------------------------


def test_an_old_order_that_never_went_out_is_decided_anew_once_its_vehicle_is_heard(issued: FleetState) -> None:
    silent = after(issued, [ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.LOST)])
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    assert outlet.stale(silent, NOW_S + 3600.0) == []
    outlet.heard(VAN_1, NOW_S + 3700.0)
    assert outlet.stale(issued, NOW_S + 3701.0) == ["o-1"]


def test_an_old_order_is_named_again_until_that_is_recorded(issued: FleetState) -> None:
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    assert outlet.stale(issued, NOW_S + 61.0) == ["o-1"]
    assert outlet.stale(issued, NOW_S + 62.0) == ["o-1"]
    withdrawn = after(issued, [ev.OrderCancelling(order_id=an_order().id, why="it could not be sent in time")])
    assert outlet.stale(withdrawn, NOW_S + 63.0) == []


def test_an_order_that_was_sent_is_said_again_and_never_decided_anew(issued: FleetState) -> None:
    outlet = Outlet(Limits())
    outlet.add(a_row("o-1"), NOW_S)
    outlet.due(issued, NOW_S)
    assert outlet.stale(issued, NOW_S + 3600.0) == []


def test_rows_of_silent_vehicles_are_looked_at_once_and_then_left_until_they_are_heard(issued: FleetState) -> None:
    """However large the fleet is, a turn pays for those who said something."""
    silent = after(issued, [ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.LOST)])
    outlet = Outlet(Limits())
    for number in range(1000):
        outlet.add(a_row("o-1", row_id=number), NOW_S)
    outlet.due(silent, NOW_S + 100.0)
    outlet.stale(silent, NOW_S + 100.0)
    assert outlet.next_due_s == float("inf")
    assert not outlet._suspects
    outlet.heard(VAN_2, NOW_S + 101.0)
    assert outlet.next_due_s == float("inf")


def test_no_order_goes_to_a_vehicle_whose_latest_word_is_not_taken_yet(issued: FleetState) -> None:
    """It may have said that it takes none; what stops it goes all the same, and the order once it was understood."""
    state, outlet = asked(issued, ActionKind.START_PAUSE), Outlet(Limits())
    order = next(iter(issued.orders))
    outlet.add(a_row(order), NOW_S)
    outlet.add(a_row("a-9", row_id=2, topic="instantActions"), NOW_S)
    assert [row.id for row, _ in outlet.due(state, NOW_S, lambda vehicle_id: vehicle_id == VAN_1)] == [2]
    assert outlet.due(state, NOW_S + 1.0) == []
    outlet.heard(VAN_1, NOW_S + 1.0)
    assert [row.id for row, _ in outlet.due(state, NOW_S + 1.0)] == [1]
