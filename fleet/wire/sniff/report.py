"""What was found: each fault once, with how often and where first, and a line for each vehicle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleet.wire.sniff.lines import Line


@dataclass(slots=True, kw_only=True)
class Finding:
    """A line that one side of one vehicle's traffic breaks, at one place.

    Attributes:
        by: who does it: "vehicle" or "master".
        detail, topic, at_s: of the first time.
    """

    line: Line
    vehicle: str
    by: str
    place: str
    detail: str
    topic: str
    at_s: float
    count: int = 1

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.line.number, "name": self.line.name, "words": self.line.words, "vehicle": self.vehicle,
            "by": self.by, "place": self.place, "detail": self.detail, "topic": self.topic, "at_s": self.at_s,
            "count": self.count,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleLine:
    """One vehicle of the summary."""

    vehicle: str
    versions: tuple[str, ...]
    messages: Mapping[str, int]
    violations: int
    remarks: int

    def to_json(self) -> dict[str, Any]:
        return {
            "vehicle": self.vehicle, "versions": list(self.versions), "messages": dict(self.messages),
            "violations": self.violations, "remarks": self.remarks,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SniffReport:
    """The whole."""

    seconds: float
    messages: int
    others: int
    violations: tuple[Finding, ...]
    remarks: tuple[Finding, ...]
    vehicles: tuple[VehicleLine, ...]

    @property
    def is_clean(self) -> bool:
        return not self.violations

    def to_json(self) -> dict[str, Any]:
        return {
            "seconds": round(self.seconds, 3),
            "messages": self.messages,
            "other_messages": self.others,
            "violations": [finding.to_json() for finding in self.violations],
            "remarks": [finding.to_json() for finding in self.remarks],
            "vehicles": [vehicle.to_json() for vehicle in self.vehicles],
        }

    def to_text(self) -> str:
        """For people; the numbers are those of docs/vda5050.md."""
        head = (
            f"{self.messages} messages of {len(self.vehicles)} vehicles in {self.seconds:.0f} s: "
            f"{len(self.violations)} violations, {len(self.remarks)} remarks"
        )
        parts = [head]
        for title, findings in (("Violations", self.violations), ("Remarks", self.remarks)):
            parts += ["", title, *_told(findings)] if findings else []
        return "\n".join([*parts, "", *_table(self.vehicles)] if self.vehicles else parts) + "\n"


def _told(findings: tuple[Finding, ...]) -> list[str]:
    """Two lines for each fault, whoever has it, with the vehicle that had it first."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.line.name, finding.by, finding.place), []).append(finding)
    return [line for group in groups.values() for line in _shown(group)]


def _shown(group: list[Finding]) -> list[str]:
    first = min(group, key=lambda finding: finding.at_s)
    who = first.vehicle if len(group) == 1 else f"{first.vehicle} and {len(group) - 1} more"
    place = f", at {first.place}" if first.place else ""
    example = f"first on {first.topic}{place}: {first.detail}" if first.topic else first.detail
    count = sum(finding.count for finding in group)
    return [f"  {first.line.number:<6} {who}, by the {first.by}, {count}x: {first.line.words}", f"         {example}"]


def _table(vehicles: tuple[VehicleLine, ...]) -> list[str]:
    rows = [("VEHICLE", "VERSION", "VIOLATIONS", "REMARKS", "MESSAGES")]
    for v in vehicles:
        heard = ", ".join(f"{count} {name}" for name, count in sorted(v.messages.items()))
        rows.append((v.vehicle, ",".join(v.versions) or "-", str(v.violations), str(v.remarks), heard))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows]
