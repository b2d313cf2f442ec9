"""`fleet wire sniff` on a file, and what it says to those who use it wrongly."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import typer.testing

from fleet.cli.main import app as cli
from fleet.cli.wire import _recording
from fleet.wire.sniff.heard import Entry, line_of
from tests.street import Street, street
from tests.unit.test_api_small_fleet import roads, small_site

__all__ = ["roads", "small_site"]


def run(*args: str | Path) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(cli, ["wire", "sniff", *(str(arg) for arg in args)])


def recorded(there: Street, folder: Path) -> Path:
    path = folder / "heard.jsonl"
    path.write_text("".join(line_of(entry) + "\n" for entry in there.entries), encoding="utf-8")
    return path


def test_clean_traffic_ends_well(tmp_path: Path) -> None:
    answer = run("--replay", recorded(street(), tmp_path))
    assert answer.exit_code == 0, answer.stderr
    assert answer.stdout.startswith("2 messages of 1 vehicles in 1 s: 0 violations")


def test_a_violation_ends_with_1(tmp_path: Path) -> None:
    answer = run("--replay", recorded(street().state(driving="yes"), tmp_path), "-o", "json")
    assert answer.exit_code == 1
    assert [found["number"] for found in json.loads(answer.stdout)["violations"]] == ["10"]


def test_only_the_vehicles_asked_for_are_judged(tmp_path: Path) -> None:
    path = recorded(street().state(driving="yes"), tmp_path)
    answer = run("--replay", path, "--vehicle", "acme/van-2")
    assert answer.exit_code == 0
    assert "no vehicle was heard" in answer.stderr


def test_vehicles_of_the_site_are_missed(tmp_path: Path, small_site: Path) -> None:
    answer = run("--replay", recorded(street(), tmp_path), "--site", small_site, "-o", "json")
    assert answer.exit_code == 0, answer.stderr
    assert {found["name"] for found in json.loads(answer.stdout)["remarks"]} == {"vehicle_unheard"}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "say where to listen"),
        (("--broker", "http://127.0.0.1"), "mqtt://HOST:PORT"),
        (("--broker", "mqtt://127.0.0.1", "--user", "me", "--password-file", "{folder}/none"), "cannot be read"),
        (("--broker", "mqtt://127.0.0.1", "--password-file", "{folder}/secret"), "no user"),
        (("--replay", "{folder}/none.jsonl"), "cannot be read"),
        (("--replay", "{folder}/wrong.jsonl"), "line 1"),
        (("--replay", "{folder}/endless.jsonl"), "line 1"),
        (("--replay", "{folder}/wrong.jsonl", "--broker", "mqtt://127.0.0.1"), "listens to no broker"),
        (("--broker", "mqtt://127.0.0.1", "--vehicle", "van-1"), "MANUFACTURER/SERIAL"),
        (("--broker", "mqtt://127.0.0.1", "--schemas", "{folder}"), "holds no schemas"),
        (("--broker", "mqtt://127.0.0.1", "--record", "{folder}/no/where.jsonl"), "cannot be written"),
        (("--site", "{folder}/wrong.jsonl"), "wrong.jsonl"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_would_do(tmp_path: Path, args: tuple[str, ...], words: str) -> None:
    (tmp_path / "secret").write_text("hush\n", encoding="utf-8")
    (tmp_path / "wrong.jsonl").write_text("{]\n", encoding="utf-8")
    (tmp_path / "endless.jsonl").write_text("[" * 100_000, encoding="utf-8")
    answer = run(*(arg.format(folder=tmp_path) for arg in args))
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert words in answer.stderr


def test_a_site_whose_daemon_never_ran_has_no_broker_to_listen_to(small_site: Path) -> None:
    answer = run("--site", small_site, "--seconds", "1")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "never a broker" in answer.stderr


def test_schemas_without_the_package_that_reads_them_name_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema.validators", None)
    answer = run("--replay", recorded(street(), tmp_path), "--schemas", tmp_path)
    assert answer.exit_code == 2
    assert "pip install jsonschema" in answer.stderr


def test_a_broker_that_is_not_there_is_told(tmp_path: Path) -> None:
    answer = run("--broker", "mqtt://127.0.0.1:1", "--seconds", "1", "--record", tmp_path / "heard.jsonl")
    assert answer.exit_code == 6
    assert "refused" in answer.stderr


def test_a_full_disk_ends_the_record_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[Entry] = []
    with _recording(Path("/dev/full"), heard.append) as take:
        for entry in street().entries * 2:
            take(entry)
    assert len(heard) == 4
    assert capsys.readouterr().err.count("/dev/full is not written any more: No space left on device") == 1
