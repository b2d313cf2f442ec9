"""What is best read line by line: trips, returned runs, faults, calls for a person, what does not add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from fleet.report.data import Fate, ReportData, RunOutcome, TripOutcome
from fleet.report.markup import Html, tag
from fleet.report.words import Words, delay, minutes, number

NONE: Set[int] = frozenset()


def trips_table(data: ReportData, words: Words) -> Html:
    """All trips in the order of their departure; `±` is minutes later or earlier than planned at the start."""
    rows = (_trip_row(trip, words) for trip in data.trips)
    heads = ("Departure", "±", "Vehicle", "Station", "Stops", "Runs", "Parcels", "Return", "±")
    return _table(heads, rows, "No vehicle has set out.", figures={1, 5, 6, 8}, wide={4})


def returned_table(data: ReportData, words: Words) -> Html:
    """Runs that came back, each with the fault that it names."""
    rows = (_run_row(run, words) for run in data.runs if run.fate is Fate.RETURNED)
    return _table(
        ("Run", "Bound for", "Parcels", "Vehicle", "Fault"), rows, "Nothing came back.", figures={2}, wide={1, 4}
    )


def unsettled_table(data: ReportData, words: Words) -> Html:
    """Runs that are neither delivered nor back."""
    rows = (_run_row(run, words) for run in data.runs if run.fate in (Fate.OPEN, Fate.LOST))
    return _table(("Run", "Bound for", "Parcels", "Vehicle", "Why"), rows, "None.", figures={2}, wide={1, 4})


def faults_table(data: ReportData, words: Words) -> Html:
    rows = (
        (
            words.clock(fault.at_s),
            minutes(fault.until_s - fault.at_s) if fault.until_s else "",
            words.fault(fault),
            words.subject(fault.subject),
        )
        for fault in data.faults
    )
    return _table(("From", "For", "What", "Where"), rows, "Nothing went wrong.", wide={3})


def assists_table(data: ReportData, words: Words) -> Html:
    rows = (
        (
            words.clock(assist.raised_s),
            words.subject(assist.subject),
            words.cause(assist.cause),
            words.cause(assist.detail),
            f"{words.clock(assist.resolved_s)} {words.cause(assist.resolution)}" if assist.resolved_s else "open",
        )
        for assist in data.assists
    )
    return _table(("Called", "About", "Cause", "Detail", "Settled"), rows, "Nobody was called.", wide={3, 4})


def long_releases_table(data: ReportData, words: Words) -> Html:
    rows = (
        (words.clock(each.at_s), each.vehicle_id, number(each.length_m), number(each.duration_s), each.end)
        for each in data.releases
        if each.exceeds(data.limits)
    )
    return _table(("At", "Vehicle", "Metres", "Seconds", "To"), rows, "None.", figures={2, 3}, wide={4})


def _trip_row(trip: TripOutcome, words: Words) -> tuple[object, ...]:
    left, back = trip.departed_s, trip.closed_s
    return (
        words.clock(left),
        delay(left - trip.planned_depart_s if left else None),
        trip.vehicle_id,
        words.place("station", trip.station_id),
        ", ".join(words.place("point", point) for point in trip.points),
        trip.runs,
        trip.parcels,
        words.clock(back),
        delay(back - trip.planned_return_s if back else None),
    )


def _run_row(run: RunOutcome, words: Words) -> tuple[object, ...]:
    cause = words.cause(run.cause) or tag("strong", "names no fault", class_="bad")
    return (run.asked.run_id, words.place("point", run.asked.point_id), run.asked.parcels, run.vehicle_id or "–", cause)


def _table(
    heads: Sequence[str],
    rows: Iterable[Sequence[object]],
    nothing: str,
    *,
    figures: Set[int] = NONE,
    wide: Set[int] = NONE,
) -> Html:
    """A table, or a word where there are no rows.

    Args:
        figures: columns of numbers.
        wide: columns whose text may break into lines.
    """
    lines = list(rows)
    if not lines:
        return tag("p", nothing, class_="empty")
    classes = ["n" if i in figures else "w" if i in wide else None for i in range(len(heads))]
    head = tag("tr", *(tag("th", text, scope="col", class_=c) for text, c in zip(heads, classes, strict=True)))
    body = (tag("tr", *(tag("td", each, class_=c) for each, c in zip(line, classes, strict=True))) for line in lines)
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body)), class_="scroll", tabindex=0)
