"""What the daemon hands to its parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fleet.daemon import line_of, only_one
from fleet.errors import ConfigError
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


@pytest.mark.parametrize("below", ["", "/deeper"])
def test_a_data_directory_that_is_none_is_named_with_the_remedy(tmp_path: Path, below: str) -> None:
    (tmp_path / "data").write_text("a file of somebody else")
    data = Path(f"{tmp_path}/data{below}")
    with pytest.raises(ConfigError, match=rf"{data} cannot be used: .*give another --data"), only_one(data):
        pass


def test_a_data_directory_is_made_and_held_by_one_daemon_only(tmp_path: Path) -> None:
    with (
        only_one(tmp_path / "new" / "data"),
        pytest.raises(ConfigError, match="is in use by the daemon with pid"),
        only_one(tmp_path / "new" / "data"),
    ):
        pass
