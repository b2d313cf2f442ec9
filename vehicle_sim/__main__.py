"""The `vehicle-sim` command."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Literal

import structlog
import typer

from fleet.errors import FleetError
from fleet.model.site import MqttVersion
from vehicle_sim.connect import ConnectOptions
from vehicle_sim.connect import connect as connect_vehicles
from vehicle_sim.demand import draw_demand
from vehicle_sim.scenario import Scenario

EXIT_MISUSE = 2

app = typer.Typer(help="Simulated vehicles that speak VDA 5050.", no_args_is_help=True, add_completion=False)


@app.command()
def connect(
    broker: Annotated[str, typer.Option(help="mqtt://HOST:PORT")],
    site: Annotated[Path, typer.Option(help="Site file.")],
    vehicles: Annotated[int | None, typer.Option(min=1, help="Only so many of the site's vehicles.")] = None,
    time_factor: Annotated[float, typer.Option(min=0.001, max=10_000, help="Trade seconds per second.")] = 1.0,
    trade_epoch: Annotated[str | None, typer.Option(help="TRADE@WALL in ISO 8601, as given to the daemon.")] = None,
    seed: Annotated[int, typer.Option(help="Of all chance.")] = 1,
    scenario: Annotated[Path | None, typer.Option(help="Scenario file whose faults befall the vehicles.")] = None,
    demand: Annotated[bool, typer.Option("--demand", help="The scenario's runs stand ready at the stations.")] = False,
    faults: Annotated[Literal["none", "default"], typer.Option(help="Whether things go wrong.")] = "none",
    character: Annotated[
        list[str] | None, typer.Option(help="NAME for all vehicles, or VEHICLE=NAME, or MAKE=NAME; may be given again.")
    ] = None,
    mqtt: Annotated[MqttVersion | None, typer.Option(help="MQTT to speak, else what the site says.")] = None,
    truth: Annotated[Path | None, typer.Option(help="File for what really happened.")] = None,
    visualization: Annotated[
        float | None, typer.Option(min=0.01, help="Seconds between visualization messages.")
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder for imported maps.")] = None,
) -> None:
    """Put a site's vehicles on a broker, until SIGTERM or Ctrl-C."""
    options = ConnectOptions(
        broker=broker,
        site=site,
        vehicles=vehicles,
        time_factor=time_factor,
        trade_epoch=trade_epoch,
        seed=seed,
        scenario=scenario,
        with_faults=faults == "default",
        with_demand=demand,
        characters=tuple(character or ()),
        mqtt=mqtt,
        truth=truth,
        visualization_s=visualization,
        cache=cache,
    )
    _speak_on_stderr()
    asyncio.run(connect_vehicles(options))


def _speak_on_stderr() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@app.command()
def run(
    scenario: Annotated[Path, typer.Argument(help="Scenario file.")],
    seed: Annotated[int, typer.Option(help="Of all chance.")] = 1,
    profile: Annotated[str | None, typer.Option(help="Fault profile instead of the scenario's own.")] = None,
    map: Annotated[Path | None, typer.Option(help="OpenStreetMap extract instead of the site's.")] = None,  # noqa: A002
    until: Annotated[str | None, typer.Option(help='End, as "8h" or "90m" after the start.')] = None,
    output: Annotated[Literal["text", "json"], typer.Option("-o", "--output")] = "text",
) -> None:
    """Controller and vehicles in one process under virtual time, as fast as it goes."""
    from vehicle_sim import commands  # the whole controller, which vehicles on a broker do not need

    options = commands.RunOptions(scenario=scenario, profile=profile, map=map, until=until)
    raise typer.Exit(commands.run(options, seed, output))


@app.command()
def sweep(
    scenario: Annotated[Path, typer.Argument(help="Scenario file.")],
    seeds: Annotated[str, typer.Option(help="A..B")],
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    profile: Annotated[str | None, typer.Option(help="Fault profile instead of the scenario's own.")] = None,
    output: Annotated[Literal["text", "json"], typer.Option("-o", "--output")] = "text",
) -> None:
    """Many seeds; exit 0 all kept, 1 a check broke, 2 misuse, 3 an expectation missed."""
    from vehicle_sim import commands

    options = commands.RunOptions(scenario=scenario, profile=profile)
    raise typer.Exit(commands.sweep(options, commands.seed_range(seeds), jobs, output))


