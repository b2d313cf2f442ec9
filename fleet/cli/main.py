"""The command `fleet`: every noun and verb of it. Heavy parts are imported by the commands that need them."""

from __future__ import annotations

import importlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from fleet.cli import config, journal, overview, roads, run, vehicle, wire
from fleet.cli.exits import MEANINGS, CommandError, ExitCode, FleetGroup
from fleet.cli.options import examples

app = typer.Typer(
    name="fleet",
    cls=FleetGroup,
    help="Dispatches unmanned delivery vehicles between delivery stations and pickup points.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # half the time to start, and help that reads alike everywhere
    context_settings={"help_option_names": ["-h", "--help"]},
)


class LogFormat(StrEnum):
    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


@app.command(
    epilog=examples(
        "fleet serve --site configs/liechtenstein.toml",
        "fleet serve --site site.toml --broker mqtt://127.0.0.1:1883 --data /var/lib/fleet --api 127.0.0.1:8700",
    )
)
def serve(
    site: Annotated[Path, typer.Option(help="Site file (TOML).")],
    broker: Annotated[str | None, typer.Option(help="mqtt://host:port, mqtts://host:port or embedded.")] = None,
    data: Annotated[Path | None, typer.Option(help="Directory of journal and broker store.")] = None,
    api: Annotated[str | None, typer.Option(help="host:port of the HTTP API.")] = None,
    time_factor: Annotated[float | None, typer.Option(help="Trade seconds per second; simulation only.")] = None,
    trade_epoch: Annotated[str | None, typer.Option(help="ISO@ISO, trade at wall time; simulation only.")] = None,
    clock_is_right: Annotated[
        bool, typer.Option("--clock-is-right", help="Start although the journal bears later times; say it once.")
    ] = False,
    log_format: Annotated[LogFormat, typer.Option(help="auto is text on a terminal, else JSON.")] = LogFormat.AUTO,
) -> None:
    """Run the operations daemon until it is told to stop."""
    from fleet.daemon import serve as run_daemon

    code = run_daemon(
        site,
        broker=broker,
        data=data,
        api=api,
        time_factor=time_factor,
        trade_epoch=trade_epoch,
        log_format=log_format.value,
        clock_is_right=clock_is_right,
    )
    raise typer.Exit(code)


app.command(epilog=examples("fleet status", "fleet status -o json"))(overview.status)
app.command(epilog=examples("fleet watch", "fleet watch --about van-3 -o ndjson"))(overview.watch)
for name, part in (
    ("run", run.app),
    ("vehicle", vehicle.app),
    ("plan", overview.plan_app),
    ("assist", overview.assist_app),
):
    app.add_typer(part, name=name)
    app.add_typer(part, name=f"{name}s", hidden=True)
for name, part in (("roads", roads.app), ("config", config.app), ("journal", journal.app), ("wire", wire.app)):
    app.add_typer(part, name=name)


@app.command(epilog=examples("fleet version"))
def version() -> None:
    """Print the version of the program."""
    from importlib.metadata import version as installed

    typer.echo(installed("unmanned-fleet"))


# Words ------------------------------------------------------------------------------------------------------------

TOPICS = {
    "exit-codes": "\n".join(f"{code.value:>3}  {meaning}" for code, meaning in MEANINGS.items()),
    "environment": (
        "FLEET_URL           address of the daemon, as --url\n"
        "FLEET_SECTION__KEY  a value of the site file, for serve, config and roads\n"
        "NO_COLOR            print without colours"
    ),
    "formats": (
        "table   for people, at most 80 columns (the default)\n"
        "wide    the same with all columns\n"
        "json    the answer of the API as it is\n"
        "ndjson  one JSON object a line\n"
        "name    names only\n"
        "Data goes to standard output, words to standard error."
    ),
}


@app.command("help", epilog=examples("fleet help exit-codes", "fleet help environment"))
def help_(topic: Annotated[str, typer.Argument(help="One of: " + ", ".join(TOPICS))]) -> None:
    """Explain a topic that concerns all commands."""
    if topic not in TOPICS:
        raise CommandError(ExitCode.MISUSED, f"there is no topic {topic!r}", "there are " + ", ".join(TOPICS))
    typer.echo(TOPICS[topic])


# Commands of other folders ------------------------------------------------------------------------------------------

AS_TYPED = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command(context_settings=AS_TYPED, epilog=examples("fleet demo", "fleet demo --out build/demo --seed 7"))
def demo(ctx: typer.Context) -> None:
    """Live through a simulated morning on real roads."""
    _hand_over(ctx, "fleet.cli.demo", "demo")


def _hand_over(ctx: typer.Context, module: str, name: str) -> None:
    """Give the words behind the command to a command that is imported only now.

    Raises:
        CommandError: this installation does not have it.
    """
    try:
        function: Any = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise CommandError(ExitCode.FAILED, f"this installation has no fleet {name}") from None
    within = typer.Typer(add_completion=False)
    within.command(name)(function)
    command = typer.main.get_command(within)
    code = command.main(args=list(ctx.args), prog_name=f"fleet {name}", standalone_mode=False, obj=ctx.obj)
    raise typer.Exit(code if isinstance(code, int) else ExitCode.DONE)


def main() -> None:
    """The program."""
    app(prog_name="fleet")
