"""What a person sees while the demo runs: a live picture on a terminal, else a line every few seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fleet.cli.demo.news import News

LINE_EVERY_S = 5.0
PHASE_STYLES = {"driving": "blue", "loading": "yellow", "unloading": "green", "blocked": "red", "silent": "red"}

Json = dict[str, Any]


class Display:
    """Draws the fleet's status; nothing here changes anything.

    Args:
        console: where to; a picture that renews itself if that is a terminal.
        address: of the daemon, told first.
        parcels: as many as will be asked for.
    """

    def __init__(self, console: Console, news: News, address: str, parcels: int) -> None:
        self._console = console
        self._news = news
        self._address = address
        self._parcels = parcels
        self._live: Live | None = None
        self._status: Json | None = None
        self._line_s = -LINE_EVERY_S
        self._told = 0
        self.phase = "starting"

    @contextmanager
    def shown(self) -> Iterator[None]:
        """While inside, a terminal shows the live picture; it stays as it was at the end."""
        if not self._console.is_terminal:
            yield
            return
        with Live(self._picture(), console=self._console, refresh_per_second=4, transient=False) as live:
            self._live = live
            try:
                yield
            finally:
                live.update(self._picture())
                self._live = None

    def say(self, text: str) -> None:
        """One line that stays."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def update(self, status: Json | None, machine_s: float) -> None:
        """Show a new status; None where nobody answers at this moment."""
        self._status = status or self._status
        self.phase = "under way" if status else "the daemon does not answer"
        if self._live is not None:
            self._live.update(self._picture())
        elif machine_s - self._line_s >= LINE_EVERY_S:
            self._line_s = machine_s
            self._say_plainly()

    # A terminal ---------------------------------------------------------------------------------------------------

    def _picture(self) -> RenderableType:
        status = self._status
        if status is None:
            return Panel(Text("starting the daemon and the vehicles …"), title="fleet demo", border_style="dim")
        rows = Table.grid(padding=(0, 2))
        rows.add_column(style="dim", justify="right")
        rows.add_column()
        for name, value in self._rows(status):
            rows.add_row(name, value)
        news = Text("\n".join(self._news.lines), style="dim")
        title = f"fleet demo · {self._clock(status)} · {self._address}"
        return Panel(Group(_bar(status, self._parcels), Text(""), rows, Text(""), news), title=title, padding=(1, 2))

    def _rows(self, status: Json) -> Iterator[tuple[str, RenderableType]]:
        runs, assists = status["runs"], status["assists"]
        yield "parcels", Text(_parcel_words(status, self._parcels))
        late = f", {runs['open_late']} late" if runs["open_late"] else ""
        yield "runs", Text(f"{runs['delivered']} delivered, {runs['returned']} returned, {runs['open']} open{late}")
        yield "vehicles", _vehicle_text(status)
        oldest = assists["oldest"]
        about = f": {oldest['cause'].replace('_', ' ')}, {oldest['subject'].partition(':')[2]}" if oldest else ""
        yield "assists", Text(f"{assists['open']} open{about}", style="red" if assists["open"] else "")
        yield "daemon", Text(self.phase, style="" if self.phase == "under way" else "bold red")

    # A pipe -------------------------------------------------------------------------------------------------------

    def _say_plainly(self) -> None:
        status = self._status
        if status is None:
            return
        fresh = min(self._news.told - self._told, len(self._news.lines))
        self._told = self._news.told
        vehicles = _vehicle_text(status).plain
        line = f"{self._clock(status)}  {_parcel_words(status, self._parcels)}; {vehicles}"
        self.say(f"{line}; {status['assists']['open']} assists open" if status["assists"]["open"] else line)
        for text in list(self._news.lines)[len(self._news.lines) - fresh :][-2:]:
            self.say(f"    {text}")

    def _clock(self, status: Json) -> str:
        return self._news.clock(datetime.fromisoformat(status["trade_at"]).timestamp())


def _parcel_words(status: Json, asked: int) -> str:
    parcels = status["parcels"]
    back = f", {parcels['returned']} back" if parcels["returned"] else ""
    return f"{parcels['delivered']} of {asked} parcels delivered{back}"


def _bar(status: Json, asked: int) -> ProgressBar:
    done = status["parcels"]["delivered"] + status["parcels"]["returned"]
    return ProgressBar(total=max(asked, 1), completed=done, width=None)


def _vehicle_text(status: Json) -> Text:
    text = Text()
    for phase, count in status["vehicles"].items():
        if count:
            text.append(", " if text.plain else "")
            text.append(f"{count} {phase.replace('_', ' ')}", style=PHASE_STYLES.get(phase, ""))
    return text
