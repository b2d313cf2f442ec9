"""In what brokers differ, as one table; all else is MQTT 3.1.1 or 5 and the same everywhere.

The broker in memory behaves by such a row. The contract tests hold each row against the real broker of its name, so
a difference that is not written here is a fault of our model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What one broker does where others do something else, and where its bounds lie; 0 is no bound.

    Attributes:
        speaks_will_at_takeover: of a client whose id another connection takes.
        speaks_wills_when_stopped: of all its clients, when it is asked to stop; killed, no broker says anything.
        grants_forbidden_filters: a subscription that is not allowed is granted, and then nothing is delivered.
        speaks_once: a client with overlapping filters hears a message once, not once for each of them.
        repeats_after_s: what was not acknowledged is said again this long after it was said; None: at the next
            connection, before all else.
        in_flight_max: messages that a client with a session may leave unacknowledged; more wait.
        queued_max: messages at QoS 1 that wait for a client with a session; more are acknowledged and lost. The same
            bounds what waits for one that does not read.
        pending_bytes_max: what waits for a client that does not read; one with more is thrown out.
        packet_bytes_max: who says more at once is thrown out.
        payload_bytes_max: a message with more is acknowledged and lost.
        unspeakable: characters of a topic that cost its speaker the connection, and a subscriber too.
        unfit_for_ids: characters for which a client id is refused.
    """

    name: str
    speaks_will_at_takeover: bool
    speaks_wills_when_stopped: bool
    grants_forbidden_filters: bool
    speaks_once: bool
    repeats_after_s: float | None = None
    in_flight_max: int
    queued_max: int = 0
    pending_bytes_max: int = 0
    packet_bytes_max: int = 0
    payload_bytes_max: int = 0
    unspeakable: str = ""
    unfit_for_ids: str = ""


MOSQUITTO = Manners(
    name="mosquitto 2.0",
    speaks_will_at_takeover=True,
    speaks_wills_when_stopped=True,
    grants_forbidden_filters=True,
    speaks_once=True,
    in_flight_max=20,
    queued_max=1000,
)

MOSQUITTO_IN_5 = replace(MOSQUITTO, name="mosquitto 2.0 in MQTT 5", speaks_once=False)

NATS = Manners(
    name="nats-server 2.15",
    speaks_will_at_takeover=False,
    speaks_wills_when_stopped=False,
    grants_forbidden_filters=False,
    speaks_once=False,
    repeats_after_s=30.0,
    in_flight_max=1024,
    pending_bytes_max=64 * 2**20,
    packet_bytes_max=2**20,
    unspeakable=" ",
    unfit_for_ids=". *>",
)
