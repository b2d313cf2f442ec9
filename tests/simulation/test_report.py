"""The report of a simulated day: its books agree, and it says what the simulation's own result says."""

from __future__ import annotations

from itertools import pairwise

import pytest

from fleet.maps.cache import load_or_import
from fleet.report import ReportData, report_html, report_json
from tests.needs import REPOSITORY
from vehicle_sim.harness import Outcome, simulate
from vehicle_sim.report import report_of
from vehicle_sim.result import result_json
from vehicle_sim.scenario import Scenario

SAME = (
    "schema", "seed", "map", "vehicles", "runs", "parcels", "on_time_share", "km", "energy_kwh", "schema_violations",
    "invariant_violations", "assists", "stops_for_want_of_base", "events", "journal_sha256",
)  # fmt: skip


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    scenario = Scenario.load(REPOSITORY / "configs/scenarios/small.toml")
    graph, _ = load_or_import(scenario.site.map_path, tmp_path_factory.mktemp("maps"))
    return simulate(scenario, graph, 3)


@pytest.fixture(scope="module")
def report(outcome: Outcome) -> ReportData:
    return report_of(outcome)


def test_requests_journal_and_truth_agree(report: ReportData) -> None:
    assert report.mismatches == ()


def test_the_report_says_what_the_simulation_says(outcome: Outcome, report: ReportData) -> None:
    told, result = report_json(report), result_json(outcome, 0.0, 0.0)
    assert list(told) == list(result)
    assert {key: told[key] for key in SAME} == {key: result[key] for key in SAME}


def test_what_vehicles_did_fills_the_day_without_gaps_or_overlaps(report: ReportData) -> None:
    for vehicle in report.vehicles:
        for earlier, later in pairwise(vehicle.actual):
            assert 0.0 <= later.from_s - earlier.to_s <= 1.0


def test_the_page_can_be_drawn(report: ReportData) -> None:
    assert "All 1\u2009200 parcels are accounted for" in report_html(report)
