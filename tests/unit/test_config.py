"""Site files: what they say, who overrules whom, and how faults are told."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from pydantic import BaseModel

from fleet.config import Setting, Source, describe, load, show
from fleet.config.builtin import builtin_tables, builtin_type
from fleet.config.reference import render
from fleet.config.sections import BrokerSection, LimitsSection, PlanningSection, PolicySection, WeightsSection
from fleet.config.sources import key_lines
from fleet.errors import ConfigError
from fleet.model.ids import PointId, StationId, VehicleId, VehicleTypeId
from fleet.model.profile import FieldName, WireLimits
from fleet.model.site import Broker, Limits, MqttVersion, Planning, Policy, Site, Weights

ROOT = Path(__file__).parents[2]
SITE = """\
[site]
id = "valley"
name = "Rhine valley"
time_zone = "Europe/Vaduz"
map = "maps/valley.osm.pbf"
"""
STATION = """\
[[station]]
id = "vaduz"
name = "Post Vaduz"
lat = 47.13864
lon = 9.52209
chargers = 4
"""
POINT = """\
[[point]]
id = "coop"
name = "Coop"
lat = 47.1401
lon = 9.52083
"""
VEHICLE = """\
[[vehicle]]
manufacturer = "Falknis"
serial_number = "FA-001"
vda5050_version = "2.1.0"
type = "zto_5"
home_station = "vaduz"
"""


def written(tmp_path: Path, *parts: str) -> Path:
    path = tmp_path / "site.toml"
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def loaded(
    tmp_path: Path, *more: str, env: dict[str, str] | None = None, flags: dict[str, object] | None = None
) -> Site:
    return load(written(tmp_path, SITE, STATION, POINT, VEHICLE, *more), env, flags)


def faults(path: Path, env: dict[str, str] | None = None, flags: dict[str, object] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, env, flags)
    return [fault.removeprefix(str(path)) for fault in caught.value.faults]


def fault(
    tmp_path: Path, *parts: str, env: dict[str, str] | None = None, flags: dict[str, object] | None = None
) -> str:
    (only,) = faults(written(tmp_path, *(parts or (SITE, STATION, POINT, VEHICLE))), env, flags)
    return only


def test_a_small_file_makes_a_whole_site(tmp_path: Path) -> None:
    site = loaded(tmp_path)
    assert (site.id, site.map_id, site.interface_name) == ("valley", "valley", "uagv")
    assert site.stations[StationId("vaduz")].charger_w == 20_000.0
    assert site.points[PointId("coop")].no_show_s == 600.0
    assert site.vehicles[VehicleId("FA-001")].interface_name == "uagv"
    assert (site.limits, site.planning, site.weights, site.policy) == (Limits(), Planning(), Weights(), Policy())
    assert site.broker.is_embedded


def test_places_and_vehicles_keep_the_order_of_the_file(tmp_path: Path) -> None:
    more = POINT.replace('"coop"', '"apotheke"')
    assert list(loaded(tmp_path, more).points) == ["coop", "apotheke"]


def test_numbers_of_a_vehicle_type_come_in_the_units_of_the_model(tmp_path: Path) -> None:
    kind = loaded(tmp_path).type_of(VehicleId("FA-001"))
    assert kind.speed_mps_max == pytest.approx(11.111, abs=0.001)
    assert kind.battery.energy_wh == 28_000.0
    assert kind.battery.drive_wh(1_000.0, 1_000.0) == pytest.approx(110.0 + 30.0)
    assert kind.battery.reserve_m == 5_000.0


def test_a_point_without_its_own_times_takes_the_defaults_of_the_site(tmp_path: Path) -> None:
    defaults = "[point_defaults]\nunload_fixed_s = 60\nstaff_wait_s = 30"
    own = POINT.replace('"coop"', '"quick"') + "staff_wait_s = 0"
    site = loaded(tmp_path, own, defaults)
    assert (site.points[PointId("coop")].unload_fixed_s, site.points[PointId("coop")].staff_wait_s) == (60.0, 30.0)
    assert (site.points[PointId("quick")].unload_fixed_s, site.points[PointId("quick")].staff_wait_s) == (60.0, 0.0)


def test_a_type_like_a_built_in_one_changes_only_what_it_says(tmp_path: Path) -> None:
    own = '[[vehicle_type]]\nid = "cold"\nlike = "zto_5"\nparcels_max = 400\n[vehicle_type.battery]\nhotel_w = 900'
    kind = loaded(tmp_path, own).vehicle_types[VehicleTypeId("cold")]
    assert (kind.parcels_max, kind.battery.hotel_w) == (400, 900.0)
    assert (kind.volume_m3_max, kind.battery.energy_wh) == (5.5, 28_000.0)


def test_a_type_with_the_id_of_a_built_in_one_overrules_it(tmp_path: Path) -> None:
    site = loaded(tmp_path, '[[vehicle_type]]\nid = "zto_5"\nspeed_kmh_max = 18')
    assert site.type_of(VehicleId("FA-001")).speed_mps_max == 5.0


def test_built_in_types_stay_off_motorways_trunk_roads_and_tracks() -> None:
    for type_id in builtin_tables():
        assert not {"motorway", "trunk", "track"} & set(builtin_type(type_id).road_classes)


def test_the_map_is_found_from_the_site_file_and_a_flag_from_the_working_directory(tmp_path: Path) -> None:
    assert loaded(tmp_path).map_path == tmp_path / "maps" / "valley.osm.pbf"
    assert loaded(tmp_path, flags={"site.map": "other.osm.pbf"}).map_path == Path("other.osm.pbf")


def test_the_data_directory_of_the_file_is_found_from_it_and_the_default_from_the_working_directory(
    tmp_path: Path,
) -> None:
    assert loaded(tmp_path, '[data]\ndir = "journal"').data_dir == tmp_path / "journal"
    assert loaded(tmp_path).data_dir == Path("fleet-data/valley")


def test_the_environment_overrules_the_file_and_flags_overrule_both(tmp_path: Path) -> None:
    file, env = "[api]\nport = 8001", {"FLEET_API__PORT": "8002"}
    assert loaded(tmp_path, file).api.port == 8001
    assert loaded(tmp_path, file, env=env).api.port == 8002
    assert loaded(tmp_path, file, env=env, flags={"api.port": 8003}).api.port == 8003
    assert loaded(tmp_path, file, env=env, flags={"api.port": None}).api.port == 8002


def test_the_environment_sets_texts_lists_and_truths(tmp_path: Path) -> None:
    env = {
        "FLEET_BROKER__URL": "mqtt://broker.lan:1883",
        "FLEET_LIMITS__RESEND_S": "[1, 2.5]",
        "FLEET_API__ALLOW_REMOTE": "true",
        "FLEET_API__HOST": "10.0.0.7",
        "FLEET_SITE__NAME": "42",
        "FLEET_SITE__MAP_ID": "7",
    }
    site = loaded(tmp_path, env=env)
    assert site.broker == Broker(url="mqtt://broker.lan:1883")
    assert site.limits.resend_s == (1.0, 2.5)
    assert (site.api.host, site.name, site.map_id) == ("10.0.0.7", "42", "7")


def test_variables_of_other_commands_are_left_alone(tmp_path: Path) -> None:
    assert loaded(tmp_path, env={"FLEET_URL": "http://127.0.0.1:8700", "HOME": "x", "API__PORT": "1"}).api.port == 8700


def test_each_value_is_shown_with_its_origin(tmp_path: Path) -> None:
    path = written(tmp_path, SITE, STATION, POINT, VEHICLE, "[limits]\nstale_s = 20")
    settings = {setting.key: setting for setting in show(path, {"FLEET_API__PORT": "8002"}, {"api.host": "127.0.0.2"})}
    assert settings["limits.stale_s"] == Setting("limits.stale_s", 20.0, settings["limits.stale_s"].origin)
    assert str(settings["limits.stale_s"].origin) == f"{path}:28"
    assert str(settings["api.port"].origin) == "environment FLEET_API__PORT"
    assert str(settings["api.host"].origin) == "flag api.host"
    assert settings["limits.lost_s"].origin.source is Source.DEFAULT


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path / "none.toml") == [
        ": cannot be read (No such file or directory); name an existing site file"
    ]


def test_a_file_that_is_not_utf_8_says_so(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_bytes('name = "Zürich"'.encode("latin-1"))
    assert faults(tmp_path / "site.toml") == [": is not UTF-8 text; save it as UTF-8"]


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeff" + SITE, STATION, POINT, VEHICLE)
    assert load(path).id == "valley"


@pytest.mark.parametrize(
    ("text", "where"), [('[site]\nid = "a', ":2: not TOML"), ("[site]\nid == 3", ":2:5: not TOML"), ("[site", ":1")]
)
def test_a_slip_in_the_toml_is_told_by_its_line(tmp_path: Path, text: str, where: str) -> None:
    assert fault(tmp_path, text).startswith(where)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"x = {'9' * 5000}", "not TOML: a number of more digits than anybody needs"),
        (f"x = {'[' * 5000}{']' * 5000}", "not TOML: lists or tables within each other without end"),
        (f"x = 1\n{'.'.join('a' * 100_000)} = 1", ":2: not TOML: a key of more than 100 parts"),
        (f"[{' . '.join('a' * 100_000)}]", ":1: not TOML: a key of more than 100 parts"),
        (f"x = {{ a = 1, {'.'.join('a' * 100_000)} = 1 }}", ":1: not TOML: a key of more than 100 parts"),
        (f"# {'x' * 4 * 2**20}", "more than 4 MiB"),
    ],
)
def test_a_file_that_no_parser_can_swallow_is_told_in_words(tmp_path: Path, text: str, said: str) -> None:
    assert said in fault(tmp_path, text)


@pytest.mark.parametrize("value", ["[" * 5000, "9" * 5000, f"{{ {'.'.join('a' * 50_000)} = 1 }}"])
def test_a_variable_that_no_parser_can_swallow_is_told_in_words(tmp_path: Path, value: str) -> None:
    path = written(tmp_path, SITE, STATION, POINT, VEHICLE)
    with pytest.raises(ConfigError, match=r"FLEET_API__PORT: api\.port: found "):
        load(path, {"FLEET_API__PORT": value})


def test_a_header_of_a_hundred_thousand_blanks_is_read_at_once() -> None:
    assert key_lines(f"[{' ' * 100_000}'{' ' * 100_000}x'{' ' * 100_000}]\nid = 1").popitem() == (
        (f"'{' ' * 100_000}x'", "id"),
        2,
    )


def test_dots_in_texts_and_numbers_are_as_many_as_somebody_likes(tmp_path: Path) -> None:
    many = ", ".join(f'{{ id = "p{n}", name = "P. {n}.", lat = 47.14, lon = 9.52 }}' for n in range(200))
    assert len(load(written(tmp_path, f"point = [{many}]", SITE, STATION, VEHICLE)).points) == 200


def test_a_path_is_that_of_the_file_however_its_table_is_written(tmp_path: Path) -> None:
    site = 'site = { id = "a", name = "A", time_zone = "Europe/Vaduz", map = "maps/a.osm.pbf" }'
    folders = "'data' = { dir = \"kept\" }"
    whole = load(written(tmp_path, site, folders, STATION, POINT, VEHICLE), {})
    assert whole.map_path == tmp_path / "maps/a.osm.pbf"
    assert whole.data_dir == tmp_path / "kept"


def test_a_path_that_nobody_gave_is_below_the_working_directory(tmp_path: Path) -> None:
    assert loaded(tmp_path).data_dir == Path("fleet-data/valley")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("maps/valley.osm.pbf", "maps/\\u0000.osm.pbf", "site.map"),
        ("Rhine valley", "Rhine\\nvalley", "site.name"),
        ("Post Vaduz", "Post \\u001b[31m", "station[vaduz].name"),
    ],
)
def test_texts_that_no_file_system_or_terminal_takes_are_refused(
    tmp_path: Path, old: str, new: str, where: str
) -> None:
    site, station = (part.replace(old, new) for part in (SITE, STATION))
    said = fault(tmp_path, site, station, POINT, VEHICLE)
    assert where in said
    assert "needs a text without control characters" in said


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_that_means_another_folder_or_address_is_refused(tmp_path: Path, name: str) -> None:
    said = fault(tmp_path, SITE.replace('"valley"', f'"{name}"'), STATION, POINT, VEHICLE)
    assert "site.id: found" in said
    assert "needs a name with a letter or digit in it" in said


def test_what_was_found_is_shown_only_as_far_as_people_read(tmp_path: Path) -> None:
    said = fault(tmp_path, SITE, STATION.replace("47.13864", f'"{"4" * 100_000}"'), POINT, VEHICLE)
    assert len(said) < 1000


def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    assert fault(tmp_path, SITE, STATION, POINT, VEHICLE, "[api]\nprot = 1") == (
        ':28: api.prot: is not a known key; did you mean "port"?'
    )


def test_an_unknown_key_like_no_other_lists_the_known_ones(tmp_path: Path) -> None:
    assert "known here: url, mqtt, embedded_port" in fault(tmp_path, SITE, STATION, POINT, VEHICLE, "[broker]\nqqq = 1")


def test_an_unknown_table_names_the_nearest_known_one(tmp_path: Path) -> None:
    text = fault(tmp_path, SITE, STATION, POINT, VEHICLE, "[polcy]\nno_staff_retries = 1")
    assert text == ':27: polcy: is not a known key; did you mean "policy"?'


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("FLEET_API_PORT", "environment FLEET_API_PORT: is not read; did you mean FLEET_API__PORT?"),
        ("FLEET_API__PROT", 'environment FLEET_API__PROT: api.prot: is not a known key; did you mean "port"?'),
        ("FLEET_APY__PORT", 'environment FLEET_APY__PORT: apy: is not a known key; did you mean "api"?'),
        ("FLEET_STATION__VADUZ", "names no single value; lists and tables are set in the site file only"),
        ("FLEET_API__PORT", "environment FLEET_API__PORT: api.port: found 80800, needs a number less than or equal"),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(tmp_path: Path, variable: str, said: str) -> None:
    assert said in fault(tmp_path, env={variable: "80800"})


def test_a_wrong_flag_is_told_by_its_name(tmp_path: Path) -> None:
    said = fault(tmp_path, flags={"api.port": "http"})
    assert said == 'flag api.port: found "http", needs a whole number; ' + (
        "correct it, or leave it out for 8700 (port they listen on)"
    )


def test_a_number_in_quotes_is_refused(tmp_path: Path) -> None:
    said = fault(tmp_path, SITE, STATION.replace("47.13864", '"47.13864"'), POINT, VEHICLE)
    assert said.startswith(':10: station[vaduz].lat: found "47.13864", needs a number')


@pytest.mark.parametrize("number", ["0", "-1", "nan", "inf", "true"])
def test_a_number_that_cannot_be_is_refused(tmp_path: Path, number: str) -> None:
    assert fault(tmp_path, SITE, STATION, POINT, VEHICLE, f"[limits]\nexposure_m = {number}").startswith(
        ":28: limits.exposure_m: found"
    )


@pytest.mark.parametrize(("key", "value"), [("lat", "90.1"), ("lat", "-91"), ("lon", "180.5"), ("lon", "-181")])
def test_a_place_outside_the_earth_is_refused(tmp_path: Path, key: str, value: str) -> None:
    point = POINT.replace("47.1401" if key == "lat" else "9.52083", value)
    assert f"point[coop].{key}: found {value}, needs a number" in fault(tmp_path, SITE, STATION, point, VEHICLE)


@pytest.mark.vda5050("1.1")
@pytest.mark.parametrize("sign", ["/", "+", "#", "$", " ", "*", ">", "é", "车", ""])
def test_names_that_break_topics_are_refused(tmp_path: Path, sign: str) -> None:
    serial = VEHICLE.replace("FA-001", f"FA{sign}1" if sign else "")
    assert "serial_number: found" in fault(tmp_path, SITE, STATION, POINT, serial)
    maker = VEHICLE.replace("Falknis", f"Fal{sign}knis" if sign else "")
    assert "vehicle[FA-001].manufacturer: found" in fault(tmp_path, SITE, STATION, POINT, maker)


def test_a_name_that_ends_in_a_line_break_is_refused(tmp_path: Path) -> None:
    assert "serial_number" in fault(tmp_path, SITE, STATION, POINT, VEHICLE.replace("FA-001", "FA-001\\n"))


def test_a_version_that_nobody_speaks_is_refused_with_those_that_are_spoken(tmp_path: Path) -> None:
    never = fault(tmp_path, SITE, STATION, POINT, VEHICLE.replace("2.1.0", "4.2"))
    assert 'found "4.2", needs 2.0.0 or 2.1.0 or 3.0.0' in never


def test_a_vehicle_takes_the_habits_of_the_profile_that_it_names(tmp_path: Path) -> None:
    profile = '[[profile]]\nid = "acme"\nhorizon_edges = 0\nid_chars_max = 12\nlength_m = 3.2\nwidth_m = 1.4\n'
    profile += '[profile.fields]\npick = "load"\n'
    path = written(tmp_path, SITE, STATION, POINT, profile, VEHICLE + 'profile = "acme"\n')
    (vehicle,) = load(path, None, None).vehicles.values()
    assert vehicle.habits.horizon_edges == 0
    assert vehicle.habits.limits == WireLimits(id_chars_max=12)
    assert (vehicle.habits.length_m, vehicle.habits.width_m) == (3.2, 1.4)
    assert vehicle.habits.fields == (FieldName("pick", "load"),)


@pytest.mark.vda5050("13.9")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("corridor_m = 20", "found 20, needs a number less than or equal to 3"),
        ("length_m = 7", "found 7, needs a number less than or equal to 6"),
        ("width_m = 3", "found 3, needs a number less than or equal to 2.55"),
        ("node_deviation_m = 500", "found 500, needs a number"),
        ("state_interval_s = 30000", "found 30000, needs a number"),
        ('fields = {drop = "pick"}', "needs a name of its own for drop, 'pick' is that of pick"),
        ('fields = {drop = "move", pick = "move"}', "needs a name of its own for pick, 'move' is that of drop"),
        ('fields = {drop = ""}', "needs a name of its own for drop"),
        ('fields = {drop = " "}', "needs a name of its own for drop"),
        ('fields = {drop = "\\u0000"}', "needs a text without control characters"),
        (
            'fields = {loadId = "stationName"}',
            "needs a name of its own for loadId, 'stationName' is that of stationName",
        ),
        (
            'fields = {loadId = "x", stationName = "x"}',
            "needs a name of its own for stationName, 'x' is that of loadId",
        ),
        ('fields = {loadId = "drop"}', "needs a name of its own for loadId, 'drop' is that of drop"),
        ('fields = {loadID = "x"}', "needs names of ours on the left, loadID is none; did you mean loadId?"),
        ('fields = {Pick = "x"}', "needs names of ours on the left, Pick is none; did you mean pick?"),
        ('fields = {"?" = "x"}', "needs names of ours on the left, ? is none; known are actionId, cancelOrder, clearI"),
    ],
)
def test_a_profile_that_would_let_a_vehicle_off_the_road_or_mistake_a_drop_is_refused(
    tmp_path: Path, line: str, said: str
) -> None:
    profile = f'[[profile]]\nid = "acme"\n{line}\n'
    assert said in fault(tmp_path, SITE, STATION, POINT, profile, VEHICLE + 'profile = "acme"\n')


def test_two_names_may_change_places(tmp_path: Path) -> None:
    """Makes that load what we call a drop exist; each of ours still has a name of its own."""
    profile = '[[profile]]\nid = "acme"\nfields = {drop = "pick", pick = "drop"}\n'
    path = written(tmp_path, SITE, STATION, POINT, profile, VEHICLE + 'profile = "acme"\n')
    assert load(path, {}).vehicles


def test_a_profile_that_is_nowhere_is_a_fault(tmp_path: Path) -> None:
    said = fault(tmp_path, SITE, STATION, POINT, VEHICLE + 'profile = "acme"\n')
    assert 'profile: found "acme", needs a [[profile]] of this file' in said


def test_two_things_of_one_name_are_told_with_the_first(tmp_path: Path) -> None:
    said = fault(tmp_path, SITE, STATION, POINT, VEHICLE, VEHICLE)
    assert said.startswith(':29: vehicle[FA-001].serial_number: found "FA-001" again (first at ')
    assert ":22); give each its own" in said


def test_a_station_and_a_point_never_share_an_id(tmp_path: Path) -> None:
    assert 'point[vaduz].id: found "vaduz" again' in fault(
        tmp_path, SITE, STATION, POINT.replace('"coop"', '"vaduz"'), VEHICLE
    )


def test_a_vehicle_at_an_unknown_station_names_the_nearest(tmp_path: Path) -> None:
    said = fault(tmp_path, SITE, STATION, POINT, VEHICLE.replace('"vaduz"', '"vadus"'))
    assert said == (
        ':25: vehicle[FA-001].home_station: found "vadus", needs a [[station]] of this file; did you mean "vaduz"?'
    )


def test_a_vehicle_of_an_unknown_type_names_the_nearest(tmp_path: Path) -> None:
    assert 'did you mean "zto_5"?' in fault(tmp_path, SITE, STATION, POINT, VEHICLE.replace("zto_5", "zto_9"))


def test_a_type_like_an_unknown_one_is_one_fault_only(tmp_path: Path) -> None:
    own = '[[vehicle_type]]\nid = "mine"\nlike = "tzo_5"'
    assert 'vehicle_type[mine].like: found "tzo_5"' in fault(tmp_path, SITE, STATION, POINT, VEHICLE, own)


@pytest.mark.parametrize("missing", [STATION, POINT, VEHICLE])
def test_a_site_needs_a_station_a_point_and_a_vehicle(tmp_path: Path, missing: str) -> None:
    parts = [part for part in (SITE, STATION, POINT, VEHICLE) if part != missing]
    table = missing.splitlines()[0]
    assert any(f"there is none; add a {table}" in said for said in faults(written(tmp_path, *parts)))


def test_a_missing_key_says_what_it_means(tmp_path: Path) -> None:
    said = fault(tmp_path, SITE.replace('time_zone = "Europe/Vaduz"\n', ""), STATION, POINT, VEHICLE)
    assert said == ":1: site.time_zone: missing; add it (IANA time zone; windows and hours are local to it)"


def test_an_unknown_time_zone_names_the_nearest(tmp_path: Path) -> None:
    said = fault(tmp_path, SITE.replace("Europe/Vaduz", "Europe/Vadutz"), STATION, POINT, VEHICLE)
    assert 'such as "Europe/Vaduz"' in said


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "fleet.lan", "127.0.0.1.lan"])  # noqa: S104 refused
def test_the_api_leaves_loopback_only_by_an_explicit_switch(tmp_path: Path, host: str) -> None:
    said = fault(tmp_path, SITE, STATION, POINT, VEHICLE, f'[api]\nhost = "{host}"')
    assert "or allow_remote = true beside it" in said
    assert loaded(tmp_path, f'[api]\nhost = "{host}"\nallow_remote = true').api.host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_loopback_needs_no_switch(tmp_path: Path, host: str) -> None:
    assert loaded(tmp_path, f'[api]\nhost = "{host}"').api.host == host


@pytest.mark.parametrize(
    "url", ["broker:1883", "mqtt://broker", "mqtt://u:p@broker:1883", "mqtt://b:0", "mqtt://b:99999", "tcp://b:1", ""]
)
def test_a_broker_that_cannot_be_reached_is_refused(tmp_path: Path, url: str) -> None:
    assert "mqtt://host:port" in fault(tmp_path, flags={"broker.url": url})


def test_mqtt_5_is_spoken_with_a_broker_that_does_and_not_with_our_own(tmp_path: Path) -> None:
    assert loaded(tmp_path).broker.mqtt is MqttVersion.V3_1_1
    elsewhere = '[broker]\nurl = "mqtt://broker:1883"\n'
    assert loaded(tmp_path, f'{elsewhere}mqtt = "5"').broker.mqtt is MqttVersion.V5
    assert loaded(tmp_path, elsewhere, env={"FLEET_BROKER__MQTT": "5"}).broker.mqtt is MqttVersion.V5
    said = fault(tmp_path, SITE, STATION, POINT, VEHICLE, '[broker]\nmqtt = "5"')
    assert "broker.mqtt: found" in said
    assert 'for "5" name a broker that does as broker.url' in said
    assert "one of '3.1.1' or '5'" in fault(tmp_path, SITE, STATION, POINT, VEHICLE, f"{elsewhere}mqtt = 5")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[limits]\nstale_s = 200", "needs more than stale_s (200)"),
        ("[limits]\nresend_s = [4, 2]", "none shorter than the one before it"),
        ("[limits]\nresend_s = []", "at least one wait"),
        ("[limits]\nturn_machine_s_min = 1", "at least turn_machine_s_min (1)"),
        ("[policy]\ncharge_below_fraction = 0.95", "more than charge_below_fraction (0.95)"),
        ('[[vehicle_type]]\nid = "zto_5"\nroad_classes = []', "at least one road class"),
        ('[[vehicle_type]]\nid = "zto_5"\nroad_classes = ["railway"]', "road_classes[#1]"),
    ],
)
def test_values_that_contradict_each_other_are_refused(tmp_path: Path, table: str, said: str) -> None:
    assert said in fault(tmp_path, SITE, STATION, POINT, VEHICLE, table)


def test_all_faults_are_told_at_once_from_the_first_line_to_the_last(tmp_path: Path) -> None:
    parts = (
        SITE.replace("Europe/Vaduz", "Mars/Base"),
        STATION.replace("47.13864", "147"),
        POINT,
        VEHICLE.replace('"vaduz"', '"schaan"').replace("Falknis", "Fal knis"),
        "[weather]",
    )
    said = faults(written(tmp_path, *parts), {"FLEET_API__PORT": "x"}, {"limits.stale_s": -1})
    assert [text.split(": ")[0] for text in said] == [
        ":4",
        ":10",
        ":21",
        ":25",
        ":27",
        "environment FLEET_API__PORT",
        "flag limits.stale_s",
    ]


@pytest.mark.parametrize(
    "text", ["station = 3", "station = [3]", "site = 3", "vehicle = {}", 'limits = "x"', "api = []"]
)
def test_a_file_of_another_shape_is_refused_without_a_crash(tmp_path: Path, text: str) -> None:
    assert faults(written(tmp_path, text), {"FLEET_API__PORT": "8080"})


def test_lines_are_found_in_tables_arrays_and_their_parts() -> None:
    text = '[a]\nx = 1\n[[b]]\ny.z = 2\n[b.c]\nd = 3\n[[b]]\n"y" = 4 # y = 5\n'
    lines = key_lines(text)
    assert lines[("a", "x")] == 2
    assert lines[("b", 0, "y", "z")] == 4
    assert lines[("b", 0, "c", "d")] == 6
    assert lines[("b", 1)] == 7
    assert lines[("b", 1, "y")] == 8


@pytest.mark.parametrize(
    ("section", "value"),
    [
        (LimitsSection(), Limits()),
        (PlanningSection(), Planning()),
        (WeightsSection(), Weights()),
        (PolicySection(), Policy()),
        (BrokerSection(), Broker()),
    ],
)
def test_sections_and_values_of_the_model_agree(
    section: BaseModel, value: Limits | Planning | Weights | Policy | Broker
) -> None:
    assert section.model_dump() == dataclasses.asdict(value)


def test_the_last_wait_before_sending_again_repeats() -> None:
    assert [Limits().resend_wait_s(attempt) for attempt in range(1, 7)] == [2.0, 4.0, 8.0, 10.0, 10.0, 10.0]


def test_the_reference_in_docs_is_what_the_code_says() -> None:
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == render()


@pytest.mark.parametrize(("name", "stations", "points", "vehicles"), [("liechtenstein", 2, 40, 12), ("town", 1, 50, 6)])
def test_the_sites_that_come_along_hold(name: str, stations: int, points: int, vehicles: int) -> None:
    site = load(ROOT / "configs" / f"{name}.toml")
    assert (len(site.stations), len(site.points), len(site.vehicles)) == (stations, points, vehicles)
    assert site.map_path == ROOT / "configs" / "maps" / "liechtenstein.osm.pbf"


def test_the_valley_has_three_makes_and_three_types_at_both_stations() -> None:
    summary = describe(load(ROOT / "configs" / "liechtenstein.toml"))
    assert summary["vehicles_by_type"] == {"zto_5": 5, "post_5": 4, "post_8": 3}
    assert summary["vehicles_by_manufacturer"] == {"Falknis": 5, "Gonzen": 4, "Alvier": 3}
    assert summary["vehicles_by_station"] == {"vaduz": 6, "schaan": 6}


def test_the_town_carries_its_first_wave_in_one_trip_each() -> None:
    site = load(ROOT / "configs" / "town.toml")
    types = [site.type_of(vehicle_id) for vehicle_id in site.vehicles]
    aboard = sum(min(kind.parcels_max, kind.mass_kg_max / 1.2, kind.volume_m3_max * 110) for kind in types)
    assert aboard >= 0.45 * 10_000
