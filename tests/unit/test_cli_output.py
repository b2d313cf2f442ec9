"""How long lines of a report are laid out for a terminal."""

from __future__ import annotations

from fleet.cli.output import fit


def test_a_line_that_is_too_long_goes_on_under_its_last_column() -> None:
    line = "  6.2    drives on along an update that joins the end of its base (update-driven) -- not told yet"
    assert fit(line, 60).splitlines() == [
        "  6.2    drives on along an update that joins the end of its",
        "         base (update-driven) -- not told yet",
    ]


def test_a_line_without_columns_goes_on_a_little_further_in() -> None:
    assert fit("  does not stand at n4 within 185 s: last node n9", 30).splitlines() == [
        "  does not stand at n4 within",
        "    185 s: last node n9",
    ]


def test_what_fits_and_what_has_no_place_to_break_stays_as_it_is() -> None:
    name = "e25782-5191-39@504" * 4
    assert fit(f"right:\n\n{name}\n", 40) == f"right:\n\n{name}\n"


def test_a_terminal_of_no_width_costs_nobody_the_report() -> None:
    assert "stands" in fit("    it stands\n", 1)
