"""A vehicle and its master as a bystander hears them, for the tests of who listens."""

from __future__ import annotations

import json
from typing import Any

from fleet.wire.header import timestamp
from fleet.wire.sniff.heard import AskedAgain, Entry, Heard
from fleet.wire.sniff.report import SniffReport
from fleet.wire.sniff.sniffer import Sniffer

T0_S = 1_795_420_800.0
Json = dict[str, Any]


class Street:
    """Van 1 of acme and its master on a broker, a second between two messages."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.now_s = T0_S
        self.header_ids: dict[str, int] = {}

    def say(
        self,
        name: str,
        body: Json,
        *,
        topic: str = "",
        retained: bool = False,
        qos: int | None = None,
        after_s: float = 1.0,
        **header: object,
    ) -> Street:
        """A message with a header of its own, of which parts may be planted."""
        self.now_s += after_s
        self.header_ids[name] = self.header_ids.get(name, 0) + 1
        head = {
            "headerId": self.header_ids[name],
            "timestamp": timestamp(self.now_s),
            "version": "2.1.0",
            "manufacturer": "acme",
            "serialNumber": "van-1",
        }
        payload = json.dumps(head | body | header).encode()
        return self.raw(topic or f"uagv/v2/acme/van-1/{name}", payload, retained=retained, qos=qos)

    def raw(self, topic: str, payload: bytes, *, retained: bool = False, qos: int | None = None) -> Street:
        quality = (1 if topic.endswith("connection") else 0) if qos is None else qos
        self.entries.append(Heard(at_s=self.now_s, topic=topic, payload=payload, retained=retained, qos=quality))
        return self

    def online(self, state: str = "ONLINE", **how: Any) -> Street:
        return self.say("connection", {"connectionState": state}, **how)

    def state(self, *, how: Json | None = None, **changes: object) -> Street:
        body: Json = {
            "orderId": "", "orderUpdateId": 0, "lastNodeId": "", "lastNodeSequenceId": 0, "driving": False,
            "operatingMode": "AUTOMATIC", "nodeStates": [], "edgeStates": [], "actionStates": [], "errors": [],
            "batteryState": {"batteryCharge": 80, "charging": False},
            "safetyState": {"eStop": "NONE", "fieldViolation": False},
        }  # fmt: skip
        return self.say("state", body | changes, **(how or {}))

    def order(self, *, how: Json | None = None, **changes: Any) -> Street:
        return self.say("order", an_order(**changes), **(how or {}))

    def instant(self, **changes: object) -> Street:
        action = {"actionId": "i-1", "actionType": "stateRequest", "blockingType": "NONE"} | changes
        return self.say("instantActions", {"actions": [action]})

    def factsheet(self, **changes: Any) -> Street:
        return self.say("factsheet", a_factsheet() | changes)

    def asked_again(self) -> Street:
        self.entries.append(AskedAgain(self.now_s))
        return self

    def judged(self, **options: Any) -> SniffReport:
        sniffer = Sniffer(**options)
        sniffer.hear_all(self.entries)
        return sniffer.end()


def an_order(
    order_id: str = "o-1", update: int = 0, first: int = 0, released: int = 2, nodes: int = 3, **changes: Any
) -> Json:
    """Nodes n<k> at 10 m each from number `first` on; so many are released."""
    made: Json = {"orderId": order_id, "orderUpdateId": update, "nodes": [], "edges": []}
    for k in range(first, first + nodes):
        place = {"x": 10.0 * k, "y": 0.0, "mapId": "town"}
        is_released = k < first + released
        made["nodes"].append(
            {"nodeId": f"n{k}", "sequenceId": 2 * k, "released": is_released, "nodePosition": place, "actions": []}
        )
        if k > first:
            made["edges"].append(
                {
                    "edgeId": f"e{k}",
                    "sequenceId": 2 * k - 1,
                    "released": is_released,
                    "startNodeId": f"n{k - 1}",
                    "endNodeId": f"n{k}",
                    "actions": [],
                }
            )
    return made | changes


def a_factsheet() -> Json:
    return {
        "typeSpecification": {
            "seriesName": "van", "agvKinematic": "DIFF", "agvClass": "CARRIER", "maxLoadMass": 1,
            "localizationTypes": [], "navigationTypes": [],
        },
        "physicalParameters": {
            "speedMin": 0, "speedMax": 1, "accelerationMax": 1, "decelerationMax": 1, "heightMax": 1, "width": 1,
            "length": 1,
        },
        "protocolLimits": {
            "maxStringLens": {"msgLen": 2000, "idLen": 10}, "maxArrayLens": {"order.nodes": 4},
            "timing": {"minOrderInterval": 0.5, "minStateInterval": 1},
        },
        "protocolFeatures": {
            "optionalParameters": [],
            "agvActions": [
                {"actionType": "drop", "actionScopes": ["NODE"]},
                {"actionType": "stateRequest", "actionScopes": ["INSTANT"]},
            ],
        },
        "agvGeometry": {},
        "loadSpecification": {},
    }  # fmt: skip


def under_way(state: str = "o-1", update: int = 0, at: int = 0, end: int = 2, **changes: Any) -> Json:
    """What a state says of an order of nodes up to n<end>, of which n<at> was the last passed."""
    left = range(at + 1, end + 1)
    return {
        "orderId": state,
        "orderUpdateId": update,
        "lastNodeId": f"n{at}",
        "lastNodeSequenceId": 2 * at,
        "nodeStates": [{"nodeId": f"n{k}", "sequenceId": 2 * k, "released": True} for k in left],
        "edgeStates": [{"edgeId": f"e{k}", "sequenceId": 2 * k - 1, "released": True} for k in left],
    } | changes


def street() -> Street:
    """A vehicle that is there, with nothing to do."""
    return Street().online().state()
