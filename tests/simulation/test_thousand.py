from __future__ import annotations

import pytest

from tests.thousand import measure


@pytest.mark.vda5050("1.10")
def test_one_controller_takes_in_all_that_a_thousand_vehicles_say_in_less_than_their_time() -> None:
    """Each says a state a second and five times a second where it is; the longer run stands in docs/benchmarks.md."""
    figures = measure(vehicles=1000, seconds=3)
    assert figures.states_taken == figures.states_said == 3000
    assert figures.visualizations_taken == 15_000
    assert (figures.dropped, figures.fresh) == (0, 1000)
    assert figures.cpu_share < 1.0, "of one processor"
