"""Zones, and answers to what a vehicle asks leave for: only VDA 5050 3.0 has them."""

from __future__ import annotations

import msgspec

from fleet.wire.header import from_timestamp, timestamp
from fleet.wire.messages import Response, Responses, Zone, ZoneSet, ZoneType
from fleet.wire.v3 import shapes, words

_ZONES = msgspec.json.Decoder(shapes.ZoneSetShape)
_RESPONSES = msgspec.json.Decoder(shapes.ResponsesShape)


def read_zone_set(payload: bytes) -> ZoneSet:
    shape = _ZONES.decode(payload).zone_set
    return ZoneSet(
        map_id=shape.map_id, zone_set_id=shape.zone_set_id, zones=tuple([_read_zone(zone) for zone in shape.zones])
    )


def zone_set_shape(zone_set: ZoneSet) -> shapes.ZoneSetShape:
    zones = tuple([_zone_shape(zone) for zone in zone_set.zones])
    return shapes.ZoneSetShape(
        zone_set=shapes.ZonesShape(map_id=zone_set.map_id, zone_set_id=zone_set.zone_set_id, zones=zones)
    )


def read_responses(payload: bytes) -> Responses:
    return Responses(responses=tuple([_read_response(each) for each in _RESPONSES.decode(payload).responses]))


def responses_shape(told: Responses) -> shapes.ResponsesShape:
    return shapes.ResponsesShape(
        responses=tuple(
            [
                shapes.ResponseShape(
                    request_id=each.request_id,
                    grant_type=each.grant.value,
                    lease_expiry=None if each.lease_until_s is None else timestamp(each.lease_until_s),
                )
                for each in told.responses
            ]
        )
    )


def _read_zone(shape: shapes.ZoneShape) -> Zone:
    if shape.zone_type not in words.ZONE_READ:
        raise ValueError(f"zoneType {shape.zone_type!r} is unknown")
    return Zone(
        zone_id=shape.zone_id,
        zone_type=words.ZONE_READ[shape.zone_type],
        outline=tuple([(vertex.x, vertex.y) for vertex in shape.vertices]),
        speed_mps_max=shape.maximum_speed,
    )


def _zone_shape(zone: Zone) -> shapes.ZoneShape:
    """A zone as it is written.

    Raises:
        ValueError: it is no area, or its limit is missing: neither may be left for a vehicle to guess.
    """
    if len(zone.outline) < 3:
        raise ValueError(f"zone {zone.zone_id!r} has {len(zone.outline)} corners")
    if (zone.speed_mps_max is None) is (zone.zone_type is ZoneType.SPEED_LIMIT):
        raise ValueError(f"zone {zone.zone_id!r} is {zone.zone_type.value} with a limit of {zone.speed_mps_max}")
    return shapes.ZoneShape(
        zone_id=zone.zone_id,
        zone_type=zone.zone_type.value,
        vertices=tuple([shapes.VertexShape(x=x_m, y=y_m) for x_m, y_m in zone.outline]),
        maximum_speed=zone.speed_mps_max,
    )


def _read_response(shape: shapes.ResponseShape) -> Response:
    if shape.grant_type not in words.GRANT_READ:
        raise ValueError(f"grantType {shape.grant_type!r} is unknown")
    return Response(
        request_id=shape.request_id,
        grant=words.GRANT_READ[shape.grant_type],
        lease_until_s=None if shape.lease_expiry is None else from_timestamp(shape.lease_expiry),
    )
