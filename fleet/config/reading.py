"""Site file, environment and flags -> a checked site, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from fleet.config.build import build
from fleet.config.builtin import builtin_tables, lay_under
from fleet.config.checks import across_tables
from fleet.config.faults import Fault, from_pydantic, in_order
from fleet.config.settings import Settings
from fleet.config.sources import SECTIONS, Origin, Source, Tables, read
from fleet.errors import ConfigError
from fleet.model.site import Site


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of the configuration, and where it is from."""

    key: str
    value: object
    origin: Origin


def load(path: Path, env: Mapping[str, str] | None = None, flags: Mapping[str, object] | None = None) -> Site:
    """The site that a file describes, environment and flags laid over it.

    Args:
        path: the TOML site file.
        env: variables such as FLEET_API__PORT; others are ignored.
        flags: values by dotted key ("api.port"); None means that the flag was not given.

    Raises:
        ConfigError: with all that is wrong, one sentence each.
    """
    settings, tables = _checked(path, env or {}, flags or {})
    return build(settings, tables)


def show(
    path: Path, env: Mapping[str, str] | None = None, flags: Mapping[str, object] | None = None
) -> tuple[Setting, ...]:
    """All single values with the origin of each; the lists of places and vehicles stand in the file alone.

    Raises:
        ConfigError: with all that is wrong, one sentence each.
    """
    settings, tables = _checked(path, env or {}, flags or {})
    default = Origin(Source.DEFAULT)
    return tuple(
        Setting(f"{section}.{key}", value, tables.origins.get((section, key), default))
        for section in SECTIONS
        for key, value in getattr(settings, section).model_dump().items()
    )


def _checked(path: Path, env: Mapping[str, str], flags: Mapping[str, object]) -> tuple[Settings, Tables]:
    tables = read(path, env, flags)
    lay_under(tables)
    faults = [Fault(origin, "", text) for origin, text in tables.faults]
    faults += across_tables(tables, builtin_tables())
    try:
        settings = Settings.model_validate(tables.values)
    except ValidationError as error:
        faults += (from_pydantic(tables, one) for one in error.errors(include_url=False))
        raise _config_error(faults) from error
    if faults:
        raise _config_error(faults)
    return settings, tables


def _config_error(faults: Iterable[Fault]) -> ConfigError:
    return ConfigError([str(fault) for fault in in_order(faults)])
