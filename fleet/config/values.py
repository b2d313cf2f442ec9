"""What a value of a site file may be: kinds of text and number with their bounds."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from fleet.model.vehicle import LENGTH_M_MAX, WIDTH_M_MAX

NAME_PATTERN = r"^[.:-]*[A-Za-z0-9_][A-Za-z0-9_.:-]*$"
"""VDA 5050 for serial numbers; safe in topics, file names and addresses, where dots alone mean another folder."""


def need(text: str) -> PydanticCustomError:
    """What a value would have to be, as an error for pydantic to collect."""
    return PydanticCustomError("need", "{text}", {"text": text})


def _without_control(value: str) -> str:
    """Neither file systems nor terminals take them, and a user at a broker or a name of an action has none."""
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
        raise need("a text without control characters")
    return value


Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Plain = Annotated[str, AfterValidator(_without_control)]
Text = Annotated[Plain, StringConstraints(min_length=1, strip_whitespace=True)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
WithinLane = Annotated[float, Field(ge=0, le=3)]
WithinRoad = Annotated[float, Field(gt=0, le=10)]
BodyLength = Annotated[float, Field(gt=0, le=LENGTH_M_MAX)]
BodyWidth = Annotated[float, Field(gt=0, le=WIDTH_M_MAX)]
WithinHour = Annotated[float, Field(gt=0, le=3600)]
Count = Annotated[int, Field(ge=0)]
CountFromOne = Annotated[int, Field(ge=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
PortOrAny = Annotated[int, Field(ge=0, le=65535)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
RoadClass = Literal[
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link",
    "tertiary", "tertiary_link", "unclassified", "residential", "living_street", "service", "road", "track",
    "busway", "pedestrian", "cycleway",
]  # fmt: skip


class Section(BaseModel):
    """A table of the site file; a key it does not know is an error, and so is a number in quotes."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
