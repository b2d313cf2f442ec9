"""Roads: closed and opened again by people, and slowed for a time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from fleet.api import shapes as s
from fleet.api.reception import Actor, Front
from fleet.api.run_request import Instant
from fleet.api.runs import Why
from fleet.api.views import closures_out, slow_roads_out
from fleet.dispatch.commands import CloseRoad, ReopenRoad, SlowRoad, UnslowRoad

YEAR_S = 366 * 86_400.0

router = APIRouter(prefix="/roads", tags=["roads"])


KMH_MAX = 200.0
KMH_PER_MPS = 3.6


class Opening(Why):
    """Why a road is as it was again, and whether it is the street that is meant or one direction of it."""

    both_ways: bool = False


class Closing(BaseModel):
    """Why a road is closed, until when, and whether it is the street that is meant or one direction of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    why: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
    until_at: Instant | None = None
    for_s: Annotated[float | None, Field(gt=0, le=YEAR_S, validate_default=True)] = None
    both_ways: bool = False

    @field_validator("for_s")
    @classmethod
    def _one_end_is_given(cls, value: float | None, info: ValidationInfo) -> float | None:
        if "until_at" in info.data and (value is None) is (info.data["until_at"] is None):
            raise PydanticCustomError("need", "give either until_at or for_s")
        return value

    def ends_s(self, now_s: float) -> float:
        return now_s + (self.for_s or 0.0) if self.until_at is None else self.until_at.timestamp()


class Slowing(Closing):
    """How fast a road may be driven, why, and until when."""

    kmh: float = Field(ge=1.0, le=KMH_MAX)


@router.get("/closed")
async def list_closures(front: Front) -> s.ClosuresOut:
    """Roads that are closed now."""
    return closures_out(front.state, front.now_s)


@router.post("/{road_key}/close")
async def close_road(front: Front, road_key: str, body: Closing, actor: Actor = "api") -> s.ClosuresOut:
    """Let no vehicle enter this directed edge, or its street, for a time; vehicles on their way are led round it."""
    await front.ask(CloseRoad(road_key, body.ends_s(front.now_s), body.why, body.both_ways), actor)
    return closures_out(front.state, front.now_s)


@router.post("/{road_key}/reopen")
async def reopen_road(front: Front, road_key: str, body: Opening, actor: Actor = "api") -> s.ClosuresOut:
    """End a closure."""
    await front.ask(ReopenRoad(road_key, body.why, body.both_ways), actor)
    return closures_out(front.state, front.now_s)


@router.get("/slow")
async def list_slow_roads(front: Front) -> s.SlowRoadsOut:
    """Roads that have a temporary speed limit now."""
    return slow_roads_out(front.state, front.now_s)


@router.post("/{road_key}/slow")
async def slow_road(front: Front, road_key: str, body: Slowing, actor: Actor = "api") -> s.SlowRoadsOut:
    """Let vehicles drive this directed edge, or its street, at such a speed only; released road is not slowed."""
    speed_mps, until_s = body.kmh / KMH_PER_MPS, body.ends_s(front.now_s)
    await front.ask(SlowRoad(road_key, speed_mps, until_s, body.why, body.both_ways), actor)
    return slow_roads_out(front.state, front.now_s)


@router.post("/{road_key}/unslow")
async def unslow_road(front: Front, road_key: str, body: Opening, actor: Actor = "api") -> s.SlowRoadsOut:
    """End a temporary speed limit."""
    await front.ask(UnslowRoad(road_key, body.why, body.both_ways), actor)
    return slow_roads_out(front.state, front.now_s)
