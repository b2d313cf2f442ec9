"""Checks across tables: ids that occur twice, names of things that do not exist.

They read the tables as they stand in the file, so that one bad number does not hide an unknown station.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from fleet.config.faults import ID_KEYS, Fault, key_text, shown
from fleet.config.sources import Key, Tables

_NEEDED = ("station", "point", "vehicle")
_NAMESPACES = (("station", "point"), ("vehicle_type",), ("profile",), ("vehicle",))


def across_tables(tables: Tables, builtin_types: Iterable[str]) -> Iterator[Fault]:
    """All faults that no table shows alone."""
    for table in _NEEDED:
        if not tables.values.get(table):
            yield Fault(tables.origin((table,)), table, f"there is none; add a [[{table}]]")
    for namespace in _NAMESPACES:
        yield from _doubles(tables, namespace)
    stations = _ids(tables, "station")
    types = [*_ids(tables, "vehicle_type"), *builtin_types]
    yield from _unknown(tables, ("vehicle", "home_station"), stations, "a [[station]] of this file")
    yield from _unknown(tables, ("vehicle", "type"), types, "a [[vehicle_type]] of this file or a built-in one")
    profiles = _ids(tables, "profile")
    yield from _unknown(tables, ("vehicle", "profile"), profiles, "a [[profile]] of this file")
    yield from _unknown(tables, ("vehicle_type", "like"), builtin_types, "a built-in vehicle type")


def _ids(tables: Tables, table: str) -> list[str]:
    return [name for row in tables.rows(table) if isinstance(name := row.get(ID_KEYS[table]), str)]


def _doubles(tables: Tables, namespace: tuple[str, ...]) -> Iterator[Fault]:
    first: dict[str, Key] = {}
    for table in namespace:
        for index, row in enumerate(tables.rows(table)):
            name = row.get(ID_KEYS[table])
            key: Key = (table, index, ID_KEYS[table])
            if isinstance(name, str) and first.setdefault(name, key) != key:
                text = f"found {shown(name)} again (first at {tables.origin(first[name])}); give each its own"
                yield Fault(tables.origin(key), key_text(tables, key), text)


def _unknown(tables: Tables, column: tuple[str, str], known: Iterable[str], need: str) -> Iterator[Fault]:
    """Rows whose column names something that does not exist."""
    table, name = column
    known = list(dict.fromkeys(known))
    for index, row in enumerate(tables.rows(table)):
        found = row.get(name)
        if isinstance(found, str) and found not in known:
            key: Key = (table, index, name)
            text = f"found {shown(found)}, needs {need}; {_hint(found, known)}"
            yield Fault(tables.origin(key), key_text(tables, key), text)


def _hint(found: str, known: list[str]) -> str:
    if close := get_close_matches(found, known, n=1):
        return f"did you mean {shown(close[0])}?"
    return f"there are {', '.join(known)}" if known else "there is none"
