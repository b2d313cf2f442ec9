"""All checks, in the order in which they are made: first what moves nothing, at last what was heard all along."""

from __future__ import annotations

from collections.abc import Sequence

from fleet.errors import ConfigError
from vehicle_sim.judge.acting import ACTING
from vehicle_sim.judge.by_hand import BY_HAND
from vehicle_sim.judge.check import Check
from vehicle_sim.judge.driving import DRIVING, WAITING
from vehicle_sim.judge.instant import INSTANT
from vehicle_sim.judge.newer import NEWER
from vehicle_sim.judge.refusals import REFUSALS
from vehicle_sim.judge.standing import STANDING
from vehicle_sim.judge.talk import TALK

CHECKS: tuple[Check, ...] = (
    *INSTANT,
    *NEWER,
    *STANDING[:1],
    *WAITING,
    *STANDING[1:],
    *REFUSALS,
    *ACTING,
    *DRIVING,
    *BY_HAND,
    *TALK,
)


def chosen(wishes: Sequence[str]) -> tuple[Check, ...]:
    """The checks that are wished for, by number, section or key; all where there is no wish.

    Raises:
        ConfigError: a wish names none; says which there are.
    """
    known = ", ".join(sorted({check.number for check in CHECKS}, key=number_order))
    faults = [
        f"--only: no check {wish!r}; there are {known}"
        for wish in wishes
        if not any(check.is_meant_by(wish) for check in CHECKS)
    ]
    if faults:
        raise ConfigError(faults)
    return tuple(check for check in CHECKS if not wishes or any(check.is_meant_by(wish) for wish in wishes))


def number_order(number: str) -> tuple[bool, list[tuple[str, int]]]:
    """Sorts 2.1 before 10.1 and 7.2 before 7.r2, and our own K numbers last."""
    parts = [(part.rstrip("0123456789"), part) for part in number.split(".")]
    return number.startswith("K"), [(word, int(part.removeprefix(word) or 0)) for word, part in parts]
