"""What the demo tells: news on the way, a verdict in the end."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from fleet.cli.demo.display import Display
from fleet.cli.demo.news import KEPT, News
from fleet.cli.demo.verdict import broken_promises
from fleet.config import load
from fleet.report.data import Fate, ReportData, RunOutcome, Violation
from tests.needs import REPOSITORY
from tests.unit.report_day import day, run_of

MORE = tuple(run_of(f"run-{i}") for i in range(10, 50))
AT = "2026-03-02T06:15:00.000Z"


@pytest.fixture
def news() -> News:
    return News(load(REPOSITORY / "configs/liechtenstein.toml"))


def event(kind: str, **data: object) -> dict[str, Any]:
    return {"type": kind, "at": AT, "data": data}


def status(**changes: object) -> dict[str, Any]:
    told: dict[str, Any] = {
        "trade_at": AT,
        "runs": {"requested": 84, "delivered": 10, "returned": 1, "open": 73, "open_late": 2},
        "parcels": {"requested": 8000, "delivered": 900, "returned": 95},
        "vehicles": {"driving": 5, "blocked": 1, "idle": 6, "silent": 0},
        "assists": {"open": 1, "oldest": {"cause": "no_staff", "subject": "run:run-7"}},
    }
    return {**told, **changes}


def day_with(*runs: RunOutcome) -> ReportData:
    return day(runs=(*runs, *MORE))


def test_a_good_day_breaks_no_promise() -> None:
    data = day_with(run_of("run-1", Fate.RETURNED))
    assert broken_promises(data, len(data.runs)) == []


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (day_with(run_of("run-1", Fate.OPEN)), "100 parcels of 1 runs are open"),
        (day_with(run_of("run-1", Fate.LOST)), "100 parcels of 1 runs are lost"),
        (day(runs=MORE, unasked={"run-9": 4}), "4 parcels of 1 runs are duplicated"),
        (day_with(run_of("run-1", Fate.RETURNED, cause="")), "name no fault: run-1"),
        (day_with(*(run_of(f"run-{i}", Fate.RETURNED) for i in range(3))), "3 of 43 runs came back; at most 5 % may"),
        (day(runs=MORE, mismatches=("run run-1: the books differ",)), "run run-1: the books differ"),
        (day(runs=MORE, violations=(Violation(check="S13", detail="too many"),)), "S13: too many"),
        (day(runs=MORE, ended_early="the vehicles ended with code 1"), "the vehicles ended with code 1"),
    ],
)
def test_each_broken_promise_is_named(data: ReportData, text: str) -> None:
    assert any(text in reason for reason in broken_promises(data, len(data.runs)))


def test_runs_that_were_never_accepted_break_a_promise() -> None:
    assert broken_promises(day(runs=MORE), 84) == ["only 40 of 84 runs were accepted"]


def test_news_name_places_as_people_do(news: News) -> None:
    news.take(event("ParcelsDelivered", vehicle_id="FA-001", parcel_ids=["a", "b"], point_id="triesen-adler"))
    news.take(event("ParcelsReturned", vehicle_id="FA-001", parcel_ids=["a"], why="point:triesen-adler: no_staff"))
    assert list(news.lines) == [
        "07:15  FA-001 delivers 2 parcels at Gasthof Adler",
        "07:15  FA-001 brings back 1 parcels: Gasthof Adler: no staff",
    ]


def test_news_tell_what_concerns_people_only_and_forget_the_oldest(news: News) -> None:
    news.take(event("NodePassed", order_id="o-1"))
    for number in range(KEPT + 3):
        news.take(event("TripStarted", vehicle_id=f"van-{number}"))
    assert len(news.lines) == KEPT
    assert news.told == KEPT + 3


def test_a_pipe_gets_a_line_every_few_seconds(news: News) -> None:
    console = Console(width=200, force_terminal=False)
    display = Display(console, news, "http://127.0.0.1:1", 8000)
    with console.capture() as told, display.shown():
        for machine_s in (1.0, 2.0, 3.0, 10.0):
            display.update(status(), machine_s)
    line = "07:15  900 of 8000 parcels delivered, 95 back; 5 driving, 1 blocked, 6 idle; 1 assists open"
    assert told.get().splitlines() == [line, line]


def test_a_terminal_gets_a_picture(news: News) -> None:
    console = Console(width=100, force_terminal=True, legacy_windows=False)
    display = Display(console, news, "http://127.0.0.1:1", 8000)
    with console.capture() as told, display.shown():
        display.update(status(), 1.0)
        display.update(None, 2.0)
    shown = told.get()
    assert "900 of 8000 parcels delivered, 95 back" in shown
    assert "no staff, run-7" in shown
    assert "the daemon does not answer" in shown
