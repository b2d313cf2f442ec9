"""The tables of docs/conformance.md, written from the code: options and checks.

`python -m vehicle_sim.judge.reference docs/conformance.md` puts them into the page anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import typer
from typer.core import TyperGroup, TyperOption

from vehicle_sim.judge.catalogue import CHECKS, number_order
from vehicle_sim.judge.check import Need

NEEDS: Mapping[Need, str] = {Need.ROAD: "where it may drive", Need.HANDS: "somebody beside it"}


def options_table() -> str:
    """All options of `vehicle-sim judge`."""
    from vehicle_sim.__main__ import app  # which knows this command

    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    options = [option for option in group.commands["judge"].params if isinstance(option, TyperOption)]
    rows = [
        f"| `{option.opts[-1]}` | {'yes' if option.required else ''} | {option.help} |"
        for option in options
        if option.name != "help"
    ]
    return "\n".join(["| word | needed | meaning |", "| --- | --- | --- |", *rows])


def checks_table() -> str:
    """All checks by their number."""
    rows = [
        f"| {check.number} | `{check.key}` | The vehicle {check.duty}. | {_needs(check.needs)} |"
        for check in sorted(CHECKS, key=lambda check: number_order(check.number))
    ]
    return "\n".join(["| number | key | duty | needs |", "| --- | --- | --- | --- |", *rows])


def _needs(needs: frozenset[Need]) -> str:
    return ", ".join(text for need, text in NEEDS.items() if need in needs)


TABLES: Mapping[str, Callable[[], str]] = {"options": options_table, "checks": checks_table}


def renewed(page: str) -> str:
    """The page with its tables written anew; each stands between `<!-- NAME -->` and `<!-- end -->`."""
    for name, table in TABLES.items():
        head, begin, rest = page.partition(f"<!-- {name} -->\n")
        assert begin, f"the page has no place for {name}"
        _, end, tail = rest.partition("<!-- end -->")
        page = f"{head}{begin}{table()}\n{end}{tail}"
    return page


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
