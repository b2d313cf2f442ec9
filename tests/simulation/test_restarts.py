"""A controller that was away for long comes back to vehicles that have long gone silent, and goes on all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.model.run import RunPhase
from tests.simulation.block_town import SCENARIO, block_town
from vehicle_sim.harness import Options, simulate

BROKER_DOWN = """
[[fault]]
kind = "broker_down"
at = "{at}"
lasts = "{lasts}"

[[fault]]
kind = "crash"
at = "{crash}"
"""


@pytest.mark.parametrize("lasts", ["50s", "3m", "8m"])
@pytest.mark.parametrize("at", ["4m", "10m", "16m"])
def test_runs_are_served_after_controller_and_broker_were_both_away(tmp_path: Path, at: str, lasts: str) -> None:
    """Found by the demo: vehicles that went from unheard to stale brought no new plan when they spoke again."""
    faults = BROKER_DOWN.format(at=at, lasts=lasts, crash=f"{int(at[:-1])}m20s")
    outcome = simulate(*block_town(tmp_path, SCENARIO + faults), 1, Options(solver_steps=0))
    assert outcome.crashes == 1
    assert outcome.violations == []
    assert {view.phase for view in outcome.state.runs.values()} == {RunPhase.DELIVERED}
