"""All vehicles of a site, each at its home station, with a radio of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from types import MappingProxyType

from fleet.model.ids import VehicleId
from fleet.model.place import Place
from fleet.model.site import Site
from fleet.model.vehicle import Vehicle
from fleet.roads.site_roads import SiteRoads, station_node_id
from fleet.wire.subscription import Subscription
from vehicle_sim.characters import Character, character_among
from vehicle_sim.complaints import major_of
from vehicle_sim.editions import edition_of
from vehicle_sim.vehicle import SimVehicle
from vehicle_sim.voice import Radio, topic_of
from vehicle_sim.world import World

NO_CHARACTERS: Mapping[str, Character] = MappingProxyType({})


def park(
    site: Site,
    roads: SiteRoads,
    world: World,
    radio_of: Callable[[Vehicle], Radio],
    seed: int = 0,
    *,
    soc_fractions: tuple[float, float] = (0.9, 1.0),
    visualization_s: float | None = None,
    characters: Mapping[str, Character] = NO_CHARACTERS,
) -> dict[VehicleId, SimVehicle]:
    """Make the site's vehicles; each one's charge at first is drawn, and it says nothing before its radio is up.

    Args:
        characters: by serial number or make; all others are exact.
    """
    rng = random.Random(f"park:{seed}")
    vehicles = {}
    for vehicle in site.vehicles.values():
        node_id = station_node_id(vehicle.home_station)
        vehicles[vehicle.id] = SimVehicle(
            vehicle,
            site,
            world,
            radio_of(vehicle),
            home_of(roads, vehicle),
            node_id,
            soc_fraction=rng.uniform(*soc_fractions),
            visualization_s=visualization_s,
            character=character_among(characters, vehicle),
        )
    return vehicles


def home_of(roads: SiteRoads, vehicle: Vehicle) -> Place:
    """Where on the road a vehicle stands at its home station; sites check that there is such a place."""
    place = roads.place(vehicle.type_id, station_node_id(vehicle.home_station))
    assert place is not None
    return place


def subscriptions_of(vehicle: Vehicle) -> tuple[Subscription, ...]:
    """What a vehicle listens to."""
    edition = edition_of(major_of(vehicle.vda5050_version))
    return tuple(Subscription(topic_of(vehicle, name)) for name in edition.topics)