@app.command()
def judge(
    broker: Annotated[str, typer.Option(help="mqtt://HOST:PORT or mqtts://HOST:PORT")],
    vehicle: Annotated[str, typer.Option(help="MANUFACTURER/SERIAL of the vehicle to judge.")],
    user: Annotated[str, typer.Option(help="User at the broker; its password: FLEET_BROKER_PASSWORD, or a file.")] = "",
    password_file: Annotated[Path | None, typer.Option(help="File with the password in its first line.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="Certificates that vouch for an mqtts:// broker.")] = None,
    mqtt: Annotated[MqttVersion | None, typer.Option(help="MQTT to speak, else 3.1.1.")] = None,
    interface: Annotated[str | None, typer.Option(help="First level of its topics, where it has several.")] = None,
    version: Annotated[str | None, typer.Option(help="VDA 5050 version to speak, else the one it speaks.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Numbers, sections or keys of checks: 6.4,8,will.")] = None,
    nodes: Annotated[Path | None, typer.Option(help="File with a loop of nodes and edges it may drive.")] = None,
    site: Annotated[Path | None, typer.Option(help="Site file whose roads it may drive; with --drive.")] = None,
    drive: Annotated[bool, typer.Option("--drive", help="Let it drive on the site's roads.")] = False,
    by_hand: Annotated[bool, typer.Option("--by-hand", help="Somebody beside the vehicle does what is asked.")] = False,
    action: Annotated[str | None, typer.Option(help="A harmless action for it to do at a node, as JSON.")] = None,
    patience: Annotated[float, typer.Option(min=0.1, help="Seconds it may take to react.")] = 10.0,
    time_factor: Annotated[
        float, typer.Option(min=0.001, max=10_000, help="Trade seconds per second; simulation only.")
    ] = 1.0,
    trade_epoch: Annotated[str | None, typer.Option(help="TRADE@WALL in ISO 8601, as its simulation has it.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder for imported maps.")] = None,
    output: Annotated[Literal["text", "json", "html"], typer.Option("-o", "--output", help="Format.")] = "text",
    out: Annotated[Path | None, typer.Option(help="File to write to instead of standard output.")] = None,
) -> None:
    """Judge a real vehicle by the checklist; exit 0 all right, 1 something wrong, 2 misuse or vehicle not heard."""
    from vehicle_sim.judge.command import JudgeOptions
    from vehicle_sim.judge.command import judge as judge_vehicle

    options = JudgeOptions(
        broker=broker,
        vehicle=vehicle,
        user=user,
        password_file=password_file,
        ca_file=ca_file,
        mqtt=mqtt,
        interface_name=interface,
        version=version,
        only=only or (),
        nodes=nodes,
        site=site,
        drive=drive,
        by_hand=by_hand,
        action=action,
        patience_s=patience,
        time_factor=time_factor,
        trade_epoch=trade_epoch,
        cache=cache,
        output=output,
        out=out,
    )
    _speak_on_stderr()
    raise typer.Exit(judge_vehicle(options))


@app.command()
def check(scenario: Annotated[Path, typer.Argument(help="Scenario file.")], seed: int = 1) -> None:
    """Read a scenario, and say what it asks for and what will go wrong."""
    checked = Scenario.load(scenario)
    told = draw_demand(checked, seed)
    parcels = sum(each.run.lot.parcel_count for each in told)
    site = checked.site
    typer.echo(
        f"{checked.name}: {len(site.vehicles)} vehicles, {len(site.points)} points, {len(told)} runs, "
        f"{parcels} parcels; {checked.fault_plan(seed).describe()}"
    )


def main() -> None:
    """Run the command; what cannot be used is said in a sentence."""
    try:
        app()
    except FleetError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_MISUSE)


if __name__ == "__main__":
    main()
