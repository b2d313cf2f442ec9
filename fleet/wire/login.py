"""How a connection to a broker begins: user, password, whom it trusts, and the MQTT that is spoken."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fleet.errors import BrokerError
from fleet.model.site import MqttVersion

PASSWORD_VARIABLE = "FLEET_BROKER_PASSWORD"  # noqa: S105 - its name, not a password
MQTT_VARIABLE = "FLEET_BROKER__MQTT"
PASSWORD_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What a connection begins with.

    Attributes:
        password: not shown where this is printed.
        trust_file: certificates in PEM form that vouch for the broker; None for those that the machine trusts.
    """

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    trust_file: Path | None = None
    mqtt: MqttVersion = MqttVersion.V3_1_1

    def tls(self) -> ssl.SSLContext:
        """A context that accepts the broker only under its own name, and nothing older than TLS 1.2.

        Raises:
            BrokerError: the file of certificates cannot be used.
        """
        try:
            context = ssl.create_default_context(cafile=self.trust_file)
        except (OSError, ssl.SSLError) as error:
            reason = error.strerror or "no certificates in PEM form"
            raise BrokerError(f"broker.ca_file {self.trust_file}: {reason}; name a file of certificates") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def read_login(
    user: str,
    password_file: Path | None,
    ca_file: Path | None,
    env: Mapping[str, str],
    mqtt: MqttVersion = MqttVersion.V3_1_1,
) -> Login:
    """The login that a site describes; its password comes from the environment, else from the first line of a file.

    Raises:
        BrokerError: the password cannot be read, or there is one without a user.
    """
    password = env.get(PASSWORD_VARIABLE) or (None if password_file is None else _first_line(password_file))
    if password is not None and not user:
        raise BrokerError("broker: there is a password but no user; set broker.user")
    return Login(user=user or None, password=password, trust_file=ca_file, mqtt=mqtt)


def login_of(env: Mapping[str, str]) -> Login:
    """The login of a tool that knows no site: from the variables that overrule a site's.

    Raises:
        BrokerError: as for `read_login`, or there is no such MQTT.
    """
    names = ("FLEET_BROKER__USER", "FLEET_BROKER__PASSWORD_FILE", "FLEET_BROKER__CA_FILE")
    user, password_file, ca_file = (env.get(name, "") for name in names)
    return read_login(user, _path(password_file), _path(ca_file), env, mqtt_of(env))


def mqtt_of(env: Mapping[str, str]) -> MqttVersion:
    """The MQTT that a tool which knows no site shall speak.

    Raises:
        BrokerError: the variable names none.
    """
    text = env.get(MQTT_VARIABLE) or MqttVersion.V3_1_1
    try:
        return MqttVersion(text)
    except ValueError as error:
        raise BrokerError(f"{MQTT_VARIABLE}: found {text!r}, needs {' or '.join(MqttVersion)}") from error


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            line = file.readline(PASSWORD_BYTES_MAX).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BrokerError(f"broker.password_file {path}: cannot be read ({error})") from error
    if not line:
        raise BrokerError(f"broker.password_file {path}: its first line is empty; write the password there")
    return line
