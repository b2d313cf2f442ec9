"""Closed roads are told as zones to vehicles that heed them, and never against an order."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from shapely import LineString, Polygon

from fleet.controller.inbox import Facts
from fleet.controller.record import Desk, commit_of
from fleet.controller.turn import Due
from fleet.dispatch.commands import CloseRoad, ReopenRoad, SlowRoad, UnslowRoad
from fleet.journal.record import Head
from fleet.model import event as ev
from fleet.model.ids import VehicleId
from fleet.model.order import ActionKind
from fleet.model.profile import ActionOffer, Learned, WireLimits
from fleet.orders.fit import HEADER_BYTES
from fleet.orders.outlet import OutboxStatus, outcome
from fleet.orders.reach import ZONES, may_be_told
from fleet.orders.zones import CLEAR_M, HALF_WIDTH_M
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.telemetry.profiles import profile
from fleet.wire.codec import body_of
from fleet.wire.messages import (
    Connection,
    ConnectionState,
    InstantActions,
    VehicleState,
    ZoneSet,
    ZoneSetState,
)
from tests.nouns import NOW_S, POINT_2, VAN_1, VAN_2, Office, a_run, a_state, a_vehicle, after, driving, loaded, opened
from tests.unit.test_controller_turn import ask
from tests.unit.test_orders_outlet import a_row

HEEDS = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(has_factsheet=True, zones=("BLOCKED",)))
HEEDED = (ev.VehicleEnrolled(vehicle=replace(a_vehicle(), vda5050_version="3.0.0")), HEEDS)


@pytest.fixture
def office(roads: SiteRoads) -> Office:
    """Van 1 speaks 3.0 and heeds zones, van 2 does not."""
    return Office(roads, after(opened(roads), HEEDED))


def far_street(roads: SiteRoads) -> tuple[str, str]:
    """Both directions of a street where nobody is."""
    edge = int(roads.graph.edge_count - 1)
    back = int(roads.graph.edge_reverse[edge])
    assert back >= 0
    return roads.graph.edge_key(edge), roads.graph.edge_key(back)


def in_3_0(**said: object) -> VehicleState:
    """A state in the words of 3.0."""
    state = a_state(**said)  # type: ignore[arg-type]  # by field name, as the caller spells them
    return msgspec.structs.replace(state, header=msgspec.structs.replace(state.header, version="3.0.0"))


def close(office: Office, *keys: str) -> None:
    ask(office, *(CloseRoad(key, NOW_S + 3600.0, "works") for key in keys))


def slow(office: Office, *keys: str, speed_mps: float = 4.0) -> None:
    ask(office, *(SlowRoad(key, speed_mps, NOW_S + 3600.0, "works") for key in keys))


def told(office: Office) -> list[ZoneSet]:
    return [message for _, message in office.sent if isinstance(message, ZoneSet)]


def shows(office: Office, zone_set_id: str, *, enabled: bool = True) -> None:
    held = ZoneSetState(zone_set_id=zone_set_id, map_id="town", is_enabled=enabled)
    office.hear(VAN_1, in_3_0(zone_sets=(held,)))


@pytest.mark.vda5050("13.12")
def test_a_closed_street_is_a_blocked_zone_along_it_for_whoever_heeds_zones(office: Office, roads: SiteRoads) -> None:
    close(office, *far_street(roads))
    assert [to for to, message in office.sent if isinstance(message, ZoneSet)] == [VAN_1]
    [zones] = told(office)
    assert (zones.map_id, [zone.zone_type for zone in zones.zones]) == ("town", ["BLOCKED", "BLOCKED"])
    for zone in zones.zones:
        edge = roads.graph.edge_by_key(zone.zone_id)
        assert edge is not None
        length_m = float(roads.graph.edge_length_m[edge])
        x, y = np.array(zone.outline).T
        area_m2 = abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2.0
        assert area_m2 == pytest.approx((length_m - 2.0 * CLEAR_M) * 2.0 * HALF_WIDTH_M, rel=0.01)


def test_a_zone_stands_clear_of_the_junctions_at_its_ends(office: Office, roads: SiteRoads) -> None:
    keys = far_street(roads)
    close(office, *keys)
    [zones] = told(office)
    for zone in zones.zones:
        outline = Polygon(zone.outline)
        for edge in range(roads.graph.edge_count):
            is_closed = roads.graph.edge_key(edge) in keys
            assert outline.intersects(LineString(roads.graph.polyline(edge))) is is_closed


def test_nothing_is_told_again_while_nothing_changes(office: Office, roads: SiteRoads) -> None:
    close(office, *far_street(roads))
    for _ in range(3):
        office.turn(due=Due(vehicles=(VAN_1, VAN_2)))
    assert len(told(office)) == 1


@pytest.mark.vda5050("13.12")
def test_a_street_that_is_open_again_is_no_zone_any_more(office: Office, roads: SiteRoads) -> None:
    keys = far_street(roads)
    close(office, *keys)
    ask(office, *(ReopenRoad(key, "done") for key in keys))
    assert [len(zones.zones) for zones in told(office)] == [2, 0]
    assert len({zones.zone_set_id for zones in told(office)}) == 2


def test_a_closure_that_runs_out_is_no_zone_any_more(office: Office, roads: SiteRoads) -> None:
    close(office, *far_street(roads))
    office.turn(after_s=3700.0)
    office.hear(VAN_1, in_3_0())
    assert [len(zones.zones) for zones in told(office)] == [2, 0]


def test_a_street_closed_in_one_direction_is_no_zone_for_the_other_is_open(office: Office, roads: SiteRoads) -> None:
    close(office, far_street(roads)[0])
    assert told(office) == []


@pytest.mark.vda5050("13.12")
def test_a_road_that_the_vehicle_was_let_into_is_no_zone(roads: SiteRoads) -> None:
    """By the obstacle on it, it may go and see for itself."""
    state = loaded(roads, a_run(point=POINT_2))
    office = Office(roads, after(state, HEEDED))
    office.turn(due=Due(vehicles=(VAN_1,)))
    [order] = office.state.orders.values()
    said = driving(order, 0)
    office.hear(VAN_1, msgspec.structs.replace(said, header=in_3_0().header))
    key = order.path[order.released - 1].road_key
    edge = roads.graph.edge_by_key(key)
    assert edge is not None
    back = roads.graph.edge_key(int(roads.graph.edge_reverse[edge]))
    obstacles = [
        ev.RoadClosed(road_key=each, until_s=NOW_S + 900.0, why="van-2 is blocked", is_obstacle=True)
        for each in (key, back)
    ]
    office.state = after(office.state, obstacles)
    office.turn(due=Due(vehicles=(VAN_1,)))
    assert key not in [zone.zone_id for zones in told(office) for zone in zones.zones]


def test_a_zone_set_is_sent_until_the_vehicle_shows_it(office: Office, roads: SiteRoads) -> None:
    close(office, *far_street(roads))
    [zones] = told(office)
    row = a_row(zones.zone_set_id, topic="zoneSet")
    assert outcome(office.state, row) is None
    shows(office, zones.zone_set_id)
    assert outcome(office.state, row) is OutboxStatus.CONFIRMED


def test_a_zone_set_gives_way_to_a_newer_one(office: Office, roads: SiteRoads) -> None:
    keys = far_street(roads)
    close(office, *keys)
    ask(office, *(ReopenRoad(key, "done") for key in keys))
    old, _ = told(office)
    assert outcome(office.state, a_row(old.zone_set_id, topic="zoneSet")) is OutboxStatus.SUPERSEDED


def test_a_zone_set_that_is_held_and_not_heeded_is_enabled_once(office: Office, roads: SiteRoads) -> None:
    close(office, *far_street(roads))
    [zones] = told(office)
    office.sent.clear()
    for _ in range(3):
        shows(office, zones.zone_set_id, enabled=False)
    [(_, asked)] = office.sent
    assert isinstance(asked, InstantActions)
    [action] = asked.actions
    assert action.action_type == ActionKind.ENABLE_ZONE_SET.value
    assert [(p.key, p.value) for p in action.parameters] == [("zoneSetId", zones.zone_set_id)]


@pytest.mark.vda5050("4.2")
def test_zones_that_are_too_long_for_one_message_are_told_in_part(roads: SiteRoads) -> None:
    limits = WireLimits(message_bytes_max=2000)
    learned = Learned(has_factsheet=True, zones=("BLOCKED",), limits=limits)
    office = Office(roads, after(opened(roads), [HEEDED[0], ev.ProfileLearned(vehicle_id=VAN_1, learned=learned)]))
    close(office, *map(roads.graph.edge_key, range(roads.graph.edge_count)))
    [zones] = told(office)
    spoken = profile(office.state.twin(VAN_1))
    assert len(zones.zones) > 3
    assert len(body_of(zones, spoken)) <= 2000 - HEADER_BYTES


@pytest.mark.vda5050("11.8")
def test_a_vehicle_that_sleeps_is_told_of_closed_streets_when_it_wakes(office: Office, roads: SiteRoads) -> None:
    """It was told all night, and a person called because it did not answer."""
    says(office, ConnectionState.HIBERNATING)
    close(office, *far_street(roads))
    assert told(office) == []
    assert not may_be_told(office.state.twin(VAN_1), ZONES, "closed-1")
    says(office, ConnectionState.ONLINE)
    office.hear(VAN_1, in_3_0())
    assert len(told(office)) == 1


def says(office: Office, word: ConnectionState) -> None:
    office.turn(Facts(connections=[(VAN_1, Connection(header=in_3_0().header, state=word))]))


def enablings(office: Office) -> list[list[tuple[str, object]]]:
    asked = (action for _, message in office.sent if isinstance(message, InstantActions) for action in message.actions)
    return [[(p.key, p.value) for p in a.parameters] for a in asked if a.action_type == "enableZoneSet"]


def test_who_does_not_answer_is_asked_once_more_to_heed_the_same_zones(office: Office, roads: SiteRoads) -> None:
    """The second time no zone set was named."""
    close(office, *far_street(roads))
    [zones] = told(office)
    for _ in range(150):
        shows(office, zones.zone_set_id, enabled=False)
        office.turn(due=Due(vehicles=(VAN_1,)), after_s=0.0)
    assert enablings(office) == [[("zoneSetId", zones.zone_set_id)]] * 2


def test_who_does_not_answer_is_not_asked_to_heed_zones_that_no_longer_hold(office: Office, roads: SiteRoads) -> None:
    street = far_street(roads)
    close(office, *street)
    [zones] = told(office)
    shows(office, zones.zone_set_id, enabled=False)
    ask(office, *(ReopenRoad(key, "done") for key in street))
    for _ in range(80):
        shows(office, zones.zone_set_id, enabled=False)
        office.turn(due=Due(vehicles=(VAN_1,)), after_s=0.0)
    assert enablings(office) == [[("zoneSetId", zones.zone_set_id)]]


@pytest.mark.vda5050("4.5")
def test_who_does_not_offer_it_is_not_asked_to_heed_zones(roads: SiteRoads) -> None:
    learned = Learned(has_factsheet=True, zones=("BLOCKED",), actions=(ActionOffer(kind="deleteZoneSet"),))
    office = Office(roads, after(opened(roads), [*HEEDED, ev.ProfileLearned(vehicle_id=VAN_1, learned=learned)]))
    close(office, *far_street(roads))
    [zones] = told(office)
    shows(office, zones.zone_set_id, enabled=False)
    assert enablings(office) == []


def holds(office: Office, *zone_set_ids: str) -> None:
    held = [ZoneSetState(zone_set_id=name, map_id="town", is_enabled=True) for name in zone_set_ids]
    office.hear(VAN_1, in_3_0(zone_sets=tuple(held)))


def deletions(office: Office) -> list[str]:
    asked = (action for _, message in office.sent if isinstance(message, InstantActions) for action in message.actions)
    return [str(a.parameters[0].value) for a in asked if a.action_type == ActionKind.DELETE_ZONE_SET.value]


@pytest.mark.vda5050("13.12")
def test_zones_that_no_longer_hold_are_forgotten_once_the_newer_ones_are_heeded(roads: SiteRoads) -> None:
    offers = (ActionOffer(kind="deleteZoneSet"), ActionOffer(kind="enableZoneSet"))
    learned = Learned(has_factsheet=True, zones=("BLOCKED",), actions=offers)
    office = Office(roads, after(opened(roads), [*HEEDED, ev.ProfileLearned(vehicle_id=VAN_1, learned=learned)]))
    street = far_street(roads)
    close(office, *street)
    [first] = told(office)
    shows(office, first.zone_set_id)
    ask(office, *(ReopenRoad(key, "done") for key in street))
    newest = told(office)[-1].zone_set_id
    assert newest != first.zone_set_id
    assert deletions(office) == []
    for _ in range(3):
        holds(office, first.zone_set_id, newest, "of another master")
    assert deletions(office) == [first.zone_set_id]
    holds(office, newest, "of another master")
    assert office.state.twin(VAN_1).zones.old == ()


def test_a_vehicle_that_does_not_offer_it_is_not_asked_to_forget_zones(office: Office, roads: SiteRoads) -> None:
    street = far_street(roads)
    close(office, *street)
    [first] = told(office)
    shows(office, first.zone_set_id)
    ask(office, *(ReopenRoad(key, "done") for key in street))
    holds(office, first.zone_set_id, told(office)[-1].zone_set_id)
    assert deletions(office) == []


def test_a_vehicle_that_lost_its_zones_is_told_again(office: Office, roads: SiteRoads) -> None:
    close(office, *far_street(roads))
    [zones] = told(office)
    shows(office, zones.zone_set_id)
    office.hear(VAN_1, in_3_0(zone_sets=()))
    assert [each.zone_set_id for each in told(office)] == [zones.zone_set_id] * 2
    assert outcome(office.state, a_row(zones.zone_set_id, topic="zoneSet")) is None


def test_a_vehicle_of_a_version_without_zones_is_told_none_though_its_factsheet_names_them(roads: SiteRoads) -> None:
    office = Office(roads, after(opened(roads), [HEEDS]))
    close(office, *far_street(roads))
    assert told(office) == []
    assert not office.state.quarantine


def test_the_same_street_is_told_to_two_vehicles_and_told_again_without_one_message_standing_for_another(
    roads: SiteRoads,
) -> None:
    """The journal keeps each message once by its topic, reference and number; the second was taken for the first."""
    both = (*HEEDED, *(_of(event, VAN_2) for event in HEEDED))
    state = after(opened(roads), both)
    draft = Draft(state, NOW_S)
    zones = ZoneSet(map_id="town", zone_set_id="closed-1", zones=())
    for vehicle_id in (VAN_1, VAN_2, VAN_1):
        draft.send(vehicle_id, ZONES, zones.zone_set_id, 0, zones)
    desk = Desk(area="town", epoch=1)
    commit = commit_of(draft, desk, Head(0, ""), machine_s=0.0, first_row_id=7, moves=(), with_snapshot=False)
    assert len({(row.topic, row.ref, row.update_id) for row in commit.outbox}) == 3
    assert {row.ref for row in commit.outbox} == {"closed-1"}


def _of(event: ev.Event, vehicle_id: VehicleId) -> ev.Event:
    """The same event of another vehicle."""
    if isinstance(event, ev.VehicleEnrolled):
        return replace(event, vehicle=replace(event.vehicle, id=vehicle_id, serial_number=vehicle_id))
    assert isinstance(event, ev.ProfileLearned)
    return replace(event, vehicle_id=vehicle_id)


# Slow roads -----------------------------------------------------------------------------------------------------------


HEEDS_SPEED = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(has_factsheet=True, zones=("SPEED_LIMIT",)))


@pytest.fixture
def careful(roads: SiteRoads) -> Office:
    """Van 1 heeds speed limits, and no zone that is blocked."""
    return Office(roads, after(opened(roads), (HEEDED[0], HEEDS_SPEED)))


@pytest.mark.vda5050("13.8", "13.12")
def test_a_slow_street_is_a_zone_with_that_speed_for_whoever_heeds_such(careful: Office, roads: SiteRoads) -> None:
    keys = far_street(roads)
    slow(careful, *keys)
    [zones] = told(careful)
    assert {zone.zone_id for zone in zones.zones} == set(keys)
    assert {(zone.zone_type, zone.speed_mps_max) for zone in zones.zones} == {("SPEED_LIMIT", 4.0)}


def test_a_vehicle_is_told_only_the_kinds_of_zones_that_it_heeds(careful: Office, roads: SiteRoads) -> None:
    keys = far_street(roads)
    close(careful, *keys)
    assert told(careful) == []
    office = Office(roads, after(opened(roads), HEEDED))
    slow(office, *keys)
    assert told(office) == []


def test_a_street_that_is_closed_and_slow_is_told_as_closed(roads: SiteRoads) -> None:
    both = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(has_factsheet=True, zones=("BLOCKED", "SPEED_LIMIT")))
    office = Office(roads, after(opened(roads), (HEEDED[0], both)))
    slow(office, *far_street(roads))
    close(office, *far_street(roads))
    assert {zone.zone_type for zone in told(office)[-1].zones} == {"BLOCKED"}


def test_a_street_slow_in_one_direction_is_no_zone_and_the_faster_of_two_limits_counts(
    careful: Office, roads: SiteRoads
) -> None:
    """Both directions lie in one line; what an order says of its own direction is the least in any case."""
    there, back = far_street(roads)
    slow(careful, there, speed_mps=3.0)
    assert told(careful) == []
    slow(careful, back, speed_mps=6.0)
    assert {zone.speed_mps_max for zone in told(careful)[-1].zones} == {6.0}


@pytest.mark.vda5050("13.12")
def test_another_limit_is_another_zone_and_one_that_is_over_is_none(careful: Office, roads: SiteRoads) -> None:
    keys = far_street(roads)
    slow(careful, *keys)
    slow(careful, *keys, speed_mps=2.0)
    careful.turn(due=Due(vehicles=(VAN_1,)))
    ask(careful, *(UnslowRoad(key, "done") for key in keys))
    assert [[zone.speed_mps_max for zone in zones.zones] for zones in told(careful)] == [[4.0] * 2, [2.0] * 2, []]


def test_a_limit_that_runs_out_is_no_zone_any_more(careful: Office, roads: SiteRoads) -> None:
    slow(careful, *far_street(roads))
    careful.turn(after_s=3700.0)
    careful.hear(VAN_1, in_3_0())
    assert [len(zones.zones) for zones in told(careful)] == [2, 0]


@pytest.mark.vda5050("13.8")
def test_a_road_that_was_released_faster_before_is_no_zone_until_it_is_passed(roads: SiteRoads) -> None:
    """A base is not slowed afterwards, by a zone as little as by an order."""
    office = Office(roads, after(loaded(roads, a_run(point=POINT_2)), (HEEDED[0], HEEDS_SPEED)))
    office.turn(due=Due(vehicles=(VAN_1,)))
    [order] = office.state.orders.values()
    said = driving(order, 0)
    office.hear(VAN_1, msgspec.structs.replace(said, header=in_3_0().header))
    base = {piece.edge for piece in order.path[: order.released]}
    keys = [roads.graph.edge_key(edge) for one in base for edge in (one, int(roads.graph.edge_reverse[one]))]
    slow(office, *keys, *far_street(roads))
    shown = {zone.zone_id for zones in told(office) for zone in zones.zones}
    assert shown == set(far_street(roads)) - set(keys)
    assert shown
