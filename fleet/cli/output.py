"""What commands print: tables for people, JSON for programs; data only, on standard output."""

from __future__ import annotations

import json
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import typer

from fleet.cli.exits import say

Json = dict[str, Any]
TABLE_COLUMNS = 80
WIDE_COLUMNS = 10_000


class Format(StrEnum):
    """How to print."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    NDJSON = "ndjson"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; the first one names the row.

    Attributes:
        of: a key of the row, or a function of it.
        is_wide: only shown with `-o wide`.
    """

    title: str
    of: str | Callable[[Json], object]
    is_wide: bool = False

    def cell(self, row: Json) -> str:
        return text(row.get(self.of) if isinstance(self.of, str) else self.of(row))


def text(value: object) -> str:
    """A value as a cell shows it."""
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.1f}"
        case list() | tuple():
            return ",".join(str(part) for part in value) or "-"
        case _:
            return str(value)


def instant(at: str | None) -> str:
    """An instant short enough for a table, in UTC: "11-23T08:15Z"."""
    return "-" if not at else f"{at[5:16]}Z"


def show_rows(rows: Sequence[Json], columns: Sequence[Column], form: Format, whole: object = None) -> None:
    """Print a list.

    Args:
        whole: what `-o json` prints, as the API answered it; by default the rows.
    """
    match form:
        case Format.JSON:
            show_json(list(rows) if whole is None else whole)
        case Format.NDJSON:
            for row in rows:
                show_line(row)
        case Format.NAME:
            for row in rows:
                typer.echo(columns[0].cell(row))
        case Format.TABLE | Format.WIDE if rows:
            _show_table(rows, columns, form)
        case _:
            say("nothing to show")


def show_fields(fields: Iterable[tuple[str, object]], form: Format, whole: Mapping[str, Any], name: str = "") -> None:
    """Print one thing: a line for each of its fields, or the whole of it as JSON."""
    match form:
        case Format.JSON:
            show_json(whole)
        case Format.NDJSON:
            show_line(whole)
        case Format.NAME:
            typer.echo(name)
        case Format.TABLE | Format.WIDE:
            pairs = [(label, text(value)) for label, value in fields]
            width = max((len(label) for label, _ in pairs), default=0)
            for label, value in pairs:
                typer.echo(f"{label:<{width}}  {value}")


def show_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_line(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _show_table(rows: Sequence[Json], columns: Sequence[Column], form: Format) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = [column for column in columns if form is Format.WIDE or not column.is_wide]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for nth, column in enumerate(shown):
        cells = [column.cell(row) for row in rows]
        least = max(len(cell) for cell in [column.title, *cells]) if nth == 0 else len(column.title)
        table.add_column(column.title, no_wrap=True, overflow="ellipsis", min_width=least)
    for row in rows:
        table.add_row(*(Text(column.cell(row)) for column in shown))
    console = Console(width=TABLE_COLUMNS if form is Format.TABLE else WIDE_COLUMNS, highlight=False)
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():
        typer.echo(line.rstrip())


def for_terminal(text: str) -> str:
    """A report as its reader sees it: in the columns of a terminal, as it is in a file or for another program."""
    return fit(text, shutil.get_terminal_size().columns) if sys.stdout.isatty() else text


def fit(text: str, columns: int) -> str:
    """The text in lines that are no longer than so many signs, where words allow; a rest goes on under its column."""
    return "".join(f"{_fitted(line, columns)}\n" for line in text.splitlines())


def _fitted(line: str, columns: int) -> str:
    if len(line) <= columns:
        return line
    gaps = [gap.end() for gap in re.finditer(r"\S {2,}", line) if gap.end() <= columns * 2 // 3]
    hang = gaps[-1] if gaps else len(line) - len(line.lstrip()) + 2
    head, rest = line[:hang], line[hang:]
    room = max(columns - hang, 1)
    parts = textwrap.wrap(rest, room, break_long_words=False, break_on_hyphens=False)
    return head + f"\n{' ' * hang}".join(parts)
