"""What the demo is told, and the fixed numbers of its morning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fleet.config import load, local_time_s
from fleet.errors import ConfigError, FleetError
from fleet.model.site import Site

DAY = date(2026, 3, 2)
STARTS_AT = "06:05"
TIME_FACTOR = 60.0
VEHICLES = 12
SITE_FILE = Path("configs/liechtenstein.toml")


class DemoError(FleetError):
    """The demo cannot go on; says why, and what would do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What the demo is told.

    Attributes:
        out: folder for data, logs and report.
        broker: `mqtt://host:port` on loopback, or None for the fleet's own.
        with_faults: whether three things go wrong on the way.
        kill_daemon_at_s: wall seconds after the first run was accepted, or None.
    """

    out: Path
    map: Path | None = None
    site: Path
    broker: str | None = None
    seed: int = 1
    time_factor: float = TIME_FACTOR
    with_faults: bool = True
    kill_daemon_at_s: float | None = None
    keep_running: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """What is laid over the site file for all children."""
        return {} if self.map is None else {"FLEET_SITE__MAP": str(self.map.resolve())}

    def load_site(self) -> Site:
        """The site as the daemon will see it.

        Raises:
            ConfigError: with all that is wrong.
        """
        return load(self.site, self.environment)


def start_s(site: Site) -> float:
    """Trade time at which the demo begins."""
    return local_time_s(DAY, STARTS_AT, site.time_zone)


def default_site() -> Path:
    """The site that comes with the repository, from the working directory or beside the program.

    Raises:
        ConfigError: it is in neither place.
    """
    beside = Path(__file__).resolve().parents[3]
    for folder in (Path.cwd(), beside):
        if (folder / SITE_FILE).is_file():
            return folder / SITE_FILE
    raise ConfigError([f"--site: {SITE_FILE} is neither here nor beside the program; name a site file"])
