"""What vehicles are told on a stormy and on a troubled morning, message by message, as it is on the wire."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from fleet.wire.memory import MemoryBroker
from tests.simulation.block_town import SCENARIO, block_town
from vehicle_sim.harness import Options, simulate

Json = dict[str, Any]
PARAMETERS = {"stationType", "stationName", "loadType", "loadId", "lhd", "parcels", "orderId"}


@dataclass(slots=True)
class Told:
    """Orders and instant actions, in the order in which they were sent."""

    orders: list[Json] = field(default_factory=list)
    instants: list[Json] = field(default_factory=list)

    def actions(self) -> Iterator[Json]:
        for order in self.orders:
            for part in (*order["nodes"], *order["edges"]):
                yield from part["actions"]
        for message in self.instants:
            yield from message["actions"]


@pytest.fixture(scope="module", params=["storm", "trouble"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    told = Told()
    publish = MemoryBroker.publish

    def heard(self: MemoryBroker, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        if topic.endswith("/order"):
            told.orders.append(json.loads(payload))
        elif topic.endswith("/instantActions"):
            told.instants.append(json.loads(payload))
        publish(self, topic, payload, qos=qos, retain=retain)

    scenario = SCENARIO + f'\n[faults]\nprofile = "{request.param}"\n'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryBroker, "publish", heard)
        simulate(*block_town(tmp_path_factory.mktemp("town"), scenario), 3, Options(solver_steps=0))
    assert len(told.orders) > 20
    assert told.instants
    return told


@pytest.mark.vda5050("5.10", "6.3a", "12.1", "12.2", "12.3")
def test_parcels_are_handled_standing_at_the_last_node_of_an_order(told: Told) -> None:
    handled = 0
    for order in told.orders:
        *before, last = order["nodes"]
        assert [node["actions"] for node in before] == [[]] * len(before)
        assert [edge["actions"] for edge in order["edges"]] == [[]] * len(order["edges"])
        assert {action["blockingType"] for action in last["actions"]} <= {"HARD"}
        handled += len(last["actions"])
    assert handled > 0


@pytest.mark.vda5050("5.9", "6.9")
def test_an_order_ends_at_its_stop_and_the_next_leg_is_another_order(told: Told) -> None:
    stops: defaultdict[str, set[tuple[int, str]]] = defaultdict(set)
    ends: defaultdict[str, int] = defaultdict(int)
    for order in told.orders:
        last = order["nodes"][-1]
        ends[order["orderId"]] = max(ends[order["orderId"]], last["sequenceId"])
        if last["actions"]:
            stops[order["orderId"]].add((last["sequenceId"], last["nodeId"]))
    assert len(stops) > 2
    for order_id, where in stops.items():
        assert [number for number, _ in where] == [ends[order_id]]


@pytest.mark.vda5050("12.7")
def test_nothing_is_told_of_people_and_nothing_in_free_words(told: Told) -> None:
    keys = {parameter["key"] for action in told.actions() for parameter in action.get("actionParameters", ())}
    assert keys <= PARAMETERS
    assert "Description" not in json.dumps([told.orders, told.instants])


@pytest.mark.vda5050("9.7")
def test_no_vehicle_is_told_where_it_is(told: Told) -> None:
    assert {action["actionType"] for action in told.actions()}.isdisjoint({"initPosition", "initializePosition"})


@pytest.mark.vda5050("5.14")
def test_no_zones_are_named_where_none_are_used(told: Told) -> None:
    assert all("zoneSetId" not in order for order in told.orders)


@pytest.mark.vda5050("13.4")
def test_a_heading_is_asked_for_only_where_an_order_ends_and_nobody_turns_on_the_spot(told: Told) -> None:
    asked = 0
    for order in told.orders:
        *before, last = order["nodes"]
        assert not any("theta" in node["nodePosition"] for node in before)
        asked += "theta" in last["nodePosition"]
        for edge in order["edges"]:
            assert {"orientation", "rotationAllowed", "maxRotationSpeed"}.isdisjoint(edge)
    assert asked > 0


@pytest.mark.vda5050("13.2")
def test_every_place_names_the_map_of_the_site(told: Told) -> None:
    assert {node["nodePosition"]["mapId"] for order in told.orders for node in order["nodes"]} == {"none"}
