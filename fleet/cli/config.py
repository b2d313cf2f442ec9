"""fleet config: is this site file right, and can its places be served?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleet.cli.exits import CommandError, ExitCode, say
from fleet.cli.options import TABLE, Output, examples
from fleet.cli.output import Column, Format, Json, show_fields, show_rows

if TYPE_CHECKING:
    from fleet.model.site import Site

app = typer.Typer(help="Site files: checked before they are used.", no_args_is_help=True)

SETTING_COLUMNS = (Column("NAME", "key"), Column("VALUE", "value"), Column("ORIGIN", "origin"))


@app.command(
    epilog=examples("fleet config check configs/liechtenstein.toml", "fleet config check site.toml --show-config")
)
def check(
    file: Annotated[Path, typer.Argument(help="Site file (TOML).")],
    show_config: Annotated[bool, typer.Option("--show-config", help="Print every value with its origin.")] = False,
    skip_map: Annotated[bool, typer.Option("--skip-map", help="Do not load the map.")] = False,
    output: Output = TABLE,
) -> None:
    """Load a site file with its environment, its map, and the way to each of its places."""
    from fleet.config import describe, load, show

    site = load(file, os.environ)
    if show_config:
        settings = [{"key": s.key, "value": s.value, "origin": str(s.origin)} for s in show(file, os.environ)]
        show_rows(settings, SETTING_COLUMNS, Format.WIDE if output is Format.TABLE else output)
        return
    summary: Json = describe(site)
    findings = [] if skip_map else _findings(site)
    whole = summary | {"findings": findings}
    fields = [(key, value) for key, value in summary.items() if not isinstance(value, dict)]
    show_fields(fields, output, whole, str(summary["area"]))
    for finding in findings:
        say(
            f"{'error' if finding['serious'] else 'note'}: {finding['place']} ({finding['profile']}): {finding['text']}"
        )
    serious = sum(bool(finding["serious"]) for finding in findings)
    if serious:
        raise CommandError(
            ExitCode.FAILED, f"{serious} places cannot be served", "move them, or widen the road classes"
        )
    say("the map was not looked at" if skip_map else f"good: all places can be served, {len(findings)} notes")


@app.command(epilog=examples("fleet config rights site.toml > /etc/mosquitto/fleet.acl"))
def rights(file: Annotated[Path, typer.Argument(help="Site file (TOML).")]) -> None:
    """Print who may say and hear what at the broker, as an acl_file of mosquitto.

    Vehicles are users named by their serial numbers; each writes below its own serial only, and orders come from the
    fleet's user alone (broker.user, else "fleet").
    """
    from fleet.config import load
    from fleet.wire.rights import FLEET_USER, mosquitto_list, site_rights

    site = load(file, os.environ)
    users = site_rights(site, site.broker.user or FLEET_USER)
    typer.echo(f"# Written by: fleet config rights {file}\n{mosquitto_list(users)}", nl=False)


def _findings(site: Site) -> list[Json]:
    from fleet.cli.ground import findings_of, graph_of

    return findings_of(site, graph_of(site.map_path, site.data_dir))
