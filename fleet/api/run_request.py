"""What a caller may say of runs, checked once: JSON or rows of a CSV in, commands out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from fleet.api.faults import BadRequestError, FieldFault, InvalidError, shown
from fleet.config.values import NAME_PATTERN
from fleet.dispatch.commands import RunRequest
from fleet.model.ids import ParcelId, PointId, StationId
from fleet.model.site import Site

PARCEL_KG = 1.2
PARCEL_M3 = 1.0 / 110.0
RUNS_MAX = 1000
PARCELS_MAX = 5000
PARCELS_IN_ALL_MAX = 100_000
FAULTS_MAX = 1000
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2500, 1, 1, tzinfo=UTC)
EXAMPLE = "2026-11-23T08:00:00Z"
_HAS_DATE_AND_TIME = re.compile(r"\d{4}-?\d\d-?\d\d[T ]\d\d")


def _fault(text: str) -> PydanticCustomError:
    return PydanticCustomError("need", "{text}", {"text": text})


def _instant(value: object) -> datetime:
    """An instant of ISO 8601 with its zone; a local time is refused, for nobody can know whose it is."""
    if not isinstance(value, str) or not _HAS_DATE_AND_TIME.match(value):
        raise _fault("is no instant of ISO 8601")
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise _fault("is no instant of ISO 8601") from None
    if instant.tzinfo is None:
        raise _fault("has no zone")
    if not EARLIEST <= instant <= LATEST:
        raise _fault(f"is not between {EARLIEST.year} and {LATEST.year}")
    return instant.astimezone(UTC)


_AS_TEXT = WithJsonSchema({"type": "string", "format": "date-time", "examples": [EXAMPLE]})
Instant = Annotated[datetime, BeforeValidator(_instant), _AS_TEXT]
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=64)]
INSTANT_REMEDY = f"give an instant with its zone, for example {EXAMPLE}"


class RunIn(BaseModel):
    """A run as it is asked for."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    run_id: Name | None = Field(None, description="your own name for it; without one it is numbered")
    station_id: Name = Field(description="a station of the site")
    point_id: Name = Field(description="a pickup point of the site")
    parcels: int | None = Field(None, ge=1, le=PARCELS_MAX, description=f"how many, 1 to {PARCELS_MAX}")
    parcel_ids: list[Name] | None = Field(
        None,
        min_length=1,
        max_length=PARCELS_MAX,
        validate_default=True,
        description="their ids instead of the count, each once; in a CSV with ; between them",
    )
    mass_kg: float | None = Field(None, gt=0, le=100_000, description=f"of the lot; by default {PARCEL_KG} a parcel")
    volume_m3: float | None = Field(None, gt=0, le=1000, description="of the lot; by default 1/110 a parcel")
    ready_at: Instant = Field(description=INSTANT_REMEDY)
    due_at: Instant = Field(description=f"{INSTANT_REMEDY}; later than ready_at")
    priority: int = Field(1, ge=1, le=100, description="1 is ordinary, 100 the highest")
    brand: str = Field("", max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$", description="the courier firm")

    @field_validator("station_id")
    @classmethod
    def _station_is_known(cls, value: str, info: ValidationInfo) -> str:
        return _known(value, "station", info.context.stations) if isinstance(info.context, Site) else value

    @field_validator("point_id")
    @classmethod
    def _point_is_known(cls, value: str, info: ValidationInfo) -> str:
        return _known(value, "point", info.context.points) if isinstance(info.context, Site) else value

    @field_validator("parcel_ids")
    @classmethod
    def _parcels_are_said_once(cls, value: list[str] | None, info: ValidationInfo) -> list[str] | None:
        count = info.data.get("parcels")
        if value is None and "parcels" in info.data and count is None:
            raise _fault("neither parcels nor parcel_ids is given")
        if value is not None and count is not None and count != len(value):
            raise _fault(f"lists {len(value)} parcels, but parcels says {count}")
        return value

    @field_validator("due_at")
    @classmethod
    def _due_is_after_ready(cls, value: datetime, info: ValidationInfo) -> datetime:
        ready_at = info.data.get("ready_at")
        if ready_at is not None and value <= ready_at:
            raise _fault("is not later than ready_at")
        return value

    def request(self) -> RunRequest:
        """The run as the fleet is asked for it."""
        count = len(self.parcel_ids) if self.parcel_ids else self.parcels or 0
        return RunRequest(
            run_id=self.run_id or "",
            station_id=StationId(self.station_id),
            point_id=PointId(self.point_id),
            parcel_ids=tuple(ParcelId(parcel_id) for parcel_id in self.parcel_ids or ()),
            parcel_count=count,
            mass_kg=PARCEL_KG * count if self.mass_kg is None else self.mass_kg,
            volume_m3=PARCEL_M3 * count if self.volume_m3 is None else self.volume_m3,
            ready_s=self.ready_at.timestamp(),
            due_s=self.due_at.timestamp(),
            priority=self.priority,
            brand=self.brand,
        )


@dataclass(frozen=True, slots=True)
class RawRun:
    """A run as it was sent, and where it stood.

    Attributes:
        prefix: before the names of its fields, as "runs[2].".
        line: of a CSV, else None.
    """

    values: Mapping[str, object] | object
    prefix: str = ""
    line: int | None = None


def read_runs(raw: Sequence[RawRun], site: Site, faults: Iterable[FieldFault] = ()) -> tuple[RunRequest, ...]:
    """All runs, or everything that is wrong with them.

    Args:
        faults: found before, while the text was taken apart.

    Raises:
        InvalidError: with one entry for each value that cannot be used, up to a bound.
    """
    found = list(faults)
    good: list[tuple[RawRun, RunIn]] = []
    for one in raw:
        try:
            good.append((one, RunIn.model_validate(one.values, context=site)))
        except ValidationError as error:
            found += (_told(one, detail) for detail in error.errors(include_url=False)[:FAULTS_MAX])
        if len(found) >= FAULTS_MAX:
            break
    found += _doubles(good)
    if found:
        raise InvalidError(sorted(found, key=lambda fault: fault.line or 0)[:FAULTS_MAX])
    requests = tuple(run.request() for _, run in good)
    if (parcels := sum(request.parcel_count for request in requests)) > PARCELS_IN_ALL_MAX:
        remedy = f"send batches of up to {PARCELS_IN_ALL_MAX} parcels"
        raise BadRequestError(422, "invalid", f"{parcels} parcels at once", remedy)
    return requests


def _known(value: str, kind: str, known: Mapping[Any, object]) -> str:
    if value in known:
        return value
    near = get_close_matches(value, [str(name) for name in known], n=1)
    raise _fault(f"there is no such {kind}" + (f"; did you mean {near[0]}?" if near else ""))


def _told(one: RawRun, detail: ErrorDetails) -> FieldFault:
    name = "".join(f"[{part}]" if isinstance(part, int) else str(part) for part in detail["loc"])
    field = RunIn.model_fields.get(str(detail["loc"][0])) if detail["loc"] else None
    remedy = (field.description or "") if field else _nearest(name)
    is_missing = detail["type"] == "missing"
    return FieldFault(
        field=one.prefix + name,
        value="" if is_missing else shown(detail["input"]),
        message="is missing" if is_missing else detail["msg"],
        remedy=remedy,
        line=one.line,
    )


def _nearest(name: str) -> str:
    near = get_close_matches(name, RunIn.model_fields, n=1)
    return f"did you mean {near[0]}?" if near else "there are " + ", ".join(RunIn.model_fields)


def _doubles(good: Sequence[tuple[RawRun, RunIn]]) -> Iterable[FieldFault]:
    """Runs and parcels that one request names twice."""
    runs: set[str] = set()
    parcels: set[str] = set()
    for one, run in good:
        if run.run_id is not None and run.run_id in runs:
            yield _double(one, "run_id", run.run_id)
        runs.add(run.run_id or "")
        for parcel_id in run.parcel_ids or ():
            if parcel_id in parcels:
                yield _double(one, "parcel_ids", parcel_id)
            parcels.add(parcel_id)


def _double(one: RawRun, field: str, value: str) -> FieldFault:
    remedy = "give each a name of its own"
    return FieldFault(field=one.prefix + field, value=value, message="stands twice", remedy=remedy, line=one.line)
