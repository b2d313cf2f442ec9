"""The figures of a report, under the names that scripts rely on."""

from __future__ import annotations

import json

import pytest

from fleet.report.data import Effort, Fate, ParcelCount, Timings, Violation
from fleet.report.figures import report_json, unexplained
from tests.unit.report_day import SIX_S, day, run_of

KEYS = [
    "schema", "seed", "map", "vehicles", "runs", "parcels", "on_time_share", "trips", "km", "energy_kwh",
    "orders_sent", "orders_rejected", "schema_violations", "heard_violations", "invariant_violations", "assists",
    "stops_for_want_of_base", "exposure", "plan_ms", "dispatch_latency_ms", "wall_s", "cpu_s", "solver_cpu_s",
    "simulated_s", "events", "journal_sha256",
]  # fmt: skip
COUNTS = ["requested", "delivered", "returned", "open", "lost", "duplicated"]


def test_the_keys_are_those_that_other_programs_rely_on() -> None:
    figures = report_json(day())
    assert list(figures) == KEYS
    assert list(figures["runs"]) == list(figures["parcels"]) == COUNTS  # type: ignore[call-overload]
    assert json.loads(json.dumps(figures)) == figures


def test_every_run_and_parcel_is_counted_once() -> None:
    figures = report_json(day())
    assert figures["runs"] == {"requested": 3, "delivered": 2, "returned": 1, "open": 0, "lost": 0, "duplicated": 0}
    assert figures["parcels"] == {
        "requested": 300, "delivered": 200, "returned": 100, "open": 0, "lost": 0, "duplicated": 0,
    }  # fmt: skip


def test_what_nobody_measured_is_null() -> None:
    figures = report_json(day())
    assert [figures[key] for key in ("wall_s", "cpu_s", "solver_cpu_s", "schema_violations")] == [None] * 4
    assert figures["plan_ms"] == {"p50": None, "p99": None}


def test_measurements_are_shown_as_they_are() -> None:
    figures = report_json(day(effort=Effort(wall_s=12.3456, schema_violations=0, plan_ms=Timings(1.0, 2.5))))
    assert (figures["wall_s"], figures["schema_violations"]) == (12.346, 0)
    assert figures["plan_ms"] == {"p50": 1.0, "p99": 2.5}


def test_a_late_run_and_a_returned_one_are_not_on_time_and_a_cancelled_one_does_not_count() -> None:
    late = run_of("run-2", delivered_s=SIX_S + 3 * 3600)
    runs = (run_of("run-1"), late, run_of("run-3", Fate.RETURNED), run_of("run-4", Fate.CANCELLED))
    assert report_json(day(runs=runs))["on_time_share"] == pytest.approx(1 / 3, abs=1e-4)


def test_a_run_that_nobody_asked_for_is_a_doubled_one() -> None:
    figures = report_json(day(unasked={"run-9": 40}))
    assert figures["runs"]["duplicated"] == 1  # type: ignore[index]
    assert figures["parcels"]["duplicated"] == 40  # type: ignore[index]


def test_a_mismatch_of_the_books_stands_among_the_broken_invariants() -> None:
    wrong = Violation(check="S3", detail="drop at the wrong door", vehicle_id="van-1", time_s=1.0)
    figures = report_json(day(mismatches=("run run-1 is delivered: …",), violations=(wrong,)))
    assert figures["invariant_violations"] == [
        {"check": "S3", "time_s": 1.0, "vehicle": "van-1", "detail": "drop at the wrong door"},
        {"check": "books", "time_s": None, "vehicle": "", "detail": "run run-1 is delivered: …"},
    ]


def test_kilometres_that_no_vehicle_told_are_null_and_those_told_are_added_up() -> None:
    assert report_json(day())["km"] == 25.0
    assert report_json(day(vehicles=()))["km"] is None


def test_a_returned_run_without_a_cause_is_named() -> None:
    nameless = run_of("run-3", Fate.RETURNED, cause="")
    assert unexplained(day()) == []
    assert unexplained(day(runs=(nameless,))) == ["run-3"]


def test_a_lost_parcel_is_shown_with_its_run() -> None:
    lost = run_of("run-1", Fate.LOST, parcels=10)
    figures = report_json(day(runs=(lost, run_of("run-2", parcels=5))))
    assert figures["parcels"]["lost"] == 10  # type: ignore[index]
    assert lost.parcels == ParcelCount(lost=10)
