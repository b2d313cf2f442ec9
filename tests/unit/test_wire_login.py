"""Where the password for the broker comes from: never from the site file."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.errors import BrokerError
from fleet.model.site import MqttVersion
from fleet.wire.login import PASSWORD_VARIABLE, Login, login_of, read_login


def test_a_password_comes_from_the_first_line_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("hunter2\nand nothing else\n")
    assert read_login("fleet", file, None, {}).password == "hunter2"


def test_the_environment_overrules_the_file(tmp_path: Path) -> None:
    env = {PASSWORD_VARIABLE: "hunter3"}
    assert read_login("fleet", tmp_path / "missing", None, env).password == "hunter3"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\n"])
def test_a_password_that_cannot_be_read_is_named_by_its_file(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BrokerError, match="password_file"):
        read_login("fleet", file, None, {})


def test_a_password_without_a_user_is_refused() -> None:
    with pytest.raises(BrokerError, match=r"broker\.user"):
        read_login("", None, None, {PASSWORD_VARIABLE: "hunter2"})


def test_a_tool_without_a_site_takes_what_would_overrule_one(tmp_path: Path) -> None:
    env = {"FLEET_BROKER__USER": "judge", "FLEET_BROKER__CA_FILE": str(tmp_path / "ca.pem"), PASSWORD_VARIABLE: "x"}
    assert login_of(env) == Login(user="judge", password="x", trust_file=tmp_path / "ca.pem")
    assert login_of({}) == Login()


def test_a_site_without_user_logs_in_as_nobody() -> None:
    assert read_login("", None, None, {}).user is None


def test_a_tool_that_knows_no_site_speaks_the_mqtt_that_its_environment_names() -> None:
    assert login_of({"FLEET_BROKER__MQTT": "5"}).mqtt is MqttVersion.V5
    with pytest.raises(BrokerError, match=r"FLEET_BROKER__MQTT: found '4', needs 3\.1\.1 or 5"):
        login_of({"FLEET_BROKER__MQTT": "4"})
