"""The ground truth that a simulator writes down: where parcels and vehicles really were, whatever anybody believed."""

from __future__ import annotations

import msgspec

from fleet.errors import FleetError


class TruthError(FleetError):
    """A ground truth file that cannot be read."""


class TrueRun(msgspec.Struct, frozen=True):
    """A lot: its parcels, and how many of them are at "point:...", "station:..." or "vehicle:..."."""

    parcels: int
    at: dict[str, int]
    delivered_s: float | None = None


class TrueVehicle(msgspec.Struct, frozen=True):
    km: float
    energy_kwh: float
    stops_for_want_of_base: int = 0


class TrueEvent(msgspec.Struct, frozen=True):
    """Something that physically happened; empty fields do not apply."""

    time_s: float
    kind: str
    vehicle: str = ""
    run: str = ""
    parcels: int = 0
    place: str = ""
    detail: str = ""


class TrueViolation(msgspec.Struct, frozen=True):
    time_s: float
    check: str
    vehicle: str
    detail: str


class GroundTruth(msgspec.Struct, frozen=True, kw_only=True):
    """All of it that a report needs; other keys of the file are left alone."""

    runs: dict[str, TrueRun]
    vehicles: dict[str, TrueVehicle]
    violations: list[TrueViolation] = []
    events: list[TrueEvent] = []


def truth_of(text: bytes | str) -> GroundTruth:
    """The ground truth in a file of `vehicle-sim connect --truth`.

    Raises:
        TruthError: the text is not such a file's.
    """
    try:
        return msgspec.json.decode(text, type=GroundTruth)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise TruthError(f"the ground truth cannot be read: {error}") from error
