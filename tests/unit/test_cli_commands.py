from __future__ import annotations

import json
import shlex
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import typer.testing

from fleet.api.app import end_streams
from fleet.cli.client import Wiring
from fleet.cli.main import TOPICS
from fleet.cli.main import app as cli
from fleet.cli.options import duration_s
from fleet.cli.overview import ATTEMPTS_MAX
from fleet.cli.reference import commands, render
from tests.unit.test_api_small_fleet import roads, small_site
from tests.unit.test_cli_daemon import Shell, shell, worked_hour

__all__ = ["roads", "shell", "small_site", "worked_hour"]
ROOT = Path(__file__).resolve().parents[2]
WINDOW = ("--ready", "2026-11-23T10:00:00Z", "--due", "2026-11-23T12:00:00Z")
ONE = ("run", "submit", "--station", "depot", "--point", "north", "--parcels", "3", *WINDOW)
TABLE = (
    "run_id,station_id,point_id,parcels,ready_at,due_at\nc1,depot,north,3,2026-11-23T10:00:00Z,2026-11-23T12:00:00Z\n"
)


def run(*args: str) -> typer.testing.Result:
    """A command that needs no daemon."""
    return typer.testing.CliRunner().invoke(cli, list(args))


# Printing -------------------------------------------------------------------------------------------------------------


SHOWING = ["run list", "run show r1", "run why r1", "vehicle list", "vehicle show van-1"]


@pytest.mark.parametrize("command", [*SHOWING, "plan show", "status", "assist list", "roads show", "roads slowed"])
def test_tables_fit_into_80_columns_and_json_stands_alone(shell: Shell, command: str) -> None:
    words = shlex.split(command)
    table = shell.run(*words)
    assert table.exit_code == 0, table.stderr
    if "list" in command:
        assert all(len(line) <= 80 for line in table.stdout.splitlines())
        assert table.stdout.startswith("NAME")
    assert isinstance(json.loads(shell.run(*words, "-o", "json").stdout), dict)
    for line in shell.run(*words, "-o", "ndjson").stdout.splitlines():
        assert isinstance(json.loads(line), dict)


def test_a_list_has_its_names_first_and_wide_has_more(shell: Shell) -> None:
    table, wide = shell.run("runs", "list"), shell.run("run", "list", "-o", "wide")
    assert [line.split()[0] for line in table.stdout.splitlines()] == ["NAME", "heavy", "r1", "r2", "r3"]
    assert "FORECAST" in wide.stdout
    assert "FORECAST" not in table.stdout
    assert "\x1b" not in table.stdout


def test_an_empty_list_says_so_beside_the_data(shell: Shell) -> None:
    empty = shell.run("run", "list", "--phase", "loading")
    assert (empty.exit_code, empty.stdout) == (0, "")
    assert "nothing to show" in empty.stderr


def test_why_tells_reasons_and_history(shell: Shell) -> None:
    answer = shell.run("run", "why", "heavy")
    assert "too_heavy_for_every_vehicle" in answer.stdout
    assert "RunsAccepted by api" in answer.stdout


# Changing -------------------------------------------------------------------------------------------------------------


def test_one_run_is_asked_for_by_options(shell: Shell) -> None:
    answer = shell.run(*ONE, "--name", "o1", "-o", "json")
    assert answer.exit_code == 0, answer.stderr
    assert [one["run_id"] for one in json.loads(answer.stdout)["runs"]] == ["o1"]
    assert shell.run("run", "show", "o1", "-o", "name").stdout == "o1\n"


