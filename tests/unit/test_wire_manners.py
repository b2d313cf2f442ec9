"""Client ids that every broker takes."""

from __future__ import annotations

import pytest

from fleet.wire.manners import MOSQUITTO, NATS, client_id_of

SERIALS = ["van-1", "van_1", "van.1", "van:1", "van 1", "van%2e%1", "van%1", "v\u00e4n*1>"]


def test_a_plain_name_is_its_own_client_id() -> None:
    assert client_id_of("Van-1_b:7") == "Van-1_b:7"


@pytest.mark.parametrize("serial", SERIALS)
def test_no_client_id_holds_what_a_broker_refuses(serial: str) -> None:
    assert not set(client_id_of(serial)) & set(NATS.unfit_for_ids + MOSQUITTO.unfit_for_ids)
    assert client_id_of(serial).isascii()


def test_no_two_names_share_a_client_id() -> None:
    assert len({client_id_of(serial) for serial in SERIALS}) == len(SERIALS)
