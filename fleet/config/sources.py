"""Where values come from: a site file, then the environment, then flags, and the origin of each."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from fleet.config.settings import Settings
from fleet.config.values import Section
from fleet.errors import ConfigError

ENV_PREFIX = "FLEET_"
FILE_BYTES_MAX = 4 << 20
KEY_PARTS_MAX = 100
"""What the parser takes for a key grows with the square of this."""
_NO_KEY = re.compile(r"[=,\[\]{}#]")
Key = tuple[str | int, ...]  # ("api", "port"), ("station", 0, "lat")

SECTIONS: Mapping[str, type[Section]] = {
    name: info.annotation
    for name, info in Settings.model_fields.items()
    if isinstance(info.annotation, type) and issubclass(info.annotation, Section)
}


class Source(StrEnum):
    """Who has the say: each overrules those before it."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was read; `place` is a file, a variable or a flag, `line` is 0 where it is unknown."""

    source: Source
    place: str = ""
    line: int = 0

    def __str__(self) -> str:
        if self.source is Source.FILE:
            return f"{self.place}:{self.line}" if self.line else self.place
        return f"{self.source} {self.place}".strip()


@dataclass(slots=True)
class Tables:
    """All values as read, not yet checked, with the origin of each and the faults met on the way."""

    file: str
    values: dict[str, object]
    origins: dict[Key, Origin]
    faults: list[tuple[Origin, str]] = field(default_factory=list)

    def origin(self, key: Key) -> Origin:
        """The origin of a value, or of the nearest table around it."""
        for length in range(len(key), 0, -1):
            if found := self.origins.get(key[:length]):
                return found
        return Origin(Source.FILE, self.file)

    def rows(self, table: str) -> list[dict[str, object]]:
        """The tables of an array of tables, whatever else may stand there left out as empty."""
        found = self.values.get(table)
        items = found if isinstance(found, list) else []
        return [item if isinstance(item, dict) else {} for item in items]


def read(path: Path, env: Mapping[str, str], flags: Mapping[str, object]) -> Tables:
    """The site file with environment and flags laid over it.

    Raises:
        ConfigError: the file cannot be read or is no TOML.
    """
    tables = _read_file(path)
    for variable in sorted(env):
        if variable.startswith(ENV_PREFIX):
            _lay_variable(tables, variable, env[variable])
    for flag, value in flags.items():
        if value is not None:
            _lay(tables, flag.split("."), value, Origin(Source.FLAG, flag))
    return tables


def _read_file(path: Path) -> Tables:
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read ({error.strerror}); name an existing site file"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: is not UTF-8 text; save it as UTF-8"]) from error
    if len(raw) > FILE_BYTES_MAX:
        raise ConfigError([f"{path}: more than {FILE_BYTES_MAX >> 20} MiB; no site file is as long; name another"])
    if line := _endless_key_line(text):
        raise ConfigError([f"{path}:{line}: not TOML: a key of more than {KEY_PARTS_MAX} parts; shorten it"])
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax_fault(path, text, str(error))]) from error
    except RecursionError as error:
        raise ConfigError([f"{path}: not TOML: lists or tables within each other without end; undo that"]) from error
    except ValueError as error:
        raise ConfigError([f"{path}: not TOML: a number of more digits than anybody needs; shorten it"]) from error
    origins = {key: Origin(Source.FILE, str(path), line) for key, line in key_lines(text).items()}
    return Tables(str(path), values, origins)


def _endless_key_line(text: str) -> int:
    """The line of a key that would keep the parser busy for minutes; 0 where there is none.

    It looks at no quotes: a text of so many dots without a comma, bracket or brace would be taken for one.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if line.count(".") > KEY_PARTS_MAX and any(p.count(".") >= KEY_PARTS_MAX for p in _NO_KEY.split(line)):
            return number
    return 0


def _syntax_fault(path: Path, text: str, message: str) -> str:
    at = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if at is None:  # at the end of the document, or where the parser gives no position
        return f"{path}:{text.count(chr(10)) + 1}: not TOML: {message}; complete or correct this line"
    return f"{path}:{at[1]}:{at[2]}: not TOML: {message[: at.start()]}; correct this line"


def key_lines(text: str) -> dict[Key, int]:
    """The line of each table and key of a TOML text, as far as it is written one key to a line."""
    lines: dict[Key, int] = {}
    counts: dict[Key, int] = {}
    table: Key = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*(\[\[?)([^\[\]]+)\]", line):
            table = _table_key(header[2], is_array=header[1] == "[[", counts=counts)
            lines.setdefault(table, number)
        elif entry := re.match(r"\s*([A-Za-z0-9_.\"-]+)\s*=", line):
            lines.setdefault((*table, *_parts(entry[1])), number)
    return lines


def _table_key(name: str, *, is_array: bool, counts: dict[Key, int]) -> Key:
    """The key of a table header; a table under an array of tables belongs to the last of the array."""
    key: Key = ()
    parts = _parts(name)
    for part in parts[:-1]:
        key = (*key, part)
        key = (*key, counts[key] - 1) if key in counts else key
    key = (*key, parts[-1])
    if not is_array:
        return key
    counts[key] = counts.get(key, 0) + 1
    return (*key, counts[key] - 1)


def _parts(name: str) -> list[str]:
    return [part.strip().strip('"') for part in name.split(".")]


def _lay_variable(tables: Tables, variable: str, text: str) -> None:
    """Lay one environment variable over the tables; one without a double underscore belongs to other commands."""
    origin = Origin(Source.ENVIRONMENT, variable)
    parts = variable.removeprefix(ENV_PREFIX).lower().split("__")
    if len(parts) > 1:
        _lay(tables, parts, text, origin)
    elif meant := _meant_variable(parts[0]):
        tables.faults.append((origin, f"is not read; did you mean {meant}?"))


def _meant_variable(name: str) -> str | None:
    """The variable that somebody meant who wrote single underscores only."""
    for section, model in SECTIONS.items():
        for key in model.model_fields:
            if name == f"{section}_{key}":
                return f"{ENV_PREFIX}{section}__{key}".upper()
    return None


def _lay(tables: Tables, parts: list[str], value: object, origin: Origin) -> None:
    if len(parts) != 2 or (parts[0] in Settings.model_fields and parts[0] not in SECTIONS):
        tables.faults.append((origin, "names no single value; lists and tables are set in the site file only"))
        return
    section, key = parts
    if section not in tables.values:
        tables.values[section] = {}
        tables.origins[(section,)] = origin
    table = tables.values[section]
    if isinstance(table, dict):
        table[key] = _from_text(section, key, value) if isinstance(value, str) else value
        tables.origins[(section, key)] = origin


def _from_text(section: str, key: str, text: str) -> object:
    """A text as the key's type would be written in TOML; what cannot be read stays text, for the check to refuse."""
    model = SECTIONS.get(section)
    info = model.model_fields.get(key) if model else None
    if info is None or _is_text(info.annotation):
        return text
    if _endless_key_line(text):
        return text
    try:
        return tomllib.loads(f"value = {text}").get("value", text)
    except (ValueError, RecursionError):
        return text


def _is_text(annotation: object) -> bool:
    if get_origin(annotation) in (Union, UnionType, Annotated):
        return any(_is_text(part) for part in get_args(annotation))
    return annotation is str or get_origin(annotation) is Literal
