"""What each field of VDA 5050 3.0.0 must hold, as a table of our own.

Where text and schema of the standard disagree the text is followed; `tests/interop` lists those places.
"""

from __future__ import annotations

from collections.abc import Mapping

from fleet.wire.kinds import Kind, ListOf, Number, Record, Variant, words
from fleet.wire.standard.fields import (
    ANGLE,
    BOX,
    CONTROL_POINTS,
    FLAG,
    FRACTION,
    HEADER,
    INSTANT,
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
from fleet.wire.v3.factsheet_rules import FACTSHEET

CONNECTION = Record({**HEADER, "connectionState": words("ONLINE OFFLINE HIBERNATING CONNECTION_BROKEN")})

# Ways -----------------------------------------------------------------------------------------------------------------

TRAJECTORY = Record(
    {
        "degree?": Number(least=1, is_whole=True),
        "knotVector?": ListOf(FRACTION),
        "controlPoints": CONTROL_POINTS,
    }
)
PLANNED_PATH = Record({"trajectory": TRAJECTORY, "traversedNodes?": ListOf(TEXT)})
INTERMEDIATE_PATH = Record(
    {"polyline": ListOf(Record({"x": NUMBER, "y": NUMBER, "theta?": ANGLE, "eta": INSTANT}))},
)
POSITION = Record(
    {
        "x": NUMBER,
        "y": NUMBER,
        "theta": ANGLE,
        "mapId": TEXT,
        "localized": FLAG,
        "localizationScore?": FRACTION,
        "deviationRange?": NOT_NEGATIVE,
    }
)
VISUALIZATION = Record(
    {
        **HEADER,
        "referenceStateHeaderId": UINT32,
        "plannedPath?": PLANNED_PATH,
        "intermediatePath?": INTERMEDIATE_PATH,
        "mobileRobotPosition?": POSITION,
        "velocity?": VELOCITY,
    }
)

# The state ------------------------------------------------------------------------------------------------------------

NODE_STATE = Record(
    {
        "nodeId": TEXT,
        "sequenceId": UINT32,
        "nodeDescriptor?": TEXT,
        "released": FLAG,
        "nodePosition?": PLACE_AHEAD,
    }
)
EDGE_STATE = Record(
    {"edgeId": TEXT, "sequenceId": UINT32, "edgeDescriptor?": TEXT, "released": FLAG, "trajectory?": TRAJECTORY}
)
LOAD = Record(
    {
        "loadId?": TEXT,
        "loadType?": TEXT,
        "loadPosition?": TEXT,
        "boundingBoxReference?": BOX,
        "loadDimensions?": Record({"length": NOT_NEGATIVE, "width": NOT_NEGATIVE, "height?": NOT_NEGATIVE}),
        "weight?": NOT_NEGATIVE,
    }
)
REQUEST_STATUS = words("REQUESTED GRANTED REVOKED EXPIRED")
ZONE_REQUEST = Record(
    {
        "requestId": TEXT,
        "requestType": words("ACCESS REPLANNING"),
        "zoneId": TEXT,
        "zoneSetId": TEXT,
        "requestStatus": REQUEST_STATUS,
        "trajectory?": TRAJECTORY,
    }
)
EDGE_REQUEST = Record(
    {
        "requestId": TEXT,
        "requestType": words("CORRIDOR"),
        "edgeId": TEXT,
        "sequenceId": UINT32,
        "requestStatus": REQUEST_STATUS,
    }
)
ACTION_STATE = Record(
    {
        "actionId": TEXT,
        "actionType?": TEXT,
        "actionDescriptor?": TEXT,
        "actionStatus": words("WAITING INITIALIZING RUNNING PAUSED RETRIABLE FINISHED FAILED"),
        "actionResult?": TEXT,
    }
)
TRANSLATIONS = ListOf(Record({"translationKey": TEXT, "translationValue": TEXT}))
ERROR = Record(
    {
        "errorType": TEXT,
        "errorReferences?": REFERENCES,
        "errorDescription?": TEXT,
        "errorDescriptionTranslations?": TRANSLATIONS,
        "errorHint?": TEXT,
        "errorHintTranslations?": TRANSLATIONS,
        "errorLevel": words("WARNING URGENT CRITICAL FATAL"),
    }
)
INFORMATION = Record(
    {
        "infoType": TEXT,
        "infoReferences?": REFERENCES,
        "infoDescriptor?": TEXT,
        "infoLevel": words("INFO DEBUG"),
    }
)
POWER = Record(
    {
        "stateOfCharge": PERCENT,
        "batteryVoltage?": NUMBER,
        "batteryCurrent?": NUMBER,
        "batteryHealth?": PERCENT,
        "charging": FLAG,
        "range?": NOT_NEGATIVE,
    }
)
STATE = Record(
    {
        **HEADER,
        "maps?": ListOf(
            Record({"mapId": TEXT, "mapVersion": TEXT, "mapDescriptor?": TEXT, "mapStatus": words("ENABLED DISABLED")})
        ),
        "zoneSets?": ListOf(Record({"zoneSetId": TEXT, "mapId": TEXT, "zoneSetStatus": words("ENABLED DISABLED")})),
        "orderId": TEXT,
        "orderUpdateId": UINT32,
        "lastNodeId": TEXT,
        "lastNodeSequenceId": UINT32,
        "nodeStates": ListOf(NODE_STATE),
        "edgeStates": ListOf(EDGE_STATE),
        "plannedPath?": PLANNED_PATH,
        "intermediatePath?": INTERMEDIATE_PATH,
        "mobileRobotPosition?": POSITION,
        "velocity?": VELOCITY,
        "loads?": ListOf(LOAD),
        "driving": FLAG,
        "paused?": FLAG,
        "newBaseRequest?": FLAG,
        "zoneRequests?": ListOf(ZONE_REQUEST),
        "edgeRequests?": ListOf(EDGE_REQUEST),
        "distanceSinceLastNode?": NUMBER,
        "actionStates": ListOf(ACTION_STATE),
        "instantActionStates": ListOf(ACTION_STATE),
        "zoneActionStates?": ListOf(ACTION_STATE),
        "powerSupply": POWER,
        "operatingMode": words("STARTUP AUTOMATIC SEMIAUTOMATIC INTERVENED MANUAL SERVICE TEACH_IN"),
        "errors": ListOf(ERROR),
        "information?": ListOf(INFORMATION),
        "safetyState": Record({"activeEmergencyStop": words("MANUAL REMOTE NONE"), "fieldViolation": FLAG}),
    }
)

# What is told ---------------------------------------------------------------------------------------------------------

BLOCKING = words("NONE SOFT SINGLE HARD")
ACTION = Record(
    {
        "actionType": TEXT,
        "actionId": TEXT,
        "actionDescriptor?": TEXT,
        "blockingType": BLOCKING,
        "actionParameters?": PARAMETERS,
        "retriable?": FLAG,
    }
)
ELLIPSE = Record({"a": NOT_NEGATIVE, "b": NOT_NEGATIVE, "theta": Number(least=-1.570796327, most=1.570796327)})
NODE = Record(
    {
        "nodeId": TEXT,
        "sequenceId": UINT32,
        "nodeDescriptor?": TEXT,
        "released": FLAG,
        "nodePosition?": Record(
            {
                "x": NUMBER,
                "y": NUMBER,
                "theta?": ANGLE,
                "allowedDeviationXY?": ELLIPSE,
                "allowedDeviationTheta?": Number(least=0, most=3.141592654),
                "mapId": TEXT,
            }
        ),
        "actions": ListOf(ACTION),
    }
)
EDGE = Record(
    {
        "edgeId": TEXT,
        "sequenceId": UINT32,
        "edgeDescriptor?": TEXT,
        "released": FLAG,
        "maximumSpeed?": NUMBER,
        "maximumMobileRobotHeight?": NUMBER,
        "minimumLoadHandlingDeviceHeight?": NUMBER,
        "orientation?": ANGLE,
        "orientationType?": words("GLOBAL TANGENTIAL"),
        "direction?": TEXT,
        "reachOrientationBeforeEntering?": FLAG,
        "maxRotationSpeed?": NUMBER,
        "trajectory?": TRAJECTORY,
        "length?": NUMBER,
        "corridor?": Record(
            {
                "leftWidth": NOT_NEGATIVE,
                "rightWidth": NOT_NEGATIVE,
                "corridorReferencePoint?": words("KINEMATIC_CENTER CONTOUR"),
                "releaseRequired?": FLAG,
                "releaseLossBehavior?": words("STOP RETURN"),
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
        "orderDescription?": TEXT,
        "nodes": ListOf(NODE),
        "edges": ListOf(EDGE),
    }
)
INSTANT_ACTIONS = Record(
    {
        **HEADER,
        "actions": ListOf(
            Record(
                {
                    "actionType": TEXT,
                    "actionId": TEXT,
                    "actionDescriptor?": TEXT,
                    "blockingType": words("NONE"),
                    "actionParameters?": PARAMETERS,
                }
            )
        ),
    }
)
ZONE_ACTIONS = ListOf(
    Record(
        {
            "actionType": TEXT,
            "actionDescriptor?": TEXT,
            "blockingType": BLOCKING,
            "actionParameters?": PARAMETERS,
            "retriable?": FLAG,
        }
    )
)
ZONE_MORE: Mapping[str, Record] = {
    "BLOCKED": Record({}),
    "LINE_GUIDED": Record({}),
    "RELEASE": Record({"releaseLossBehavior": words("STOP CONTINUE EVACUATE")}),
    "COORDINATED_REPLANNING": Record({}),
    "SPEED_LIMIT": Record({"maximumSpeed": NUMBER}),
    "ACTION": Record({"entryActions": ZONE_ACTIONS, "duringActions": ZONE_ACTIONS, "exitActions": ZONE_ACTIONS}),
    "PRIORITY": Record({"priorityFactor": FRACTION}),
    "PENALTY": Record({"penaltyFactor": FRACTION}),
    "DIRECTED": Record({"direction": NUMBER, "directedLimitation": words("SOFT RESTRICTED STRICT")}),
    "BIDIRECTED": Record({"direction": NUMBER, "bidirectedLimitation": words("SOFT RESTRICTED")}),
}
ZONE = Variant(
    Record(
        {
            "zoneId": TEXT,
            "zoneType": words(" ".join(ZONE_MORE)),
            "zoneDescriptor?": TEXT,
            "vertices": ListOf(Record({"x": NUMBER, "y": NUMBER}), least=3),
        }
    ),
    field="zoneType",
    more=ZONE_MORE,
)
ZONE_SET = Record(
    {
        **HEADER,
        "zoneSet": Record({"mapId": TEXT, "zoneSetId": TEXT, "zoneSetDescriptor?": TEXT, "zones": ListOf(ZONE)}),
    }
)
RESPONSES = Record(
    {
        **HEADER,
        "responses": ListOf(
            Record(
                {
                    "requestId": TEXT,
                    "grantType": words("GRANTED QUEUED REVOKED REJECTED"),
                    "leaseExpiry?": INSTANT,
                }
            )
        ),
    }
)

TOPICS: Mapping[str, Kind] = {
    "connection": CONNECTION,
    "state": STATE,
    "visualization": VISUALIZATION,
    "factsheet": FACTSHEET,
    "order": ORDER,
    "instantActions": INSTANT_ACTIONS,
    "zoneSet": ZONE_SET,
    "responses": RESPONSES,
}
