"""What each vehicle did, over what it had been planned to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from fleet.report.data import Activity, Fault, ReportData, Span, VehicleDay
from fleet.report.markup import Html, join, tag, void
from fleet.report.words import ACTIVITY, Words, minutes

WIDTH, GUTTER, RIGHT = 1120.0, 92.0, 8.0
ROW, TOP, FAULT_ROW = 32.0, 26.0, 16.0
STEPS_MIN = (5, 10, 15, 30, 60, 120, 240)
TICKS_MAX = 14
TEXT_PX = 5.8  # of a small letter, to keep words on flags apart

HATCHES = Html(
    "<defs>"
    '<pattern id="hatch-silent" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" class="a-silent"/><line x1="0" x2="0" y1="0" y2="6" class="hatch"/></pattern>'
    '<pattern id="hatch-blocked" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">'
    '<rect width="6" height="6" class="a-blocked"/><line x1="0" x2="0" y1="0" y2="6" class="hatch"/></pattern>'
    "</defs>"
)


class TimeAxis:
    """Trade time to pixels, with round times of the local day as ticks."""

    def __init__(self, words: Words, from_s: float, to_s: float, left: float, right: float) -> None:
        self._words, self._from_s, self._span_s = words, from_s, max(to_s - from_s, 1.0)
        self._left, self._width = left, right - left

    def x(self, trade_s: float) -> float:
        share = (trade_s - self._from_s) / self._span_s
        return self._left + min(max(share, 0.0), 1.0) * self._width

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Pixel and label of each round time."""
        step = next((m for m in STEPS_MIN if self._span_s / 60 / m <= TICKS_MAX), STEPS_MIN[-1])
        first = self._words.local(self._from_s)
        midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
        at = midnight + timedelta(minutes=-(-((first - midnight).total_seconds() // 60) // step) * step)
        while at.timestamp() <= self._from_s + self._span_s:
            if at.timestamp() >= self._from_s:
                yield self.x(at.timestamp()), f"{at:%H:%M}"
            at += timedelta(minutes=step)


def timeline(data: ReportData, words: Words) -> Html:
    """One row for each vehicle: outlines are the plan, filled bars what happened, flags the faults."""
    axis = TimeAxis(words, data.from_s, data.to_s, GUTTER, WIDTH - RIGHT)
    flags, flag_rows = _flags(data, words, axis)
    top = TOP + flag_rows * FAULT_ROW
    height = top + ROW * len(data.vehicles) + 10
    rows = (_row(vehicle, words, axis, top + i * ROW) for i, vehicle in enumerate(data.vehicles))
    return tag(
        "svg",
        tag("title", "Timeline: what each vehicle did, over what was planned"),
        HATCHES,
        _grid(axis, top, height),
        *rows,
        flags,
        viewbox=f"0 0 {WIDTH:.0f} {height:.0f}",
        role="img",
        class_="timeline",
    )


def legend() -> Html:
    """What the colours mean."""
    keys = (tag("li", tag("i", class_=f"key a-{a.value}"), word) for a, word in ACTIVITY.items())
    return tag("ul", *keys, tag("li", tag("i", class_="key planned"), "planned"), class_="legend")


def _row(vehicle: VehicleDay, words: Words, axis: TimeAxis, y: float) -> Html:
    name = tag("text", vehicle.vehicle_id, x=0, y=y + 20, class_="name")
    base = void("line", x1=GUTTER, x2=WIDTH - RIGHT, y1=y + ROW, y2=y + ROW, class_="rule")
    planned = (_bar(span, words, axis, y + 4, 24.0, "planned") for span in vehicle.planned)
    actual = (_bar(span, words, axis, y + 8, 16.0, f"a-{span.activity.value}") for span in vehicle.actual)
    return tag("g", base, name, *planned, *actual)


def _bar(span: Span, words: Words, axis: TimeAxis, y: float, height: float, class_: str) -> Html:
    x = axis.x(span.from_s)
    width = axis.x(span.to_s) - x
    if width <= 0.0:
        return Html("")
    fill = f"url(#hatch-{span.activity.value})" if class_ in ("a-silent", "a-blocked") else None
    title = tag("title", _bar_title(span, words, is_planned=class_ == "planned"))
    style = f"fill:{fill}" if fill else None
    return tag("rect", title, x=x, y=y, width=max(width, 0.6), height=height, class_=class_, style=style)


def _bar_title(span: Span, words: Words, *, is_planned: bool) -> str:
    what = ("planned: " if is_planned else "") + ACTIVITY[span.activity]
    if span.text:
        what += f" {'at' if span.activity is Activity.AT_STOP else 'for'} {words.place('point', span.text)}"
        what = what.replace("at a stop at", "at")
    return f"{words.clock(span.from_s)}–{words.clock(span.to_s)} {what} ({minutes(span.to_s - span.from_s)})"


def _grid(axis: TimeAxis, top: float, height: float) -> Html:
    lines = (
        join(
            [
                void("line", x1=x, x2=x, y1=top - 6, y2=height - 8, class_="grid"),
                tag("text", label, x=x, y=14, class_="tick"),
            ]
        )
        for x, label in axis.ticks()
    )
    return join(lines)


def _flags(data: ReportData, words: Words, axis: TimeAxis) -> tuple[Html, int]:
    """The faults as flags above the rows, none over another's words; and how many lines they take."""
    ends: list[float] = []
    drawn: list[Html] = []
    for fault in data.faults:
        x, text = axis.x(fault.at_s), _flag_text(fault, words)
        width = len(text) * TEXT_PX + 14
        left = min(x, WIDTH - RIGHT - width)
        line = next((i for i, end in enumerate(ends) if end <= left), len(ends))
        ends[line : line + 1] = [max(left + width, axis.x(fault.until_s or fault.at_s) + 4)]
        y = TOP + line * FAULT_ROW
        drawn.append(_flag(fault, words, axis, (x, y, left), text))
    return tag("g", *drawn), len(ends)


def _flag(fault: Fault, words: Words, axis: TimeAxis, at: tuple[float, float, float], text: str) -> Html:
    x, y, left = at
    until = f"–{words.clock(fault.until_s)}" if fault.until_s else ""
    end = axis.x(fault.until_s) if fault.until_s else x
    return tag(
        "g",
        tag("title", f"{words.clock(fault.at_s)}{until} {text}"),
        void("line", x1=x, x2=end, y1=y + 1, y2=y + 1, class_="flag-span"),
        void("circle", cx=x, cy=y + 1, r=2.6, class_="flag"),
        tag("text", text, x=left + 6, y=y + 11, class_="flag-text"),
    )


def _flag_text(fault: Fault, words: Words) -> str:
    subject = words.subject(fault.subject)
    return f"{words.fault(fault)}{': ' if subject else ''}{subject}"
