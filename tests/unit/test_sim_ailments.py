"""What befalls a simulated vehicle, and what an honest one says then."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fleet.model.ids import VehicleId
from fleet.model.place import Place
from fleet.wire.messages import ActionStatus, OperatingMode
from tests.unit.test_sim_vehicle import Yard, an_order, in_yard, load, parcel_action


async def half_way(yard: Yard) -> None:
    """Between the first crossing and the second."""
    await yard.tell(an_order())
    await yard.wait_s(16.0)


def test_a_vehicle_that_restarts_counts_from_zero_and_keeps_its_order() -> None:
    async def story(yard: Yard) -> None:
        await half_way(yard)
        yard.heard.clear()
        yard.van.ailments.reboot("keeps", 30.0)
        await yard.wait_s(120.0)

    yard = in_yard(story)
    assert yard.states[0].header.header_id == 0
    assert (yard.state.order_id, yard.state.last_node_id) == ("o1", "point:p1")


@pytest.mark.parametrize(("variant", "node_id"), [("forgets", "n2"), ("lost", "")])
def test_a_vehicle_that_forgets_its_order_says_so_and_takes_another_from_where_it_stands(
    variant: str, node_id: str
) -> None:
    async def story(yard: Yard) -> None:
        await half_way(yard)
        yard.van.ailments.reboot(variant, 30.0)
        await yard.wait_s(60.0)

    yard = in_yard(story)
    assert (yard.state.order_id, yard.state.node_states, yard.state.last_node_id) == ("", (), node_id)
    assert not yard.state.driving


def test_nothing_is_said_and_nothing_heard_while_a_vehicle_restarts() -> None:
    async def story(yard: Yard) -> None:
        yard.heard.clear()
        yard.van.ailments.reboot("keeps", 60.0)
        await yard.tell(an_order())
        await yard.wait_s(59.0)
        assert yard.states == []
        await yard.wait_s(10.0)
        assert yard.state.order_id == ""

    in_yard(story)


def test_hands_finish_what_they_do_when_a_vehicle_forgets_it() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order("load", last=0, actions=(parcel_action("pick-1", "pick"),)))
        await yard.wait_s(30.0)
        yard.van.ailments.reboot("mid_handover", 10.0)
        await yard.wait_s(90.0)

    yard = in_yard(story)
    assert yard.state.action_states == ()
    assert [load.load_id for load in yard.state.loads or ()] == ["run-1"]


def test_an_order_is_cleared_on_entering_manual_and_never_goes_on() -> None:
    async def story(yard: Yard) -> None:
        await half_way(yard)
        yard.van.ailments.go_manual(60.0)
        await yard.wait_s(20.0)
        assert (yard.state.mode, yard.state.node_states) == (OperatingMode.MANUAL, ())
        await yard.tell(an_order("o2"))
        assert "orderError" in yard.error_types()
        await yard.wait_s(60.0)

    yard = in_yard(story)
    assert yard.state.mode is OperatingMode.AUTOMATIC
    assert yard.state.last_node_id == "n2"


def test_an_order_that_survives_manual_goes_on_after_it() -> None:
    async def story(yard: Yard) -> None:
        await half_way(yard)
        yard.van.ailments.go_manual(60.0, clears=False)
        await yard.wait_s(180.0)

    assert in_yard(story).state.last_node_id == "point:p1"


def test_a_towed_vehicle_takes_no_order_from_the_node_it_was_at() -> None:
    async def story(yard: Yard) -> None:
        yard.van.ailments.go_manual(60.0)
        yard.van.ailments.is_towed(Place(2, 50.0), None)
        await yard.wait_s(70.0)
        assert yard.state.last_node_id == "station:home"
        await yard.tell(an_order())

    yard = in_yard(story)
    assert "orderError" in yard.error_types()
    assert yard.state.order_id == ""


@pytest.mark.parametrize("variant", ["autoack", "manual", "field"])
def test_a_stopped_vehicle_stands_and_keeps_its_order(variant: str) -> None:
    async def story(yard: Yard) -> None:
        await half_way(yard)
        yard.van.ailments.stop(variant, 60.0)
        await yard.wait_s(30.0)
        assert not yard.state.driving
        assert len(yard.state.node_states) == 2
        assert yard.state.safety.field_violation is (variant == "field")
        await yard.wait_s(120.0)

    assert in_yard(story).state.last_node_id == "point:p1"


def test_what_lasts_longer_is_not_ended_by_what_was_shorter() -> None:
    async def story(yard: Yard) -> None:
        yard.van.ailments.stop("field", 100.0)
        yard.van.ailments.stop("field", 10.0)
        await yard.wait_s(50.0)
        assert yard.state.safety.field_violation
        await yard.wait_s(60.0)

    assert not in_yard(story).state.safety.field_violation


@pytest.mark.parametrize(("variant", "status"), [("fails", ActionStatus.FAILED), ("mute", ActionStatus.FINISHED)])
def test_a_dead_charger_never_charges_whatever_it_says(variant: str, status: ActionStatus) -> None:
    async def story(yard: Yard) -> None:
        yard.van.ailments.break_charger(variant, 600.0)
        await yard.tell_at_once("charge-1", "startCharging")
        await yard.wait_s(60.0)

    yard = in_yard(story)
    shown = {
        action.action_id: action.status for action in (*yard.state.action_states, *yard.state.instant_action_states)
    }
    assert shown["charge-1"] is status
    assert not yard.state.power.is_charging


def test_a_battery_loses_a_third_at_once_and_never_more_than_it_has() -> None:
    async def story(yard: Yard) -> None:
        await half_way(yard)
        yard.van.ailments.sag()

    assert in_yard(story).van.driver.energy_wh() == pytest.approx(680.0, abs=15.0)
    assert in_yard(story, soc_fraction=0.2).van.driver.energy_wh() == 0.0


def test_a_vehicle_that_runs_dry_after_a_sag_breaks_no_promise() -> None:
    async def story(yard: Yard) -> None:
        await half_way(yard)
        yard.van.ailments.sag()
        await yard.wait_s(60.0)

    yard = in_yard(story, soc_fraction=0.31)
    assert "batteryEmpty" in yard.error_types()
    assert yard.world.violations == []


def test_a_wrong_clock_stamps_wrong_times_and_is_set_right() -> None:
    async def story(yard: Yard) -> None:
        yard.van.ailments.set_clock_wrong("ahead", 60.0)
        await yard.wait_s(1.0)
        assert yard.state.header.sent_s == pytest.approx(yard.clock.trade_now_s() + 3600.0, abs=2.0)
        await yard.wait_s(61.0)

    yard = in_yard(story)
    assert yard.state.header.sent_s == pytest.approx(yard.clock.trade_now_s(), abs=2.0)


def test_a_vehicle_that_is_well_says_so_to_those_who_judge() -> None:
    def is_well(upset: Callable[[Yard], None]) -> bool:
        async def story(yard: Yard) -> None:
            upset(yard)

        return in_yard(story).van.ailments.is_well

    assert is_well(lambda yard: None)
    assert not is_well(lambda yard: yard.van.ailments.stop("field", 60.0))
    assert not is_well(lambda yard: yard.van.ailments.reboot("keeps", 60.0))
    assert not is_well(lambda yard: yard.van.ailments.refuse("orders", 60.0))
    assert not is_well(lambda yard: yard.van.ailments.go_manual(60.0))


def test_a_vehicle_with_people_at_its_doors_is_not_moved() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order("load", last=0, actions=(parcel_action("pick-1", "pick"),)))
        await yard.wait_s(30.0)
        assert not yard.van.ailments.can_be_moved
        await load(yard)

    yard = in_yard(story)
    assert yard.van.ailments.can_be_moved
    assert yard.van.id == VehicleId("van-1")
