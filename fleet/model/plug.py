"""How a vehicle gets on with its charger."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fleet.model.order import ActionKind

FAILURES_MAX = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plug:
    """What was asked of a vehicle's plug, and what came of it.

    Attributes:
        asked: startCharging or stopCharging, while the vehicle does not show yet that it obeys.
        asked_s: since when.
        rose_s: when charging began, or when the charge last rose there.
        failed: what it last failed to do, until it does.
        failures: how often in a row.
        failed_s: when last.
    """

    asked: ActionKind | None = None
    asked_s: float = 0.0
    rose_s: float = 0.0
    failed: ActionKind | None = None
    failures: int = 0
    failed_s: float = 0.0

    @property
    def is_broken(self) -> bool:
        """It failed twice in a row: nobody counts on it until it has worked."""
        return self.failures >= FAILURES_MAX

    def after_asking(self, kind: ActionKind, now_s: float) -> Plug:
        """Asked to charge or to stop it; any other action leaves the plug as it is."""
        is_ours = kind in (ActionKind.START_CHARGING, ActionKind.STOP_CHARGING)
        return replace(self, asked=kind, asked_s=now_s) if is_ours else self

    def after_failing(self, kind: ActionKind, now_s: float) -> Plug:
        failures = self.failures + 1 if self.failed is kind else 1
        return replace(self, asked=None, failed=kind, failures=failures, failed_s=now_s)

    def after_switching(self, now_s: float, *, is_charging: bool) -> Plug:
        """Charging began or ceased. That it began proves nothing yet; that it ceased proves it can."""
        plug = replace(self, asked=None, rose_s=now_s)
        return plug if is_charging else plug._mended(ActionKind.STOP_CHARGING)

    def after_rising(self, now_s: float) -> Plug:
        """There is more in the battery than before, while charging."""
        return replace(self, rose_s=now_s)._mended(ActionKind.START_CHARGING)

    def _mended(self, kind: ActionKind) -> Plug:
        return replace(self, failed=None, failures=0) if self.failed is kind else self


NEVER_ASKED = Plug()
