"""Runs: asked for, looked at, cancelled, settled, explained."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from fleet.api import shapes as s
from fleet.api.dry_run import dry_run
from fleet.api.faults import BadRequestError
from fleet.api.reception import Actor, Front, Reception
from fleet.api.run_body import runs_of
from fleet.api.run_request import RunIn
from fleet.api.views import (
    archived_detail,
    archived_run,
    in_order_of_names,
    run_detail,
    run_out,
    runs_in_order,
)
from fleet.api.why import history_of, why_out
from fleet.controller.recall import past_of
from fleet.dispatch.commands import CancelRun, SubmitRuns
from fleet.dispatch.settle import SettleParcels
from fleet.model.custody import CustodyKind
from fleet.model.ids import ParcelId, RunId, VehicleId
from fleet.model.run import RunPhase
from fleet.state.archive import ArchivedRun
from fleet.state.fleet_state import RunView

SAID_AFTER_S = 3600.0
"""Of an archived run, what the journal said of it within this time after its end still belongs to its history."""

PAGE_DEFAULT = 100
PAGE_MAX = 1000
_KEY = re.compile(r"[\x21-\x7e]{1,128}")

Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="how many at most")]
After = Annotated[str | None, Query(max_length=128, description="go on behind this name, as `next` gave it")]
Filter = Annotated[str | None, Query(max_length=128)]

router = APIRouter(tags=["runs"])


class Why(BaseModel):
    """Why somebody wants it; stands in the journal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    why: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")


def _run_schema() -> dict[str, Any]:
    one = RunIn.model_json_schema()
    many = {"type": "array", "items": one, "minItems": 1}
    batch = {"type": "object", "properties": {"runs": many}, "required": ["runs"], "additionalProperties": False}
    kinds = {"application/json": {"anyOf": [one, many, batch]}, "text/csv": {"type": "string"}}
    content = {kind: {"schema": schema} for kind, schema in kinds.items()}
    return {"requestBody": {"required": True, "content": content}}


@router.post("/runs", status_code=201, openapi_extra=_run_schema(), response_model=s.RunsAnswer | s.DryRunAnswer)
async def submit_runs(
    front: Front,
    request: Request,
    response: Response,
    idempotency_key: Annotated[str | None, Header(description="names this request; required but for a dry run")] = None,
    dry: Annotated[bool, Query(alias="dry_run", description="only tell what would become of them")] = False,
    actor: Actor = "api",
) -> s.RunsAnswer | s.DryRunAnswer:
    """Accept runs, all or none. Answered once they are committed: 201, or 200 where the same was asked before."""
    key = "" if dry else _key(idempotency_key)
    runs = runs_of(await request.body(), request.headers.get("content-type", ""), front.area.site)
    command = SubmitRuns(key=key, runs=runs)
    if dry:
        response.status_code = 200
        past = await past_of(front.area.archive, front.state, [command])
        return dry_run(front.state, front.area.roads, command, front.now_s, past)
    answer = await front.ask(command, actor)
    if answer.is_repeat:
        response.status_code = 200
    found = [await front.run(run_id) for run_id in answer.run_ids]
    return s.RunsAnswer(
        runs=[_run_out(front, each) for each in found],
        is_repeat=answer.is_repeat,
        seq=front.area.head_seq,
    )


def _key(text: str | None) -> str:
    if text is None:
        remedy = "add the header Idempotency-Key with a text of your own; the same key again never makes a run twice"
        raise BadRequestError(400, "key_missing", "there is no Idempotency-Key", remedy)
    if not _KEY.fullmatch(text):
        remedy = "use up to 128 letters, digits and signs without spaces"
        raise BadRequestError(400, "key_unusable", "this Idempotency-Key cannot be used", remedy)
    return text


@router.get("/runs")
async def list_runs(
    front: Front,
    phase: Annotated[list[RunPhase] | None, Query(description="may be given more than once")] = None,
    station: Filter = None,
    point: Filter = None,
    brand: Filter = None,
    limit: Limit = PAGE_DEFAULT,
    after: After = None,
) -> s.RunPage:
    """Runs that fit all filters, by name, a page at a time; without those that are archived."""
    state, now_s = front.state, front.now_s
    fitting = runs_in_order(state, phases=phase or (), station=station, point=point, brand=brand)
    rest = fitting
    if after is not None:
        rest = [view for view in fitting if in_order_of_names(view.run.id) > in_order_of_names(after)]
    page = rest[:limit]
    return s.RunPage(
        runs=[run_out(state, view, now_s) for view in page],
        next=page[-1].run.id if len(rest) > len(page) else None,
        total=len(fitting),
    )


@router.get("/runs/{run_id}")
async def show_run(front: Front, run_id: str) -> s.RunDetail:
    """One run, and who holds its parcels; of an archived run, where they were left."""
    return _detail(front, await front.run(RunId(run_id)))


@router.post("/runs/{run_id}/cancel")
async def cancel_run(front: Front, run_id: str, body: Why, actor: Actor = "api") -> s.RunDetail:
    """Before loading it is over at once; what is aboard comes back; what is being handed over can no longer be."""
    await front.ask(CancelRun(RunId(run_id), body.why), actor)
    return _detail(front, await front.run(RunId(run_id)))


class Settling(Why):
    """Where parcels are that nobody was sure of, by somebody who has looked."""

    at: str = Field(pattern=r"^(point|station|missing|vehicle:[^\x00-\x1f\x7f]{1,128})$")
    parcel_ids: tuple[str, ...] = Field(default=(), max_length=5000)
    try_again: bool = False

    def command(self, run_id: RunId) -> SettleParcels:
        kind, _, name = self.at.partition(":")
        return SettleParcels(
            run_id=run_id,
            at=CustodyKind(kind),
            why=self.why,
            vehicle_id=VehicleId(name) if name else None,
            parcel_ids=tuple(map(ParcelId, self.parcel_ids)),
            tries_again=self.try_again,
        )


@router.post("/runs/{run_id}/settle")
async def settle_run(front: Front, run_id: str, body: Settling, actor: Actor = "api") -> s.RunDetail:
    """Tell where parcels are that nobody is sure of: `at` is point, station, missing or vehicle:NAME.

    All of the run that wait for a person, or those in `parcel_ids`; `try_again` sends a whole lot out again.
    """
    await front.ask(body.command(RunId(run_id)), actor)
    return run_detail(front.state, front.state.run(RunId(run_id)), front.now_s)


@router.get("/runs/{run_id}/why")
async def explain_run(front: Front, run_id: str) -> s.WhyOut:
    """Why it is in no trip or in this one, whether it will be late, and its history."""
    found = await front.run(RunId(run_id))
    view = found.view if isinstance(found, ArchivedRun) else found
    until_s = None
    if isinstance(found, ArchivedRun) and view.ended_s is not None:
        until_s = view.ended_s + SAID_AFTER_S
    store, area = front.area.parts.store, front.area.site.id
    history, first = await history_of(store, area, view, front.area.head_seq, until_s=until_s)
    return why_out(front.state, view, _run_out(front, found), history, first, front.now_s)


def _run_out(front: Reception, found: RunView | ArchivedRun) -> s.RunOut:
    if isinstance(found, ArchivedRun):
        return archived_run(front.state, found, front.now_s)
    return run_out(front.state, found, front.now_s)


def _detail(front: Reception, found: RunView | ArchivedRun) -> s.RunDetail:
    if isinstance(found, ArchivedRun):
        return archived_detail(front.state, found, front.now_s)
    return run_detail(front.state, found, front.now_s)
