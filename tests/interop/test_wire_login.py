"""User, password and TLS, against a real broker that insists on them."""

from __future__ import annotations

import asyncio
import gc
import random
import subprocess
from pathlib import Path

import pytest

from fleet.clock import SystemClock
from fleet.errors import BrokerError
from fleet.wire.login import Login
from fleet.wire.mqtt import MqttLink
from fleet.wire.rights import Rights
from fleet.wire.sniff.heard import Entry
from fleet.wire.sniff.listen import Ears, listen
from fleet.wire.subscription import Subscription
from tests.interop.guest import password_of
from tests.interop.heard import Heard, awaited
from tests.interop.rigs import QUICK, House, MqttRig, Rig, opener
from tests.needs import needs, require

ALL = Rights(says=("#",), hears=("#",))
PASSWORD = password_of("fleet")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return new_certificate(tmp_path / "broker.pem")


def new_certificate(path: Path) -> Path:
    """A certificate for 127.0.0.1 that vouches for itself, with its key in the same file."""
    words = [str(require("openssl")), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    words += ["-nodes", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*words, "-keyout", str(path), "-out", f"{path}.crt"], check=True, capture_output=True, timeout=30)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


def link(rig: Rig, login: Login) -> MqttLink:
    assert isinstance(rig, MqttRig)
    return MqttLink(rig.url, "fleet", [Subscription("t")], random.Random(1), None, QUICK, login)


@needs("mosquitto", "openssl")
@pytest.mark.vda5050("1.5")
@awaited
async def test_the_fleet_speaks_through_tls_under_its_user(tmp_path: Path, certificate: Path) -> None:
    house = House(users={"fleet": ALL}, certificate=certificate)
    async with opener("mosquitto", tmp_path)(house=house) as rig:
        line, heard = link(rig, Login(user="fleet", password=PASSWORD, trust_file=certificate)), Heard()
        rig.run(line, heard)
        await heard.until(lambda: heard.events == ["up"])
        await line.publish("t", b"in secret", qos=1)
        await heard.until(lambda: heard.payloads == [b"in secret"])


@needs("mosquitto", "openssl")
@pytest.mark.vda5050("1.5")
# paho leaves the socket of a failed handshake to the collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("login", "why"),
    [
        (Login(user="fleet", password="guessed"), "ot authori"),
        (Login(), "ot authori"),
        (Login(user="fleet", password=PASSWORD, trust_file=Path("other")), "certificate verify failed"),
    ],
)
@awaited
async def test_why_the_line_does_not_come_up_is_told_once(
    tmp_path: Path, certificate: Path, login: Login, why: str
) -> None:
    trusted = new_certificate(tmp_path / "other.pem") if login.trust_file else certificate
    house = House(users={"fleet": ALL}, certificate=certificate)
    async with opener("mosquitto", tmp_path)(house=house) as rig:
        line = link(rig, Login(user=login.user, password=login.password, trust_file=trusted))
        heard = Heard()
        rig.run(line, heard)
        await heard.until(lambda: bool(heard.events))
        assert why in heard.events[0]
        assert heard.events[0].startswith("down: ")
    gc.collect()


@needs("mosquitto", "openssl")
@awaited
async def test_a_listener_on_the_wire_shows_itself_as_well(tmp_path: Path, certificate: Path) -> None:
    house = House(users={"fleet": ALL}, certificate=certificate)
    async with opener("mosquitto", tmp_path)(house=house) as rig, asyncio.TaskGroup() as tasks:
        assert isinstance(rig, MqttRig)
        login = Login(user="fleet", password=PASSWORD, trust_file=certificate)
        stop, entries, heard, told = asyncio.Event(), list[Entry](), Heard(), Heard()

        def take(entry: Entry) -> None:
            entries.append(entry)
            told.nudge()

        ears = Ears(url=rig.url, login=login, clock=SystemClock.started_now())
        tasks.create_task(listen(ears, take, stop))
        line = link(rig, login)
        rig.run(line, heard)
        await heard.until(lambda: line.is_up)
        await line.publish("t", b"in secret", qos=1, retain=True)  # it may listen later
        await told.until(lambda: bool(entries))
        stop.set()


def test_a_password_is_not_shown() -> None:
    assert PASSWORD not in repr(Login(user="fleet", password=PASSWORD))


def test_a_file_that_holds_no_certificates_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for path in (tmp_path / "empty.pem", tmp_path / "missing.pem"):
        with pytest.raises(BrokerError, match=path.name):
            Login(trust_file=path).tls()
