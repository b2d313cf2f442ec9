"""Where a broker is: `mqtt://host:port`, or `mqtts://host:port` for one that is spoken to through TLS."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from fleet.errors import BrokerError

MQTT_PORT = 1883
TLS_PORT = 8883
FORM = f"write mqtt://HOST:PORT or mqtts://HOST:PORT, such as mqtt://127.0.0.1:{MQTT_PORT}"


@dataclass(frozen=True, slots=True)
class BrokerUrl:
    """A broker's address."""

    host: str
    port: int = MQTT_PORT
    is_secure: bool = False

    @classmethod
    def parse(cls, text: str) -> BrokerUrl:
        """Read `mqtt://host[:port]` or `mqtts://host[:port]`.

        Raises:
            BrokerError: the text is something else; says what would do.
        """
        try:
            parts = urlsplit(text)
            is_secure = parts.scheme == "mqtts"
            port = (TLS_PORT if is_secure else MQTT_PORT) if parts.port is None else parts.port
        except ValueError as fault:
            raise BrokerError(f"broker {text!r}: {fault}; {FORM}") from fault
        if parts.username is not None or parts.password is not None:
            raise BrokerError("broker: user and password do not belong into the address, where everyone sees them")
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or port == 0:
            raise BrokerError(f"broker {text!r}: {FORM}")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise BrokerError(f"broker {text!r}: nothing may follow the port; {FORM}")
        return cls(parts.hostname, port, is_secure)

    @property
    def is_loopback(self) -> bool:
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    def __str__(self) -> str:
        scheme, host = "mqtts" if self.is_secure else "mqtt", f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"
