"""The words of VDA 5050 2.x and ours.

Where 2.x has fewer words than we do, writing takes the nearest (URGENT is a WARNING, CRITICAL a FATAL).
What is made of a word that 2.x has not either is in `fleet.wire.standard.words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fleet.wire.messages import (
    ActionStatus,
    BlockingType,
    ConnectionState,
    EmergencyStop,
    ErrorLevel,
    OperatingMode,
)

CONNECTION_READ: Mapping[str, ConnectionState] = MappingProxyType(
    {
        "ONLINE": ConnectionState.ONLINE,
        "OFFLINE": ConnectionState.OFFLINE,
        "CONNECTIONBROKEN": ConnectionState.CONNECTION_BROKEN,
        "CONNECTION_BROKEN": ConnectionState.CONNECTION_BROKEN,  # the spelling of 3.0, already seen under 2.x
        "HIBERNATING": ConnectionState.HIBERNATING,  # a word of 3.0: it is not lost, and takes nothing
    }
)
CONNECTION_WRITE: Mapping[ConnectionState, str] = MappingProxyType(
    {
        ConnectionState.ONLINE: "ONLINE",
        ConnectionState.OFFLINE: "OFFLINE",
        ConnectionState.CONNECTION_BROKEN: "CONNECTIONBROKEN",
        ConnectionState.HIBERNATING: "OFFLINE",
    }
)

MODE_READ: Mapping[str, OperatingMode] = MappingProxyType(
    {
        "AUTOMATIC": OperatingMode.AUTOMATIC,
        "SEMIAUTOMATIC": OperatingMode.SEMIAUTOMATIC,
        "MANUAL": OperatingMode.MANUAL,
        "SERVICE": OperatingMode.SERVICE,
        "TEACHIN": OperatingMode.TEACH_IN,
    }
)
MODE_WRITE: Mapping[OperatingMode, str] = MappingProxyType(
    {
        OperatingMode.AUTOMATIC: "AUTOMATIC",
        OperatingMode.SEMIAUTOMATIC: "SEMIAUTOMATIC",
        OperatingMode.INTERVENED: "MANUAL",
        OperatingMode.MANUAL: "MANUAL",
        OperatingMode.SERVICE: "SERVICE",
        OperatingMode.TEACH_IN: "TEACHIN",
        OperatingMode.STARTUP: "SERVICE",
        OperatingMode.UNKNOWN: "SERVICE",
    }
)

STATUS_READ: Mapping[str, ActionStatus] = MappingProxyType(
    {
        "WAITING": ActionStatus.WAITING,
        "INITIALIZING": ActionStatus.INITIALIZING,
        "RUNNING": ActionStatus.RUNNING,
        "PAUSED": ActionStatus.PAUSED,
        "FINISHED": ActionStatus.FINISHED,
        "FAILED": ActionStatus.FAILED,
    }
)
STATUS_WRITE: Mapping[ActionStatus, str] = MappingProxyType(
    {status: word for word, status in STATUS_READ.items()} | {ActionStatus.RETRIABLE: "RUNNING"}
)

LEVEL_READ: Mapping[str, ErrorLevel] = MappingProxyType({"WARNING": ErrorLevel.WARNING, "FATAL": ErrorLevel.FATAL})
LEVEL_WRITE: Mapping[ErrorLevel, str] = MappingProxyType(
    {
        ErrorLevel.WARNING: "WARNING",
        ErrorLevel.URGENT: "WARNING",
        ErrorLevel.CRITICAL: "FATAL",
        ErrorLevel.FATAL: "FATAL",
    }
)

STOP_WRITE: Mapping[EmergencyStop, str] = MappingProxyType({stop: stop.value for stop in EmergencyStop})

BLOCKING_READ: Mapping[str, BlockingType] = MappingProxyType(
    {"NONE": BlockingType.NONE, "SOFT": BlockingType.SOFT, "HARD": BlockingType.HARD}
)
BLOCKING_WRITE: Mapping[BlockingType, str] = MappingProxyType(
    {
        BlockingType.NONE: "NONE",
        BlockingType.SINGLE: "HARD",  # the only other word of 2.x that keeps it alone
        BlockingType.SOFT: "SOFT",
        BlockingType.HARD: "HARD",
    }
)
