"""What people do to roads, and what waits for people."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.model.assist import Assist, AssistCause
from fleet.model.event.base import Event
from fleet.model.ids import AssistId


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadClosed(Event):
    """No vehicle is sent onto this edge until `until_s`.

    An obstacle that a vehicle reported is no ban: whoever is already allowed in may go and see for itself.
    """

    road_key: str
    until_s: float
    why: str
    is_obstacle: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadReopened(Event):
    road_key: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadSlowed(Event):
    """Road that is released on this edge from now on until `until_s` is driven at this speed at most."""

    road_key: str
    speed_mps: float
    until_s: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadUnslowed(Event):
    road_key: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistRaised(Event):
    assist: Assist


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistResolved(Event):
    assist_id: AssistId
    cause: AssistCause
    resolution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemQuarantined(Event):
    """Handling this item raised an error; it is left alone until a person has looked, the others go on."""

    subject: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineEnded(Event):
    """What failed is tried again by itself, as planning is, and worked."""

    subject: str
    why: str
