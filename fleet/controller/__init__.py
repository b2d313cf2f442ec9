"""The loop that turns: take in, apply, plan, decide, record, send."""

from fleet.controller.area import AreaController
from fleet.controller.parts import Parts

__all__ = ["AreaController", "Parts"]
