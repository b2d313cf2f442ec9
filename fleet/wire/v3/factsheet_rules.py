"""What each field of the factsheet of VDA 5050 3.0.0 must hold."""

from __future__ import annotations

from fleet.wire.kinds import ListOf, Number, Record, words
from fleet.wire.standard import fields as standard
from fleet.wire.standard.fields import BOX, DIMENSIONS, FLAG, HEADER, NOT_NEGATIVE, NUMBER, PERCENT, POINTS, TEXT

COUNT = Number(least=0, is_whole=True)
TYPE_SPECIFICATION = Record(
    {
        "seriesName": TEXT,
        "seriesDescription?": TEXT,
        "mobileRobotKinematics": TEXT,
        "mobileRobotClass": TEXT,
        "maximumLoadMass": NOT_NEGATIVE,
        "localizationTypes": ListOf(TEXT),
        "navigationTypes": ListOf(TEXT),
        "supportedZones?": ListOf(
            words(
                "BLOCKED LINE_GUIDED RELEASE COORDINATED_REPLANNING SPEED_LIMIT ACTION PRIORITY PENALTY DIRECTED"
                " BIDIRECTED"
            )
        ),
    }
)
PHYSICAL_PARAMETERS = Record(
    {
        "minimumSpeed": NOT_NEGATIVE,
        "maximumSpeed": NOT_NEGATIVE,
        "minimumAngularSpeed?": NOT_NEGATIVE,
        "maximumAngularSpeed?": NOT_NEGATIVE,
        "maximumAcceleration": NOT_NEGATIVE,
        "maximumDeceleration": NUMBER,
        "minimumHeight": NUMBER,
        "maximumHeight": NUMBER,
        "width": NUMBER,
        "length": NUMBER,
    }
)
ARRAYS = (
    "order.nodes order.edges node.actions edge.actions actions.actionsParameters instantActions"
    " trajectory.knotVector trajectory.controlPoints zoneSet.zones state.nodeStates state.edgeStates state.loads"
    " state.actionStates state.instantActionStates state.zoneActionStates state.errors state.information"
    " error.errorReferences information.infoReferences"
)
PROTOCOL_LIMITS = Record(
    {
        "maximumStringLengths": Record(
            {
                "maximumMessageLength?": COUNT,
                "maximumTopicSerialLength?": COUNT,
                "maximumTopicElementLength?": COUNT,
                "maximumIdLength?": COUNT,
                "idNumericalOnly?": FLAG,
                "maximumLoadIdLength?": COUNT,
            }
        ),
        "maximumArrayLengths": Record({f"{name}?": COUNT for name in ARRAYS.split()}),
        "timing": Record(
            {
                "minimumOrderInterval": NOT_NEGATIVE,
                "minimumStateInterval": NOT_NEGATIVE,
                "defaultStateInterval?": NOT_NEGATIVE,
                "visualizationInterval?": NOT_NEGATIVE,
            }
        ),
    }
)
OFFER = Record(
    {
        "actionType": TEXT,
        "actionDescription?": TEXT,
        "actionScopes": ListOf(words("INSTANT NODE EDGE ZONE")),
        "actionParameters?": standard.offered_parameters("BOOL NUMBER INTEGER STRING OBJECT ARRAY"),
        "actionResult?": TEXT,
        "blockingTypes?": ListOf(words("NONE SOFT SINGLE HARD")),
        "pauseAllowed": FLAG,
        "cancelAllowed": FLAG,
    }
)
PROTOCOL_FEATURES = Record(
    {
        "optionalParameters": standard.OPTIONAL_PARAMETERS,
        "mobileRobotActions": ListOf(OFFER),
    }
)
WHEEL = Record({"type": TEXT, **standard.WHEEL})
GEOMETRY = Record(
    {
        "wheelDefinitions?": ListOf(WHEEL),
        "envelopes2d?": ListOf(
            Record(
                {
                    "envelope2dId": TEXT,
                    "vertices": POINTS,
                    "description?": TEXT,
                }
            )
        ),
        "envelopes3d?": ListOf(
            Record({"envelope3dId": TEXT, "format": TEXT, "data?": Record({}), "url?": TEXT, "description?": TEXT})
        ),
    }
)
LOAD_SET = Record(
    {
        "setName": TEXT,
        "loadType": TEXT,
        "loadPositions?": ListOf(TEXT),
        "boundingBoxReference?": BOX,
        "loadDimensions?": DIMENSIONS,
        "maximumWeight?": NOT_NEGATIVE,
        "minimumLoadhandlingHeight?": NOT_NEGATIVE,
        "maximumLoadhandlingHeight?": NOT_NEGATIVE,
        "minimumLoadhandlingDepth?": NUMBER,
        "maximumLoadhandlingDepth?": NUMBER,
        "minimumLoadhandlingTilt?": NUMBER,
        "maximumLoadhandlingTilt?": NUMBER,
        "maximumSpeed?": NOT_NEGATIVE,
        "maximumAcceleration?": NOT_NEGATIVE,
        "maximumDeceleration?": NUMBER,
        "pickTime?": NOT_NEGATIVE,
        "dropTime?": NOT_NEGATIVE,
        "description?": TEXT,
    }
)
CONFIGURATION = Record(
    {
        **standard.SOFTWARE,
        "batteryCharging?": Record(
            {
                "criticalLowChargingLevel?": PERCENT,
                "minimumDesiredChargingLevel?": PERCENT,
                "maximumDesiredChargingLevel?": PERCENT,
                "minimumChargingTime?": NOT_NEGATIVE,
            }
        ),
    }
)
FACTSHEET = Record(
    {
        **HEADER,
        "typeSpecification": TYPE_SPECIFICATION,
        "physicalParameters": PHYSICAL_PARAMETERS,
        "protocolLimits": PROTOCOL_LIMITS,
        "protocolFeatures": PROTOCOL_FEATURES,
        "mobileRobotGeometry": GEOMETRY,
        "loadSpecification": Record({"loadPositions?": ListOf(TEXT), "loadSets?": ListOf(LOAD_SET)}),
        "mobileRobotConfiguration?": CONFIGURATION,
    }
)
