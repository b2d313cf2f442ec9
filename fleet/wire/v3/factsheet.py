"""The factsheet of VDA 5050 3.0, whose lists are open, and which names the zones that a vehicle keeps to."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from fleet.wire.messages import Factsheet, Header
from fleet.wire.standard import factsheet as standard
from fleet.wire.standard import factsheet_shapes


class TypeShape(factsheet_shapes.TypeShape):
    supported_zones: tuple[str, ...] | None = None


class FactsheetShape(factsheet_shapes.FactsheetShape):
    type_specification: TypeShape | None = None


_DECODER = msgspec.json.Decoder(FactsheetShape)


def read_factsheet(header: Header, payload: bytes) -> Factsheet:
    shape = _DECODER.decode(payload)
    zones = shape.type_specification and shape.type_specification.supported_zones
    return replace(standard.read_factsheet(header, shape), zone_types=zones or ())


def factsheet_shape(sheet: Factsheet) -> factsheet_shapes.FactsheetShape:
    """The sheet in the standard's words; a car-like vehicle may say what it is."""
    kind = TypeShape(
        series_name=sheet.series_name,
        mobile_robot_kinematics="ACKERMANN",
        mobile_robot_class="CARRIER",
        maximum_load_mass=sheet.load_kg_max,
        localization_types=("GNSS",),
        navigation_types=("AUTONOMOUS",),
        supported_zones=sheet.zone_types or None,
    )
    return standard.factsheet_shape(sheet, kind, can_be_interrupted=True)
