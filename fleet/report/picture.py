"""The map: all roads thin and grey, the driven ways in each vehicle's colour, side by side where they share a road."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from fleet.report.data import LatLon, Line, ReportData, Spot
from fleet.report.markup import Html, path_data, tag, void

ATTRIBUTION = "© OpenStreetMap contributors"
WIDTH_MAX, HEIGHT_MAX = 620.0, 940.0
MARGIN = 26.0
LANE_PX, LANES_PX_MAX = 1.5, 9.0
SIMPLER_PX = 0.35
COLOURS = 12
MAJOR = ("motorway", "trunk", "primary", "secondary")
MIDDLE = ("tertiary", "unclassified", "residential", "living_street", "road")

Xy = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frame:
    """Degrees to pixels, north up; a cylinder about the middle is true enough for one picture."""

    lat: float
    lon: float
    px_per_degree: float
    width: float
    height: float

    def xy(self, line: Iterable[LatLon]) -> Xy:
        """Pixels of a line: (n, 2), x right and y down."""
        at = np.array(list(line), np.float64).reshape(-1, 2)
        east = (at[:, 1] - self.lon) * math.cos(math.radians(self.lat))
        return np.column_stack((self.width / 2 + east * self.px_per_degree,
                                self.height / 2 - (at[:, 0] - self.lat) * self.px_per_degree))  # fmt: skip

    @classmethod
    def around(cls, places: list[LatLon]) -> Frame:
        """The largest frame that shows all places, within the most a page bears."""
        at = np.array(places, np.float64)
        (south, west), (north, east) = at.min(axis=0), at.max(axis=0)
        lat, lon = (south + north) / 2, (west + east) / 2
        wide = max((east - west) * math.cos(math.radians(lat)), 1e-4)
        high = max(north - south, 1e-4)
        scale = min((WIDTH_MAX - 2 * MARGIN) / wide, (HEIGHT_MAX - 2 * MARGIN) / high)
        width = max(wide * scale + 2 * MARGIN, 0.46 * (high * scale + 2 * MARGIN))
        return cls(float(lat), float(lon), float(scale), float(width), float(high * scale + 2 * MARGIN))


def frame_of(data: ReportData) -> Frame:
    """What the picture shows: the places of the site and the ways to them."""
    ways = (point for vehicle in data.vehicles for way in vehicle.ways for point in (way.line[0], way.line[-1]))
    return Frame.around([*(spot.at for spot in data.ground.spots), *ways])


def picture(data: ReportData, frame: Frame) -> Html:
    """The map of driven ways."""
    ways = (
        tag("path", tag("title", vehicle_id), d=d, id=f"way-{i}", class_="way", style=f"stroke:{colour(i)}")
        for i, (vehicle_id, d) in enumerate(_ways(data, frame))
    )
    return tag(
        "svg",
        tag("title", "Map of all driven ways"),
        tag("g", *_roads(data, frame), class_="roads"),
        tag("g", *ways, class_="ways-driven"),
        *(_spot(spot, frame) for spot in reversed(data.ground.spots)),
        *_scale_bar(frame),
        tag("text", ATTRIBUTION, x=frame.width - 6, y=frame.height - 6, class_="source"),
        viewbox=f"0 0 {frame.width:.0f} {frame.height:.0f}",
        role="img",
        class_="map",
    )


def small_picture(frame: Frame, number: int, vehicle_id: str) -> Html:
    """One vehicle's ways alone; drawn from the parts of the large map."""
    return tag(
        "svg",
        tag("title", f"Ways of {vehicle_id}"),
        void("use", href="#major", class_="around"),
        void("use", href=f"#way-{number}", class_="own"),
        viewbox=f"0 0 {frame.width:.0f} {frame.height:.0f}",
        role="img",
        class_="small-map",
    )


def colour(number: int) -> str:
    return f"var(--v{number % COLOURS})"


