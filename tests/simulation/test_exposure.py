"""Road is released in time and in worthwhile pieces: nobody healthy waits for it, and nobody is let far ahead."""

from __future__ import annotations

import pytest

from fleet.maps.cache import load_or_import
from fleet.report.exposure import Why
from tests.needs import REPOSITORY
from vehicle_sim.harness import Options, Outcome, simulate
from vehicle_sim.scenario import Scenario


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Two hours on real roads in which nothing goes wrong, with the limits that sites have by default."""
    scenario = Scenario.load(REPOSITORY / "configs/scenarios/small.toml")
    graph, _ = load_or_import(scenario.site.map_path, tmp_path_factory.mktemp("maps"))
    return simulate(scenario, graph, 1, Options(profile="none"))


@pytest.mark.vda5050("6.11")
def test_a_healthy_vehicle_never_waits_for_road(outcome: Outcome) -> None:
    assert outcome.violations == []
    assert len(outcome.releases) > 100
    assert outcome.stops_for_want_of_base == 0


def test_an_extension_is_worth_twenty_seconds_unless_the_way_ends_or_the_vehicle_would_have_to_brake(
    outcome: Outcome,
) -> None:
    limits = outcome.scenario.site.limits
    later = [release for release in outcome.releases if not release.is_first]
    short = [release for release in later if release.why(limits) is Why.KEEP_MOVING]
    assert len(short) <= len(later) / 50
    assert all(release.left_s <= 15.0 for release in short)


def test_a_base_exceeds_the_limits_by_one_stretch_only(outcome: Outcome) -> None:
    limits = outcome.scenario.site.limits
    long = [release for release in outcome.releases if release.exceeds(limits)]
    assert len(long) <= len(outcome.releases) / 50
    assert max(release.length_m for release in outcome.releases) < 2 * limits.exposure_m
    assert not any(release.is_unsafe for release in outcome.releases)