def test_the_same_file_twice_makes_no_run_twice(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    file.write_text(TABLE, encoding="utf-8")
    first, again = shell.run("run", "submit", str(file)), shell.run("run", "submit", str(file))
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "nothing changed" in again.stderr
    typed = shell.run("run", "submit", "-", typed=TABLE.replace("c1", "c2"))
    assert typed.exit_code == 0, typed.stderr
    as_json = shell.run("run", "submit", "-", typed="[]")
    assert as_json.exit_code == 2


def test_bad_rows_are_told_with_their_lines(shell: Shell) -> None:
    answer = shell.run("run", "submit", "-", typed=TABLE.replace("depot", "depo"))
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert "line 2, station_id: 'depo' there is no such station; did you mean depot?" in answer.stderr


def test_a_dry_run_accepts_nothing(shell: Shell) -> None:
    answer = shell.run(*ONE, "--name", "d1", "--dry-run")
    assert answer.exit_code == 0
    assert "nothing was accepted" in answer.stderr
    assert shell.run("run", "show", "d1").exit_code == 5


def test_dangerous_things_need_a_person_or_a_yes(shell: Shell) -> None:
    for command in (("vehicle", "pause", "van-1"), ("vehicle", "recall", "van-1"), ("run", "cancel", "heavy")):
        refused = shell.run(*command)
        assert refused.exit_code == 2
        assert "add --yes" in refused.stderr
        assert shell.run(*command, "--yes", "--why", "a test").exit_code == 0


def test_a_vehicle_is_paused_and_resumed_in_the_name_of_the_cli(shell: Shell) -> None:
    paused = json.loads(shell.run("vehicle", "pause", "van-1", "--yes", "--why", "flat tyre", "-o", "json").stdout)
    assert paused["held"] == "flat tyre"
    resumed = json.loads(shell.run("vehicles", "resume", "van-1", "-o", "json").stdout)
    assert resumed["held"] is None
    assert shell.bridge.requests[-1].headers["X-Actor"] == "cli"


def test_a_road_is_closed_and_reopened(shell: Shell) -> None:
    key = shell.app.state.reception.area.roads.graph.edge_key(0)
    closed = shell.run("roads", "close", key, "--for", "2h", "--why", "works", "--yes")
    assert key in closed.stdout
    assert key in shell.run("roads", "show").stdout
    assert shell.run("roads", "reopen", key).exit_code == 0
    assert shell.run("roads", "close", key, "--yes").exit_code == 2


@pytest.mark.parametrize(("do", "undo", "shows"), [("close", "reopen", "show"), ("slow --kmh 20", "unslow", "slowed")])
def test_a_street_is_closed_or_slowed_in_both_directions(shell: Shell, do: str, undo: str, shows: str) -> None:
    graph = shell.app.state.reception.area.roads.graph
    there, back = graph.edge_key(0), graph.edge_key(int(graph.edge_reverse[0]))
    sure = ["--yes"] if do == "close" else []
    assert shell.run("roads", *do.split(), there, "--both-ways", "--for", "2h", *sure).exit_code == 0
    shown = shell.run("roads", shows).stdout
    assert there in shown
    assert back in shown
    assert shell.run("roads", undo, back, "--both-ways").exit_code == 0
    assert shell.run("roads", shows).stdout == ""


def test_a_road_is_slowed_with_a_reason_and_slow_no_more(shell: Shell) -> None:
    key = shell.app.state.reception.area.roads.graph.edge_key(0)
    assert shell.run("roads", "slow", key, "--kmh", "20", "--for", "2h", "--why", "works").exit_code == 0
    shown = shell.run("roads", "slowed").stdout
    assert key in shown
    assert "20.0" in shown
    assert shell.run("roads", "unslow", key).exit_code == 0
    assert shell.run("roads", "slowed").stdout == ""


# Exit codes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("run show none", 5),
        ("vehicle show van-9", 5),
        ("run cancel r1 --yes", 3),
        ("run cancel", 2),
        ("run submit", 2),
        ("run submit missing.csv", 2),
        ("run submit missing.csv --station depot", 2),
        ("run list --phase gone", 2),
        ("run list -o yaml", 2),
        ("roads close e1 --for 2x --yes", 2),
        ("roads close e1 --for 2h --yes", 5),
        ("roads slow e1 --for 2h --kmh 20", 5),
        ("roads slow e1 --for 2h", 2),
        ("roads slow e1 --kmh 20", 2),
        ("roads slow e1 --for 2h --kmh 0", 2),
        ("roads unslow e1", 5),
        ("help nothing", 2),
        ("watch --after 999999", 3),
    ],
)
def test_exit_codes_tell_what_happened(shell: Shell, command: str, code: int) -> None:
    answer = shell.run(*shlex.split(command))
    assert (answer.exit_code, answer.stdout) == (code, "")
    assert answer.stderr


def test_another_key_for_the_same_name_is_a_refusal(shell: Shell) -> None:
    assert shell.run(*ONE, "--name", "k1", "--key", "a").exit_code == 0
    assert shell.run(*ONE, "--name", "k2", "--key", "a").exit_code == 3
    assert shell.run(*ONE, "--name", "k1", "--key", "b").exit_code == 3


def test_no_daemon_is_told_with_the_address_that_was_asked() -> None:
    answer = run("status", "--url", "http://127.0.0.1:9")
    assert answer.exit_code == 6
    assert "http://127.0.0.1:9" in answer.stderr
    assert "FLEET_URL" in answer.stderr


