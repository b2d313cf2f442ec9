"""The report at a terminal: what is wrong first, with what shows it; then the rest, a line each."""

from __future__ import annotations

from collections.abc import Iterator

from fleet.clock import utc_text
from vehicle_sim.judge.check import Finding
from vehicle_sim.judge.report import Line, Report, in_order, lines
from vehicle_sim.judge.verdict import Verdict

LATER = (Verdict.RIGHT, Verdict.NOT_OFFERED, Verdict.NOT_TRIED)


def report_text(report: Report) -> str:
    return "\n".join(_paragraphs(report)) + "\n"


def in_words(report: Report) -> str:
    """The counts: "3 wrong, 40 right, ..."."""
    counts = report.counts()
    order = (Verdict.WRONG, *LATER)
    return ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in order)


def _paragraphs(report: Report) -> Iterator[str]:
    yield f"Vehicle {report.manufacturer}/{report.serial_number}, VDA 5050 {report.version}, topics {report.prefix}/..."
    yield f"{utc_text(report.began_s)}, took {report.ended_s - report.began_s:.0f} s: {in_words(report)}"
    for note in report.notes:
        yield f"note: {note}"
    for finding in in_order(report):
        if finding.verdict is Verdict.WRONG:
            yield ""
            yield f"WRONG {_named(finding)}"
            yield f"  {finding.why}"
            for line in lines(finding):
                yield f"  {_line(line)}"
    for verdict in LATER:
        found = [finding for finding in in_order(report) if finding.verdict is verdict]
        if found:
            yield ""
            yield f"{verdict.value}:"
        for finding in found:
            yield f"  {_named(finding)}" + (f" -- {finding.why}" if finding.why else "")


def _named(finding: Finding) -> str:
    return f"{finding.check.number:<6} {finding.check.duty} ({finding.check.key})"


def _line(line: Line) -> str:
    more = f"  (and {line.more} alike)" if line.more else ""
    return f"{line.after_s:+9.3f} s  {'sent ' if line.is_ours else 'heard'} {line.name}: {line.gist}{more}"