def _roads(data: ReportData, frame: Frame) -> list[Html]:
    by_rank: defaultdict[str, list[Line]] = defaultdict(list)
    for road_class, lines in data.ground.roads.items():
        base = road_class.removesuffix("_link")
        rank = "major" if base in MAJOR else "middle" if base in MIDDLE else "minor"
        by_rank[rank] += lines
    return [tag("path", d=_paths(by_rank[rank], frame), id=rank, class_=rank) for rank in ("minor", "middle", "major")]


def _paths(lines: list[Line], frame: Frame) -> str:
    """All lines that touch the picture, as one path."""
    if not lines:
        return ""
    drawn = np.array([shapely.LineString(frame.xy(line)) for line in lines], dtype=object)
    shapes = shapely.simplify(drawn, SIMPLER_PX)
    seen = shapely.intersects(shapes, shapely.box(0, 0, frame.width, frame.height))
    return "".join(path_data(shapely.get_coordinates(shape).tolist()) for shape in shapes[seen])


def _ways(data: ReportData, frame: Frame) -> list[tuple[str, str]]:
    """Each vehicle with the path of its ways; shared roads are split into lanes."""
    users: defaultdict[str, list[str]] = defaultdict(list)
    for vehicle in data.vehicles:
        for way in vehicle.ways:
            users[way.road].append(vehicle.vehicle_id)
    paths = []
    for vehicle in data.vehicles:
        parts = (_lane(way.line, users[way.road], vehicle.vehicle_id, frame) for way in vehicle.ways)
        paths.append((vehicle.vehicle_id, "".join(parts)))
    return paths


def _lane(line: Line, users: list[str], vehicle_id: str, frame: Frame) -> str:
    pitch = min(LANE_PX, LANES_PX_MAX / len(users))
    shift = (users.index(vehicle_id) - (len(users) - 1) / 2) * pitch
    middle = _northward(shapely.get_coordinates(shapely.simplify(shapely.LineString(frame.xy(line)), SIMPLER_PX)))
    return path_data(_beside(middle, shift).tolist())


def _northward(points: Xy) -> Xy:
    """The line in the direction that goes up, or right where it is level: lanes then keep their side."""
    east, south = points[-1] - points[0]
    return points[::-1] if (south > 0 if abs(south) >= abs(east) else east < 0) else points


def _beside(points: Xy, shift: float) -> Xy:
    """The line moved sideways by so many pixels, to the right of its direction."""
    if shift == 0.0 or len(points) < 2:
        return points
    steps = np.diff(points, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    normals = np.column_stack((-steps[:, 1], steps[:, 0])) / np.where(lengths > 0, lengths, 1.0)[:, None]
    at_points = np.vstack((normals[:1], (normals[:-1] + normals[1:]) / 2, normals[-1:]))
    return points + shift * at_points


def _spot(spot: Spot, frame: Frame) -> Html:
    x, y = (float(value) for value in frame.xy([spot.at])[0])
    if not spot.is_station:
        return tag("circle", tag("title", spot.name), cx=x, cy=y, r=2.9, class_="point")
    on_left = x > frame.width * 0.55
    text = tag("text", spot.name, x=x - 11 if on_left else x + 11, y=y + 4.5,
               class_="station-name", text_anchor="end" if on_left else "start")  # fmt: skip
    square = tag("rect", tag("title", spot.name), x=x - 6, y=y - 6, width=12, height=12, rx=3, class_="station")
    return tag("g", square, text)


def _scale_bar(frame: Frame) -> list[Html]:
    px_per_km = frame.px_per_degree / 111.195
    km = next((km for km in (20, 10, 5, 2, 1) if km * px_per_km < frame.width / 3), 1)
    y = frame.height - 10
    return [
        void("path", d=f"M10 {y - 4:.0f}v4h{km * px_per_km:.0f}v-4", class_="scale"),
        tag("text", f"{km} km", x=14, y=y - 5, class_="scale-text"),
    ]
