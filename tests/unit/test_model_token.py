"""A journal's token tells when it was begun, so that ids without room for it do not come again either."""

from __future__ import annotations

from fleet.model.token import TOKEN_EPOCH_S, first_number, new_token

DAY_S = 86_400.0
NOW_S = TOKEN_EPOCH_S + 700 * DAY_S


def test_a_token_is_as_long_for_sixty_years() -> None:
    assert {len(new_token(NOW_S + year * 365 * DAY_S, "7c")) for year in range(0, 60, 5)} == {8}


def test_a_later_journal_counts_from_a_later_number() -> None:
    first, later = new_token(NOW_S, "7c"), new_token(NOW_S + 90.0, "01")
    assert first_number(later) - first_number(first) == 90


def test_two_journals_of_one_second_have_two_tokens() -> None:
    assert new_token(NOW_S, "7c") != new_token(NOW_S, "7d")


def test_a_token_that_tells_no_second_is_counted_from_somewhere_and_always_the_same() -> None:
    assert first_number("4fa0c1d2") == first_number("4fa0c1d2")
    assert first_number("t-1") == 0
