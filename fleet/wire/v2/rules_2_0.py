"""What fields of VDA 5050 2.0.0 hold otherwise than those of 2.1.0."""

from __future__ import annotations

from collections.abc import Mapping

from fleet.wire.kinds import Kind, ListOf, Number, Record, words
from fleet.wire.standard.fields import (
    ANGLE,
    CONTROL_POINTS,
    DEVIATION_ANGLE,
    FRACTION,
    HEADER,
    INTEGER,
    NUMBER,
    TEXT,
    UINT32,
)
from fleet.wire.v2 import factsheet_rules as sheet_2_1
from fleet.wire.v2 import rules as rules_2_1


def _but(record: Record, *without: str, **fields: Kind) -> Record:
    """A record without some fields, and with others; a field keeps its question mark in `fields` as `_`."""
    kept = {name: kind for name, kind in record.fields.items() if name.removesuffix("?") not in without}
    return Record({**kept, **{_spelt(name): kind for name, kind in fields.items()}})


def _spelt(name: str) -> str:
    return f"{name[:-1]}?" if name.endswith("_") else name


STATE = _but(
    rules_2_1.STATE,
    "maps",
    nodeStates=ListOf(
        _but(
            rules_2_1.NODE_STATE,
            nodePosition_=Record(
                {
                    "x": NUMBER,
                    "y": NUMBER,
                    "theta?": ANGLE,
                    "allowedDeviationXY?": NUMBER,
                    "allowedDeviationTheta?": NUMBER,
                    "mapId": TEXT,
                    "mapDescription?": TEXT,
                }
            ),
        )
    ),
    edgeStates=ListOf(
        _but(
            rules_2_1.EDGE_STATE,
            trajectory_=Record(
                {
                    "degree?": Number(least=1),
                    "knotVector": ListOf(FRACTION),
                    "controlPoints": CONTROL_POINTS,
                }
            ),
        )
    ),
    batteryState=_but(rules_2_1.BATTERY, batteryHealth_=Number(least=0, most=100, is_whole=True)),
    errors=ListOf(_but(rules_2_1.ERROR, "errorHint")),
)

NODE = _but(
    rules_2_1.NODE,
    nodePosition_=_but(rules_2_1.NODE_POSITION, allowedDeviationTheta_=Number(least=0, most=DEVIATION_ANGLE.most)),
)
EDGE = _but(
    rules_2_1.EDGE,
    "corridor",
    orientationType_=words("GLOBAL TANGENTIAL"),
    trajectory_=_but(rules_2_1.TRAJECTORY, degree=INTEGER),
)
ORDER = _but(rules_2_1.ORDER, nodes=ListOf(NODE), edges=ListOf(EDGE))

FACTSHEET = _but(
    sheet_2_1.FACTSHEET,
    "headerId",
    "timestamp",
    "vehicleConfig",
    headerId=UINT32,
    timestamp=HEADER["timestamp"],
    typeSpecification=_but(sheet_2_1.TYPE_SPECIFICATION, localizationTypes=ListOf(TEXT), navigationTypes=ListOf(TEXT)),
    physicalParameters=_but(sheet_2_1.PHYSICAL_PARAMETERS, "heightMin", heightMin=NUMBER),
    localizationParameters_=Record({}),
)

TOPICS: Mapping[str, Kind] = {
    **rules_2_1.TOPICS,
    "state": STATE,
    "order": ORDER,
    "factsheet": FACTSHEET,
}
