"""What the fleet asks of a solver, and how long it may think."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fleet.model.trip import Plan
from fleet.planning.draft import NewTripId
from fleet.planning.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much a solver may think: seconds of the machine, or steps, which are the same on every machine.

    Attributes:
        wall_s: for operation; the answer then depends on the machine's speed.
        steps: for virtual time and tests: same problem, plan, steps and seed, same answer.
    """

    wall_s: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        if (self.wall_s is None) == (self.steps is None):
            raise ValueError("a budget has either wall_s or steps")
        if (self.wall_s or self.steps or 0) <= 0:
            raise ValueError(f"a budget is more than nothing: {self}")


class Solver(Protocol):
    """Makes plans better. It may fail, be late or be gone: then there is no new plan, and never an exception."""

    async def improve(
        self, problem: Problem, plan: Plan, budget: Budget, new_trip_id: NewTripId, seed: int = 0
    ) -> Plan | None:
        """A feasible plan that is better than `plan`, or None."""
        ...
