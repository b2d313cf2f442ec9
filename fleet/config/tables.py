"""The tables that a site file has many of: each key with its type, bounds, default and meaning."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

from pydantic import Field, field_validator

from fleet.config.plugins import codec_plugins, load_fault
from fleet.config.values import (
    BodyLength,
    BodyWidth,
    Count,
    CountFromOne,
    Latitude,
    Longitude,
    Name,
    NotNegative,
    Plain,
    Positive,
    RoadClass,
    Section,
    Text,
    WithinHour,
    WithinLane,
    WithinRoad,
    need,
)
from fleet.model.order import INSTANT_PARAMETERS, PARCEL_PARAMETERS, ActionKind

OUR_NAMES = tuple(sorted({*(kind.value for kind in ActionKind), *PARCEL_PARAMETERS, *INSTANT_PARAMETERS}))
"""Of actions and their parameters: all that a make may have names of its own for."""
STANDARD_VERSIONS = ("2.0.0", "2.1.0", "3.0.0")


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
    length_m: BodyLength = Field(description="length; places to stand leave room for no longer vehicle")
    width_m: BodyWidth = Field(description="width; wider vehicles need a permit of their own")
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
    corridor_m: WithinLane | None = Field(
        None,
        description="its outline may be so far left and right of the line of a road; more than 1.5 m leaves its lane,"
        " and is told or granted only where no other vehicle has road",
    )
    node_deviation_m: WithinRoad | None = Field(None, description="how far from a node it may pass it")
    state_interval_s: WithinHour | None = Field(None, description="it says its state at least this often")
    coarse_gauge: bool | None = Field(None, description="a charge of 80 means good and 20 bad, whatever there is")
    length_m: BodyLength | None = Field(None, description="length, where its factsheet is wrong about it")
    width_m: BodyWidth | None = Field(None, description="width, where its factsheet is wrong about it")
    message_bytes_max: Count = Field(0, description="bytes of a message that it takes; 0 for what its factsheet says")
    id_chars_max: Count = Field(0, description="characters of an id that it takes; 0 as above")
    ids_are_numbers: bool = Field(False, description="it takes ids of digits only")
    order_nodes_max: Count = Field(0, description="nodes of an order that it takes; 0 as above")
    order_edges_max: Count = Field(0, description="edges of an order that it takes; 0 as above")
    node_actions_max: Count = Field(0, description="actions of a node that it takes; 0 as above")
    action_parameters_max: Count = Field(0, description="parameters of an action that it takes; 0 as above")
    control_points_max: Count = Field(0, description="control points of an edge that it takes; 0 as above")
    order_interval_s_min: NotNegative = Field(0.0, description="seconds between two orders or updates; 0 as above")
    fields: dict[str, Plain] = Field(
        {}, description="our name of an action or parameter = the vehicle's, as [profile.fields]"
    )

    @field_validator("fields")
    @classmethod
    def _no_two_become_one(cls, value: dict[str, str]) -> dict[str, str]:
        """A vehicle that is told to drop must not read that it shall pick, nor take a station for a lot."""
        for ours in value:
            if ours not in OUR_NAMES:
                raise need(f"names of ours on the left, {ours} is none; {_meant(ours)}")
        ours_by_name = {name: name for name in OUR_NAMES if name not in value}
        for ours, theirs in value.items():
            if not theirs.strip() or ours_by_name.setdefault(theirs, ours) != ours:
                other = ours_by_name.get(theirs)
                raise need(f"a name of its own for {ours}" + (f", {theirs!r} is that of {other}" if other else ""))
        return value


def _meant(name: str) -> str:
    by_small = {ours.casefold(): ours for ours in OUR_NAMES}
    near = get_close_matches(name.casefold(), by_small, n=1, cutoff=0.5)
    return f"did you mean {by_small[near[0]]}?" if near else f"known are {', '.join(OUR_NAMES)}"


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
            raise need(" or ".join(dict.fromkeys((*STANDARD_VERSIONS, *offered))))
        if value not in STANDARD_VERSIONS and (fault := load_fault(offered[value])):
            raise need(f"a codec that can be used; plug-in {value!r} ({offered[value].value}) cannot: {fault}")
        return value
