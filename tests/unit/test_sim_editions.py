"""What a simulated vehicle says and does by the version that it speaks."""

from __future__ import annotations

import msgspec
import pytest

from fleet.wire import codec
from fleet.wire.messages import (
    ActionStatus,
    Connection,
    ConnectionState,
    ErrorLevel,
    Visualization,
    Zone,
    ZoneSet,
    ZoneType,
)
from tests.unit.test_sim_characters import numbered
from tests.unit.test_sim_vehicle import (
    BLOCK_M,
    Yard,
    an_order,
    at,
    in_yard,
    load,
    parcel_action,
)
from vehicle_sim.characters import CHARACTERS, EXACT
from vehicle_sim.voice import topic_of

VERSIONS = ("2.0.0", "2.1.0", "3.0.0")


def levels(yard: Yard) -> dict[str, ErrorLevel]:
    return {error.error_type: error.level for error in yard.state.errors}


def status_at_once(yard: Yard, action_id: str) -> ActionStatus | None:
    shown = (*yard.state.action_states, *yard.state.instant_action_states)
    return next((action.status for action in shown if action.action_id == action_id), None)


async def deliver_to_nobody(yard: Yard) -> None:
    """Bring the lot to its point, with a drop that may be tried again; nobody comes."""
    await load(yard)
    drop = msgspec.structs.replace(parcel_action("drop-1", "drop"), is_retriable=True)
    await yard.tell(an_order("deliver", actions=(drop,)))
    await yard.wait_s(700.0)


async def tell_zones(yard: Yard, zone_type: ZoneType, speed_mps_max: float | None = None) -> None:
    """The second block of the street is a zone."""
    outline = ((110.0, -5.0), (190.0, -5.0), (190.0, 5.0), (110.0, 5.0))
    zone = Zone(zone_id="z1", zone_type=zone_type, outline=outline, speed_mps_max=speed_mps_max)
    zones = ZoneSet(map_id="street", zone_set_id="set-1", zones=(zone,))
    yard.link.send(topic_of(yard.make, "zoneSet"), codec.encode_told(zones, yard._header()))
    await yard.wait_s(0.1)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", sorted(set(CHARACTERS) - {"strict"}))  # the street of this test has no positions
def test_every_character_delivers_in_every_version(name: str, version: str) -> None:
    async def story(yard: Yard) -> None:
        await load(yard)
        await yard.tell(an_order("deliver", actions=(parcel_action("drop-1", "drop"),)))
        await yard.wait_s(400.0)

    yard = in_yard(story, CHARACTERS[name], version)
    assert {state.header.version for state in yard.states} == {version}
    assert yard.world.violations == []
    assert {custody.kind.value for custody in yard.world.custody.values()} == {"point"}


@pytest.mark.parametrize(
    ("version", "word", "level"),
    [
        ("2.0.0", "noRouteError", ErrorLevel.WARNING),
        ("2.1.0", "noRouteError", ErrorLevel.WARNING),
        ("3.0.0", "NO_ROUTE_TO_TARGET", ErrorLevel.WARNING),
    ],
)
def test_a_road_that_a_vehicle_does_not_know_is_refused_in_the_words_of_its_version(
    version: str, word: str, level: ErrorLevel
) -> None:
    async def story(yard: Yard) -> None:
        order = an_order(last=1, released=1)
        nowhere = msgspec.structs.replace(order.nodes[1], position=at(100.0, 40.0))
        await yard.tell(msgspec.structs.replace(order, nodes=(order.nodes[0], nowhere)))

    assert levels(in_yard(story, version=version)) == {word: level}


def test_a_field_that_is_not_supported_stops_the_order_in_three_and_is_a_warning_in_two() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(numbered(an_order()))

    strict = CHARACTERS["strict"]
    assert levels(in_yard(story, strict, "2.1.0")) == {"orderError": ErrorLevel.WARNING}
    assert levels(in_yard(story, strict, "3.0.0")) == {"UNSUPPORTED_PARAMETER": ErrorLevel.CRITICAL}


def test_another_content_under_a_number_that_was_used_is_complained_of_in_three() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order(released=1))
        await yard.tell(an_order(released=1))
        assert yard.error_types() == set()
        await yard.tell(an_order(released=2))

    assert in_yard(story, version="2.1.0").error_types() == set()
    assert in_yard(story, version="3.0.0").error_types() == {"SAME_ORDER_UPDATE_ID"}


def test_orders_of_another_major_are_refused() -> None:
    async def story(yard: Yard) -> None:
        header = msgspec.structs.replace(yard._header(), version="3.0.0")
        yard.link.send(topic_of(yard.make, "order"), codec.encode_order(an_order(), header))
        await yard.wait_s(1.0)

    assert in_yard(story, version="2.1.0").error_types() == {"validationError"}


# Instant actions ------------------------------------------------------------------------------------------------------


def test_instant_actions_stand_by_themselves_in_three_and_are_shown_until_they_are_cleared() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell_at_once("s1", "stateRequest")
        await yard.tell(an_order(last=1, released=1))
        assert [action.action_id for action in yard.state.instant_action_states] == ["s1"]
        await yard.tell_at_once("c1", "clearInstantActions")
        await yard.wait_s(1.0)

    yard = in_yard(story, version="3.0.0")
    assert [(a.action_id, a.status) for a in yard.state.instant_action_states] == [("c1", ActionStatus.FINISHED)]


def test_in_two_they_stand_among_the_others_until_the_next_order_and_cannot_be_cleared() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell_at_once("c1", "clearInstantActions")
        assert status_at_once(yard, "c1") is ActionStatus.FAILED
        await yard.tell(an_order(last=1, released=1))

    yard = in_yard(story, version="2.1.0")
    assert status_at_once(yard, "c1") is None


