from __future__ import annotations

import numpy as np
import pytest

from fleet.roads.plane import LocalPlane

# Easting and northing of a transverse Mercator with scale 1 on WGS 84, from the PROJ library (tmerc), in metres.
PROJ = [
    (LocalPlane(47.15, 9.52), 47.42, 9.92, 30183.1582, 30095.2077),
    (LocalPlane(47.15, 9.52), 46.88, 9.12, -30490.4302, -29938.5185),
    (LocalPlane(47.15, 9.52), 47.15, 9.9, 28820.2786, 70.0676),
    (LocalPlane(-33.86, 151.21), -33.7, 151.4, 17614.5874, 17730.7421),
]


@pytest.mark.vda5050("13.1")
@pytest.mark.parametrize(("plane", "lat", "lon", "x_m", "y_m"), PROJ)
def test_the_plane_agrees_with_proj_to_a_tenth_of_a_millimetre(
    plane: LocalPlane, lat: float, lon: float, x_m: float, y_m: float
) -> None:
    assert np.allclose(plane.to_xy(lat, lon), (x_m, y_m), rtol=0, atol=1e-4)


@pytest.mark.vda5050("13.1")
def test_the_origin_of_the_plane_is_its_centre() -> None:
    assert np.allclose(LocalPlane(60.17, 24.94).to_xy(60.17, 24.94), (0, 0), rtol=0, atol=1e-6)


def test_degrees_come_back_from_the_plane_to_a_tenth_of_a_millimetre() -> None:
    plane = LocalPlane(30.3, 120.1)
    lat, lon = np.meshgrid(np.linspace(30.0, 30.6, 13), np.linspace(119.8, 120.4, 13))
    back = plane.to_latlon(*plane.to_xy(lat, lon))
    assert np.allclose(back, (lat, lon), rtol=0, atol=1e-9)


@pytest.mark.vda5050("13.1")
@pytest.mark.parametrize("plane", [plane for plane, *_ in PROJ], ids=lambda plane: f"{plane.lat}")
def test_a_metre_of_the_plane_is_a_metre_of_ground_within_28_km(plane: LocalPlane) -> None:
    """Against the radii of curvature of the ellipsoid; the scale is 1 in the middle and 1 cm per km at the edge."""
    a_m, e2 = 6_378_137.0, 0.00669437999014
    for north, east in ((0.0, 0.0), (0.2, 0.0), (0.0, 0.33 / np.cos(np.radians(plane.lat)) * 0.75)):
        lat, lon = plane.lat + north, plane.lon + east
        w = 1.0 - e2 * np.sin(np.radians(lat)) ** 2
        across_m = a_m / np.sqrt(w) * np.cos(np.radians(lat)) * np.radians(1e-4)
        x_m, y_m = plane.to_xy([lat, lat], [lon - 5e-5, lon + 5e-5])
        assert np.hypot(x_m[1] - x_m[0], y_m[1] - y_m[0]) / across_m == pytest.approx(1.0, abs=1.2e-5)


@pytest.mark.vda5050("13.1")
def test_the_plane_is_right_handed_with_north_up() -> None:
    plane = LocalPlane(47.15, 9.52)
    east, north = plane.to_xy(47.15, 9.53), plane.to_xy(47.16, 9.52)
    assert east[0] > 700.0
    assert abs(east[1]) < 1.0
    assert north[1] > 1000.0
    assert abs(north[0]) < 1.0
