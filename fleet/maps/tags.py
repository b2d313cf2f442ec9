"""What OSM tags mean for a driver: speed, direction, access, kind of road."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from fleet.roads.graph import EdgeFlag

KMH = 1 / 3.6

CLASS_SPEED_KMH: Mapping[str, float] = {
    "motorway": 100,
    "motorway_link": 60,
    "trunk": 80,
    "trunk_link": 50,
    "primary": 50,
    "primary_link": 40,
    "secondary": 50,
    "secondary_link": 40,
    "tertiary": 50,
    "tertiary_link": 40,
    "unclassified": 40,
    "residential": 30,
    "road": 30,
    "service": 15,
    "track": 15,
    "living_street": 10,
    "pedestrian": 7,
}
"""Roads that are read, and the limit assumed where none is tagged: cautious, as most such roads lie in towns."""

_NAMED_KMH: Mapping[str, float] = {
    "walk": 7,
    "living_street": 10,
    "pedestrian_zone": 7,
    "bicycle_road": 30,
    "urban": 50,
    "rural": 80,
    "trunk": 80,
    "motorway": 100,
}
"""Limits given by name, with or without a country ("RU:urban", "DE:rural"); the lowest that is usual anywhere."""

_UNIT_MPS: Mapping[str, float] = {"": KMH, "km/h": KMH, "kmh": KMH, "kph": KMH, "mph": 0.44704, "knots": 1852 / 3600}
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph|knots|)")
_ZONE = re.compile(r"[a-z]{2}:(?:zone:?)?(\d+)|zone:?(\d+)")

_ONE_WAY = {"yes", "true", "1"}
_BACKWARD = {"-1", "reverse"}


@dataclass(frozen=True, slots=True)
class Lane:
    """One direction of a way."""

    speed_mps: float
    access: str
    vehicle: str
    motor_vehicle: str
    conditional: str


@cache
def speed_limit_mps(text: str) -> float | None:
    """A `maxspeed` value in m/s, the lowest if it lists several; None if it gives no number ("none", "signals")."""
    limits = [_one_limit_mps(part.strip().lower()) for part in text.split(";")]
    return min((limit for limit in limits if limit), default=None)


def _one_limit_mps(text: str) -> float | None:
    if number := _NUMBER.fullmatch(text):
        return float(number[1]) * _UNIT_MPS[number[2]]
    if zone := _ZONE.fullmatch(text):
        return float(zone[1] or zone[2]) * KMH
    named_kmh = _NAMED_KMH.get(text.rpartition(":")[2])
    return named_kmh * KMH if named_kmh else None


def why_dropped(tags: Mapping[str, str]) -> str | None:
    """Why a way is no road for our vehicles, whatever their profile; None if it may be one."""
    road_class = tags["highway"]
    if road_class not in CLASS_SPEED_KMH:
        return f"highway={road_class}"
    if tags.get("area") == "yes":
        return "area=yes"
    if tags.get("service") == "emergency_access":
        return "service=emergency_access"
    if tags.get("oneway") in {"reversible", "alternating"}:
        return f"oneway={tags['oneway']}"
    return None


def lanes(tags: Mapping[str, str]) -> tuple[Lane | None, Lane | None]:
    """The directions of a way along its nodes and against them; None where driving is against the one-way rule."""
    oneway = tags.get("oneway:motor_vehicle", tags.get("oneway", ""))
    if not oneway and (tags.get("junction") in {"roundabout", "circular"} or tags["highway"] == "motorway"):
        oneway = "yes"
    forward = None if oneway in _BACKWARD else _lane(tags, "forward")
    backward = None if oneway in _ONE_WAY else _lane(tags, "backward")
    return forward, backward


def edge_flags(tags: Mapping[str, str]) -> EdgeFlag:
    flags = EdgeFlag(0)
    if tags.get("bridge", "no") != "no":
        flags |= EdgeFlag.BRIDGE
    if tags.get("tunnel", "no") != "no" or tags.get("covered") == "yes":
        flags |= EdgeFlag.TUNNEL
    if tags.get("junction") in {"roundabout", "circular"}:
        flags |= EdgeFlag.ROUNDABOUT
    if tags["highway"].endswith("_link"):
        flags |= EdgeFlag.LINK
    if _bans_stopping(tags):
        flags |= EdgeFlag.BANNED
    if tags.get("embedded_rails", "no") != "no" or tags.get("railway") in {"tram", "light_rail"}:
        flags |= EdgeFlag.TRACKS
    return flags


def _bans_stopping(tags: Mapping[str, str]) -> bool:
    """A stopping ban at either kerb: which of them a lane's own is depends on the country; all day or at some hours."""
    if tags.get("motorroad") == "yes":
        return True
    keys = [key for key in tags if key.startswith("parking:") and _is_about_stopping(key)]
    return any("no_stopping" in tags[key] or "no_standing" in tags[key] or tags[key] == "fire_lane" for key in keys)


def _is_about_stopping(key: str) -> bool:
    parts = key.split(":")
    return parts[1] in {"lane", "condition", "left", "right", "both"} and "reason" not in parts


def barrier_access(tags: Mapping[str, str]) -> str:
    """The access tag that decides at a barrier, as "key=value", or ""."""
    for key in ("motor_vehicle", "vehicle", "access"):
        if key in tags:
            return f"{key}={tags[key]}"
    return ""


def _lane(tags: Mapping[str, str], direction: str) -> Lane:
    def tag(key: str) -> str:
        return tags.get(f"{key}:{direction}", tags.get(key, ""))

    conditional = [
        f"{key}={tags[f'{key}:conditional']}"
        for key in ("access", "vehicle", "motor_vehicle")
        if f"{key}:conditional" in tags
    ]
    assumed_mps = CLASS_SPEED_KMH[tags["highway"]] * KMH
    limits = (
        speed_limit_mps(text)
        for key in ("maxspeed", "maxspeed:type", "source:maxspeed", "zone:maxspeed")
        if (text := tag(key))
    )
    speed_mps = next((limit for limit in limits if limit), assumed_mps)
    return Lane(speed_mps, tag("access"), tag("vehicle"), tag("motor_vehicle"), "|".join(conditional))
