"""Whether the daemon lives, whether it can do its work, and its figures for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from fleet.api import shapes as s
from fleet.api.reception import Front, Reception
from fleet.clock import utc_text

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz(front: Front) -> s.HealthOut:
    """The event loop turns, for it has answered."""
    return s.HealthOut(status="ok", turns=front.area.stats.turns, trade_at=utc_text(front.now_s))


@router.get("/readyz", responses={503: {"model": s.ReadyOut}})
async def readyz(front: Front, response: Response) -> s.ReadyOut:
    """The journal can be written, the line to the vehicles is up, the area is ours."""
    checks = _checks(front)
    ready = all(check.ok for check in checks.values())
    if not ready:
        response.status_code = 503
    return s.ReadyOut(ready=ready, checks=checks)


@router.get("/metrics", response_class=Response)
async def metrics(front: Front, request: Request) -> Response:
    """Figures in the text format of Prometheus."""
    await front.tally.catch_up(front.area.head_seq)
    registry = request.app.state.registry
    assert isinstance(registry, CollectorRegistry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _checks(front: Reception) -> dict[str, s.CheckOut]:
    area = front.area
    last_heard_s = max((heard.at_s for heard in area.ear.heard.values()), default=None)
    return {
        "journal": s.CheckOut(
            ok=not area.store_trouble,
            reason=area.store_trouble or None,
            age_s=_age(front.clock.machine_now_s(), front.last_commit_s),
        ),
        "link": s.CheckOut(
            ok=area.ear.is_link_up,
            reason=None if area.ear.is_link_up else area.ear.link_trouble,
            age_s=_age(front.now_s, last_heard_s),
        ),
        "lease": s.CheckOut(
            ok=area.lease.is_good,
            reason=None if area.lease.is_good else "the lease on the area ran out; nothing is sent",
            age_s=None,
        ),
    }


def _age(now_s: float, then_s: float | None) -> float | None:
    return None if then_s is None else round(max(0.0, now_s - then_s), 1)
