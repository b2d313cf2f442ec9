"""What waits for a person."""

from __future__ import annotations

from fleet.api.shapes.base import Shape


class AssistOut(Shape):
    assist_id: str
    cause: str
    subject: str
    detail: str
    raised_at: str
    age_s: float
    deadline_at: str
    is_overdue: bool
    owner: str | None
    remedy: str
    """commands that end it, in the order to think of them"""


class AssistsOut(Shape):
    assists: list[AssistOut]
