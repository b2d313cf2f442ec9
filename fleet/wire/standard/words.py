"""What all versions make of a word they do not know: the cautious reading, for the message still counts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fleet.wire.messages import ActionStatus, EmergencyStop, ErrorLevel, OperatingMode

MODE_UNKNOWN = OperatingMode.UNKNOWN  # not available
STATUS_UNKNOWN = ActionStatus.RUNNING
LEVEL_UNKNOWN = ErrorLevel.FATAL
STOP_UNKNOWN = EmergencyStop.MANUAL  # a person must look

STOP_READ: Mapping[str, EmergencyStop] = MappingProxyType({stop.value: stop for stop in EmergencyStop})
