"""`vehicle-sim connect`: what is refused before any vehicle says a word."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import typer.testing

from fleet.errors import ConfigError
from vehicle_sim.__main__ import app
from vehicle_sim.connect import ConnectOptions, connect


def test_a_truth_that_cannot_be_written_is_told_before_the_day_and_not_after_it() -> None:
    options = ConnectOptions(
        broker="mqtt://127.0.0.1:9", site=Path("no-such-site.toml"), truth=Path("/no-such-folder/truth.json")
    )
    with pytest.raises(ConfigError, match=r"--truth /no-such-folder/truth\.json: cannot be written"):
        asyncio.run(connect(options))


@pytest.mark.parametrize(("flag", "value"), [("--visualization", "-1"), ("--time-factor", "inf")])
def test_vehicles_that_could_never_rest_are_refused(flag: str, value: str) -> None:
    args = ["connect", "--broker", "mqtt://127.0.0.1:9", "--site", "no-such-site.toml", flag, value]
    answer = typer.testing.CliRunner().invoke(app, args)
    assert answer.exit_code == 2
    assert flag in answer.output
