"""The report as one HTML file that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from importlib import resources

from fleet.clock import utc_text
from fleet.report.markup import Html, document, tag
from vehicle_sim.judge.check import Finding
from vehicle_sim.judge.report import Line, Report, in_order, lines
from vehicle_sim.judge.verdict import Verdict

STYLE = "page.css"
SIGNS = {Verdict.RIGHT: "✓", Verdict.WRONG: "✕", Verdict.NOT_OFFERED: "–", Verdict.NOT_TRIED: "·"}


def report_html(report: Report) -> str:
    """The report, light or dark as its reader has it, and fit for printing."""
    title = f"{report.manufacturer}/{report.serial_number} · VDA 5050 {report.version}"
    style = resources.files(__package__).joinpath(STYLE).read_text(encoding="utf-8")
    body = tag("body", _head(report), tag("main", *_sections(report)), _foot())
    return document(title, style, body)


def _head(report: Report) -> Html:
    counts = report.counts()
    wrong = counts[Verdict.WRONG]
    sentence = (
        f"{wrong} of {wrong + counts[Verdict.RIGHT]} duties tried are not kept"
        if wrong
        else "Every duty that was tried is kept"
    )
    span_s = report.ended_s - report.began_s
    make = f"{report.series_name} · " if report.series_name else ""
    began = utc_text(report.began_s)[:19].replace("T", " ")
    return tag(
        "header",
        tag(
            "p",
            f"{make}VDA 5050 {report.version} · {report.prefix} · {began} UTC, took {span_s:.0f} s",
            class_="where",
        ),
        tag("h1", f"{report.manufacturer} / {report.serial_number}"),
        tag("p", tag("b", "✕ " if wrong else "✓ "), f"{sentence}.", class_=f"verdict {'bad' if wrong else 'good'}"),
        tag("dl", *(_count(verdict, counts[verdict]) for verdict in _ORDER), class_="big"),
        *(tag("p", note, class_="remark") for note in report.notes),
    )


_ORDER = (Verdict.WRONG, Verdict.RIGHT, Verdict.NOT_OFFERED, Verdict.NOT_TRIED)


def _count(verdict: Verdict, count: int) -> Html:
    return tag("div", tag("dt", verdict.value), tag("dd", count), class_=_class(verdict) if count else "none")


def _sections(report: Report) -> list[Html]:
    wrong = [finding for finding in in_order(report) if finding.verdict is Verdict.WRONG]
    shown = [tag("section", tag("h2", "What is wrong, and what shows it"), *map(_shown, wrong))] if wrong else []
    return [*shown, tag("section", tag("h2", "All duties"), _table(report))]


def _shown(finding: Finding) -> Html:
    rows = [_row(line) for line in lines(finding)]
    table = tag("table", tag("tbody", *rows), class_="talk") if rows else Html("")
    return tag(
        "article",
        tag("h3", tag("span", finding.check.number, class_="number"), f"The vehicle {finding.check.duty}"),
        tag("p", f"Found: {finding.why}."),
        table,
        id=finding.check.key,
    )


def _row(line: Line) -> Html:
    more = tag("small", f" and {line.more} alike") if line.more else Html("")
    message = tag("details", tag("summary", line.gist, more), tag("pre", line.payload))
    who = "sent" if line.is_ours else "heard"
    return tag(
        "tr",
        tag("td", f"{line.after_s:+.3f}\u202fs", class_="n"),
        tag("td", tag("span", who, class_=who)),
        tag("td", line.name),
        tag("td", message, class_="w"),
    )


def _table(report: Report) -> Html:
    rows = (
        tag(
            "tr",
            tag("td", finding.check.number, class_="number"),
            tag("td", _duty(finding), class_="w"),
            tag(
                "td",
                tag(
                    "span",
                    f"{SIGNS[finding.verdict]} {finding.verdict.value}",
                    class_=f"mark {_class(finding.verdict)}",
                ),
            ),
        )
        for finding in in_order(report)
    )
    return tag("table", tag("tbody", *rows), class_="duties")


def _duty(finding: Finding) -> Html:
    text = f"The vehicle {finding.check.duty}"
    if finding.verdict is Verdict.WRONG:
        return tag("a", text, href=f"#{finding.check.key}")
    why = tag("small", finding.why) if finding.why else Html("")
    return tag("span", text, why)


def _class(verdict: Verdict) -> str:
    return verdict.value.replace(" ", "-")


def _foot() -> Html:
    text = (
        "Numbers as in docs/vda5050.md; K numbers as in docs/conformance.md. Seconds count from the check's beginning."
    )
    return tag("footer", tag("p", text))
