"""What is wrong with a site, in sentences: where, which key, what was found, what would do, and the remedy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, get_args

from fleet.config.settings import Settings
from fleet.config.sources import Key, Origin, Source, Tables
from fleet.config.values import Section

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

ID_KEYS: Mapping[str, str] = {
    "station": "id",
    "point": "id",
    "vehicle_type": "id",
    "profile": "id",
    "vehicle": "serial_number",
}
SHOWN_CHARS_MAX = 200
_ORDER = tuple(Source)
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "string": "a text in quotes",
    "bool": "true or false",
    "tuple": "a list in brackets",
    "model": "a table",
}
_FIXED_NEEDS = {
    "finite_number": "a finite number",
    "string_too_short": "a text that is not empty",
    "string_pattern_mismatch": "a name with a letter or digit in it, of letters A-Z a-z, digits and _ . : - only",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong."""

    origin: Origin
    key: str
    text: str

    def __str__(self) -> str:
        key = "" if self.key == self.origin.place else self.key
        return ": ".join(part for part in (str(self.origin), key, self.text) if part)


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """By source, then from the first line to the last."""
    return sorted(faults, key=lambda fault: (_ORDER.index(fault.origin.source), fault.origin.line))


def from_pydantic(tables: Tables, error: ErrorDetails) -> Fault:
    """The sentence for one error that pydantic found."""
    key: Key = error["loc"]
    _, field = _walk(key)
    match error["type"]:
        case "missing":
            text = f"missing; add it ({field.description})" if field else "missing; add it"
        case "extra_forbidden":
            text = f"is not a known key; {_nearest(key)}"
        case _:
            text = f"found {shown(error['input'])}, needs {_need(error)}; {_remedy(key, field)}"
    return Fault(tables.origin(key), key_text(tables, key), text)


def key_text(tables: Tables, key: Key) -> str:
    """`station[vaduz].lat`; a table without a usable id is counted from one, as `station[#2].lat`."""
    text = ""
    for depth, part in enumerate(key):
        if isinstance(part, str):
            text += f".{part}" if text else part
        elif depth == 1:
            text += f"[{_row_name(tables, str(key[0]), part)}]"
        else:
            text += f"[#{part + 1}]"
    return text


def shown(value: object) -> str:
    """A value as TOML would write it, as far as people read."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_CHARS_MAX else f"{text[:SHOWN_CHARS_MAX]}…"


def _walk(key: Key) -> tuple[type[Section] | None, FieldInfo | None]:
    """The section that holds a key, and its declaration there, as far as they exist."""
    model: type[Section] | None = Settings
    field: FieldInfo | None = None
    holder: type[Section] | None = Settings
    for part in key:
        if isinstance(part, int):
            continue
        holder = model
        field = model.model_fields.get(part) if model else None
        model = _section_in(field.annotation) if field else None
    return holder, field


def _section_in(annotation: object) -> type[Section] | None:
    """The section that a declared type is, or is a list of."""
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, Section):
            return part
    return None


def _row_name(tables: Tables, table: str, index: int) -> str:
    rows = tables.rows(table)
    name = rows[index].get(ID_KEYS.get(table, "id")) if index < len(rows) else None
    return name if isinstance(name, str) and name else f"#{index + 1}"


def _nearest(key: Key) -> str:
    holder, _ = _walk(key)
    known = list(holder.model_fields) if holder else []
    if close := get_close_matches(str(key[-1]), known, n=1, cutoff=0.5):
        return f'did you mean "{close[0]}"?'
    return f"known here: {', '.join(known)}"


def _need(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _FIXED_NEEDS:
        return _FIXED_NEEDS[kind]
    for name, words in _KINDS.items():
        if kind.startswith(f"{name}_"):
            return words
    match kind:
        case "need":
            return str(context["text"])
        case "literal_error":
            return f"one of {context['expected']}"
    message = error["msg"].removeprefix("Input should be ")
    is_bound = kind.startswith(("greater_", "less_"))
    return f"a number {message}" if is_bound else message[:1].lower() + message[1:]


def _remedy(key: Key, field: FieldInfo | None) -> str:
    if field is None:
        return "correct it"
    if isinstance(field.default, str | int | float | tuple):
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        return f"correct it, or leave it out for {shown(default)} ({field.description})"
    return f"correct it ({field.description})"
