"""The reference of the site file, written from the code that reads it: docs/configuration.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, get_args, get_origin

from fleet.config.builtin import builtin_tables, builtin_type
from fleet.config.faults import shown
from fleet.config.settings import Settings
from fleet.config.sources import ENV_PREFIX, SECTIONS
from fleet.config.tables import BatteryTable, VehicleTypeTable
from fleet.config.values import NAME_PATTERN, Section

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_INTRODUCTION = f"""\
# Configuration

*Written from the code; `python -m fleet.config.reference > docs/configuration.md` writes it anew.*

A site is one TOML file. Over its values are laid those of the environment, and over these the flags of the command:

| from | example | relative paths |
| --- | --- | --- |
| file | `[api]` `port = 8800` | from the directory of the site file |
| environment | `{ENV_PREFIX}API__PORT=8800` | from the working directory |
| flag | `--api 127.0.0.1:8800` | from the working directory |

The environment sets single values, written as in TOML; lists of places and vehicles stand in the file alone.
Unknown keys are errors, and so is a number in quotes. All faults of a site are reported at once, each with its line.

Names of ids, manufacturers and serial numbers match `{NAME_PATTERN}`: they are parts of topics and addresses.
Times are seconds of trade time unless the key says `machine` or the text says machine time.
"""


def render() -> str:
    """The whole reference as Markdown."""
    parts = [_INTRODUCTION]
    for name, info in Settings.model_fields.items():
        header = f"[{name}]" if name in SECTIONS else f"[[{name}]]"
        parts.append(f"\n## `{header}`\n\n{info.description}\n\n{_table(_section(name))}")
        if name == "vehicle_type":
            parts.append(f"\n### `[vehicle_type.battery]`\n\n{_table(BatteryTable)}\n{_builtin_types()}")
    return "".join(parts)


def _section(name: str) -> type[Section]:
    if section := SECTIONS.get(name):
        return section
    table: object = get_args(Settings.model_fields[name].annotation)[0]
    assert isinstance(table, type)
    assert issubclass(table, Section)
    return table


def _table(section: type[Section]) -> str:
    rows = [_row(name, info) for name, info in section.model_fields.items()]
    return "\n".join(["| key | value | default | meaning |", "| --- | --- | --- | --- |", *rows]) + "\n"


def _row(name: str, info: FieldInfo) -> str:
    return f"| `{name}` | {_value(info)} | {_default(info)} | {info.description} |"


def _value(info: FieldInfo) -> str:
    bounds = [words for constraint in info.metadata for words in _bounds(constraint)]
    kinds = [part for part in _kinds(info.annotation) if part]
    for part in get_args(info.annotation):  # of an optional value
        bounds += [words for constraint in getattr(part, "__metadata__", ()) for words in _bounds(constraint)]
    return " ".join([*dict.fromkeys(kinds), ", ".join(dict.fromkeys(bounds))]).strip()


def _kinds(annotation: object) -> Iterator[str]:
    words = {int: "whole number", float: "number", str: "text", bool: "true or false", BatteryTable: "table"}
    if get_origin(annotation) is Literal:
        yield "one of " + ", ".join(f"`{shown(choice)}`" for choice in get_args(annotation))
    elif get_origin(annotation) is dict:
        yield "table of text"
    elif get_origin(annotation) is tuple:
        yield "list of"
        yield from _kinds(get_args(annotation)[0])
    elif isinstance(annotation, type):
        yield words.get(annotation, "")
    else:
        for part in get_args(annotation):
            yield from _kinds(part)


def _bounds(constraint: object) -> Iterator[str]:
    """The bounds that one piece of pydantic's metadata puts on a value."""
    for inner in getattr(constraint, "metadata", ()):
        yield from _bounds(inner)
    for attribute, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤")):
        if (bound := getattr(constraint, attribute, None)) is not None:
            yield f"{sign} {bound}"


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "**required**"
    default = info.default
    if default is None:
        return ""
    return f"`{shown(list(default) if isinstance(default, tuple) else default)}`"


def _builtin_types() -> str:
    types = [builtin_type(name) for name in builtin_tables()]
    rows = "\n".join(_type_row(table) for table in types)
    return f"""\
### Built-in vehicle types

Vehicles may name them without a `[[vehicle_type]]`. Which numbers are cited, derived or assumed is said beside each in
`fleet/config/vehicle_types.toml`; measure your own vehicles and overrule them.

| id | m³ | kg | parcels | km/h | kWh |
| --- | --- | --- | --- | --- | --- |
{rows}
"""


def _type_row(table: VehicleTypeTable) -> str:
    numbers = (table.volume_m3_max, table.mass_kg_max, table.parcels_max, table.speed_kmh_max, table.battery.energy_kwh)
    return f"| `{table.id}` | " + " | ".join(f"{number:g}" for number in numbers) + " |"


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201  the text is this program's output
