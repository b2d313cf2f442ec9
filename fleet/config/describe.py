"""A site in a few words, for `fleet config check`."""

from __future__ import annotations

from collections import Counter

from fleet.model.site import Site


def describe(site: Site) -> dict[str, object]:
    """What a site consists of: names and counts, ready for a table or for JSON."""
    vehicles = site.vehicles.values()
    return {
        "site": site.name,
        "area": site.id,
        "time_zone": site.time_zone,
        "map": str(site.map_path),
        "data": str(site.data_dir),
        "broker": site.broker.url,
        "mqtt": site.broker.mqtt,
        "api": f"{site.api.host}:{site.api.port}",
        "stations": {station.id: station.name for station in site.stations.values()},
        "points": len(site.points),
        "vehicles": len(site.vehicles),
        "vehicles_by_type": dict(Counter(vehicle.type_id for vehicle in vehicles)),
        "vehicles_by_manufacturer": dict(Counter(vehicle.manufacturer for vehicle in vehicles)),
        "vehicles_by_station": dict(Counter(vehicle.home_station for vehicle in vehicles)),
        "loading_bays": sum(station.loading_bays for station in site.stations.values()),
        "chargers": sum(station.chargers for station in site.stations.values()),
        "parcels_max": sum(site.type_of(vehicle.id).parcels_max for vehicle in vehicles),
    }
