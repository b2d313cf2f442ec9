"""The rest of what there is to see: places, trips, assists, the plan, the status."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query

from fleet.api import shapes as s
from fleet.api.figures import status_out
from fleet.api.reception import Actor, Front, Reception
from fleet.api.runs import PAGE_DEFAULT, After, Filter, Limit, Why
from fleet.api.views import (
    archived_trip,
    assist_out,
    assists_out,
    in_order_of_names,
    plan_out,
    points_out,
    stations_out,
    trip_out,
    trips_in_order,
)
from fleet.dispatch.exits import ResolveAssist
from fleet.errors import UnknownThingError
from fleet.model.assist import Assist
from fleet.model.ids import AssistId, TripId
from fleet.model.trip import TripPhase

router = APIRouter(tags=["overview"])


@router.get("/stations")
async def list_stations(front: Front) -> s.StationsOut:
    """Stations as the site file lists them, with what is taken of their bays and chargers."""
    return stations_out(front.state, front.area.site)


@router.get("/points")
async def list_points(front: Front) -> s.PointsOut:
    """Pickup points as the site file lists them."""
    return points_out(front.state, front.area.site)


@router.get("/trips")
async def list_trips(
    front: Front,
    phase: Annotated[list[TripPhase] | None, Query(description="may be given more than once")] = None,
    vehicle: Filter = None,
    limit: Limit = PAGE_DEFAULT,
    after: After = None,
) -> s.TripPage:
    """Trips that fit all filters, by name, a page at a time; without those that are archived."""
    state = front.state
    fitting = trips_in_order(state, phases=phase or (), vehicle=vehicle)
    rest = fitting
    if after is not None:
        rest = [view for view in fitting if in_order_of_names(view.trip.id) > in_order_of_names(after)]
    page = rest[:limit]
    return s.TripPage(
        trips=[trip_out(state, view) for view in page],
        next=page[-1].trip.id if len(rest) > len(page) else None,
        total=len(fitting),
    )


@router.get("/trips/{trip_id}")
async def show_trip(front: Front, trip_id: str) -> s.TripOut:
    """One trip, even when it is archived."""
    view = front.state.trips.get(TripId(trip_id))
    if view is not None:
        return trip_out(front.state, view)
    return archived_trip(await asyncio.to_thread(front.area.archive.trip, TripId(trip_id)))


@router.get("/assists")
async def list_assists(front: Front) -> s.AssistsOut:
    """What waits for a person, the oldest first."""
    return s.AssistsOut(assists=assists_out(front.state, front.now_s))


@router.get("/assists/{assist_id}")
async def show_assist(front: Front, assist_id: str) -> s.AssistOut:
    """One of them, with the commands that end it."""
    return assist_out(_open_assist(front, assist_id), front.now_s)


@router.post("/assists/{assist_id}/resolve")
async def resolve_assist(front: Front, assist_id: str, body: Why, actor: Actor = "api") -> s.AssistOut:
    """Close what a person has seen to; refused while it stands and would hide a danger."""
    assist = _open_assist(front, assist_id)
    await front.ask(ResolveAssist(assist.id, body.why), actor)
    return assist_out(assist, front.now_s)


def _open_assist(front: Reception, assist_id: str) -> Assist:
    if (assist := front.state.assists.get(AssistId(assist_id))) is None:
        raise UnknownThingError("open assist", assist_id)
    return assist


@router.get("/plan")
async def show_plan(front: Front) -> s.PlanOut:
    """The plan that holds: its cost, its trips, and the runs it leaves out with the reason."""
    return plan_out(front.state)


@router.get("/status")
async def show_status(front: Front) -> s.StatusOut:
    """The fleet in one object."""
    await front.tally.catch_up(front.area.head_seq)
    return status_out(front)
