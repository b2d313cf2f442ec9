"""How each vehicle is spoken to: what the site file says of its make, and what it has told of itself."""

from __future__ import annotations

from fleet.model.profile import Profile, profile_of, spoken_version
from fleet.model.twin import Twin
from fleet.wire.codec import stitches_with_actions, topic_major


def profile(twin: Twin) -> Profile:
    """How this vehicle is spoken to now."""
    vehicle = twin.vehicle
    spoken = spoken_version(vehicle.vda5050_version, twin.learned)
    return profile_of(
        vehicle.vda5050_version,
        vehicle.habits,
        twin.learned,
        stitches_by_default=stitches_with_actions(spoken),
        major_by_default=topic_major(spoken),
    )
