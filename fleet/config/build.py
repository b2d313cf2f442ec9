"""Checked settings -> the values of the model, in its units."""

from __future__ import annotations

from pathlib import Path

from fleet.config.builtin import builtin_type
from fleet.config.sections import BrokerSection, PointDefaultsSection
from fleet.config.settings import Settings
from fleet.config.sources import Source, Tables
from fleet.config.tables import BatteryTable, PointTable, ProfileTable, StationTable, VehicleTable, VehicleTypeTable
from fleet.model.ids import AreaId, PointId, StationId, VehicleId, VehicleTypeId
from fleet.model.place import PickupPoint, Station
from fleet.model.profile import FieldName, Habits, WireLimits
from fleet.model.site import ApiAddress, Broker, Limits, MqttVersion, Planning, Policy, Site, Traffic, Weights
from fleet.model.vehicle import Battery, Vehicle, VehicleType

_W_PER_KW = 1000.0
_WH_PER_KWH = 1000.0
_M_PER_KM = 1000.0
_KG_PER_T = 1000.0
_KMH_PER_MPS = 3.6


def build(settings: Settings, tables: Tables) -> Site:
    """The site of settings that hold."""
    site = settings.site
    return Site(
        id=AreaId(site.id),
        name=site.name,
        time_zone=site.time_zone,
        language=site.language,
        traffic=Traffic(site.traffic),
        interface_name=site.interface_name,
        map_path=_resolved(tables, "site", "map", site.map),
        map_id=site.map_id or Path(site.map).name.split(".", 1)[0],
        data_dir=_resolved(tables, "data", "dir", settings.data.dir or f"fleet-data/{site.id}"),
        broker=_broker(settings.broker, tables),
        api=ApiAddress(host=settings.api.host, port=settings.api.port),
        limits=Limits(**settings.limits.model_dump()),
        planning=Planning(**settings.planning.model_dump()),
        weights=Weights(**settings.weights.model_dump()),
        policy=Policy(**settings.policy.model_dump()),
        stations={StationId(table.id): _station(table) for table in settings.station},
        points={PointId(table.id): _point(table, settings.point_defaults) for table in settings.point},
        vehicle_types={VehicleTypeId(table.id): _vehicle_type(table) for table in _types(settings)},
        vehicles={VehicleId(table.serial_number): _vehicle(table, settings) for table in settings.vehicle},
    )


def _broker(section: BrokerSection, tables: Tables) -> Broker:
    files = {name: getattr(section, name) for name in ("password_file", "ca_file")}
    return Broker(
        url=section.url,
        mqtt=MqttVersion(section.mqtt),
        embedded_port=section.embedded_port,
        user=section.user,
        **{name: _resolved(tables, "broker", name, text) for name, text in files.items() if text},
    )


def _resolved(tables: Tables, section: str, key: str, text: str) -> Path:
    """A path of the site file is relative to that file; any other is relative to the working directory."""
    given = tables.values.get(section)
    is_in_file = isinstance(given, dict) and key in given and tables.origin((section, key)).source is Source.FILE
    return Path(tables.file).parent / text if is_in_file else Path(text)


def _types(settings: Settings) -> list[VehicleTypeTable]:
    """The types of the file, then the built-in ones that vehicles name."""
    own = {table.id for table in settings.vehicle_type}
    named = dict.fromkeys(vehicle.type for vehicle in settings.vehicle)
    return [*settings.vehicle_type, *(builtin_type(name) for name in named if name not in own)]


def _station(table: StationTable) -> Station:
    return Station(
        id=StationId(table.id),
        name=table.name,
        lat=table.lat,
        lon=table.lon,
        loading_bays=table.loading_bays,
        load_fixed_s=table.load_fixed_s,
        load_per_parcel_s=table.load_per_parcel_s,
        chargers=table.chargers,
        charger_w=table.charger_kw * _W_PER_KW,
    )


def _point(table: PointTable, defaults: PointDefaultsSection) -> PickupPoint:
    own = table.model_dump(include=set(PointDefaultsSection.model_fields), exclude_none=True)
    times = defaults.model_copy(update=own)
    return PickupPoint(
        id=PointId(table.id),
        name=table.name,
        lat=table.lat,
        lon=table.lon,
        unload_fixed_s=times.unload_fixed_s,
        unload_per_parcel_s=times.unload_per_parcel_s,
        staff_wait_s=times.staff_wait_s,
        no_show_s=times.no_show_s,
    )


def _vehicle_type(table: VehicleTypeTable) -> VehicleType:
    return VehicleType(
        id=VehicleTypeId(table.id),
        mass_kg_max=table.mass_kg_max,
        volume_m3_max=table.volume_m3_max,
        parcels_max=table.parcels_max,
        speed_mps_max=table.speed_kmh_max / _KMH_PER_MPS,
        accel_mps2=table.accel_mps2,
        length_m=table.length_m,
        width_m=table.width_m,
        road_classes=frozenset(table.road_classes),
        battery=_battery(table.battery),
    )


def _battery(table: BatteryTable) -> Battery:
    return Battery(
        energy_wh=table.energy_kwh * _WH_PER_KWH,
        empty_wh_per_m=table.empty_kwh_per_km * _WH_PER_KWH / _M_PER_KM,
        load_wh_per_m_kg=table.load_kwh_per_km_t * _WH_PER_KWH / (_M_PER_KM * _KG_PER_T),
        hotel_w=table.hotel_w,
        charge_w_max=table.charge_kw_max * _W_PER_KW,
        reserve_fraction=table.reserve_fraction,
        reserve_m=table.reserve_km * _M_PER_KM,
    )


def _vehicle(table: VehicleTable, settings: Settings) -> Vehicle:
    profile = next((profile for profile in settings.profile if profile.id == table.profile), None)
    return Vehicle(
        id=VehicleId(table.serial_number),
        manufacturer=table.manufacturer,
        serial_number=table.serial_number,
        vda5050_version=table.vda5050_version,
        interface_name=table.interface_name or settings.site.interface_name,
        type_id=VehicleTypeId(table.type),
        home_station=StationId(table.home_station),
        habits=Habits() if profile is None else _habits(profile),
    )


def _habits(table: ProfileTable) -> Habits:
    limits = WireLimits(
        message_bytes_max=table.message_bytes_max,
        id_chars_max=table.id_chars_max,
        ids_are_numbers=table.ids_are_numbers,
        order_nodes_max=table.order_nodes_max,
        order_edges_max=table.order_edges_max,
        node_actions_max=table.node_actions_max,
        action_parameters_max=table.action_parameters_max,
        control_points_max=table.control_points_max,
        order_interval_s_min=table.order_interval_s_min,
    )
    return Habits(
        has_instant_actions_alias=table.instant_actions_alias,
        stitches_with_actions=table.stitch_with_actions,
        horizon_edges=table.horizon_edges,
        takes_trajectories=table.trajectory,
        corridor_m=table.corridor_m,
        node_deviation_m=table.node_deviation_m,
        limits=None if limits == WireLimits() else limits,
        state_interval_s=table.state_interval_s,
        has_coarse_gauge=table.coarse_gauge,
        length_m=table.length_m,
        width_m=table.width_m,
        fields=tuple(FieldName(ours, theirs) for ours, theirs in sorted(table.fields.items())),
    )
