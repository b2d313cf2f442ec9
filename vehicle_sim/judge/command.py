"""`vehicle-sim judge`: the checks over a real broker."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from fleet.cli.output import for_terminal
from fleet.clock import SystemClock
from fleet.config import load
from fleet.config.values import NAME_PATTERN
from fleet.errors import ConfigError
from fleet.maps.cache import load_or_import
from fleet.model.site import MqttVersion
from fleet.wire.broker_url import BrokerUrl
from fleet.wire.login import Login, login_of, mqtt_of, read_login
from fleet.wire.messages import Action, ActionParameter, BlockingType
from fleet.wire.mqtt import MqttLink
from fleet.wire.registry import codec_for
from fleet.wire.subscription import Subscription
from vehicle_sim.connect import clock_of, try_to_write
from vehicle_sim.judge.bench import Bench, Terms
from vehicle_sim.judge.catalogue import chosen
from vehicle_sim.judge.course import Course
from vehicle_sim.judge.page import report_html
from vehicle_sim.judge.report import Report, report_json
from vehicle_sim.judge.session import Session
from vehicle_sim.judge.site_course import course_of, vehicle_of
from vehicle_sim.judge.text import in_words, report_text
from vehicle_sim.timers import ScaledTimers

ALL_RIGHT, SOMETHING_WRONG, INTERRUPTED = 0, 1, 130


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOptions:
    """What `vehicle-sim judge` is told.

    Attributes:
        vehicle: MANUFACTURER/SERIAL.
        user, password_file, ca_file, mqtt: as in the site file's [broker]; None for what the environment says.
        only: numbers, sections and keys of checks, with commas between.
        nodes: a file that says where the vehicle may drive.
        site, drive: the site's roads say so, from its home station.
        action: an action for it to do at a node, as the JSON object of an order.
        patience_s: how long the vehicle may take to react, machine time.
    """

    broker: str
    vehicle: str
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    mqtt: MqttVersion | None = None
    interface_name: str | None = None
    version: str | None = None
    only: Sequence[str] = ()
    nodes: Path | None = None
    site: Path | None = None
    drive: bool = False
    by_hand: bool = False
    action: str | None = None
    patience_s: float = 10.0
    time_factor: float = 1.0
    trade_epoch: str | None = None
    cache: Path | None = None
    output: str = "text"
    out: Path | None = None


def judge(options: JudgeOptions) -> int:
    """Judge a vehicle and print what was found; the exit code says whether all was right.

    Raises:
        ConfigError: an option cannot be used, the broker cannot be reached, or the vehicle cannot be judged.
        BrokerError: the broker's address is none.
        MapError: the map of the site cannot be used.
    """
    if options.out is not None:
        try_to_write("--out", options.out)
    try:
        report = asyncio.run(_report(options))
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; what the vehicle was still to do has been cancelled\n")
        return INTERRUPTED
    text = _written(report, options.output)
    if options.out is None:
        sys.stdout.write(for_terminal(text) if options.output == "text" else text)
    else:
        options.out.write_text(text, encoding="utf-8")
        sys.stderr.write(f"{in_words(report)}; written to {options.out}\n")
    return ALL_RIGHT if report.is_all_right else SOMETHING_WRONG


def _written(report: Report, output: str) -> str:
    match output:
        case "json":
            return json.dumps(report_json(report), indent=2) + "\n"
        case "html":
            return report_html(report)
        case _:
            return report_text(report)


async def _report(options: JudgeOptions) -> Report:
    checks = chosen([wish for text in options.only for wish in text.split(",") if wish])
    clock = clock_of(options.time_factor, options.trade_epoch)
    terms, course = _terms_and_course(options, clock)
    number = terms.session_number
    link = MqttLink(
        BrokerUrl.parse(options.broker),
        f"judge-of-{terms.serial_number}-{number}",
        [Subscription(terms.topic_filter, 1)],
        random.Random(number),
        login=_login(options),
    )
    bench = Bench(
        link, ScaledTimers(clock, asyncio.get_running_loop()), terms, course, Terminal() if options.by_hand else None
    )
    return await Session(bench, checks).run()


def _terms_and_course(options: JudgeOptions, clock: SystemClock) -> tuple[Terms, Course | None]:
    manufacturer, slash, serial_number = options.vehicle.partition("/")
    if not (manufacturer and slash and serial_number) or set("/+#$") & set(serial_number + manufacturer):
        raise ConfigError([f"--vehicle: found {options.vehicle!r}, needs MANUFACTURER/SERIAL"])
    if options.interface_name is not None and not re.fullmatch(NAME_PATTERN, options.interface_name):
        raise ConfigError([f"--interface: found {options.interface_name!r}, needs the first level of its topics alone"])
    if options.version is not None:
        _look_up(options.version)
    terms = Terms(
        manufacturer=manufacturer,
        serial_number=serial_number,
        patience_s=options.patience_s * options.time_factor,
        version=options.version,
        interface_name=options.interface_name,
        session_number=int(clock.machine_wall_s()),
        node_action=_action(options.action) if options.action else None,
    )
    return terms, _course(options, manufacturer, serial_number)


def _look_up(version: str) -> None:
    try:
        codec_for(version)
    except ValueError as fault:
        raise ConfigError([f"--version: {fault}"]) from fault


def _course(options: JudgeOptions, manufacturer: str, serial_number: str) -> Course | None:
    if options.nodes is not None and options.drive:
        raise ConfigError(["--nodes and --drive both say where the vehicle may drive; give one"])
    if options.drive != (options.site is not None):
        raise ConfigError(["--site FILE and --drive belong together: the vehicle will drive on that site's roads"])
    if options.nodes is not None:
        return Course.read(options.nodes)
    if options.site is None:
        return None
    site = load(options.site, os.environ)
    graph, _ = load_or_import(site.map_path, options.cache or site.data_dir / "maps")
    return course_of(site, graph, vehicle_of(site, manufacturer, serial_number))


class _Parameter(msgspec.Struct, frozen=True):
    key: str
    value: str | float | int | bool


class _Action(msgspec.Struct, frozen=True, rename="camel"):
    action_type: str
    blocking_type: BlockingType = BlockingType.HARD
    action_parameters: tuple[_Parameter, ...] = ()


def _action(text: str) -> Action:
    try:
        told = msgspec.json.decode(text, type=_Action)
    except ValueError as fault:  # every fault of msgspec is one
        raise ConfigError([f"--action: {fault}; needs an action as an order has it"]) from fault
    parameters = tuple(ActionParameter(key=each.key, value=each.value) for each in told.action_parameters)
    return Action(action_id="", action_type=told.action_type, blocking_type=told.blocking_type, parameters=parameters)


class Terminal:
    """Asks whoever sits at the terminal, who can reach the vehicle."""

    async def do(self, what: str) -> bool:
        sys.stderr.write(f"Please {what}; then press Enter, or type n where that cannot be done: ")
        sys.stderr.flush()
        answer = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        return bool(answer) and not answer.strip().lower().startswith("n")


def _login(options: JudgeOptions) -> Login:
    """What the flags say, else what the environment says, as for the other tools."""
    if options.user or options.password_file or options.ca_file:
        login = read_login(options.user, options.password_file, options.ca_file, os.environ, mqtt_of(os.environ))
    else:
        login = login_of(os.environ)
    return login if options.mqtt is None else replace(login, mqtt=options.mqtt)
