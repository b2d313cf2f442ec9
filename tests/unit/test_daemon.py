"""What the daemon hands to its parts."""

from __future__ import annotations

from fleet.daemon import line_of
from fleet.wire.broker_url import BrokerUrl
from tests.nouns import a_site


def test_the_line_to_the_vehicles_is_laid_anew_after_a_minute_of_silence() -> None:
    assert line_of(a_site(), BrokerUrl("127.0.0.1", 1), "a").limits.silence_s_max == 60.0
