"""The judge of traffic: messages in, findings out. It keeps no time and does nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from fleet.errors import WireError
from fleet.wire import codec
from fleet.wire.header import read_header
from fleet.wire.link import Topic
from fleet.wire.messages import Connection, Factsheet, Header, VehicleState
from fleet.wire.sniff import orders, states
from fleet.wire.sniff.counters import Counter, Turn
from fleet.wire.sniff.fields import FROM_MASTER, NAMES, judge_message, judge_topic, read_json
from fleet.wire.sniff.heard import AskedAgain, Entry, Heard
from fleet.wire.sniff.known import Known
from fleet.wire.sniff.lines import LINES, Fault
from fleet.wire.sniff.report import Finding, SniffReport, VehicleLine
from fleet.wire.sniff.schemas import OfficialSchemas

CLOCK_OFF_S_MAX = 5.0
UNSEEN_S_MAX = 10.0
KEPT_TOPICS = ("connection", "factsheet")


class Sniffer:
    """Hears messages one by one, and tells in the end what was wrong.

    Args:
        schemas: the official ones, where somebody has them.
        only: vehicles as MANUFACTURER/SERIAL; all where it is empty.
        expected: vehicles that should be heard.
    """

    def __init__(
        self, schemas: OfficialSchemas | None = None, only: Collection[str] = (), expected: Collection[str] = ()
    ) -> None:
        self._schemas, self._only, self._expected = schemas, frozenset(only), expected
        self._known: dict[str, Known] = {}
        self._counters: dict[tuple[str, str], Counter] = {}
        self._findings: dict[tuple[str, str, str, str], Finding] = {}
        self._first_s: float | None = None
        self._last_s = 0.0
        self._asked_s: float | None = None
        self._messages = self._others = 0

    def hear_all(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.hear(entry)

    def hear(self, entry: Entry) -> None:
        """Judge a message by all that was heard before."""
        self._first_s = entry.at_s if self._first_s is None else self._first_s
        self._last_s = max(self._last_s, entry.at_s)
        if isinstance(entry, AskedAgain):
            self._asked_s = entry.at_s
            return
        topic = Topic.parse(entry.topic)
        name = f"{topic.manufacturer}/{topic.serial_number}" if topic else ""
        if topic is None or (self._only and name not in self._only):
            self._others += 1
            return
        self._messages += 1
        known = self._known.setdefault(name, Known(name))
        known.counts[topic.name] += 1
        for fault in self._judge(known, entry, topic):
            self._find(fault, known.name, _by(topic.name), entry.topic, entry.at_s)

    def end(self, at_s: float | None = None) -> SniffReport:
        """What was found until now, with what only the end shows."""
        now_s = self._last_s if at_s is None else max(at_s, self._last_s)
        for known in self._known.values():
            for by, fault in self._at_the_end(known, now_s):
                self._find(fault, known.name, by, "", now_s)
        for name in sorted(set(self._expected) - set(self._known)):
            self._find(Fault("vehicle_unheard", name), name, "vehicle", "", now_s)
        return self._report(now_s)

    # One message ------------------------------------------------------------------------------------------------------

    def _judge(self, known: Known, heard: Heard, topic: Topic) -> Iterator[Fault]:
        yield from judge_topic(heard, topic)
        if heard.retained:
            known.kept.update([topic.name] if self._asked_s is not None else ())
        elif topic.name not in FROM_MASTER and known.first_s is None:
            known.first_s = heard.at_s
        if not heard.payload and heard.retained is False:
            return  # takes back what the broker kept
        message = read_json(heard.payload)
        if topic.name not in NAMES:
            return
        if message is None:
            yield Fault("json", f"{len(heard.payload)} bytes on {topic.name}", topic.name)
            return
        said = message.get("version")
        version = said if isinstance(said, str) else f"{topic.major}"
        yield from judge_message(heard.payload, topic, version, message, self._schemas)
        if isinstance(said, str):
            yield from _versions(known, topic.name, said)
        if not heard.retained:
            known.live.add(topic.name)
        yield from self._in_order(known, heard, topic)

    def _in_order(self, known: Known, heard: Heard, topic: Topic) -> Iterator[Fault]:
        """By what came before; what the broker kept is old, and only tells how things are."""
        header = _header(heard.payload)
        if header is not None and topic.name != "connection" and not heard.retained:
            key = (known.name, topic.name)
            counter = self._counters.setdefault(key, Counter(topic.name not in FROM_MASTER))
            if counter.turn(header, heard.payload) is not Turn.NEXT:
                return
            yield from counter.judge(header, heard.payload, known.said_online)
            if abs(off_s := header.sent_s - heard.at_s) > CLOCK_OFF_S_MAX:
                yield Fault("clock_off", f"{off_s:+.1f} s")
        if topic.name in ("order", "instantActions") and not heard.retained:
            yield from _told(known, heard, topic)
        elif topic.name in ("state", "connection", "factsheet"):
            yield from _said(known, heard, topic)

    # The end ----------------------------------------------------------------------------------------------------------

    def _at_the_end(self, known: Known, now_s: float) -> Iterator[tuple[str, Fault]]:
        if known.live & {"state", "connection"}:
            yield from (("vehicle", fault) for fault in states.silence(known, now_s))
        if "state" in known.live and known.connection is None:
            yield "vehicle", Fault("connection_unheard", "neither live nor kept by the broker")
        if self._asked_s is not None:
            for name in KEPT_TOPICS:
                if name in known.live and name not in known.kept:
                    yield "vehicle", Fault("not_retained", f"{name} was said, and is not kept", name)
        for told in known.orders.values():
            version = told.versions.get(told.latest)
            if version is not None and told.shown < told.latest and now_s - version.sent_s > UNSEEN_S_MAX:
                yield "master", Fault("order_unseen", f"update {told.latest} of {told.order_id!r}")

    def _find(self, fault: Fault, vehicle: str, by: str, topic: str, at_s: float) -> None:
        key = (vehicle, by, fault.name, fault.place)
        if (found := self._findings.get(key)) is not None:
            found.count += 1
            return
        self._findings[key] = Finding(
            line=LINES[fault.name],
            vehicle=vehicle,
            by=by,
            place=fault.place,
            detail=fault.detail,
            topic=topic,
            at_s=at_s,
        )

    def _report(self, now_s: float) -> SniffReport:
        found = sorted(self._findings.values(), key=lambda f: (_order_of(f.line.number), f.vehicle, f.by, f.place))
        return SniffReport(
            seconds=now_s - (self._first_s if self._first_s is not None else now_s),
            messages=self._messages,
            others=self._others,
            violations=tuple(finding for finding in found if not finding.line.is_remark),
            remarks=tuple(finding for finding in found if finding.line.is_remark),
            vehicles=tuple(self._line(self._known[name], found) for name in sorted(self._known)),
        )

    def _line(self, known: Known, found: list[Finding]) -> VehicleLine:
        own = [finding for finding in found if finding.vehicle == known.name]
        return VehicleLine(
            vehicle=known.name,
            versions=tuple(sorted(known.versions["vehicle"] or known.versions["master"])),
            messages=dict(sorted(known.counts.items())),
            violations=sum(not finding.line.is_remark for finding in own),
            remarks=sum(finding.line.is_remark for finding in own),
        )


def _told(known: Known, heard: Heard, topic: Topic) -> Iterator[Fault]:
    """What a master says."""
    try:
        if topic.name == "order":
            header, order = codec.decode_order(heard.payload)
            yield from orders.judge_order(known, header, order, len(heard.payload))
            orders.take_order(known, header, order, heard.at_s)
        else:
            instant = codec.decode_instant_actions(heard.payload)[1]
            yield from orders.judge_instants(known, instant)
            orders.take_instants(known, instant)
    except WireError:
        return  # its fields have been judged


def _said(known: Known, heard: Heard, topic: Topic) -> Iterator[Fault]:
    """What a vehicle says."""
    try:
        message = codec.decode(topic, heard.payload)
    except WireError:
        return
    match message:
        case VehicleState() if not heard.retained:
            yield from states.judge_state(known, heard.at_s, message)
            states.take_state(known, heard.at_s, message)
        case Connection():
            if not heard.retained or known.connection is None:
                states.take_connection(known, heard.at_s, message)
        case Factsheet():
            known.factsheet = message


def _versions(known: Known, topic_name: str, version: str) -> Iterator[Fault]:
    known.versions[_by(topic_name)].add(version)
    spoken = known.versions["vehicle"]
    if len({text.partition(".")[0] for text in spoken}) > 1:
        yield Fault("majors_mixed", ", ".join(sorted(spoken)))
    if topic_name in FROM_MASTER and spoken and version not in spoken:
        yield Fault("version_of_answer", f"{version} to a vehicle of {', '.join(sorted(spoken))}")


def _by(topic_name: str) -> str:
    return "master" if topic_name in FROM_MASTER else "vehicle"


def _header(payload: bytes) -> Header | None:
    try:
        return read_header(payload)
    except ValueError:
        return None


def _order_of(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split(".") if part.isdigit())
