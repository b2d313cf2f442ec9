"""What vehicles of each character do otherwise than the standard asks, one quirk after the other."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import msgspec
import pytest

from fleet.errors import ConfigError
from fleet.model.profile import WireLimits
from fleet.telemetry.names import their_message
from fleet.wire import codec
from fleet.wire.messages import ActionStatus, Connection, ConnectionState, NodePosition, Order, ProtocolLimits
from tests.unit.test_sim_vehicle import BLOCK_M, MAKE, STREET, Yard, an_order, in_yard, load, parcel_action
from vehicle_sim.characters import (
    CHARACTERS,
    EXACT,
    FORGETFUL,
    SLOPPY,
    STRICT,
    STUBBORN,
    Character,
    character_among,
    character_of,
)
from vehicle_sim.voice import topic_of


async def lose_the_line(yard: Yard, for_s: float = 30.0) -> None:
    yard.radio.silence(for_s)
    await yard.wait_s(for_s + 5.0)


def placed(order: Order, deviation_m: float | None = 5.0) -> Order:
    """The order with a position on each node, as a strict vehicle asks it."""
    return msgspec.structs.replace(
        order,
        nodes=tuple(
            msgspec.structs.replace(
                node,
                position=NodePosition(
                    x_m=STREET.index(node.node_id) * BLOCK_M, y_m=0.0, map_id="street", deviation_m=deviation_m
                ),
            )
            for node in order.nodes
        ),
    )


def numbered(order: Order) -> Order:
    """The order with the ids that a strict vehicle takes."""
    limits = STRICT.limits
    message = their_message(order, WireLimits(id_chars_max=limits.id_chars_max, ids_are_numbers=limits.ids_are_numbers))
    assert isinstance(message, Order)
    return message


# Who is what ----------------------------------------------------------------------------------------------------------


def test_a_character_is_found_by_its_name_and_no_other_is_invented() -> None:
    assert {name: character_of(name).name for name in CHARACTERS} == {name: name for name in CHARACTERS}
    with pytest.raises(ConfigError, match="exact, forgetful, loose, sloppy, strict, stubborn"):
        character_of("moody")


def test_one_vehicle_may_differ_from_its_make_and_others_keep_to_the_standard() -> None:
    given = {"acme": SLOPPY, "van-1": STRICT}
    assert character_among(given, MAKE) is STRICT
    assert character_among({"acme": SLOPPY}, MAKE) is SLOPPY
    assert character_among({"other": SLOPPY}, MAKE) is EXACT


# Sloppy: how it speaks ------------------------------------------------------------------------------------------------


def test_a_sloppy_vehicle_leaves_the_zone_out_of_its_time_stamps_and_is_understood() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order())

    yard = in_yard(story, SLOPPY)
    assert {message["timestamp"][-1].isdigit() for _, message in yard.raw} == {True}
    assert yard.state.header.sent_s == pytest.approx(yard.clock.trade_now_s(), abs=1.0)


def test_a_sloppy_vehicle_counts_all_its_topics_with_one_counter_and_repeats_a_number_now_and_then() -> None:
    async def story(yard: Yard) -> None:
        await yard.wait_s(1800.0)

    numbers = [message["headerId"] for _, message in in_yard(story, replace(SLOPPY, repeats_number_every=7)).raw]
    steps = {b - a for a, b in pairwise(numbers)}
    assert numbers[:3] == [0, 1, 2]
    assert steps == {0, 1}


def test_a_sloppy_vehicle_says_its_state_at_another_quality_and_leaves_no_connection_with_the_broker() -> None:
    async def story(yard: Yard) -> None:
        await yard.wait_s(1.0)

    yard = in_yard(story, SLOPPY)
    manners = yard.van.voice.manners
    assert (manners.qos("state"), manners.qos("connection"), manners.qos("factsheet")) == (1, 0, 0)
    assert topic_of(MAKE, "connection") not in yard.broker.retained
    assert topic_of(MAKE, "factsheet") in yard.broker.retained


def test_a_sloppy_vehicle_says_online_once_only_however_often_its_line_breaks() -> None:
    async def story(yard: Yard) -> None:
        await lose_the_line(yard)

    def greetings(character: Character) -> int:
        heard = in_yard(story, character).heard
        return sum(isinstance(m, Connection) and m.state is ConnectionState.ONLINE for m in heard)

    assert (greetings(EXACT), greetings(SLOPPY)) == (2, 1)


def test_a_sloppy_vehicle_fills_absent_fields_with_nulls_and_adds_words_that_no_version_has() -> None:
    async def story(yard: Yard) -> None:
        await load(yard)

    yard = in_yard(story, SLOPPY)
    name, state = next(each for each in reversed(yard.raw) if each[0] == "state")
    assert name == "state"
    assert state["zoneSetId"] is None
    assert state["loads"][0]["boundingBoxReference"] is None
    assert state["information"][0]["infoLevel"] == "CHATTY"
    assert "vendorFirmware" in state
    assert [each.load_id for each in yard.state.loads or ()] == ["run-1"]


def test_a_sloppy_vehicle_sends_half_a_factsheet() -> None:
    async def story(yard: Yard) -> None:
        await yard.wait_s(1.0)

    def parts(character: Character) -> set[str]:
        return set(next(m for name, m in in_yard(story, character).raw if name == "factsheet"))

    assert "protocolLimits" in parts(EXACT)
    assert parts(SLOPPY) - parts(EXACT) == set()
    assert "protocolLimits" not in parts(SLOPPY)


# Sloppy: what it hears and shows --------------------------------------------------------------------------------------


def test_a_sloppy_vehicle_hears_instant_actions_only_under_the_old_key() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell_at_once("p1", "startPause")
        assert not yard.state.paused
        old = msgspec.json.decode(yard.instant_bytes("p2", "startPause"))
        old["instantActions"] = old["actions"]
        yard.link.send(topic_of(MAKE, "instantActions"), msgspec.json.encode(old))
        await yard.wait_s(0.1)
        assert yard.state.paused

    in_yard(story, SLOPPY)


def test_a_sloppy_vehicle_keeps_the_node_it_has_reached_in_its_list() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order())
        await yard.wait_s(60.0)

    yard = in_yard(story, SLOPPY)
    assert [node.node_id for node in yard.state.node_states] == ["point:p1"]
    assert (yard.state.last_node_id, yard.state.edge_states) == ("point:p1", ())


def test_a_sloppy_vehicle_shows_an_action_that_is_over_in_five_states_and_no_more() -> None:
    async def story(yard: Yard) -> None:
        await load(yard)
        await yard.wait_s(300.0)

    shown = [
        [action.status for action in state.action_states] for state in in_yard(story, SLOPPY).states if state.order_id
    ]
    assert shown.count([ActionStatus.FINISHED]) == 5
    assert shown[-1] == []


def test_a_sloppy_vehicle_says_nothing_when_it_is_told_the_same_again() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order())
        await yard.wait_s(2.0)
        before = len(yard.states)
        await yard.tell(an_order())
        assert len(yard.states) == before

    assert in_yard(story, SLOPPY).state.errors[0].error_type == "vendorTyreWorn"


def test_a_sloppy_vehicle_takes_the_actions_of_a_stitching_node_for_new_ones() -> None:
    async def story(yard: Yard) -> None:
        pick = parcel_action("pick-1", "pick")
        await yard.tell(an_order(last=0, actions=(pick,)))
        await yard.wait_s(75.0)
        assert yard.status_of("pick-1") is ActionStatus.FINISHED
        update = an_order(update_id=1)
        stitch = msgspec.structs.replace(update.nodes[0], actions=(pick,))
        await yard.tell(msgspec.structs.replace(update, nodes=(stitch, *update.nodes[1:])))

    def status(character: Character) -> ActionStatus | None:
        return in_yard(story, character).status_of("pick-1")

    assert status(EXACT) is ActionStatus.FINISHED
    assert status(replace(SLOPPY, shows_over_states=0)) is ActionStatus.FAILED  # the parcels are aboard already


# Forgetful ------------------------------------------------------------------------------------------------------------


def test_a_forgetful_vehicle_restarts_on_the_way_and_knows_of_no_order() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order(last=1, released=1))
        await yard.wait_s(60.0)
        assert yard.state.order_id == "o1"
        long_way = an_order("o2", first=1)
        nodes = tuple(msgspec.structs.replace(node, sequence_id=2 * i) for i, node in enumerate(long_way.nodes))
        edges = tuple(msgspec.structs.replace(edge, sequence_id=2 * i + 1) for i, edge in enumerate(long_way.edges))
        await yard.tell(msgspec.structs.replace(long_way, nodes=nodes, edges=edges))
        await yard.wait_s(40.0)

    yard = in_yard(story, replace(FORGETFUL, forgets_after_orders=2, restart_after_s=10.0, restart_s=20.0))
    assert (yard.state.order_id, yard.state.node_states) == ("", ())
    assert yard.states[-1].header.header_id < 5
    assert not yard.state.driving


# Strict ---------------------------------------------------------------------------------------------------------------


def test_a_strict_vehicle_takes_an_order_that_keeps_to_its_factsheet() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(numbered(placed(an_order())))

    yard = in_yard(story, STRICT)
    assert (yard.state.order_id, yard.state.errors) == (numbered(an_order()).order_id, ())


def test_a_strict_vehicle_refuses_the_string_of_another_version() -> None:
    async def story(yard: Yard) -> None:
        payload = codec.encode_order(numbered(placed(an_order())), yard.states[0].header)
        yard.link.send(topic_of(MAKE, "order"), payload.replace(b'"2.1.0"', b'"2.1.1"', 1))
        await yard.wait_s(1.0)

    assert in_yard(story, STRICT).error_types() == {"validationError"}
    assert in_yard(story).state.order_id == numbered(an_order()).order_id


@pytest.mark.parametrize(
    "limits",
    [
        ProtocolLimits(message_bytes_max=400),
        ProtocolLimits(id_chars_max=5),
        ProtocolLimits(ids_are_numbers=True),
        ProtocolLimits(order_nodes_max=3),
        ProtocolLimits(order_edges_max=2),
    ],
)
def test_a_strict_vehicle_refuses_what_is_beyond_its_limits(limits: ProtocolLimits) -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(placed(an_order()))

    yard = in_yard(story, replace(STRICT, limits=limits))
    assert yard.state.order_id == ""
    assert yard.error_types() <= {"orderError", "validationError"}
    assert yard.state.errors


def test_a_strict_vehicle_refuses_an_update_that_comes_too_soon_and_takes_it_later() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(placed(an_order(released=1)))
        await yard.tell(placed(an_order(update_id=1, first=1)))
        assert yard.error_types() == {"orderError"}
        await yard.wait_s(3.0)
        await yard.tell(placed(an_order(update_id=2, first=1)))

    yard = in_yard(story, replace(STRICT, limits=ProtocolLimits(order_interval_s_min=2.0)))
    assert (yard.state.order_update_id, yard.state.errors) == (2, ())


def test_a_strict_vehicle_refuses_an_order_without_a_field_that_it_requires() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(numbered(placed(an_order(), deviation_m=None)))

    yard = in_yard(story, STRICT)
    assert yard.error_types() == {"orderError"}
    assert "allowedDeviationXY is missing" in (yard.state.errors[0].description or "")


def test_a_strict_vehicle_refuses_a_field_that_its_factsheet_does_not_list() -> None:
    async def story(yard: Yard) -> None:
        order = numbered(placed(an_order()))
        edges = tuple(msgspec.structs.replace(edge, speed_mps_max=5.0) for edge in order.edges)
        await yard.tell(msgspec.structs.replace(order, edges=edges))

    assert in_yard(story, replace(STRICT, supports=())).error_types() == {"orderError"}
    assert in_yard(story, STRICT).error_types() == set()


def test_a_strict_vehicle_refuses_an_action_without_what_its_factsheet_requires() -> None:
    async def story(yard: Yard) -> None:
        pick = parcel_action("pick-1", "pick")
        bare = msgspec.structs.replace(pick, parameters=pick.parameters[:1])
        await yard.tell(numbered(placed(an_order(last=0, actions=(bare,)))))

    yard = in_yard(story, STRICT)
    assert yard.error_types() == {"orderError"}
    assert "pick needs" in (yard.state.errors[0].description or "")


# Stubborn -------------------------------------------------------------------------------------------------------------


def test_a_stubborn_vehicle_drives_on_into_the_horizon_and_stands_where_there_is_none() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order(released=1))
        await yard.wait_s(60.0)

    async def without_horizon(yard: Yard) -> None:
        await yard.tell(an_order(last=1, released=1))
        await yard.wait_s(60.0)

    assert in_yard(story, EXACT).state.last_node_id == "n2"
    assert in_yard(story, STUBBORN).state.last_node_id == "point:p1"
    assert in_yard(without_horizon, STUBBORN).state.last_node_id == "n2"


def test_a_stubborn_vehicle_stands_at_the_next_node_when_it_is_called_off_and_says_so_long_after() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order())
        await yard.wait_s(7.0)
        await yard.tell_at_once("c1", "cancelOrder")
        await yard.wait_s(20.0)
        assert not yard.state.driving
        assert yard.state.last_node_id == "n2"
        assert yard.van.driver.here().offset_m == pytest.approx(100.0)
        assert yard.state.node_states == ()
        assert yard.status_of("c1") is ActionStatus.RUNNING
        await yard.wait_s(50.0)

    assert in_yard(story, STUBBORN).status_of("c1") is ActionStatus.FINISHED


def test_a_stubborn_vehicle_takes_no_order_before_it_has_answered_a_cancel() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order())
        await yard.wait_s(7.0)
        await yard.tell_at_once("c1", "cancelOrder")
        await yard.wait_s(20.0)
        await yard.tell(an_order("o2", last=1, released=1))

    yard = in_yard(story, STUBBORN)
    assert (yard.state.order_id, yard.error_types()) == ("o1", {"orderError"})
