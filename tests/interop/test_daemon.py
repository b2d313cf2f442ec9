"""The daemon as its operator meets it: one at a time, clear about what it cannot do, and back after any death."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import psutil
import pytest

from fleet.journal.store import SqlStore, sqlite_url
from tests.interop.daemon_at_work import SITE, command, free_port, serving, start
from tests.patience import until

SIMULATED = ("--time-factor", "20")
RUN = {
    "run_id": "run-a",
    "station_id": "schaan",
    "point_id": "balzers-roxy",
    "parcels": 20,
    "ready_at": "2030-01-07T06:30:00Z",
    "due_at": "2030-01-07T08:00:00Z",
}


def refused(*words: str) -> str:
    """What a daemon that cannot start says on its way out."""
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1, ended.stderr
    return ended.stderr


def test_a_second_daemon_on_the_same_data_names_the_first(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as first:
        said = refused(*command(tmp_path / "data", free_port()))
        assert f"pid {first.process.pid}" in said
        assert "--data" in said
        assert first.is_ready()


@pytest.mark.vda5050("1.7")
def test_a_second_daemon_for_the_area_on_the_same_broker_ends_and_names_the_first(tmp_path: Path) -> None:
    with serving(tmp_path / "one") as first:
        port = json.loads((tmp_path / "one" / "broker" / "broker.json").read_text())["port"]
        said = refused(*command(tmp_path / "two", free_port(), "--broker", f"mqtt://127.0.0.1:{port}"))
        assert f"another controller commands the area liechtenstein over this broker: {socket.gethostname()}" in said
        assert f":{first.process.pid} " in said
        assert first.is_ready()


def test_a_taken_port_is_named_with_the_remedy(tmp_path: Path) -> None:
    with serving(tmp_path / "one") as first:
        port = int(first.url.rpartition(":")[2])
        said = refused(*command(tmp_path / "two", port))
        assert f"127.0.0.1:{port}" in said
        assert "--api" in said


def test_a_bad_site_file_is_refused_with_file_key_and_remedy(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(SITE.read_text(encoding="utf-8").replace('home_station = "schaan"', 'home_station = "shaan"', 1))
    said = refused(*command(tmp_path / "data", free_port(), site=bad))
    assert "bad.toml" in said
    assert "home_station" in said
    assert "schaan" in said


def test_scaled_time_is_refused_with_a_broker_that_others_can_reach(tmp_path: Path) -> None:
    broker = ("--broker", "mqtt://broker.example:1883")
    said = refused(*command(tmp_path / "data", free_port(), *broker, *SIMULATED))
    assert "loopback" in said


def test_a_dead_broker_is_said_and_runs_are_accepted_all_the_same(tmp_path: Path) -> None:
    daemon = start(tmp_path / "data", free_port(), "--broker", f"mqtt://127.0.0.1:{free_port()}")
    try:
        until(daemon.answers, "the daemon to answer")
        answer = httpx.get(f"{daemon.url}/readyz", timeout=5.0)
        assert answer.status_code == 503
        assert answer.json()["checks"]["link"]["ok"] is False
        accepted = httpx.post(f"{daemon.url}/api/v1/runs", json=RUN, headers={"Idempotency-Key": "a"}, timeout=10.0)
        assert accepted.status_code == 201
    finally:
        assert daemon.stop() == 0


def test_an_accepted_run_is_there_after_kill_9_and_the_broker_left_behind_is_adopted(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as first:
        headers = {"Idempotency-Key": "a"}
        assert httpx.post(f"{first.url}/api/v1/runs", json=RUN, headers=headers, timeout=10.0).status_code == 201
        workers = [child for child in first.children() if "nats" not in child.name()]
        first.kill()
        with serving(data) as second:
            again = httpx.post(f"{second.url}/api/v1/runs", json=RUN, headers=headers, timeout=10.0)
            assert (again.status_code, again.json()["is_repeat"]) == (200, True)
            assert [run["run_id"] for run in second.get("/api/v1/runs")["runs"]] == ["run-a"]
            assert second.get("/api/v1/status")["journal"]["epoch"] == 2
            assert '"adopted": true' in second.log.read_text()
            until(lambda: not any(worker.is_running() for worker in workers), "workers of the killed daemon to end")


def test_a_broker_port_that_is_named_is_the_one_that_vehicles_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("FLEET_BROKER__EMBEDDED_PORT", str(port))
    data = tmp_path / "data"
    with serving(data):
        assert json.loads((data / "broker" / "broker.json").read_text())["port"] == port


def test_a_stranger_on_the_named_broker_port_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        monkeypatch.setenv("FLEET_BROKER__EMBEDDED_PORT", str(port))
        said = refused(*command(tmp_path / "data", free_port()))
    assert f"port {port} is held by" in said
    assert f"pid {os.getpid()}" in said
    assert "broker.embedded_port" in said


def test_a_daemon_killed_together_with_its_broker_starts_again_on_the_same_port(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as first:
        record = (data / "broker" / "broker.json").read_text()
        first.kill()
        for process in psutil.process_iter(["cmdline"]):
            if any(str(data / "broker") in word for word in process.info["cmdline"] or ()):
                process.kill()
        with serving(data) as second:
            assert second.is_ready()
            port = '"port": ' + record.partition('"port": ')[2].partition(",")[0]
            assert port.rstrip("}") in (data / "broker" / "broker.json").read_text()


def test_a_daemon_that_was_frozen_while_another_took_over_stops_by_itself(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as frozen:
        frozen.process.send_signal(signal.SIGSTOP)
        other = SqlStore(sqlite_url(data / "fleet.db"))
        lease = other.acquire("liechtenstein", "another host", 0.0, 1e12, by_force=True)
        head = other.head("liechtenstein")
        frozen.process.send_signal(signal.SIGCONT)
        assert frozen.process.wait(30) == 1
        assert "another owner" in frozen.log.read_text() or "moved on" in frozen.log.read_text()
        assert other.head("liechtenstein") == head
        assert lease.epoch == 2
        other.close()


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_daemon_told_to_stop_leaves_nothing_running(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as daemon:
        children = daemon.children()
        assert len(children) >= 2
        assert daemon.stop() == 0
        until(lambda: not any(map(is_alive, children)), "the last of its processes to end")
