"""Commands that need no daemon: config, roads, journal, serve."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import types
from contextlib import closing
from pathlib import Path

import pytest
import typer.testing

from fleet.cli.main import app as cli
from fleet.roads.site_roads import SiteRoads
from tests.drawn_map import latlon
from tests.unit.test_api_small_fleet import PLACES, roads, small_site
from tests.unit.test_cli_daemon import worked_hour

__all__ = ["roads", "small_site", "worked_hour"]


def run(*args: str | Path) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(cli, [str(arg) for arg in args])


# Config ---------------------------------------------------------------------------------------------------------------


def test_a_site_whose_places_can_be_served_is_good(small_site: Path) -> None:
    answer = run("config", "check", small_site)
    assert answer.exit_code == 0, answer.stderr
    assert "good" in answer.stderr
    found = json.loads(run("config", "check", small_site, "-o", "json").stdout)
    assert (found["points"], found["vehicles"]) == (2, 2)


def test_a_wrong_site_is_told_line_by_line(small_site: Path, tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(small_site.read_text().replace('"depot"', '"depo"', 1).replace("time_zone", "time_zon"))
    answer = run("config", "check", path)
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert "did you mean" in answer.stderr
    assert f"{path}:4" in answer.stderr


def test_a_place_off_the_roads_fails_the_check(small_site: Path, tmp_path: Path) -> None:
    lat, lon = latlon(*PLACES["north"])
    far_lat, far_lon = latlon(5000.0, 5000.0)
    path = tmp_path / "far.toml"
    path.write_text(small_site.read_text().replace(str(lat), str(far_lat)).replace(str(lon), str(far_lon)))
    for command in (("config", "check"), ("roads", "check")):
        answer = run(*command, path)
        assert answer.exit_code == 1
        assert "cannot be served" in answer.stderr
    assert run("config", "check", path, "--skip-map").exit_code == 0


@pytest.mark.vda5050("1.5")
def test_the_access_list_lets_each_vehicle_write_below_its_own_serial_and_give_no_orders(small_site: Path) -> None:
    answer = run("config", "rights", small_site)
    assert answer.exit_code == 0, answer.stderr
    blocks = dict(block.split("\n", 1) for block in answer.stdout.split("user ")[1:])
    vehicles = sorted(set(blocks) - {"fleet"})
    assert len(vehicles) == 2
    for serial in vehicles:
        writes = [line for line in blocks[serial].splitlines() if line.startswith("topic write ")]
        assert writes
        assert all(f"/{serial}/" in line and not line.endswith(("/order", "/instantActions")) for line in writes)
    assert "topic write uagv/+/+/+/order\n" in blocks["fleet"]


def test_a_vehicle_with_the_name_of_the_fleets_user_gets_no_rights(small_site: Path, tmp_path: Path) -> None:
    serial = next(line for line in small_site.read_text().splitlines() if line.startswith("serial_number"))
    path = tmp_path / "clash.toml"
    path.write_text(small_site.read_text().replace(serial, 'serial_number = "fleet"'))
    answer = run("config", "rights", path)
    assert answer.exit_code == 1
    assert "broker.user" in answer.stderr


def test_every_value_is_shown_with_its_origin(small_site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_API__PORT", "8800")
    shown = json.loads(run("config", "check", small_site, "--show-config", "-o", "json").stdout)
    origins = {setting["key"]: (setting["value"], setting["origin"]) for setting in shown}
    assert origins["api.port"] == (8800, "environment FLEET_API__PORT")
    assert origins["site.id"] == ("small", f"{small_site}:2")
    assert origins["api.host"][1] == "default"


# Roads ----------------------------------------------------------------------------------------------------------------


def test_a_map_is_imported_and_described(small_site: Path, tmp_path: Path) -> None:
    answer = run("roads", "import", small_site.parent / "drawn.osm", "--cache", tmp_path, "-o", "json")
    assert json.loads(answer.stdout)["roads_kept"] == 5
    assert list(tmp_path.glob("*.npz"))
    assert run("roads", "import", tmp_path / "none.osm").exit_code == 1


def test_a_way_is_found_between_places_unless_a_road_is_closed(small_site: Path) -> None:
    way = json.loads(run("roads", "route", "depot", "north", "--site", small_site, "-o", "json").stdout)
    keys = [edge["key"] for edge in way["edges"]]
    closed = run("roads", "route", "depot", "north", "--site", small_site, "--closed", keys[1], "-o", "json")
    assert closed.exit_code == 1
    assert "no way from depot to north" in closed.stderr
    assert run("roads", "route", "depot", "nowhere", "--site", small_site).exit_code == 5
    assert run("roads", "route", "depot", "47.5,9.9", "--site", small_site).exit_code == 1
    assert run("roads", "route", "depot", "north", "--site", small_site, "--closed", "e1").exit_code == 5
    assert run("roads", "route", "depot", "north", "--site", small_site, "--type", "tank").exit_code == 5


def test_a_table_has_all_places_both_ways(small_site: Path) -> None:
    table = json.loads(run("roads", "table", "--site", small_site, "-o", "json").stdout)
    assert table["places"] == ["depot", "north", "east"]
    assert [row[i] for i, row in enumerate(table["durations_s"])] == [0.0, 0.0, 0.0]
    assert all(value > 0 for i, row in enumerate(table["lengths_m"]) for j, value in enumerate(row) if i != j)


def test_why_tells_of_a_place_and_of_an_edge(small_site: Path, roads: SiteRoads) -> None:
    good = json.loads(run("roads", "why", "depot", "--site", small_site, "-o", "json").stdout)
    assert (good["allowed"], good["reason"]) == (True, None)
    edge = json.loads(run("roads", "why", roads.graph.edge_key(0), "--site", small_site, "-o", "json").stdout)
    assert edge["allowed"]
    far = json.loads(run("roads", "why", "47.5,9.9", "--site", small_site, "-o", "json").stdout)
    assert not far["allowed"]
    assert "nearest road" in far["reason"]


# Journal --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def data(worked_hour: bytes, tmp_path: Path) -> Path:
    (tmp_path / "fleet.db").write_bytes(worked_hour)
    return tmp_path


def test_a_whole_journal_is_verified(data: Path) -> None:
    answer = run("journal", "verify", "--data", data, "-o", "json")
    assert answer.exit_code == 0, answer.stderr
    assert json.loads(answer.stdout)["flaw"] is None


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE event SET actor = 'nobody' WHERE seq = 5",
        "DELETE FROM event WHERE seq = 5",
        "DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)",
    ],
)
def test_a_changed_journal_is_not(data: Path, damage: str) -> None:
    with closing(sqlite3.connect(data / "fleet.db")) as connection, connection:
        for (guard,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {guard}")
        connection.execute(damage)
    answer = run("journal", "verify", "--data", data)
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert "event" in answer.stderr


def test_events_are_exported_one_a_line(data: Path, tmp_path: Path) -> None:
    lines = run("journal", "export", "--data", data).stdout.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, len(lines) + 1))
    file = tmp_path / "events.ndjson"
    assert run("journal", "export", "--data", data, "--after", "10", "--to", file).exit_code == 0
    assert file.read_text().splitlines() == lines[10:]


def test_a_moment_past_is_replayed(data: Path) -> None:
    last = json.loads(run("journal", "replay", "--data", data, "-o", "json").stdout)
    assert last["runs"] == {"cancelled": 1, "delivered": 2, "requested": 1}
    early = json.loads(run("journal", "replay", "--data", data, "--at", "2026-11-23T07:00:05.5Z", "-o", "json").stdout)
    assert "delivered" not in early["runs"]
    first = json.loads(run("journal", "replay", "--data", data, "--seq", "1", "-o", "json").stdout)
    assert (first["seq"], first["runs"]) == (1, {})
    assert len({one["state_sha256"] for one in (last, early, first)}) == 3
    assert run("journal", "replay", "--data", data).exit_code == 0


@pytest.mark.parametrize(
    ("more", "code"),
    [(["--seq", "1", "--at", "2026-11-23T07:00:00Z"], 2), (["--at", "2026-11-23T07:00:00"], 2), (["--area", "x"], 5)],
)
def test_a_moment_that_is_none_is_refused(data: Path, more: list[str], code: int) -> None:
    assert run("journal", "replay", "--data", data, *more).exit_code == code


def test_no_journal_is_told_and_none_is_made(tmp_path: Path) -> None:
    assert run("journal", "verify", "--data", tmp_path).exit_code == 5
    assert not list(tmp_path.iterdir())
    (tmp_path / "fleet.db").write_bytes(b"something else" * 100)
    assert run("journal", "verify", "--data", tmp_path).exit_code == 1


def on_a_read_only_disk(data: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """The command, without the right to write the folder or anything in it, which root would have all the same."""
    if (setpriv := shutil.which("setpriv")) is None and os.geteuid() == 0:
        pytest.skip("no way to give up root's rights")
    as_anybody = [str(setpriv), "--bounding-set=-dac_override", "--inh-caps=-dac_override"] * (os.geteuid() == 0)
    for file in data.iterdir():
        file.chmod(0o444)
    data.chmod(0o555)
    try:
        command = [*as_anybody, sys.executable, "-m", "fleet", "journal", *args, "--data", str(data)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60.0, check=False)  # noqa: S603 our own
    finally:
        data.chmod(0o755)


def test_a_sound_journal_on_a_read_only_disk_is_verified(data: Path) -> None:
    answer = on_a_read_only_disk(data, "verify", "-o", "json")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["flaw"] is None


def test_a_journal_whose_end_cannot_be_read_on_a_read_only_disk_says_what_to_do(data: Path, tmp_path: Path) -> None:
    """As it is left by a daemon that was killed, and copied without the file that SQLite makes itself."""
    with closing(sqlite3.connect(data / "fleet.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE note (text)")
        left = tmp_path / "left"
        left.mkdir()
        for name in ("fleet.db", "fleet.db-wal"):
            shutil.copy(data / name, left / name)
    answer = on_a_read_only_disk(left, "verify")
    assert answer.returncode == 1
    assert "copy fleet.db and fleet.db-wal to one that can" in " ".join(answer.stderr.split())


# Serve ----------------------------------------------------------------------------------------------------------------


def test_serve_hands_its_options_to_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[object] = []

    def serve(site: Path, **options: object) -> int:
        taken.append((site, options))
        return 1

    module = types.ModuleType("fleet.daemon")
    monkeypatch.setattr(module, "serve", serve, raising=False)
    monkeypatch.setitem(sys.modules, "fleet.daemon", module)
    given = ["--api", "127.0.0.1:1", "--time-factor", "10", "--trade-epoch", "x@y", "--clock-is-right"]
    answer = run("serve", "--site", "a.toml", *given)
    assert answer.exit_code == 1
    wanted = {"broker": None, "data": None, "api": "127.0.0.1:1", "time_factor": 10.0, "trade_epoch": "x@y"}
    assert taken == [(Path("a.toml"), {**wanted, "log_format": "auto", "clock_is_right": True})]
