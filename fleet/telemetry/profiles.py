"""How each vehicle is spoken to: what the site file says of its make, and what it has told of itself."""

from __future__ import annotations

from dataclasses import replace

from fleet.model.profile import Profile, profile_of, spoken_version
from fleet.model.twin import Twin
from fleet.wire.codec import hears_answers, is_spoken, stitches_with_actions, topic_major


def profile(twin: Twin) -> Profile:
    """How this vehicle is spoken to now.

    A version that it spoke once may have lost its codec since, with the plug-in that brought it: then the site file's
    counts until the vehicle is heard, or the whole fleet would stand still for it.
    """
    vehicle, learned = twin.vehicle, twin.learned
    spoken = spoken_version(vehicle.vda5050_version, learned)
    if spoken != vehicle.vda5050_version and not is_spoken(spoken):
        spoken, learned = vehicle.vda5050_version, replace(learned, version="")
    told = profile_of(
        vehicle.vda5050_version,
        vehicle.habits,
        learned,
        stitches_by_default=stitches_with_actions(spoken),
        major_by_default=topic_major(spoken),
        asks_leave=hears_answers(spoken),
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
