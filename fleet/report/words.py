"""What people read: names for ids and codes, numbers and times of day as they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from fleet.report.data import Activity, Fault, ReportData

THIN = "\u2009"
MINUS = "\u2212"

ACTIVITY: Mapping[Activity, str] = MappingProxyType(
    {
        Activity.LOADING: "loading",
        Activity.DRIVING: "driving out",
        Activity.AT_STOP: "at a stop",
        Activity.RETURNING: "returning",
        Activity.CHARGING: "charging",
        Activity.BLOCKED: "blocked",
        Activity.SILENT: "silent",
        Activity.WAITING: "waiting",
    }
)
FAULT: Mapping[str, str] = MappingProxyType(
    {
        "road_blocked": "Street blocked",
        "silent": "Vehicle without network",
        "clerk_away": "Clerk absent",
        "battery_empty": "Battery empty",
        "order_rejected": "Order rejected",
        "daemon_killed": "Controller killed",
        "broker_down": "Broker down",
        "crash": "Controller crashed",
    }
)
_PLAIN = MappingProxyType({"no_staff": "nobody took the parcels", "cancelOrder": "cancelled"})


class Words:
    """Wording for one report: knows the names of its places and its time zone."""

    def __init__(self, data: ReportData) -> None:
        self._zone = ZoneInfo(data.time_zone)
        self._names = {f"{'station' if s.is_station else 'point'}:{s.id}": s.name for s in data.ground.spots}

    def clock(self, trade_s: float | None, *, seconds: bool = False) -> str:
        """Local time of day, or a dash for what has not happened."""
        if trade_s is None:
            return "–"
        return f"{datetime.fromtimestamp(trade_s, self._zone):{'%H:%M:%S' if seconds else '%H:%M'}}"

    def day(self, trade_s: float) -> str:
        moment = datetime.fromtimestamp(trade_s, self._zone)
        return f"{moment:%A} {moment.day} {moment:%B %Y}"

    def local(self, trade_s: float) -> datetime:
        return datetime.fromtimestamp(trade_s, self._zone)

    def place(self, kind: str, place_id: str) -> str:
        return self._names.get(f"{kind}:{place_id}", place_id)

    def subject(self, subject: str) -> str:
        """What people call it: "point:triesen-adler" is "Gasthof Adler", "vehicle:FA-001" is "FA-001"."""
        return self._names.get(subject) or subject.partition(":")[2] or subject

    def cause(self, text: str) -> str:
        """A cause with names for ids and words for codes."""
        named = re.sub(r"\b(?:point|station):[\w.:-]*\w", lambda found: self.subject(found.group()), text)
        named = re.sub(r"( \(way \d+\))? \(e\d+-\d+-\d+[^)]*\)", "", named)  # people know the street by its name
        for code, words in _PLAIN.items():
            named = named.replace(code, words)
        return named.replace("_", " ")

    def fault(self, fault: Fault) -> str:
        return FAULT.get(fault.kind, fault.kind.replace("_", " "))


def number(value: float | None, digits: int = 0) -> str:
    """A number with thin spaces between thousands; a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}".replace(",", THIN)


def percent(share: float | None, digits: int = 0) -> str:
    return "–" if share is None else f"{100 * share:.{digits}f}{THIN}%"


def minutes(seconds: float) -> str:
    """A duration: "4 min", "1 h 05 min", below a minute "40 s"."""
    if seconds < 60:
        return f"{seconds:.0f}{THIN}s"
    whole = round(seconds / 60)
    return f"{whole}{THIN}min" if whole < 60 else f"{whole // 60}{THIN}h {whole % 60:02d}{THIN}min"


def delay(seconds: float | None) -> str:
    """How much later than promised: "+4", "−12", in minutes."""
    if seconds is None:
        return "–"
    whole = round(seconds / 60)
    return f"+{whole}" if whole > 0 else f"{MINUS}{-whole}" if whole < 0 else "0"


def plural(count: int, noun: str) -> str:
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"
