from __future__ import annotations

import pytest

from fleet.errors import BrokerError
from fleet.wire.broker_url import BrokerUrl


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("mqtt://127.0.0.1:18830", BrokerUrl("127.0.0.1", 18830)),
        ("mqtt://broker.example", BrokerUrl("broker.example", 1883)),
        ("mqtt://[::1]:1884/", BrokerUrl("::1", 1884)),
        ("mqtts://broker.example", BrokerUrl("broker.example", 8883, is_secure=True)),
    ],
)
def test_an_address_is_read_and_written(text: str, url: BrokerUrl) -> None:
    assert BrokerUrl.parse(text) == url
    assert BrokerUrl.parse(str(url)) == url


@pytest.mark.parametrize(
    "text",
    ["", "localhost:1883", "http://a:1", "mqtt://", "mqtt://a:0", "mqtt://a:70000", "mqtt://a:x", "mqtt://a/b"],
)
def test_what_is_no_address_is_refused_with_the_right_form(text: str) -> None:
    with pytest.raises(BrokerError, match="mqtt://HOST:PORT"):
        BrokerUrl.parse(text)


def test_secrets_in_an_address_are_refused_and_not_repeated() -> None:
    with pytest.raises(BrokerError) as caught:
        BrokerUrl.parse("mqtt://me:hunter2@a")
    assert "hunter2" not in str(caught.value)


def test_loopback_is_recognised() -> None:
    assert BrokerUrl("127.0.0.1").is_loopback
    assert not BrokerUrl("10.0.0.1").is_loopback
