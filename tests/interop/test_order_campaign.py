"""Orders and updates by the thousand along crooked roads, told in every version and judged by us and by the schemas.

`make test` generates a thousand of them, `make campaign` a hundred times as many.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from fleet.dispatch.release import extension, release_until
from fleet.model.ids import ActionId, OrderId
from fleet.model.order import Order
from fleet.model.place import Place
from fleet.model.profile import Profile, WireLimits
from fleet.model.site import Limits
from fleet.orders.build import Terms, order_message, update_message
from fleet.orders.course import points_max
from fleet.orders.way import end_node, way_of
from fleet.roads.graph import RoadGraph
from fleet.roads.route import Route
from fleet.wire import codec
from fleet.wire import messages as wire
from fleet.wire.registry import STANDARD
from fleet.wire.rules import order_violations
from tests.campaign import CAMPAIGN
from tests.drawn_map import draw
from tests.nouns import NOW_S, a_header, an_order
from tests.wire_words import as_told

SHARDS = 4  # so that several processors can share a campaign
MESSAGES = 1000 * CAMPAIGN // SHARDS
LIMITS = Limits()
Validators = Mapping[str, Draft202012Validator]


@pytest.fixture(scope="module")
def roads(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    """Crooked streets between nine crossings A..I, with a loop at one of them."""
    rng = random.Random(7)
    spots = {name: (400.0 * (i % 3), 400.0 * (i // 3)) for i, name in enumerate("ABCDEFGHI")}
    streets: dict[str, dict[str, str]] = {}
    bends = iter("abcdefghijklmnopqrstuvwxyz")
    for street in ("AB", "BC", "DE", "EF", "GH", "HI", "AD", "DG", "BE", "EH", "CF", "FI"):
        (x0, y0), (x1, y1) = spots[street[0]], spots[street[1]]
        way = street[0]
        for part in (0.35, 0.65):
            name = next(bends)
            spots[name] = (
                x0 + part * (x1 - x0) + rng.uniform(-40.0, 40.0),
                y0 + part * (y1 - y0) + rng.uniform(-40.0, 40.0),
            )
            way += name
        streets[way + street[1]] = {}
    spots |= {"y": (860.0, -40.0), "z": (840.0, -90.0)}
    streets["CyzC"] = {"oneway": "yes"}
    return draw(tmp_path_factory.mktemp("crooked"), spots, streets).graph


@pytest.fixture(scope="module")
def validators(shared: Path) -> Validators:
    folder = shared / "vda5050"
    return {
        version: Draft202012Validator(json.loads((folder / version / "order.json").read_text())) for version in STANDARD
    }


def a_profile(rng: random.Random) -> Profile:
    curves = rng.random() < 0.6
    return Profile(
        version="2.1.0",
        topic_major=2,
        takes_trajectories=curves,
        corridor_m=rng.choice((0.0, 0.4)) if curves else 0.0,
        horizon_edges=rng.choice((0, 1, 5, 20)),
        node_deviation_m=rng.choice((0.5, 3.0, 5.0)),
        limits=WireLimits(control_points_max=rng.choice((0, 0, 3, 12))),
    )


def a_way(rng: random.Random, graph: RoadGraph, number: int, profile: Profile) -> Order:
    """An order along a random drive, with up to three parcel actions at its end."""
    edges = [rng.randrange(graph.edge_count)]
    for _ in range(rng.randrange(25)):
        onward = [e for e in range(graph.edge_count) if graph.edge_from[e] == graph.edge_to[edges[-1]]]
        edges.append(rng.choice(onward))
    start_m = rng.uniform(0.0, 0.4) * float(graph.edge_length_m[edges[0]])
    end_m = rng.uniform(0.6, 1.0) * float(graph.edge_length_m[edges[-1]])
    route = Route(tuple(edges), 0.0, 0.0, start_m, end_m)
    begin = end_node(graph, edges[0], start_m)
    goal = replace(end_node(graph, edges[-1], end_m), node_id=f"point:p{rng.randrange(9)}")
    path = way_of(graph, route, goal, rng.uniform(3.0, 12.0), points_max(profile))
    runs = tuple(f"run-{number}-{i}" for i in range(rng.randrange(4)))
    order = replace(
        an_order(runs=runs), id=OrderId(f"o-{number}"), start=begin, goal=Place(edges[-1], end_m), path=path, passed=0
    )
    order = replace(
        order, actions=tuple(replace(a, action_id=ActionId(f"a-{number}-{i}")) for i, a in enumerate(order.actions))
    )
    released = release_until(order, LIMITS)
    return replace(order, released=released, announced=min(len(path), released + profile.horizon_edges))


def messages(rng: random.Random, graph: RoadGraph) -> Iterator[tuple[wire.Order, wire.Order | None]]:
    """Orders and then their updates until their end, each with the one before it."""
    for number in range(10**9):
        profile = a_profile(rng)
        terms = Terms("crooked", graph, profile)
        order, before = a_way(rng, graph, number, profile), None
        message = order_message(order, terms)
        yield message, None
        while order.passed < len(order.path):
            target = extension(order, LIMITS, NOW_S)
            if target is not None:
                before, order = (
                    order,
                    replace(
                        order,
                        released=target,
                        announced=min(len(order.path), target + profile.horizon_edges),
                        update_id=order.update_id + 1,
                    ),
                )
                last, message = message, update_message(before, order, terms)
                yield message, last
            assert order.released > order.passed, "starved"
            order = replace(order, passed=rng.randint(order.passed + 1, order.released))


@pytest.mark.needs("shared")
@pytest.mark.vda5050("1.8", "5.1", "5.2", "5.3", "5.7", "6.1", "6.2", "13.6", "13.9")
@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_order_and_update_keeps_all_rules_in_every_version(
    shard: int, roads: RoadGraph, validators: Validators
) -> None:
    rng = random.Random(shard)
    updates = curves = 0
    for number, (message, last) in enumerate(messages(rng, roads)):
        if number == MESSAGES:
            break
        updates += last is not None
        curves += any(edge.trajectory for edge in message.edges)
        if last is not None:
            joins(last, message)
        # One version in turn for each message is enough for the schemas, which take the most time.
        schema_of = list(validators)[number % len(validators)] if CAMPAIGN == 1 else ""
        for version, validator in validators.items():
            fits(version, message, validator if schema_of in ("", version) else None)
    assert updates > MESSAGES / 5
    assert curves > MESSAGES / 5


def fits(version: str, message: wire.Order, validator: Draft202012Validator | None) -> None:
    header = headed(version)
    profile = Profile(version=version, topic_major=int(version[0]))
    payload = codec.with_header(codec.body_of(message, profile), header)
    assert order_violations(version, payload) == []
    plain = json.loads(payload, parse_constant=no_number)
    assert validator is None or validator.is_valid(plain)
    assert codec.decode_order(payload, version) == (header, as_told(version, message))
    parts = [*plain["nodes"], *plain["edges"]]
    assert {part["sequenceId"] % 2 for part in plain["nodes"]} == {0}
    assert {part["sequenceId"] % 2 for part in plain["edges"]} <= {1}
    base = sorted(part["sequenceId"] for part in parts if part["released"])
    assert base == list(range(base[0], base[-1] + 1))
    assert all(part["sequenceId"] > base[-1] for part in parts if not part["released"])


def joins(last: wire.Order, message: wire.Order) -> None:
    """An update begins with the last released node of what came before, and nothing of that node is another."""
    held = [node for node in last.nodes if node.released][-1]
    assert message.order_id == last.order_id
    assert message.order_update_id == last.order_update_id + 1
    assert message.nodes[0] == held
    assert math.isfinite(sum(edge.length_m or 0.0 for edge in message.edges))


def headed(version: str) -> wire.Header:
    plain = a_header()
    return wire.Header(
        header_id=plain.header_id,
        sent_s=plain.sent_s,
        version=version,
        manufacturer=plain.manufacturer,
        serial_number=plain.serial_number,
    )


def no_number(text: str) -> float:
    raise AssertionError(f"{text} is no number")
