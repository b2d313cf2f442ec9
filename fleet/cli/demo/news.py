"""Events of the journal as short sentences, for those who watch the demo."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fleet.model.site import Site

KEPT = 6


class News:
    """The last things worth telling.

    Attributes:
        lines: the newest last.
        told: how many there were in all.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._zone = ZoneInfo(site.time_zone)
        self._subjects: dict[str, str] = {}
        self.lines: deque[str] = deque(maxlen=KEPT)
        self.told = 0

    def take(self, event: Mapping[str, Any]) -> None:
        text = self._sentence(str(event["type"]), event["data"])
        if text:
            self.tell(datetime.fromisoformat(event["at"]).timestamp(), text)

    def tell(self, trade_s: float, text: str) -> None:
        self.lines.append(f"{self.clock(trade_s)}  {text}")
        self.told += 1

    def clock(self, trade_s: float) -> str:
        return f"{datetime.fromtimestamp(trade_s, self._zone):%H:%M}"

    def _sentence(self, kind: str, data: Mapping[str, Any]) -> str:
        match kind:
            case "RunsAccepted":
                parcels = sum(len(run["lot"]["parcel_ids"]) for run in data["runs"])
                return f"{len(data['runs'])} runs accepted, {parcels} parcels"
            case "TripStarted":
                return f"{data['vehicle_id']} loads"
            case "ParcelsDelivered":
                return f"{data['vehicle_id']} delivers {len(data['parcel_ids'])} parcels at {self._point(data)}"
            case "ParcelsReturned":
                return f"{data['vehicle_id']} brings back {len(data['parcel_ids'])} parcels: {self._named(data['why'])}"
            case "ParcelsSettled":
                return f"{len(data['parcel_ids'])} parcels settled: {data['at']}, {self._named(data['why'])}"
            case "BlockedChanged" if data["edge_id"]:
                return f"{data['vehicle_id']} stands before a blocked street"
            case "LivenessChanged" if data["liveness"] == "lost":
                return f"{data['vehicle_id']} is silent"
            case "AssistRaised":
                assist = data["assist"]
                self._subjects[assist["id"]] = subject = assist["subject"].partition(":")[2]
                return f"assist: {_plain(assist['cause'])}, {subject}"
            case "AssistResolved":
                subject = self._subjects.get(data["assist_id"], "")
                return f"settled: {_plain(data['cause'])}, {subject}: {data['resolution']}"
            case "AreaOpened" if data["epoch"] > 1:
                return "the daemon is back and goes on"
            case _:
                return ""

    def _point(self, data: Mapping[str, Any]) -> str:
        point = self._site.points.get(data["point_id"])
        return point.name if point else str(data["point_id"])

    def _named(self, text: str) -> str:
        for point in self._site.points.values():
            text = text.replace(f"point:{point.id}", point.name)
        return _plain(text)


def _plain(code: str) -> str:
    return code.replace("_", " ")
