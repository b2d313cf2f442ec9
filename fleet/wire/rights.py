"""Who may say and hear what: the access list of a broker.

A vehicle writes only below its own serial, and never orders, not even its own; only the fleet gives orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fleet.errors import BrokerError
from fleet.model.site import Site
from fleet.wire.subscription import covers, matches

VEHICLE_SAYS = ("state", "connection", "visualization", "factsheet")
VEHICLE_HEARS = ("order", "instantActions", "zoneSet", "responses")
PRESENCE_FILTER = "fleet/+/controller/+"
FLEET_USER = "fleet"


@dataclass(frozen=True, slots=True)
class Rights:
    """Topic filters under which a client may publish, and under which it may listen."""

    says: tuple[str, ...]
    hears: tuple[str, ...]

    def may_say(self, topic: str) -> bool:
        return any(matches(allowed, topic) for allowed in self.says)

    def may_hear(self, topic: str) -> bool:
        return any(matches(allowed, topic) for allowed in self.hears)

    def may_subscribe(self, topic_filter: str) -> bool:
        """Whether all that the filter could match may be heard."""
        return any(covers(allowed, topic_filter) for allowed in self.hears)


def vehicle_rights(interface_name: str, manufacturer: str, serial_number: str) -> Rights:
    own = f"{interface_name}/+/{manufacturer}/{serial_number}"
    return Rights(
        says=tuple(f"{own}/{name}" for name in VEHICLE_SAYS),
        hears=tuple(f"{own}/{name}" for name in VEHICLE_HEARS),
    )


def fleet_rights(*interface_names: str) -> Rights:
    """What the fleet's own line needs, its presence included."""
    anyone = [f"{interface}/+/+/+" for interface in interface_names]
    return Rights(
        says=(*(f"{each}/{name}" for each in anyone for name in VEHICLE_HEARS), PRESENCE_FILTER),
        hears=(*(f"{each}/{name}" for each in anyone for name in VEHICLE_SAYS), PRESENCE_FILTER),
    )


def site_rights(site: Site, fleet_user: str = FLEET_USER) -> dict[str, Rights]:
    """By user: the fleet, and each vehicle under its serial number.

    Raises:
        BrokerError: a vehicle bears the name of the fleet's user.
    """
    interfaces = sorted({site.interface_name, *(vehicle.interface_name for vehicle in site.vehicles.values())})
    rights = {fleet_user: fleet_rights(*interfaces)}
    for vehicle in site.vehicles.values():
        if vehicle.serial_number == fleet_user:
            raise BrokerError(f"{fleet_user!r} is both a vehicle and the fleet's user; set another broker.user")
        own = vehicle_rights(vehicle.interface_name, vehicle.manufacturer, vehicle.serial_number)
        rights[vehicle.serial_number] = own
    return rights


def mosquitto_list(users: Mapping[str, Rights]) -> str:
    """The same as an `acl_file` of mosquitto."""
    blocks = []
    for user, rights in users.items():
        says = [f"topic write {each}" for each in rights.says]
        hears = [f"topic read {each}" for each in rights.hears]
        blocks.append("\n".join([f"user {user}", *says, *hears]))
    return "\n\n".join(blocks) + "\n"
