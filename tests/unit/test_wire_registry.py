"""Codecs that others bring: found by their entry point, as an installed package offers them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from fleet.config.plugins import CODEC_GROUP, CODEC_PARTS, codec_plugins
from fleet.config.tables import VehicleTable
from fleet.errors import WireError
from fleet.model.profile import NO_HABITS, Learned, Profile, profile_of
from fleet.orders.build import order_message
from fleet.wire import codec, registry
from fleet.wire.link import Topic
from fleet.wire.messages import Connection, ConnectionState, Header
from fleet.wire.registry import STANDARD, Registry
from fleet.wire.rules import order_violations, violations
from fleet.wire.version import VersionCodec
from tests.nouns import NOW_S, an_order, terms
from tests.unit.test_wire_codec import STATE
from vehicle_sim.makes.courier_bus import CODEC as BUS_ITSELF

BUS = "courier-bus-1"
BUS_CODEC = "vehicle_sim.makes.courier_bus:CODEC"
Install = Callable[[str], None]


def offered(name: str, value: str = BUS_CODEC) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=CODEC_GROUP)


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    """Puts a package with these entry points beside the others, as an installer would."""
    registry.registry.cache_clear()

    def put(entry_points: str) -> None:
        package = tmp_path / "some_makes-1.0.dist-info"
        package.mkdir()
        (package / "METADATA").write_text("Metadata-Version: 2.1\nName: some-makes\nVersion: 1.0\n")
        (package / "entry_points.txt").write_text(f"[{CODEC_GROUP}]\n{entry_points}\n")
        sys.path.append(str(tmp_path))

    yield put
    if str(tmp_path) in sys.path:
        sys.path.remove(str(tmp_path))
    registry.registry.cache_clear()


def a_header(version: str = BUS) -> Header:
    return Header(header_id=1, sent_s=NOW_S, version=version, manufacturer="acme", serial_number="van-1")


def a_vehicle_table(version: str) -> VehicleTable:
    return VehicleTable(
        manufacturer="acme", serial_number="van-1", vda5050_version=version, type="van", home_station="north"
    )


def test_a_make_with_its_own_protocol_joins_by_a_plug_in(install: Install) -> None:
    install(f"{BUS} = {BUS_CODEC}")
    assert a_vehicle_table(BUS).vda5050_version == BUS
    message = Connection(header=a_header(), state=ConnectionState.HIBERNATING)
    topic = Topic("bus", 1, "acme", "van-1", "connection")
    payload = codec.encode_connection(message)
    assert codec.decode(topic, payload, BUS) == message
    assert codec.rules_of(message, topic, BUS).violations("connection", payload) == []
    assert codec.topic_major(BUS) == 1


def test_an_order_of_ours_is_told_to_such_a_make_and_keeps_its_rules(install: Install) -> None:
    install(f"{BUS} = {BUS_CODEC}")
    order = order_message(an_order("n1", "point:p1"), terms())
    payload = codec.with_header(codec.body_of(order, Profile(version=BUS, topic_major=1)), a_header())
    assert b"nodes" not in payload
    assert (violations(BUS, "order", payload), order_violations(BUS, payload)) == ([], [])
    assert codec.decode_order(payload, BUS) == (a_header(), order)


WORDLESS = """
from vehicle_sim.makes.courier_bus import CourierBus

class Wordless(CourierBus):
    version = "wordless-1"

    def body(self, message, profile):
        return {}[type(message).__name__]

CODEC = Wordless()
"""


def test_a_makes_codec_that_stumbles_over_a_question_that_was_never_asked_of_it_has_no_words_for_it(
    install: Install, tmp_path: Path
) -> None:
    """It is asked how each vehicle is spoken to, while the area opens: no vehicle of another make would be served."""
    (tmp_path / "wordless_make.py").write_text(WORDLESS)
    install("wordless-1 = wordless_make:CODEC")
    assert not codec.hears_answers("wordless-1")


STUMBLER = """
from vehicle_sim.makes.courier_bus import CourierBus

class Stumbler(CourierBus):
    version = "stumbler-1"

    def header_of(self, payload, topic):
        return payload["header"]

