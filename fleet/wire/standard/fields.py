"""What fields of VDA 5050 hold that are the same in all versions."""

from __future__ import annotations

from collections.abc import Mapping

from fleet.wire.kinds import Anything, Flag, Kind, ListOf, Number, Record, Text, words

TEXT, FLAG, NUMBER, INTEGER, ANYTHING = Text(), Flag(), Number(), Number(is_whole=True), Anything()
NOT_NEGATIVE, PERCENT, FRACTION = Number(least=0), Number(least=0, most=100), Number(least=0, most=1)
UINT32 = Number(least=0, most=2**32 - 1, is_whole=True)
ANGLE = Number(least=-3.14159265359, most=3.14159265359)
DEVIATION_ANGLE = Number(least=-3.141592654, most=3.141592654)
INSTANT = Text(form=r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z")
NAME = Text(form=r"[^/+#$]+")
SERIAL = Text(form=r"[A-Za-z0-9_.:\-]+")

HEADER: Mapping[str, Kind] = {
    "headerId": UINT32,
    "timestamp": INSTANT,
    "version": TEXT,
    "manufacturer": NAME,
    "serialNumber": SERIAL,
}
HEADER_OPTIONAL: Mapping[str, Kind] = {f"{name}?": kind for name, kind in HEADER.items()}

VELOCITY = Record({"vx?": NUMBER, "vy?": NUMBER, "omega?": NUMBER})
BOX = Record({"x": NUMBER, "y": NUMBER, "z": NUMBER, "theta?": NUMBER})
DIMENSIONS = Record({"length": NUMBER, "width": NUMBER, "height?": NUMBER})
REFERENCES = ListOf(Record({"referenceKey": TEXT, "referenceValue": TEXT}))
POINTS = ListOf(Record({"x": NUMBER, "y": NUMBER}))
CONTROL_POINTS = ListOf(Record({"x": NUMBER, "y": NUMBER, "weight?": NUMBER}))
PLACE_AHEAD = Record({"x": NUMBER, "y": NUMBER, "theta?": ANGLE, "mapId": TEXT})
PARAMETERS = ListOf(Record({"key": TEXT, "value": ANYTHING}))

# The factsheet --------------------------------------------------------------------------------------------------------

OPTIONAL_PARAMETERS = ListOf(
    Record({"parameter": TEXT, "support": words("SUPPORTED REQUIRED"), "description?": TEXT}),
)
WHEEL: Mapping[str, Kind] = {
    "isActiveDriven": FLAG,
    "isActiveSteered": FLAG,
    "position": Record({"x": NUMBER, "y": NUMBER, "theta?": NUMBER}),
    "diameter": NUMBER,
    "width": NUMBER,
    "centerDisplacement?": NUMBER,
    "constraints?": TEXT,
}
"""All of a wheel but its type, which is of a closed list in 2.x."""
SOFTWARE: Mapping[str, Kind] = {
    "versions?": ListOf(Record({"key": TEXT, "value": TEXT})),
    "network?": Record(
        {
            "dnsServers?": ListOf(TEXT),
            "ntpServers?": ListOf(TEXT),
            "localIpAddress?": TEXT,
            "netmask?": TEXT,
            "defaultGateway?": TEXT,
        }
    ),
}


def offered_parameters(data_types: str) -> Kind:
    """What an action takes, key by key; of these types."""
    return ListOf(Record({"key": TEXT, "valueDataType": words(data_types), "description?": TEXT, "isOptional?": FLAG}))
