"""Whether the daemon is well."""

from __future__ import annotations

from fleet.api.shapes.base import Shape


class CheckOut(Shape):
    ok: bool
    reason: str | None
    age_s: float | None


class ReadyOut(Shape):
    ready: bool
    checks: dict[str, CheckOut]


class HealthOut(Shape):
    status: str
    turns: int
    trade_at: str