CODEC = Stumbler()
"""


@pytest.mark.vda5050("1.9")
def test_a_makes_codec_that_stumbles_over_a_message_costs_that_message_and_no_more(
    install: Install, tmp_path: Path
) -> None:
    (tmp_path / "stumbling_make.py").write_text(STUMBLER)
    install("stumbler-1 = stumbling_make:CODEC")
    with pytest.raises(WireError, match="TypeError"):
        codec.decode(Topic("bus", 1, "acme", "van-1", "state"), b"{}", "stumbler-1")
    with pytest.raises(WireError, match="TypeError"):
        codec.decode_order(b"{}", "stumbler-1")


def test_a_vehicle_cannot_switch_to_a_makes_protocol_by_saying_its_name(install: Install) -> None:
    install(f"{BUS} = {BUS_CODEC}")
    topic = Topic("uagv", 2, "acme", "van-1", "state")
    with pytest.raises(WireError, match=BUS):
        codec.decode(topic, json.dumps(STATE | {"version": BUS}).encode())
    with pytest.raises(WireError):
        codec.decode(topic, codec.encode_connection(Connection(header=a_header(), state=ConnectionState.ONLINE)))


def test_a_makes_protocol_is_not_left_for_what_messages_say() -> None:
    told = profile_of(BUS, NO_HABITS, Learned(version="2.1.0"), stitches_by_default=False, major_by_default=1)
    assert (told.version, told.topic_major) == (BUS, 1)


def test_what_no_plug_in_offers_is_no_version(install: Install) -> None:
    install("other-bus = nowhere:CODEC")
    with pytest.raises(ValueError, match="other-bus"):
        a_vehicle_table("unheard-of")


@pytest.mark.parametrize(
    ("plug_in", "reason"),
    [
        (offered("broken", "no_such_package.codec:CODEC"), "ModuleNotFoundError"),
        (offered("broken", "vehicle_sim.makes.courier_bus:NOTHING"), "AttributeError"),
        (offered("broken", "vehicle_sim.makes.courier_bus:VERSION"), "no codec"),
        (offered("broken", BUS_CODEC), "courier-bus-1"),
        (offered("broken", "tests.unit.leaving_plug_in:CODEC"), "SystemExit"),
    ],
)
def test_a_broken_plug_in_is_named_and_takes_nobody_else_down(plug_in: EntryPoint, reason: str) -> None:
    known = Registry([plug_in, offered(BUS)])
    assert known.codec_for(BUS).version == BUS
    assert known.codec_for("2.1.0").version == "2.1.0"
    with pytest.raises(ValueError, match=reason) as caught:
        known.codec_for("broken")
    assert "'broken'" in str(caught.value)
    assert plug_in.value in str(caught.value)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("no_such_package.codec:CODEC", "ModuleNotFoundError"),
        ("tests.unit.leaving_plug_in:CODEC", "SystemExit"),
        ("vehicle_sim.makes.courier_bus:VERSION", "it is no codec, for it has no version"),
        (BUS_CODEC, "it speaks 'courier-bus-1'"),
    ],
)
def test_a_site_whose_make_has_a_broken_plug_in_is_told_its_name(install: Install, value: str, fault: str) -> None:
    install(f"odd-bus = {value}")
    with pytest.raises(ValueError, match=rf"'odd-bus' \({re.escape(value)}\) cannot: {fault}"):
        a_vehicle_table("odd-bus")
    assert a_vehicle_table("2.1.0").vda5050_version == "2.1.0"


def test_a_version_that_a_plug_in_offers_again_is_listed_once(install: Install) -> None:
    install("2.1.0 = fleet.wire.v2:CODEC_2_1_0")
    with pytest.raises(ValueError, match="unheard-of") as caught:
        a_vehicle_table("unheard-of")
    assert str(caught.value).count("2.1.0") == 1


def test_all_that_is_asked_of_a_codec_is_looked_for_while_the_site_is_read() -> None:
    assert set(CODEC_PARTS) == {name for name in vars(VersionCodec) if not name.startswith("_")}


class _Careless:
    """A make's codec that was never shown what vehicles can say."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def __getattr__(self, name: str) -> object:
        return getattr(BUS_ITSELF, name)

    def read(self, topic_name: str, header: Header, payload: bytes) -> object:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize("answer", [KeyError("job"), TypeError("no"), AttributeError("x"), None, "a state"])
def test_a_codec_that_trips_over_a_message_costs_that_message_only(
    monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    monkeypatch.setitem(registry.registry().codecs, BUS, _Careless(answer))
    payload = BUS_ITSELF.with_header(b"{}", a_header())
    with pytest.raises(WireError):
        codec.decode(Topic("bus", 1, "acme", "van-1", "connection"), payload, BUS)


def test_nobody_takes_the_place_of_the_standard() -> None:
    known = Registry([offered("2.1.0", "fleet.wire.v2:CODEC_2_1_0")])
    assert known.codec_for("2.1.0") is STANDARD["2.1.0"]
    assert "already" in known.faults["2.1.0"]


def test_a_plug_in_found_twice_counts_once(install: Install) -> None:
    install(f"{BUS} = {BUS_CODEC}\n{BUS}-x = {BUS_CODEC}")
    assert [each.name for each in codec_plugins()].count(BUS) == 1


def test_a_stranger_may_make_up_versions_for_ever_and_fills_no_memory() -> None:
    known = Registry()
    for patch in range(1000):
        assert known.codec_for(f"2.1.{patch}").version == "2.1.0"
    assert len(known.nearest) <= 100
