"""The error family: everything we raise on purpose."""

from __future__ import annotations


class FleetError(Exception):
    """Everything we raise on purpose; its text names the thing, the value and the remedy."""


class ConfigError(FleetError):
    """A site file, variable or flag that cannot be used; names file, key, value and what would do."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


class MapError(FleetError):
    """A map that cannot be read or used."""


class WireError(FleetError):
    """A message that breaks the protocol."""

    def __init__(self, topic: str, reason: str) -> None:
        self.topic = topic
        self.reason = reason
        super().__init__(f"{topic}: {reason}")


class LinkDownError(FleetError):
    """The line to the broker is down; nothing was sent."""


class TooLargeError(LinkDownError):
    """The broker has said that it takes no message of this size: it is not sent, and the line stays up."""


class OtherControllerError(FleetError):
    """Another controller commands our area over the same broker, and was there before us; names it and the remedy."""


class BrokerError(FleetError):
    """The broker could not be started or reached; names the port, who holds it and the remedy."""


class LifecycleError(FleetError):
    """A move that a lifecycle table does not have."""

    def __init__(self, name: str, current: str, target: str) -> None:
        self.name, self.current, self.target = name, current, target
        super().__init__(f"{name}: no move from {current} to {target}")


class PlanningError(FleetError):
    """No answer within the budget; carries what was tried."""


class JournalError(FleetError):
    """History could not be written: send nothing, answer 503, heal or re-read."""


class StoreBusyError(JournalError):
    """Nothing was committed (full, busy, I/O error); the same commit may be tried again."""


class StoreUnsureError(JournalError):
    """It is unknown whether the commit took place; re-read by epoch and number before going on."""


class StoreCorruptError(JournalError):
    """The store cannot be used (damaged, or written by a newer program); carries the recovery step."""


class FencedError(JournalError):
    """Another owner holds the area now; this controller must stop."""


class RefusedError(FleetError):
    """The fleet refuses a command because its state does not allow it."""


class UnknownThingError(FleetError):
    """No such run, vehicle, station or point."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"there is no {kind} {name!r}")
