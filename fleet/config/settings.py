"""What a site file may say: each key with its type, bounds, default and meaning.

The names carry the units in which people think of the quantity (kWh, km/h); `build` turns them into the units of
the model. Defaults of numbers that the model also knows are taken from there, so that they are written once.
"""

from __future__ import annotations

import ipaddress
import itertools
import zoneinfo
from difflib import get_close_matches
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from fleet.config.plugins import codec_plugins, load_fault
from fleet.model.order import ActionKind
from fleet.model.site import EMBEDDED_BROKER, ApiAddress, Broker, Limits, Planning, Policy, Weights
from fleet.model.vehicle import LENGTH_M_MAX

STANDARD_VERSIONS = ("2.0.0", "2.1.0", "3.0.0")
NAME_PATTERN = r"^[A-Za-z0-9_.:-]+$"  # VDA 5050 for serial numbers; safe in topics, file names and addresses too

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
WithinLane = Annotated[float, Field(ge=0, le=3)]
WithinRoad = Annotated[float, Field(gt=0, le=10)]
WithinHour = Annotated[float, Field(gt=0, le=3600)]
Count = Annotated[int, Field(ge=0)]
CountFromOne = Annotated[int, Field(ge=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
PortOrAny = Annotated[int, Field(ge=0, le=65535)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
RoadClass = Literal[
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link",
    "tertiary", "tertiary_link", "unclassified", "residential", "living_street", "service", "road", "track",
    "busway", "pedestrian", "cycleway",
]  # fmt: skip

_LIMITS, _PLANNING, _WEIGHTS, _POLICY = Limits(), Planning(), Weights(), Policy()


def need(text: str) -> PydanticCustomError:
    """What a value would have to be, as an error for pydantic to collect."""
    return PydanticCustomError("need", "{text}", {"text": text})


class Section(BaseModel):
    """A table of the site file; a key it does not know is an error, and so is a number in quotes."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class SiteSection(Section):
    id: Name = Field(description="id of the area; names it in the journal and in the data directory")
    name: Text = Field(description="what people call it")
    time_zone: str = Field(description="IANA time zone; windows and hours are local to it")
    language: Literal["en", "zh"] = Field("en", description="language of reports")
    traffic: Literal["right", "left"] = Field("right", description="side of the road that is driven on")
    map: Text = Field(description="OpenStreetMap extract (.osm.pbf)")
    map_id: Name | None = Field(
        None, description="name under which vehicles know the map; by default its file name up to the first dot"
    )
    interface_name: Name = Field("uagv", description="first level of all VDA 5050 topics")

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        known = zoneinfo.available_timezones()
        if value not in known:
            nearest = get_close_matches(value, known, n=1)
            raise need(f'an IANA time zone such as "{nearest[0] if nearest else "Europe/Vaduz"}"')
        return value


class BrokerSection(Section):
    url: str = Field(
        Broker().url,
        description='"embedded" for a broker of our own on this machine, or mqtt://host:port, or mqtts:// with TLS',
    )
    mqtt: Literal["3.1.1", "5"] = Field(
        "3.1.1", description="MQTT that is spoken with the broker; the embedded one speaks 3.1.1 only"
    )
    embedded_port: PortOrAny = Field(
        Broker().embedded_port, description="port of the embedded broker, on loopback; 0 for any that is free"
    )

    user: str = Field("", description="user at a broker that is not our own; empty for none")
    password_file: Text | None = Field(
        None,
        description="file whose first line is the user's password; the environment variable FLEET_BROKER_PASSWORD,"
        " which holds the password itself, overrules it",
    )
    ca_file: Text | None = Field(
        None, description="certificates (PEM) that vouch for a mqtts:// broker; by default those the machine trusts"
    )

    @field_validator("url")
    @classmethod
    def _url_is_spoken(cls, value: str) -> str:
        if value != EMBEDDED_BROKER and not _is_broker_url(value):
            raise need('"embedded", mqtt://host:port or mqtts://host:port, without user, password or path')
        return value

    @field_validator("mqtt")
    @classmethod
    def _broker_speaks_it(cls, value: str, info: ValidationInfo) -> str:
        if value != "3.1.1" and info.data.get("url") == EMBEDDED_BROKER:
            raise need(
                '"3.1.1", for the embedded broker speaks no other; for "5" name a broker that does as broker.url'
            )
        return value


class ApiSection(Section):
    allow_remote: bool = Field(False, description="let the API listen on an address that is not loopback")
    host: Text = Field(ApiAddress().host, description="address the HTTP API listens on")
    port: Port = Field(ApiAddress().port, description="port they listen on")

    @field_validator("host")
    @classmethod
    def _host_is_loopback(cls, value: str, info: ValidationInfo) -> str:
        if not is_loopback(value) and not info.data.get("allow_remote", False):
            raise need("a loopback address such as 127.0.0.1, or allow_remote = true beside it")
        return value


class DataSection(Section):
    dir: Text | None = Field(
        None, description="directory of the journal; by default fleet-data/ and the id of the site"
    )


class LimitsSection(Section):
    exposure_m: Positive = Field(_LIMITS.exposure_m, description="road released beyond the last confirmed node")
    exposure_s: Positive = Field(_LIMITS.exposure_s, description="the same as driving time")
    base_extension_s: Positive = Field(
        _LIMITS.base_extension_s, description="driving time that each extension of released road covers, if it can"
    )
    reaction_s: Positive = Field(
        _LIMITS.reaction_s,
        description="time for a state to come and an order to get there; road is released twice as long before braking",
    )
    stale_s: Positive = Field(_LIMITS.stale_s, description="a vehicle without a state for this long is stale")
    lost_s: Positive = Field(
        _LIMITS.lost_s, validate_default=True, description="and for this long, lost; more than stale_s"
    )
    resend_s: tuple[Positive, ...] = Field(
        _LIMITS.resend_s,
        strict=False,
        description="waits before an unconfirmed order is sent again; the last one repeats",
    )
    resend_attempts: CountFromOne = Field(_LIMITS.resend_attempts, description="sendings before a person is asked")
    turn_machine_s_min: NotNegative = Field(
        _LIMITS.turn_machine_s_min, description="machine time between two turns of the controller when idle"
    )
    turn_machine_s_busy: NotNegative = Field(
        _LIMITS.turn_machine_s_busy,
        validate_default=True,
        description="and under load; not less than turn_machine_s_min",
    )

    @field_validator("lost_s")
    @classmethod
    def _lost_is_after_stale(cls, value: float, info: ValidationInfo) -> float:
        if value <= (stale_s := info.data.get("stale_s", 0.0)):
            raise need(f"more than stale_s ({stale_s:g})")
        return value

    @field_validator("resend_s")
    @classmethod
    def _waits_never_shrink(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or any(later < earlier for earlier, later in itertools.pairwise(value)):
            raise need("at least one wait, and none shorter than the one before it")
        return value

    @field_validator("turn_machine_s_busy")
    @classmethod
    def _busy_is_not_faster(cls, value: float, info: ValidationInfo) -> float:
        if value < (idle_s := info.data.get("turn_machine_s_min", 0.0)):
            raise need(f"at least turn_machine_s_min ({idle_s:g})")
        return value


class PlanningSection(Section):
    budget_s: Positive = Field(_PLANNING.budget_s, description="machine time for the better answer that follows")
    margin_s: NotNegative = Field(
        _PLANNING.margin_s, description="runs are planned to arrive this long before they are due"
    )
    gain_fraction_min: Fraction = Field(
        _PLANNING.gain_fraction_min, description="share of the cost that a better plan must save to be used"
    )


class WeightsSection(Section):
    late_s: NotNegative = Field(_WEIGHTS.late_s, description="a second of lateness, times the run's priority")
    drive_s: NotNegative = Field(_WEIGHTS.drive_s, description="a second of driving")
    trip: NotNegative = Field(_WEIGHTS.trip, description="one more departure")
    unassigned: Positive = Field(_WEIGHTS.unassigned, description="a run left behind, times its priority")
    moved_s: NotNegative = Field(_WEIGHTS.moved_s, description="a second by which an announced arrival moves")
    announced_s: NotNegative = Field(_WEIGHTS.announced_s, description="trips that begin within this are announced")
    gain_min: NotNegative = Field(_WEIGHTS.gain_min, description="a changed plan must be better by this much")


class PolicySection(Section):
    no_staff_retries: Count = Field(
        _POLICY.no_staff_retries, description="further attempts at a stop without staff before its parcels go back"
    )
    stopped_alarm_s: NotNegative = Field(
        _POLICY.stopped_alarm_s, description="a person is called for an emergency stop that lasts this long"
    )
    blocked_wait_s: NotNegative = Field(
        _POLICY.blocked_wait_s, description="a blocked vehicle waits this long before another way is looked for"
    )
    charge_below_fraction: Fraction = Field(
        _POLICY.charge_below_fraction, description="an idle vehicle below this charge goes to a charger"
    )
    charge_until_fraction: Fraction = Field(
        _POLICY.charge_until_fraction,
        validate_default=True,
        description="and stays there up to this charge; more than charge_below_fraction",
    )
    keep_ended_s: NotNegative = Field(
        _POLICY.keep_ended_s,
        description="runs and trips leave the working state this long after their end; the journal keeps them",
    )
    keep_messages_s: NotNegative = Field(
        _POLICY.keep_messages_s,
        description="messages to vehicles are kept word for word this long, or while their order is open;"
        " their digests for good",
    )
    consumption_factor: Positive = Field(
        _POLICY.consumption_factor,
        description="driving is expected to take so many times what the vehicle type says: cold, wind, wear",
    )

    @field_validator("charge_until_fraction")
    @classmethod
    def _until_is_above_below(cls, value: float, info: ValidationInfo) -> float:
        if value <= (below := info.data.get("charge_below_fraction", 0.0)):
            raise need(f"more than charge_below_fraction ({below:g})")
        return value


class PointDefaultsSection(Section):
    unload_fixed_s: NotNegative = Field(90.0, description="a stop takes at least this long")
    unload_per_parcel_s: NotNegative = Field(0.8, description="on top, for each parcel")
    staff_wait_s: NotNegative = Field(124.0, description="expected wait until staff are at the door")
    no_show_s: Positive = Field(600.0, description="wait for staff after which the unloading counts as failed")


class StationTable(Section):
    id: Name = Field(description="unique among stations and points")
    name: Text = Field(description="what people call it")
    lat: Latitude = Field(description="latitude, WGS 84 degrees")
    lon: Longitude = Field(description="longitude, WGS 84 degrees")
    loading_bays: CountFromOne = Field(2, description="vehicles that can be loaded at the same time")
    load_fixed_s: NotNegative = Field(120.0, description="loading a trip takes at least this long")
    load_per_parcel_s: NotNegative = Field(0.6, description="on top, for each parcel")
    chargers: Count = Field(0, description="vehicles that can charge at the same time")
    charger_kw: Positive = Field(20.0, description="power of one charger")


class PointTable(Section):
    id: Name = Field(description="unique among stations and points")
    name: Text = Field(description="what people call it")
    lat: Latitude = Field(description="latitude, WGS 84 degrees")
    lon: Longitude = Field(description="longitude, WGS 84 degrees")
    unload_fixed_s: NotNegative | None = Field(None, description="instead of the one in [point_defaults]")
    unload_per_parcel_s: NotNegative | None = Field(None, description="instead of the one in [point_defaults]")
    staff_wait_s: NotNegative | None = Field(None, description="instead of the one in [point_defaults]")
    no_show_s: Positive | None = Field(None, description="instead of the one in [point_defaults]")


class BatteryTable(Section):
    energy_kwh: Positive = Field(description="energy when full")
    empty_kwh_per_km: Positive = Field(description="taken by driving without load")
    load_kwh_per_km_t: NotNegative = Field(description="on top, for each tonne of load")
    hotel_w: NotNegative = Field(description="taken while switched on, driving or not")
    charge_kw_max: Positive = Field(description="power at which it can be charged")
    reserve_fraction: Annotated[float, Field(ge=0, lt=1)] = Field(description="never planned to fall below this share")
    reserve_km: NotNegative = Field(description="and this much driving on top of it")


class VehicleTypeTable(Section):
    id: Name = Field(description="name of the type; that of a built-in one changes only the keys given")
    like: Name | None = Field(None, description="built-in type from which all keys not given are taken")
    mass_kg_max: Positive = Field(description="payload")
    volume_m3_max: Positive = Field(description="cargo volume")
    parcels_max: CountFromOne = Field(description="parcels that fit")
    speed_kmh_max: Positive = Field(description="top speed")
    accel_mps2: Positive = Field(description="speeding up and braking alike")
    length_m: Annotated[float, Field(gt=0, le=LENGTH_M_MAX)] = Field(
        description="length; places to stand leave room for no longer vehicle"
    )
    width_m: Positive = Field(description="width")
    road_classes: tuple[RoadClass, ...] = Field(
        strict=False, description="OpenStreetMap highway values it may drive on"
    )
    battery: BatteryTable = Field(description="its battery, as [vehicle_type.battery]")

    @field_validator("road_classes")
    @classmethod
    def _some_road_is_allowed(cls, value: tuple[RoadClass, ...]) -> tuple[RoadClass, ...]:
        if not value:
            raise need("at least one road class")
        return value


class ProfileTable(Section):
    id: Name = Field(description="name of the profile")
    instant_actions_alias: bool | None = Field(
        None,
        description="instant actions are listed under `instantActions` as well, for vehicles that read only that;"
        " where nothing is said, tried once with a vehicle that shows none",
    )
    stitch_with_actions: bool | None = Field(
        None, description="the first node of an update repeats its actions; by default as the version asks"
    )
    horizon_edges: Count | None = Field(
        None, description="pieces of road announced beyond those released; 0 for vehicles that drive on into them"
    )
    trajectory: bool | None = Field(
        None, description="edges carry the course of the road; by default where the factsheet lists it"
    )
    corridor_m: WithinLane | None = Field(None, description="room left and right of an edge that it may use")
    node_deviation_m: WithinRoad | None = Field(None, description="how far from a node it may pass it")
    state_interval_s: WithinHour | None = Field(None, description="it says its state at least this often")
    coarse_gauge: bool | None = Field(None, description="a charge of 80 means good and 20 bad, whatever there is")
    message_bytes_max: Count = Field(0, description="bytes of a message that it takes; 0 for what its factsheet says")
    id_chars_max: Count = Field(0, description="characters of an id that it takes; 0 as above")
    ids_are_numbers: bool = Field(False, description="it takes ids of digits only")
    order_nodes_max: Count = Field(0, description="nodes of an order that it takes; 0 as above")
    order_edges_max: Count = Field(0, description="edges of an order that it takes; 0 as above")
    node_actions_max: Count = Field(0, description="actions of a node that it takes; 0 as above")
    action_parameters_max: Count = Field(0, description="parameters of an action that it takes; 0 as above")
    control_points_max: Count = Field(0, description="control points of an edge that it takes; 0 as above")
    order_interval_s_min: NotNegative = Field(0.0, description="seconds between two orders or updates; 0 as above")
    fields: dict[str, str] = Field(
        {}, description="our name of an action or parameter = the vehicle's, as [profile.fields]"
    )

    @field_validator("fields")
    @classmethod
    def _no_two_become_one(cls, value: dict[str, str]) -> dict[str, str]:
        """A vehicle that is told to drop must not read that it shall pick."""
        ours_by_name = {kind.value: kind.value for kind in ActionKind if kind.value not in value}
        for ours, theirs in value.items():
            if not theirs or ours_by_name.setdefault(theirs, ours) != ours:
                other = ours_by_name.get(theirs)
                raise need(f"a name of its own for {ours}" + (f", {theirs!r} is that of {other}" if other else ""))
        return value


class VehicleTable(Section):
    manufacturer: Name = Field(description="as the vehicle names it in its messages")
    serial_number: Name = Field(description="as the vehicle names it; unique in the site")
    vda5050_version: str = Field(
        description=f"version of VDA 5050 that the vehicle speaks: {', '.join(STANDARD_VERSIONS)}; "
        "or the name of an installed codec plug-in, where its make has a protocol of its own"
    )
    type: Name = Field(description="a [[vehicle_type]] of this file or a built-in one")
    home_station: Name = Field(description="id of the station where it parks")
    interface_name: Name | None = Field(None, description="instead of the one in [site]")
    profile: Name | None = Field(None, description="a [[profile]] of this file: what its make differs in")

    @field_validator("vda5050_version")
    @classmethod
    def _version_is_spoken(cls, value: str) -> str:
        offered = {plug_in.name: plug_in for plug_in in codec_plugins()}
        if value not in (*STANDARD_VERSIONS, *offered):
            raise need(" or ".join((*STANDARD_VERSIONS, *offered)))
        if value not in STANDARD_VERSIONS and (fault := load_fault(offered[value])):
            raise need(f"a codec that can be used; plug-in {value!r} ({offered[value].value}) cannot: {fault}")
        return value


class Settings(Section):
    """A whole site file."""

    site: SiteSection = Field(description="The area.")
    broker: BrokerSection = Field(BrokerSection(), description="The MQTT broker through which vehicles are spoken to.")
    api: ApiSection = Field(ApiSection(), description="The HTTP API.")
    data: DataSection = Field(DataSection(), description="Where the journal is kept.")
    limits: LimitsSection = Field(
        LimitsSection(), description="When to say it again, when to worry, how far a vehicle may be let go."
    )
    planning: PlanningSection = Field(PlanningSection(), description="How much effort a plan may take.")
    weights: WeightsSection = Field(WeightsSection(), description="What things cost in a plan, in seconds of lateness.")
    policy: PolicySection = Field(PolicySection(), description="What to do when the world does not play along.")
    point_defaults: PointDefaultsSection = Field(
        PointDefaultsSection(), description="Handling times of all pickup points that do not give their own."
    )
    station: tuple[StationTable, ...] = Field((), strict=False, description="A delivery station; at least one.")
    point: tuple[PointTable, ...] = Field((), strict=False, description="A pickup point; at least one.")
    vehicle_type: tuple[VehicleTypeTable, ...] = Field(
        (), strict=False, description="A type of vehicle that is not built in, or differs from the built-in one."
    )
    profile: tuple[ProfileTable, ...] = Field(
        (), strict=False, description="What vehicles of one make differ in on the wire; only what is given is changed."
    )
    vehicle: tuple[VehicleTable, ...] = Field((), strict=False, description="A vehicle; at least one.")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_broker_url(text: str) -> bool:
    try:
        url: SplitResult = urlsplit(text)
        has_port = url.port is not None and url.port > 0
    except ValueError:
        return False
    bare = not (url.username or url.password or url.path or url.query or url.fragment)
    return url.scheme in ("mqtt", "mqtts") and bool(url.hostname) and has_port and bare
