"""A flat metric plane for one service area."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_A_M = 6_378_137.0  # WGS 84
_F = 1 / 298.257223563
_N = _F / (2 - _F)
_RECTIFYING_M = _A_M / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_E = 2 * math.sqrt(_N) / (1 + _N)
# Coefficients of n to n^4 in each term of the series: to the plane, from it, conformal to geodetic latitude.
_ALPHA = (
    (1 / 2, -2 / 3, 5 / 16, 41 / 180),
    (0, 13 / 48, -3 / 5, 557 / 1440),
    (0, 0, 61 / 240, -103 / 140),
    (0, 0, 0, 49561 / 161280),
)
_BETA = (
    (1 / 2, -2 / 3, 37 / 96, -1 / 360),
    (0, 1 / 48, 1 / 15, -437 / 1440),
    (0, 0, 17 / 480, -37 / 840),
    (0, 0, 0, 4397 / 161280),
)
_DELTA = (2, -2 / 3, -2, 116 / 45), (0, 7 / 3, -8 / 5, -227 / 45), (0, 0, 56 / 15, -136 / 35), (0, 0, 0, 4279 / 630)


def _terms(series: tuple[tuple[float, ...], ...]) -> tuple[tuple[int, float], ...]:
    """Twice the number of each term, and its coefficient for this ellipsoid."""
    return tuple((2 * j, sum(c * _N**i for i, c in enumerate(row, 1))) for j, row in enumerate(series, 1))


_TO_PLANE, _FROM_PLANE, _TO_LATITUDE = _terms(_ALPHA), _terms(_BETA), _terms(_DELTA)


@dataclass(frozen=True, slots=True)
class LocalPlane:
    """A transverse Mercator plane centred on the area: x east, y north, metres, right-handed.

    True to scale on the central meridian, 1 cm per km too long at 28 km from it.

    Attributes:
        lat, lon: WGS 84 degrees of the origin, which lies inside the area so that float32 vehicles keep centimetres.

    Source: Krüger's series in the third flattening n to its fourth power (error below a micrometre here), as given
    in Karney, "Transverse Mercator with an accuracy of a few nanometers", Journal of Geodesy 85, 2011, section 4.
    """

    lat: float
    lon: float

    def to_xy(self, lat: ArrayLike, lon: ArrayLike) -> tuple[Floats, Floats]:
        """Plane metres of WGS 84 degrees; arrays of any one shape."""
        north_m, east_m = _project(np.asarray(lat, np.float64), np.asarray(lon, np.float64) - self.lon)
        return east_m, north_m - self._origin_north_m()

    def to_latlon(self, x_m: ArrayLike, y_m: ArrayLike) -> tuple[Floats, Floats]:
        """WGS 84 degrees of plane metres; arrays of any one shape."""
        north_m = np.asarray(y_m, np.float64) + self._origin_north_m()
        lat, turned = _unproject(north_m, np.asarray(x_m, np.float64))
        return lat, turned + self.lon

    def _origin_north_m(self) -> float:
        return float(_project(np.float64(self.lat), np.float64(0.0))[0])


def _project(lat: ArrayLike, east_of_centre: ArrayLike) -> tuple[Floats, Floats]:
    sin_lat = np.sin(np.radians(lat))
    turned = np.radians(east_of_centre)
    tan_conformal = np.sinh(np.arctanh(sin_lat) - _E * np.arctanh(_E * sin_lat))
    xi = np.arctan2(tan_conformal, np.cos(turned))
    eta = np.arctanh(np.sin(turned) / np.hypot(1, tan_conformal))
    north, east = xi.copy(), eta.copy()
    for j, a in _TO_PLANE:
        north = north + a * np.sin(j * xi) * np.cosh(j * eta)
        east = east + a * np.cos(j * xi) * np.sinh(j * eta)
    return np.asarray(_RECTIFYING_M * north), np.asarray(_RECTIFYING_M * east)


def _unproject(north_m: Floats, east_m: Floats) -> tuple[Floats, Floats]:
    north, east = north_m / _RECTIFYING_M, east_m / _RECTIFYING_M
    xi, eta = north.copy(), east.copy()
    for j, b in _FROM_PLANE:
        xi = xi - b * np.sin(j * north) * np.cosh(j * east)
        eta = eta - b * np.cos(j * north) * np.sinh(j * east)
    conformal = np.arcsin(np.sin(xi) / np.cosh(eta))
    lat = conformal.copy()
    for j, d in _TO_LATITUDE:
        lat = lat + d * np.sin(j * conformal)
    return np.degrees(lat), np.degrees(np.arctan2(np.sinh(eta), np.cos(xi)))