def test_a_drop_that_may_be_tried_again_waits_for_a_word_in_three() -> None:
    async def story(yard: Yard) -> None:
        await deliver_to_nobody(yard)
        assert yard.status_of("drop-1") is ActionStatus.RETRIABLE
        yard.world.staff.no_show_share = 0.0
        await yard.tell_at_once("r1", "retry", actionId="drop-1")
        await yard.wait_s(300.0)

    yard = in_yard(story, version="3.0.0", no_show_share=1.0)
    assert yard.status_of("drop-1") is ActionStatus.FINISHED
    assert status_at_once(yard, "r1") is ActionStatus.FINISHED


def test_a_drop_that_shall_not_be_tried_again_has_failed_and_the_order_is_over() -> None:
    async def story(yard: Yard) -> None:
        await deliver_to_nobody(yard)
        await yard.tell_at_once("r1", "skipRetry", actionId="drop-1")
        await yard.wait_s(1.0)

    yard = in_yard(story, version="3.0.0", no_show_share=1.0)
    assert (yard.status_of("drop-1"), yard.result_of("drop-1")) == (ActionStatus.FAILED, "no_staff")
    assert yard.van.is_idle


def test_a_cancel_ends_a_drop_that_waits_for_a_word() -> None:
    async def story(yard: Yard) -> None:
        await deliver_to_nobody(yard)
        await yard.tell_at_once("c1", "cancelOrder")
        await yard.wait_s(1.0)

    yard = in_yard(story, version="3.0.0", no_show_share=1.0)
    assert yard.status_of("drop-1") is ActionStatus.FAILED
    assert status_at_once(yard, "c1") is ActionStatus.FINISHED


def test_nothing_waits_for_a_word_in_two() -> None:
    assert in_yard(deliver_to_nobody, version="2.1.0", no_show_share=1.0).status_of("drop-1") is ActionStatus.FAILED


def test_a_vehicle_that_sleeps_says_nothing_takes_nothing_and_is_woken() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell_at_once("h1", "startHibernation")
        count = len(yard.states)
        await yard.tell(an_order())
        await yard.wait_s(120.0)
        assert len(yard.states) == count
        await yard.tell_at_once("h2", "stopHibernation")
        await yard.tell(an_order("o2", last=1, released=1))
        await yard.wait_s(30.0)

    yard = in_yard(story, version="3.0.0")
    words = [message.state for message in yard.heard if isinstance(message, Connection)]
    assert words == [ConnectionState.ONLINE, ConnectionState.HIBERNATING, ConnectionState.ONLINE]
    assert (yard.state.order_id, yard.state.last_node_id) == ("o2", "n2")


# The way --------------------------------------------------------------------------------------------------------------


def test_a_vehicle_of_three_says_which_way_it_means_to_take_and_when_it_will_be_where() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order(released=2))
        await yard.wait_s(8.0)
        await yard.tell_at_once("s1", "stateRequest")

    yard = in_yard(story, version="3.0.0")
    path = yard.state.planned_path
    assert path is not None
    assert path.node_ids == ("n2", "n3")
    assert [round(point.x_m) for point in path.trajectory.points][-2:] == [100, 200]
    etas_s = [waypoint.eta_s - yard.state.header.sent_s for waypoint in yard.state.waypoints]
    assert etas_s[1] - etas_s[0] == pytest.approx(BLOCK_M / 10.0)
    assert in_yard(story, version="2.1.0").state.planned_path is None


def test_a_zone_counts_once_it_is_enabled_and_slows_the_vehicle() -> None:
    async def drive(yard: Yard) -> float:
        began_s = yard.clock.trade_now_s()
        await yard.tell(an_order())
        while yard.van.driver.is_driving:
            await yard.wait_s(0.1)
        return yard.clock.trade_now_s() - began_s

    took_s: dict[bool, float] = {}

    async def story(yard: Yard, *, is_enabled: bool) -> None:
        await tell_zones(yard, ZoneType.SPEED_LIMIT, 2.0)
        if is_enabled:
            await yard.tell_at_once("z1", "enableZoneSet", zoneSetId="set-1")
        took_s[is_enabled] = await drive(yard)
        assert [each.is_enabled for each in yard.state.zone_sets or ()] == [is_enabled]

    for is_enabled in (False, True):
        in_yard(lambda yard, on=is_enabled: story(yard, is_enabled=on), version="3.0.0")  # type: ignore[misc]
    assert took_s[True] - took_s[False] == pytest.approx(BLOCK_M / 2.0 - BLOCK_M / 10.0, abs=10.0)


def test_a_vehicle_stands_before_a_zone_that_is_blocked_until_the_zone_is_gone() -> None:
    async def story(yard: Yard) -> None:
        await tell_zones(yard, ZoneType.BLOCKED)
        await yard.tell_at_once("z1", "enableZoneSet", zoneSetId="set-1")
        await yard.tell(an_order())
        await yard.wait_s(60.0)
        assert (yard.state.last_node_id, yard.state.driving) == ("n2", False)
        assert "BLOCKED" in yard.error_types()
        await yard.tell_at_once("z2", "deleteZoneSet", zoneSetId="set-1")
        await yard.wait_s(60.0)

    assert in_yard(story, version="3.0.0").state.last_node_id == "point:p1"


def test_visualization_names_the_state_it_goes_with() -> None:
    async def story(yard: Yard) -> None:
        yard.van.voice._visualization_s = 5.0
        yard.van.voice._show()
        await yard.wait_s(1.0)

    shown = next(m for m in in_yard(story, EXACT, "3.0.0").heard if isinstance(m, Visualization))
    assert shown.state_header_id == 0
    assert shown.position is not None
