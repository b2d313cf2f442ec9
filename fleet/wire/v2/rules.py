"""What each field of VDA 5050 2.1.0 must hold: sections 6.6 to 6.15 of the standard, as a table of our own.

Where text and schema of the standard disagree the text is followed; `tests/interop` lists those places.
"""

from __future__ import annotations

from collections.abc import Mapping

from fleet.wire.kinds import Kind, ListOf, Number, Record, words
from fleet.wire.standard.fields import (
    ANGLE,
    BOX,
    CONTROL_POINTS,
    DEVIATION_ANGLE,
    DIMENSIONS,
    FLAG,
    FRACTION,
    HEADER,
    HEADER_OPTIONAL,
    INTEGER,
    NOT_NEGATIVE,
    NUMBER,
    PARAMETERS,
    PERCENT,
    PLACE_AHEAD,
    REFERENCES,
    TEXT,
    UINT32,
    VELOCITY,
)
from fleet.wire.v2.factsheet_rules import FACTSHEET

CONNECTION = Record({**HEADER, "connectionState": words("ONLINE OFFLINE CONNECTIONBROKEN")})

POSITION = Record(
    {
        "x": NUMBER,
        "y": NUMBER,
        "theta": ANGLE,
        "mapId": TEXT,
        "positionInitialized": FLAG,
        "localizationScore?": FRACTION,
        "deviationRange?": NUMBER,
    }
)
VISUALIZATION = Record({**HEADER_OPTIONAL, "agvPosition?": POSITION, "velocity?": VELOCITY})

NODE_STATE = Record(
    {
        "nodeId": TEXT,
        "sequenceId": UINT32,
        "nodeDescription?": TEXT,
        "released": FLAG,
        "nodePosition?": PLACE_AHEAD,
    }
)
EDGE_STATE = Record(
    {
        "edgeId": TEXT,
        "sequenceId": UINT32,
        "edgeDescription?": TEXT,
        "released": FLAG,
        "trajectory?": Record({"degree": INTEGER, "knotVector": ListOf(FRACTION), "controlPoints": CONTROL_POINTS}),
    }
)
LOAD = Record(
    {
        "loadId?": TEXT,
        "loadType?": TEXT,
        "loadPosition?": TEXT,
        "boundingBoxReference?": BOX,
        "loadDimensions?": DIMENSIONS,
        "weight?": NOT_NEGATIVE,
    }
)
ACTION_STATE = Record(
    {
        "actionId": TEXT,
        "actionType?": TEXT,
        "actionDescription?": TEXT,
        "actionStatus": words("WAITING INITIALIZING RUNNING PAUSED FINISHED FAILED"),
        "resultDescription?": TEXT,
    }
)
ERROR = Record(
    {
        "errorType": TEXT,
        "errorReferences?": REFERENCES,
        "errorDescription?": TEXT,
        "errorHint?": TEXT,
        "errorLevel": words("WARNING FATAL"),
    }
)
INFORMATION = Record(
    {
        "infoType": TEXT,
        "infoReferences?": REFERENCES,
        "infoDescription?": TEXT,
        "infoLevel": words("INFO DEBUG"),
    }
)
MAP = Record({"mapId": TEXT, "mapVersion": TEXT, "mapDescription?": TEXT, "mapStatus": words("ENABLED DISABLED")})
BATTERY = Record(
    {
        "batteryCharge": PERCENT,
        "batteryVoltage?": NUMBER,
        "batteryHealth?": PERCENT,
        "charging": FLAG,
        "reach?": NOT_NEGATIVE,
    }
)
STATE = Record(
    {
        **HEADER,
        "maps?": ListOf(MAP),
        "orderId": TEXT,
        "orderUpdateId": UINT32,
        "zoneSetId?": TEXT,
        "lastNodeId": TEXT,
        "lastNodeSequenceId": UINT32,
        "driving": FLAG,
        "paused?": FLAG,
        "newBaseRequest?": FLAG,
        "distanceSinceLastNode?": NUMBER,
        "operatingMode": words("AUTOMATIC SEMIAUTOMATIC MANUAL SERVICE TEACHIN"),
        "nodeStates": ListOf(NODE_STATE),
        "edgeStates": ListOf(EDGE_STATE),
        "agvPosition?": Record({**POSITION.fields, "mapDescription?": TEXT}),
        "velocity?": VELOCITY,
        "loads?": ListOf(LOAD),
        "actionStates": ListOf(ACTION_STATE),
        "batteryState": BATTERY,
        "errors": ListOf(ERROR),
        "information?": ListOf(INFORMATION),
        "safetyState": Record({"eStop": words("AUTOACK MANUAL REMOTE NONE"), "fieldViolation": FLAG}),
    }
)

ACTION = Record(
    {
        "actionType": TEXT,
        "actionId": TEXT,
        "actionDescription?": TEXT,
        "blockingType": words("NONE SOFT HARD"),
        "actionParameters?": PARAMETERS,
    }
)
NODE_POSITION = Record(
    {
        "x": NUMBER,
        "y": NUMBER,
        "theta?": ANGLE,
        "allowedDeviationXY?": NOT_NEGATIVE,
        "allowedDeviationTheta?": DEVIATION_ANGLE,
        "mapId": TEXT,
        "mapDescription?": TEXT,
    }
)
NODE = Record(
    {
        "nodeId": TEXT,
        "sequenceId": UINT32,
        "nodeDescription?": TEXT,
        "released": FLAG,
        "nodePosition?": NODE_POSITION,
        "actions": ListOf(ACTION),
    }
)
TRAJECTORY = Record(
    {
        "degree": Number(least=1, is_whole=True),
        "knotVector": ListOf(FRACTION),
        "controlPoints": ListOf(Record({"x": NUMBER, "y": NUMBER, "weight?": NOT_NEGATIVE})),
    }
)
EDGE = Record(
    {
        "edgeId": TEXT,
        "sequenceId": UINT32,
        "edgeDescription?": TEXT,
        "released": FLAG,
        "startNodeId": TEXT,
        "endNodeId": TEXT,
        "maxSpeed?": NUMBER,
        "maxHeight?": NUMBER,
        "minHeight?": NUMBER,
        "orientation?": ANGLE,
        "orientationType?": TEXT,
        "direction?": TEXT,
        "rotationAllowed?": FLAG,
        "maxRotationSpeed?": NUMBER,
        "length?": NUMBER,
        "trajectory?": TRAJECTORY,
        "corridor?": Record(
            {
                "leftWidth": NOT_NEGATIVE,
                "rightWidth": NOT_NEGATIVE,
                "corridorRefPoint?": words("KINEMATICCENTER CONTOUR"),
            }
        ),
        "actions": ListOf(ACTION),
    }
)
ORDER = Record(
    {
        **HEADER,
        "orderId": TEXT,
        "orderUpdateId": UINT32,
        "zoneSetId?": TEXT,
        "nodes": ListOf(NODE),
        "edges": ListOf(EDGE),
    }
)
INSTANT_ACTIONS = Record({**HEADER, "actions": ListOf(ACTION)})

TOPICS: Mapping[str, Kind] = {
    "connection": CONNECTION,
    "state": STATE,
    "visualization": VISUALIZATION,
    "factsheet": FACTSHEET,
    "order": ORDER,
    "instantActions": INSTANT_ACTIONS,
}
