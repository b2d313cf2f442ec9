"""The reference of the command line, written from the commands themselves: docs/cli.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from fleet.cli.exits import MEANINGS
from fleet.cli.main import TOPICS, app

ON_ALL = ("help", "output", "url")
_INTRODUCTION = """\
# The command `fleet`

*Written from the code; `python -m fleet.cli.reference > docs/cli.md` writes it anew.*

Commands on a running fleet go over HTTP to the daemon at `--url` or `FLEET_URL`; `config check`, `journal` and most of
`roads` need no daemon. Data goes to standard output, words to standard error. Dangerous things are confirmed on a
terminal; without one they need `--yes`. Where a command prints data, `-o` chooses how.
"""


@dataclass(frozen=True, slots=True)
class Command:
    """One command as its help tells it."""

    name: str
    help: str
    params: tuple[object, ...]
    examples: tuple[str, ...]


def commands() -> Iterator[Command]:
    """All commands that are not hidden, group by group."""
    yield from _below("fleet", typer.main.get_command(app))


def render() -> str:
    """The whole reference as Markdown."""
    parts = [_INTRODUCTION, "\n## Exit codes\n\n| code | meaning |\n| --- | --- |\n"]
    parts += [f"| {code.value} | {meaning} |\n" for code, meaning in MEANINGS.items()]
    parts += [f"\n## {title}\n\n```\n{TOPICS[topic]}\n```\n" for topic, title in _TITLES.items()]
    parts += [_section(command) for command in commands()]
    return "".join(parts)


_TITLES = {"formats": "Formats", "environment": "Environment"}


def _below(name: str, command: object) -> Iterator[Command]:
    if not isinstance(command, TyperGroup):
        assert isinstance(command, TyperCommand)
        lines = [line for line in (command.epilog or "").split("\n\n") if line.startswith("fleet ")]
        yield Command(name, _plain(command.help or ""), tuple(command.params), tuple(lines))
        return
    for word, found in command.commands.items():
        if not found.hidden:
            yield from _below(f"{name} {word}", found)


def _plain(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _section(command: Command) -> str:
    shown = [p for p in command.params if isinstance(p, TyperArgument | TyperOption) and p.name not in ON_ALL]
    rows = "".join(_row(param) for param in shown)
    table = f"\n| word | needed | meaning |\n| --- | --- | --- |\n{rows}" if rows else ""
    lines = "\n".join(command.examples)
    return f"\n## `{command.name}`\n\n{command.help}\n{table}\n```\n{lines}\n```\n"


def _row(param: TyperArgument | TyperOption) -> str:
    is_option = any(name.startswith("-") for name in param.opts)
    name = ", ".join(f"`{name}`" for name in param.opts) if is_option else f"`{param.name.upper()}`"
    return f"| {name} | {'yes' if param.required else ''} | {param.help or ''} |\n"


if __name__ == "__main__":
    typer.echo(render(), nl=False)
