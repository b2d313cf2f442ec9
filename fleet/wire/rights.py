"""Who may say and hear what: the access list of a broker.

A vehicle writes only below its own serial, and never orders, not even its own; only the fleet gives orders.
"""

from __future__ import annotations

from dataclasses import dataclass

from fleet.wire.subscription import covers, matches

VEHICLE_SAYS = ("state", "connection", "visualization", "factsheet")
VEHICLE_HEARS = ("order", "instantActions", "zoneSet", "responses")


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


def fleet_rights(interface_name: str) -> Rights:
    """What the fleet's own line needs, its presence included."""
    anyone = f"{interface_name}/+/+/+"
    return Rights(
        says=(*(f"{anyone}/{name}" for name in VEHICLE_HEARS), PRESENCE_FILTER),
        hears=(*(f"{anyone}/{name}" for name in VEHICLE_SAYS), PRESENCE_FILTER),
    )


PRESENCE_FILTER = "fleet/+/controller/+"
