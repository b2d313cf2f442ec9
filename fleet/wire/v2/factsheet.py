"""The factsheet of VDA 5050 2.x: that of 3.0 with other names, and with closed lists of what a vehicle may be."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from fleet.wire.messages import Factsheet, Header
from fleet.wire.standard import factsheet as standard
from fleet.wire.standard.factsheet_shapes import FactsheetShape, TypeShape
from fleet.wire.standard.spelling import respelt, spelt

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "mobileRobotKinematics": "agvKinematic",
        "mobileRobotClass": "agvClass",
        "maximumLoadMass": "maxLoadMass",
        "minimumSpeed": "speedMin",
        "maximumSpeed": "speedMax",
        "maximumAcceleration": "accelerationMax",
        "maximumDeceleration": "decelerationMax",
        "minimumHeight": "heightMin",
        "maximumHeight": "heightMax",
        "maximumStringLengths": "maxStringLens",
        "maximumMessageLength": "msgLen",
        "maximumIdLength": "idLen",
        "maximumArrayLengths": "maxArrayLens",
        "minimumOrderInterval": "minOrderInterval",
        "minimumStateInterval": "minStateInterval",
        "mobileRobotActions": "agvActions",
        "mobileRobotGeometry": "agvGeometry",
    }
)
_DECODER = msgspec.json.Decoder(spelt(FactsheetShape, NAMES))


def read_factsheet(header: Header, payload: bytes) -> Factsheet:
    return standard.read_factsheet(header, _DECODER.decode(payload))


def factsheet_fields(sheet: Factsheet) -> dict[str, object]:
    """The sheet as it is written; a car-like vehicle takes the nearest of the closed lists."""
    kind = TypeShape(
        series_name=sheet.series_name,
        mobile_robot_kinematics="THREEWHEEL",
        mobile_robot_class="CARRIER",
        maximum_load_mass=sheet.load_kg_max,
        localization_types=("NATURAL",),
        navigation_types=("AUTONOMOUS",),
    )
    without_zones = replace(sheet, limits=replace(sheet.limits, zones_max=0))
    return respelt(standard.factsheet_shape(without_zones, kind, can_be_interrupted=None), NAMES)
