"""What a field of a message may hold, as values that a table is made of, and their compilation to checks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, assert_never

Check = Callable[[object, "list[Violation]"], None]  # paths are completed on the way out, if at all


class Violation(NamedTuple):
    """Where a message breaks a rule, and how."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Text:
    """A string; of a closed list where `words` are given, of a form where `form` is."""

    words: frozenset[str] | None = None
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A number, with its ends included; whole where `is_whole`."""

    least: float | None = None
    most: float | None = None
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Anything:
    """Any value but null."""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; of so many items at least."""

    item: Kind
    least: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """An object; a name that ends in `?` may be absent. Names not listed are allowed."""

    fields: Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class Variant:
    """An object that must hold more according to the word in one of its fields."""

    base: Record
    field: str
    more: Mapping[str, Record]


Kind = Text | Number | Flag | Anything | ListOf | Record | Variant


def words(text: str) -> Text:
    """A closed list, written with spaces between."""
    return Text(frozenset(text.split()))


def rows(kind: Kind, path: str = "", *, required: bool = True) -> Iterator[tuple[str, bool, Kind]]:
    """A table's lines: path, whether it must be there, and what it holds."""
    if isinstance(kind, Variant):
        kind = kind.base
    yield path, required, kind
    if isinstance(kind, ListOf):
        yield from rows(kind.item, f"{path}[]")
    if isinstance(kind, Record):
        for name, held in kind.fields.items():
            child = f"{path}.{name}" if path else name
            yield from rows(held, child.removesuffix("?"), required=not name.endswith("?"))


def compile_kind(kind: Kind) -> Check:
    """A check that adds what it finds to a list."""
    match kind:
        case Text():
            return _text(kind)
        case Number():
            return _number(kind)
        case Flag():
            return _flag
        case Anything():
            return _anything
        case ListOf():
            return _list_of(compile_kind(kind.item), kind.least)
        case Record():
            return _record(kind)
        case Variant():
            return _variant(kind)
    assert_never(kind)


def _text(kind: Text) -> Check:
    allowed, form = kind.words, re.compile(kind.form) if kind.form else None

    def check(value: object, found: list[Violation]) -> None:
        if not isinstance(value, str):
            found.append(Violation("", f"must be text, is {_name(value)}"))
        elif allowed is not None and value not in allowed:
            found.append(Violation("", f"{_shown(value)} is none of {', '.join(sorted(allowed))}"))
        elif form is not None and form.fullmatch(value) is None:
            found.append(Violation("", f"{_shown(value)} has not the form {form.pattern}"))

    return check


def _number(kind: Number) -> Check:
    least, most, is_whole = kind.least, kind.most, kind.is_whole

    def check(value: object, found: list[Violation]) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            found.append(Violation("", f"must be a number, is {_name(value)}"))
        elif is_whole and isinstance(value, float) and not value.is_integer():
            found.append(Violation("", f"must be whole, is {_shown(value)}"))
        elif least is not None and value < least:
            found.append(Violation("", f"must be at least {least:g}, is {_shown(value)}"))
        elif most is not None and value > most:
            found.append(Violation("", f"must be at most {most:g}, is {_shown(value)}"))

    return check


def _flag(value: object, found: list[Violation]) -> None:
    if not isinstance(value, bool):
        found.append(Violation("", f"must be true or false, is {_name(value)}"))


def _anything(value: object, found: list[Violation]) -> None:
    if value is None:
        found.append(Violation("", "must not be null"))


def _list_of(check_item: Check, least: int) -> Check:
    def check(value: object, found: list[Violation]) -> None:
        if not isinstance(value, list):
            found.append(Violation("", f"must be a list, is {_name(value)}"))
            return
        if len(value) < least:
            found.append(Violation("", f"must hold at least {least}, holds {len(value)}"))
        for index, item in enumerate(value):
            before = len(found)
            check_item(item, found)
            if len(found) > before:
                _place(found, before, f"[{index}]")

    return check


def _record(kind: Record) -> Check:
    fields = [
        (name.removesuffix("?"), not name.endswith("?"), compile_kind(held)) for name, held in kind.fields.items()
    ]

    def check(value: object, found: list[Violation]) -> None:
        if not isinstance(value, dict):
            found.append(Violation("", f"must be an object, is {_name(value)}"))
            return
        for name, required, check_field in fields:
            before = len(found)
            if name in value:
                check_field(value[name], found)
            elif required:
                found.append(Violation("", "is missing"))
            if len(found) > before:
                _place(found, before, name)

    return check


def _variant(kind: Variant) -> Check:
    check_base = _record(kind.base)
    checks = {word: _record(more) for word, more in kind.more.items()}

    def check(value: object, found: list[Violation]) -> None:
        check_base(value, found)
        word = value.get(kind.field) if isinstance(value, dict) else None
        if isinstance(word, str) and word in checks:
            checks[word](value, found)

    return check


def _place(found: list[Violation], first: int, step: str) -> None:
    """Tell the newest violations where they stand, seen from one level further out."""
    for index in range(first, len(found)):
        inner = found[index].path
        joint = "." if inner and not inner.startswith("[") else ""
        found[index] = Violation(f"{step}{joint}{inner}", found[index].reason)


def _shown(value: object) -> str:
    """A value as it was told, shortened where a stranger told much."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _name(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
