"""The numbers of what we send, and what a refusal that names nothing but such a number is about."""

from __future__ import annotations

import pytest

from fleet.controller.headers import EPOCH_STEP, REMEMBERED, SentHeaders
from fleet.model.ids import VehicleId
from fleet.orders.outlet import OutboxRow
from fleet.wire.messages import ErrorLevel
from tests.nouns import NOW_S, VAN_1, VAN_2, a_state, an_error

EPOCH = 2
FIRST = EPOCH * EPOCH_STEP + 1


def a_row(ref: str = "o-1", update: int = 0, *, topic: str = "order", vehicle_id: VehicleId = VAN_1) -> OutboxRow:
    return OutboxRow(
        id=1,
        seq=1,
        vehicle_id=vehicle_id,
        topic=topic,
        ref=ref,
        update_id=update,
        body=b"{}",
        digest="",
        created_s=NOW_S,
    )


def said(headers: SentHeaders, row: OutboxRow) -> int:
    header_id = headers.next_id(row, EPOCH)
    headers.sent(row, header_id)
    return header_id


def about(headers: SentHeaders, references: dict[str, str], vehicle_id: VehicleId = VAN_1) -> dict[str, str]:
    """What a refusal with these references names in the end."""
    told = an_error("validationError", ErrorLevel.WARNING, **references)
    [error] = headers.explained(vehicle_id, a_state(errors=[told])).errors
    return {reference.key: reference.value for reference in error.references}


@pytest.mark.vda5050("2.1")
def test_each_topic_of_each_vehicle_counts_by_itself_and_by_one() -> None:
    headers = SentHeaders()
    rows = [a_row(), a_row(topic="instantActions"), a_row(vehicle_id=VAN_2), a_row(), a_row(topic="instantActions")]
    assert [said(headers, row) - FIRST for row in rows] == [0, 0, 0, 1, 1]


@pytest.mark.vda5050("2.1")
def test_after_32_bits_a_count_begins_again_at_0() -> None:
    headers = SentHeaders()
    headers.sent(a_row(), 2**32 - 2)
    assert [said(headers, a_row()) for _ in range(3)] == [2**32 - 1, 0, 1]
    assert SentHeaders().next_id(a_row(), epoch=2**32 // EPOCH_STEP) == 1


@pytest.mark.vda5050("2.1")
def test_a_number_that_did_not_go_out_leaves_no_gap() -> None:
    headers = SentHeaders()
    assert [headers.next_id(a_row(), EPOCH), said(headers, a_row()), said(headers, a_row())] == [
        FIRST,
        FIRST,
        FIRST + 1,
    ]


@pytest.mark.vda5050("7.1")
@pytest.mark.parametrize("topic", ["order", "uagv/v2/acme/van-1/order", "Order"])
def test_a_refusal_that_names_a_header_is_about_the_update_that_it_headed(topic: str) -> None:
    headers = SentHeaders()
    for update in (0, 1, 2):
        said(headers, a_row(update=update))
    named = about(headers, {"headerId": str(FIRST + 1), "topic": topic})
    assert (named["orderId"], named["orderUpdateId"]) == ("o-1", "1")


@pytest.mark.vda5050("7.1")
def test_a_header_without_a_topic_is_an_orders_where_no_other_message_bore_its_number() -> None:
    headers = SentHeaders()
    header_id = str(said(headers, a_row()))
    assert about(headers, {"headerId": header_id})["orderId"] == "o-1"
    said(headers, a_row("a-1", topic="instantActions"))
    assert "orderId" not in about(headers, {"headerId": header_id})
    assert about(headers, {"headerId": header_id, "topic": "order"})["orderId"] == "o-1"


@pytest.mark.vda5050("7.1")
def test_what_is_about_another_message_is_left_as_it_is() -> None:
    headers = SentHeaders()
    header_id = str(said(headers, a_row()))
    for references in ({"headerId": header_id, "topic": "instantActions"}, {"headerId": "7"}, {"headerId": "x"}, {}):
        assert about(headers, references) == references
    assert "orderId" not in about(headers, {"headerId": header_id}, VAN_2)
    assert about(headers, named := {"headerId": header_id, "orderId": "o-0"}) == named


def test_a_state_without_errors_is_the_same_one() -> None:
    state = a_state()
    assert SentHeaders().explained(VAN_1, state) is state


def test_headers_of_long_ago_are_forgotten() -> None:
    headers = SentHeaders()
    for _ in range(REMEMBERED + 1):
        said(headers, a_row())
    assert "orderId" not in about(headers, {"headerId": str(FIRST)})
    assert about(headers, {"headerId": str(FIRST + 1)})["orderId"] == "o-1"
