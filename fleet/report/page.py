"""A report as one HTML file that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from importlib import resources

from fleet.report import charts, figures, tables
from fleet.report.data import Fate, ReportData
from fleet.report.markup import Html, document, join, tag
from fleet.report.picture import Frame, colour, frame_of, picture, small_picture
from fleet.report.timeline import legend, timeline
from fleet.report.words import THIN, Words, minutes, number, percent, plural

STYLE = "style.css"


def report_html(data: ReportData) -> str:
    """The report of a day, light or dark as its reader has it, and fit for printing."""
    words = Words(data)
    title = f"{data.title} · {words.day(data.from_s)}"
    style = resources.files(__package__).joinpath(STYLE).read_text(encoding="utf-8")
    body = tag("body", _head(data, words), tag("main", *_sections(data, words)), _foot(data))
    return document(title, style, body)


def _sections(data: ReportData, words: Words) -> list[Html]:
    frame = frame_of(data)
    trouble = [_section("What does not add up", _sentences(data), class_="alarm")] if _has_alarm(data) else []
    unsettled = any(run.fate in (Fate.OPEN, Fate.LOST) for run in data.runs)
    return [
        *trouble,
        *([_section("Not settled", tables.unsettled_table(data, words), class_="alarm")] if unsettled else []),
        _section(
            "The day of each vehicle",
            legend(),
            tag("div", timeline(data, words), class_="scroll", tabindex=0),
            note="Outlines show the plan at the start of each trip, filled bars what happened. Flags mark faults.",
        ),
        _section("Driven ways", tag("div", picture(data, frame), _cards(data, words, frame), class_="ways")),
        tag("div", *_charts(data, words), class_="pair"),
        tag(
            "div",
            _section("Faults on the way", tables.faults_table(data, words)),
            _section("Runs that came back", tables.returned_table(data, words)),
            class_="pair",
        ),
        _section("Calls for a person", tables.assists_table(data, words)),
        _section(
            "Road released beyond the limits",
            tables.long_releases_table(data, words),
            note=f"More than {number(data.limits.exposure_m)}{THIN}m or {number(data.limits.exposure_s)}{THIN}s beyond "
            "the last confirmed node, because no vehicle may stand any sooner.",
        ),
        _section("Trips", tables.trips_table(data, words), note="± minutes against the plan at the start of the trip."),
    ]


def _charts(data: ReportData, words: Words) -> list[Html]:
    return [
        _section("Punctuality", charts.lateness_histogram(data)),
        _section("Batteries", charts.battery_fan(data, words), note="All vehicles, the middle half, and the median."),
        _section("Utilisation", charts.utilisation(data), note="Share of the time in which each vehicle was at work."),
        _section("In figures", _more_figures(data)),
    ]


def _head(data: ReportData, words: Words) -> Html:
    span = f"{words.day(data.from_s)}, {words.clock(data.from_s)}–{words.clock(data.to_s)}"
    return tag(
        "header",
        tag("p", f"{data.site_name} · {span}", class_="where"),
        tag("h1", data.title),
        tag("p", *_verdict(data), class_=f"verdict {'good' if _is_balanced(data) else 'bad'}"),
        tag("dl", *(_big(value, label, note) for value, label, note in _big_figures(data)), class_="big"),
    )


def _verdict(data: ReportData) -> tuple[object, ...]:
    parcels = figures.parcel_counts(data)
    if _is_balanced(data):
        text = f"All {number(parcels['requested'])} parcels are accounted for"
        checked = ": requests, journal and ground truth agree." if data.has_truth else ": requests and journal agree."
        return (tag("b", "✓ "), text, checked)
    wrong = ", ".join(f"{number(parcels[name])} {name}" for name in _NEVER if parcels[name])
    text = f"Not every parcel is accounted for: {wrong}." if wrong else "Something does not add up."
    return (tag("b", "✕ "), text, *(f" {line}" for line in data.ended_early.splitlines()[:1]))


_NEVER = ("open", "lost", "duplicated")


def _is_balanced(data: ReportData) -> bool:
    parcels = figures.parcel_counts(data)
    return not any(parcels[name] for name in _NEVER) and not _has_alarm(data)


def _has_alarm(data: ReportData) -> bool:
    return bool(data.mismatches or data.violations or data.ended_early)


def _big_figures(data: ReportData) -> list[tuple[str, str, str]]:
    runs, parcels = figures.run_counts(data), figures.parcel_counts(data)
    kwh, km = figures.total_kwh(data), figures.total_km(data)
    per_100 = None if kwh is None or not parcels["delivered"] else 100 * kwh / parcels["delivered"]
    trips = sum(trip.departed_s is not None for trip in data.trips)
    back = f"{number(parcels['returned'])} came back" if parcels["returned"] else "none came back"
    return [
        (number(parcels["delivered"]), "parcels delivered", back),
        (percent(figures.on_time_share(data), 1), "of runs on time", f"of {number(runs['requested'])} runs"),
        (number(trips), "trips", f"with {plural(len(data.vehicles), 'vehicle')}"),
        (number(km), "km driven", f"{number(km / trips, 1)} a trip" if km and trips else ""),
        (number(kwh), "kWh used", f"{number(per_100, 1)} kWh for 100 parcels" if per_100 else ""),
        (number(len(data.assists)), "calls for a person", f"{plural(len(data.faults), 'fault')} on the way"),
    ]


def _big(value: str, label: str, note: str) -> Html:
    return tag("div", tag("dt", label), tag("dd", value, tag("small", note)))


def _more_figures(data: ReportData) -> Html:
    effort, stops = data.effort, figures.stops_for_want_of_base(data)
    ahead_m = sorted(release.length_m for release in data.releases if release.length_m)
    ahead = f"{number(ahead_m[len(ahead_m) // 2])} / {number(ahead_m[-1])}{THIN}m" if ahead_m else "–"
    rows = [
        ("Orders sent", number(data.orders_sent)),
        ("Orders rejected", number(data.orders_rejected)),
        ("Stops for want of released road", number(stops)),
        ("Released ahead of what was confirmed, median / most", ahead),
        ("Fields against the protocol, in our messages", number(effort.schema_violations)),
        ("The same in vehicles' messages, read all the same", number(effort.heard_violations)),
        ("Events in the journal", number(data.events)),
        ("From decision to wire, median / 99 %", _pair(effort.dispatch_latency_ms.p50, effort.dispatch_latency_ms.p99)),
        ("To improve a plan, median / 99 %", _pair(effort.plan_ms.p50, effort.plan_ms.p99)),
        ("Time simulated", minutes(data.to_s - data.from_s)),
        ("Real time", f"{number(effort.wall_s)}{THIN}s" if effort.wall_s is not None else "–"),
        ("Processor time", f"{number(effort.cpu_s)}{THIN}s" if effort.cpu_s is not None else "–"),
    ]
    known = [(label, value) for label, value in rows if value not in ("–", f"– / –{THIN}ms")]
    return tag(
        "table", tag("tbody", *(tag("tr", tag("th", a, scope="row"), tag("td", b, class_="n")) for a, b in known))
    )


def _pair(p50: float | None, p99: float | None) -> str:
    return f"{number(p50, 1)} / {number(p99, 1)}{THIN}ms"


def _cards(data: ReportData, words: Words, frame: Frame) -> Html:
    cards = (
        tag(
            "li",
            small_picture(frame, i, vehicle.vehicle_id),
            tag(
                "div",
                tag("h3", tag("i", class_="dot", style=f"background:{colour(i)}"), vehicle.vehicle_id),
                tag("p", f"{vehicle.maker} {vehicle.type_id}, {words.place('station', vehicle.station_id)}"),
                tag("p", f"{plural(vehicle.trips, 'trip')} · {plural(vehicle.parcels, 'parcel')}"),
                tag("p", f"{number(vehicle.km, 1)} km · {number(vehicle.energy_kwh, 1)} kWh"),
            ),
        )
        for i, vehicle in enumerate(data.vehicles)
    )
    return tag("ul", *cards, class_="cards")


def _sentences(data: ReportData) -> Html:
    early = [f"The day was not driven to its end: {data.ended_early}"] if data.ended_early else []
    return tag("ul", *(tag("li", text) for text in (*early, *figures.violation_texts(data))))


def _section(title: str, *inside: Html, note: str = "", class_: str = "") -> Html:
    notes = [tag("p", note, class_="note")] if note else []
    return tag("section", tag("h2", title), *notes, *inside, class_=class_ or None)


def _foot(data: ReportData) -> Html:
    parts = (
        f"Seed {data.seed}. Map {data.map_name}, sha256 {data.map_edition[:16]}.",
        f" Journal of {number(data.events)} events, head {data.journal_sha256[:16]}.",
        " Map data © OpenStreetMap contributors, Open Database License.",
    )
    return tag("footer", tag("p", join(parts)))
