"""What a vehicle asks leave for is always answered, and nothing is granted that it was not let into anyway."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from fleet.controller.turn import Due
from fleet.model import event as ev
from fleet.model.profile import Habits
from fleet.orders.answers import LEASE_S
from fleet.orders.outlet import OutboxStatus, outcome
from fleet.roads.site_roads import SiteRoads
from fleet.wire.messages import Grant, RequestStatus, Response, Responses, VehicleRequest, VehicleState
from tests.nouns import POINT_2, VAN_1, Office, a_run, a_state, a_vehicle, after, driving, loaded, the_order
from tests.unit.test_orders_outlet import a_row

SPEAKS_3_0 = ev.VehicleEnrolled(vehicle=replace(a_vehicle(), vda5050_version="3.0.0"))


def in_3_0(state: VehicleState) -> VehicleState:
    return msgspec.structs.replace(state, header=msgspec.structs.replace(state.header, version="3.0.0"))


@pytest.fixture
def office(roads: SiteRoads) -> Office:
    """Van 1 may use a corridor, and is on its way."""
    state = loaded(roads, a_run(point=POINT_2))
    van = replace(state.twin(VAN_1).vehicle, vda5050_version="3.0.0", habits=Habits(corridor_m=1.2))
    office = Office(roads, after(state, [ev.VehicleEnrolled(vehicle=van)]))
    office.turn(due=Due(vehicles=(VAN_1,)))
    office.hear(VAN_1, in_3_0(driving(the_order(office), 0)))
    office.sent.clear()
    return office


def a_request(
    kind: str, subject: str, name: str = "q-1", status: RequestStatus = RequestStatus.REQUESTED
) -> VehicleRequest:
    return VehicleRequest(request_id=name, request_type=kind, subject=subject, status=status)


def says(office: Office, *requests: VehicleRequest) -> None:
    office.hear(VAN_1, in_3_0(driving(the_order(office), 0, requests=requests)))


def answers(office: Office) -> list[Response]:
    return [answer for _, m in office.sent if isinstance(m, Responses) for answer in m.responses]


def test_a_corridor_along_a_released_road_is_granted_for_a_while(office: Office) -> None:
    says(office, a_request("CORRIDOR", the_order(office).path[0].edge_id))
    [answer] = answers(office)
    assert (answer.request_id, answer.grant, answer.lease_until_s) == ("q-1", Grant.GRANTED, office.now_s + LEASE_S)


@pytest.mark.parametrize("kind", ["ACCESS", "REPLANNING", "SOMETHING_NEW"])
def test_no_zone_and_no_way_of_its_own_is_ever_granted(office: Office, kind: str) -> None:
    says(office, a_request(kind, "zone-1"))
    [answer] = answers(office)
    assert (answer.grant, answer.lease_until_s) == (Grant.REJECTED, None)


def test_who_asks_under_names_without_end_is_not_heard_and_fills_no_journal(office: Office) -> None:
    says(
        office,
        a_request("ACCESS", "zone-1", name="q" * 2000),
        a_request("ACCESS", "z" * 2000),
        a_request("W" * 2000, "z"),
    )
    assert answers(office) == []


def test_a_corridor_along_a_road_that_is_only_announced_is_not_granted(office: Office) -> None:
    order = the_order(office)
    shorter = replace(order, released=2)
    office.state = replace(office.state, orders=office.state.orders.set(order.id, shorter))
    says(office, a_request("CORRIDOR", order.path[4].edge_id))
    assert answers(office)[0].grant is Grant.REJECTED


def test_no_corridor_is_granted_to_a_vehicle_of_which_the_site_file_says_nothing(roads: SiteRoads) -> None:
    office = Office(roads, after(loaded(roads, a_run(point=POINT_2)), [SPEAKS_3_0]))
    office.turn(due=Due(vehicles=(VAN_1,)))
    says(office, a_request("CORRIDOR", the_order(office).path[0].edge_id))
    assert answers(office)[0].grant is Grant.REJECTED


def test_a_vehicle_without_an_order_is_answered_too(roads: SiteRoads) -> None:
    office = Office(roads, after(loaded(roads), [SPEAKS_3_0]))
    office.hear(VAN_1, in_3_0(a_state(requests=(a_request("CORRIDOR", "e1"), a_request("ACCESS", "z1", "q-2")))))
    assert [(answer.request_id, answer.grant) for answer in answers(office)] == [
        ("q-1", Grant.REJECTED),
        ("q-2", Grant.REJECTED),
    ]


def test_a_request_that_is_shown_again_is_answered_once_and_sent_until_the_vehicle_has_taken_it(
    office: Office,
) -> None:
    asked = a_request("CORRIDOR", the_order(office).path[0].edge_id)
    says(office, asked)
    row = replace(a_row("q-1", topic="responses"), created_s=office.now_s)
    for _ in range(2):
        says(office, asked)
    assert len(answers(office)) == 1
    assert outcome(office.state, row) is None
    says(office, a_request("CORRIDOR", asked.subject, status=RequestStatus.GRANTED))
    assert outcome(office.state, row) is OutboxStatus.CONFIRMED


def test_every_answer_is_a_decision_on_record_with_its_reason(office: Office) -> None:
    says(office, a_request("REPLANNING", "zone-1"))
    [decided] = [event for event in office.events if isinstance(event, ev.RequestAnswered)]
    assert (decided.kind, decided.subject, decided.grant) == ("REPLANNING", "zone-1", "REJECTED")
    assert decided.why == "REPLANNING is never given"


def test_who_asks_without_end_does_not_fill_the_journal_at_once(office: Office) -> None:
    says(office, *(a_request("ACCESS", "z", f"q-{n}") for n in range(500)))
    assert len(answers(office)) == 16


def test_what_was_decided_already_needs_no_answer(office: Office) -> None:
    says(
        office,
        a_request("ACCESS", "z", status=RequestStatus.EXPIRED),
        a_request("ACCESS", "z", "q-2", RequestStatus.REVOKED),
    )
    assert answers(office) == []


def test_who_counts_its_requests_from_the_beginning_again_is_answered_all_the_same(office: Office) -> None:
    edge_id = the_order(office).path[0].edge_id
    says(office, a_request("CORRIDOR", edge_id))
    says(office, a_request("CORRIDOR", edge_id, status=RequestStatus.GRANTED))
    says(office)
    says(office, a_request("CORRIDOR", edge_id))
    assert [answer.grant for answer in answers(office)] == [Grant.GRANTED, Grant.GRANTED]
    [answer] = office.state.twin(VAN_1).answers
    assert answer.is_open
