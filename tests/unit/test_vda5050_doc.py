"""The page that says what of VDA 5050 is proven, and by which test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.vda5050_doc import PAGE, TESTS, Proofs, Spec, collected, proven_fraction, read_spec, render

PROVEN_MIN = 0.95  # of MUST and DO; only ever raised
KINDS = {"MUST", "DO", "MUST, DO", "fact", "see"}


@pytest.fixture(scope="module")
def proofs() -> Proofs:
    return collected()


@pytest.fixture(scope="module")
def spec() -> Spec:
    return read_spec()


def test_the_page_in_docs_is_what_the_tests_say(proofs: Proofs, spec: Spec) -> None:
    assert PAGE.read_text(encoding="utf-8") == render(proofs, spec), (
        "written anew by: python -m tests.vda5050_doc > docs/vda5050.md"
    )


def test_every_mark_names_a_line_that_there_is(proofs: Proofs, spec: Spec) -> None:
    assert {number: proofs[number] for number in set(proofs) - {line.number for line in spec.lines()}} == {}


def test_every_proof_is_a_test_in_this_repository(proofs: Proofs) -> None:
    for test in {test for tests in proofs.values() for test in tests}:
        path, name = test.split("::", 1)
        assert f"def {name.rpartition('::')[2]}(" in (TESTS.parent / path).read_text(encoding="utf-8")


def test_no_less_is_proven_than_before(proofs: Proofs, spec: Spec) -> None:
    assert proven_fraction(proofs, spec) >= PROVEN_MIN


def test_a_line_is_left_out_with_a_reason_and_without_a_proof(proofs: Proofs, spec: Spec) -> None:
    assert set(spec.left_out) <= {line.number for line in spec.lines()} - set(proofs)
    assert all(spec.left_out.values())


def test_a_line_that_holds_in_part_has_a_proof_and_says_what_is_otherwise(proofs: Proofs, spec: Spec) -> None:
    assert set(spec.in_part) <= set(proofs)
    assert all(f"*but {why}* |" in render(proofs, spec) for why in spec.in_part.values())


def test_lines_are_numbered_once_and_lead_to_lines_that_there_are(spec: Spec) -> None:
    lines = list(spec.lines())
    numbers = [line.number for line in lines]
    assert len(set(numbers)) == len(numbers)
    assert {line.kind for line in lines} <= KINDS
    assert {number for line in lines for number in line.see} <= set(numbers)
    assert all(line.number.partition(".")[0] == str(s.number) for s in spec.sections for line in s.lines)


def test_a_line_without_a_test_is_named_on_the_page(spec: Spec) -> None:
    page = render({"6.4": ["tests/x.py::test_y"]}, spec)
    assert (
        "| 6.4 | DO | An order counts as taken once a state shows it, with its update. | `tests/x.py::test_y` |" in page
    )
    assert re.search(r"^\| 6\.5 \| DO \| .* \| not proven: no test yet \|$", page, re.MULTILINE)
    assert "Not proven: 0.1, 0.2," in page


def test_every_line_of_the_checklist_has_its_words_here(shared: Path, spec: Spec) -> None:
    theirs = checklist(shared)
    ours = {line.number: line for line in spec.lines()}
    assert set(ours) == set(theirs)
    for number, text in theirs.items():
        if "." in number and number.split(".")[1][0].isdigit() and number.split(".")[0] != "14":
            said = ", ".join(word for word in ("MUST", "DO") if re.search(rf"\b{word}\b", text))
            assert ours[number].kind == (said or "fact"), number


def test_the_words_are_our_own(shared: Path, spec: Spec) -> None:
    theirs = set().union(*(runs_of_words(text) for text in checklist(shared).values()))
    assert {line.number: runs_of_words(line.wording) & theirs for line in spec.lines()} == {
        line.number: set() for line in spec.lines()
    }


def checklist(shared: Path) -> dict[str, str]:
    """Number -> text of every line and table row of the checklist, read in place."""
    found: dict[str, str] = {}
    section, row = "", 0
    for line in (shared / "vda5050" / "checklist.md").read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"## (\d+)\.", line):
            section, row = heading[1], -1
        if entry := re.match(r"- (\d+\.\d+a?) (.*)", line):
            found[entry[1]] = entry[2]
        if section in ("7", "11", "14") and line.startswith("| ") and not line.startswith("| ---"):
            row += 1
            if row:  # the first is the table's head
                letter = {"7": "r", "11": "m", "14": ""}[section]
                found[f"{section}.{letter}{row}"] = line
    return found


def runs_of_words(text: str, length: int = 5) -> set[tuple[str, ...]]:
    """Every run of so many words."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}
