"""The tables that a site file has once: each key with its type, bounds, default and meaning.

Defaults of numbers that the model also knows are taken from there, so that they are written once.
"""

from __future__ import annotations

import itertools
import zoneinfo
from difflib import get_close_matches
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, ValidationInfo, field_validator

from fleet.config.values import (
    Count,
    CountFromOne,
    Fraction,
    Name,
    NotNegative,
    Plain,
    Port,
    PortOrAny,
    Positive,
    Section,
    Text,
    is_loopback,
    need,
)
from fleet.model.site import EMBEDDED_BROKER, ApiAddress, Broker, Limits, Planning, Policy, Weights

_LIMITS, _PLANNING, _WEIGHTS, _POLICY = Limits(), Planning(), Weights(), Policy()


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

    user: Plain = Field("", description="user at a broker that is not our own; empty for none")
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


def _is_broker_url(text: str) -> bool:
    try:
        url: SplitResult = urlsplit(text)
        has_port = url.port is not None and url.port > 0
    except ValueError:
        return False
    bare = not (url.username or url.password or url.path or url.query or url.fragment)
    return url.scheme in ("mqtt", "mqtts") and bool(url.hostname) and has_port and bare
