"""A scenario: a site, how much of it, when, what is to be delivered, what goes wrong, what is expected."""

from __future__ import annotations

import random
import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, zip_longest
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from fleet.config import load, local_time_s
from fleet.errors import ConfigError
from fleet.model.ids import PointId, VehicleId
from fleet.model.site import Site
from vehicle_sim.characters import CHARACTERS, character_of
from vehicle_sim.faults import (
    NO_FAULTS,
    VARIANTS,
    CrashMoment,
    FaultEvent,
    FaultKind,
    FaultPlan,
    draw_plan,
    rates_of,
    swarm,
)

_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0}


def duration_s(text: object) -> float:
    """Seconds of "8h", "90m", "1h30m", "45s".

    Raises:
        ValueError: the text is no duration.
    """
    if not isinstance(text, str) or not re.fullmatch(r"(?:\d+(?:\.\d+)?[hms])+", text):
        raise ValueError('a duration such as "8h", "90m", "1h30m" or "45s"')
    return sum(float(number) * _SECONDS[unit] for number, unit in re.findall(r"([\d.]+)([hms])", text))


Duration = Annotated[float, BeforeValidator(duration_s)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class WaveTable(_Table):
    """Parcels that become ready together.

    Attributes:
        share: of the day's parcels.
        ready: local time of day.
        spread: the real time lies up to this much earlier or later, drawn for each station.
        due_after: from ready to the latest delivery.
    """

    share: Share
    ready: str
    spread: Duration = 0.0
    due_after: Duration = 5400.0


class DemandTable(_Table):
    """What is asked for: so many parcels for each point, or exact numbers.

    Attributes:
        parcels_per_point: mean of the day, with lognormal `sigma`.
        parcels: exact number for the day instead.
        runs: exact number of runs instead of one for each point and wave.
        parcels_per_run_max: more for one point become several runs.
        told_before: a run is handed in this long before it is ready.
        days: so many days in a row ask for the same, each with figures of its own draw.
    """

    parcels_per_point: float | None = Field(None, gt=0)
    sigma: float = Field(0.35, ge=0)
    parcels: int | None = Field(None, ge=1)
    runs: int | None = Field(None, ge=1)
    parcels_per_run_max: int = Field(250, ge=1)
    told_before: Duration = 1800.0
    brand: str = "demo"
    days: int = Field(1, ge=1)
    wave: list[WaveTable] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_one_of_two(self) -> DemandTable:
        if (self.parcels is None) == (self.parcels_per_point is None):
            raise ValueError("either parcels_per_point or parcels")
        if self.runs is not None and (self.parcels is None or self.parcels < self.runs):
            raise ValueError("parcels, at least as many as runs")
        return self


class FaultsTable(_Table):
    """Faults drawn from rates; `until` counts from the start and defaults to three quarters of the duration."""

    profile: str = "calm"
    swarm: bool = False
    until: Duration | None = None


class FaultTable(_Table):
    """One fault written down; `at` counts from the start."""

    kind: FaultKind
    at: Duration
    lasts: Duration = 0.0
    vehicle: str = ""
    edge: str = ""
    point: str = ""
    moment: CrashMoment = CrashMoment.AFTER_COMMIT
    variant: str = ""

    @model_validator(mode="after")
    def _is_a_known_variant(self) -> FaultTable:
        known = VARIANTS.get(self.kind, ())
        if self.variant and self.variant not in known:
            raise ValueError(f"a variant of {self.kind}: {', '.join(known) or 'it has none'}")
        return self

    @model_validator(mode="after")
    def _names_its_target(self) -> FaultTable:
        needed = {
            FaultKind.SILENCE: ("vehicle",),
            FaultKind.ROAD_BLOCKED: ("vehicle", "edge"),
            FaultKind.CLERK_AWAY: ("point",),
            **dict.fromkeys(VARIANTS, ("vehicle",)),
        }.get(self.kind, ())
        if needed and not any(getattr(self, name) for name in needed):
            raise ValueError(f"{' or '.join(needed)}, as its kind is {self.kind}")
        return self


class ExpectTable(_Table):
    """What a run of the scenario has to reach."""

    delivered_share_min: Share = 0.0
    on_time_share_min: Share = 0.0


class _File(_Table):
    name: str
    site: str
    start: str
    duration: Duration
    vehicles: int | None = Field(None, ge=1)
    points: int | None = Field(None, ge=1)
    demand: DemandTable
    faults: FaultsTable = FaultsTable()
    fault: list[FaultTable] = []
    characters: dict[str, str] = {}
    expect: ExpectTable = ExpectTable()


class Scenario:
    """A checked scenario with its site.

    Attributes:
        site: only the vehicles and points that take part.
        characters: by serial number or make, of those who do not keep to the standard in all.
        start_s, end_s: trade time.
    """

    def __init__(self, file: Path, content: _File, site: Site) -> None:
        self.file = file
        self.name = content.name
        self.demand = content.demand
        self.faults = content.faults
        self.scripted = content.fault
        self.expect = content.expect
        self.characters = {who: character_of(name) for who, name in content.characters.items()}
        self.site = part_of(site, content.vehicles, content.points)
        moment = datetime.fromisoformat(content.start)
        self.day = moment.date()
        self.start_s = local_time_s(self.day, moment.strftime("%H:%M:%S"), site.time_zone)
        self.end_s = self.start_s + content.duration

    @classmethod
    def load(
        cls, path: Path, env: Mapping[str, str] | None = None, flags: Mapping[str, object] | None = None
    ) -> Scenario:
        """Read a scenario file and the site it names, whose path is relative to the scenario file.

        Args:
            path: the TOML scenario file.
            env: variables laid over the site, as for the daemon.
            flags: values by dotted key laid over the site.

        Raises:
            ConfigError: with all that is wrong, one sentence each.
        """
        content = _read(path)
        scenario = cls(path, content, load(path.parent / content.site, env, flags))
        scenario._check_targets()
        return scenario

    def local_s(self, clock_time: str, day: int = 0) -> float:
        """Trade time of a local time of day, so many days after the scenario's first."""
        return local_time_s(self.day + timedelta(days=day), clock_time, self.site.time_zone)

    def fault_plan(self, seed: int, profile: str | None = None) -> FaultPlan:
        """The faults of one seed; `profile` replaces the scenario's own.

        Raises:
            ConfigError: there is no such profile.
        """
        profile = profile or self.faults.profile
        rates = rates_of(profile)
        if self.faults.swarm:
            rates = swarm(rates, random.Random(f"swarm:{seed}"))
        span_s = self.end_s - self.start_s
        until_s = self.start_s + (0.75 * span_s if self.faults.until is None else self.faults.until)
        scripted = [] if profile == NO_FAULTS else [self._event(table) for table in self.scripted]
        return draw_plan(rates, seed, list(self.site.vehicles), list(self.site.points), self.start_s, until_s, scripted)

    def _event(self, table: FaultTable) -> FaultEvent:
        return FaultEvent(
            kind=table.kind,
            at_s=self.start_s + table.at,
            for_s=table.lasts,
            target=table.vehicle or table.edge or table.point,
            moment=table.moment,
            variant=table.variant or next(iter(VARIANTS.get(table.kind, ())), ""),
        )

    def _check_targets(self) -> None:
        faults = []
        for i, table in enumerate(self.scripted, start=1):
            if table.vehicle and VehicleId(table.vehicle) not in self.site.vehicles:
                faults.append(f"{self.file}: fault[#{i}].vehicle: {table.vehicle!r} does not take part")
            if table.point and PointId(table.point) not in self.site.points:
                faults.append(f"{self.file}: fault[#{i}].point: {table.point!r} does not take part")
        known = {name for vehicle in self.site.vehicles.values() for name in (vehicle.id, vehicle.manufacturer)}
        strangers = sorted(set(self.characters) - known)
        faults += [f"{self.file}: characters.{who}: no vehicle or make of that name takes part" for who in strangers]
        if faults:
            raise ConfigError(faults)


def _read(path: Path) -> _File:
    try:
        content = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read ({error.strerror}); name an existing scenario file"]) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: is no TOML: {error}"]) from error
    except RecursionError as error:
        raise ConfigError([f"{path}: is no TOML: lists or tables within each other without end"]) from error
    except ValidationError as error:
        raise ConfigError([_sentence(path, dict(one)) for one in error.errors(include_url=False)]) from error
    except ValueError as error:  # no UTF-8, or a number of thousands of digits
        raise ConfigError([f"{path}: is no TOML: {error}"]) from error
    faults = _fault_texts(path, content)
    if faults:
        raise ConfigError(faults)
    return content


