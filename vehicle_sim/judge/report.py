"""What was found, as values: for people as text or a page, for programs as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, takewhile

from fleet.clock import utc_text
from fleet.wire.messages import Connection, VehicleState
from vehicle_sim.judge.bench import Bench
from vehicle_sim.judge.catalogue import number_order
from vehicle_sim.judge.check import Finding
from vehicle_sim.judge.transcript import Entry
from vehicle_sim.judge.verdict import Verdict

SCHEMA = 1
PAYLOAD_CHARS_MAX = 4000
SHOWN_MAX = 40
"""Lines of evidence for one finding; the middle of a longer story is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message as evidence; `more` like it followed at once and are left out."""

    after_s: float
    is_ours: bool
    name: str
    gist: str
    payload: str
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All findings about one vehicle."""

    manufacturer: str
    serial_number: str
    version: str
    prefix: str
    series_name: str
    began_s: float
    ended_s: float
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, bench: Bench, findings: Sequence[Finding], began_s: float, notes: tuple[str, ...]) -> Report:
        assert bench.prefix is not None  # a vehicle that was not heard is not judged
        return cls(
            manufacturer=bench.terms.manufacturer,
            serial_number=bench.terms.serial_number,
            version=bench.version,
            prefix=f"{bench.prefix.interface_name}/v{bench.prefix.major}",
            series_name=bench.factsheet.series_name if bench.factsheet else "",
            began_s=began_s,
            ended_s=bench.now_s(),
            findings=tuple(findings),
            notes=notes,
        )

    def counts(self) -> dict[Verdict, int]:
        counted = Counter(finding.verdict for finding in self.findings)
        return {verdict: counted[verdict] for verdict in Verdict}

    @property
    def is_all_right(self) -> bool:
        return not self.counts()[Verdict.WRONG]


def in_order(report: Report) -> list[Finding]:
    """The findings by the numbers of their checks; those of one number as they were tried."""
    return sorted(report.findings, key=lambda finding: number_order(finding.check.number))


def lines(finding: Finding) -> list[Line]:
    """The evidence of a finding, states that say the same drawn together; time counts from its beginning."""
    grouped: list[Line] = []
    zero_s = min([finding.began_s, *(entry.at_s for entry in finding.evidence)])
    for _, alike in groupby(
        (_line(entry, zero_s) for entry in finding.evidence),
        key=lambda line: (line.is_ours, line.name, line.gist),
    ):
        first, *others = alike
        grouped.append(replace(first, more=len(others)))
    if len(grouped) <= SHOWN_MAX:
        return grouped
    return [*grouped[: SHOWN_MAX // 2], *grouped[-SHOWN_MAX // 2 :]]


def _line(entry: Entry, began_s: float) -> Line:
    text = entry.payload.decode("utf-8", "backslashreplace")
    return Line(
        after_s=round(entry.at_s - began_s, 3),
        is_ours=entry.is_ours,
        name=entry.name,
        gist=gist(entry),
        payload=text if len(text) <= PAYLOAD_CHARS_MAX else f"{text[:PAYLOAD_CHARS_MAX]}…",
    )


def gist(entry: Entry) -> str:
    """What matters of a message, in a line."""
    match entry.message:
        case VehicleState():
            return ", ".join(_state_gist(entry.message))
        case Connection():
            return f"{entry.message.state}{' (kept by the broker)' if entry.retained else ''}"
    if entry.fault:
        return f"cannot be read: {entry.fault}"
    raw = entry.raw
    if entry.name == "order":
        return f"order {raw.get('orderId', '?')} update {raw.get('orderUpdateId', '?')}: {_route(raw.get('nodes'))}"
    if entry.name == "instantActions":
        actions = raw.get("actions")
        told = (
            [f"{a.get('actionType')} {a.get('actionId')}" for a in actions if isinstance(a, dict)]
            if isinstance(actions, list)
            else []
        )
        return ", ".join(told) or "no actions"
    return f"number {raw.get('headerId', '?')}"


def _route(nodes: object) -> str:
    """The nodes in order, and from where on they are not released: there the vehicle has to stop."""
    told = [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
    base = list(takewhile(lambda node: node.get("released") is not False, told))
    horizon = told[len(base) :]
    released, other = (" → ".join(str(node.get("nodeId")) for node in part) for part in (base, horizon))
    parts = [*([released] if base else []), *([f"not released: {other}"] if horizon else [])]
    return "; ".join(parts) or "no nodes"


def _state_gist(state: VehicleState) -> Iterator[str]:
    yield f"order {state.order_id or 'none'} update {state.order_update_id}"
    yield f"at {state.last_node_id or 'no node'} ({state.last_node_sequence_id})"
    if state.node_states:
        count = len(state.node_states)
        yield f"{count} node{'s' if count > 1 else ''} left"
    if state.driving:
        yield "driving"
    if state.paused:
        yield "paused"
    if state.mode != "AUTOMATIC":
        yield str(state.mode)
    open_actions = [*state.action_states, *state.instant_action_states][-3:]
    if open_actions:
        yield "actions " + " ".join(f"{action.action_id}={action.status}" for action in open_actions)
    if state.errors:
        yield "errors " + ", ".join(dict.fromkeys(error.error_type for error in state.errors))


def report_json(report: Report) -> dict[str, object]:
    """The object that `-o json` prints."""
    return {
        "schema": SCHEMA,
        "vehicle": {
            "manufacturer": report.manufacturer,
            "serial_number": report.serial_number,
            "version": report.version,
            "topics": report.prefix,
            "series_name": report.series_name or None,
        },
        "began_at": utc_text(report.began_s),
        "ended_at": utc_text(report.ended_s),
        "counts": {verdict.value.replace(" ", "_"): count for verdict, count in report.counts().items()},
        "checks": [_finding_json(finding) for finding in report.findings],
        "notes": list(report.notes),
    }


def _finding_json(finding: Finding) -> dict[str, object]:
    return {
        "number": finding.check.number,
        "key": finding.check.key,
        "duty": f"The vehicle {finding.check.duty}.",
        "verdict": finding.verdict.value,
        "why": finding.why or None,
        "seconds": round(finding.ended_s - finding.began_s, 3),
        "evidence": [
            {
                "after_s": line.after_s,
                "said_by": "master" if line.is_ours else "vehicle",
                "topic": line.name,
                "gist": line.gist,
                "alike": line.more,
                "payload": line.payload,
            }
            for line in lines(finding)
        ],
    }
