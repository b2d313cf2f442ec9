"""A stormy morning is kept on every broker, also where each may say only what is theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.wire.manners import MOSQUITTO, NATS, Manners
from tests.simulation.block_town import SCENARIO, block_town
from vehicle_sim.harness import Options, simulate

STORMY = SCENARIO + '\n[faults]\nprofile = "storm"\n'


@pytest.mark.parametrize("manners", [MOSQUITTO, NATS], ids=lambda manners: str(manners.name))
@pytest.mark.parametrize("seed", range(1, 6))
def test_every_promise_is_kept_whatever_the_manners_of_the_broker(seed: int, manners: Manners, tmp_path: Path) -> None:
    options = Options(solver_steps=0, manners=manners, has_rights=True)
    outcome = simulate(*block_town(tmp_path, STORMY), seed, options)
    assert outcome.violations == []
    assert outcome.is_over


def test_rights_cost_a_calm_morning_nothing(tmp_path: Path) -> None:
    mornings = [
        simulate(*block_town(tmp_path, SCENARIO), 1, Options(solver_steps=0, has_rights=has_rights))
        for has_rights in (False, True)
    ]
    free, bound = ([run.phase for run in morning.state.runs.values()] for morning in mornings)
    assert free == bound
    assert mornings[0].orders_sent == mornings[1].orders_sent > 0
