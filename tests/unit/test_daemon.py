"""What the daemon hands to its parts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet.daemon import line_of
from fleet.wire.broker_url import BrokerUrl
from tests.nouns import VAN_2, a_site


def test_the_line_to_the_vehicles_is_laid_anew_after_a_minute_of_silence() -> None:
    assert line_of(a_site(), BrokerUrl("127.0.0.1", 1), "a").limits.silence_s_max == 60.0


@pytest.mark.vda5050("3.1", "1.1")
def test_every_vehicle_is_heard_under_the_interface_that_it_uses_and_its_connection_at_least_once() -> None:
    site = a_site()
    odd = replace(site.vehicles[VAN_2], interface_name="fleets")
    line = line_of(replace(site, vehicles={**site.vehicles, VAN_2: odd}), BrokerUrl("127.0.0.1", 1), "a")
    for topic in ("uagv/v2/acme/van-1/connection", "fleets/v3/acme/van-2/connection"):
        assert max(s.qos for s in line.subscriptions if s.matches(topic)) == 1
    for topic in ("uagv/v2/acme/van-1/state", "fleets/v3/acme/van-2/factsheet"):
        assert any(s.matches(topic) for s in line.subscriptions)
    assert not any(s.matches("strangers/v2/acme/van-1/state") for s in line.subscriptions)
