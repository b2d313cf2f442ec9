"""Settling, ending and closing by hand at a terminal."""

from __future__ import annotations

import json
import shlex

import pytest

from tests.unit.test_api_small_fleet import roads, small_site
from tests.unit.test_cli_daemon import Shell, shell, worked_hour

__all__ = ["roads", "shell", "small_site", "worked_hour"]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("run settle r1 --at point --why seen", 2),
        ("run settle r1 --at point --yes", 2),
        ("run settle r1 --at point --why seen --yes", 3),
        ("run settle r1 --at moon --why seen --yes", 2),
        ("run settle none --at point --why seen --yes", 5),
        ("vehicle end-order van-1", 2),
        ("vehicle end-order van-1 --yes", 3),
        ("vehicle end-order van-9 --yes", 5),
        ("assist show none", 5),
        ("assist resolve none", 5),
    ],
)
def test_what_cannot_be_settled_is_told_by_the_exit_code(shell: Shell, command: str, code: int) -> None:
    answer = shell.run(*shlex.split(command))
    assert (answer.exit_code, answer.stdout) == (code, "")
    assert answer.stderr


def test_an_assist_tells_what_ends_it(shell: Shell) -> None:
    assist = json.loads(shell.run("assist", "list", "-o", "json").stdout)["assists"][0]
    shown = shell.run("assist", "show", assist["assist_id"])
    assert shown.exit_code == 0
    assert assist["remedy"] in shown.stdout


def test_an_assist_that_still_stands_names_the_command_instead(shell: Shell) -> None:
    calls = json.loads(shell.run("assist", "list", "-o", "json").stdout)["assists"]
    name = next(call["assist_id"] for call in calls if call["cause"] == "run_unserved")
    refused = shell.run("assist", "resolve", name, "--why", "a test")
    assert refused.exit_code == 3
    assert "fleet run cancel" in refused.stderr