def _fault_texts(path: Path, content: _File) -> list[str]:
    """What pydantic cannot see: times of day, shares, the profile."""
    faults = []
    try:
        datetime.fromisoformat(content.start)
    except ValueError:
        faults.append(f'{path}: start: found {content.start!r}, needs a local time such as "2026-03-02T06:00"')
    for i, wave in enumerate(content.demand.wave, start=1):
        if not re.fullmatch(r"[0-2]\d:[0-5]\d", wave.ready):
            faults.append(f'{path}: demand.wave[#{i}].ready: found {wave.ready!r}, needs a time such as "06:30"')
    if abs(sum(wave.share for wave in content.demand.wave) - 1.0) > 1e-6:
        faults.append(f"{path}: demand.wave: the shares have to add up to 1")
    try:
        rates_of(content.faults.profile)
    except ConfigError as error:
        faults.append(f"{path}: faults.{error}")
    for who, name in content.characters.items():
        if name not in CHARACTERS:
            found = f"found {name!r}, needs one of {', '.join(sorted(CHARACTERS))}"
            faults.append(f"{path}: characters.{who}: {found}")
    return faults


def _sentence(path: Path, error: Mapping[str, object]) -> str:
    """One fault as the site file's are worded: file, key, what was found, what would do."""
    places = error["loc"]
    assert isinstance(places, tuple)
    key = ".".join(f"[#{part + 1}]" if isinstance(part, int) else str(part) for part in places).replace(".[", "[")
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    match error["type"]:
        case "missing":
            return f"{path}: {key}: missing; add it"
        case "extra_forbidden":
            return f"{path}: {key}: is not a known key; take it out"
        case _:
            return f"{path}: {key}: found {error['input']!r}, needs {message[:1].lower()}{message[1:]}"


def part_of(site: Site, vehicles: int | None, points: int | None) -> Site:
    """The site with so many of its vehicles, in turn from each station, and so many of its points, evenly spread.

    Raises:
        ConfigError: the site has fewer.
    """
    faults = [
        f"{name}: found {wanted}, the site {site.id} has {there}"
        for name, wanted, there in (
            ("vehicles", vehicles, len(site.vehicles)),
            ("points", points, len(site.points)),
        )
        if wanted is not None and wanted > there
    ]
    if faults:
        raise ConfigError(faults)
    by_station: defaultdict[str, list[VehicleId]] = defaultdict(list)
    for vehicle in site.vehicles.values():
        by_station[vehicle.home_station].append(vehicle.id)
    in_turn = [each for each in chain.from_iterable(zip_longest(*by_station.values())) if each is not None]
    taken = set(in_turn[:vehicles])
    all_points = list(site.points)
    count = points or len(all_points)
    kept = {all_points[i * len(all_points) // count] for i in range(count)}
    return replace(
        site,
        vehicles={key: vehicle for key, vehicle in site.vehicles.items() if key in taken},
        points={key: point for key, point in site.points.items() if key in kept},
    )
