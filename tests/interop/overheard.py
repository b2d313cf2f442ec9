"""A bystander on a real broker, who keeps everything that is said."""

from __future__ import annotations

import json
import socket
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.patience import until


class Overheard:
    """Payloads by the last word of their topic."""

    def __init__(self) -> None:
        self.said: defaultdict[str, list[bytes]] = defaultdict(list)

    def take(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        self.said[message.topic.rpartition("/")[2]].append(bytes(message.payload))


def _listens(record: Path) -> bool:
    """It leaves its port before it listens there."""
    if not record.exists():
        return False
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", int(json.loads(record.read_text())["port"]))) == 0


@contextmanager
def overhearing(data: Path) -> Iterator[Overheard]:
    """Listens, from its start on, to the embedded broker that works in this data directory."""
    record = data / "broker" / "broker.json"
    until(lambda: _listens(record), "a broker to listen")
    overheard = Overheard()
    client = Client(CallbackAPIVersion.VERSION2, client_id="bystander", protocol=MQTTProtocolVersion.MQTTv311)
    client.on_message = overheard.take
    client.connect("127.0.0.1", int(json.loads(record.read_text())["port"]))
    client.subscribe("uagv/#", qos=0)
    client.loop_start()
    try:
        yield overheard
    finally:
        client.loop_stop()
        client.disconnect()
