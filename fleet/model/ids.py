"""Ids are types, so that a run is never taken for a vehicle."""

from __future__ import annotations

from typing import NewType

AreaId = NewType("AreaId", str)
StationId = NewType("StationId", str)
PointId = NewType("PointId", str)
VehicleId = NewType("VehicleId", str)  # the serial number; unique in a site
VehicleTypeId = NewType("VehicleTypeId", str)
RunId = NewType("RunId", str)
ParcelId = NewType("ParcelId", str)
TripId = NewType("TripId", str)
OrderId = NewType("OrderId", str)
ActionId = NewType("ActionId", str)
AssistId = NewType("AssistId", str)
