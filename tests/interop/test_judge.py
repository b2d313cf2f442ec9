"""`vehicle-sim judge` against vehicles of `vehicle-sim connect`, each a process of its own, over real brokers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fleet.wire.broker import EmbeddedBroker
from tests.drawn_map import draw, latlon
from tests.interop.daemon_at_work import free_port
from tests.interop.heard import awaited
from tests.interop.rigs import MqttRig, open_rig
from tests.needs import needs, require

SPOTS = {"a": (0.0, 0.0), "b": (150.0, 0.0), "c": (150.0, 150.0), "d": (0.0, 150.0)}
ROADS: dict[str, dict[str, str]] = {"ab": {}, "bc": {}, "cd": {}, "da": {}}
VEHICLE = """
[[vehicle]]
manufacturer = "Acme"
serial_number = "{serial}"
vda5050_version = "{version}"
type = "zto_5"
home_station = "depot"
"""
VERSIONS = ("2.0.0", "2.1.0", "3.0.0")
TIME_FACTOR = "30"
PATIENCE_S = "0.6"
WAIT_S = 120.0
SLOPPY = "V-sloppy"


def serial_of(version: str) -> str:
    return f"V-{version.replace('.', '')}"


def a_site(folder: Path) -> Path:
    """Four streets round a block, a depot and a pickup point, and a van of each version."""
    drawn = draw(folder, SPOTS, ROADS)
    (lat, lon), (point_lat, point_lon) = latlon(40.0, 0.0), latlon(100.0, 150.0)
    path = folder / "site.toml"
    path.write_text(
        f"""
[site]
id = "block"
name = "Block"
time_zone = "Europe/Vaduz"
map = "{drawn.path.name}"

[[station]]
id = "depot"
name = "Depot"
lat = {lat}
lon = {lon}
loading_bays = 3
chargers = 1
charger_kw = 20.0

[[point]]
id = "shop"
name = "Shop"
lat = {point_lat}
lon = {point_lon}
"""
        + "".join(VEHICLE.format(version=version, serial=serial_of(version)) for version in VERSIONS)
        + VEHICLE.format(version="2.1.0", serial=SLOPPY)
    )
    return path


def now_epoch() -> str:
    now = datetime.now(UTC).isoformat()
    return f"{now}@{now}"


async def vehicle_sim(*words: str | Path) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "vehicle_sim", *map(str, words)]
    return await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)


@contextlib.asynccontextmanager
async def embedded_broker(folder: Path) -> AsyncIterator[str]:
    """The broker that `fleet serve` brings along; its address."""
    broker = EmbeddedBroker(folder / "broker")
    await broker.start()
    try:
        yield str(broker.url)
    finally:
        await broker.stop()


@contextlib.asynccontextmanager
async def connected(site: Path, *words: str) -> AsyncIterator[None]:
    """The site's vehicles on the broker."""
    process = await vehicle_sim("connect", "--site", site, *words)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(WAIT_S):
            while b"vehicles_connected" not in (line := await process.stderr.readline()):
                assert line, "the vehicles did not connect"
        yield
    finally:
        process.terminate()
        await process.communicate()


async def judged(*words: str | Path) -> tuple[int, str, str]:
    """The judge's exit code, and what it printed."""
    process = await vehicle_sim("judge", *words)
    try:
        async with asyncio.timeout(WAIT_S):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def judge_sloppy(page: Path, *time: str) -> None:
    """One that keeps the standard loosely: its page is written, and the exit code says that it does."""
    wishes = ("--only", "0.5,1.3", "--only", "timestamps", "--patience", PATIENCE_S)
    code, out, err = await judged("--vehicle", f"Acme/{SLOPPY}", *wishes, *time, "-o", "html", "--out", page)
    assert (code, out) == (1, ""), err
    assert "3 wrong, 0 right" in err
    assert "reads instant actions only under the old name" in await asyncio.to_thread(page.read_text, "utf-8")


def verdicts(report: dict[str, Any], verdict: str) -> list[tuple[str, str]]:
    return [(check["key"], check["why"]) for check in report["checks"] if check["verdict"] == verdict]


async def judge_all(url: str, site: Path, versions: Sequence[str]) -> None:
    """All at once: each judge looks at its own vehicle only."""
    time = ("--broker", url, "--time-factor", TIME_FACTOR, "--trade-epoch", now_epoch())
    async with (
        connected(site, *time, "--visualization", "10", "--character", f"{SLOPPY}=sloppy"),
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(judge_sloppy(site.parent / "judged.html", *time))
        for version in versions:
            tasks.create_task(judge_one(site, version, *time))


async def judge_one(site: Path, version: str, *time: str) -> None:
    told = ("--vehicle", f"Acme/{serial_of(version)}", "--patience", PATIENCE_S, "-o", "json")
    code, out, err = await judged(*told, *time, "--site", site, "--drive")
    assert out, err
    report = json.loads(out)
    assert verdicts(report, "wrong") == []
    assert code == 0, err
    assert report["vehicle"]["version"] == version
    assert report["counts"]["right"] >= 45


@pytest.mark.broker
@awaited
async def test_exact_vehicles_of_every_version_are_found_right_over_the_embedded_broker_and_a_sloppy_one_is_not(
    tmp_path: Path,
) -> None:
    async with embedded_broker(tmp_path) as url:
        await judge_all(url, a_site(tmp_path), VERSIONS)


@needs("mosquitto")
@pytest.mark.broker
@awaited
async def test_the_exact_vehicle_is_found_right_over_mosquitto(tmp_path: Path) -> None:
    async with open_rig("mosquitto", tmp_path, require("mosquitto"), free_port()) as rig:
        assert isinstance(rig, MqttRig)
        await judge_all(str(rig.url), a_site(tmp_path), VERSIONS[1:2])


@pytest.mark.broker
@awaited
async def test_a_broker_that_is_not_there_and_a_vehicle_that_is_not_heard_are_told_apart(tmp_path: Path) -> None:
    nobody = f"mqtt://127.0.0.1:{free_port()}"
    code, out, err = await judged("--broker", nobody, "--vehicle", "Acme/V-1", "--patience", "0.5")
    assert (code, out) == (2, "")
    assert "the broker cannot be reached ([Errno 111] Connection refused): look at --broker" in err
    async with embedded_broker(tmp_path) as url:
        fast = ("--patience", "0.5", "--time-factor", "30")
        code, out, err = await judged("--broker", url, "--vehicle", "Acme/V-1", *fast)
    assert (code, out) == (2, "")
    assert "vehicle Acme/V-1 was not heard on +/+/Acme/V-1/+: look at --vehicle" in err
