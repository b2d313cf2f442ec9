"""The words of VDA 5050 3.0, which are ours."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fleet.wire.messages import (
    ActionStatus,
    BlockingType,
    ConnectionState,
    EmergencyStop,
    ErrorLevel,
    Grant,
    OperatingMode,
    RequestStatus,
    ZoneType,
)

CONNECTION_READ: Mapping[str, ConnectionState] = MappingProxyType(
    {state.value: state for state in ConnectionState}
    | {"CONNECTIONBROKEN": ConnectionState.CONNECTION_BROKEN}  # the spelling of 2.x, for those who kept it
)
CONNECTION_WRITE: Mapping[ConnectionState, str] = MappingProxyType({state: state.value for state in ConnectionState})

MODE_READ: Mapping[str, OperatingMode] = MappingProxyType(
    {mode.value: mode for mode in OperatingMode if mode is not OperatingMode.UNKNOWN}
    | {"TEACHIN": OperatingMode.TEACH_IN}
)
MODE_WRITE: Mapping[OperatingMode, str] = MappingProxyType(
    {mode: mode.value for mode in OperatingMode} | {OperatingMode.UNKNOWN: "SERVICE"}
)

STATUS_READ: Mapping[str, ActionStatus] = MappingProxyType({status.value: status for status in ActionStatus})
STATUS_WRITE: Mapping[ActionStatus, str] = MappingProxyType({status: status.value for status in ActionStatus})

LEVEL_READ: Mapping[str, ErrorLevel] = MappingProxyType({level.value: level for level in ErrorLevel})
LEVEL_WRITE: Mapping[ErrorLevel, str] = MappingProxyType({level: level.value for level in ErrorLevel})

STOP_WRITE: Mapping[EmergencyStop, str] = MappingProxyType(
    {stop: stop.value for stop in EmergencyStop} | {EmergencyStop.AUTOACK: "MANUAL"}  # 3.0 has given it up
)

BLOCKING_READ: Mapping[str, BlockingType] = MappingProxyType({kind.value: kind for kind in BlockingType})
BLOCKING_WRITE: Mapping[BlockingType, str] = MappingProxyType({kind: kind.value for kind in BlockingType})
BLOCKING_AT_ONCE: Mapping[BlockingType, str] = MappingProxyType(dict.fromkeys(BlockingType, "NONE"))
"""An instant action blocks nothing: 3.0 lets no other word stand there."""

ZONE_READ: Mapping[str, ZoneType] = MappingProxyType({kind.value: kind for kind in ZoneType})
GRANT_READ: Mapping[str, Grant] = MappingProxyType({grant.value: grant for grant in Grant})
REQUEST_READ: Mapping[str, RequestStatus] = MappingProxyType({status.value: status for status in RequestStatus})
REQUEST_UNKNOWN = RequestStatus.REQUESTED  # it may neither count as granted nor as over
