"""The whole demo with real processes: a broker, a daemon that is killed, vehicles, and every parcel in the end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from fleet.cli.demo.trouble import CHARACTERS
from fleet.controller.stats import SAID_BY_US
from tests.interop.official import faults_of
from tests.interop.overheard import overhearing
from tests.needs import REPOSITORY
from tests.patience import until
from tests.unit.test_report_figures import KEYS

pytestmark = [pytest.mark.slow, pytest.mark.broker]

FAST = ("--time-factor", "150")


def command(out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "fleet", "demo", "--out", str(out), *options]


def children_of(out: Path) -> list[str]:
    """Command lines of all processes that work for the demo in this folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if str(out) in line and "fleet demo" not in line:
            found.append(line)
    return found


def judged(name: str, payloads: list[bytes]) -> dict[str, list[bytes]]:
    """What has to keep to the schemas, by version: not what a make says that keeps to them loosely."""
    found: defaultdict[str, list[bytes]] = defaultdict(list)
    for payload in payloads:
        message = json.loads(payload)
        if name in SAID_BY_US or message["manufacturer"] not in CHARACTERS:
            found[message["version"]].append(payload)
    return found


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A demo that has its daemon and vehicles up; ended by the test."""
    process = subprocess.Popen(
        command(tmp_path, *FAST), cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        until(
            lambda: process.poll() is not None or "serving" in _text(tmp_path / "daemon.log"), "the daemon to come up"
        )
        assert process.poll() is None, "the demo ended by itself"
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=60)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


@pytest.mark.timeout(280)
@pytest.mark.needs("shared")
def test_a_morning_in_which_the_daemon_is_killed_ends_with_every_parcel_accounted_for(
    shared: Path, tmp_path: Path
) -> None:
    """And what we say passes the official schemas, and so does what makes say that keep to them."""
    demo = subprocess.Popen(
        command(tmp_path, *FAST, "--kill-daemon-at", "10"),
        cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        with overhearing(tmp_path / "data") as overheard:
            _, told = demo.communicate(timeout=270)
    finally:
        if demo.poll() is None:  # it ends its own processes when it is told to
            demo.terminate()
            demo.communicate(timeout=60)
    assert demo.returncode == 0, told
    report: dict[str, Any] = json.loads((tmp_path / "report.json").read_text())
    assert list(report) == KEYS
    assert report["runs"]["requested"] > 80
    assert report["parcels"]["delivered"] + report["parcels"]["returned"] == report["parcels"]["requested"] == 8000
    assert report["invariant_violations"] == []
    assert report["schema_violations"] == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Controller killed" in page
    assert "© OpenStreetMap contributors" in page
    assert children_of(tmp_path) == []
    assert len(overheard.said["order"]) >= 300
    versions = set()
    for name, payloads in sorted(overheard.said.items()):
        for version, said in judged(name, payloads).items():
            assert faults_of(shared, name, said, version) == [], (name, version)
            versions.add(version)
    assert versions == {"2.0.0", "2.1.0", "3.0.0"}
    assert report["heard_violations"] > 0


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_interrupted_leaves_no_process_behind(
    demo: subprocess.Popen[str], tmp_path: Path, sign: signal.Signals
) -> None:
    demo.send_signal(sign)
    told, _ = demo.communicate(timeout=60)
    assert demo.returncode == 130, told
    assert children_of(tmp_path) == []


def test_a_daemon_that_dies_by_itself_is_told_with_its_last_words(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    daemon = psutil.Process(int(_text(tmp_path / "data" / "fleet.lock")))
    daemon.kill()
    told, _ = demo.communicate(timeout=120)
    assert demo.returncode == 1
    assert "the daemon ended with code -9" in told
    assert (tmp_path / "daemon.log").read_text(encoding="utf-8").splitlines()[-1] in told
    assert children_of(tmp_path) == []
    assert json.loads((tmp_path / "report.json").read_text())["parcels"]["lost"] == 0


def test_a_second_demo_keeps_off_the_folder_of_one_that_runs(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    second = subprocess.run(
        command(tmp_path), cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert second.returncode == 1
    assert "still runs in" in second.stderr
    assert demo.poll() is None
