"""Where a broker is: `mqtt://host:port`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from fleet.errors import BrokerError

MQTT_PORT = 1883


@dataclass(frozen=True, slots=True)
class BrokerUrl:
    """A broker's address."""

    host: str
    port: int = MQTT_PORT

    @classmethod
    def parse(cls, text: str) -> BrokerUrl:
        """Read `mqtt://host[:port]`.

        Raises:
            BrokerError: the text is something else; says what would do.
        """
        try:
            parts = urlsplit(text)
            port = MQTT_PORT if parts.port is None else parts.port
        except ValueError as fault:
            raise BrokerError(f"broker {text!r}: {fault}; write mqtt://HOST:PORT") from fault
        if parts.username is not None or parts.password is not None:
            raise BrokerError("broker: user and password do not belong into the address, where everyone sees them")
        if parts.scheme != "mqtt" or not parts.hostname or port == 0:
            raise BrokerError(f"broker {text!r}: write mqtt://HOST:PORT, such as mqtt://127.0.0.1:{MQTT_PORT}")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise BrokerError(f"broker {text!r}: nothing may follow the port; write mqtt://HOST:PORT")
        return cls(parts.hostname, port)

    @property
    def is_loopback(self) -> bool:
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    def __str__(self) -> str:
        return f"mqtt://[{self.host}]:{self.port}" if ":" in self.host else f"mqtt://{self.host}:{self.port}"
