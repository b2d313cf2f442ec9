"""fleet wire: what is said between vehicles and their master, judged by the standard."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleet.cli.exits import CommandError, ExitCode, say
from fleet.cli.options import examples
from fleet.cli.output import for_terminal, show_json
from fleet.errors import BrokerError, FleetError
from fleet.model.site import MqttVersion

if TYPE_CHECKING:
    from fleet.model.site import Site
    from fleet.wire.broker_url import BrokerUrl
    from fleet.wire.login import Login
    from fleet.wire.sniff.heard import Entry
    from fleet.wire.sniff.listen import Ears
    from fleet.wire.sniff.report import SniffReport
    from fleet.wire.sniff.schemas import OfficialSchemas

app = typer.Typer(help="The line: what vehicles and their master say.", no_args_is_help=True)


class Shape(StrEnum):
    """How to print a report."""

    TEXT = "text"
    JSON = "json"


@app.command(
    epilog=examples(
        "fleet wire sniff --broker mqtt://127.0.0.1:1883 --seconds 60",
        "fleet wire sniff --site site.toml --vehicle acme/van-1 --record build/heard.jsonl",
        "fleet wire sniff --replay build/heard.jsonl --schemas vda5050 -o json",
    )
)
def sniff(
    broker: Annotated[str | None, typer.Option(help="mqtt://host:port or mqtts://host:port.")] = None,
    site: Annotated[Path | None, typer.Option(help="Site file (TOML): its broker, and who should be heard.")] = None,
    user: Annotated[str, typer.Option(help="User at the broker; its password: FLEET_BROKER_PASSWORD, or a file.")] = "",
    password_file: Annotated[Path | None, typer.Option(help="File with the password in its first line.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="Certificates that vouch for an mqtts:// broker.")] = None,
    mqtt: Annotated[MqttVersion | None, typer.Option(help="MQTT to speak, else what the site says, or 3.1.1.")] = None,
    schemas: Annotated[Path | None, typer.Option(help="Official schemas, as DIR/2.1.0/state.json.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.0, help="How long; by default until Ctrl-C.")] = None,
    vehicle: Annotated[list[str] | None, typer.Option(help="MANUFACTURER/SERIAL; may be given again.")] = None,
    record: Annotated[Path | None, typer.Option(help="File to write all that is heard to, a line each.")] = None,
    replay: Annotated[Path | None, typer.Option(help="File to judge instead of a broker.")] = None,
    output: Annotated[Shape, typer.Option("--output", "-o", help="How to print.")] = Shape.TEXT,
) -> None:
    """Listen to all vehicles of a broker and to who commands them, and tell what breaks the standard.

    The numbers are those of docs/vda5050.md. Nothing is sent but the wish to listen. Exit code 1 says that there are
    violations; remarks do not count.
    """
    from fleet.clock import SystemClock
    from fleet.wire.sniff.listen import Ears
    from fleet.wire.sniff.sniffer import Sniffer

    read_site = _site(site)
    sniffer = Sniffer(_schemas(schemas), _names(vehicle), _expected(read_site))
    ended_s: float | None = None
    if replay is not None:
        if broker is not None or record is not None or seconds is not None:
            raise typer.BadParameter("--replay listens to no broker: leave --broker, --record and --seconds out")
        _replay(replay, sniffer.hear)
    else:
        ears = Ears(
            url=_url(broker, read_site),
            login=_login(broker, read_site, user, password_file, ca_file, mqtt),
            clock=SystemClock.started_now(),
            only=_names(vehicle),
            seconds=seconds,
        )
        with _recording(record, sniffer.hear) as take:
            _listen(ears, take)
        ended_s = ears.clock.trade_now_s()
    report = sniffer.end(ended_s)
    _show(report, output)
    if not report.is_clean:
        raise typer.Exit(ExitCode.FAILED)


def _show(report: SniffReport, shape: Shape) -> None:
    if shape is Shape.JSON:
        show_json(report.to_json())
    else:
        typer.echo(for_terminal(report.to_text()), nl=False)
    if not report.messages:
        say("no vehicle was heard, and nobody who spoke to one")


def _site(path: Path | None) -> Site | None:
    if path is None:
        return None
    from fleet.config import load

    try:
        return load(path, os.environ)
    except FleetError as error:
        raise CommandError(ExitCode.MISUSED, str(error)) from error


def _schemas(folder: Path | None) -> OfficialSchemas | None:
    if folder is None:
        return None
    from fleet.wire.sniff.schemas import OfficialSchemas, SchemasError

    try:
        return OfficialSchemas.load(folder)
    except SchemasError as error:
        raise CommandError(ExitCode.MISUSED, str(error)) from error


def _names(vehicles: list[str] | None) -> list[str]:
    for name in vehicles or []:
        if len(name.split("/")) != 2 or not all(name.split("/")):
            raise typer.BadParameter(f"{name!r} is no vehicle; write MANUFACTURER/SERIAL")
    return vehicles or []


def _expected(site: Site | None) -> list[str]:
    return [f"{v.manufacturer}/{v.serial_number}" for v in site.vehicles.values()] if site else []


def _url(broker: str | None, site: Site | None) -> BrokerUrl:
    """Where to listen: what the flag says, else the broker of the site, also where that is the daemon's own."""
    from fleet.wire.broker import left_in
    from fleet.wire.broker_url import BrokerUrl

    if broker is None and site is None:
        raise typer.BadParameter("say where to listen: --broker, --site or --replay")
    try:
        if broker is not None:
            return BrokerUrl.parse(broker)
        assert site is not None
        found = left_in(site.data_dir) if site.broker.is_embedded else BrokerUrl.parse(site.broker.url)
    except BrokerError as error:
        raise CommandError(ExitCode.MISUSED, str(error)) from error
    if found is None:
        raise CommandError(
            ExitCode.MISUSED, f"there was never a broker in {site.data_dir}", "start the daemon, or name --broker"
        )
    return found