def test_a_foreign_name_is_not_allowed(shell: Shell) -> None:
    assert shell.run("status", "--url", "http://fleet.example:8700").exit_code == 4


def test_an_interruption_is_told_by_its_code(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shell.bridge, "handle_request", interrupted)
    assert shell.run("status").exit_code == 130


# Following ------------------------------------------------------------------------------------------------------------


def test_watch_prints_events_from_a_number_on(shell: Shell) -> None:
    answer = shell.run("watch", "--after", "0", "--about", "r1", "--type", "ParcelsDelivered", "--limit", "1")
    assert answer.exit_code == 0
    assert "ParcelsDelivered r1 by" in answer.stdout
    lines = shell.run("watch", "--after", "0", "--limit", "3", "-o", "ndjson").stdout.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3]


def test_watch_goes_on_after_a_lost_line_and_gives_up_at_last(shell: Shell) -> None:
    end_streams(shell.app)  # each stream ends at once from here on
    answer = shell.run("watch")
    assert answer.exit_code == 6
    assert len(shell.pauses) == ATTEMPTS_MAX
    assert "line lost" in answer.stderr


def test_wait_ends_when_the_run_is_there_never_will_be_or_time_is_over(shell: Shell) -> None:
    assert shell.run("run", "wait", "r1").exit_code == 0
    assert shell.run("run", "wait", "r3").exit_code == 1
    assert shell.run("run", "wait", "heavy", "--timeout", "0s").exit_code == 124
    assert shell.run("run", "wait", "heavy", "--timeout", "soon").exit_code == 2


def test_wait_hears_of_a_change_by_the_stream(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from fleet.cli.client import Event, FleetClient

    real = FleetClient.events

    def cancelled_meanwhile(fleet: FleetClient, after: int, read_s: float) -> Iterator[Event]:
        shell.run("run", "cancel", "heavy", "--yes")
        return real(fleet, after, read_s)

    monkeypatch.setattr(FleetClient, "events", cancelled_meanwhile)
    assert shell.run("run", "wait", "heavy", "--for", "cancelled").exit_code == 0


# Words ----------------------------------------------------------------------------------------------------------------


def test_every_command_has_an_example() -> None:
    assert [command.name for command in commands() if not command.examples] == []


@pytest.mark.parametrize("example", [example for command in commands() for example in command.examples])
def test_every_example_of_the_help_is_understood(example: str) -> None:
    words = shlex.split(example.partition(" > ")[0])  # the shell takes the rest
    command = typer.main.get_command(cli)
    name = words.pop(0)
    while (inner := getattr(command, "commands", None)) is not None:
        name = words.pop(0)
        command = inner[name]
    assert command.make_context(name, words).command is command


def test_every_topic_is_explained() -> None:
    for topic in TOPICS:
        assert run("help", topic).stdout
    assert "124  timed out" in run("help", "exit-codes").stdout


@pytest.mark.parametrize(
    ("words", "seconds"), [("90", 90), ("90s", 90), ("30m", 1800), ("1h30m", 5400), ("2d", 172_800), ("0.5s", 0.5)]
)
def test_durations_are_read_as_people_write_them(words: str, seconds: float) -> None:
    assert duration_s(words) == seconds


def test_the_version_is_that_of_the_package() -> None:
    assert run("version").stdout.strip().count(".") == 2


def test_a_command_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fleet.cli.demo", None)
    answer = run("demo", "--seed", "7")
    assert answer.exit_code == 1
    assert "this installation has no fleet demo" in answer.stderr


def test_words_behind_demo_are_handed_over_as_they_are_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def demo(seed: int = 1) -> None:
        taken.append(seed)
        raise typer.Exit(seed)

    module = types.ModuleType("fleet.cli.demo")
    monkeypatch.setattr(module, "demo", demo, raising=False)
    monkeypatch.setitem(sys.modules, "fleet.cli.demo", module)
    assert run("demo", "--seed", "7").exit_code == 7
    assert taken == [7]
    assert "--seed" in run("demo", "--help").stdout
    assert run("demo", "--sead", "7").exit_code == 2


def test_starting_imports_nothing_heavy() -> None:
    heavy = ["httpx", "numpy", "scipy", "shapely", "osmium", "ortools", "sqlalchemy", "fastapi", "pydantic", "rich"]
    code = f"import sys, fleet.cli.main; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603 - ours
    assert found.stdout.strip() == "[]"


def test_the_reference_in_docs_is_what_the_commands_say() -> None:
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == render()


def test_a_wiring_is_the_network_unless_said_otherwise() -> None:
    assert Wiring().transport is None
