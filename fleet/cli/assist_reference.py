"""The reference of assists, written from the table of their exits: docs/assists.md."""

from __future__ import annotations

import typer

from fleet.dispatch.exits import EXITS, Exit
from fleet.model.assist import AssistCause
from fleet.state.attention import ANSWER_WITHIN_S

_INTRODUCTION = """\
# Assists: what waits for a person

*Written from the code; `python -m fleet.cli.assist_reference > docs/assists.md` writes it anew.*

`fleet assist list` shows what is open, the oldest first; `fleet assist show ASSIST` what ends it. None is a dead end:
each ends by itself, by one of the commands below, or by `fleet assist resolve`, which closes what a person has seen to.
That is refused while the trouble stands and closing it would hide a danger; the refusal names the command to use. What
a vehicle is called for may also be closed while it stands, once the vehicle is paused and has no order, no trip and
nothing aboard; when it is resumed in that condition, somebody is called again.

## Causes

| cause | what has happened | answer within | ends by itself when | what a person can do |
| --- | --- | --- | --- | --- |
"""

_STEPS = """
## A vehicle is broken, towed, replaced or gone

1. `fleet vehicle pause van-3`: it gets nothing more. Not needed for one that is silent or no longer in the site file.
2. `fleet vehicle end-order van-3`: its order and trip are over, its bay is free, runs that were not loaded get another
   vehicle. The vehicle is told to drop the order as soon as it is heard. Of what it carried nobody is sure any more.
   Said again, it ends what the vehicle has never answered, and tells it to drop what it still shows.
3. `fleet run settle RUN --at PLACE --why ...`, run by run, by somebody who has looked (below).
4. `fleet vehicle resume van-3` when it is fit again. It gets a new order only when its own state shows nothing left.

## Where parcels are

| `--at` | what it means |
| --- | --- |
| `point` | they are at their pickup point and count as delivered; your word is the evidence |
| `station` | they are at the station they came from: returned, or with `--try-again` the whole lot gets another trip |
| `vehicle:NAME` | they are aboard that vehicle, of the same station, and go on or come back with it |
| `missing` | they were looked for and not found: final, the run ends as `lost`, reports count them as lost |

`--parcel ID`, given once or more, settles some of the lot; the run goes on or ends when none is unsure any more.
The same settlement sent twice changes nothing the second time.
"""


def render() -> str:
    """The whole page as Markdown."""
    return _INTRODUCTION + "".join(_row(cause, EXITS[cause]) for cause in AssistCause) + _STEPS


def _row(cause: AssistCause, exit_: Exit) -> str:
    commands = ", ".join(f"`{command}`" for command in exit_.commands)
    return (
        f"| `{cause}` | {exit_.means} | {ANSWER_WITHIN_S[cause]:.0f} s | {exit_.by_itself or 'never'} | {commands} |\n"
    )


if __name__ == "__main__":
    typer.echo(render(), nl=False)
