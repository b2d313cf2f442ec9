"""The report as a page: whole, self-contained, and safe whatever the names in it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from fleet.report.data import Fate, ReportData, Violation
from fleet.report.markup import Html, tag
from fleet.report.page import report_html
from tests.unit.report_day import day, run_of

VOID = {"meta", "circle", "line", "path", "rect", "use"}
NASTY = '<script>alert("1")</script>&'


class _Balance(HTMLParser):
    """Knows whether every element is closed, and which there are."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def elements(html: str) -> set[str]:
    parser = _Balance()
    parser.feed(html)
    assert parser.open == []
    return parser.seen


def words(html: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL).split())


def test_the_page_is_well_formed_and_needs_nothing_from_outside() -> None:
    html = report_html(day())
    assert "script" not in elements(html)
    assert not re.search(r"https?://|@import|url\((?!#)", html)


def test_the_page_says_that_all_parcels_are_accounted_for() -> None:
    assert "All 300 parcels are accounted for" in words(report_html(day()))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (day(mismatches=("run run-1: 3 asked for, 2 kept",)), "run run-1: 3 asked for, 2 kept"),
        (
            day(violations=(Violation(check="S3", detail="drop at the wrong door", vehicle_id="van-1", time_s=1.0),)),
            "S3: van-1: drop at the wrong door",
        ),
        (day(runs=(run_of("run-1", Fate.OPEN),)), "100 open"),
        (day(runs=(run_of("run-1", Fate.LOST),)), "100 lost"),
        (day(unasked={"run-9": 40}), "40 duplicated"),
        (day(ended_early="the daemon ended with code 1"), "the daemon ended with code 1"),
    ],
)
def test_what_does_not_add_up_is_said_first(data: ReportData, text: str) -> None:
    shown = words(report_html(data))
    assert text in shown
    assert "All" not in shown[: shown.index("The day of each vehicle")].split("A morning")[-1]


def test_each_returned_run_stands_with_its_fault_in_words() -> None:
    shown = words(report_html(day()))
    assert "run-3 Gasthof Adler 100 van-1 Gasthof Adler: nobody took the parcels" in shown


def test_a_returned_run_without_a_fault_is_marked() -> None:
    assert "names no fault" in words(report_html(day(runs=(run_of("run-3", Fate.RETURNED, cause=""),))))


def test_the_map_names_its_source_in_the_picture() -> None:
    picture = report_html(day()).partition('class="map"')[2].partition("</svg>")[0]
    assert "© OpenStreetMap contributors" in picture


def test_times_are_local_to_the_site() -> None:
    assert "Monday 2 March 2026, 06:00–08:30" in words(report_html(day()))


def test_every_text_is_escaped() -> None:
    data = day()
    spots = tuple(replace(spot, name=NASTY) for spot in data.ground.spots)
    vehicles = tuple(replace(vehicle, vehicle_id=f"{NASTY}{i}") for i, vehicle in enumerate(data.vehicles))
    runs = (run_of(NASTY, Fate.RETURNED, cause=NASTY),)
    nasty = day(title=NASTY, site_name=NASTY, vehicles=vehicles, runs=runs, mismatches=(NASTY,))
    html = report_html(replace(nasty, ground=replace(data.ground, spots=spots)))
    assert "script" not in elements(html)
    assert NASTY not in html


def test_a_day_on_which_nothing_happened_has_a_report_too() -> None:
    data = day(runs=(), trips=(), faults=(), assists=())
    idle = tuple(replace(v, planned=(), actual=(), ways=(), charge=(), trips=0, parcels=0) for v in data.vehicles)
    html = report_html(replace(data, vehicles=idle))
    assert {"html", "svg"} <= elements(html)
    assert "Nothing went wrong." in html


def test_markup_is_kept_and_text_is_escaped() -> None:
    assert tag("p", "a < b ", Html("<b>c</b>"), title='"') == '<p title="&quot;">a &lt; b <b>c</b></p>'


def test_attributes_that_are_none_are_left_out() -> None:
    assert tag("rect", x=1.04, stroke_width=2, class_=None) == '<rect x="1" stroke-width="2"></rect>'
