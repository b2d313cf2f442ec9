"""Punctuality, utilisation and batteries as small charts."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from fleet.report.data import Activity, ReportData, VehicleDay
from fleet.report.markup import Html, join, path_data, tag, void
from fleet.report.timeline import TimeAxis
from fleet.report.words import ACTIVITY, Words, minutes, percent, plural

WIDTH, HEIGHT = 540.0, 230.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 10.0, 12.0, 32.0
BAR, BAR_LEFT = 22.0, 76.0
FAN_STEP_S = 120.0
BINS_MAX = 24
BIN_MINUTES = (2, 5, 10, 15, 30, 60, 120)


def lateness_histogram(data: ReportData) -> Html:
    """How many minutes before or after their due time runs were delivered."""
    late_s = [run.delivered_s - run.asked.due_s for run in data.runs if run.delivered_s is not None]
    if not late_s:
        return tag("p", "Nothing was delivered.", class_="empty")
    low, high = min(*late_s, 0.0) / 60, max(*late_s, 0.0) / 60
    step = next((m for m in BIN_MINUTES if (high - low) / m <= BINS_MAX), BIN_MINUTES[-1])
    bins = Counter(int(late // (60 * step)) for late in late_s)
    first, last = min(*bins, -1), max(*bins, 0)
    most = max(bins.values())
    width = (WIDTH - LEFT - RIGHT) / (last + 1 - first)
    x_of = {number: LEFT + (number - first) * width for number in range(first, last + 2)}
    bars = (_bin(number, bins[number], step, (x_of[number], width), most) for number in sorted(bins))
    ticks = (
        tag("text", _signed(number * step), x=x_of[number], y=HEIGHT - 16, class_="tick")
        for number in range(first, last + 2)
        if number % max(1, -(-(last + 1 - first) // 9)) == 0
    )
    due = void("line", x1=x_of[0], x2=x_of[0], y1=TOP - 4, y2=HEIGHT - BOTTOM, class_="due")
    words = "runs, by minutes before (−) or after (+) their due time"
    caption = tag("text", words, x=WIDTH / 2, y=HEIGHT + 8, class_="caption")
    return _svg("Lateness of delivered runs", HEIGHT + 14, _rules(most), *bars, due, *ticks, caption)


def _bin(number: int, count: int, step: int, at: tuple[float, float], most: int) -> Html:
    x, width = at
    height = (HEIGHT - TOP - BOTTOM) * count / most
    text = f"{plural(count, 'run')} between {_signed(number * step)} and {_signed((number + 1) * step)} min"
    return tag(
        "rect",
        tag("title", text),
        x=x + 0.6,
        y=HEIGHT - BOTTOM - height,
        width=max(width - 1.2, 0.8),
        height=height,
        rx=1.5,
        class_="late" if number >= 0 else "early",
    )


def _rules(most: int) -> Html:
    """Thin lines to read heights by."""
    step = next((s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500) if most / s <= 4), 1000)
    high = HEIGHT - TOP - BOTTOM
    lines = []
    for value in range(0, most + 1, step):
        y = HEIGHT - BOTTOM - high * value / most
        lines.append(void("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="rule"))
        lines.append(tag("text", value, x=LEFT - 6, y=y + 4, class_="scale-left"))
    return join(lines)


def _signed(value: int) -> str:
    return f"+{value}" if value > 0 else f"−{-value}" if value < 0 else "0"


# Utilisation ----------------------------------------------------------------------------------------------------------


def utilisation(data: ReportData) -> Html:
    """How each vehicle spent the time from the first departure to the last return, as shares."""
    height = BAR * len(data.vehicles) + 8
    rows = (_shares(vehicle, 4 + i * BAR) for i, vehicle in enumerate(data.vehicles))
    return _svg("Utilisation of each vehicle", height, *rows)


def busy_share(vehicle: VehicleDay) -> float:
    """Share of its time in which a vehicle did its work."""
    spent = _spent(vehicle)
    whole = sum(spent.values())
    return 1 - (spent[Activity.WAITING] + spent[Activity.CHARGING]) / whole if whole else 0.0


def _spent(vehicle: VehicleDay) -> defaultdict[Activity, float]:
    spent: defaultdict[Activity, float] = defaultdict(float)
    for span in vehicle.actual:
        spent[span.activity] += span.to_s - span.from_s
    return spent


def _shares(vehicle: VehicleDay, y: float) -> Html:
    spent = _spent(vehicle)
    whole = sum(spent.values()) or 1.0
    scale = (WIDTH - BAR_LEFT - 52) / whole
    x = BAR_LEFT
    bars = []
    for activity in Activity:
        if (seconds := spent[activity]) <= 0:
            continue
        title = f"{vehicle.vehicle_id}: {minutes(seconds)} {ACTIVITY[activity]} ({percent(seconds / whole)})"
        width = seconds * scale
        bars.append(
            tag("rect", tag("title", title), x=x, y=y + 3, width=width, height=BAR - 7, class_=f"a-{activity.value}")
        )
        x += width
    name = tag("text", vehicle.vehicle_id, x=0, y=y + 15, class_="name")
    return tag("g", name, *bars, tag("text", percent(busy_share(vehicle)), x=WIDTH, y=y + 15, class_="value"))


# Batteries ------------------------------------------------------------------------------------------------------------


def battery_fan(data: ReportData, words: Words) -> Html:
    """Charge of the fleet over time: all vehicles, the middle half, and the median."""
    series = [vehicle.charge for vehicle in data.vehicles if vehicle.charge]
    if not series:
        return tag("p", "No vehicle told its charge.", class_="empty")
    axis = TimeAxis(words, data.from_s, data.to_s, LEFT, WIDTH - RIGHT)
    steps = int((data.to_s - data.from_s) // FAN_STEP_S) + 1
    times = [data.from_s + i * FAN_STEP_S for i in range(steps)]
    shares = [sorted(_charge_at(charge, at_s) for charge in series) for at_s in times]
    xs = [axis.x(at_s) for at_s in times]
    bands = [_band(xs, shares, 0.0, 1.0, "fan-all"), _band(xs, shares, 0.25, 0.75, "fan-half")]
    median = void("path", d=path_data(zip(xs, (_y(_share(s, 0.5)) for s in shares), strict=True)), class_="fan-median")
    singles = (_single(vehicle, axis) for vehicle in data.vehicles if vehicle.charge)
    return _svg("Charge of all batteries over time", HEIGHT, _percent_rules(axis), *bands, *singles, median)


def _charge_at(charge: Sequence[tuple[float, float]], at_s: float) -> float:
    """The last charge told before, or the first one told."""
    return charge[max(bisect_right(charge, (at_s, 2.0)) - 1, 0)][1]


def _share(ordered: Sequence[float], share: float) -> float:
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def _band(xs: Sequence[float], shares: Sequence[Sequence[float]], low: float, high: float, class_: str) -> Html:
    upper = [(x, _y(_share(share, high))) for x, share in zip(xs, shares, strict=True)]
    lower = [(x, _y(_share(share, low))) for x, share in zip(xs, shares, strict=True)]
    return void("path", d=path_data([*upper, *reversed(lower)]) + "Z", class_=class_)


def _single(vehicle: VehicleDay, axis: TimeAxis) -> Html:
    points: Iterable[tuple[float, float]] = ((axis.x(at_s), _y(share)) for at_s, share in vehicle.charge)
    lowest = min(share for _, share in vehicle.charge)
    title = tag("title", f"{vehicle.vehicle_id}, lowest {percent(lowest)}")
    return tag("path", title, d=path_data(points), class_="fan-one")


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _percent_rules(axis: TimeAxis) -> Html:
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(void("line", x1=LEFT, x2=WIDTH - RIGHT, y1=_y(share), y2=_y(share), class_="rule"))
        parts.append(tag("text", percent(share), x=LEFT - 6, y=_y(share) + 4, class_="scale-left"))
    ticks = list(axis.ticks())
    every = -(-len(ticks) // 8)
    parts += [tag("text", label, x=x, y=HEIGHT - 14, class_="tick") for x, label in ticks[::every]]
    return join(parts)


def _svg(title: str, height: float, *inside: Html) -> Html:
    return tag("svg", tag("title", title), *inside, viewbox=f"0 0 {WIDTH:.0f} {height:.0f}", role="img", class_="chart")
