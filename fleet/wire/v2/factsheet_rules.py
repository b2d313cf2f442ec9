"""What each field of the factsheet of VDA 5050 2.1.0 must hold: section 6.15 of the standard."""

from __future__ import annotations

from fleet.wire.kinds import ListOf, Record, words
from fleet.wire.standard import fields as standard
from fleet.wire.standard.fields import BOX, DIMENSIONS, FLAG, HEADER, INTEGER, NOT_NEGATIVE, NUMBER, POINTS, TEXT

TYPE_SPECIFICATION = Record(
    {
        "seriesName": TEXT,
        "seriesDescription?": TEXT,
        "agvKinematic": words("DIFF OMNI THREEWHEEL"),
        "agvClass": words("FORKLIFT CONVEYOR TUGGER CARRIER"),
        "maxLoadMass": NOT_NEGATIVE,
        "localizationTypes": ListOf(words("NATURAL REFLECTOR RFID DMC SPOT GRID")),
        "navigationTypes": ListOf(words("PHYSICAL_LINE_GUIDED VIRTUAL_LINE_GUIDED AUTONOMOUS")),
    }
)
PHYSICAL_PARAMETERS = Record(
    {
        "speedMin": NUMBER,
        "speedMax": NUMBER,
        "accelerationMax": NUMBER,
        "decelerationMax": NUMBER,
        "heightMin?": NUMBER,
        "heightMax": NUMBER,
        "width": NUMBER,
        "length": NUMBER,
    }
)
ARRAYS = (
    "order.nodes order.edges node.actions edge.actions actions.actionsParameters instantActions"
    " trajectory.knotVector trajectory.controlPoints state.nodeStates state.edgeStates state.loads state.actionStates"
    " state.errors state.information error.errorReferences information.infoReferences"
)
PROTOCOL_LIMITS = Record(
    {
        "maxStringLens": Record(
            {
                "msgLen?": INTEGER,
                "topicSerialLen?": INTEGER,
                "topicElemLen?": INTEGER,
                "idLen?": INTEGER,
                "idNumericalOnly?": FLAG,
                "enumLen?": INTEGER,
                "loadIdLen?": INTEGER,
            }
        ),
        "maxArrayLens": Record({f"{name}?": INTEGER for name in ARRAYS.split()}),
        "timing": Record(
            {
                "minOrderInterval": NUMBER,
                "minStateInterval": NUMBER,
                "defaultStateInterval?": NUMBER,
                "visualizationInterval?": NUMBER,
            }
        ),
    }
)
AGV_ACTION = Record(
    {
        "actionType": TEXT,
        "actionDescription?": TEXT,
        "actionScopes": ListOf(words("INSTANT NODE EDGE")),
        "actionParameters?": standard.offered_parameters("BOOL NUMBER INTEGER FLOAT STRING OBJECT ARRAY"),
        "resultDescription?": TEXT,
        "blockingTypes?": ListOf(words("NONE SOFT HARD")),
    }
)
PROTOCOL_FEATURES = Record(
    {
        "optionalParameters": standard.OPTIONAL_PARAMETERS,
        "agvActions": ListOf(AGV_ACTION),
    }
)
WHEEL = Record({"type": words("DRIVE CASTER FIXED MECANUM"), **standard.WHEEL})
AGV_GEOMETRY = Record(
    {
        "wheelDefinitions?": ListOf(WHEEL),
        "envelopes2d?": ListOf(Record({"set": TEXT, "polygonPoints": POINTS, "description?": TEXT})),
        "envelopes3d?": ListOf(
            Record({"set": TEXT, "format": TEXT, "data?": Record({}), "url?": TEXT, "description?": TEXT})
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
        "maxWeight?": NUMBER,
        "minLoadhandlingHeight?": NUMBER,
        "maxLoadhandlingHeight?": NUMBER,
        "minLoadhandlingDepth?": NUMBER,
        "maxLoadhandlingDepth?": NUMBER,
        "minLoadhandlingTilt?": NUMBER,
        "maxLoadhandlingTilt?": NUMBER,
        "agvSpeedLimit?": NUMBER,
        "agvAccelerationLimit?": NUMBER,
        "agvDecelerationLimit?": NUMBER,
        "pickTime?": NUMBER,
        "dropTime?": NUMBER,
        "description?": TEXT,
    }
)
FACTSHEET = Record(
    {
        "headerId?": HEADER["headerId"],
        "timestamp?": HEADER["timestamp"],
        "version": HEADER["version"],
        "manufacturer": HEADER["manufacturer"],
        "serialNumber": HEADER["serialNumber"],
        "typeSpecification": TYPE_SPECIFICATION,
        "physicalParameters": PHYSICAL_PARAMETERS,
        "protocolLimits": PROTOCOL_LIMITS,
        "protocolFeatures": PROTOCOL_FEATURES,
        "agvGeometry": AGV_GEOMETRY,
        "loadSpecification": Record({"loadPositions?": ListOf(TEXT), "loadSets?": ListOf(LOAD_SET)}),
        "vehicleConfig?": Record(standard.SOFTWARE),
    }
)
