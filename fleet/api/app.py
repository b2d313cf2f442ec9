"""The HTTP application over one area."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from fleet.api import events, health, overview, roads, runs, vehicles
from fleet.api.faults import FaultBody, add_fault_handlers
from fleet.api.guard import Guard
from fleet.api.metrics import registry_of
from fleet.api.reception import Reception
from fleet.api.version import program_version
from fleet.config.values import is_loopback
from fleet.controller import AreaController

PREFIX = "/api/v1"
FAULTS: dict[int | str, dict[str, Any]] = {
    status: {"model": FaultBody} for status in (400, 403, 404, 409, 413, 415, 422, 503)
}


def build_app(area: AreaController) -> FastAPI:
    """The application; it reads committed snapshots of the area, and changes it by `ask` alone.

    It has to run on the event loop of the area. Nothing is started here.
    """
    app = FastAPI(
        title="Fleet controller",
        version=program_version(),
        summary="Runs in, vehicles out: what the fleet is asked and what it knows.",
        docs_url=None,  # the pages that FastAPI makes fetch their scripts from elsewhere
        redoc_url=None,
        responses=FAULTS,
        generate_unique_id_function=_operation_id,
    )
    front = Reception(area)
    app.state.reception = front
    app.state.registry = registry_of(front)
    add_paths(app)
    add_fault_handlers(app)
    app.add_middleware(Guard, local_only=is_loopback(area.site.api.host))
    return app


def add_paths(app: FastAPI) -> None:
    app.include_router(health.router)
    for part in (runs, vehicles, overview, roads, events):
        app.include_router(part.router, prefix=PREFIX)


def end_streams(app: FastAPI) -> None:
    """Let all event streams end, so that a server that wants to stop need not wait for them."""
    front = app.state.reception
    assert isinstance(front, Reception)
    front.bell.close()


def _operation_id(route: APIRoute) -> str:
    return route.name
