"""A journal's token: part of every id that is made from it, so that none is ever made again, not by another journal.

It tells the second at which the journal was begun. Ids that are too short for a token are counted from that second on
(`fleet.telemetry.names`): a new journal never comes to the numbers of the one before it, as long as fewer ids are made
than seconds pass.
"""

from __future__ import annotations

from fleet.model.base36 import in_base_36

TOKEN_EPOCH_S = 1_735_689_600.0
"""2025-01-01: six letters last for 69 years from then on."""
SECOND_LETTERS = 6


def new_token(now_s: float, chance: str) -> str:
    """The token of a journal that is begun now.

    Args:
        chance: a few letters or digits that no other journal of this second has.
    """
    second = int(now_s - TOKEN_EPOCH_S) % 36**SECOND_LETTERS
    return f"{in_base_36(second):0>{SECOND_LETTERS}}{chance}"


def first_number(token: str) -> int:
    """From where the short ids of a journal are counted; of a token that tells no second, wherever it may lead."""
    head = token[:SECOND_LETTERS].lower()
    return int(head, 36) if head.isascii() and head.isalnum() else 0
