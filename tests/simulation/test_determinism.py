"""The same seed gives the same journal, byte for byte, in another process with another hash seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN = ["run", "configs/scenarios/small.toml", "--seed", "7", "--profile", "storm", "-o", "json"]


def journal_of(hash_seed: int) -> str:
    command = [sys.executable, "-m", "vehicle_sim", *RUN]
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=300, check=True)  # noqa: S603
    return str(json.loads(done.stdout)["journal_sha256"])


def test_two_processes_with_different_hash_seeds_write_the_same_journal() -> None:
    assert journal_of(1) == journal_of(2)
