"""Everything that is said on a simulated morning passes the official schemas of VDA 5050 2.1.0."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from fleet.wire.memory import MemoryBroker
from tests.interop.official import faults_of
from tests.simulation.block_town import SCENARIO, block_town
from vehicle_sim.harness import Options, simulate

STORMY = SCENARIO + '\n[faults]\nprofile = "storm"\n'
NAMES = ("connection", "state", "factsheet", "order", "instantActions")


@pytest.mark.needs("shared")
def test_every_message_of_a_stormy_morning_passes_the_official_schemas(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: defaultdict[str, list[bytes]] = defaultdict(list)
    publish = MemoryBroker.publish

    def heard(self: MemoryBroker, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        said[topic.rpartition("/")[2]].append(payload)
        publish(self, topic, payload, qos=qos, retain=retain)

    monkeypatch.setattr(MemoryBroker, "publish", heard)
    outcome = simulate(*block_town(tmp_path, STORMY), 3, Options(solver_steps=0))
    assert outcome.violations == []
    assert set(said) == set(NAMES)
    for name in NAMES:
        assert faults_of(shared, name, said[name]) == [], name
