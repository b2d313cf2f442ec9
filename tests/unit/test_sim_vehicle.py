"""One simulated vehicle, driven by orders written by hand, over the in-memory broker under virtual time."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fleet.model.custody import Custody, CustodyKind
from fleet.model.ids import AreaId, ParcelId, PointId, RunId, StationId, VehicleId, VehicleTypeId
from fleet.model.place import PickupPoint, Place, Station
from fleet.model.run import Lot, Run
from fleet.model.site import Site
from fleet.model.vehicle import Battery, Vehicle, VehicleType
from fleet.wire import codec
from fleet.wire.link import Topic
from fleet.wire.memory import MemoryBroker, MemoryLink
from fleet.wire.messages import (
    Action,
    ActionParameter,
    ActionStatus,
    BlockingType,
    Connection,
    ConnectionState,
    Header,
    Inbound,
    InstantActions,
    NodePosition,
    Order,
    OrderEdge,
    OrderNode,
    VehicleState,
)
from fleet.wire.subscription import Subscription
from vehicle_sim.characters import EXACT, Character
from vehicle_sim.grid import grid_town
from vehicle_sim.ground import Ground
from vehicle_sim.memory_radio import MemoryRadio
from vehicle_sim.park import subscriptions_of
from vehicle_sim.timers import VirtualTimers
from vehicle_sim.vehicle import SimVehicle
from vehicle_sim.virtual_time import VirtualClock, run_virtual
from vehicle_sim.voice import topic_of, will_of
from vehicle_sim.world import World

START_S = 1_700_000_000.0
SPEED_MPS = 10.0
BLOCK_M = 100.0
BATTERY = Battery(
    energy_wh=1000.0,
    empty_wh_per_m=0.1,
    load_wh_per_m_kg=0.001,
    hotel_w=360.0,
    charge_w_max=7200.0,
    reserve_fraction=0.15,
    reserve_m=1000.0,
)
VAN = VehicleType(
    id=VehicleTypeId("van"),
    mass_kg_max=500.0,
    volume_m3_max=3.0,
    parcels_max=300,
    speed_mps_max=SPEED_MPS,
    accel_mps2=1.0,
    length_m=3.0,
    width_m=1.5,
    road_classes=frozenset({"residential"}),
    battery=BATTERY,
)
MAKE = Vehicle(
    id=VehicleId("van-1"),
    manufacturer="acme",
    serial_number="van-1",
    vda5050_version="2.1.0",
    interface_name="uagv",
    type_id=VAN.id,
    home_station=StationId("home"),
)


def a_site() -> Site:
    """A station at crossing 1 and a pickup point at crossing 4 of one straight street with four crossings."""
    plane = grid_town(2, 1).plane
    lat, lon = plane.to_latlon([0.0, 300.0], [0.0, 0.0])
    station = Station(
        id=StationId("home"),
        name="Home",
        lat=float(lat[0]),
        lon=float(lon[0]),
        loading_bays=1,
        load_fixed_s=60.0,
        load_per_parcel_s=1.0,
        chargers=1,
        charger_w=3960.0,
    )
    point = PickupPoint(
        id=PointId("p1"),
        name="Point",
        lat=float(lat[1]),
        lon=float(lon[1]),
        unload_fixed_s=90.0,
        unload_per_parcel_s=0.8,
        staff_wait_s=90.0,
        no_show_s=600.0,
    )
    return Site(
        id=AreaId("street"),
        name="Street",
        time_zone="Europe/Vaduz",
        map_path=Path("street.osm.pbf"),
        map_id="street",
        data_dir=Path("data"),
        stations={station.id: station},
        points={point.id: point},
        vehicle_types={VAN.id: VAN},
        vehicles={MAKE.id: MAKE},
    )


def a_run(count: int = 10) -> Run:
    parcels = tuple(ParcelId(f"run-1.{i:03d}") for i in range(1, count + 1))
    return Run(
        id=RunId("run-1"),
        station_id=StationId("home"),
        point_id=PointId("p1"),
        lot=Lot(parcel_ids=parcels, mass_kg=1.2 * count, volume_m3=count / 110),
        ready_s=START_S,
        due_s=START_S + 7200.0,
        priority=1,
        brand="",
    )


class Yard:
    """A street with one vehicle on it, and a master that writes orders by hand."""

    def __init__(
        self,
        clock: VirtualClock,
        no_show_share: float = 0.0,
        soc_fraction: float = 1.0,
        character: Character = EXACT,
        version: str = "2.1.0",
    ) -> None:
        site = a_site()
        self.clock = clock
        self.make = make = replace(MAKE, vda5050_version=version)
        self.world = World(site, Ground(grid_town(4, 1)), VirtualTimers(clock), no_show_share=no_show_share)
        self.world.expect([a_run()])
        self.broker = MemoryBroker(random.Random(1))
        vehicle_link = MemoryLink(
            self.broker,
            "van-1",
            subscriptions_of(make),
            will_of(make, START_S),
        )
        radio = MemoryRadio(self.broker, vehicle_link)
        self.radio = radio
        home = (Place(0, 0.0), "station:home")
        self.van = SimVehicle(make, site, self.world, radio, *home, soc_fraction=soc_fraction, character=character)
        self.heard: list[Inbound] = []
        self.raw: list[tuple[str, dict[str, Any]]] = []
        self.link = MemoryLink(self.broker, "master", [Subscription("uagv/+/acme/van-1/+", 1)])
        self.link.open(self)
        vehicle_link.open(self.van)
        self._header_id = 0

    def on_link_up(self) -> None: ...

    def on_link_down(self, reason: str) -> None: ...

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        parsed = Topic.parse(topic)
        assert parsed is not None
        if parsed.name not in ("order", "instantActions", "zoneSet"):
            self.heard.append(codec.decode(parsed, payload))
            self.raw.append((parsed.name, json.loads(payload)))

    @property
    def states(self) -> list[VehicleState]:
        return [message for message in self.heard if isinstance(message, VehicleState)]

    @property
    def state(self) -> VehicleState:
        return self.states[-1]

    def error_types(self) -> set[str]:
        return {error.error_type for error in self.state.errors}

    def status_of(self, action_id: str) -> ActionStatus | None:
        return next((a.status for a in self.state.action_states if a.action_id == action_id), None)

    def result_of(self, action_id: str) -> str | None:
        return next((a.result for a in self.state.action_states if a.action_id == action_id), None)

    async def wait_s(self, seconds: float) -> None:
        await self.clock.sleep_until(self.clock.trade_now_s() + seconds)

    async def tell(self, order: Order) -> None:
        self.link.send(topic_of(self.make, "order"), codec.encode_order(order, self._header()))
        await self.wait_s(0.1)

    async def tell_at_once(self, action_id: str, action_type: str, **values: str) -> None:
        payload = self.instant_bytes(action_id, action_type, **values)
        self.link.send(topic_of(self.make, "instantActions"), payload)
        await self.wait_s(0.1)

    def instant_bytes(self, action_id: str, action_type: str, **values: str) -> bytes:
        parameters = tuple(ActionParameter(key=key, value=value) for key, value in values.items())
        action = Action(
            action_id=action_id, action_type=action_type, blocking_type=BlockingType.NONE, parameters=parameters
        )
        return codec.encode_instant_actions(InstantActions(actions=(action,)), self._header())

    def _header(self) -> Header:
        self._header_id += 1
        return Header(
            header_id=self._header_id,
            sent_s=self.clock.trade_now_s(),
            version=self.make.vda5050_version,
            manufacturer="acme",
            serial_number="van-1",
        )


def in_yard(
    story: Callable[[Yard], Awaitable[None]],
    character: Character = EXACT,
    version: str = "2.1.0",
    **options: float,
) -> Yard:
    """Play a story under virtual time; gives the yard as it was at the end."""

    async def play(clock: VirtualClock) -> Yard:
        yard = Yard(clock, character=character, version=version, **options)
        await yard.wait_s(1.0)
        await story(yard)
        return yard

    return run_virtual(play, START_S)


def parcel_action(action_id: str, kind: str, count: int = 10) -> Action:
    stop = ("station", "home") if kind == "pick" else ("pickup_point", "p1")
    values: dict[str, str | int] = {
        "stationType": stop[0],
        "stationName": stop[1],
        "loadType": "lot",
        "loadId": "run-1",
        "parcels": count,
    }
    parameters = tuple(ActionParameter(key=key, value=value) for key, value in values.items())
    return Action(action_id=action_id, action_type=kind, blocking_type=BlockingType.HARD, parameters=parameters)


STREET = ("station:home", "n2", "n3", "point:p1")
EDGES = ("e1-2-1", "e2-3-1", "e3-4-1")


def at(x_m: float, y_m: float = 0.0) -> NodePosition:
    return NodePosition(x_m=x_m, y_m=y_m, map_id="street")


def an_order(
    order_id: str = "o1",
    update_id: int = 0,
    first: int = 0,
    last: int = 3,
    released: int = 3,
    actions: tuple[Action, ...] = (),
) -> Order:
    """Along the street from node `first` to node `last`, released up to node `released`; actions at its end."""
    indices = range(first, last + 1)
    return Order(
        order_id=order_id,
        order_update_id=update_id,
        nodes=tuple(
            OrderNode(
                node_id=STREET[i],
                sequence_id=2 * i,
                released=i <= released,
                position=at(i * BLOCK_M),
                actions=actions if i == last and i == max(indices) else (),
            )
            for i in indices
        ),
        edges=tuple(
            OrderEdge(
                edge_id=EDGES[i],
                sequence_id=2 * i + 1,
                released=i + 1 <= released,
                start_node_id=STREET[i],
                end_node_id=STREET[i + 1],
            )
            for i in range(first, last)
        ),
    )


async def load(yard: Yard) -> None:
    await yard.tell(an_order("load", last=0, actions=(parcel_action("pick-1", "pick"),)))
    await yard.wait_s(75.0)


def test_a_vehicle_comes_online_with_a_factsheet_and_a_state() -> None:
    async def story(yard: Yard) -> None:
        await yard.wait_s(1.0)

    yard = in_yard(story)
    assert {type(message).__name__ for message in yard.heard} == {"Connection", "Factsheet", "VehicleState"}
    assert topic_of(MAKE, "connection") in yard.broker.retained
    assert yard.state.last_node_id == "station:home"


def test_a_vehicle_drives_its_order_to_the_end_and_its_lists_shrink() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order())
        await yard.wait_s(60.0)

    yard = in_yard(story)
    lengths = [len(state.node_states) for state in yard.states if state.order_id == "o1"]
    assert lengths == sorted(lengths, reverse=True)
    assert set(lengths) == {3, 2, 1, 0}
    assert (yard.state.last_node_id, yard.state.last_node_sequence_id) == ("point:p1", 6)
    assert not yard.state.driving
    assert yard.van.driver.odometer_m == pytest.approx(300.0)


def test_the_time_of_a_drive_is_length_over_speed_and_the_loss_of_start_and_stop() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order())
        await yard.wait_s(60.0)

    yard = in_yard(story)
    driving = [state for state in yard.states if state.driving]
    stood = next(state for state in yard.states if state.header.sent_s > driving[-1].header.sent_s)
    assert stood.header.sent_s - driving[0].header.sent_s == pytest.approx(5.0 + 30.0 + 5.0, abs=0.01)


def test_a_state_comes_at_least_every_thirty_seconds() -> None:
    async def story(yard: Yard) -> None:
        await yard.wait_s(300.0)

    sent = [state.header.sent_s for state in in_yard(story).states]
    assert max(b - a for a, b in pairwise(sent)) <= 30.001
    assert len(sent) == 11


def test_parcels_go_from_the_station_aboard_and_to_the_point() -> None:
    async def story(yard: Yard) -> None:
        await load(yard)
        assert yard.status_of("pick-1") is ActionStatus.FINISHED
        assert yard.result_of("pick-1") == "loaded=10"
        assert [each.load_id for each in yard.state.loads or ()] == ["run-1"]
        await yard.tell(an_order("deliver", actions=(parcel_action("drop-1", "drop"),)))
        await yard.wait_s(700.0)

    yard = in_yard(story)
    assert yard.status_of("drop-1") is ActionStatus.FINISHED
    assert yard.result_of("drop-1") == "delivered=10"
    assert set(yard.world.custody.values()) == {Custody(CustodyKind.POINT, "p1")}
    assert yard.world.violations == []


def test_a_base_that_grows_in_time_is_driven_without_a_stop() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order(released=1))
        await yard.wait_s(8.0)
        assert yard.state.new_base_request
        await yard.tell(an_order(update_id=1, first=1))
        await yard.wait_s(60.0)

    yard = in_yard(story)
    assert yard.state.order_update_id == 1
    assert yard.state.last_node_id == "point:p1"
    assert yard.van.driver.stops_for_want_of_base == 0
    assert [is_driving for is_driving, _ in groupby(state.driving for state in yard.states)] == [False, True, False]


def test_a_vehicle_stands_at_the_end_of_its_base_and_counts_it() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order(released=1))
        await yard.wait_s(60.0)

    yard = in_yard(story)
    assert not yard.state.driving
    assert yard.state.new_base_request
    assert (yard.state.last_node_id, len(yard.state.node_states)) == ("n2", 2)
    assert yard.van.driver.stops_for_want_of_base == 1


def test_a_stand_is_counted_too_when_the_order_had_no_horizon_and_is_extended_later() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order(last=1, released=1))
        await yard.wait_s(60.0)
        assert yard.van.driver.stops_for_want_of_base == 0
        await yard.tell(an_order(update_id=1, first=1))
        await yard.wait_s(60.0)

    yard = in_yard(story)
    assert yard.van.driver.stops_for_want_of_base == 1
    assert yard.state.last_node_id == "point:p1"


def test_an_extension_that_comes_while_braking_costs_no_stand() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order(released=1))
        await yard.wait_s(5.0 + 10.0 + 2.0)
        assert yard.state.driving
        await yard.tell(an_order(update_id=1, first=1))
        await yard.wait_s(60.0)

    yard = in_yard(story)
    assert yard.van.driver.stops_for_want_of_base == 0
    assert yard.state.last_node_id == "point:p1"


def test_an_update_that_does_not_begin_at_the_end_of_the_base_is_refused() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order(released=1))
        await yard.tell(an_order(update_id=1, first=2))

    yard = in_yard(story)
    assert yard.error_types() == {"orderUpdateError"}
    assert yard.state.order_update_id == 0


def test_an_order_sent_twice_is_confirmed_and_done_once() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order())
        await yard.wait_s(12.0)
        before = len(yard.states)
        await yard.tell(an_order())
        assert len(yard.states) == before + 1
        await yard.wait_s(60.0)
        await yard.tell(an_order())
        await yard.wait_s(60.0)

    yard = in_yard(story)
    assert yard.van.driver.odometer_m == pytest.approx(300.0)
    assert yard.state.errors == ()


def test_an_order_that_is_over_does_not_come_back_as_an_echo() -> None:
    async def story(yard: Yard) -> None:
        await load(yard)
        await yard.tell(an_order("o2", last=1, released=1))
        await yard.tell(an_order("load", last=0, actions=(parcel_action("pick-1", "pick"),)))
        await yard.wait_s(60.0)

    yard = in_yard(story)
    assert yard.state.order_id == "o2"
    assert yard.world.violations == []


def test_an_older_update_is_refused_with_a_warning() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order(released=1))
        await yard.tell(an_order(update_id=2, first=1))
        await yard.tell(an_order(update_id=1, first=1))

    yard = in_yard(story)
    assert yard.error_types() == {"orderUpdateError"}
    assert yard.state.order_update_id == 2


def test_a_second_order_is_refused_while_the_first_is_active() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order())
        await yard.tell(an_order("o2"))

    yard = in_yard(story)
    assert yard.error_types() == {"orderError"}
    assert yard.state.order_id == "o1"


def test_an_order_over_an_unknown_road_is_refused() -> None:
    async def story(yard: Yard) -> None:
        order = an_order(last=1, released=1)
        nowhere = msgspec.structs.replace(order.nodes[1], position=at(100.0, 40.0))
        await yard.tell(msgspec.structs.replace(order, nodes=(order.nodes[0], nowhere)))

    assert in_yard(story).error_types() == {"noRouteError"}


def test_an_order_whose_edges_do_not_join_is_refused() -> None:
    async def story(yard: Yard) -> None:
        order = an_order(last=1, released=1)
        ends = (msgspec.structs.replace(node, position=at(200.0 + 50.0 * i)) for i, node in enumerate(order.nodes))
        await yard.tell(msgspec.structs.replace(order, nodes=tuple(ends)))

    assert in_yard(story).error_types() == {"validationError"}


def test_an_order_that_begins_elsewhere_is_refused() -> None:
    async def story(yard: Yard) -> None:
        order = an_order(first=1)
        nodes = tuple(
            msgspec.structs.replace(node, sequence_id=node.sequence_id - 2, released=True) for node in order.nodes
        )
        edges = tuple(
            OrderEdge(
                edge_id=edge.edge_id,
                sequence_id=edge.sequence_id - 2,
                released=True,
                start_node_id=edge.start_node_id,
                end_node_id=edge.end_node_id,
            )
            for edge in order.edges
        )
        await yard.tell(Order(order_id="o1", order_update_id=0, nodes=nodes, edges=edges))

    assert in_yard(story).error_types() == {"orderError"}


def test_a_stop_may_lie_between_two_crossings() -> None:
    async def story(yard: Yard) -> None:
        nodes = (
            OrderNode(node_id="station:home", sequence_id=0, released=True, position=at(0.0)),
            OrderNode(node_id="e1-2-1@405", sequence_id=2, released=True, position=at(40.5)),
        )
        edge = OrderEdge(
            edge_id="e1-2-1@0-405",
            sequence_id=1,
            released=True,
            start_node_id="station:home",
            end_node_id="e1-2-1@405",
        )
        await yard.tell(Order(order_id="o1", order_update_id=0, nodes=nodes, edges=(edge,)))
        await yard.wait_s(60.0)

    yard = in_yard(story)
    assert yard.van.driver.here() == Place(0, 40.5)


def test_a_silent_vehicle_drives_to_the_end_of_its_base_and_comes_back() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order(released=2))
        yard.radio.silence(300.0)
        await yard.tell(an_order(update_id=1, first=2))
        await yard.wait_s(200.0)
        assert [m.state for m in yard.heard if isinstance(m, Connection)][-1] is ConnectionState.CONNECTION_BROKEN
        await yard.wait_s(110.0)

    yard = in_yard(story)
    connections = [message.state for message in yard.heard if isinstance(message, Connection)]
    assert connections[-1] is ConnectionState.ONLINE
    assert (yard.state.order_update_id, yard.state.last_node_id) == (0, "n3")
    quiet = [state.header.sent_s for state in yard.states]
    assert max(b - a for a, b in pairwise(quiet)) > 295.0


def test_a_vehicle_waits_before_a_blocked_road_says_so_and_drives_on_when_it_is_clear() -> None:
    async def story(yard: Yard) -> None:
        yard.world.obstacles.block(2, yard.clock.trade_now_s() + 120.0)
        await yard.tell(an_order())
        await yard.wait_s(60.0)
        assert (yard.state.last_node_id, yard.state.driving) == ("n2", False)
        (error,) = yard.state.errors
        assert error.error_type == "blocked"
        assert [(r.key, r.value) for r in error.references] == [("edgeId", "e2-3-1"), ("nodeId", "n2")]
        await yard.wait_s(120.0)

    yard = in_yard(story)
    assert yard.state.last_node_id == "point:p1"
    assert yard.state.errors == ()


def test_a_cancelled_order_leaves_the_vehicle_standing_on_the_road_and_a_new_one_begins_there() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order(actions=(parcel_action("drop-1", "drop"),)))
        await yard.wait_s(7.0)
        await yard.tell_at_once("c1", "cancelOrder")
        assert yard.status_of("c1") is ActionStatus.RUNNING
        await yard.wait_s(20.0)
        assert yard.status_of("c1") is ActionStatus.FINISHED
        assert yard.status_of("drop-1") is ActionStatus.FAILED
        assert not yard.state.node_states
        assert not yard.state.edge_states
        here = yard.van.driver.here()
        assert 0.0 < here.offset_m < 100.0
        assert yard.state.distance_since_last_node_m == pytest.approx(here.offset_m, abs=0.01)
        nodes = (
            OrderNode(node_id="station:home", sequence_id=0, released=True, position=at(here.offset_m)),
            OrderNode(node_id="n2", sequence_id=2, released=True, position=at(BLOCK_M)),
        )
        edge = OrderEdge(
            edge_id="the-rest-of-it",
            sequence_id=1,
            released=True,
            start_node_id="station:home",
            end_node_id="n2",
        )
        await yard.tell(Order(order_id="o2", order_update_id=0, nodes=nodes, edges=(edge,)))
        await yard.wait_s(30.0)

    yard = in_yard(story)
    assert (yard.state.order_id, yard.state.last_node_id) == ("o2", "n2")
    assert yard.state.distance_since_last_node_m == 0.0
    assert yard.van.driver.odometer_m == pytest.approx(100.0)


def test_a_cancel_without_an_order_fails_and_says_why() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell_at_once("c1", "cancelOrder")

    yard = in_yard(story)
    assert yard.status_of("c1") is ActionStatus.FAILED
    assert yard.error_types() == {"noOrderToCancel"}


def test_a_cancel_while_loading_lets_the_hands_finish() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order("load", last=0, actions=(parcel_action("pick-1", "pick"),)))
        await yard.tell_at_once("c1", "cancelOrder")
        assert yard.status_of("c1") is ActionStatus.RUNNING
        await yard.wait_s(80.0)

    yard = in_yard(story)
    assert yard.status_of("pick-1") is ActionStatus.FINISHED
    assert yard.status_of("c1") is ActionStatus.FINISHED


def test_a_paused_vehicle_stands_and_goes_on() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order())
        await yard.wait_s(10.0)
        await yard.tell_at_once("p1", "startPause")
        await yard.wait_s(20.0)
        assert (yard.state.paused, yard.state.driving) == (True, False)
        await yard.wait_s(100.0)
        await yard.tell_at_once("p2", "stopPause")
        await yard.wait_s(60.0)

    yard = in_yard(story)
    assert yard.state.last_node_id == "point:p1"
    assert yard.van.driver.odometer_m == pytest.approx(300.0)


def test_staff_who_do_not_come_make_the_drop_fail_and_the_parcels_stay_aboard() -> None:
    async def story(yard: Yard) -> None:
        await load(yard)
        await yard.tell(an_order("deliver", actions=(parcel_action("drop-1", "drop"),)))
        await yard.wait_s(700.0)

    yard = in_yard(story, no_show_share=1.0)
    assert (yard.status_of("drop-1"), yard.result_of("drop-1")) == (ActionStatus.FAILED, "no_staff")
    assert yard.error_types() == {"orderActionError"}
    assert set(yard.world.custody.values()) == {Custody(CustodyKind.VEHICLE, "van-1")}
    assert yard.world.violations == []


def test_a_pick_of_parcels_that_are_gone_fails_and_shows_a_wrong_command() -> None:
    async def story(yard: Yard) -> None:
        await load(yard)
        await yard.tell(an_order("again", last=0, actions=(parcel_action("pick-2", "pick"),)))
        await yard.wait_s(75.0)

    yard = in_yard(story)
    assert yard.status_of("pick-2") is ActionStatus.FAILED
    assert [violation.check for violation in yard.world.violations] == ["S4"]


def test_a_drop_far_from_the_point_fails_and_shows_a_wrong_command() -> None:
    async def story(yard: Yard) -> None:
        await load(yard)
        await yard.tell(an_order("o2", last=0, actions=(parcel_action("drop-1", "drop"),)))
        await yard.wait_s(75.0)

    yard = in_yard(story)
    assert yard.status_of("drop-1") is ActionStatus.FAILED
    assert [violation.check for violation in yard.world.violations] == ["S3"]


def test_driving_takes_energy_by_road_and_load_and_the_computers_by_time() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order())
        await yard.wait_s(59.9)

    yard = in_yard(story)
    used_wh = BATTERY.energy_wh - yard.van.driver.energy_wh()
    seconds = yard.clock.trade_now_s() - START_S
    assert used_wh == pytest.approx(BATTERY.drive_wh(300.0, 0.0) + BATTERY.hotel_w * seconds / 3600.0)


def test_a_vehicle_charges_at_the_lesser_of_charger_and_battery_and_takes_no_order_meanwhile() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell_at_once("s1", "startCharging")
        begun_wh = yard.van.driver.energy_wh()
        await yard.tell(an_order())
        assert yard.error_types() == {"orderError"}
        await yard.wait_s(99.9)
        gained_wh = yard.van.driver.energy_wh() - begun_wh
        assert gained_wh == pytest.approx((3960.0 - 360.0) * 100.0 / 3600.0)
        await yard.tell_at_once("s2", "stopCharging")
        await yard.tell(an_order("o2"))
        await yard.wait_s(60.0)

    yard = in_yard(story, soc_fraction=0.5)
    assert not yard.state.power.is_charging
    assert yard.state.last_node_id == "point:p1"


def test_a_vehicle_whose_battery_runs_dry_stands_and_says_so() -> None:
    async def story(yard: Yard) -> None:
        await yard.tell(an_order())
        await yard.wait_s(60.0)

    yard = in_yard(story, soc_fraction=0.02)
    assert yard.error_types() == {"batteryEmpty"}
    assert not yard.state.driving
    assert [violation.check for violation in yard.world.violations] == ["S12"]


def test_bytes_that_are_no_order_are_answered_with_an_error() -> None:
    async def story(yard: Yard) -> None:
        yard.link.send(topic_of(MAKE, "order"), b'{"headerId": }')
        await asyncio.sleep(1.0)

    assert in_yard(story).error_types() == {"validationError"}


def test_the_same_story_is_told_in_the_same_bytes() -> None:
    async def story(yard: Yard) -> None:
        await load(yard)
        await yard.tell(an_order("deliver", actions=(parcel_action("drop-1", "drop"),)))
        await yard.wait_s(700.0)

    stories = [in_yard(story).heard for _ in range(2)]
    assert stories[0] == stories[1]


def test_a_vehicle_a_few_metres_behind_the_node_an_order_begins_at_goes_on_from_there() -> None:
    async def story(yard: Yard) -> None:
        yard.van.driver.is_moved(Place(0, 4.0))
        await yard.tell(an_order())
        await yard.wait_s(60.0)

    yard = in_yard(story)
    assert yard.state.last_node_id == "point:p1"
    assert yard.van.driver.odometer_m == pytest.approx(296.0)


def test_a_vehicle_farther_behind_it_refuses() -> None:
    async def story(yard: Yard) -> None:
        yard.van.driver.is_moved(Place(0, 12.0))
        await yard.tell(an_order())

    assert "validationError" in in_yard(story).error_types()


def test_an_order_on_a_map_it_does_not_have_is_refused() -> None:
    async def story(yard: Yard) -> None:
        order = an_order()
        elsewhere = NodePosition(x_m=0.0, y_m=0.0, map_id="another town")
        first = msgspec.structs.replace(order.nodes[0], position=elsewhere)
        await yard.tell(msgspec.structs.replace(order, nodes=(first, *order.nodes[1:])))

    yard = in_yard(story)
    assert yard.error_types() == {"orderError"}
    assert yard.state.order_id == ""
