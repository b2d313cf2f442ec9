"""How each vehicle is spoken to: what the site file says of its make, and what it has told of itself."""

from __future__ import annotations

from dataclasses import replace

from fleet.model.profile import Profile, profile_of, spoken_version
from fleet.model.twin import Twin
from fleet.wire.codec import stitches_with_actions, topic_major


def profile(twin: Twin) -> Profile:
    """How this vehicle is spoken to now."""
    vehicle = twin.vehicle
    spoken = spoken_version(vehicle.vda5050_version, twin.learned)
    told = profile_of(
        vehicle.vda5050_version,
        vehicle.habits,
        twin.learned,
        stitches_by_default=stitches_with_actions(spoken),
        major_by_default=topic_major(spoken),
    )
    if (kept := twin.names_kept) is not None:
        limits = replace(told.limits, id_chars_max=kept.id_chars_max, ids_are_numbers=kept.ids_are_numbers)
        told = replace(told, limits=limits)
    if not twin.avoids and not twin.window_edges:
        return told
    return replace(
        told,
        takes_trajectories=told.takes_trajectories and "trajectory" not in twin.avoids,
        corridor_m=0.0 if "corridor" in twin.avoids else told.corridor_m,
        horizon_edges=0 if "horizon" in twin.avoids else told.horizon_edges,
        avoids=twin.avoids,
        window_edges=twin.window_edges,
    )
