"""`fleet wire sniff` on traffic of our own: simulated vehicles, real brokers, and what is planted among it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer.testing

from fleet.cli.main import app as cli
from fleet.clock import SystemClock
from fleet.errors import BrokerError
from fleet.model.order import Order
from fleet.orders import carry_out
from fleet.orders.build import Terms, update_message
from fleet.orders.guard import Guard
from fleet.wire.broker_url import BrokerUrl
from fleet.wire.login import Login
from fleet.wire.memory import MemoryBroker
from fleet.wire.messages import Order as Message
from fleet.wire.rights import Rights
from fleet.wire.sniff.heard import Entry, Heard
from fleet.wire.sniff.listen import Ears, listen
from fleet.wire.sniff.report import SniffReport
from fleet.wire.sniff.schemas import SLIPS, OfficialSchemas
from fleet.wire.sniff.sniffer import Sniffer
from tests.interop.daemon_at_work import ROOT, SITE
from tests.interop.guest import password_of
from tests.interop.heard import Heard as Listener
from tests.interop.heard import awaited
from tests.interop.rigs import REAL_KINDS, House, MqttRig, OpenRig, opener
from tests.interop.test_wire_schemas import DIFFERENCES, Difference
from tests.needs import needs
from tests.patience import until
from tests.simulation.block_town import SCENARIO, block_town
from tests.street import street
from vehicle_sim.harness import Options, simulate
from vehicle_sim.scenario import Scenario

STORMY = SCENARIO + '\n[faults]\nprofile = "storm"\n'
VERSIONS = ("2.0.0", "2.1.0", "3.0.0")


# A morning under virtual time -----------------------------------------------------------------------------------------


def bystander(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    scenario: str,
    version: str = "2.1.0",
    schemas: OfficialSchemas | None = None,
) -> tuple[SniffReport, set[str]]:
    """What one hears who stands beside the broker, where nothing has been lost yet, and what the broker is to keep."""
    sniffer, kept = Sniffer(schemas), set()
    publish = MemoryBroker.publish

    def heard(self: MemoryBroker, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        kept.update([topic.rpartition("/")[2]] if retain else [])
        sniffer.hear(Heard(at_s=asyncio.get_running_loop().time(), topic=topic, payload=payload, qos=qos))
        publish(self, topic, payload, qos=qos, retain=retain)

    monkeypatch.setattr(MemoryBroker, "publish", heard)
    _, graph = block_town(folder, scenario)
    site = folder / "site.toml"
    site.write_text(site.read_text().replace('vda5050_version = "2.1.0"', f'vda5050_version = "{version}"'))
    simulate(Scenario.load(folder / "scenario.toml"), graph, 3, Options(solver_steps=0))
    return sniffer.end(), kept


@pytest.mark.vda5050("1.1", "1.2", "1.3", "2.1", "4.5", "5.1", "5.2", "5.3", "5.4", "5.6", "6.1", "6.2", "6.8", "9.4")
@pytest.mark.parametrize("version", VERSIONS)
def test_neither_vehicles_nor_master_break_a_line_in_a_storm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: Path, version: str
) -> None:
    schemas = OfficialSchemas.load(shared / "vda5050")
    report, kept = bystander(tmp_path, monkeypatch, STORMY, version, schemas)
    assert (report.violations, report.others) == ((), 0)
    assert kept == {"connection", "factsheet"}
    for line in report.vehicles:
        assert line.versions == (version,)
        assert line.messages["order"] >= 10


@pytest.mark.parametrize("version", VERSIONS)
def test_a_sloppy_make_is_told_what_it_does_wrong_and_its_master_is_not_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    sloppy = STORMY + '\n[characters]\nVAN-1 = "sloppy"\n'
    report, _ = bystander(tmp_path, monkeypatch, sloppy, version)
    assert {(finding.by, finding.vehicle) for finding in report.violations} == {("vehicle", "makers/VAN-1")}
    found = {finding.line.name for finding in (*report.violations, *report.remarks)}
    assert found >= {
        "qos",
        "counter_repeats",
        "connection_fields",
        "factsheet_fields",
        "state_fields",
        "reached_listed",
    }


def test_a_master_that_lets_updates_begin_anywhere_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def from_the_beginning(before: Order, after: Order, terms: Terms) -> Message:
        return update_message(replace(before, released=0), after, terms)

    monkeypatch.setattr(carry_out, "update_message", from_the_beginning)
    monkeypatch.setattr(carry_out, "refuse_unsound", lambda *args: None)
    monkeypatch.setattr(Guard, "faults", lambda *args: [])
    report, _ = bystander(tmp_path, monkeypatch, SCENARIO)
    assert {(finding.by, finding.line.name) for finding in report.violations} == {("master", "stitch")}


@pytest.mark.parametrize("difference", [each for each in DIFFERENCES if each.we_accept_it], ids=lambda each: each.name)
def test_what_a_schema_refuses_against_its_text_is_a_remark_only(difference: Difference) -> None:
    topic_name, path, _ = difference.example
    place = re.sub(r"\[\d+\]", "[]", path)
    for version in VERSIONS:
        if topic_name != "zoneSet" and re.fullmatch(difference.versions, version):
            assert re.fullmatch(SLIPS[version, topic_name], place)


# Real brokers ---------------------------------------------------------------------------------------------------------


@pytest.fixture(params=REAL_KINDS)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> OpenRig:
    return opener(request.param, tmp_path)


@awaited
async def test_quality_and_what_is_kept_are_heard_on_a_real_broker(opened: OpenRig) -> None:
    async with opened() as rig:
        assert isinstance(rig, MqttRig)
        van, _ = await rig.join("van")
        there = street().order()
        said, order = [entry for entry in there.entries if isinstance(entry, Heard)][:-1], there.entries[-1]
        assert isinstance(order, Heard)
        await van.publish(order.topic, order.payload, retain=True)
        sniffer, stop, news = Sniffer(), asyncio.Event(), Listener()
        taken: list[Entry] = []

        def take(entry: Entry) -> None:
            sniffer.hear(entry)
            taken.append(entry)
            news.nudge()

        async def say() -> None:
            await news.until(lambda: len(taken) == 1)  # what the broker keeps: somebody listens
            for entry in said:
                await van.publish(entry.topic, entry.payload, qos=1)
            await news.until(lambda: len(taken) == 1 + len(said))
            stop.set()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(say())
            ears = Ears(url=rig.url, login=Login(), clock=SystemClock.started_now())
            assert await listen(ears, take, stop) == ""
        found = {(finding.line.name, finding.place) for finding in sniffer.end().violations}
        assert found == {("retained", "order"), ("not_retained", "connection"), ("qos", "state")}


@needs("mosquitto")
@awaited
async def test_who_may_not_come_in_is_told_so_and_who_may_hears(tmp_path: Path) -> None:
    house = House(users={"guest": Rights(says=("#",), hears=("#",))})
    clock, stop = SystemClock.started_now(), asyncio.Event()
    stop.set()
    async with opener("mosquitto", tmp_path)(house=house) as rig:
        assert isinstance(rig, MqttRig)
        with pytest.raises(BrokerError, match="authori"):
            await listen(Ears(url=rig.url, login=Login(user="guest", password="?"), clock=clock), Sniffer().hear, stop)
        guest = Login(user="guest", password=password_of("guest"))
        assert await listen(Ears(url=rig.url, login=guest, clock=clock), Sniffer().hear, stop) == ""


# The command, with simulated vehicles ---------------------------------------------------------------------------------


@contextlib.contextmanager
def driving_by(url: BrokerUrl, folder: Path) -> Iterator[None]:
    """Three simulated vehicles on a broker."""
    words = ["connect", "--broker", str(url), "--site", str(SITE), "--vehicles", "3"]
    log = folder / "vehicles.log"
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "vehicle_sim", *words], cwd=ROOT, stdout=out, stderr=out)
    try:
        until(lambda: b"vehicles_connected" in log.read_bytes(), "vehicles to connect")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def sniff(url: BrokerUrl, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fleet", "wire", "sniff", "--broker", str(url), "-o", "json", *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def answered(process: subprocess.Popen[str]) -> tuple[int, Any]:
    out, _ = process.communicate(timeout=60)
    return process.returncode, json.loads(out)


@awaited
async def test_simulated_vehicles_are_found_without_fault_and_a_planted_message_is_not(tmp_path: Path) -> None:
    record = tmp_path / "heard.jsonl"
    async with opener("nats", tmp_path)() as rig:
        assert isinstance(rig, MqttRig)
        with driving_by(rig.url, tmp_path):
            first = sniff(rig.url, "--seconds", "2", "--record", str(record))
            code, report = await asyncio.to_thread(answered, first)
            assert (code, report["violations"], len(report["vehicles"])) == (0, [], 3)
            again = tmp_path / "again.jsonl"
            stranger, _ = await rig.join("stranger")
            await stranger.publish("uagv/v2/acme/van-1/state", b"{}", qos=1, retain=True)  # whoever comes is told it
            second = sniff(rig.url, "--vehicle", "acme/van-1", "--record", str(again))
            await asyncio.to_thread(until, lambda: again.exists() and '"{}"' in again.read_text(), "it to be heard")
            second.send_signal(signal.SIGINT)
            code, report = await asyncio.to_thread(answered, second)
    assert code == 1
    assert {found["name"] for found in report["violations"]} >= {"state_fields"}
    assert {line["vehicle"] for line in report["vehicles"]} == {"acme/van-1"}
    assert typer.testing.CliRunner().invoke(cli, ["wire", "sniff", "--replay", str(record)]).exit_code == 0
