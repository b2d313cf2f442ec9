"""The vehicle types that come with the program, and how a site starts its own types from them."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources

from fleet.config.sources import Tables
from fleet.config.tables import VehicleTypeTable

_FILE = "vehicle_types.toml"


@functools.cache
def builtin_tables() -> Mapping[str, Mapping[str, object]]:
    """The built-in types as tables, by id."""
    text = resources.files(__package__).joinpath(_FILE).read_text(encoding="utf-8")
    return {table["id"]: table for table in tomllib.loads(text)["vehicle_type"]}


def builtin_type(type_id: str) -> VehicleTypeTable:
    """One built-in type."""
    return VehicleTypeTable.model_validate(builtin_tables()[type_id])


def lay_under(tables: Tables) -> None:
    """Put below each vehicle type of the site the built-in type that it is like, or whose id it bears."""
    found = tables.values.get("vehicle_type")
    if isinstance(found, list):
        tables.values["vehicle_type"] = [_over_builtin(row) if isinstance(row, dict) else row for row in found]


def _over_builtin(row: dict[str, object]) -> dict[str, object]:
    like = row.get("like")
    base = builtin_tables().get(str(row.get("id") if like is None else like))
    if base is None and like is None:
        return row
    # An unknown `like` is one fault (see `checks`), not one for each key that it might have given.
    base = base or next(iter(builtin_tables().values()))
    merged = {**base, **row}
    if isinstance(below := base["battery"], dict) and isinstance(above := merged["battery"], dict):
        merged["battery"] = {**below, **above}
    return merged
