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
