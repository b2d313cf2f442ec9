"""Where each parcel is, whoever plans what.

Custody belongs to the parcel, never to its run: a run may be over while one of its parcels still rides on a vehicle.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from fleet.model.lifecycle import Lifecycle


class CustodyKind(StrEnum):
    """Who holds a parcel."""

    STATION = "station"
    VEHICLE = "vehicle"
    POINT = "point"
    ASSIST = "assist"  # nobody knows for certain: a person must find out
    MISSING = "missing"  # a person looked and did not find it


_K = CustodyKind
CUSTODY_LIFECYCLE: Lifecycle[CustodyKind] = Lifecycle(
    "custody",
    MappingProxyType(
        {
            _K.STATION: frozenset({_K.VEHICLE, _K.ASSIST}),
            _K.VEHICLE: frozenset({_K.POINT, _K.STATION, _K.VEHICLE, _K.ASSIST}),  # VEHICLE: a recorded transfer
            _K.POINT: frozenset(),
            _K.ASSIST: frozenset({_K.STATION, _K.VEHICLE, _K.POINT, _K.MISSING}),  # settled by a person
            _K.MISSING: frozenset(),
        }
    ),
)


@dataclass(frozen=True, slots=True)
class Custody:
    """One parcel's holder: the kind, and the id of that station, vehicle, point or assist.

    A missing parcel is held by the assist in which it was looked for.
    """

    kind: CustodyKind
    holder: str