@contextlib.contextmanager
def _recording(path: Path | None, hear: Callable[[Entry], None]) -> Iterator[Callable[[Entry], None]]:
    """Who hears, and writes down what it hears where a file is named."""
    if path is None:
        yield hear
        return
    from fleet.wire.sniff.heard import line_of

    try:
        file = path.open("w", buffering=1, encoding="utf-8")  # line by line, so that others may follow it
    except OSError as error:
        raise CommandError(ExitCode.MISUSED, f"{path} cannot be written: {error.strerror}") from error
    broken = False

    def take(entry: Entry) -> None:
        nonlocal broken
        try:
            if not broken:
                file.write(line_of(entry) + "\n")
        except OSError as error:  # a full disk ends the record, and nothing else
            broken = True
            say(f"{path} is not written any more: {error.strerror}; what is heard is still judged")
        hear(entry)

    try:
        yield take
    finally:
        with contextlib.suppress(OSError):  # what could not be written was told
            file.close()


def _replay(path: Path, hear: Callable[[Entry], None]) -> None:
    from fleet.wire.sniff.heard import read_lines

    try:
        with path.open(encoding="utf-8") as lines:
            for entry in read_lines(lines):
                hear(entry)
    except OSError as error:
        raise CommandError(ExitCode.MISUSED, f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CommandError(ExitCode.MISUSED, f"{path}: {error}", "each line is one that --record wrote") from error


def _login(
    broker: str | None,
    site: Site | None,
    user: str,
    password_file: Path | None,
    ca_file: Path | None,
    mqtt: MqttVersion | None,
) -> Login:
    """What the flags say, else the site where its own broker is meant, else the environment."""
    from fleet.wire.login import login_of, mqtt_of, read_login

    try:
        if user or password_file is not None:
            spoken = mqtt_of(os.environ) if broker is not None or site is None else site.broker.mqtt
            login = read_login(user, password_file, ca_file, os.environ, spoken)
        elif broker is not None or site is None or site.broker.is_embedded:
            login = login_of(os.environ)
        else:
            its = site.broker
            login = read_login(its.user, its.password_file, its.ca_file, os.environ, its.mqtt)
    except BrokerError as error:
        raise CommandError(ExitCode.MISUSED, str(error)) from error
    return replace(login, trust_file=ca_file or login.trust_file, mqtt=mqtt or login.mqtt)


def _listen(ears: Ears, take: Callable[[Entry], None]) -> None:
    """Listen until it is time, or somebody presses Ctrl-C."""
    import asyncio
    import signal

    from fleet.wire.sniff.listen import listen

    async def listened() -> str:
        stop = asyncio.Event()
        for asked in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(asked, stop.set)
        say(f"listening to {ears.url}" + (f" for {ears.seconds:g} s" if ears.seconds is not None else ", until Ctrl-C"))
        return await listen(ears, take, stop)

    try:
        reason = asyncio.run(listened())
    except BrokerError as error:
        raise CommandError(ExitCode.NOT_REACHABLE, str(error), "see that it runs, and that it lets you in") from error
    if reason:
        say(f"the line broke: {reason}")
